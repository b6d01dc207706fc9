# SPDX-License-Identifier: MIT
"""What a board must have, rule by rule. RULES says each in a sentence; run.py has a broken board for every one."""

import itertools
import json
import re

import promql
from meaning import Meaning

RULES = {
    "json": "a file is one board as JSON: not wrapped, no inputs to fill in, id null",
    "top-level": "the conventions of all boards: schema, UTC, refresh, tooltip, tags, not editable",
    "uid": "uid is the file's name, and unique",
    "title": "titles of boards are there and unique",
    "ids": "panels are numbered uniquely",
    "grid": "panels lie in the 24 columns and on no other one",
    "panel": "a panel is of a known kind, with a title and queries",
    "description": "boards and panels say what they show, and panels what to do when it looks wrong, in sentences of their own",
    "unit": "a panel has a unit that Grafana knows, and the one that its quantiles have",
    "range": "a share has a minimum and a maximum, or at least how far its axis reaches",
    "thresholds": "thresholds ascend from the beginning, and numbers that are coloured have two at least",
    "colors": "a colour is that of a name which series of the panel have",
    "datasource": "queries, annotations and variables take the data source of the variable",
    "variables": "variables are there, defined, used and able to mean all",
    "annotations": "alerts are shown on every board, and starts of the service where it is chosen",
    "legend": "a legend names the labels that tell its series apart, and no others",
    "interval": "rates take $__rate_interval or $__range; another window is named where the panel is read",
    "links": "links lead to boards that there are, and keep time and variables",
    "runbooks": "links to runbooks lead to pages that there are",
    "format": "a query has the form that its kind of panel shows",
    "exemplars": "a course of a histogram's buckets asks for their exemplars, once, and nothing else does",
    "unreadable": "every expression can be read",
    "metric": "something exposes every metric",
    "label": "every label named is one that the series have",
    "label-value": "a matcher on a closed label names one of its values",
    "status-class": "a class of status is its first digit and any two, which exact statuses are as well",
    "bound": "a matcher on le names a bound of the histogram, in the spellings of all releases",
    "rate": "rates are taken of counters, slopes of gauges",
    "bare-counter": "a counter is never shown as it is",
    "rate-first": "rates come before sums",
    "buckets": "buckets keep their le",
    "quantile": "quantiles are taken of buckets added up by le",
    "alike": "what every instance reports alike is not added up",
    "divisor": "no division by nothing",
    "sides": "both sides of an operation have the same labels",
}

KINDS = {"stat", "timeseries", "heatmap", "bargauge", "piechart", "table", "gauge"}
UNITS = {
    "none", "short", "locale", "percent", "percentunit", "s", "ms", "dtdurations", "bytes", "decbytes", "Bps", "reqps", "ops", "pps",
}  # fmt: skip
COLORS = {"green", "yellow", "orange", "red", "blue", "purple", "light-blue"}
DATASOURCE = {"type": "prometheus", "uid": "${datasource}"}
CONVENTIONS = {
    "editable": False, "timezone": "utc", "refresh": "30s", "graphTooltip": 1, "tags": ["flowviz"], "version": 1,
}  # fmt: skip
# What Grafana itself puts in, with a stand-in that can be parsed.
BUILT_IN = {"__rate_interval": "5m", "__interval": "1m", "__range": "6h"}
IN_ADDRESSES = {"__url_time_range", "__all_variables", "__field", "__data"}
VARIABLE = re.compile(r"\$(?:\{(\w+)[^}]*\}|([A-Za-z_]\w*))")
WINDOW = re.compile(r"\[(\d+[smhdwy])\]")
IN_LEGEND = re.compile(r"\{\{\s*(\w+)\s*\}\}")
TARGETS = {"job", "instance"}


def expressions(board):
    """(where, expression) of all panels, annotations and variables, as they stand in the board."""
    for panel in all_panels(board):
        for target in panel.get("targets", []):
            yield f"panel `{panel.get('title')}`", target.get("expr", "")
    for annotation in board.get("annotations", {}).get("list", []):
        if "expr" in annotation:
            yield f"annotation `{annotation['name']}`", annotation["expr"]
    for variable in board.get("templating", {}).get("list", []):
        if variable.get("type") == "query":
            yield f"variable `{variable['name']}`", selector_of(variable)


def selector_of(variable):
    """The series whose labels a variable lists."""
    match = re.fullmatch(r"label_values\((.*), *\w+\)", variable.get("definition", ""))
    return match[1] if match else variable.get("definition", "")


def with_stand_ins(expression):
    """The expression as Grafana would send it: its own variables as durations, those of the board as a word."""
    return VARIABLE.sub(lambda match: BUILT_IN.get(match[1] or match[2], f"stand_in_{match[1] or match[2]}"), expression)


def is_stand_in(text):
    return "stand_in_" in text


def all_panels(board):
    for panel in board.get("panels", []):
        if panel.get("type") == "row":
            yield from panel.get("panels", [])
        else:
            yield panel


class Linter:
    """`files`: the text of each board by its file's name. `runbooks`: names of the pages there are, None if they cannot be
    known yet. `found`: (rule, where, text) of all that is wrong."""

    def __init__(self, files, catalogue, runbooks):
        self.catalogue, self.runbooks, self.found = catalogue, runbooks, []
        self.boards = {}
        for name, text in files.items():
            try:
                self.boards[name] = json.loads(text)
            except ValueError as error:
                self.add("json", name, str(error))
        self.uids = [board.get("uid") for board in self.boards.values() if isinstance(board, dict)]
        self.titles = [board.get("title") for board in self.boards.values() if isinstance(board, dict)]
        for name, board in self.boards.items():
            self.name = name
            self.board(board)

    def add(self, rule, where, text):
        assert rule in RULES, rule
        if (rule, where, text) not in self.found:
            self.found.append((rule, where, text))

    def say(self, rule, text, where=""):
        self.add(rule, f"{self.name}: {where}" if where else self.name, text)

    # --- Boards ---

    def board(self, board):
        if not isinstance(board, dict) or "dashboard" in board or "__inputs" in board or "__requires" in board:
            return self.say("json", "a board itself is wanted, not one that is wrapped or exported to be filled in")
        if "id" not in board or board["id"] is not None:
            self.say("json", "id is null, for each Grafana gives its own")
        if board.get("schemaVersion", 0) < 39:
            self.say("top-level", "schemaVersion is 39 or later")
        for key, value in CONVENTIONS.items():
            if board.get(key) != value:
                self.say("top-level", f"{key} is {value!r}, not {board.get(key)!r}")
        uid, title = board.get("uid"), board.get("title")
        if uid != self.name.removesuffix(".json") or not re.fullmatch(r"[a-z][a-z0-9-]{0,39}", uid or ""):
            self.say("uid", f"uid {uid!r} is not the file's name")
        if self.uids.count(uid) > 1:
            self.say("uid", f"another board has the uid {uid!r}, too")
        if not title or self.titles.count(title) > 1:
            self.say("title", f"title {title!r} is missing or another board's, too")
        self.description(board, "")
        self.variables(board)
        self.annotations(board)
        self.places(board)
        for link in board.get("links", []):
            self.link(link.get("url", ""), f"link `{link.get('title')}`", link.get("keepTime") and link.get("includeVars"))
        for panel in all_panels(board):
            self.panel(panel)
        for where, expression in expressions(board):
            self.expression(expression, where)

    def description(self, thing, where):
        text = thing.get("description", "")
        sentences = re.findall(r"\S[.:;](?= |$)", text)
        if len(text) < 20 or not text.endswith(".") or where and len(sentences) < 2:
            self.say("description", f"it says {text!r}", where)

    def variables(self, board):
        listed = board.get("templating", {}).get("list", [])
        names = [variable.get("name") for variable in listed]
        if not listed or names[0] != "datasource" or listed[0].get("type") != "datasource":
            self.say("variables", "the first variable is `datasource`")
        elif listed[0].get("query") != "prometheus" or listed[0].get("current"):
            self.say("variables", "`datasource` offers every Prometheus and prefers none")
        if len(names) != len(set(names)):
            self.say("variables", "a variable is defined twice")
        used = {one or other for one, other in VARIABLE.findall(json.dumps({k: v for k, v in board.items() if k != "templating"}))}
        for variable in listed:
            where = f"variable `{variable.get('name')}`"
            if not variable.get("label"):
                self.say("variables", "it has no label", where)
            if variable.get("name") not in used:
                self.say("variables", "nothing uses it", where)
            if variable.get("type") == "query":
                self.query_variable(variable, where)
        for name in sorted(used - set(names) - set(BUILT_IN) - IN_ADDRESSES):
            self.say("variables", f"${name} is used and not defined")

    def query_variable(self, variable, where):
        if variable.get("datasource") != DATASOURCE:
            self.say("datasource", "it asks another data source", where)
        if variable.get("query", {}).get("query") != variable.get("definition"):
            self.say("variables", "`query` and `definition` differ", where)
        whole = variable.get("multi") and variable.get("includeAll") and variable.get("allValue") in (".+", None)
        if not whole:
            self.say("variables", "one, several or all values can be chosen", where)
        if variable.get("current", {}).get("value") != ["$__all"]:
            self.say("variables", "it begins with all values", where)
        if variable.get("refresh") != 2:
            self.say("variables", "it is read again when the time range changes", where)

    def annotations(self, board):
        listed = [one for one in board.get("annotations", {}).get("list", []) if not one.get("builtIn")]
        for annotation in listed:
            if annotation.get("datasource") != DATASOURCE:
                self.say("datasource", "it asks another data source", f"annotation `{annotation.get('name')}`")
        shown = [one.get("expr", "") for one in listed]
        if not any(text.startswith("ALERTS{") for text in shown):
            self.say("annotations", "alerts are not shown")
        variables = {variable.get("name") for variable in board.get("templating", {}).get("list", [])}
        if "job" in variables and not any("process_start_time_seconds" in text for text in shown):
            self.say("annotations", "starts of the service are not shown")

    def places(self, board):
        taken, ids = {}, set()
        everything = [(panel, ()) for panel in board.get("panels", [])]
        everything += [(inner, (row["id"],)) for row, _ in everything if row.get("type") == "row" for inner in row.get("panels", [])]
        for panel, folded in everything:
            where = f"panel `{panel.get('title')}`"
            if not isinstance(panel.get("id"), int) or panel["id"] in ids:
                self.say("ids", f"the id {panel.get('id')!r} is missing or another panel's, too", where)
            ids.add(panel.get("id"))
            place = panel.get("gridPos", {})
            x, y, w, h = (place.get(key, -1) for key in "xywh")
            if min(x, y) < 0 or min(w, h) < 1 or x + w > 24:
                self.say("grid", f"it lies at {place}", where)
                continue
            for cell in ((folded, i, j) for i in range(x, x + w) for j in range(y, y + h)):
                if cell in taken:
                    self.say("grid", f"it lies on {taken[cell]}", where)
                    break
                taken[cell] = where

    # --- Links ---

    def link(self, address, where, keeps):
        path, _, query = address.partition("?")
        if path.startswith("/d/"):
            if path.removeprefix("/d/") not in self.uids:
                self.say("links", f"{path} is no board", where)
            if not keeps and not ("${__url_time_range}" in query and ("${__all_variables}" in query or "queryparam" in query)):
                self.say("links", f"{address} loses the time range or the variables", where)
        elif path == "${runbooks}":
            pass
        elif match := re.fullmatch(r"\$\{runbooks\}/(.+)\.md", path):
            if "${" in match[1]:  # made from a value
                return
            if not re.fullmatch(r"[A-Z][A-Za-z0-9]*", match[1]) or self.runbooks is not None and match[1] not in self.runbooks:
                self.say("runbooks", f"there is no runbook {match[1]}.md", where)
        else:
            self.say("links", f"{address} leads neither to a board nor to a runbook", where)

    # --- Panels ---

    def panel(self, panel):
        where = f"panel `{panel.get('title')}`"
        kind, targets = panel.get("type"), panel.get("targets", [])
        if kind not in KINDS or not panel.get("title") or not targets:
            self.say("panel", f"a {kind} with {len(targets)} queries", where)
        self.description(panel, where)
        defaults = panel.get("fieldConfig", {}).get("defaults", {})
        self.unit(defaults, targets, where)
        self.thresholds(panel, defaults, where)
        self.colors(panel, targets, where)
        if panel.get("datasource") != DATASOURCE or any(target.get("datasource") != DATASOURCE for target in targets):
            self.say("datasource", "it asks another data source", where)
        if len({target.get("refId") for target in targets}) != len(targets) or not all(t.get("refId") for t in targets):
            self.say("panel", "its queries need a refId each", where)
        for link in panel.get("links", []) + defaults.get("links", []):
            self.link(link.get("url", ""), where, False)
        self.exemplars(kind, targets, where)
        for target in targets:
            self.format(kind, target, where)
            self.windows(panel, target, where)
        if kind != "table":
            legends = [target.get("legendFormat") for target in targets]
            if len(set(legends)) != len(legends):
                self.say("legend", "two queries have the same legend", where)

    def unit(self, defaults, targets, where):
        unit = defaults.get("unit")
        if unit not in UNITS and not re.fullmatch(r"suffix: [a-z/]+", unit or ""):
            self.say("unit", f"{unit!r} is no unit", where)
        reaches = "max" in defaults or "axisSoftMax" in defaults.get("custom", {})
        if unit == "percentunit" and not ("min" in defaults and reaches):
            self.say("range", "a share needs a minimum and a maximum", where)
        for target in targets:
            measured = re.match(r"(?:topk\(\d+, )?histogram_quantile\([^_]*\w+_(seconds|bytes)_bucket", target.get("expr", ""))
            if measured and unit != {"seconds": "s", "bytes": "bytes"}[measured[1]]:
                self.say("unit", f"a quantile of {measured[1]} is shown as {unit}", where)

    def thresholds(self, panel, defaults, where):
        steps = defaults.get("thresholds", {}).get("steps", [])
        values = [step.get("value") for step in steps]
        if not steps or values[0] is not None or any(step.get("color") not in COLORS for step in steps):
            return self.say("thresholds", "the first one has no value, and each has a colour", where)
        if None in values[1:] or values[1:] != sorted(set(values[1:])):
            self.say("thresholds", f"{values} do not ascend", where)
        if panel.get("type") == "stat" and panel["options"].get("colorMode") != "none" and len(steps) < 2:
            self.say("thresholds", "it is coloured, and always in the same colour", where)

    def colors(self, panel, targets, where):
        legends = {target.get("legendFormat") for target in targets}
        for override in panel.get("fieldConfig", {}).get("overrides", []):
            name = override.get("matcher", {}).get("options")
            for color in (one["value"] for one in override.get("properties", []) if one["id"] == "color"):
                if color.get("mode") != "fixed" or color.get("fixedColor") not in COLORS:
                    self.say("colors", f"{color} is no colour", where)
                if name not in legends | self.values_of_legends(targets):
                    self.say("colors", f"no series is called {name!r}", where)

    def values_of_legends(self, targets):
        """What series may be called that are named after closed labels alone."""
        words = {re.sub(r"_(bucket|sum|count)$", "", word) for target in targets for word in re.findall(r"\w+", target.get("expr", ""))}
        entries = [self.catalogue[word] for word in words if word in self.catalogue]
        names = set()
        for legend in {target.get("legendFormat") or "" for target in targets}:
            labels = IN_LEGEND.findall(legend)
            for entry in entries:
                values = [entry["labels"].get(label) or () for label in labels]
                for chosen in itertools.product(*values) if labels else ():
                    rest = iter(chosen)
                    names.add(IN_LEGEND.sub(lambda _, rest=rest: next(rest), legend))
        return names

    def format(self, kind, target, where):
        wanted = {"table": "table", "heatmap": "heatmap"}.get(kind, "time_series")
        rows = kind == "heatmap" and "{{le}}" not in target.get("legendFormat", "")  # rows of labels, not of buckets
        if target.get("format") != ("time_series" if rows else wanted):
            self.say("format", f"a {kind} that asks for {target.get('format')}", where)
        if target.get("instant") == target.get("range"):
            self.say("format", "a query is instant or over a range", where)
        if kind in ("timeseries", "heatmap") and target.get("instant"):
            self.say("format", "a course over time needs a query over a range", where)
        if kind in ("stat", "gauge", "bargauge", "piechart") and not target.get("instant"):
            self.say("format", "a number that is asked for over a range is the last one that there was, long after its exporter died", where)
        if kind in ("timeseries", "heatmap") and "$__range" in target.get("expr", ""):
            self.say("format", "$__range on a course over time reaches before its beginning", where)

    def exemplars(self, kind, targets, where):
        have = [target for target in targets if kind in ("timeseries", "heatmap") and "_bucket{" in target.get("expr", "")]
        ask = [target for target in targets if target.get("exemplar")]
        if len(ask) != min(len(have), 1) or any(target not in have for target in ask):
            self.say("exemplars", f"{len(ask)} of its queries ask for exemplars, and {len(have)} are of buckets over time", where)

    def windows(self, panel, target, where):
        """A window other than the panel's own is a fact about the number, and stands where the number is read."""
        said = " ".join((panel.get("title", ""), panel.get("description", ""), target.get("legendFormat") or ""))
        for window in WINDOW.findall(target.get("expr", "")):
            if not re.search(rf"\b{window[:-1]} ?{window[-1]}\b", said):
                self.say("interval", f"the window {window} is named nowhere on it", where)
        if "$__interval" in target.get("expr", ""):
            self.say("interval", "$__interval can be shorter than two scrapes", where)

    # --- Expressions ---

    def expression(self, expression, where):
        try:
            node = promql.read(with_stand_ins(expression))
        except promql.Unreadable as error:
            return self.say("unreadable", f"{expression}: {error}", where)
        if where.startswith("variable"):
            return self.series_of_variable(node, where)
        result = Meaning(self.catalogue, lambda rule, text: self.say(rule, text, where), is_stand_in).of(node)
        for target in self.targets_of(expression, where):
            self.legend(target, result, where)

    def series_of_variable(self, node, where):
        """The label that a variable lists is one of the series, which may be of any type."""

        def complain(rule, text):
            if rule not in ("bare-counter", "alike", "buckets"):
                self.say(rule, text, where)

        result = Meaning(self.catalogue, complain, is_stand_in).of(node)
        definition = next(
            one["definition"] for one in self.boards[self.name]["templating"]["list"] if where == f"variable `{one['name']}`"
        )
        listed = re.fullmatch(r"label_values\(.*, *(\w+)\)", definition)
        if not listed or listed[1] not in result.labels:
            self.say("label", f"{definition} lists no label of the series", where)

    def targets_of(self, expression, where):
        for panel in all_panels(self.boards[self.name]):
            if where == f"panel `{panel.get('title')}`" and panel.get("type") != "table":
                yield from (target for target in panel.get("targets", []) if target.get("expr") == expression)

    def legend(self, target, result, where):
        legend = target.get("legendFormat")
        if not legend:
            return self.say("legend", "a query has no legend", where)
        named = set(IN_LEGEND.findall(legend))
        labels = set() if result is None else set(result.labels)
        grouped = result is None or result.grouped
        for label in sorted(named - labels):
            if not (label == "__name__" and not grouped):
                self.say("legend", f"{{{{{label}}}}} is none of {sorted(labels)}", where)
        # Series that an aggregation kept apart are told apart by all of its labels, others by one at least.
        if legend != "__auto" and labels and (labels - named if grouped else not named & labels):
            self.say("legend", f"`{legend}` does not tell {sorted(labels)} apart", where)
