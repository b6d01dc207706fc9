# SPDX-License-Identifier: MIT
"""The objectives and the alerts on their budgets as objectives.json has them, for the rules (build.py) and for the boards
(dashboards/boards/): written once, and worked out here."""

import json
import pathlib
import re

_READ = json.loads((pathlib.Path(__file__).with_name("objectives.json")).read_text(encoding="utf-8"))

DAYS = _READ["days"]
OBJECTIVES = {one["slo"]: one for one in _READ["objectives"]}
ALERTS = _READ["alerts"]


def is_latency(slo):
    return "bound_s" in OBJECTIVES[slo]


def budget(slo):
    return OBJECTIVES[slo]["budget"]


def percent(share):
    """0.001 as `0.1`, and 1 - 0.001 as `99.9`."""
    return f"{round(share * 100, 6):g}"


def promised(slo):
    """The share of requests that is promised to be good, as text."""
    return percent(1 - budget(slo))


def bound(slo):
    """`le` of the slowest request that is good, as every Prometheus writes it: below 1."""
    return f"{OBJECTIVES[slo]['bound_s']:g}"


def bound_ms(slo):
    return f"{OBJECTIVES[slo]['bound_s'] * 1000:g} ms"


def factor(slo, alert):
    """How many times too fast a budget has to burn for an alert, or None. A budget b cannot burn faster than 1 / b: where a factor
    cannot be reached by far, an alert that is only a warning has 1 instead, and one that wakes people is none."""
    if alert["factor"] < 1 / budget(slo):
        return alert["factor"]
    return 1 if alert["severity"] == "warning" else None


def pairs(slo):
    """(long window, short window, factor) of an objective's alerts."""
    return [(one["long"], one["short"], factor(slo, one)) for one in ALERTS if factor(slo, one) is not None]


def seconds(window):
    number, unit = re.fullmatch(r"(\d+)([mhd])", window).groups()
    return int(number) * {"m": 60, "h": 3600, "d": 86400}[unit]


WINDOWS = sorted({one[side] for one in ALERTS for side in ("long", "short")}, key=seconds)
