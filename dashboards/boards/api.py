# SPDX-License-Identifier: MIT
"""The HTTP side of the service: rate, errors and duration, from all of it down to a handler and to what its errors are."""

from parts import (
    COUNT, QUANTILES, STATUS_CLASSES, answered, app_variables, bars, board, handler_variable, heatmap, mean, quantile, query,
    rate, rising, row, share_answered, stat, table, timeseries,
)  # fmt: skip

TOTAL = rate("http_requests_total{API}")

# A click on a handler shows this board for it alone.
THIS_HANDLER = (
    "Only ${__field.labels.handler}",
    "/d/api?${__url_time_range}&${datasource:queryparam}&${job:queryparam}&${instance:queryparam}"
    "&var-handler=${__field.labels.handler:percentencode}",
)
THIS_ROW = (
    "Only this handler",
    "/d/api?${__url_time_range}&${datasource:queryparam}&${job:queryparam}&${instance:queryparam}"
    "&var-handler=${__data.fields.Handler:percentencode}",
)

BOARD = board(
    "api",
    "FlowViz API",
    "Rate, errors and duration of HTTP requests. A click on a handler shows the board for it alone; All in the "
    "variable Handler leads back. Handlers are route templates, never paths; `none` is what no route took.",
    app_variables(handler_variable()),
    [
        row(
            "Summary",
            stat(
                "Requests",
                "Requests per second. 0 while the service is up: clients cannot reach it, or there are none at this "
                "hour.",
                TOTAL, "reqps", no_value="no traffic",
            ),
            stat(
                "Error ratio",
                "Share of requests answered with 5xx. Yellow from 1 %, red from 5 %, as the alerts: go on to the row "
                "of errors.",
                share_answered("http_requests_total{API}", "5xx"), "percentunit", low=0, high=1, decimals=2, thresholds=rising(0.01, 0.05),
                no_value="no traffic", runbooks=["HttpErrorRatioHigh", "HttpErrorRatioCritical"], to="slo",
            ),
            stat(
                "p95",
                "95 % of requests are answered within this time. Yellow from 500 ms, red from 2 s: see the slowest "
                "handlers, and on the database board whether statements or waiting for a connection take the time.",
                quantile(0.95, "http_request_duration_seconds{API}"), "s", low=0, thresholds=rising(0.5, 2),
                no_value="no traffic", runbooks=["HttpLatencyP95High", "HttpLatencyP95VeryHigh"], to="database",
            ),
            stat(
                "p99",
                "99 % of requests are answered within this time; the target is under 500 ms. Yellow from there, red "
                "from 1 s.",
                quantile(0.99, "http_request_duration_seconds{API}"), "s", low=0, thresholds=rising(0.5, 1),
                no_value="no traffic", runbooks=["HttpLatencyP99High", "HttpLatencyP99Critical"], to="database",
            ),
            stat(
                "In progress",
                "Requests that are being answered now. It rises without the rate of requests: they hang, most often "
                "in the database.",
                "sum(flowviz_http_requests_inprogress{API})", COUNT, low=0, decimals=0,
            ),
            stat(
                "Refused by limits",
                "Requests per second answered 429 because a client asked for too much. Above 0 for long: a client "
                "loops, or a limit is too low; the last row says which.",
                rate("rate_limit_violations_total{APP}"), "reqps", low=0, decimals=2,
            ),
        ),
        row(
            "Requests",
            timeseries(
                "Requests by handler",
                "Requests per second by route template. A handler that rises alone shows which clients are active; "
                "`none` that rises means wrong addresses or a scan.",
                [query(rate("http_requests_total{API}", "handler"), "{{handler}}")],
                "reqps", data_link=THIS_HANDLER,
            ),
            timeseries(
                "Requests by status",
                "Requests per second by class of status. 4xx are the clients' mistakes, 5xx the service's.",
                [query(rate("http_requests_total{API}", "status"), "{{status}}")],
                "reqps", stacked=True, colors=STATUS_CLASSES, runbooks=["HttpMostRequestsFailing"],
            ),
            table(
                "Most requested",
                "The ten handlers with most requests over the range of the board, and how many failed. Whatever is "
                "first here is first worth making fast.",
                [
                    ("topk(10, sum by (method, handler) (increase(http_requests_total{API}[$__range])))", "{{handler}}"),
                    (
                        '(sum by (method, handler) (increase(http_requests_total{API,status=~"5.."}[$__range]))'
                        " or 0 * sum by (method, handler) (increase(http_requests_total{API}[$__range])))"
                        " and topk(10, sum by (method, handler) (increase(http_requests_total{API}[$__range])))",
                        "{{handler}}",
                    ),
                ],
                COUNT,
                {"method": "Method", "handler": "Handler", "Value #A": "Requests", "Value #B": "Failed (5xx)"},
                sort="Requests", decimals=0, data_link=THIS_ROW,
            ),
            timeseries(
                "In progress by handler",
                "Requests that are being answered, by route template. The handler that climbs and stays up is the one "
                "that hangs.",
                [query("sum by (handler) (flowviz_http_requests_inprogress{API})", "{{handler}}")],
                "short", data_link=THIS_HANDLER,
            ),
        ),
        row(
            "Errors",
            timeseries(
                "5xx by handler",
                "Answers per second with 5xx by route template. One handler: its code or its statements; all: the "
                "database, see the errors by type beside it.",
                [query(answered("http_requests_total{API}", "5xx", "handler"), "{{handler}}")],
                "reqps", w=8, data_link=THIS_HANDLER, runbooks=["HttpErrorRatioHigh"],
            ),
            timeseries(
                "Error ratio by handler",
                "Share of each handler's requests answered with 5xx. A handler with few requests jumps: look at the "
                "rate beside it before you act.",
                [query(share_answered("http_requests_total{API}", "5xx", "handler"), "{{handler}}")],
                "percentunit", w=8, soft_high=0.06, thresholds=rising(0.01, 0.05), data_link=THIS_HANDLER,
            ),
            timeseries(
                "Errors by type",
                "What went wrong, where errors become answers, for the whole service and not by handler. database: "
                "see the database board; outbound: the workflow board; internal: a defect, look at the log; "
                "validation, auth and conflict are clients'.",
                [query(rate("errors_total{APP}", "type, severity"), "{{type}} ({{severity}})")],
                "ops", w=8,
            ),
            timeseries(
                "4xx by handler",
                "Answers per second with 4xx by route template. A step up after a release of a client: it sends what "
                "the service refuses; the quality board names the fields.",
                [query(answered("http_requests_total{API}", "4xx", "handler"), "{{handler}}")],
                "reqps", data_link=THIS_HANDLER, to="quality",
            ),
            timeseries(
                "Share of 4xx and 5xx",
                "Shares of all requests that were refused (4xx) and that failed (5xx). A share of 4xx that stays "
                "above its usual level is a client's defect.",
                [query(share_answered("http_requests_total{API}", status), status) for status in ("4xx", "5xx")],
                "percentunit", soft_high=0.06, colors=STATUS_CLASSES, no_value="no traffic",
            ),
        ),
        row(
            "Latency",
            timeseries(
                "Quantiles",
                "How long requests take, from the head of the request to its answer. The dashed lines are 500 ms and "
                "1 s, where alerts on p99 begin. A quantile is exact to the buckets around it, not better.",
                [
                    query(quantile(0.5, "http_request_duration_seconds{API}"), "p50"),
                    query(quantile(0.95, "http_request_duration_seconds{API}"), "p95"),
                    query(quantile(0.99, "http_request_duration_seconds{API}"), "p99"),
                    query(mean("http_request_duration_seconds{API}"), "mean"),
                ],
                "s", thresholds=rising(0.5, 1), colors=QUANTILES, no_value="no traffic",
            ),
            heatmap(
                "Distribution",
                "How many requests per second took how long. Two bands: two kinds of requests, or some that wait; a "
                "band that wanders upwards: everything slows down.",
                "sum by (le) (rate(http_request_duration_seconds_bucket{API}[$__rate_interval]))",
                "s",
            ),
            timeseries(
                "p95 by handler",
                "95 % of a handler's requests are answered within this time. The one that moves is where to look.",
                [query(quantile(0.95, "http_request_duration_seconds{API}", "handler"), "{{handler}}")],
                "s", thresholds=rising(0.5, 2), data_link=THIS_HANDLER,
            ),
            bars(
                "Slowest ten (p95)",
                "The ten handlers and methods with the highest p95 now. Compare with the slowest statements on the "
                "database board.",
                f"topk(10, {quantile(0.95, 'http_request_duration_seconds{API}', 'method, handler')})",
                "{{method}} {{handler}}", "s", thresholds=rising(0.5, 2), data_link=THIS_HANDLER, to="database",
            ),
            timeseries(
                "Quantiles in high resolution",
                "Quantiles over all handlers from the histogram with 21 bounds: closer to the truth between 10 ms and "
                "1 s than the one by handler. It has no labels, so the variable Handler has no effect.",
                [
                    query(quantile(0.95, "http_request_duration_highr_seconds{APP}"), "p95"),
                    query(quantile(0.99, "http_request_duration_highr_seconds{APP}"), "p99"),
                ],
                "s", w=24, h=7, colors=QUANTILES, no_value="no traffic",
            ),
        ),
        row(
            "Sizes",
            timeseries(
                "p95 of request sizes",
                "95 % of the bodies that a handler receives are not larger. Bodies over 1 MiB are refused with 413.",
                [query(quantile(0.95, "http_request_size_bytes{API}", "handler"), "{{handler}}")],
                "bytes", w=8, data_link=THIS_HANDLER,
            ),
            timeseries(
                "p95 of answer sizes",
                "95 % of the bodies that a handler sends are not larger. A rise is more data in the database, or a "
                "page size that grew.",
                [query(quantile(0.95, "http_response_size_bytes{API}", "handler"), "{{handler}}")],
                "bytes", w=8, data_link=THIS_HANDLER,
            ),
            timeseries(
                "Traffic",
                "Bytes of bodies per second, without heads. It follows the requests; alone it means larger bodies.",
                [
                    query(rate("http_request_size_bytes_sum{API}"), "received"),
                    query(rate("http_response_size_bytes_sum{API}"), "sent"),
                ],
                "Bps", w=8,
            ),
        ),
        row(
            "Rate limiting",
            timeseries(
                "Refused by route",
                "Requests per second answered 429, by the route whose limit was reached. One client in a loop shows "
                "as a plateau; the log has its requests.",
                [query(rate("rate_limit_violations_total{APP}", "route"), "{{route}}")],
                "reqps", w=6,
            ),
            timeseries(
                "Clients near a limit",
                "Clients that have used most of what they may ask for, by route; the highest count that an instance "
                "sees. Many at once, without a loop: the limit is too low for the work.",
                [query("max by (route) (rate_limit_near_limit{APP})", "{{route}}")],
                "short", w=6,
            ),
            timeseries(
                "Errors of the limits' store",
                "Calls per second of the database as a store of limits that failed. Above 0: see the database board.",
                [query(rate("rate_limit_store_errors_total{APP}"), "errors")],
                "ops", w=6, to="database",
            ),
            timeseries(
                "Time of the limits' store",
                "What a limit that is kept in the database adds to each request. Above some milliseconds it is worth "
                "keeping limits in memory.",
                [
                    query(quantile(0.5, "rate_limit_store_duration_seconds{APP}"), "p50"),
                    query(quantile(0.95, "rate_limit_store_duration_seconds{APP}"), "p95"),
                ],
                "s", w=6, colors=QUANTILES, no_value="not in use",
            ),
        ),
    ],
    links=[("Overview", "overview"), ("SLO", "slo"), ("Database", "database"), ("Quality", "quality")],
)  # fmt: skip
