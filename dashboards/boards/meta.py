# SPDX-License-Identifier: MIT
"""The monitoring itself: what it costs, and whether it would tell if something were wrong."""

from parts import (
    COUNT, GREEN, RED, board, query, rate, ratio, rising, row, stat, steps, table, target_variables, timeseries,
    up_or_down,
)  # fmt: skip

SAMPLE_LIMIT = 20000  # sample_limit of the job app
FAILURES = "rate(prometheus_rule_evaluation_failures_total[$__rate_interval])"

BOARD = board(
    "meta",
    "FlowViz monitoring",
    "Whether Prometheus sees everything, what the service's metrics cost, whether a label ran over, and whether "
    "alerts would arrive.",
    target_variables(),
    [
        row(
            "Summary",
            stat(
                "Targets down",
                "Targets whose last scrape failed. Not 0: the table below names them.",
                "count(up{APP} == 0) or vector(0)", "none", w=3, decimals=0, thresholds=steps((None, GREEN), (1, RED)),
                runbooks=["AppDown"],
            ),
            stat(
                "Configuration",
                "Whether Prometheus took its configuration when it was loaded last. DOWN: it still works by the one "
                "before; its log has the line that is wrong.",
                "min(prometheus_config_last_reload_successful)", "none", w=3, mappings=up_or_down(),
                thresholds=steps((None, RED), (1, GREEN)), no_value="not scraped", runbooks=["ConfigurationReloadFailed"],
            ),
            stat(
                "Alertmanagers",
                "Alertmanagers that answered their last scrape. 0: no alert reaches anybody. That Prometheus knows one does not "
                "say that it lives.",
                'sum(up{job="alertmanager"})', "none", w=3, decimals=0, thresholds=steps((None, RED), (1, GREEN)),
                no_value="not scraped", runbooks=["AlertmanagerDown", "AlertmanagerAbsent", "PrometheusNotConnectedToAlertmanager"],
            ),
            stat(
                "Watchdog",
                "Whether the alert fires that always fires, by which a receiver outside sees that alerts arrive. "
                "DOWN: rules are not evaluated, or were not loaded.",
                'count(ALERTS{alertname="Watchdog",alertstate="firing"}) or vector(0)', "none", w=3, mappings=up_or_down(),
                thresholds=steps((None, RED), (1, GREEN)), runbooks=["Watchdog"],
            ),
            stat(
                "Rules failing",
                "Evaluations of rules per second that failed. Not 0: an alert or a recording rule does not work; "
                "Prometheus' page of rules has the message.",
                rate("prometheus_rule_evaluation_failures_total"), "ops", w=3, low=0, thresholds=steps((None, GREEN), (0.0001, RED)),
                no_value="no rules", runbooks=["PrometheusRuleFailures"],
            ),
            stat(
                "Labels over cap, 15m",
                "What was counted under `_other` within the last 15m because a label had too many values. Not 0: the "
                "table below says which metric and label. Fields that clients make up, of validation_failures_total, are no such case.",
                'sum(increase(flowviz_metrics_label_overflow_total{APP,metric!="validation_failures_total"}[15m]))', COUNT, w=4, low=0, decimals=0,
                thresholds=rising(1), no_value="no open label", runbooks=["MetricLabelOverflow"],
            ),
            stat(
                "Samples of the largest page",
                f"Samples of the largest page of the service, of the {SAMPLE_LIMIT:,} that a scrape may have. From 80 % on find out "
                "which metric grew: beyond 100 % the whole scrape is refused.",
                'max(job_instance:app_scrape_samples:last{JOB})',
                COUNT, w=5, low=0, decimals=0, thresholds=rising(int(0.8 * SAMPLE_LIMIT), SAMPLE_LIMIT), no_value="no service",
                runbooks=["ScrapeSamplesNearLimit"],
            ),
        ),
        row(
            "Scrapes",
            table(
                "Targets",
                "Every target, with its last scrape. A target that is down shows 0.",
                [
                    ("max by (job, instance) (up{APP})", "{{instance}}"),
                    ("max by (job, instance) (scrape_duration_seconds{APP})", "{{instance}}"),
                    ("max by (job, instance) (scrape_samples_scraped{APP})", "{{instance}}"),
                ],
                "none",
                {"job": "Job", "instance": "Instance", "Value #A": "Up", "Value #B": "Duration", "Value #C": "Samples"},
                w=8, h=9, column_maps={"Value #A": up_or_down()}, column_units={"Value #B": "s", "Value #C": "short"},
            ),
            timeseries(
                "Pages refused",
                "Pages per second that Prometheus refused because they had too many samples. Not 0: a target is "
                "unknown meanwhile, the one that is down in the table.",
                [query(rate("prometheus_target_scrapes_exceeded_sample_limit_total"), "refused")],
                "ops", w=4, h=9, runbooks=["ScrapeSamplesLimitHit"],
            ),
            timeseries(
                "Duration of scrapes",
                "How long each scrape takes. Near the interval of 10 s scrapes are lost.",
                [query("max by (job, instance) (scrape_duration_seconds{APP})", "{{job}} {{instance}}")],
                "s", w=6, h=9,
            ),
            timeseries(
                "Samples by scrape",
                "Samples on each page. A page of the service grows with routes and labels and then stays; one that "
                "grows on has an open label that is not capped.",
                [query("max by (job, instance) (scrape_samples_post_metric_relabeling{APP})", "{{job}} {{instance}}")],
                "short", w=6, h=9, thresholds=rising(0.8 * SAMPLE_LIMIT, SAMPLE_LIMIT), runbooks=["ScrapeSamplesNearLimit"],
            ),
        ),
        row(
            "What the service exposes",
            table(
                "Series by metric",
                "The twelve metrics with most series. The first of them are histograms by handler; anything else "
                "deserves a look.",
                [("topk(12, count by (__name__) ({APP}))", "{{__name__}}")],
                COUNT, {"__name__": "Metric", "Value #A": "Series"}, h=12, sort="Series", decimals=0,
            ),
            table(
                "Labels over their cap",
                "What was counted under `_other` over the range of the board, by metric and label. Raise the cap, or "
                "find out who sends so many values.",
                [("sum by (metric, label) (increase(flowviz_metrics_label_overflow_total{APP}[$__range])) > 0", "{{metric}}")],
                COUNT, {"metric": "Metric", "label": "Label", "Value #A": "Counted under _other"}, w=6, h=12,
                sort="Counted under _other", decimals=0, no_value="none", runbooks=["MetricLabelOverflow"],
            ),
            timeseries(
                "What the library refused or mended",
                "Values and texts that a metric could not hold as they were, memory that could not be had, and "
                "callbacks that were left out, per second. Not 0: a defect of the program that counts, or it is out "
                "of memory.",
                [
                    query(rate("flowviz_metrics_values_refused_total{APP}", "reason"), "value refused: {{reason}}"),
                    query(rate("flowviz_metrics_label_texts_repaired_total{APP}", "reason"), "text mended: {{reason}}"),
                    query(rate("flowviz_metrics_allocation_failures_total{APP}"), "no memory"),
                    query(rate("flowviz_metrics_callbacks_left_out_total{APP}", "reason"), "callback left out: {{reason}}"),
                    query(rate("flowviz_metrics_families_left_out_total{APP}"), "metric left out"),
                ],
                "ops", w=6, h=12,
            ),
        ),
        row(
            "Prometheus and Alertmanager",
            timeseries(
                "Evaluations of rules that failed",
                "Per second, by group of rules. A query that no longer fits its metrics: Prometheus' page of rules "
                "has the message.",
                [query(f'sum by (group) (label_replace({FAILURES}, "group", "$1", "rule_group", "(?:.*;)?(.*)"))', "{{group}}")],
                "ops", w=8, runbooks=["PrometheusRuleFailures"],
            ),
            timeseries(
                "Notifications that failed",
                "Share of what Prometheus could not hand to an Alertmanager, and of what an Alertmanager could not "
                "deliver, by way. Not 0: alerts are lost; check addresses and secrets.",
                [
                    query(
                        ratio(
                            rate("prometheus_notifications_errors_total", "alertmanager"),
                            rate("prometheus_notifications_sent_total", "alertmanager"),
                        ),
                        "to {{alertmanager}}",
                    ),
                    query(
                        ratio(
                            rate("alertmanager_notifications_failed_total", "integration"),
                            rate("alertmanager_notifications_total", "integration"),
                        ),
                        "by {{integration}}",
                    ),
                ],
                "percentunit", w=8, soft_high=0.1, no_value="nothing sent",
                runbooks=["PrometheusNotificationsFailing", "AlertmanagerNotificationsFailing"],
            ),
            timeseries(
                "Notifications lost",
                "Notifications per second that Prometheus dropped because its queue was full or no Alertmanager "
                "answered. Not 0: alerts are lost; see whether the Alertmanager is up.",
                [query(rate("prometheus_notifications_dropped_total"), "dropped")],
                "ops", w=8, runbooks=["PrometheusNotificationsFailing"],
            ),
            timeseries(
                "Series in memory",
                "Series that Prometheus holds. Steps are new targets or releases; a ramp is a label without an end.",
                [query("sum(prometheus_tsdb_head_series)", "series")],
                "short", w=8,
            ),
            timeseries(
                "Samples stored",
                "Samples per second that Prometheus stores. It falls without a release: targets are down or refused; "
                "it climbs: see which pages grew.",
                [query(rate("prometheus_tsdb_head_samples_appended_total"), "samples")],
                "short", w=8,
            ),
            timeseries(
                "Size on disk",
                "What the blocks of the database take. It levels off when its 30 days are full; hold it against the "
                "disk's size.",
                [query("sum(prometheus_tsdb_storage_blocks_bytes)", "blocks")],
                "bytes", w=8, to="infrastructure",
            ),
        ),
    ],
    links=[("Overview", "overview"), ("Infrastructure", "infrastructure")],
)  # fmt: skip
