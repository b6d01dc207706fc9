# SPDX-License-Identifier: MIT
"""The first board to open: is anything wrong, since when, and which board says why."""

import objectives as o
from parts import (
    CORES, GREEN, ORANGE, POOL_STATES, QUANTILES, RED, STATUS_CLASSES, app_variables, board, falling, quantile, query, rate, rising,
    row, share_answered, stat, steps, table, timeseries, up_or_down, words,
)  # fmt: skip

BOARD = board(
    "overview",
    "FlowViz overview",
    "Whether anything is wrong now, and where to look. Read it from the top: what is up and what is firing, then "
    "rate, errors and latency, then resources.",
    app_variables(),
    [
        row(
            "Now",
            stat(
                "Up",
                "Whether the last scrape of every instance worked, for every job, the exporters' as well. DOWN: one "
                "instance at least cannot be scraped; look at its log and at whether its metrics listener answers.",
                "min by (job) (up)",
                "none", w=9, legend="{{job}}", mappings=up_or_down(), thresholds=steps((None, RED), (1, GREEN)),
                no_value="no target", runbooks=["AppDown", "AppInstancesMissing", "AppAbsent", "AppMetricsMissing"], to="meta",
            ),
            stat(
                "Firing alerts",
                "Alerts that fire now, the Watchdog aside. Not 0: the table at the end of this board names them.",
                'count(ALERTS{alertstate="firing",alertname!="Watchdog"}) or vector(0)',
                "none", w=3, thresholds=steps((None, GREEN), (1, RED)), decimals=0,
                runbooks=["TestAlert"],
            ),
            stat(
                "Error budget left",
                f"What is left of the {o.percent(o.budget('availability'))} % of requests that may fail within {o.DAYS} days "
                f"(SLO {o.promised('availability')} %). Below 0 % the SLO "
                "is missed: stop risky releases, and see the SLO board for how fast it goes.",
                f'job_slo:error_budget_left:ratio{o.DAYS}d{{JOB,slo="availability"}}',
                "percentunit", w=4, legend="{{job}}", low=-1, high=1, decimals=1, thresholds=falling(0, 0.25),
                no_value="no traffic", to="slo",
            ),
            stat(
                "Latency budget left",
                f"What is left of the {o.percent(o.budget('latency_p99'))} % of requests that may take longer than "
                f"{o.bound_ms('latency_p99')} within {o.DAYS} days (SLO p99 < {o.bound_ms('latency_p99')}). Below 0 % the SLO is "
                "missed; the API board shows which handlers are slow.",
                f'job_slo:error_budget_left:ratio{o.DAYS}d{{JOB,slo="latency_p99"}}',
                "percentunit", w=4, legend="{{job}}", low=-1, high=1, decimals=1, thresholds=falling(0, 0.25),
                no_value="no traffic", to="slo",
            ),
            stat(
                "Uptime",
                "How long the instance that started last has been running. Short and nobody released: it crashed or "
                "was killed; look at its log and at memory below.",
                "time() - max(process_start_time_seconds{APP})",
                "dtdurations", w=4, decimals=0, no_value="no process",
            ),
        ),
        row(
            "Rate, errors, duration",
            timeseries(
                "Requests by status",
                "Requests per second by class of status. A fall to zero while the service is up: clients cannot reach "
                "it. A rise of 4xx: one client has changed; of 5xx: the service or its database is failing.",
                [query(rate("http_requests_total{APP}", "status"), "{{status}}")],
                "reqps", w=8, stacked=True, colors=STATUS_CLASSES, to="api",
            ),
            timeseries(
                "Error ratio",
                "Share of requests that the service answered with 5xx. The dashed lines are where alerts begin, 1 % "
                "and 5 %. Above them open the API board, which shows the handler, and the database board.",
                [query(share_answered("http_requests_total{APP}", "5xx"), "5xx")],
                "percentunit", w=8, soft_high=0.06, thresholds=rising(0.01, 0.05), colors=STATUS_CLASSES, no_value="no traffic",
                runbooks=["HttpErrorRatioHigh", "HttpErrorRatioCritical"], to="api",
            ),
            timeseries(
                "Latency",
                "Quantiles over all requests. p99 up and p50 not: some handlers or a full pool; all up: the database "
                "or the machine. The dashed lines are 500 ms and 1 s.",
                [
                    query(quantile(0.5, "http_request_duration_seconds{APP}"), "p50"),
                    query(quantile(0.95, "http_request_duration_seconds{APP}"), "p95"),
                    query(quantile(0.99, "http_request_duration_seconds{APP}"), "p99"),
                ],
                "s", w=8, thresholds=rising(0.5, 1), colors=QUANTILES, no_value="no traffic", to="api",
            ),
        ),
        row(
            "Resources",
            timeseries(
                "Database connections",
                "Connections of the pools by state, with the most that all pools together may have. At the limit "
                "requests wait: see the database board for how long, and for which statements hold connections.",
                [
                    query("sum by (state) (db_pool_connections{APP})", "{{state}}"),
                    query("sum(db_pool_connections_max{APP})", "limit"),
                ],
                "short", w=6, colors=POOL_STATES, runbooks=["AppDbPoolSaturated"], to="database",
            ),
            timeseries(
                "CPU",
                "Cores that each instance keeps busy. Near the number of cores of its machine: too much traffic for "
                "it, or a loop; compare with the rate of requests.",
                [query("rate(process_cpu_seconds_total{APP}[$__rate_interval])", "{{instance}}")],
                CORES, w=6, to="infrastructure",
            ),
            timeseries(
                "Resident memory",
                "Memory of each instance. A steady rise over days that traffic does not explain is a leak; a restart "
                "buys time. A line that rises, ends and begins anew: it is killed each time.",
                [query("process_resident_memory_bytes{APP}", "{{instance}}")],
                "bytes", w=6, runbooks=["AppRestarting"], to="infrastructure",
            ),
            timeseries(
                "File descriptors in use",
                "Share of the file descriptors that each instance may open. Each of its two listeners takes a little less than half: "
                "raise the limit (nofile), and look for connections that nobody closes.",
                [query("process_open_fds{APP} / process_max_fds{APP}", "{{instance}}")],
                "percentunit", w=6, high=1, thresholds=rising(0.4, 0.8), runbooks=["AppDescriptorsNearLimit"], to="infrastructure",
            ),
        ),
        row(
            "Alerts",
            table(
                "Firing now",
                "Every alert that fires now, the Watchdog aside. Empty is good. Each alert has a runbook of its name.",
                [('ALERTS{alertstate="firing",alertname!="Watchdog"}', "{{alertname}}")],
                "none",
                {"alertname": "Alert", "severity": "Severity", "job": "Job", "instance": "Instance"},
                w=24, h=7, no_value="none", data_link=("Runbook", "${runbooks}/${__data.fields.Alert:percentencode}.md"),
                column_maps={"severity": words(("critical", "critical", RED), ("warning", "warning", ORANGE))},
            ),
        ),
    ],
    links=[
        ("API", "api"), ("SLO", "slo"), ("Database", "database"), ("PgBouncer", "pgbouncer"), ("Warehouse", "warehouse"),
        ("Workflow", "workflow"), ("Quality", "quality"), ("Infrastructure", "infrastructure"), ("Monitoring", "meta"),
    ],
)  # fmt: skip
