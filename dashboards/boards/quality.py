# SPDX-License-Identifier: MIT
"""The quality of what clients send and of what the business allows: validation, rules, workflow transitions."""

from parts import (
    COUNT, STATUS_CLASSES, app_variables, bars, board, hours, pie, query, rate, rising, row, share_answered, stat, table, timeseries,
)  # fmt: skip

WRITES = 'APP,method=~"POST|PUT|PATCH|DELETE"'
SUCCESS = share_answered(f"http_requests_total{{{WRITES}}}", "2xx")

BOARD = board(
    "quality",
    "FlowViz quality",
    "What was refused, and why: fields that were wrong, rules of the business that were broken, and the steps that "
    "lots and runs took. Field names only, never what was in them.",
    app_variables(),
    [
        row(
            "Summary",
            stat(
                "Writes that succeed",
                "Share of requests that change something and were answered 2xx. It falls: see which fields and rules "
                "refuse them.",
                SUCCESS, "percentunit", w=6, low=0, high=1, decimals=1, no_value="no writes", to="api",
            ),
            stat(
                "Wrong fields, last hour",
                "Fields that were refused within the last 1h. Yellow above 50, where the alert begins if it is five times the "
                "usual: a client was released that sends something else.",
                "sum(increase(validation_failures_total{APP}[1h]))", COUNT, w=6, low=0, decimals=0,
                thresholds=rising(50), runbooks=["ValidationFailureSurge"],
            ),
            stat(
                "Broken rules, last hour",
                "Requests of the last 1h that a rule of the business refused. Many times the usual: see below which "
                "rule, and ask the shift what changed.",
                "sum(increase(business_rule_violations_total{APP}[1h]))", COUNT, w=6, low=0, decimals=0,
            ),
            stat(
                "Transitions, last hour",
                "Steps that lots, runs and others took from one state to another within the last 1h. 0 in a shift: "
                "work stands.",
                "sum(increase(workflow_transitions_total{APP}[1h]))", COUNT, w=6, low=0, decimals=0, to="warehouse",
            ),
        ),
        row(
            "Validation",
            timeseries(
                "Wrong fields by entity",
                "Fields per second that were refused, by entity. A step is a client that was released and sends "
                "something else; the list beside names the fields.",
                [query(rate("validation_failures_total{APP}", "entity"), "{{entity}}")],
                "ops", w=8, stacked=True, runbooks=["ValidationFailureSurge"],
            ),
            bars(
                "Most refused fields",
                "The ten fields that were refused most over the range of the board. `_other` are names that clients "
                "made up. The first one is worth a better form or a better message.",
                "topk(10, sum by (entity, field) (increase(validation_failures_total{APP}[$__range])) > 0)",
                "{{entity}}.{{field}}", COUNT, w=8, decimals=0, no_value="none",
            ),
            pie(
                "Shares by entity",
                "Refused fields over the range of the board, by entity. The largest share is where a form or its help "
                "misleads.",
                "sum by (entity) (increase(validation_failures_total{APP}[$__range]))", "{{entity}}", decimals=0,
            ),
            hours(
                "Wrong fields over time",
                "Refused fields by field, a column for each hour of a day, and finer ones of less. A column that stands out: one hour, one client; a "
                "row: one field, a form that misleads.",
                "sum by (entity, field) (increase(validation_failures_total{APP}[$__rate_interval])) > 0",
                "{{entity}}.{{field}}", "short", w=24,
            ),
        ),
        row(
            "Rules of the business",
            timeseries(
                "Broken rules",
                "Requests per second that a rule refused, by rule. Inputs that are on hold or used up: terminals show "
                "old data.",
                [query(rate("business_rule_violations_total{APP}", "rule"), "{{rule}}")],
                "ops", w=8, stacked=True,
            ),
            pie(
                "Shares by rule",
                "Broken rules over the range of the board. The largest share is the rule that people do not know, or "
                "that no longer fits the work.",
                "sum by (rule) (increase(business_rule_violations_total{APP}[$__range]))", "{{rule}}", decimals=0,
            ),
            timeseries(
                "Writes that succeed",
                "Share of requests that change something and were answered 2xx. A slow decline over weeks is clients "
                "that drift away from the interface.",
                [query(SUCCESS, "2xx")],
                "percentunit", w=8, high=1, colors=STATUS_CLASSES, no_value="no writes",
            ),
            hours(
                "Broken rules over time",
                "Refused requests by rule, a column for each hour of a day, and finer ones of less. It shows at which hours of a shift a rule is in the way.",
                "sum by (rule) (increase(business_rule_violations_total{APP}[$__rate_interval])) > 0",
                "{{rule}}", "short", w=24, h=7,
            ),
        ),
        row(
            "Transitions",
            timeseries(
                "Transitions by entity and state",
                "Steps per second into each state, by entity. A state that is entered and never left shows in the "
                "table.",
                [query(rate("workflow_transitions_total{APP}", "entity, to"), "{{entity}} → {{to}}")],
                "ops",
            ),
            table(
                "Transitions",
                "Every kind of step over the range of the board. Allowed steps that never happen show as 0.",
                [("sum by (entity, from, to) (increase(workflow_transitions_total{APP}[$__range]))", "{{entity}}")],
                COUNT, {"entity": "Entity", "from": "From", "to": "To", "Value #A": "Steps"}, sort="Steps", decimals=0,
            ),
        ),
    ],
    links=[("Overview", "overview"), ("Warehouse", "warehouse"), ("API", "api")],
    range_from="now-24h",
)  # fmt: skip
