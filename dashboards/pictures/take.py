#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Takes pictures of the boards: asks a Prometheus what each panel asks, draws the answers with ECharts in Grafana's grid
(draw.js), and has Chromium photograph the page. Grafana draws finer; what the boards would show is the same. The environment's
ECHARTS names echarts.min.js."""

import argparse
import html
import json
import math
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.parse
import urllib.request

HERE = pathlib.Path(__file__).resolve().parent
BOARDS = HERE.parent
SCRAPE_S = 15  # deploy/prometheus/prometheus.yml
WIDTH, CELL, HEADER = 1600, 38, 60  # pixels, but for the columns; as in draw.js and draw.css
POINTS = 240  # at most, in a line
DEADLINE_S = 60


class Failed(Exception):
    """A picture cannot be taken; the text says why."""


def seconds_of(text):
    match = re.fullmatch(r"(\d+)([smhd])", text)
    if not match:
        raise argparse.ArgumentTypeError(f"{text} is no time such as 15m, 6h or 2d")
    return int(match[1]) * {"s": 1, "m": 60, "h": 3600, "d": 86400}[match[2]]


def panels_of(board):
    for panel in board["panels"]:
        yield from panel.get("panels", [])
        if panel["type"] != "row":
            yield panel


class Prometheus:
    def __init__(self, address, start, end):
        self.address, self.start, self.end = address.rstrip("/"), start, end

    def get(self, path, **parameters):
        url = f"{self.address}/api/v1/{path}?{urllib.parse.urlencode(parameters)}"
        try:
            with urllib.request.urlopen(url, timeout=DEADLINE_S) as answer:
                return json.load(answer)["data"]["result"]
        except urllib.error.HTTPError as error:
            raise Failed(f"{parameters['query']}: {error.read().decode()}") from error
        except OSError as error:
            raise Failed(f"{self.address} does not answer: {error}") from error

    def variables(self, board):
        """What All stands for: what the variable says, else the values that there are."""
        found = {}
        for variable in board["templating"]["list"]:
            if variable["type"] == "query" and variable.get("allValue") is None:
                series, label = re.fullmatch(r"label_values\((.*), *(\w+)\)", variable["definition"]).groups()
                seen = self.get("query", query=f"count by ({label}) (last_over_time({series}[{self.end - self.start}s]))", time=self.end)
                found[variable["name"]] = "|".join(re.escape(one["metric"][label]).replace("\\", "\\\\") for one in seen)
        return found

    def answers(self, panel, variables):
        """What the targets of a panel yield, as draw.js reads it."""
        step = max(self.step(panel.get("maxDataPoints", POINTS)), seconds_of(panel.get("interval", "0s")))
        return [self.answer(target, step, variables) for target in panel["targets"]]

    def step(self, points=POINTS):
        return max(SCRAPE_S, math.ceil((self.end - self.start) / points))

    def answer(self, target, step, variables):
        expression = self.sent(target["expr"], step, variables)
        if target["instant"]:
            found = self.get("query", query=expression, time=self.end)
            series = [(one["metric"], [one["value"]]) for one in found]
        else:
            start = self.end - (self.end - self.start) // step * step
            found = self.get("query_range", query=expression, start=start, end=self.end, step=step)
            series = [(one["metric"], one["values"]) for one in found]
        drawn = [self.drawn(target, *one) for one in series]
        return {"ref": target["refId"], "series": [one for one in drawn if one["points"]]}

    def drawn(self, target, labels, values):
        name = target["legendFormat"]
        if name == "__auto":
            name = ", ".join(f"{label}={value}" for label, value in labels.items() if label != "__name__") or "Value"
        name = re.sub(r"\{\{ *(\w+) *\}\}", lambda match: labels.get(match[1], ""), name)
        points = [[at, float(value)] for at, value in values if math.isfinite(float(value))]
        return {"labels": labels, "name": name, "points": points}

    def sent(self, expression, step, variables):
        """With every variable at All, and the windows that Grafana would choose."""
        seconds = {"__rate_interval": max(4 * SCRAPE_S, step + SCRAPE_S), "__range": int(self.end - self.start), "__interval": step}
        values = {name: f"{time_s}s" for name, time_s in seconds.items()} | variables
        return re.sub(  # $1 is no variable of a board: label_replace has it
            r"\$\{?([A-Za-z_]\w*)(?::\w+)?\}?", lambda match: values.get(match[1], ".+"), expression
        )


def page(board, prometheus, folder):
    """Lays the page and its data into a folder; how high it is, in pixels."""
    for name in ("draw.html", "draw.css", "draw.js", "units.js"):
        shutil.copy(HERE / name, folder)
    shutil.copy(os.environ["ECHARTS"], folder / "echarts.js")
    variables = prometheus.variables(board)
    answers = {panel["id"]: prometheus.answers(panel, variables) for panel in panels_of(board)}
    day, clock = (time.strftime(text, time.gmtime(prometheus.start)) for text in ("%Y-%m-%d", "%H:%M"))
    span = {"from": prometheus.start, "to": prometheus.end, "step": prometheus.step(),
            "said": f"{day} {clock} to {time.strftime('%H:%M', time.gmtime(prometheus.end))} UTC"}  # fmt: skip
    data = {"board": board, "answers": answers, "span": span}
    (folder / "data.js").write_text("".join(f"const {name} = {json.dumps(value)};\n" for name, value in data.items()), encoding="utf-8")
    places = [panel["gridPos"] for panel in board["panels"]] + [panel["gridPos"] for panel in panels_of(board)]
    return max(place["y"] + place["h"] for place in places) * CELL + HEADER


def chromium(folder, height, *what):
    command = ["chromium", "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
               "--hide-scrollbars", "--allow-file-access-from-files", f"--user-data-dir={folder}/profile", f"--window-size={WIDTH},{height}",
               "--virtual-time-budget=10000", *what, f"file://{folder}/draw.html"]  # fmt: skip
    return subprocess.run(command, text=True, capture_output=True, timeout=DEADLINE_S, check=False)


def take(board, prometheus, out):
    """Draws a board and photographs it: the picture's path, and how many of its panels have no data."""
    with tempfile.TemporaryDirectory(prefix="flowviz-picture-") as name:
        folder = pathlib.Path(name)
        height = page(board, prometheus, folder)
        drawn = chromium(folder, height, "--dump-dom", f"--screenshot={folder}/picture.png")
        title = re.search(r"<title>(.*?)</title>", drawn.stdout, re.DOTALL)
        said = html.unescape(title[1]) if title else drawn.stderr
        done = re.fullmatch(rf"drawn {len(list(panels_of(board)))} panels, (\d+) without data", said)
        if not done:
            raise Failed(f"{board['title']}: {said}")
        out.mkdir(parents=True, exist_ok=True)
        picture = out / f"board-{board['uid']}.png"
        shutil.copy(folder / "picture.png", picture)
        return picture, int(done[1])


def main():
    parser = argparse.ArgumentParser(prog="scripts/pictures", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--prometheus", default="http://127.0.0.1:9090", help="its address (%(default)s)")
    parser.add_argument("--range", type=seconds_of, default="15m", help="how far back, such as 15m or 6h (%(default)s)")
    parser.add_argument("--out", type=pathlib.Path, default=BOARDS.parent / "docs" / "images", help="where the pictures go (docs/images)")
    parser.add_argument("board", nargs="*", help="names such as overview; all of them, if none is given")
    given = parser.parse_args()
    names = given.board or sorted(path.stem for path in BOARDS.glob("*.json"))
    unknown = [name for name in names if not (BOARDS / f"{name}.json").exists()]
    if unknown:
        parser.error(f"there is no board {unknown[0]} in {BOARDS}")
    end = int(time.time())
    try:
        for name in names:
            board = json.loads((BOARDS / f"{name}.json").read_text(encoding="utf-8"))
            picture, empty = take(board, Prometheus(given.prometheus, end - given.range, end), given.out)
            print(f"{picture}: {len(list(panels_of(board)))} panels, {empty} without data", flush=True)
    except Failed as error:
        print(f"{parser.prog}: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
