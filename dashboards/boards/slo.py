# SPDX-License-Identifier: MIT
"""The service level objectives: how much of each budget is left, how fast it goes, and when it will be gone.

A burn rate is the share of bad requests by the share that the objective allows: at 1 a budget lasts exactly its 30 days.
An alert needs both of its windows above its factor: the long one says that it matters, the short one that it is not over.

Here, and on no other board but the overview, panels read what recording rules wrote (alerts/slo.rules.yml): to add up days
of samples every half minute for everybody who looks would be too much for any Prometheus.
"""

import objectives as o
from parts import bars, board, falling, job_variable, query, ratio, rising, row, stat, timeseries


def bad_ratio(slo, window):
    """Share of bad requests in a window: 5xx, or slower than the bound."""
    if not o.is_latency(slo):
        return ratio(
            f'(sum by (job) (rate(http_requests_total{{JOB,status=~"5.."}}[{window}]))'
            f" or 0 * sum by (job) (rate(http_requests_total{{JOB}}[{window}])))",
            f"sum by (job) (rate(http_requests_total{{JOB}}[{window}]))",
        )
    good = ratio(
        f'sum by (job) (rate(http_request_duration_seconds_bucket{{JOB,le="{o.bound(slo)}"}}[{window}]))',
        f"sum by (job) (rate(http_request_duration_seconds_count{{JOB}}[{window}]))",
    )
    return f"1 - {good}"


def objective(slo):
    """The row of one objective."""
    name, allowed = o.OBJECTIVES[slo]["name"], o.percent(o.budget(slo))
    bad = f"take longer than {o.bound_ms(slo)}" if o.is_latency(slo) else "fail (5xx)"
    promise = f"within {o.bound_ms(slo)}" if o.is_latency(slo) else "of requests do not fail"
    alert = "HttpLatencyBudgetBurn" if o.is_latency(slo) else "HttpErrorBudgetBurn"

    def burn(window):
        return f'job_slo:burn_rate:rate{window}{{JOB,slo="{slo}"}}'

    left = f'job_slo:error_budget_left:ratio{o.DAYS}d{{JOB,slo="{slo}"}}'
    factors = [factor for _, _, factor in o.pairs(slo)]
    colors = rising(min(factors) if min(factors) < max(factors) else None, max(factors))
    pairs = "; ".join(f"{long} and {short} above {factor:g}" for long, short, factor in o.pairs(slo))
    windows = [(window, factor) for long, short, factor in o.pairs(slo) for window in (long, short)]
    return row(
        f"{name}: {o.promised(slo)} % {promise}",
        stat(
            f"{name}: objective",
            f"The share of requests that is promised to be good over {o.DAYS} days: not to {bad}. It stands in alerts/objectives.json.",
            f'slo:objective:ratio{{slo="{slo}"}}', "percentunit", w=4, low=0, high=1, decimals=1, no_value="no rules",
        ),
        stat(
            f"{name}: budget left",
            f"What is left of the {allowed} % of requests that may {bad} within {o.DAYS} days. Below 0 % the objective is "
            "missed; below 25 % put risky changes off.",
            left, "percentunit", w=5, legend="{{job}}", low=-1, high=1, decimals=1, thresholds=falling(0, 0.25),
            no_value="no traffic", to="api",
        ),
        stat(
            f"{name}: burn now",
            "How many times as fast as it may be the budget went during the last hour. At 1 it lasts "
            f"{o.DAYS} days, at {max(factors):g} an alert comes if it goes on.",
            burn("1h"), "none", w=5, legend="{{job}}", low=0, decimals=2, thresholds=colors, no_value="no traffic",
            runbooks=[alert], to="api",
        ),
        stat(
            f"{name}: gone in",
            f"When the budget will be used up if requests go on to {bad} as during the last six hours. It is 0 where the "
            "budget is gone, and without a value where nothing burns.",
            f"clamp_min({left}, 0) * {o.DAYS * 86400} / ({burn('6h')} > 0)",
            "dtdurations", w=5, legend="{{job}}", low=0, thresholds=falling(86400, 7 * 86400),
            no_value="not burning",
        ),
        stat(
            f"{name}: bad requests",
            f"Share of requests that {bad} over the range of the board; the objective allows {allowed} %.",
            bad_ratio(slo, "$__range"), "percentunit", w=5, legend="{{job}}", low=0, high=1, decimals=3,
            thresholds=rising(None, o.budget(slo)), no_value="no traffic",
        ),
        timeseries(
            f"{name}: burn, short windows",
            f"The burn in the short windows of the alerts: what goes on now. An alert needs both of a pair: {pairs}. A short window "
            "above its factor alone is a spike that passes; the API board shows the handlers.",
            [query(burn(short), f"{short} {{{{job}}}}") for _, short, _ in o.pairs(slo)],
            "none", w=8, h=9, thresholds=colors, no_value="no traffic", runbooks=[alert], to="api",
        ),
        timeseries(
            f"{name}: burn, long windows",
            f"The burn in the long windows of the alerts: whether it matters. An alert needs both of a pair: {pairs}. A long window "
            "above its factor alone is trouble that is over.",
            [query(burn(long), f"{long} {{{{job}}}}") for long, _, _ in o.pairs(slo)],
            "none", w=8, h=9, thresholds=colors, no_value="no traffic", runbooks=[alert], to="api",
        ),
        bars(
            f"{name}: windows against their factors",
            "The burn in each window as a share of the factor of its alert. Where both windows of a pair are at 100 % the condition "
            f"is met: {pairs}.",
            " or ".join(f'label_replace({burn(window)} / {factor:g}, "window", "{window} of {factor:g}", "", "")' for window, factor in windows),
            "{{window}} {{job}}", "percentunit", w=8, h=9, high=1, decimals=1, thresholds=rising(0.5, 1),
            no_value="no traffic",
        ),
    )  # fmt: skip


BOARD = board(
    "slo",
    "FlowViz SLO",
    f"Service level objectives over {o.DAYS} days, of all instances of a service together. Read a row from the left: what is "
    "left, how fast it goes, when it is gone. It needs the recording rules of alerts/slo.rules.yml.",
    [job_variable()],
    [objective(slo) for slo in ("availability", *sorted((slo for slo in o.OBJECTIVES if o.is_latency(slo)), reverse=True))],
    links=[("Overview", "overview"), ("API", "api")],
    range_from="now-24h",
)
