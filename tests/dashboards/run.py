#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Checks the boards of dashboards/, and that the linter which does it finds what it is for.

- Each board against the rules of linter.py, whose sentences are in RULES there.
- Each expression by promtool: in a throw-away file of rules, with Grafana's variables replaced by stand-ins.
- Each expression by a Prometheus with every metric of the catalogue, at work and at rest: answers.py.
- The files are what dashboards/build.py writes from their descriptions.
- catalogue.json, which says which metrics there are, against the headers that define them.
- What Grafana is provisioned with.
- For each rule a small board that breaks it, which has to be found.

The last line is `N passed, N failed`.
"""

import copy
import json
import math
import os
import pathlib
import re
import shutil
import sys
import tempfile

import yaml

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parents[1]
BOARDS = ROOT / "dashboards"
RUNBOOKS = ROOT / "alerts" / "runbooks"
sys.path[:0] = [str(ROOT / "tests" / "harness"), str(HERE), str(BOARDS)]
import alerted
import answers
import build
import checks
import linter
import parts

# --- What there is ---


def catalogue_by_source():
    """The metrics by what exposes them: {source: {name: {type, labels: {name: values or null}, bounds, same, planned}}}.

    `same`: every instance reports the same number. `planned`: no source has it yet. `targets`: the labels of targets that
    it has, if not job and instance. `rules` are recorded by the rules in alerts/. Of `app` this list is written by hand
    and held against the headers below; when the service can print its catalogue (`wms_service --describe`), that takes the
    place of `app`, here and nowhere else. The others list what the boards use of each exporter.
    """
    return json.loads((HERE / "catalogue.json").read_text(encoding="utf-8"))


def catalogue():
    return {name: entry for metrics in catalogue_by_source().values() for name, entry in metrics.items()}


def runbooks():
    """The alerts that have a page. None as long as there is no folder of them: links are then held to their form alone."""
    return {path.stem for path in RUNBOOKS.glob("*.md")} if RUNBOOKS.is_dir() else None


def files():
    return {path.name: path.read_text(encoding="utf-8") for path in sorted(BOARDS.glob("*.json"))}


# --- Checks ---


def listed(problems):
    return None if not problems else "".join(f"\n  {one}" for one in problems)


def check_board(found, name):
    return listed([f"{where}: {text} [{rule}]" for rule, where, text in found if where.split(":")[0] == name])


def promtool_says(folder, name, expressions):
    """What promtool has against expressions, or None."""
    rules = [
        {"record": f"expression_{i}", "expr": linter.with_stand_ins(text)} for i, (_, text) in enumerate(expressions)
    ]
    path = pathlib.Path(folder) / f"{name}.rules.yml"
    path.write_text(json.dumps({"groups": [{"name": name, "rules": rules}]}), encoding="utf-8")  # JSON is YAML
    done = checks.start([os.environ.get("PROMTOOL", "promtool"), "check", "rules", path])
    return None if done.status == 0 else f"{done.stdout}{done.stderr}"


def check_promtool(folder, name, text):
    expressions = list(linter.expressions(json.loads(text)))
    if not expressions:
        return "it asks nothing"
    return promtool_says(folder, name, expressions)


def check_answers(problems, server, text):
    return listed(problems(json.loads(text), server))


# What some panels show of the samples that answers.py makes up, worked out by hand: all series of a counter rise alike, each
# bucket of a histogram by as much as the one before it, and two instances report the same.
NUMBERS = [
    ("overview", "Error ratio", 1 / 5),  # one of five classes of status
    ("slo", "Availability: bad requests", 1 / 5),
    ("slo", "p99: bad requests", 1 - 6 / 14),  # 0.2 is the sixth of fourteen buckets
    ("slo", "p50: bad requests", 1 - 4 / 14),
    ("slo", "Availability: gone in", 30 * 86400),  # all of it left, at a burn of 1
    ("api", "p95", 10),  # in the last bucket, of which only its lower bound is known
    ("database", "Pool in use", 2 / 35),
    ("database", "Slow statements", 1 - 10 / 15),
    ("pgbouncer", "Pool in use", 1),  # one at work, of one
    ("warehouse", "QC failures, last hour", 1 / 3),
    ("warehouse", "Active operators", 1),
    ("warehouse", "Lots to sync", 1),
    ("workflow", "Cache hits", 1 / 3),
    ("workflow", "Outbound failures", 2 / 3),
    ("quality", "Writes that succeed", 1 / 5),
    ("infrastructure", "PostgreSQL connections", 1 / 98),
    ("meta", "Samples of the largest page", 1),
]


def check_number(server, name, title, wanted):
    board = json.loads((BOARDS / f"{name}.json").read_text(encoding="utf-8"))
    expression = next(one for one in linter.all_panels(board) if one["title"] == title)["targets"][0]["expr"]
    answer = server.query(answers.sent(expression))
    if len(answer) == 1 and math.isclose(answer[0][1], wanted, abs_tol=1e-9):
        return None
    return f"{answer} instead of {wanted}: {expression}"


# Shares of answers, which services with exact statuses have as well as those with classes.
OF_STATUSES = [("overview", "Error ratio"), ("api", "Error ratio"), ("workflow", "Error ratio"), ("slo", "Availability: bad requests")]


def with_statuses(sources, *statuses):
    """Requests alone, answered so and not otherwise."""
    requests = sources["app"]["http_requests_total"]
    return {"app": {"http_requests_total": {**requests, "labels": {**requests["labels"], "status": list(statuses)}}}}


def check_answers_are_looked_at(working, resting):
    """What has no answer, no number or no name is found."""
    for problems, server, title, expression, legend, words in (
        (answers.working_problems, working, "Operators", "max(flowviz_operators)", "operators", "has no answer"),
        (answers.working_problems, working, "Operators", "max(flowviz_active_operators) / 0", "operators", "yields inf"),
        (answers.working_problems, working, "Operators", "max by (job) (flowviz_active_operators)", "{{host}}", "has no host"),
        (answers.working_problems, working, "Operators", "flowviz_active_operators", "operators", "two series are called"),
        (answers.resting_problems, resting, "Quantile", 'histogram_quantile(0.95, sum by (le) (rate('
         "http_request_duration_seconds_bucket{APP}[$__rate_interval])))", "p95", "yields nan"),
    ):  # fmt: skip
        board = small_board()
        if problems(board, server):
            return f"a board that is right: {problems(board, server)}"
        expr(title, expression, legend)(board)
        found = problems(board, server)
        if not any(words in one for one in found):
            return f"{expression} as {legend}: found was {found}"
    return None


def check_built():
    return listed([f"dashboards/{name} is not what dashboards/build.py writes" for name in build.differences()])


def check_catalogue():
    """Every name and label of `app` stands in a header or in the service, unless it is planned."""
    sources = [*(ROOT / "include").rglob("*.hpp"), *(ROOT / "examples" / "wms_service").rglob("*.[ch]pp")]
    text = "\n".join(path.read_text(encoding="utf-8") for path in sources)
    quoted = set(re.findall(r'"([^"\n]*)"', text))
    problems = []
    for name, entry in catalogue_by_source()["app"].items():
        if entry.get("planned"):
            continue
        if name not in quoted:
            problems.append(f"nothing has {name}")
        problems += [f"nothing has the label {label} of {name}" for label in entry["labels"] if label not in quoted]
    return listed(problems)


def rule_problems(text):
    """What the boards take from recording rules and the rules do not record, and alerts that no board leads on from."""
    recorded, alerts = set(re.findall(r"record: (\S+)", text)), set(re.findall(r"alert: (\S+)", text))
    linked = set(re.findall(r"\$\{runbooks\}/(\w+)\.md", "\n".join(files().values())))
    problems = [f"no rule records {name}" for name in catalogue_by_source()["rules"] if name not in recorded]
    return problems + [f"no board has a link to the runbook of {name}" for name in sorted(alerts - linked)]


def check_rules():
    """Boards and rules fit, once there are rules."""
    rules = sorted((ROOT / "alerts").glob("*.rules.yml"))
    return listed(rule_problems("\n".join(path.read_text(encoding="utf-8") for path in rules))) if rules else None


def check_thresholds():
    """The colours of a stat begin where its alert does, and one that does not is found."""
    groups = [group for path in (ROOT / "alerts").glob("*.rules.yml") for group in yaml.safe_load(path.read_text(encoding="utf-8"))["groups"]]
    alerts = alerted.by_alert(groups)
    right = small_board()
    if found := list(alerted.problems(right, alerts)):
        return f"a board that is right: {found}"
    panel(right, "Ratio")["fieldConfig"]["defaults"]["thresholds"]["steps"] = parts.rising(0.02, 0.05)
    if not list(alerted.problems(right, alerts)):
        return "colours from 2 % on are taken for those of an alert at 1 %"
    return listed([f"{name}: {one}" for name, text in files().items() for one in alerted.problems(json.loads(text), alerts)])


def check_misfits_are_found():
    """A rule that was renamed, and an alert that nobody put on a board."""
    text = "\n".join(f"- record: {name}" for name in catalogue_by_source()["rules"]) + "\n- alert: AppDown"
    for change, words in (
        (lambda right: right, None),
        (lambda right: right.replace("rate5m", "ratio5m"), "no rule records job_slo:burn_rate:rate5m"),
        (lambda right: right + "\n- alert: NobodyLooks", "runbook of NobodyLooks"),
    ):
        found = rule_problems(change(text))
        if bool(found) != bool(words) or words and not any(words in one for one in found):
            return f"{words}: found was {found}"
    return None


def check_uses():
    """Every metric of `app` is on a board: what nobody looks at is not worth its series, or a board is missing."""
    shown = "\n".join(text for name, text in files().items())
    hidden = {"flowviz_build_info", "flowviz_db_pool_connections_active", "flowviz_db_pool_connections_idle",
              "process_virtual_memory_bytes", "process_virtual_memory_max_bytes"}  # fmt: skip
    names = catalogue_by_source()["app"].keys() - hidden
    return listed([f"no board shows {name}" for name in sorted(names) if not re.search(rf"\b{name}(?:_bucket|_sum|_count)?\b", shown)])


def check_overview():
    """Every board can be reached from the overview."""
    links = {link["url"] for link in json.loads((BOARDS / "overview.json").read_text(encoding="utf-8"))["links"]}
    names = {path.stem for path in BOARDS.glob("*.json")} - {"overview"}
    return listed([f"the overview has no link to {name}" for name in sorted(names) if f"/d/{name}" not in links])


def check_provisioning():
    """Grafana gets one Prometheus that nobody edits in it, and the boards from a folder, into the folder FlowViz."""
    folder = ROOT / "deploy" / "grafana" / "provisioning"
    source = read_yaml(folder / "datasources" / "prometheus.yaml")["datasources"]
    provider = read_yaml(folder / "dashboards" / "flowviz.yaml")["providers"]
    wanted = {
        "type": "prometheus", "uid": "prometheus", "access": "proxy", "isDefault": True, "editable": False,
        "url": "http://prometheus:9090",
    }  # fmt: skip
    problems = [f"datasource: {key} is {source[0].get(key)!r}" for key, value in wanted.items() if source[0].get(key) != value]
    if source[0].get("jsonData", {}).get("timeInterval") != "15s":
        problems.append("datasource: timeInterval is how often Prometheus scrapes, 15s")
    wanted = {"folder": "FlowViz", "folderUid": "flowviz", "type": "file", "disableDeletion": True, "allowUiUpdates": False}
    problems += [f"provider: {key} is {provider[0].get(key)!r}" for key, value in wanted.items() if provider[0].get(key) != value]
    if provider[0].get("updateIntervalSeconds") != 30 or not provider[0].get("options", {}).get("path"):
        problems.append("provider: boards are read every 30 s, from a path")
    if len(source) != 1 or len(provider) != 1:
        problems.append("there is one data source and one provider")
    return listed(problems)


def read_yaml(path):
    """The subset of YAML that these two files are written in: mappings by indentation, lists of mappings, plain values."""
    lines = [line for line in path.read_text(encoding="utf-8").splitlines() if line.strip() and not line.lstrip().startswith("#")]

    def value(text):
        text = text.strip()
        if text in ("true", "false"):
            return text == "true"
        return int(text) if re.fullmatch(r"-?\d+", text) else text.strip("\"'")

    def block(depth):
        items = None
        while lines:
            indent = len(lines[0]) - len(lines[0].lstrip())
            if indent < depth:
                break
            text = lines.pop(0).strip()
            if text.startswith("- "):
                lines.insert(0, " " * (indent + 2) + text[2:])
                items = (items or []) + [block(indent + 2)]
                continue
            key, _, rest = text.partition(":")
            items = items or {}
            if rest.strip():
                items[key] = value(rest)
            else:
                items[key] = block(indent + 1)
        return items

    return block(0)


# --- Boards that are wrong ---

PAGES = {"AppDown", "HttpErrorRatioHigh"}


def small_board():
    """A board that is right: one panel of every kind that a rule is about."""
    errors = 'sum(rate(http_requests_total{APP,status=~"5.."}[$__rate_interval]))'
    total = "sum(rate(http_requests_total{APP}[$__rate_interval]))"
    text = "What it shows. What to do when it looks wrong."
    return parts.board(
        "small", "Small", "A board of a test, as small as can be.", parts.app_variables(),
        [
            parts.row(
                "Row",
                parts.stat("Ratio", text, parts.ratio(errors, total), "percentunit", low=0, high=1,
                           thresholds=parts.rising(0.01, 0.05), runbooks=["HttpErrorRatioHigh"], to="small"),
                parts.timeseries("Rates", text, [parts.query(parts.rate("http_requests_total{APP}", "status"), "{{status}}")], "reqps",
                                 colors=parts.STATUS_CLASSES),
                parts.timeseries("Quantile", text, [parts.query(parts.quantile(0.95, "http_request_duration_seconds{APP}"), "p95")], "s",
                                 colors=parts.QUANTILES),
                parts.timeseries("Operators", text, [parts.query("max(flowviz_active_operators{APP})", "operators")], "short"),
                parts.heatmap("Heatmap", text, "sum by (le) (rate(http_request_duration_seconds_bucket{APP}[$__rate_interval]))", "s"),
            ),
        ],
        links=[("Small", "small")],
    )  # fmt: skip


def panel(board, title):
    return next(one for one in board["panels"] if one["title"] == title)


def expr(title, expression, legend=None):
    """Puts another expression into a panel."""

    def change(board):
        target = panel(board, title)["targets"][0]
        target["expr"] = parts.expand(expression)
        if legend is not None:
            target["legendFormat"] = legend

    return change


def on_board(**values):
    return lambda board: board.update(values)


def on_panel(title, **values):
    return lambda board: panel(board, title).update(values)


def on_defaults(title, **values):
    return lambda board: panel(board, title)["fieldConfig"]["defaults"].update(values)


def on_override(title, **values):
    return lambda board: panel(board, title)["fieldConfig"]["overrides"][0].update(values)


def on_target(title, **values):
    return lambda board: panel(board, title)["targets"][0].update(values)


def on_variable(name, **values):
    return lambda board: next(one for one in board["templating"]["list"] if one["name"] == name).update(values)


def without(key):
    return lambda board: board.pop(key)


def at(title, **place):
    return lambda board: panel(board, title)["gridPos"].update(place)


def panel_link(address):
    return on_panel("Ratio", links=[{"title": "Link", "url": address}])


def no_variable(name):
    return lambda board: board["templating"].update(list=[one for one in board["templating"]["list"] if one["name"] != name])


def no_annotation(name):
    return lambda board: board["annotations"].update(list=[one for one in board["annotations"]["list"] if one["name"] != name])


QUANTILE = "http_request_duration_seconds_bucket{APP}"
OTHER = {"type": "prometheus", "uid": "P1809F7CD0C75ACF3"}

# rule, what is wrong, how a small board becomes so
BROKEN = [
    ("json", "an id of one Grafana", on_board(id=7)),
    ("json", "inputs to be filled in", on_board(__inputs=[])),
    ("top-level", "an old schema", on_board(schemaVersion=36)),
    ("top-level", "the browser's time zone", on_board(timezone="browser")),
    ("top-level", "boards that people edit and lose", on_board(editable=True)),
    ("uid", "another uid than the file's name", on_board(uid="api")),
    ("title", "no title", on_board(title="")),
    ("ids", "one number twice", on_panel("Rates", id=2)),
    ("grid", "a panel on another one", at("Rates", x=0, y=1)),
    ("grid", "a panel that leaves the columns", at("Rates", x=13)),
    ("grid", "a panel of no height", at("Rates", h=0)),
    ("panel", "a kind that nobody tested", on_panel("Rates", type="graph")),
    ("panel", "a panel without a query", on_panel("Rates", targets=[])),
    ("panel", "a query without a name", on_target("Rates", refId="")),
    ("description", "no description", on_panel("Rates", description="")),
    ("description", "no sentence", on_panel("Rates", description="Rate of requests by status")),
    ("description", "nothing to do about it", on_panel("Rates", description="Requests per second, by status.")),
    ("description", "a board without one", on_board(description="")),
    ("unit", "no unit", on_defaults("Rates", unit="")),
    ("unit", "a unit that there is not", on_defaults("Rates", unit="requests")),
    ("unit", "seconds shown as milliseconds", on_defaults("Quantile", unit="ms")),
    ("range", "a share without a maximum", lambda board: panel(board, "Ratio")["fieldConfig"]["defaults"].pop("max")),
    ("thresholds", "one colour for everything", on_defaults("Ratio", thresholds={"steps": parts.rising()})),
    ("thresholds", "descending ones", on_defaults("Ratio", thresholds={"steps": parts.rising(0.05, 0.01)})),
    ("thresholds", "a colour that is none", on_defaults("Ratio", thresholds={"steps": [{"color": "reddish", "value": None}]})),
    ("colors", "of a name that nothing has", on_override("Rates", matcher={"id": "byName", "options": "6xx"})),
    ("colors", "of a literal name that nothing has", on_override("Quantile", matcher={"id": "byName", "options": "p99"})),
    ("colors", "one that is none", on_override("Rates", properties=[{"id": "color", "value": {"mode": "fixed", "fixedColor": "reddish"}}])),
    ("datasource", "the data source of one Grafana in a panel", on_panel("Rates", datasource=OTHER)),
    ("datasource", "the same in a query", on_target("Rates", datasource=OTHER)),
    ("datasource", "the same in a variable", on_variable("job", datasource=OTHER)),
    ("datasource", "the same in an annotation", lambda board: board["annotations"]["list"][1].update(datasource=OTHER)),
    ("variables", "no data source to choose", no_variable("datasource")),
    ("variables", "one that nothing defines", no_variable("instance")),
    ("variables", "one that nothing uses", lambda board: board["templating"]["list"].append(parts.handler_variable())),
    ("variables", "one that cannot be all", on_variable("instance", includeAll=False)),
    ("variables", "all that would also be nothing", on_variable("instance", allValue=".*")),
    ("variables", "one with a remembered value", on_variable("job", current={"value": ["app"]})),
    ("variables", "one that is never read again", on_variable("job", refresh=0)),
    ("annotations", "no alerts", no_annotation("Firing alerts")),
    ("annotations", "no starts", no_annotation("Starts and deploys")),
    ("legend", "no legend", on_target("Rates", legendFormat="")),
    ("legend", "a label that the sum dropped", on_target("Rates", legendFormat="{{handler}}")),
    ("legend", "five series of one name", on_target("Rates", legendFormat="rate")),
    ("legend", "one label of two", expr("Rates", "sum by (status, method) (rate(http_requests_total{APP}[$__rate_interval]))", "{{status}}")),
    ("interval", "a window that nobody names", expr("Rates", "sum by (status) (rate(http_requests_total{APP}[1m]))")),
    ("interval", "a window shorter than two scrapes", expr("Rates", "sum by (status) (rate(http_requests_total{APP}[$__interval]))")),
    ("links", "a board that there is not", panel_link("/d/nowhere?${__url_time_range}&${__all_variables}")),
    ("links", "a time range that is lost", panel_link("/d/small?${__all_variables}")),
    ("links", "somewhere else", panel_link("https://example.com/")),
    ("links", "the same beside the title", lambda board: board["links"][0].update(url="/d/nowhere")),
    ("runbooks", "a page that there is not", panel_link("${runbooks}/NoSuchAlert.md")),
    ("format", "a heatmap of lines", on_target("Heatmap", format="time_series")),
    ("format", "a course over time of one moment", on_target("Rates", instant=True, range=False)),
    ("format", "a number that outlives its exporter", on_target("Ratio", instant=False, range=True)),
    ("exemplars", "a course of quantiles without exemplars", on_target("Quantile", exemplar=False)),
    ("exemplars", "exemplars of a counter", on_target("Rates", exemplar=True)),
    ("format", "the whole range at every point", expr("Rates", "sum by (status) (increase(http_requests_total{APP}[$__range]))")),
    ("unreadable", "a bracket too few", expr("Rates", "sum by (status) (rate(http_requests_total{APP}[5m])")),
    ("unreadable", "a function that there is not", expr("Rates", "median(up)")),
    ("metric", "a metric that nothing exposes", expr("Operators", "max(flowviz_operators{APP})")),
    ("metric", "a histogram without its part", expr("Operators", "max(http_request_duration_seconds{APP})")),
    ("label", "a label that the metric has not", expr("Operators", 'max(up{handler="/"})')),
    ("label", "a sum by what is not there", expr("Rates", "sum by (endpoint) (rate(http_requests_total{APP}[$__rate_interval]))")),
    ("label", "a match on what is not there", expr("Operators", "max(up / on (handler) up)")),
    ("label", "a variable that lists no label", on_variable("job", definition="label_values(up, host)")),
    ("label-value", "a status that is never counted", expr("Rates", 'sum by (status) (rate(http_requests_total{status="500"}[$__rate_interval]))')),
    ("label-value", "a pattern that never fits", expr("Rates", 'sum by (status) (rate(http_requests_total{status=~"5[0-9]+"}[5m]))')),
    ("status-class", "a class that exact statuses do not have", expr("Rates", 'sum by (status) (rate(http_requests_total{APP,status="5xx"}[5m]))')),
    ("bound", "no bound of the histogram", expr("Operators", 'sum(rate(http_request_duration_seconds_bucket{le="0.3"}[$__rate_interval]))')),
    ("bound", "a dot that is any letter", expr("Operators", 'sum(rate(http_request_duration_seconds_bucket{le=~"1|1.0"}[$__rate_interval]))')),
    ("bound", "a bound in one of its spellings", expr("Operators", 'sum(rate(http_request_duration_seconds_bucket{le="1"}[$__rate_interval]))')),
    ("rate", "a rate of a gauge", expr("Operators", "max(rate(process_open_fds{APP}[$__rate_interval]))")),
    ("rate", "a slope of a counter", expr("Operators", "max(deriv(http_requests_total{APP}[$__rate_interval]))")),
    ("bare-counter", "a counter as it is", expr("Rates", "sum by (status) (http_requests_total{APP})")),
    ("rate-first", "a rate of a sum", expr("Rates", "rate(sum by (status) (http_requests_total{APP})[5m:])")),
    ("buckets", "buckets added up", expr("Operators", f"sum(rate({QUANTILE}[$__rate_interval]))")),
    ("quantile", "no rate", expr("Quantile", f"histogram_quantile(0.95, sum by (le) ({QUANTILE}))")),
    ("quantile", "no le", expr("Quantile", f"histogram_quantile(0.95, sum(rate({QUANTILE}[$__rate_interval])))")),
    ("quantile", "no buckets", expr("Quantile", "histogram_quantile(0.95, sum by (job) (rate(http_requests_total[$__rate_interval])))")),
    ("quantile", "a percentage", expr("Quantile", f"histogram_quantile(95, sum by (le) (rate({QUANTILE}[$__rate_interval])))")),
    ("quantile", "a mean of quantiles", expr("Quantile", f"avg(histogram_quantile(0.95, sum by (le, job) (rate({QUANTILE}[5m]))))")),
    ("alike", "operators of each instance added up", expr("Operators", "sum(flowviz_active_operators{APP})")),
    ("alike", "a line for each instance", expr("Operators", "flowviz_active_operators{APP}", "{{instance}}")),
    ("divisor", "0 / 0", expr("Ratio", 'sum(rate(http_requests_total{status=~"5.."}[5m])) / sum(rate(http_requests_total[5m]))')),
    ("sides", "a ratio that never matches", expr("Ratio", 'rate(http_requests_total{status=~"5.."}[5m]) / (sum(rate(http_requests_total[5m])) > 0)')),
]  # fmt: skip


def lint(board):
    texts = {"small.json": json.dumps(board)}
    return linter.Linter(texts, catalogue(), PAGES).found


def check_right():
    return listed([f"{where}: {text} [{rule}]" for rule, where, text in lint(small_board())])


def check_broken(rule, change):
    board = small_board()
    before = copy.deepcopy(board)
    change(board)
    if board == before:
        return "the board is as it was"
    found = lint(board)
    if not any(one == rule for one, _, _ in found):
        return f"not found [{rule}]; found was {found}"
    return None


def check_broken_files():
    """What is wrong with files rather than with one board."""
    right = json.dumps(small_board())
    wrapped = json.dumps({"dashboard": small_board()})
    for texts, rule in (
        ({"small.json": right[:-1]}, "json"),
        ({"small.json": wrapped}, "json"),
        ({"small.json": right, "other.json": right}, "uid"),
        ({"small.json": right, "other.json": json.dumps(small_board() | {"uid": "other"})}, "title"),
    ):
        if not any(one == rule for one, _, _ in linter.Linter(texts, catalogue(), PAGES).found):
            return f"not found [{rule}] in {sorted(texts)}"
    return None


def check_every_rule_is_broken():
    return listed([f"no board breaks the rule {rule}" for rule in sorted(linter.RULES.keys() - {one for one, _, _ in BROKEN})])


def check_promtool_finds(folder):
    """promtool itself has to be there and to refuse."""
    for name, text in (("bracket", "sum(rate(up[5m])"), ("type", "rate(up)"), ("function", "median(up)")):
        if promtool_says(folder, f"broken_{name}", [("panel", text)]) is None:
            return f"promtool takes {text}"
    return None


def check_stale_is_found(folder):
    """A file that was edited by hand, one too many and one too few are all found."""
    copied = pathlib.Path(folder) / "boards"
    copied.mkdir()
    for name, text in files().items():
        (copied / name).write_text(text, encoding="utf-8")
    if build.differences(copied):
        return f"a copy differs: {build.differences(copied)}"
    (copied / "api.json").write_text(files()["api.json"].replace("p95", "p96"), encoding="utf-8")
    (copied / "more.json").write_text("{}", encoding="utf-8")
    (copied / "slo.json").unlink()
    found = build.differences(copied)
    return None if found == ["api.json", "more.json", "slo.json"] else f"found was {found}"


def main():
    for variable, name in (("PROMTOOL", "promtool"), ("PROMETHEUS", "prometheus")):
        if shutil.which(os.environ.get(variable, name)) is None:
            return checks.report([], [f"{name} is missing; it comes with the package prometheus"])
    texts = files()
    found = linter.Linter(texts, catalogue(), runbooks()).found
    sources = catalogue_by_source()
    with (
        tempfile.TemporaryDirectory() as folder,
        answers.prometheus(folder, "working", sources, working=True) as working,
        answers.prometheus(folder, "resting", sources, working=False) as resting,
        answers.prometheus(folder, "exact", with_statuses(sources, "200", "503"), working=True) as exact,
        answers.prometheus(folder, "unfailing", with_statuses(sources, "200"), working=True) as unfailing,
    ):
        plan = [(name, check_board, found, name) for name in texts]
        plan += [(f"{name} by promtool", check_promtool, folder, name, text) for name, text in texts.items()]
        plan += [(f"{name} at work", check_answers, answers.working_problems, working, text) for name, text in texts.items()]
        plan += [(f"{name} at rest", check_answers, answers.resting_problems, resting, text) for name, text in texts.items()]
        plan += [(f"{name}: {title}", check_number, working, name, title, wanted) for name, title, wanted in NUMBERS]
        plan += [(f"{name}: {title}, exact statuses", check_number, exact, name, title, 1 / 2) for name, title in OF_STATUSES]
        plan += [(f"{name}: {title}, none failed", check_number, unfailing, name, title, 0) for name, title in OF_STATUSES]
        plan += [
            ("answers that are none", check_answers_are_looked_at, working, resting),
            ("files and descriptions", check_built),
            ("catalogue and headers", check_catalogue),
            ("boards and rules", check_rules),
            ("colours and alerts", check_thresholds),
            ("rules and alerts that do not fit", check_misfits_are_found),
            ("metrics and boards", check_uses),
            ("links of the overview", check_overview),
            ("provisioning", check_provisioning),
            ("a board that is right", check_right),
            ("files that are wrong", check_broken_files),
            ("a broken board for every rule", check_every_rule_is_broken),
            ("expressions that promtool refuses", check_promtool_finds, folder),
            ("files that are not built", check_stale_is_found, folder),
        ]
        plan += [(f"broken: {what} [{rule}]", check_broken, rule, change) for rule, what, change in BROKEN]
        if runbooks() is None:
            print("alerts/runbooks is not there: links to runbooks are held to their form alone")
        return checks.report(plan)


if __name__ == "__main__":
    sys.exit(main())
