# SPDX-License-Identifier: MIT
"""Every metric that is required, and every value of its labels, is there and seen to change for its real cause: each cause names
the series that it changes, and by how much. Whatever else the service has is seen to change, or is told here why it is not."""

import collections
import contextlib
import dataclasses
import json
import socket
import sqlite3
import subprocess
import threading
import unittest

import harness
import test_sync
import test_webhook
from required_metrics import METHODS, REQUIRED

# Seen to change elsewhere, or the same throughout.
CONSTANT = {
    "flowviz_build_info": "a release is another program",
    "db_pool_connections_max": "a setting",
    "process_max_fds": "a setting of the system",
    "process_virtual_memory_max_bytes": "a setting of the system",
    "process_start_time_seconds": "a process starts once",
    "flowviz_business_hours": "the time of day; test_operation.py sets the clock's zone",
    "flowviz_metrics_label_texts_repaired_total": "no text of a client becomes a label; tests/label.cpp",
    "flowviz_metrics_values_refused_total": "no number of a client becomes a value; tests/counter.cpp, tests/gauge.cpp",
    "flowviz_metrics_allocation_failures_total": "memory does not run out; tests/concurrency",
    "flowviz_metrics_callbacks_left_out_total": "no callback throws or is late; tests/callback.cpp",
    "flowviz_metrics_families_left_out_total": "there is one registry; tests/scrape.cpp",
}
# Values of labels that no cause below has.
NO_CAUSE = {
    ("tasks_created_total", "priority", "low"): "no task of the service is of low priority",
    ("tasks_by_status", "status", "running"): "for a moment; tests/service_unit/webhook_sender.cpp",
    ("errors_total", "type", "internal"): "the service has no defect that a client could trigger; tests/service_unit/app.cpp",
    **{(name, "operation", "other"): "locks, which PostgreSQL alone has; test_every_metric_on_postgresql.py" for name in ("db_queries_total", "db_query_duration_seconds")},
    ("flowviz_http_requests_inprogress", "method", "GET"): "as POST",
    "process_resident_memory_bytes": "as memory does",
    ("db_pool_connections", "state", "overflow"): "tests/service_unit/connection_pool.cpp",
    ("http_requests_total", "status", "1xx"): "the service answers none",
    ("http_requests_total", "status", "3xx"): "the service answers none",
    **{(name, "method", method): "no route has it; tests/service/test_hostile.py sends all"
       for name in ("http_requests_total", "http_request_duration_seconds", "flowviz_http_requests_inprogress")
       for method in METHODS if method not in ("GET", "POST")},
}  # fmt: skip


@dataclasses.dataclass
class Changes:
    """A series, or the sum of those with these labels, and what becomes of it: `by` so much more than before (None: more, or
    `less`), or `to` a value."""

    sample: str
    by: float | None = None
    to: float | None = None
    less: bool = False
    labels: dict = dataclasses.field(default_factory=dict)

    def has_happened(self, before, after):
        now = after.sum(self.sample, **self.labels)
        if self.to is not None:
            return now == self.to
        earlier = before.sum(self.sample, **self.labels) if self.sample in {name for name, _ in before.samples} else 0
        if self.by is not None:
            return now - earlier == self.by
        return now < earlier if self.less else now > earlier


def rises(sample, by=1, **labels):
    return Changes(sample, by=by, labels=labels)


def grows(sample, **labels):
    return Changes(sample, labels=labels)


def falls(sample, **labels):
    return Changes(sample, less=True, labels=labels)


def becomes(sample, to, **labels):
    return Changes(sample, to=to, labels=labels)


def request(method, handler, status="2xx", count=1):
    """What a request changes, whatever it asks for."""
    return [
        rises("http_requests_total", count, method=method, handler=handler, status=status),
        rises("http_request_duration_seconds_count", count, method=method, handler=handler),
        grows("http_request_duration_highr_seconds_count"),
        rises("http_request_size_bytes_count", count, handler=handler),
        rises("http_response_size_bytes_count", count, handler=handler),
    ]


class EveryMetricTest(harness.ServiceTest):
    flags = ("--trace-cache-entries", "10", "--rate-limit-store", "database", "--rate-limit-lots", "90", "--rate-limit-qc-decisions", "10", "--rate-limit-traceability", "6")
    webhook = ("--qc-webhook-attempts", "1", "--qc-webhook-timeout", "500")
    of_a_registration = ("insert", "transaction")  # kinds of queries
    no_cause = NO_CAUSE

    @contextlib.contextmanager
    def database_away(self, service):
        """Somebody else writes to the database, and takes his time."""
        with contextlib.closing(sqlite3.connect(service.database, isolation_level=None)) as database:
            database.execute("BEGIN IMMEDIATE")
            yield
            database.execute("ROLLBACK")

    @contextlib.contextmanager
    def causes(self, *changes):
        """The body is the cause of these changes, and of none in other series of a metric of which it says by how much."""
        before = self.service.metrics()
        yield
        for change in changes:
            name = self.name_of(change.sample)
            self.caused[name] |= {(label, value) for label, value in change.labels.items()}

        def missing():
            after = self.service.metrics()
            exact = collections.Counter()
            for change in changes:
                if change.by is not None:
                    exact[change.sample] += change.by
            wrong = [change for change in changes if not change.has_happened(before, after)]
            for sample, by in exact.items():
                if sample == "http_requests_total":
                    continue  # whoever waits for something asks for it
                changed = sum(value - before.samples.get(key, 0) for key, value in after.samples.items() if key[0] == sample)
                if changed != by and not sample.startswith("http_"):
                    wrong.append(f"{sample} changed by {changed} in all, expected {by}")
            return wrong

        with contextlib.suppress(AssertionError):
            harness.wait_until(lambda: not missing(), "the changes", deadline_s=30)
        self.assertEqual(missing(), [])

    def name_of(self, sample):
        return sample if sample in self.catalogue else sample.rpartition("_")[0]

    def test_every_metric_changes_for_its_cause(self):
        described = subprocess.run([harness.program("WMS_SERVICE"), "--describe"], text=True, capture_output=True, timeout=60, check=True)
        self.catalogue = {one["name"]: one for one in json.loads(described.stdout)["metrics"]}
        self.assertEqual(CONSTANT.keys() - self.catalogue.keys(), set())
        self.check_domains()
        # One message for each lot that is stopped: told, told, refused, never answered.
        receiver = self.track(test_webhook.Receiver((204, {}), (204, {}), (404, {}), (None, {})))
        (self.folder / "url").write_text(f"http://127.0.0.1:{receiver.port}/hook\n")
        self.service = service = self.start_service(flags=(*self.flags, *self.webhook, "--qc-webhook-url-file", str(self.folder / "url")))
        self.caused, seen = collections.defaultdict(set), collections.defaultdict(set)

        def look():
            totals = collections.defaultdict(dict)
            for (sample, labels), value in service.metrics().samples.items():
                totals[self.name_of(sample)][sample, labels] = value
            for name, values in totals.items():
                seen[name].add(tuple(sorted(values.items(), key=repr)))

        with harness.Repeating(look, 0.5) as looking:
            self.lots_and_decisions(service)
            self.traces(service)
            self.runs(service)
            self.offline_lots(service)
            self.refusals(service)
            self.trouble(service)
            self.process(service)

            def never():
                return [name for name in self.catalogue if len(seen[name]) < 2 and name not in CONSTANT]

            with contextlib.suppress(AssertionError):
                harness.wait_until(lambda: not never(), "metrics that follow by and by")
        self.assertEqual(looking.errors, [])
        self.assertEqual(never(), [])
        self.assertEqual([name for name in CONSTANT if len(seen[name]) > 1], [], "these do change")
        self.check_coverage()

    def check_domains(self):
        """That the labels are those that are required, and that their values can be."""
        for name, labels in REQUIRED.items():
            there = {label["name"]: label.get("values", []) for label in self.catalogue[name]["labels"]}
            self.assertEqual(there.keys(), labels.keys(), name)
            for label, values in labels.items():
                self.assertEqual(set(values or ()) - set(there[label]), set(), f"{name}: {label}")

    def check_coverage(self):
        """That each required metric has had a cause, and so has each value of its labels."""
        without = [name for name in REQUIRED if name not in self.caused and name not in CONSTANT]
        for name, labels in REQUIRED.items():
            for label, values in labels.items():
                without += [(name, label, value) for value in values or () if (label, value) not in self.caused[name]]
        self.assertEqual([one for one in without if one not in self.no_cause], [])
        self.assertEqual([one for one in self.no_cause if one not in without], [], "these do have a cause")

    # --- the causes ---

    def made(self, answer):
        self.assertEqual(answer.status, 201, answer)
        return answer.json

    def lots_and_decisions(self, service):
        self.lot_ids = []
        for lot_type, inputs in (("raw", 0), ("intermediate", 1), ("finished", 1)):
            with self.causes(
                rises("flowviz_lots_registered_total", lot_type=lot_type),
                *request("POST", "/api/lots"),
                *(grows(sample, operation=operation) for operation in self.of_a_registration
                  for sample in ("db_queries_total", "db_query_duration_seconds_count")),
                grows("db_connection_wait_seconds_count"),
                grows("rate_limit_store_duration_seconds_count"),
            ):
                taken = [(lot_id, 1) for lot_id in self.lot_ids[-inputs:]] if inputs else None
                self.lot_ids.append(self.made(service.register(lot_type, 10, taken))["lot_id"])

        with self.causes(grows("db_queries_total", operation="delete"), grows("db_query_duration_seconds_count", operation="delete")):
            body = {"lot_code": "WITH-A-KEY", "lot_type": "raw", "quantity_kg": 1}  # a key like it that has expired is forgotten first
            self.made(service.request("POST", "/api/lots", "operator", body=body, headers={"Idempotency-Key": "once"}))

        def decide(decision):
            body = {"lot_id": self.lot_ids[0] if decision == "PASS" else self.lot_ids[2], "decision": decision}
            self.made(service.request("POST", "/api/qc-decisions", "inspector", body=body))

        done = [becomes("tasks_by_status", 1, task="webhook", status="done")]
        with self.causes(rises("flowviz_qc_decisions_total", decision="PASS"), *request("POST", "/api/qc-decisions")):
            decide("PASS")
        for decision, priority in (("HOLD", "normal"), ("FAIL", "high")):
            with self.causes(
                rises("flowviz_qc_decisions_total", decision=decision),
                rises("tasks_created_total", task="webhook", priority=priority),
                rises("tasks_completed_total", task="webhook", outcome="done"),
                rises("outbound_requests_total", target="qc_webhook", outcome="ok"),
                rises("outbound_request_duration_seconds_count", target="qc_webhook", outcome="ok"),
                rises("notifications_sent_total", channel="webhook", status="ok"),
                rises("notifications_sent_total", channel="log", status="ok"),
                *done,
            ):
                decide(decision)
            done = [becomes("tasks_by_status", 2, task="webhook", status="done")]
        for outcome in ("error", "timeout"):
            with self.causes(
                rises("outbound_requests_total", target="qc_webhook", outcome=outcome),
                rises("outbound_request_duration_seconds_count", target="qc_webhook", outcome=outcome),
                rises("notifications_sent_total", channel="webhook", status="failed"),
                rises("notifications_sent_total", channel="log", status="ok"),
                rises("tasks_completed_total", task="webhook", outcome="failed"),
                rises("errors_total", type="outbound", severity="error"),
            ):
                decide("FAIL")
        with self.causes(becomes("flowviz_active_operators", 2), becomes("tasks_by_status", 2, task="webhook", status="failed")):
            pass  # of the operator and the inspector above; counted in the background

    def traces(self, service):
        for direction, lot_id in (("forward", self.lot_ids[0]), ("backward", self.lot_ids[2])):
            path, handler = f"/api/traceability/{lot_id}/{direction}", f"/api/traceability/{{lot_id}}/{direction}"
            with self.causes(
                rises("flowviz_traceability_query_duration_seconds_count", direction=direction),
                *request("GET", handler),
                grows("db_queries_total", operation="select"),
                grows("db_query_duration_seconds_count", operation="select"),
                *self.of_the_cache(get="miss", put="ok"),
            ):
                self.assertEqual(service.request("GET", path, "viewer").status, 200)
            with self.causes(*self.of_the_cache(get="hit")):
                self.assertEqual(service.request("GET", path, "viewer").status, 200)
            with self.causes(becomes("rate_limit_near_limit", 1, route=f"trace_{direction}")):
                for _ in range(4):
                    self.assertEqual(service.request("GET", path, "viewer").status, 200)
            with self.causes(rises("rate_limit_violations_total", route=f"trace_{direction}"), *request("GET", handler, "4xx")):
                self.assertEqual(service.request("GET", path, "viewer").status, 429)
        with self.causes(*self.of_the_cache(evict="ok")):  # an answer that is no longer true makes room for one that is
            self.made(service.register("finished", 1, [(self.lot_ids[0], 1)]))
            self.assertEqual(service.request("GET", f"/api/traceability/{self.lot_ids[0]}/forward", "admin").status, 200)

    def of_the_cache(self, **results):
        return [rises("cache_operations_total", operation=operation, result=result) if operation != "evict" else
                grows("cache_operations_total", operation=operation, result=result) for operation, result in results.items()]  # fmt: skip

    def runs(self, service):
        for outcome in ("completed", "aborted"):
            run = self.made(service.request("POST", "/api/production-runs", "operator", body={"line": "1", "product": "bread"}))
            path = f"/api/production-runs/{run['run_id']}/transitions"
            for earlier, state, changes in (
                ("planned", "running", [becomes("flowviz_production_runs_active", 1)]),
                ("running", outcome, [becomes("flowviz_production_runs_active", 0), rises("flowviz_production_runs_completed_total", outcome=outcome)]),
            ):
                moved = rises("workflow_transitions_total", **{"entity": "production_run", "from": earlier, "to": state})
                with self.causes(moved, *changes):
                    self.assertEqual(service.request("POST", path, "operator", body={"to": state}).status, 200)
            self.run_id = run["run_id"]

    def offline_lots(self, service):
        def send(lots):
            answer = service.request("POST", "/api/sync/lots", "operator", body={"lots": lots})
            self.assertEqual(answer.status, 202, answer)

        def some_wait():
            send(test_sync.chain(100))
            return service.metrics().value("flowviz_pending_sync_lots") > 0

        # Until the gauges, which are read every few seconds, see some that wait.
        with self.causes(grows("flowviz_pending_sync_lots"), grows("tasks_by_status", task="sync_apply", status="queued")):
            harness.wait_until(some_wait, "lots that wait")  # faster than they are applied
        with self.causes(becomes("flowviz_pending_sync_lots", 0)):
            pass  # all are applied in the end
        with self.causes(
            rises("tasks_created_total", task="sync_apply", priority="normal"),
            rises("tasks_completed_total", task="sync_apply", outcome="done"),
            rises("flowviz_lots_registered_total", lot_type="raw"),
            grows("tasks_by_status", task="sync_apply", status="done"),
            grows("db_queries_total", operation="update"),
            grows("db_query_duration_seconds_count", operation="update"),
        ):
            send(test_sync.chain(1))
        blocked = test_sync.lot("of-a-lot-that-failed", "finished") | {"inputs": [{"lot_id": self.lot_ids[2], "quantity_kg": 1}]}
        with self.causes(
            rises("tasks_created_total", task="sync_apply", priority="normal"),
            rises("tasks_completed_total", task="sync_apply", outcome="failed"),
            becomes("tasks_by_status", 1, task="sync_apply", status="failed"),
        ):
            send([blocked])

    def refusals(self, service):
        raw, _, failed = self.lot_ids
        circle = [test_sync.lot("ring-1", "finished", ["ring-2"]), test_sync.lot("ring-2", "finished", ["ring-1"])]
        for rule, refused in (
            ("input_on_hold_or_failed", lambda: service.register("finished", 1, [(failed, 1)])),
            ("inputs_exceed_remaining", lambda: service.register("finished", 1, [(raw, 1000)])),
            ("raw_lot_with_inputs", lambda: service.register("raw", 1, [(raw, 1)])),
            ("run_not_running", lambda: service.register(production_run_id=self.run_id)),
            ("sync_inputs_form_a_circle", lambda: service.request("POST", "/api/sync/lots", "operator", body={"lots": circle})),
        ):
            with self.causes(rises("business_rule_violations_total", rule=rule), rises("errors_total", type="conflict", severity="info")):
                self.assert_problem(refused(), 409, rule)
        for field, wrong in (("quantity_kg", {"quantity_kg": -1}), ("lot_code", {"lot_code": "ä"})):
            with self.causes(
                rises("validation_failures_total", entity="lot", field=field),
                rises("errors_total", type="validation", severity="info"),
                *request("POST", "/api/lots", "4xx"),
            ):
                self.assert_problem(service.register(**wrong), 422)
        # Fields that nobody planned for share a series.
        with self.causes(grows("flowviz_metrics_label_overflow_total", metric="validation_failures_total", label="field")):
            self.assert_problem(service.register(colour="red"), 422)
        with self.causes(rises("errors_total", type="auth", severity="warning")):
            self.assert_problem(harness.request(service.port, "GET", "/api/lots", token="nobody's"), 401)
        for route, path, role, limit in (("lots", "/api/lots", "admin", 90), ("qc_decisions", "/api/qc-decisions", "admin", 10)):
            with self.causes(becomes("rate_limit_near_limit", 1, route=route)):
                for _ in range(limit):
                    self.assertEqual(service.request("POST", path, role, body={}).status, 422)
            with self.causes(rises("rate_limit_violations_total", route=route)):
                self.assert_problem(service.request("POST", path, role, body={}), 429)

    def trouble(self, service):
        """While the database does not answer, requests wait, hold connections, and are refused in the end."""
        waiting = {"method": "POST", "handler": "/api/lots"}
        with self.causes(
            grows("errors_total", type="database", severity="error"),
            grows("http_requests_total", status="5xx", **waiting),
            grows("rate_limit_store_errors_total"),
            becomes("flowviz_http_requests_inprogress", 0, **waiting),
        ):
            with self.database_away(service):
                stuck = [threading.Thread(target=service.register) for _ in range(3)]
                with self.causes(
                    becomes("flowviz_http_requests_inprogress", 3, **waiting),
                    grows("flowviz_db_pool_connections_active"),
                    grows("db_pool_connections", state="active"),
                    falls("flowviz_db_pool_connections_idle"),
                    falls("db_pool_connections", state="idle"),
                ):
                    for thread in stuck:
                        thread.start()
                for thread in stuck:
                    thread.join()
        self.assertEqual(service.request("POST", "/api/admin/test-alert", "admin", body={"severity": "warning"}).status, 202)

    def process(self, service):
        """What the process itself does."""
        with self.causes(grows("process_cpu_seconds_total")):
            for _ in range(20):
                self.assertEqual(service.request("GET", "/api/lots?limit=500", "viewer").status, 200)
        with contextlib.ExitStack() as clients, self.causes(grows("process_open_fds")):
            for _ in range(20):
                clients.enter_context(socket.create_connection(("127.0.0.1", service.port)))


if __name__ == "__main__":
    unittest.main()
