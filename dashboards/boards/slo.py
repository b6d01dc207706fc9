# SPDX-License-Identifier: MIT
"""The service level objectives: how much of each budget is left, how fast it goes, and when it will be gone.

A burn rate is the share of bad requests by the share that the objective allows: at 1 a budget lasts exactly its 30 days. An
alert needs both of its windows above its factor: the long one says that it matters, the short one that it is not over.
"""

from parts import app_variables, bars, board, falling, query, ratio, rising, row, stat, timeseries

DAYS = 30


def bad_ratio(good_bound, window):
    """Share of bad requests in a window: 5xx, or slower than the bound."""
    if good_bound is None:
        return ratio(
            f'sum(rate(http_requests_total{{APP,status="5xx"}}[{window}]))',
            f"sum(rate(http_requests_total{{APP}}[{window}]))",
        )
    good = ratio(
        f'sum(rate(http_request_duration_seconds_bucket{{APP,le="{good_bound}"}}[{window}]))',
        f"sum(rate(http_request_duration_seconds_count{{APP}}[{window}]))",
    )
    return f"1 - {good}"


def objective(name, promise, bad, good_bound, budget, factors, alert):
    """The row of one objective. `factors`: (long window, short window, factor) of its alerts."""

    def burn(window):
        return f"({bad_ratio(good_bound, window)}) / {budget}"

    left = f"1 - {burn(f'{DAYS}d')}"
    highest = max(factor for _, _, factor in factors)
    lowest = min(factor for _, _, factor in factors)
    colors = rising(lowest if lowest < highest else None, highest)
    windows = sorted({window for pair in factors for window in pair[:2]}, key=seconds)
    pairs = "; ".join(f"{long} and {short} above {factor:g}" for long, short, factor in factors)
    return row(
        f"{name}: {promise}",
        stat(
            f"{name}: budget left",
            f"What is left of the {budget * 100:g} % of requests that may {bad} within {DAYS}d. Below 0 % the objective is "
            "missed; below 25 % put risky changes off.",
            left, "percentunit", w=6, low=-1, high=1, decimals=1, thresholds=falling(0, 0.25), range_query=False,
            no_value="no traffic", runbooks=[alert],
        ),
        stat(
            f"{name}: burn now",
            f"How many times as fast as it may be the budget went during the last 1h. At 1 it lasts {DAYS} days, at "
            f"{highest:g} an alert comes if it goes on.",
            burn("1h"), "none", w=6, low=0, decimals=2, thresholds=colors, no_value="no traffic",
            runbooks=[alert], to="api",
        ),
        stat(
            f"{name}: gone in",
            f"When the budget will be used up if requests go on to {bad} as during the last 6h, of the {DAYS}d. It is 0 where the budget is "
            "gone, and without a value where nothing burns.",
            f"clamp_min({left}, 0) * {DAYS * 86400} / ({burn('6h')} > 0)",
            "dtdurations", w=6, low=0, thresholds=falling(86400, 7 * 86400), range_query=False, no_value="not burning",
        ),
        stat(
            f"{name}: bad requests",
            f"Share of requests that {bad} over the range of the board; the objective allows {budget * 100:g} %.",
            bad_ratio(good_bound, "$__range"), "percentunit", w=6, low=0, high=1, decimals=3,
            thresholds=rising(None, budget), range_query=False, no_value="no traffic",
        ),
        timeseries(
            f"{name}: burn by window",
            f"The burn in all windows of the alerts: {', '.join(windows)}. An alert needs both of a pair: {pairs}. A short "
            "window above its factor alone is a spike that passes; the API board shows the handlers.",
            [query(burn(window), window) for window in windows],
            "none", w=16, h=9, thresholds=colors, no_value="no traffic", runbooks=[alert], to="api",
        ),
        bars(
            f"{name}: long windows against their factors",
            f"The burn in the long window of each alert as a share of its factor; at 100 % half of the condition is met: {pairs}.",
            " or ".join(
                f'label_replace(({burn(long)}) / {factor:g}, "window", "{long}", "", "")' for long, _, factor in factors
            ),
            "{{window}}", "percentunit", w=8, h=9, high=1, decimals=1, thresholds=rising(0.5, 1), no_value="no traffic",
        ),
    )  # fmt: skip


def seconds(window):
    return int(window[:-1]) * {"m": 60, "h": 3600, "d": 86400}[window[-1]]


ALL_WINDOWS = [("1h", "5m", 14.4), ("6h", "30m", 6), ("1d", "2h", 3), ("3d", "6h", 1)]
# Of a budget of 50 % no more than twice as much can be used as there is, and of 5 % twenty times: factors that can be reached.
MEDIAN_WINDOWS = [("1h", "5m", 1), ("6h", "30m", 1), ("1d", "2h", 1), ("3d", "6h", 1)]

BOARD = board(
    "slo",
    "FlowViz SLO",
    "Service level objectives over 30 days. Read a row from the left: what is left, how fast it goes, when it is "
    "gone. Long windows need as much history as they are long.",
    app_variables(),
    [
        objective("Availability", "99.9 % of requests do not fail", "fail (5xx)", None, 0.001, ALL_WINDOWS, "HttpErrorBudgetBurn"),
        objective("p99", "99 % within 200 ms", "take longer than 200 ms", "0.2", 0.01, ALL_WINDOWS, "HttpLatencyBudgetBurn"),
        objective("p95", "95 % within 100 ms", "take longer than 100 ms", "0.1", 0.05, ALL_WINDOWS, "HttpLatencyBudgetBurn"),
        objective("p50", "half within 50 ms", "take longer than 50 ms", "0.05", 0.5, MEDIAN_WINDOWS, "HttpLatencyBudgetBurn"),
    ],
    links=[("Overview", "overview"), ("API", "api")],
    range_from="now-24h",
)
