# SPDX-License-Identifier: MIT
"""A board for any service: a row for its requests, one sensible panel for each metric by its type and unit, its process."""

from observe.requests import Requests
from parts import (
    GREEN, RED, bars, board, label_variable, quantile, query, rate, ratio, rising, row, stat, steps, table, timeseries,
)  # fmt: skip

MAX_LINES = 30  # that a panel can hold and somebody read
MAX_PANELS = 40  # that a board opens with
MAX_VALUES = 10  # that a label may have to be told apart by it
PLACE_LABELS = ("handler", "route", "http_route", "endpoint", "path", "uri")

GAUGE_UNITS = {"seconds": "s", "bytes": "bytes", "ratio": "percentunit"}
RATE_UNITS = {"bytes": "Bps", "seconds": "percentunit"}


def sentence(text):
    text = " ".join(text.split()) or "It has no help text."
    return text if text.endswith((".", "!", "?")) else text + "."


def title_of(family):
    words = family.name.removesuffix("_total").removesuffix("_info").removesuffix(f"_{family.unit}" if family.unit else "")
    words = words.replace("_", " ").replace(":", " ").strip()
    return words[:1].upper() + words[1:]


def grouping(family):
    """(labels that tell the lines of a panel apart, whether only the largest can be shown). Values that are the same on all
    series tell nothing."""
    told, lines = [], 1
    for name, values in sorted(family.labels.items(), key=lambda item: (item[1] is None, len(item[1] or ()))):
        if values is None:
            if not told:
                return [name], True
            continue
        if 1 < len(values) <= MAX_VALUES and lines * len(values) <= MAX_LINES and len(told) < 2:
            told.append(name)
            lines *= len(values)
    if told:
        return told, False
    many = [name for name, values in family.labels.items() if values and len(values) > 1]
    return (many[:1], True) if many else ([], False)


def legend(labels, otherwise):
    return " ".join(f"{{{{{label}}}}}" for label in labels) or otherwise


def share(unit):
    return {"soft_high": 1} if unit == "percentunit" else {}


def counter_panel(family):
    by, top = grouping(family)
    expression = rate(f"{family.name}{{APP}}", ", ".join(by))
    note = "Per second, of all instances together"
    if top:
        expression = f"topk({MAX_VALUES}, {expression})"
        note = f"Per second, the {MAX_VALUES} largest"
    if family.unit == "seconds":
        note = "Seconds in a second: 100 % is one thread all the time"
    unit = RATE_UNITS.get(family.unit, "ops")
    text = f"{sentence(family.help)} {note}: look for a rate that changed when the trouble began."
    return timeseries(title_of(family), text, [query(expression, legend(by, "all"))], unit, w=8, **share(unit))


def gauge_panel(family):
    by, top = grouping(family)
    # What instances have to do with each other a gauge does not say, so each has its own lines.
    labels = [*by, "instance"]
    expression = f"max by ({', '.join(labels)}) ({family.name}{{APP}})"
    title, note, low = title_of(family), "By instance: look for one that is unlike the others.", 0
    if family.is_moment:
        expression = f"time() - ({expression} > 0)"  # 0: it has not happened yet
        title = title.removesuffix(" timestamp") + ": age"
        note = "How long ago that is: where it should happen again and again, a line that only rises means that it no longer does."
    if top:
        expression = f"topk({MAX_VALUES}, {expression})"
    if family.is_moment or family.unit == "celsius":
        low = None  # it can lie ahead, or below
    unit = GAUGE_UNITS.get(family.unit, "short")
    text = f"{sentence(family.help)} {note}"
    return timeseries(title, text, [query(expression, legend(labels, ""))], unit, w=8, low=low, **share(unit))


def histogram_panel(family):
    series = f"{family.name}{{APP}}"
    queries = [query(quantile(q, series), f"p{int(q * 100)}") for q in (0.5, 0.95, 0.99)]
    text = f"{sentence(family.help)} Quantiles over all instances: when p99 leaves p50 behind, something is slow or large for a few."
    unit = GAUGE_UNITS.get(family.unit, "short")
    return timeseries(title_of(family), text, queries, unit, w=8, **share(unit))


def summary_panel(family):
    expression = ratio(rate(f"{family.name}_sum{{APP}}"), rate(f"{family.name}_count{{APP}}"))
    unit = GAUGE_UNITS.get(family.unit, "short")
    text = f"{sentence(family.help)} The mean, for quantiles of a summary cannot be put together over instances."
    return timeseries(title_of(family), text, [query(expression, "mean")], unit, w=8, **share(unit))


def info_panel(family):
    columns = {label: label for label in family.labels} | {"instance": "instance"}
    text = f"{sentence(family.help)} What each instance says of itself: they differ while a release goes out, and not after it."
    expression = f"max by ({', '.join(columns)}) ({family.name}{{APP}})"
    return table(title_of(family), text, [(expression, "{{instance}}")], "none", columns, w=8)


PANELS = {
    "counter": counter_panel, "gauge": gauge_panel, "histogram": histogram_panel, "summary": summary_panel, "info": info_panel,
}  # fmt: skip


def summary_row(source, requests):
    panels = [
        stat("Instances up", "Instances whose last scrape succeeded. 0: see whether the service runs, and whether its "
             "address in the job is right.", "sum(up{APP})", "none", decimals=0, thresholds=steps((None, RED), (1, GREEN)))
    ]  # fmt: skip
    if requests.counting:
        panels += [
            stat("Requests", "Requests per second. 0 while instances are up: clients cannot reach them, or there are none "
                 "at this hour.", requests.total(), "reqps", no_value="no traffic"),
            stat("Error ratio", "Share of requests answered with 5xx. Yellow from 1 %, red from 5 %: see which handler it is.",
                 ratio(requests.failed(), requests.total()), "percentunit", low=0, high=1, decimals=2, thresholds=rising(0.01, 0.05),
                 no_value="no traffic"),
        ]  # fmt: skip
    if requests.timing:
        panels.append(
            stat("p95", "95 % of requests are answered within this time. Long: see which handler it is, and what it waits for.",
                 quantile(0.95, f"{requests.timing.name}{{APP}}"), "s", low=0, no_value="no traffic")
        )  # fmt: skip
    if source.named("process_start_time_seconds"):
        panels.append(
            stat("Uptime", "How long the youngest instance has been running. Short without a release: it ended by itself, see its log.",
                 "time() - max(process_start_time_seconds{APP})", "dtdurations", decimals=0)
        )  # fmt: skip
    if source.named("process_resident_memory_bytes"):
        panels.append(
            stat("Memory", "Resident memory of the largest instance. A line that only rises is a leak, or a cache without bounds.",
                 "max(process_resident_memory_bytes{APP})", "bytes")
        )  # fmt: skip
    return row("Summary", *panels)


def requests_row(requests):
    panels = []
    if requests.counting:
        name, status = requests.counting.anchor, requests.status
        panels += [
            timeseries("Rate by status", "Requests per second by how they were answered. 5xx are the service's fault, 4xx mostly "
                       "its clients'.", [query(rate(f"{name}{{APP}}", status), f"{{{{{status}}}}}")], "reqps", w=8, stacked=True),
            timeseries("Share of 5xx", "Share of requests that failed. Compare with when the last release started.",
                       [query(ratio(requests.failed(), requests.total()), "5xx")], "percentunit", w=8, soft_high=0.05,
                       thresholds=rising(0.01, 0.05)),
        ]  # fmt: skip
    if requests.timing:
        series = f"{requests.timing.name}{{APP}}"
        panels.append(
            timeseries("Duration", "How long requests take. p99 alone is high: a few are slow; all three: all are.",
                       [query(quantile(q, series), f"p{int(q * 100)}") for q in (0.5, 0.95, 0.99)], "s", w=8)
        )  # fmt: skip
        place = next((label for label in PLACE_LABELS if label in requests.timing.labels), None)
        if place:
            panels.append(
                bars("Slowest", f"The {MAX_VALUES} largest p95. What stands here before anything is wrong is slow by nature.",
                     f"topk({MAX_VALUES}, {quantile(0.95, series, place)})", f"{{{{{place}}}}}", "s")
            )  # fmt: skip
        if requests.counting and place in requests.counting.labels:
            by_place = rate(f"{requests.counting.anchor}{{APP}}", place)
            panels.append(
                bars("Most requested", f"The {MAX_VALUES} that most requests go to. A new one among them is a new client, or a loop.",
                     f"topk({MAX_VALUES}, {by_place})", f"{{{{{place}}}}}", "reqps")
            )  # fmt: skip
    return row("Requests", *panels) if panels else None


def subject_rows(families):
    """A row for each first word that several names share, one for all others."""
    words = {}
    for family in families:
        words.setdefault(family.name.partition("_")[0], []).append(family)
    rows = [row(word.capitalize(), *map(panel_of, group)) for word, group in words.items() if len(group) > 1]
    others = [family for group in words.values() if len(group) == 1 for family in group]
    if others:
        rows.append(row("Others" if rows else "Metrics", *map(panel_of, others)))
    return rows


def panel_of(family):
    return PANELS[family.type](family)


def with_unique_titles(rows):
    """Two metrics may read alike; the second one then has its place in the order behind it."""
    met = {}
    for one in rows:
        for panel in one["panels"]:
            met[panel["title"]] = met.get(panel["title"], 0) + 1
            if met[panel["title"]] > 1:
                panel["title"] += f" ({met[panel['title']]})"
    return rows


def make(source, uid, title, job):
    """The board as Grafana reads it."""
    requests = Requests(source)
    counted = requests.counting if requests.counting and requests.counting.type == "counter" else None
    taken = {f.name for f in (counted, requests.timing) if f}  # what else tells how many there were has a panel of its own
    rest = [f for f in source.families if f.name not in taken]
    process = [f for f in rest if f.name.startswith("process_") and f.name != "process_start_time_seconds"]
    own = [f for f in rest if f.name.startswith("flowviz_metrics_")]
    subjects = [f for f in rest if not f.name.startswith(("process_", "flowviz_metrics_"))]
    about = subject_rows(subjects)
    rows = [summary_row(source, requests), requests_row(requests), *about]
    if process:
        rows.append(row("Process", *map(panel_of, process)))
    if own:
        rows.append(row("What the metrics library says of itself", *map(panel_of, own), collapsed=True))
    rows = with_unique_titles([one for one in rows if one])
    if sum(len(one["panels"]) for one in rows if not one["collapsed"]) > MAX_PANELS:
        for one in about:
            one["collapsed"] = True
    anchor = (requests.counting or (subjects or source.families)[0]).anchor
    variables = [
        label_variable("job", "Job", "Services that have these metrics, by the job that scrapes them.",
                       f"label_values({anchor}, job)", all_value=None, chosen=job),  # other jobs may have such metrics, too
        label_variable("instance", "Instance", "Instances of the service.", f'label_values({anchor}{{job=~"$job"}}, instance)'),
    ]  # fmt: skip
    text = f"What {job} reports about itself: its requests, each of its metrics, its process."
    with_starts = source.named("process_start_time_seconds") is not None
    return board(uid, title, text, variables, rows, runbooks=False, starts=with_starts)


def count(made):
    """How many panels a board has."""
    return sum(len(one["panels"]) if one["type"] == "row" else 1 for one in made["panels"])
