# SPDX-License-Identifier: MIT
"""The parts of a board as Grafana's JSON: variables, queries, panels, rows. boards/*.py put them together, build.py writes
the files. What all panels have in common, from the data source to the colours, is said here once.

In expressions the words JOB, APP, API, PG, PGB, NODE and BOX inside of braces stand for the selectors below.
"""

import json
import pathlib
import re

SCHEMA_VERSION = 39  # Grafana 10.4 and later
GRID = 24

# Where the pages of alerts/runbooks are read in a browser: an example, for a repository does not know its address. Set it
# in links.json, or in a board that was copied, which has it in one hidden variable.
LINKS = json.loads((pathlib.Path(__file__).resolve().parents[1] / "alerts" / "links.json").read_text(encoding="utf-8"))
RUNBOOKS = LINKS["runbooks"]

SELECTORS = {
    "JOB": 'job=~"$job"',
    "APP": 'job=~"$job",instance=~"$instance"',
    "API": 'job=~"$job",instance=~"$instance",handler=~"$handler"',
    "PG": 'instance=~"$postgres"',
    "PGB": 'instance=~"$pgbouncer"',
    "NODE": 'instance=~"$node"',
    "BOX": 'name=~"$container"',
}

GREEN, YELLOW, ORANGE, RED, BLUE, PURPLE = "green", "yellow", "orange", "red", "blue", "purple"
LIGHT_BLUE = "light-blue"

# Colours of series that say something by their name: a failure is not green because it is the first in the alphabet.
STATUS_CLASSES = {"1xx": PURPLE, "2xx": GREEN, "3xx": BLUE, "4xx": ORANGE, "5xx": RED}
DECISIONS = {"PASS": GREEN, "HOLD": YELLOW, "FAIL": RED}
OUTCOMES_OF_RUNS = {"completed": GREEN, "aborted": ORANGE}
POOL_STATES = {"active": GREEN, "idle": BLUE, "overflow": ORANGE, "limit": PURPLE}
OPERATIONS = {"select": BLUE, "insert": GREEN, "update": YELLOW, "delete": ORANGE, "transaction": PURPLE, "other": LIGHT_BLUE}
TASKS = {
    "sync_apply high": PURPLE, "sync_apply normal": BLUE, "sync_apply low": LIGHT_BLUE,
    "webhook high": ORANGE, "webhook normal": YELLOW, "webhook low": GREEN,
}  # fmt: skip
ENDED_TASKS = {"sync_apply done": GREEN, "webhook done": BLUE, "sync_apply failed": RED, "webhook failed": ORANGE}
ERROR_TYPES = {"validation": YELLOW, "auth": BLUE, "conflict": PURPLE, "database": ORANGE, "outbound": LIGHT_BLUE, "internal": RED}
QUANTILES = {"p50": GREEN, "mean": BLUE, "p95": YELLOW, "p99": ORANGE}
DATASOURCE = {"type": "prometheus", "uid": "${datasource}"}
CORES = "suffix: cores"
COUNT = "locale"  # 2,740 where Grafana's "short" without decimals is 3 K

# What clients may have of each server's connections, as the alerts count it. Servers before PostgreSQL 16 do not know the second kind
# of reserved ones.
POSTGRES_SLOTS = (
    "max by (instance) (pg_settings_max_connections{PG}) - max by (instance) (pg_settings_superuser_reserved_connections{PG})"
    " - (max by (instance) (pg_settings_reserved_connections{PG}) or 0 * max by (instance) (pg_settings_max_connections{PG}))"
)


def expand(expression):
    """The expression on one line, with its selectors written out."""
    expression = " ".join(expression.split())
    word = re.compile(r"(?<=[{,])(" + "|".join(SELECTORS) + r")(?=[,}])")
    return word.sub(lambda match: SELECTORS[match[1]], expression)


# --- Expressions that many panels share ---


def rate(series, by=""):
    """What a counter gains per second, added up over the instances."""
    return f"{'sum by (' + by + ') ' if by else 'sum'}(rate({series}[$__rate_interval]))"


def quantile(q, histogram, by=""):
    """A quantile of a histogram, given as name{selector}: rates first, then the sum by le, then the quantile. Of no
    observations it is NaN, which >= 0 leaves out."""
    name, brace, rest = histogram.partition("{")
    labels = f"le, {by}" if by else "le"
    return f"histogram_quantile({q}, sum by ({labels}) (rate({name}_bucket{brace}{rest}[$__rate_interval]))) >= 0"


def mean(histogram, by=""):
    """The mean of a histogram's observations."""
    name, brace, rest = histogram.partition("{")
    return ratio(rate(f"{name}_sum{brace}{rest}", by), rate(f"{name}_count{brace}{rest}", by))


def ratio(part, whole):
    """A share. Where there is no whole there is no share: silence is no data rather than NaN."""
    return f"{part} / ({whole} > 0)"


def answered(requests, status, by=""):
    """What a counter of requests gains per second by answers of a class such as 5xx: 0 where there are none. Its first digit and any two,
    for a service may tell its statuses exactly."""
    name, _, selector = requests.removesuffix("}").partition("{")
    chosen = f'{name}{{{selector},status=~"{status[0]}.."}}'
    return f"({rate(chosen, by)} or 0 * {rate(requests, by)})"


def share_answered(requests, status, by=""):
    """The share of requests that were answered so."""
    return ratio(answered(requests, status, by), rate(requests, by))


# --- Queries ---


def query(expression, legend, instant=False, table=False, heatmap=False):
    return {
        "datasource": DATASOURCE,
        "editorMode": "code",
        "expr": expand(expression),
        "format": "table" if table else "heatmap" if heatmap else "time_series",
        "instant": instant or table,
        "legendFormat": legend,
        "range": not (instant or table),
    }


def with_exemplars(queries):
    """The queries of a course over time; the last one that is of a histogram's buckets asks for their exemplars, too: points that
    lead to a trace, where there are some."""
    of_buckets = [one for one in queries if "_bucket{" in one["expr"]]
    for one in of_buckets[-1:]:
        one["exemplar"] = True
    return queries


# --- Panels ---


def steps(*pairs):
    """Colours from a value on: steps((None, GREEN), (0.01, YELLOW), (0.05, RED))."""
    return [{"color": color, "value": value} for value, color in pairs]


def rising(warning=None, critical=None):
    """Green, yellow from `warning` and red from `critical` on: thresholds of the alerts."""
    pairs = [(None, GREEN)]
    if warning is not None:
        pairs.append((warning, YELLOW))
    if critical is not None:
        pairs.append((critical, RED))
    return steps(*pairs)


def falling(critical, warning):
    """Red below `critical`, yellow below `warning`, green from there on."""
    return steps((None, RED), (critical, YELLOW), (warning, GREEN))


def words(*triples):
    """Words and colours for values: words(("0", "DOWN", RED), ("1", "UP", GREEN))."""
    options = {value: {"color": color, "index": i, "text": text} for i, (value, text, color) in enumerate(triples)}
    return [{"type": "value", "options": options}]


def up_or_down():
    return words(("0", "DOWN", RED), ("1", "UP", GREEN))


def panel(
    kind, title, description, queries, unit, *, w, h, low=None, high=None, thresholds=None, decimals=None, no_value=None,
    mappings=(), runbooks=(), to=None, data_link=None, options=None, custom=None, overrides=(), colors=None, **more,
):  # fmt: skip
    """A panel. `runbooks`: alerts that watch the same; `to`: the board with the detail; `data_link`: (title, address) that a
    click on a value opens; `colors`: of series by their names, all others take their turn."""
    for index, target in enumerate(queries):
        target["refId"] = chr(ord("A") + index)
    defaults = {
        "color": {"mode": "thresholds" if kind in ("stat", "gauge", "bargauge", "table") else "palette-classic"},
        "custom": custom or {},
        "mappings": list(mappings),
        "thresholds": {"mode": "absolute", "steps": thresholds or steps((None, GREEN))},
        "unit": unit,
    }
    if low is not None:
        defaults["min"] = low
    if high is not None:
        defaults["max"] = high
    if decimals is not None:
        defaults["decimals"] = decimals
    if no_value is not None:
        defaults["noValue"] = no_value
    if data_link:
        defaults["links"] = [{"title": data_link[0], "url": data_link[1]}]
    links = [{"title": "Detail", "url": board_address(to)}] if to else []
    links += [
        {"title": f"Runbook: {alert}", "url": f"${{runbooks}}/{alert}.md", "targetBlank": True} for alert in runbooks
    ]
    return {
        "type": kind,
        "title": title,
        "description": " ".join(description.split()),
        "datasource": DATASOURCE,
        "gridPos": {"w": w, "h": h},
        "targets": queries,
        "fieldConfig": {"defaults": defaults, "overrides": [*overrides, *_fixed(colors or {}, queries)]},
        "options": options or {},
        "links": links,
        **more,
    }


def board_address(uid):
    """Another board with the same time range and variables."""
    return f"/d/{uid}?${{__url_time_range}}&${{__all_variables}}"


def stat(title, description, expression, unit, *, w=4, h=4, legend="__auto", **more):
    """A number as it is now, asked for this moment: of a range it would be the last one that there was, and stay green for hours after
    its exporter died. Where thresholds colour it, they are those of its alert."""
    colored = "thresholds" in more or "mappings" in more
    options = {
        "colorMode": "background" if colored else "none",
        "graphMode": "none",
        "justifyMode": "auto",
        "orientation": "auto",
        "reduceOptions": {"calcs": ["lastNotNull"], "fields": "", "values": False},
        "textMode": "auto",
    }
    queries = [query(expression, legend, instant=True)]
    return panel("stat", title, description, queries, unit, w=w, h=h, options=options, **more)


def timeseries(title, description, queries, unit, *, w=12, h=8, low=0, soft_high=None, stacked=False, **more):
    """Lines, or areas on top of each other, the largest first in the legend, which may not have room for all. Areas have no lines: one
    of nothing would run along the top of all others. Thresholds, where there are any, are dashed lines. `soft_high`: how far the
    axis reaches at least, for shares that are far from 100 % even when they are bad."""
    custom = {
        "axisPlacement": "auto",
        "drawStyle": "line",
        "fillOpacity": 70 if stacked else 8,
        "lineInterpolation": "linear",
        "lineWidth": 0 if stacked else 1,
        "showPoints": "never",
        "spanNulls": False,
        "stacking": {"group": "A", "mode": "normal" if stacked else "none"},
        "thresholdsStyle": {"mode": "dashed" if "thresholds" in more else "off"},
    }
    if soft_high is not None:
        custom["axisSoftMax"] = soft_high
    options = {
        "legend": {
            "calcs": ["lastNotNull", "max"],
            "displayMode": "table",
            "placement": "bottom",
            "showLegend": True,
            "sortBy": "Last *",
            "sortDesc": True,
        },
        "tooltip": {"mode": "multi", "sort": "desc"},
    }
    return panel("timeseries", title, description, with_exemplars(queries), unit, w=w, h=h, low=low, options=options, custom=custom, **more)


def heatmap(title, description, expression, unit, *, w=12, h=8, **more):
    """A histogram over time: how many observations per second fell into each bucket."""
    options = {
        "calculate": False,
        "cellGap": 1,
        "cellValues": {"unit": "short"},
        "color": {"exponent": 0.5, "fill": "dark-orange", "mode": "scheme", "reverse": False, "scheme": "Oranges", "steps": 64},
        "exemplars": {"color": "rgba(255,0,255,0.7)"},
        "filterValues": {"le": 1e-9},
        "legend": {"show": True},
        "rowsFrame": {"layout": "auto"},
        "tooltip": {"mode": "single", "yHistogram": True},
        "yAxis": {"axisPlacement": "left", "unit": unit},
    }
    queries = with_exemplars([query(expression, "{{le}}", heatmap=True)])
    return panel("heatmap", title, description, queries, unit, w=w, h=h, options=options, maxDataPoints=60, **more)


def hours(title, description, expression, legend, unit, *, w=12, h=10, **more):
    """Rows by label, and a column for each hour of a day, or for a 24th of what is looked at, from a counter's increase."""
    options = {
        "calculate": False,
        "cellGap": 1,
        "cellValues": {"unit": unit},
        "color": {"exponent": 0.5, "fill": "dark-orange", "mode": "scheme", "reverse": False, "scheme": "Oranges", "steps": 64},
        "filterValues": {"le": 1e-9},
        "legend": {"show": True},
        "rowsFrame": {"layout": "auto"},
        "tooltip": {"mode": "single", "yHistogram": False},
        "yAxis": {"axisPlacement": "left", "unit": "short"},
    }
    return panel("heatmap", title, description, [query(expression, legend)], unit, w=w, h=h, options=options, maxDataPoints=24, **more)


def bars(title, description, expression, legend, unit, *, w=12, h=8, **more):
    """The largest values now, as bars."""
    options = {
        "displayMode": "gradient",
        "minVizHeight": 16,
        "minVizWidth": 0,
        "orientation": "horizontal",
        "reduceOptions": {"calcs": ["lastNotNull"], "fields": "", "values": False},
        "showUnfilled": True,
        "valueMode": "color",
    }
    return panel(
        "bargauge", title, description, [query(expression, legend, instant=True)], unit, w=w, h=h, low=0, options=options,
        **more,
    )  # fmt: skip


def pie(title, description, expression, legend, unit=COUNT, *, w=8, h=8, **more):
    """Shares of a whole over the range of the board."""
    options = {
        "displayLabels": ["percent"],
        "legend": {"calcs": [], "displayMode": "table", "placement": "right", "showLegend": True, "values": ["value", "percent"]},
        "pieType": "donut",
        "reduceOptions": {"calcs": ["lastNotNull"], "fields": "", "values": False},
        "tooltip": {"mode": "single", "sort": "none"},
    }
    return panel("piechart", title, description, [query(expression, legend, instant=True)], unit, w=w, h=h, options=options, **more)


def table(title, description, queries, unit, columns, *, w=12, h=8, sort=None, column_units=None, column_maps=None, **more):
    """A row for each series. `columns`: what labels, and `Value #A` and so on, are called; all others are hidden.
    Queries: (expression, legend). `column_units` and `column_maps` are by the same names as `columns`."""
    targets = [query(expression, legend, table=True) for expression, legend in queries]
    if len(targets) == 1:  # one query alone has its values under the plain name
        columns = {("Value" if name == "Value #A" else name): text for name, text in columns.items()}
        column_units = {("Value" if name == "Value #A" else name): text for name, text in (column_units or {}).items()}
    keep = {"id": "filterFieldsByName", "options": {"include": {"names": list(columns)}}}
    order = {"id": "organize", "options": {"indexByName": {n: i for i, n in enumerate(columns)}, "renameByName": columns}}
    transformations = ([{"id": "merge", "options": {}}] if len(targets) > 1 else []) + [keep, order]
    overrides = []
    for name, column_unit in (column_units or {}).items():
        overrides.append(_override(columns[name], {"unit": column_unit}))
    for name, mappings in (column_maps or {}).items():
        overrides.append(_override(columns[name], {"mappings": mappings, "custom.cellOptions": {"type": "color-text"}}))
    options = {"cellHeight": "sm", "showHeader": True, "sortBy": [{"desc": True, "displayName": sort}] if sort else []}
    custom = {"align": "auto", "cellOptions": {"type": "auto"}, "filterable": False}
    return panel(
        "table", title, description, targets, unit, w=w, h=h, options=options, custom=custom, overrides=overrides,
        transformations=transformations, **more,
    )  # fmt: skip


def _override(name, properties):
    matcher = {"id": "byName", "options": name}
    return {"matcher": matcher, "properties": [{"id": name, "value": value} for name, value in properties.items()]}


def _fixed(colors, queries):
    """The colours of names that the legends have, or may have from a label."""
    legends = {target["legendFormat"] for target in queries}
    by_label = any("{{" in legend for legend in legends)
    shown = {name: color for name, color in colors.items() if by_label or name in legends}
    return [_override(name, {"color": {"mode": "fixed", "fixedColor": color}}) for name, color in shown.items()]


def row(title, *panels, collapsed=False):
    """A heading with its panels. A collapsed one asks nothing until somebody opens it."""
    return {"title": title, "panels": list(panels), "collapsed": collapsed}


# --- Variables ---


def datasource_variable():
    return {
        "name": "datasource", "label": "Data source", "type": "datasource", "query": "prometheus", "regex": "",
        "description": "The Prometheus that all panels ask.", "current": {}, "hide": 0, "includeAll": False,
        "multi": False, "options": [], "refresh": 1, "skipUrlSync": False,
    }  # fmt: skip


def label_variable(name, label, description, expression, all_value=".+", chosen=None):
    """The values of a label, all of them unless some are chosen; at first `chosen` or else all. All of them stands for `all_value` in
    expressions, so that a value that comes later is among them; None stands for those that the expression finds and no other."""
    every = {} if all_value is None else {"allValue": all_value}
    return {
        "name": name, "label": label, "type": "query", "description": description, "datasource": DATASOURCE, **every,
        "definition": expression, "query": {"qryType": 1, "query": expression, "refId": "variable"},
        "regex": "", "sort": 1, "refresh": 2, "multi": True, "includeAll": True,
        "current": {"selected": True, "text": [chosen or "All"], "value": [chosen or "$__all"]}, "hide": 0, "options": [], "skipUrlSync": False,
    }  # fmt: skip


def runbooks_variable():
    return {
        "name": "runbooks", "label": "Runbooks", "type": "constant", "query": RUNBOOKS, "hide": 2,
        "description": "Where the runbooks of the alerts are read.", "skipUrlSync": True,
        "current": {"selected": True, "text": RUNBOOKS, "value": RUNBOOKS},
        "options": [{"selected": True, "text": RUNBOOKS, "value": RUNBOOKS}],
    }  # fmt: skip


def job_variable():
    # All are the services, and not every job there is: exporters have process_* metrics as well.
    return label_variable(
        "job", "Job", "Services, by the job that scrapes them.", "label_values(http_requests_total, job)", all_value=None
    )


def instance_variable():
    query_text = 'label_values(http_requests_total{job=~"$job"}, instance)'
    return label_variable("instance", "Instance", "Instances of the service.", query_text)


def target_variables():
    """Every job and instance, whatever it is."""
    return [
        label_variable("job", "Job", "Everything that is scraped, by job.", "label_values(up, job)"),
        label_variable("instance", "Instance", "Targets of these jobs.", 'label_values(up{job=~"$job"}, instance)'),
    ]


def handler_variable():
    query_text = 'label_values(http_requests_total{job=~"$job",instance=~"$instance"}, handler)'
    return label_variable("handler", "Handler", "Route templates; `none` is what no route took.", query_text)


def postgres_variable():
    return label_variable(
        "postgres", "PostgreSQL", "Exporters of PostgreSQL servers.", 'label_values(up{job="postgres"}, instance)'
    )


def pgbouncer_variable():
    return label_variable(
        "pgbouncer", "PgBouncer", "Exporters of poolers.", 'label_values(up{job="pgbouncer"}, instance)'
    )


def node_variable():
    return label_variable("node", "Machine", "Machines with a node exporter.", 'label_values(up{job="node"}, instance)')


def container_variable():
    return label_variable(
        "container", "Container", "Containers that cAdvisor sees, under compose only.",
        'label_values(container_last_seen{name!=""}, name)',
    )  # fmt: skip


def app_variables(*more):
    return [job_variable(), instance_variable(), *more]


# --- Annotations ---


def _annotation(name, color, expression, title, text, **more):
    return {
        "name": name, "datasource": DATASOURCE, "enable": True, "hide": False, "iconColor": color,
        "expr": expand(expression), "step": "60s", "titleFormat": title, "textFormat": text, **more,
    }  # fmt: skip


def annotations(variables, starts=True):
    """Alerts while they fire, and starts of the service where the board is about it, at which a release shows."""
    items = [
        {
            "name": "Annotations & Alerts", "builtIn": 1, "datasource": {"type": "grafana", "uid": "-- Grafana --"},
            "enable": True, "hide": True, "iconColor": "rgba(0, 211, 255, 1)", "type": "dashboard",
        },
        _annotation(
            "Firing alerts", RED, 'ALERTS{alertstate="firing",alertname!="Watchdog"}', "{{alertname}}",
            "{{severity}} {{instance}}", tagKeys="severity",
        ),
    ]  # fmt: skip
    if starts and "job" in variables:
        selector = "APP" if "instance" in variables else "JOB"
        items.append(
            _annotation(
                "Starts and deploys", BLUE, f"process_start_time_seconds{{{selector}}} * 1000", "{{job}} started", "{{instance}}",
                useValueForTime="on",
            )  # fmt: skip
        )
    return {"list": items}


# --- Boards ---


def _link(title, address, blank=False):
    """A link beside the board's title, with the time range and the variables kept."""
    return {
        "type": "link", "title": title, "url": address, "icon": "external link" if blank else "dashboard", "tags": [],
        "tooltip": title, "asDropdown": False, "includeVars": not blank, "keepTime": not blank, "targetBlank": blank,
    }  # fmt: skip


def board(uid, title, description, variables, rows, links=(), range_from="now-6h", runbooks=True, starts=True):
    """A board. `links`: (title, uid) of others. Variables of the service come with annotations of its `starts`. Without
    `runbooks` there is no link to any."""
    names = {variable["name"] for variable in variables}
    return {
        "id": None,
        "uid": uid,
        "title": title,
        "description": " ".join(description.split()),
        "tags": ["flowviz"],
        "schemaVersion": SCHEMA_VERSION,
        "version": 1,
        "editable": False,
        "graphTooltip": 1,  # one crosshair for all panels
        "timezone": "utc",
        "weekStart": "",
        "fiscalYearStartMonth": 0,
        "liveNow": False,
        "refresh": "30s",
        "time": {"from": range_from, "to": "now"},
        "timepicker": {},
        "links": [_link(text, f"/d/{other}") for text, other in links]
        + ([_link("Runbooks", "${runbooks}", blank=True)] if runbooks else []),
        "annotations": annotations(names, starts),
        "templating": {"list": [datasource_variable(), *variables, *([runbooks_variable()] if runbooks else [])]},
        "panels": lay_out(rows),
    }


def lay_out(rows):
    """Numbers the panels and places them from left to right, a new line where the next one does not fit. The panels of a
    collapsed row are inside of it."""
    placed, ids, y = [], 0, 0
    for one in rows:
        ids += 1
        head = {
            "id": ids, "type": "row", "title": one["title"], "collapsed": one["collapsed"],
            "gridPos": {"h": 1, "w": GRID, "x": 0, "y": y}, "panels": [],
        }  # fmt: skip
        placed.append(head)
        y += 1
        x, line = 0, 0
        for item in one["panels"]:
            size = item["gridPos"]
            if x + size["w"] > GRID:
                x, y, line = 0, y + line, 0
            ids += 1
            item = {"id": ids, **item, "gridPos": {**size, "x": x, "y": y}}
            (head["panels"] if one["collapsed"] else placed).append(item)
            x, line = x + size["w"], max(line, size["h"])
        y += line
    return placed
