# SPDX-License-Identifier: MIT
"""A Prometheus that holds half an hour of every metric of the catalogue, made up and written into its database beforehand, and
what the expressions of the boards yield there. Nothing is scraped and nothing is waited for.

Twice: once with work going on, when every panel has to have something to show, and once at rest, when counters stand still
and no panel may show NaN.
"""

import contextlib
import itertools
import json
import math
import os
import pathlib
import re
import socket
import subprocess
import time
import urllib.error
import urllib.parse
import urllib.request

import checks
import linter

STEP_S, STEPS = 60, 31
DEADLINE_S = 120  # a Prometheus that is not ready by then is stuck
JOBS = {"app": ["one:9464", "two:9464"], "postgres": ["one:9187"], "pgbouncer": ["one:9127"], "node": ["one:9100"],
        "containers": ["one:8080"], "prometheus": ["one:9090"], "alertmanager": ["one:9093"]}  # fmt: skip
# Values of labels that are open, where any two would not do.
OPEN = {"handler": ["/api/lots", "/api/lots/{lot_id}"], "fstype": ["ext4"], "device": ["sda"], "database": ["flowviz"],
        "name": ["flowviz"], "datname": ["flowviz"], "alertname": ["AppDown", "TestAlert"]}  # fmt: skip
# Gauges are 1, but for these.
VALUES = {"pg_settings_max_connections": 100, "process_max_fds": 1024, "db_pool_connections_max": 35}


def series_of(name, entry, source):
    """(series, what it gains in a step or None) of one metric on all of its targets."""
    values = [[(label, one) for one in closed or OPEN.get(label, ["first"])] for label, closed in entry["labels"].items()]
    if source == "rules":
        targets = [("app", [""])]  # of all instances together
    else:
        targets = JOBS.items() if source == "scrape" else [(source, JOBS[source])]
    for job, instances in targets:
        for instance, labels in itertools.product(instances, itertools.product(*values)):
            pairs = [("job", job), ("instance", instance), *labels]
            text = ",".join(f'{label}="{value}"' for label, value in pairs if value)  # without a value there is no label
            if entry["type"] != "histogram":
                yield f"{name}{{{text}}}", (3 if entry["type"] == "counter" else None)
                continue
            bounds = [f"{bound:g}" for bound in entry["bounds"]] + ["+Inf"]
            for count, bound in enumerate(bounds, 1):
                yield f'{name}_bucket{{{text},le="{bound}"}}', 2 * count
            yield f"{name}_count{{{text}}}", 2 * len(bounds)
            yield f"{name}_sum{{{text}}}", entry["bounds"][0] * len(bounds)


def samples(sources, end, working):
    """Lines of OpenMetrics."""
    for source, metrics in sources.items():
        for name, entry in metrics.items():
            for series, gain in series_of(name, entry, source):
                for step in range(STEPS):
                    moved = step if working else 0
                    value = VALUES.get(name, 1) if gain is None else 1000 + gain * moved
                    yield f"{series} {value} {end - (STEPS - 1 - step) * STEP_S}\n"
    yield "# EOF\n"


class Prometheus:
    """A server on what was written into its folder."""

    def __init__(self, port, end):
        self.port, self.end = port, end

    def query(self, expression):
        """[(labels, number)] of an instant query at the end of the samples."""
        text = urllib.parse.urlencode({"query": expression, "time": self.end})
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/api/v1/query?{text}", timeout=DEADLINE_S) as answer:
                data = json.load(answer)["data"]
        except urllib.error.HTTPError as error:
            raise checks.Failed(f"{expression}: {error.read().decode()}") from error
        if data["resultType"] == "scalar":
            return [({}, float(data["result"][1]))]
        return [(one["metric"], float(one["value"][1])) for one in data["result"]]


@contextlib.contextmanager
def prometheus(folder, name, sources, working):
    """A Prometheus for as long as the block runs."""
    home = pathlib.Path(folder) / name
    home.mkdir()
    end = int(time.time()) // STEP_S * STEP_S
    with open(home / "samples", "w", encoding="utf-8") as file:
        file.writelines(samples(sources, end, working))
    promtool = os.environ.get("PROMTOOL", "promtool")
    checks.must([promtool, "tsdb", "create-blocks-from", "openmetrics", "--quiet", home / "samples", home / "data"])
    (home / "prometheus.yml").write_text("{}", encoding="utf-8")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [os.environ.get("PROMETHEUS", "prometheus"), f"--config.file={home}/prometheus.yml",
               f"--storage.tsdb.path={home}/data", f"--web.listen-address=127.0.0.1:{port}"]  # fmt: skip
    with open(home / "log", "w", encoding="utf-8") as log:
        process = subprocess.Popen(command, stdout=log, stderr=log, stdin=subprocess.DEVNULL)
    try:
        deadline = time.monotonic() + DEADLINE_S
        while not is_ready(port):
            if process.poll() is not None or time.monotonic() > deadline:
                raise checks.Failed(f"Prometheus did not start\n{(home / 'log').read_text(encoding='utf-8')}")
            time.sleep(0.05)
        yield Prometheus(port, end)
    finally:
        process.terminate()
        process.wait()


def is_ready(port):
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/-/ready", timeout=DEADLINE_S) as answer:
            return answer.status == 200
    except OSError:
        return False


# --- What a board shows ---


def sent(expression):
    """The expression as Grafana sends it with every variable at All."""
    expression = re.sub(r"\$\{?(?!__)([a-z]\w*)\}?", ".+", expression)
    return linter.with_stand_ins(expression)


def working_problems(board, server):
    """Panels without data, numbers that are none, legends with holes, lines that cannot be told apart."""
    problems = []
    for panel in linter.all_panels(board):
        where = f"panel `{panel['title']}`"
        seen = set()
        for target in panel["targets"]:
            result = server.query(sent(target["expr"]))
            if not result:
                problems.append(f"{where}: {target['expr']} has no answer")
            problems += [f"{where}: {target['expr']} yields {value}" for _, value in result if not math.isfinite(value)]
            for labels, _ in result:
                holes = [one for one in linter.IN_LEGEND.findall(target["legendFormat"]) if not labels.get(one)]
                if holes:
                    problems.append(f"{where}: {labels} has no {holes[0]}")
                name = linter.IN_LEGEND.sub(lambda match, of=labels: of.get(match[1], ""), target["legendFormat"])
                if panel["type"] != "table" and name in seen:
                    problems.append(f"{where}: two series are called `{name}`")
                seen.add(name)
    for variable in board["templating"]["list"]:
        if variable["type"] == "query":
            label = re.fullmatch(r".*, *(\w+)\)", variable["definition"])[1]
            found = {labels.get(label) for labels, _ in server.query(sent(linter.selector_of(variable)))}
            if not found or None in found:
                problems.append(f"variable `{variable['name']}` has the values {found}")
    for annotation in board["annotations"]["list"]:
        if "expr" in annotation and not server.query(sent(annotation["expr"])):
            problems.append(f"annotation `{annotation['name']}` has no answer")
    return problems


def resting_problems(board, server):
    """Numbers that are none, where nothing happens."""
    return [
        f"{where}: {expression} yields {value}"
        for where, expression in linter.expressions(board)
        for _, value in server.query(sent(expression))
        if not math.isfinite(value)
    ]
