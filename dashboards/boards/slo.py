# SPDX-License-Identifier: MIT
"""The service level objectives: how much of each budget is left, how fast it goes, and when it will be gone.

A burn rate is the share of bad requests by the share that the objective allows: at 1 a budget lasts exactly its 30 days.
An alert needs both of its windows above its factor: the long one says that it matters, the short one that it is not over.

Here, and on no other board but the overview, panels read what recording rules wrote (alerts/slo.rules.yml): to add up days
of samples every half minute for everybody who looks would be too much for any Prometheus.
"""

from parts import bars, board, falling, job_variable, query, ratio, rising, row, stat, timeseries

DAYS = 30


def bad_ratio(good_bound, window):
    """Share of bad requests in a window: 5xx, or slower than the bound."""
    if good_bound is None:
        return ratio(
            f'sum by (job) (rate(http_requests_total{{JOB,status="5xx"}}[{window}]))',
            f"sum by (job) (rate(http_requests_total{{JOB}}[{window}]))",
        )
    good = ratio(
        f'sum by (job) (rate(http_request_duration_seconds_bucket{{JOB,le="{good_bound}"}}[{window}]))',
        f"sum by (job) (rate(http_request_duration_seconds_count{{JOB}}[{window}]))",
    )
    return f"1 - {good}"


def objective(name, slo, promise, bad, good_bound, budget, factors, alert):
    """The row of one objective. `factors`: (long window, short window, factor) of its alerts."""

    def burn(window):
        return f'job_slo:burn_rate:rate{window}{{JOB,slo="{slo}"}}'

    left = f'job_slo:error_budget_left:ratio30d{{JOB,slo="{slo}"}}'
    highest = max(factor for _, _, factor in factors)
    lowest = min(factor for _, _, factor in factors)
    colors = rising(lowest if lowest < highest else None, highest)
    pairs = "; ".join(f"{long} and {short} above {factor:g}" for long, short, factor in factors)
    return row(
        f"{name}: {promise}",
        stat(
            f"{name}: budget left",
            f"What is left of the {budget * 100:g} % of requests that may {bad} within {DAYS} days. Below 0 % the objective is "
            "missed; below 25 % put risky changes off.",
            left, "percentunit", w=6, legend="{{job}}", low=-1, high=1, decimals=1, thresholds=falling(0, 0.25),
            no_value="no traffic", runbooks=[alert],
        ),
        stat(
            f"{name}: burn now",
            "How many times as fast as it may be the budget went during the last hour. At 1 it lasts "
            f"{DAYS} days, at {highest:g} an alert comes if it goes on.",
            burn("1h"), "none", w=6, legend="{{job}}", low=0, decimals=2, thresholds=colors, no_value="no traffic",
            runbooks=[alert], to="api",
        ),
        stat(
            f"{name}: gone in",
            f"When the budget will be used up if requests go on to {bad} as during the last six hours. It is 0 where the "
            "budget is gone, and without a value where nothing burns.",
            f"clamp_min({left}, 0) * {DAYS * 86400} / ({burn('6h')} > 0)",
            "dtdurations", w=6, legend="{{job}}", low=0, thresholds=falling(86400, 7 * 86400), range_query=False,
            no_value="not burning",
        ),
        stat(
            f"{name}: bad requests",
            f"Share of requests that {bad} over the range of the board; the objective allows {budget * 100:g} %.",
            bad_ratio(good_bound, "$__range"), "percentunit", w=6, legend="{{job}}", low=0, high=1, decimals=3,
            thresholds=rising(None, budget), range_query=False, no_value="no traffic",
        ),
        timeseries(
            f"{name}: burn by window",
            f"The burn in all windows of the alerts. An alert needs both of a pair: {pairs}. A short window above its factor "
            "alone is a spike that passes; the API board shows the handlers.",
            [query(burn(window), f"{window} {{{{job}}}}") for window in ("5m", "30m", "1h", "2h", "6h", "1d", "3d")],
            "none", w=16, h=9, thresholds=colors, no_value="no traffic", runbooks=[alert], to="api",
        ),
        bars(
            f"{name}: long windows against their factors",
            "The burn in the long window of each alert as a share of its factor; at 100 % half of the condition is met: "
            f"{pairs}.",
            " or ".join(
                f'label_replace({burn(long)} / {factor:g}, "window", "{long}", "", "")' for long, _, factor in factors
            ),
            "{{window}} {{job}}", "percentunit", w=8, h=9, high=1, decimals=1, thresholds=rising(0.5, 1),
            no_value="no traffic",
        ),
    )  # fmt: skip


ALL_WINDOWS = [("1h", "5m", 14.4), ("6h", "30m", 6), ("1d", "2h", 3), ("3d", "6h", 1)]
# A budget of half of all requests cannot burn faster than 2: factors above that are never reached.
MEDIAN_WINDOWS = [("1d", "2h", 1), ("3d", "6h", 1)]
SLOW = "HttpLatencyBudgetBurn"

BOARD = board(
    "slo",
    "FlowViz SLO",
    "Service level objectives over 30 days, of all instances of a service together. Read a row from the left: what is "
    "left, how fast it goes, when it is gone. It needs the recording rules of alerts/slo.rules.yml.",
    [job_variable()],
    [
        objective(
            "Availability", "availability", "99.9 % of requests do not fail", "fail (5xx)", None, 0.001, ALL_WINDOWS,
            "HttpErrorBudgetBurn",
        ),
        objective("p99", "latency_p99", "99 % within 200 ms", "take longer than 200 ms", "0.2", 0.01, ALL_WINDOWS, SLOW),
        objective("p95", "latency_p95", "95 % within 100 ms", "take longer than 100 ms", "0.1", 0.05, ALL_WINDOWS, SLOW),
        objective("p50", "latency_p50", "half within 50 ms", "take longer than 50 ms", "0.05", 0.5, MEDIAN_WINDOWS, SLOW),
    ],
    links=[("Overview", "overview"), ("API", "api")],
    range_from="now-24h",
)  # fmt: skip
