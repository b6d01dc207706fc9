#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The pictures of the boards: each is drawn in Chromium from a Prometheus that has all metrics, so that no panel is empty, and
what cannot be drawn is told rather than left out. The last line is `N passed, N failed`."""

import copy
import json
import pathlib
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "tests" / "harness"), str(ROOT / "tests" / "dashboards"), str(ROOT / "dashboards" / "pictures")]
import answers
import checks
import run
import take

def problem_of(board, prometheus, folder):
    try:
        picture, empty = take.take(board, prometheus, folder)
    except take.Failed as error:
        return str(error)
    if empty:
        return f"{empty} panels have no data"
    if picture.read_bytes()[:8] != b"\x89PNG\r\n\x1a\n" or picture.stat().st_size < 20_000:
        return f"{picture.stat().st_size} bytes are no picture of a board"
    return None


def broken(board):
    """(what is wrong with it, the board)."""
    first = next(i for i, panel in enumerate(board["panels"]) if panel["type"] == "timeseries")
    for what, change in {
        "the unit furlong is not known": lambda panel: panel["fieldConfig"]["defaults"].update(unit="furlong"),
        "panels of type flamegraph are not known": lambda panel: panel.update(type="flamegraph"),
        "overrides of links are not known": lambda panel: panel["fieldConfig"]["overrides"][0]["properties"][0].update(id="links"),
        "legends sorted by Name are not known": lambda panel: panel["options"]["legend"].update(sortBy="Name"),
        "parse error": lambda panel: panel["targets"][0].update(expr="rate("),
    }.items():
        changed = copy.deepcopy(board)
        change(changed["panels"][first])
        yield what, changed


def check_refused(board, prometheus, folder, words):
    said = problem_of(board, prometheus, folder) or "a picture"
    return None if words in said else f"said was {said}"


def main():
    take.SCRAPE_S = answers.STEP_S  # how often this Prometheus has samples: with less in a window there are no lines
    with tempfile.TemporaryDirectory() as name, answers.prometheus(name, "working", run.catalogue_by_source(), working=True) as server:
        prometheus = take.Prometheus(f"http://127.0.0.1:{server.port}", server.end - 20 * answers.STEP_S, server.end)
        away = take.Prometheus("http://127.0.0.1:1", server.end - 60, server.end)
        folder = pathlib.Path(name)
        boards = {path.stem: json.loads(path.read_text(encoding="utf-8")) for path in sorted((ROOT / "dashboards").glob("*.json"))}
        plan = [(stem, problem_of, board, prometheus, folder) for stem, board in boards.items()]
        plan += [(what, check_refused, board, prometheus, folder, what) for what, board in broken(boards["overview"])]
        plan += [("no Prometheus", check_refused, boards["overview"], away, folder, "does not answer")]
        return checks.report(plan)


if __name__ == "__main__":
    sys.exit(main())
