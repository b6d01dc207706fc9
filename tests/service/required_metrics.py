# SPDX-License-Identifier: MIT
"""The metrics that a plant's boards and alerts were promised, with the values of their labels: what is required, as data, and not
what the program happens to print. None: a text that is not known in advance, such as the template of a route."""

METHODS = ("GET", "HEAD", "POST", "PUT", "DELETE", "CONNECT", "OPTIONS", "TRACE", "PATCH")
OPERATIONS = ("select", "insert", "update", "delete", "transaction", "other")

REQUIRED = {
    "flowviz_lots_registered_total": {"lot_type": ("raw", "intermediate", "finished")},
    "flowviz_qc_decisions_total": {"decision": ("PASS", "HOLD", "FAIL")},
    "flowviz_traceability_query_duration_seconds": {"direction": ("forward", "backward")},
    "flowviz_active_operators": {},
    "flowviz_pending_sync_lots": {},
    "flowviz_db_pool_connections_active": {},
    "flowviz_db_pool_connections_idle": {},
    "flowviz_production_runs_active": {},
    "flowviz_production_runs_completed_total": {"outcome": ("completed", "aborted")},
    "http_requests_total": {"method": METHODS, "handler": None, "status": ("1xx", "2xx", "3xx", "4xx", "5xx")},
    "http_request_duration_seconds": {"method": METHODS, "handler": None},
    "http_request_duration_highr_seconds": {},
    "http_request_size_bytes": {"handler": None},
    "http_response_size_bytes": {"handler": None},
    "flowviz_http_requests_inprogress": {"method": METHODS, "handler": None},
    "tasks_created_total": {"task": ("sync_apply", "webhook"), "priority": ("high", "normal", "low")},
    "tasks_completed_total": {"task": ("sync_apply", "webhook"), "outcome": ("done", "failed")},
    "tasks_by_status": {"task": ("sync_apply", "webhook"), "status": ("queued", "running", "done", "failed")},
    "db_queries_total": {"operation": OPERATIONS},
    "db_query_duration_seconds": {"operation": OPERATIONS},
    "db_pool_connections": {"state": ("active", "idle", "overflow")},
    "db_pool_connections_max": {},
    "db_connection_wait_seconds": {},
    "outbound_requests_total": {"target": ("qc_webhook",), "outcome": ("ok", "error", "timeout")},
    "outbound_request_duration_seconds": {"target": ("qc_webhook",), "outcome": ("ok", "error", "timeout")},
    "notifications_sent_total": {"channel": ("webhook", "log"), "status": ("ok", "failed")},
    "cache_operations_total": {"operation": ("get", "put", "evict"), "result": ("hit", "miss", "ok")},
    "errors_total": {
        "type": ("validation", "auth", "conflict", "database", "outbound", "internal"),
        "severity": ("info", "warning", "error"),
    },
    "rate_limit_violations_total": {"route": ("lots", "qc_decisions", "trace_forward", "trace_backward")},
    "rate_limit_near_limit": {"route": ("lots", "qc_decisions", "trace_forward", "trace_backward")},
    "rate_limit_store_errors_total": {},
    "rate_limit_store_duration_seconds": {},
    "validation_failures_total": {"entity": None, "field": None},
    "workflow_transitions_total": {"entity": ("production_run",), "from": None, "to": None},
    "business_rule_violations_total": {
        "rule": ("input_on_hold_or_failed", "inputs_exceed_remaining", "raw_lot_with_inputs", "run_not_running", "sync_inputs_form_a_circle")
    },
    "process_cpu_seconds_total": {},
    "process_resident_memory_bytes": {},
    "process_open_fds": {},
}
