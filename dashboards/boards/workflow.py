# SPDX-License-Identifier: MIT
"""Boss Workflow's fifteen panels, in corrected form, and what its alerts on outbound calls and notifications look at."""

from parts import (
    COUNT, ENDED_TASKS, ERROR_TYPES, OPERATIONS, POOL_STATES, QUANTILES, STATUS_CLASSES, TASKS, app_variables, board, falling, quantile, query, rate, ratio, rising, row, share_answered, stat,
    timeseries,
)  # fmt: skip

HITS = ratio(
    rate('cache_operations_total{APP,operation="get",result="hit"}'), rate('cache_operations_total{APP,operation="get"}')
)
ERRORS = share_answered("http_requests_total{APP}", "5xx")

BOARD = board(
    "workflow",
    "FlowViz workflow",
    "Background tasks, the cache, outbound requests and notifications, beside rate, errors and duration of the "
    "service.",
    app_variables(),
    [
        row(
            "Requests",
            timeseries(
                "Request rate",
                "Requests per second. 0 while the service is up: clients cannot reach it.",
                [query(rate("http_requests_total{APP}", "method"), "{{method}}")],
                "reqps", w=8, to="api",
            ),
            timeseries(
                "Request duration, p95",
                "95 % of requests are answered within this time. The dashed lines are 500 ms and 2 s, where alerts "
                "begin.",
                [query(quantile(0.95, "http_request_duration_seconds{APP}"), "p95")],
                "s", w=8, thresholds=rising(0.5, 2), colors=QUANTILES, no_value="no traffic", to="api",
            ),
            timeseries(
                "Error ratio",
                "Share of requests answered with 5xx. Above 5 % for minutes clients notice: see the errors by type "
                "below.",
                [query(ERRORS, "5xx")],
                "percentunit", w=8, soft_high=0.06, thresholds=rising(0.01, 0.05), colors=STATUS_CLASSES, no_value="no traffic", to="api",
                runbooks=["HttpErrorRatioHigh", "HttpErrorRatioCritical"],
            ),
        ),
        row(
            "Tasks",
            timeseries(
                "Tasks by status",
                "Tasks of the job table; done and failed are those of the last hour. queued that grows while running "
                "stands: the worker hangs. The table is one for all instances, so the highest count counts.",
                [query("max by (task, status) (tasks_by_status{APP})", "{{task}} {{status}}")],
                "short", w=8,
            ),
            timeseries(
                "Created per hour",
                "Tasks queued within the last 1h, by kind and priority. A jump is a terminal that came back online.",
                [query("sum by (task, priority) (increase(tasks_created_total{APP}[1h]))", "{{task}} {{priority}}")],
                "short", w=8, stacked=True, colors=TASKS,
            ),
            timeseries(
                "Completed per hour",
                "Tasks that ended within the last 1h, by kind and outcome. Below what is created for long: the queue "
                "grows. failed: the log has the reason.",
                [query("sum by (task, outcome) (increase(tasks_completed_total{APP}[1h]))", "{{task}} {{outcome}}")],
                "short", w=8, stacked=True, colors=ENDED_TASKS, runbooks=["PendingSyncNotDraining"],
            ),
            stat(
                "Created over the range",
                "Tasks queued over the range of the board, by kind. Compare with those completed: what is missing "
                "waits or failed.",
                "sum by (task) (increase(tasks_created_total{APP}[$__range]))",
                COUNT, w=12, legend="{{task}}", low=0, decimals=0,
            ),
            stat(
                "Completed over the range",
                "Tasks that were done over the range of the board, by kind. Far below what was created: they fail or "
                "wait.",
                'sum by (task) (increase(tasks_completed_total{APP,outcome="done"}[$__range]))',
                COUNT, w=12, legend="{{task}}", low=0, decimals=0,
            ),
        ),
        row(
            "Database and cache",
            timeseries(
                "Pool",
                "Connections of the pools by state. More than 5 in overflow for minutes: see the database board.",
                [
                    query("sum by (state) (db_pool_connections{APP})", "{{state}}"),
                    query("sum(db_pool_connections_max{APP})", "limit"),
                ],
                "short", w=6, colors=POOL_STATES, runbooks=["AppDbPoolSaturated"], to="database",
            ),
            timeseries(
                "Statements",
                "Statements per second by operation. A rise without more requests is a loop: see the statements on "
                "the database board.",
                [query(rate("db_queries_total{APP}", "operation"), "{{operation}}")],
                "ops", w=6, stacked=True, colors=OPERATIONS, to="database",
            ),
            timeseries(
                "Statement duration, p95",
                "95 % of an operation's statements are executed within this time. The dashed line is 1 s, where the "
                "alert begins.",
                [query(quantile(0.95, "db_query_duration_seconds{APP}", "operation"), "{{operation}}")],
                "s", w=6, thresholds=rising(None, 1), colors=OPERATIONS, to="database",
            ),
            timeseries(
                "Cache hits",
                "Share of look-ups that the cache could answer. Below 50 % with traffic: it is too small, its entries "
                "are too short-lived, or what is asked for never repeats.",
                [query(HITS, "hits")],
                "percentunit", w=6, high=1, thresholds=falling(0.5, 0.8), no_value="no look-ups", runbooks=["CacheHitRatioLow"],
            ),
        ),
        row(
            "Errors and other services",
            timeseries(
                "Errors per minute",
                "Errors per minute by what went wrong. internal is a defect of the service; outbound and database are "
                "their neighbours'.",
                [query(f"{rate('errors_total{APP}', 'type')} * 60", "{{type}}")],
                "short", w=8, stacked=True, colors=ERROR_TYPES, to="api",
            ),
            timeseries(
                "Outbound duration, p95",
                "95 % of the requests to another service end within this time. It rises: that service is slow, and "
                "tasks take longer.",
                [query(quantile(0.95, "outbound_request_duration_seconds{APP}", "target"), "{{target}}")],
                "s", w=8, no_value="no requests",
            ),
            timeseries(
                "Notifications per minute",
                "Notifications per minute by channel and whether they could be sent. failed: check the channel's "
                "address and secret.",
                [query(f"{rate('notifications_sent_total{APP}', 'channel, status')} * 60", "{{channel}} {{status}}")],
                "short", w=8, runbooks=["NotificationFailures"],
            ),
            timeseries(
                "Outbound failures",
                "Share of requests to another service that failed or came too late. From 10 % of ten requests at least "
                "an alert comes: ask those who run it.",
                [
                    query(
                        ratio(
                            rate('outbound_requests_total{APP,outcome=~"error|timeout"}', "target"),
                            rate("outbound_requests_total{APP}", "target"),
                        ),
                        "{{target}}",
                    )
                ],
                "percentunit", soft_high=0.12, thresholds=rising(0.1), no_value="no requests", runbooks=["OutboundFailures"],
            ),
            timeseries(
                "Cache operations",
                "Operations of the cache per second. Evictions as frequent as puts: the cache is too small.",
                [
                    query(rate('cache_operations_total{APP,operation="get",result="hit"}'), "hit"),
                    query(rate('cache_operations_total{APP,operation="get",result="miss"}'), "miss"),
                    query(rate('cache_operations_total{APP,operation="put"}'), "put"),
                    query(rate('cache_operations_total{APP,operation="evict"}'), "evict"),
                ],
                "ops",
            ),
        ),
    ],
    links=[("Overview", "overview"), ("Warehouse", "warehouse"), ("Database", "database"), ("API", "api")],
)  # fmt: skip
