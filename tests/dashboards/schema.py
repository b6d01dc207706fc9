#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Holds each board to Grafana's own types: GRAFANA_SCHEMA names the JSON schema that they were turned into, from grafana.ts. What the
schema says of a board that is broken is held to what is broken. The last line is `N passed, N failed`."""

import collections
import copy
import json
import os
import pathlib
import re
import sys

import jsonschema

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests" / "harness"))
import checks


def reasons(error):
    """What is behind an error: where one of several types would do, what is wrong with the one that comes nearest."""
    if not error.context:
        return [error]
    by_type = collections.defaultdict(list)
    for one in error.context:
        by_type[one.schema_path[0]].append(one)

    def distance(errors):  # another kind of panel is no near miss
        return any(one.absolute_path and one.absolute_path[-1] == "type" for one in errors), len(errors)

    return [reason for one in min(by_type.values(), key=distance) for reason in reasons(one)]


def problems(board, schema):
    found = [reason for error in schema.iter_errors(board) for reason in reasons(error)]
    return sorted({f"{'.'.join(map(str, one.absolute_path))}: {one.message[:200]}" for one in found})


def check_board(board, schema):
    found = problems(board, schema)
    return "".join(f"\n  {one}" for one in found) or None


def first(board, kind):
    return next(panel for panel in board["panels"] if panel["type"] == kind)


BROKEN = [
    ("an option that the kind has not", lambda board: first(board, "stat")["options"].update(graphmode="area"), "graphmode"),
    ("an option with a value that there is not", lambda board: first(board, "stat")["options"].update(graphMode="bars"), "graphMode"),
    ("a field setting of another kind", lambda board: first(board, "timeseries")["fieldConfig"]["defaults"]["custom"].update(cellOptions={}), "cellOptions"),
    ("a number as text", lambda board: first(board, "timeseries")["gridPos"].update(w="12"), "gridPos.w"),
    ("a mode of thresholds that there is not", lambda board: first(board, "stat")["fieldConfig"]["defaults"]["thresholds"].update(mode="relative"), "thresholds.mode"),
    ("a row without panels", lambda board: first(board, "row").pop("panels"), "panels"),
    ("a key of a board that there is not", lambda board: board.update(theme="dark"), "theme"),
    ("a variable of no type", lambda board: board["templating"]["list"][1].update(type="label"), "templating.list.1.type"),
]  # fmt: skip


def check_broken(board, schema, change, words):
    changed = copy.deepcopy(board)
    change(changed)
    found = problems(changed, schema)
    return None if any(words in one for one in found) else f"found was {found}"


def check_release():
    """The types are those of the Grafana that compose starts."""
    pinned = re.search(r"grafana/grafana:(\d+\.\d+)", (ROOT / "compose.yaml").read_text(encoding="utf-8"))[1]
    types = re.search(r"@grafana/schema@(\d+\.\d+)", (ROOT / "scripts/lib.sh").read_text(encoding="utf-8"))[1]
    return None if pinned == types else f"compose pins {pinned}, and the types are of {types}"


def main():
    text = pathlib.Path(os.environ["GRAFANA_SCHEMA"]).read_text(encoding="utf-8")
    schema = jsonschema.Draft7Validator(json.loads(text))
    boards = {path.name: json.loads(path.read_text(encoding="utf-8")) for path in sorted((ROOT / "dashboards").glob("*.json"))}
    plan = [(name, check_board, board, schema) for name, board in boards.items()]
    plan += [(f"broken: {what}", check_broken, boards["overview.json"], schema, change, words) for what, change, words in BROKEN]
    return checks.report([*plan, ("release", check_release)])


if __name__ == "__main__":
    sys.exit(main())
