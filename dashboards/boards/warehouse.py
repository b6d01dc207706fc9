# SPDX-License-Identifier: MIT
"""The business: lots, quality decisions, traceability, operators, offline sync and production runs.

Operators, lots to sync and runs come out of the database: every instance reports the same number, so panels take the highest
of them and never their sum.
"""

from parts import (
    COUNT, DECISIONS, OUTCOMES_OF_RUNS, app_variables, board, heatmap, pie, quantile, query, rate, ratio, rising, row,
    stat, timeseries,
)  # fmt: skip

FAILURES = ratio(
    'sum(increase(flowviz_qc_decisions_total{APP,decision="FAIL"}[1h]))', "sum(increase(flowviz_qc_decisions_total{APP}[1h]))"
)
AGE = "max(time() - max by (instance) (wms_gauges_refreshed_timestamp_seconds{APP}))"

BOARD = board(
    "warehouse",
    "FlowViz warehouse",
    "What the warehouse does: lots registered, quality decided, lots traced, work done offline, production runs. "
    "Shifts and breaks show here; compare a day with the same weekday before.",
    app_variables(),
    [
        row(
            "Summary",
            stat(
                "Lots, last hour",
                "Lots registered within the last 1h. 0 within business hours: nobody works, or registering fails; see "
                "the API board.",
                "sum(increase(flowviz_lots_registered_total{APP}[1h]))", COUNT, low=0, decimals=0,
                runbooks=["NoLotsRegisteredInBusinessHours"], to="api",
            ),
            stat(
                "QC failures, last hour",
                "Share of quality decisions of the last 1h that are FAIL. Red from 10 %, where the alert begins if "
                "there are twenty decisions: a supplier, a line or an inspector.",
                FAILURES, "percentunit", low=0, high=1, decimals=1, thresholds=rising(0.05, 0.1), no_value="no decisions",
                runbooks=["QcFailureRatioHigh"], to="quality",
            ),
            stat(
                "Lots to sync",
                "Lots accepted offline that are not applied yet. Red from 500: the background worker is behind or "
                "stuck.",
                "max(flowviz_pending_sync_lots{APP})", COUNT, low=0, decimals=0, thresholds=rising(1, 500),
                runbooks=["PendingSyncNotDraining", "PendingSyncBacklogHigh"], to="workflow",
            ),
            stat(
                "Active operators",
                "Distinct operators of the last 15 minutes. Far fewer than the shift has: the terminals cannot reach "
                "the service.",
                "max(flowviz_active_operators{APP})", COUNT, low=0, decimals=0,
            ),
            stat(
                "Production runs",
                "Production runs that are running now. 0 in a shift: nobody starts runs, or starting fails; see the "
                "API board.",
                "max(flowviz_production_runs_active{APP})", COUNT, low=0, decimals=0,
            ),
            stat(
                "Age of these gauges",
                "How old the gauges are that come out of the database, on the instance that read them last of all; it is done every 5 s. "
                "Red from 5 minutes: the database is away, and operators, lots to sync and runs stand still.",
                AGE, "s", low=0, decimals=0, thresholds=rising(60, 300), runbooks=["WarehouseGaugesStale"], to="database",
            ),
        ),
        row(
            "Lots",
            timeseries(
                "Lots per hour by type",
                "Lots registered within the last 1h, by type. finished that falls while raw goes on: a line stands.",
                [query("sum by (lot_type) (increase(flowviz_lots_registered_total{APP}[1h]))", "{{lot_type}}")],
                "short", w=16, stacked=True, runbooks=["NoLotsRegisteredInBusinessHours"],
            ),
            pie(
                "Lots by type",
                "Lots registered over the range of the board, by type. A share far from the usual: one step is not "
                "recorded.",
                "sum by (lot_type) (increase(flowviz_lots_registered_total{APP}[$__range]))", "{{lot_type}}", decimals=0,
            ),
        ),
        row(
            "Quality",
            timeseries(
                "Decisions per hour",
                "Quality decisions within the last 1h, by decision. HOLD that grows and does not turn into PASS or "
                "FAIL: lots wait for an inspector.",
                [query("sum by (decision) (increase(flowviz_qc_decisions_total{APP}[1h]))", "{{decision}}")],
                "short", w=8, stacked=True, colors=DECISIONS, to="quality",
            ),
            timeseries(
                "Failure ratio",
                "Share of quality decisions of the last 1h that are FAIL. The dashed line is 10 %, where the alert "
                "begins. Few decisions make it jump.",
                [query(FAILURES, "FAIL")],
                "percentunit", w=8, soft_high=0.12, thresholds=rising(0.05, 0.1), colors=DECISIONS, no_value="no decisions",
                runbooks=["QcFailureRatioHigh"],
            ),
            pie(
                "Decisions",
                "Quality decisions over the range of the board. A share of FAIL or HOLD far from the usual: ask who "
                "inspects, and which supplier or line it was.",
                "sum by (decision) (increase(flowviz_qc_decisions_total{APP}[$__range]))", "{{decision}}", decimals=0, colors=DECISIONS,
            ),
        ),
        row(
            "Traceability",
            heatmap(
                "Time of traces",
                "How many traces per second took how long. A recall asks for many at once: it should stay below 1 s.",
                "sum by (le) (rate(flowviz_traceability_query_duration_seconds_bucket{APP}[$__rate_interval]))",
                "s",
            ),
            timeseries(
                "p95 of traces",
                "95 % of the traces are answered within this time. backward that rises: lots with more and more "
                "inputs; both: the database.",
                [query(quantile(0.95, "flowviz_traceability_query_duration_seconds{APP}", "direction"), "{{direction}}")],
                "s", w=6, thresholds=rising(0.5, 2.5), no_value="no traces", to="database",
            ),
            timeseries(
                "Traces",
                "Traces per second by direction. A burst is a recall or an audit; a steady load that nobody ordered "
                "is a client that polls.",
                [query(rate("flowviz_traceability_query_duration_seconds_count{APP}", "direction"), "{{direction}}")],
                "ops", w=6,
            ),
        ),
        row(
            "People, sync and runs",
            timeseries(
                "Active operators",
                "Distinct operators of the last 15 minutes. It follows the shifts.",
                [query("max(flowviz_active_operators{APP})", "operators")],
                "short", w=8,
            ),
            timeseries(
                "Lots to sync",
                "Lots accepted offline that are not applied yet. A saw tooth is healthy; a line that only rises is a "
                "worker that stands.",
                [query("max(flowviz_pending_sync_lots{APP})", "waiting")],
                "short", w=8, thresholds=rising(None, 500), runbooks=["PendingSyncBacklogHigh"], to="workflow",
            ),
            timeseries(
                "Slope of lots to sync",
                "By how many lots per minute the queue grew or shrank, over the last 15m. Above 0 for half an hour: "
                "it does not drain.",
                [query("max(deriv(flowviz_pending_sync_lots{APP}[15m])) * 60", "lots per minute")],
                "short", w=8, low=None, decimals=1, runbooks=["PendingSyncNotDraining"],
            ),
            timeseries(
                "Runs active",
                "Production runs that are running. One that stays for days was never completed.",
                [query("max(flowviz_production_runs_active{APP})", "running")],
                "short", w=8,
            ),
            timeseries(
                "Runs ended per hour",
                "Production runs that ended within the last 1h, by outcome. Many aborted ones: ask the line.",
                [query("sum by (outcome) (increase(flowviz_production_runs_completed_total{APP}[1h]))", "{{outcome}}")],
                "short", w=8, stacked=True, colors=OUTCOMES_OF_RUNS,
            ),
            timeseries(
                "Age of the gauges",
                "How old operators, lots to sync and runs are, by instance; they are read every 5 s. An age that "
                "grows: that instance cannot reach the database.",
                [
                    query(
                        "time() - max by (instance) (wms_gauges_refreshed_timestamp_seconds{APP})", "{{instance}}"
                    )
                ],
                "s", w=8, thresholds=rising(60, 300), runbooks=["WarehouseGaugesStale"], to="database",
            ),
        ),
    ],
    links=[("Overview", "overview"), ("Quality", "quality"), ("Workflow", "workflow"), ("API", "api")],
    range_from="now-12h",
)  # fmt: skip
