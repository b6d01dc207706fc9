#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Writes what is said once and stands in many places:

- slo.rules.yml and slo_alerts.rules.yml from objectives.json: an objective stands in eight windows, two alerts and on two boards;
- where all alerts' links lead, in *.rules.yml and their tests, from links.json;
- the table of alerts in docs/observability.md, from the rules.

The files are in the tree as they are written, because they are what Prometheus reads and what other teams copy.

    alerts/build.py            writes the files
    alerts/build.py --check    says which ones would change, and ends with status 1 if any would
"""

import argparse
import json
import pathlib
import re
import sys

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent
DOCS = ROOT / "docs" / "observability.md"
sys.path.insert(0, str(HERE))
import objectives as o

RARELY_S = 86400  # windows from here on need not be added up every few seconds

RULES = """\
# Objectives over {days} days, and how fast their error budgets burn. alerts/build.py writes this file from objectives.json.
#
# The ratios of all windows are recorded, so boards and alerts read the same numbers. Objectives are written as budgets:
# 0.001 is a number, 1 - 0.999 is nearly one.
#
# Thresholds of latencies are bounds of the buckets of http_request_duration_seconds, and below 1: Prometheus 3 writes le="1.0"
# where others write le="1". Who gives the histogram other bounds has to keep these, or there is no ratio.

groups:
  - name: slo_objectives
    rules:
{budgets}
      - record: slo:objective:ratio
        expr: 1 - slo:error_budget:ratio

  - name: slo_windows
    rules:
{short_windows}
  # Days need not be added up every few seconds. Two minutes, and not five: a series is taken for gone five minutes after its
  # last value.
  - name: slo_long_windows
    interval: 2m
    rules:
{long_windows}
      # What is left of {days} days' budget: 1 is all of it, below 0 the objective is missed.
      - record: job_slo:error_budget_left:ratio{days}d
        expr: |
          1
          - sum_over_time(job_slo:failed_requests:rate5m[{days}d])
          / on (job) group_left () (sum_over_time(job:http_requests:rate5m[{days}d]) > 0)
          / on (slo) group_left () slo:error_budget:ratio
"""

BUDGET = """\
      # {promise}
      - record: slo:error_budget:ratio
        labels:
          slo: {slo}
        expr: vector({budget:g})
"""

FAILED = """\
      - record: job_slo:error_ratio:rate{window}
        labels:
          slo: {slo}
        expr: |
          (
            sum by (job) (rate(http_requests_total{{status=~"5.."}}[{window}]))
            or
            0 * sum by (job) (rate(http_requests_total[{window}]))
          )
          / (sum by (job) (rate(http_requests_total[{window}])) > 0)
"""

SLOW = """\
      - record: job_slo:error_ratio:rate{window}
        labels:
          slo: {slo}
        expr: |
          1
          - sum by (job) (rate(http_request_duration_seconds_bucket{{le="{bound}"}}[{window}]))
          / (sum by (job) (rate(http_request_duration_seconds_count[{window}])) > 0)
"""

BURN = """\
      - record: job_slo:burn_rate:rate{window}
        expr: job_slo:error_ratio:rate{window} / on (slo) group_left () slo:error_budget:ratio
"""

FAILED_REQUESTS = """\
      # Weighted with the requests: an hour at night is not worth one by day. Here, and not among the long windows, for samples of
      # this are added up against those of all requests: a series that is recorded an eighth as often is an eighth of the sum.
      - record: job_slo:failed_requests:rate5m
        expr: job_slo:error_ratio:rate5m * on (job) group_left () job:http_requests:rate5m
"""

ALERTS = """\
# Alerts on the error budgets of slo.rules.yml. alerts/build.py writes this file from objectives.json.
#
# A long window says that it matters, a short one that it goes on: both have to burn, and the alert ends soon after the trouble
# does. What is gone of the budget when a factor is reached: {factors}.
# The median has half of all requests for a budget and cannot burn faster than 2, so its factor is 1, and as it is never burnt
# quickly it wakes nobody. A hundred requests in the hour, for of a few requests one is a multiple of a budget.

groups:
  - name: slo_alerts
    rules:
{alerts}"""

ALERT = """\
      - alert: {alert}
        expr: |
{expression}
          and on (job) job:http_requests:increase1h >= 100
        for: {hold}
        labels:
          severity: {severity}
          board: slo
          long_window: {long}
          short_window: {short}
        annotations:
          summary: {kind} requests use up the error budget too fast.
          description: "Over the last {long} {{{{ $labels.job }}}} burnt its budget of {words} {{{{ $value | humanize }}}} times as fast as the objective allows."
          runbook_url: alerts/runbooks/{alert}.md
          dashboard_url: http://127.0.0.1:3001/d/slo
"""


def promise(slo):
    if not o.is_latency(slo):
        return f"{o.promised(slo)} % of the requests are not answered with 5xx."
    return f"{o.promised(slo)} % of the requests take at most {o.bound(slo)} s."


def window(length):
    rules = []
    for slo in o.OBJECTIVES:
        rules.append(SLOW.format(window=length, slo=slo, bound=o.bound(slo)) if o.is_latency(slo) else FAILED.format(window=length, slo=slo))
    return "\n".join([*rules, BURN.format(window=length), *([FAILED_REQUESTS] if length == "5m" else [])])


def rules():
    return RULES.format(
        days=o.DAYS,
        budgets="\n".join(BUDGET.format(slo=slo, promise=promise(slo), budget=o.budget(slo)) for slo in o.OBJECTIVES),
        short_windows="\n".join(window(one) for one in o.WINDOWS if o.seconds(one) < RARELY_S),
        long_windows="\n".join(window(one) for one in o.WINDOWS if o.seconds(one) >= RARELY_S),
    )


def matcher(objectives):
    """Objectives as one matcher, for they share a condition."""
    if len(objectives) == 1:
        return f'slo="{objectives[0]}"'
    if objectives == [slo for slo in o.OBJECTIVES if o.is_latency(slo)]:
        return 'slo=~"latency_.+"'
    names = [slo.removeprefix("latency_p") for slo in objectives]
    return f'slo=~"latency_p({"|".join(names)})"'


def burning(alert, objectives, factor):
    return [f"job_slo:burn_rate:rate{alert['long']}{{{matcher(objectives)}}} > {factor:g}", f"and job_slo:burn_rate:rate{alert['short']} > {factor:g}"]


def expression(alert, objectives):
    """Objectives with the same factor have one condition; those of several factors are put together by `or`."""
    by_factor = {}
    for slo in objectives:
        if (factor := o.factor(slo, alert)) is not None:
            by_factor.setdefault(factor, []).append(slo)
    parts = [burning(alert, some, factor) for factor, some in sorted(by_factor.items(), reverse=True)]
    if len(parts) == 1:
        return parts[0]
    lines = [line for part in parts for line in ("or", *part)][1:]
    return ["(", *(f"  {line}" for line in lines), ")"]


def alerts():
    latencies = [slo for slo in o.OBJECTIVES if o.is_latency(slo)]
    others = [slo for slo in o.OBJECTIVES if not o.is_latency(slo)]
    kinds = (("HttpErrorBudgetBurn", "Failing", "failing requests", others),
             ("HttpLatencyBudgetBurn", "Slow", "slow requests ({{ $labels.slo }})", latencies))  # fmt: skip
    written = [
        ALERT.format(
            alert=name, kind=kind, words=words, long=one["long"], short=one["short"], hold=one["for"], severity=one["severity"],
            expression="\n".join(" " * 10 + line for line in expression(one, objectives)),
        )
        for name, kind, words, objectives in kinds
        for one in o.ALERTS
    ]  # fmt: skip
    return ALERTS.format(factors=", ".join(factor_words(one) for one in o.ALERTS), alerts="\n".join(written))


def factor_words(alert):
    """How much of the budget is gone when an alert comes that was just reached."""
    share = alert["factor"] * o.seconds(alert["long"]) / (o.DAYS * 86400)
    return f"{o.percent(share)} % in {alert['long']} at {alert['factor']:g}"


def linked(text):
    """Rules or their tests, with links that lead where links.json says."""
    links = json.loads((HERE / "links.json").read_text(encoding="utf-8"))
    text = re.sub(r'(runbook_url: "?)[^\s"]*?(\w+\.md)', lambda found: f"{found[1]}{links['runbooks']}/{found[2]}", text)
    return re.sub(r'(dashboard_url: "?)[^\s"]*?(/d/\w+)', lambda found: f"{found[1]}{links['boards']}{found[2]}", text)


def table(texts):
    """The alerts of files of rules, a line for each name, as Markdown."""
    lines = ["| alert | severity | held for | what it says |", "|---|---|---|---|"]
    seen = {}
    for text in texts:
        for name, body in re.findall(r"^      - alert: (\w+)\n(.*?)(?=^      - |\Z)", text, re.M | re.S):
            one = seen.setdefault(name, {"severity": [], "for": [], "summary": []})
            severity = re.search(r"severity: (\w+)", body)
            one["severity"].append(severity[1] if severity else "as asked")
            one["for"].append(re.search(r"for: (\w+)", body)[1])
            one["summary"].append(re.search(r"summary: (.*)", body)[1].strip('"').rstrip("."))
    for name in sorted(seen):
        one = {key: (". " if key == "summary" else ", ").join(dict.fromkeys(value)) for key, value in seen[name].items()}
        lines.append(f"| [{name}](../alerts/runbooks/{name}.md) | {one['severity']} | {one['for']} | {one['summary']}. |")
    return "\n".join(lines) + "\n"


def written():
    """The text of each file that is written, by its path."""
    made = {HERE / "slo.rules.yml": rules(), HERE / "slo_alerts.rules.yml": alerts()}
    found = [path for pattern in ("*.rules.yml", "tests/*.test.yml") for path in sorted(HERE.glob(pattern))]
    texts = {path: linked(made.get(path) or path.read_text(encoding="utf-8")) for path in found}
    before, begin, rest = DOCS.read_text(encoding="utf-8").partition("<!-- alerts -->\n")
    _, end, after = rest.partition("<!-- /alerts -->\n")
    of_rules = [text for path, text in texts.items() if path.parent == HERE]
    return {**texts, DOCS: before + begin + table(of_rules) + end + after}


def differences():
    """The files that would change, and what to."""
    return {path: text for path, text in written().items() if path.read_text(encoding="utf-8") != text}


def main():
    parser = argparse.ArgumentParser(description="Writes the rules of the objectives, the alerts' links and their table.")
    parser.add_argument("--check", action="store_true", help="only say which files would change")
    changed = differences()
    check = parser.parse_args().check
    for path, text in changed.items():
        if check:
            print(f"{path.relative_to(ROOT)} is not what alerts/build.py writes")
        else:
            path.write_text(text, encoding="utf-8")
    if check:
        return 1 if changed else 0
    print(f"{len(changed)} files changed")
    return 0


if __name__ == "__main__":
    sys.exit(main())
