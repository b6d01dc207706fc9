# SPDX-License-Identifier: MIT
"""Every metric of the catalogue is seen to change for its real cause, or is told here why nothing that clients do changes it."""

import collections
import contextlib
import json
import sqlite3
import subprocess
import threading
import unittest

import harness
import test_sync
import test_webhook

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
    "flowviz_metrics_callbacks_left_out_total": "no callback throws, is late or says what it must not; tests/callback.cpp",
    "flowviz_metrics_families_left_out_total": "there is one registry; tests/scrape.cpp",
}


class EveryMetric(harness.ServiceTest):
    def test_every_metric_changes_for_its_cause(self):
        described = subprocess.run([harness.program("WMS_SERVICE"), "--describe"], text=True, capture_output=True, timeout=60, check=True)
        catalogue = [one["name"] for one in json.loads(described.stdout)["metrics"]]
        self.assertEqual(CONSTANT.keys() - set(catalogue), set())
        receiver = self.track(test_webhook.Receiver())
        (self.folder / "url").write_text(f"http://127.0.0.1:{receiver.port}/hook\n")
        flags = ("--trace-cache-entries", "10", "--rate-limit-traceability", "6", "--rate-limit-store", "database", "--qc-webhook-url-file", str(self.folder / "url"))
        service = self.start_service(flags=flags)
        seen = collections.defaultdict(set)

        def look():
            totals = collections.defaultdict(dict)
            for (sample, labels), value in service.metrics().samples.items():
                name = next((one for one in catalogue if sample in (one, *(f"{one}_{end}" for end in ("bucket", "sum", "count")))), None)
                totals[name][sample, labels] = value
            for name, values in totals.items():
                seen[name].add(tuple(sorted(values.items(), key=repr)))

        with harness.Repeating(look, 0.5) as looking:
            self.work(service)
            self.refusals(service)
            harness.wait_until(lambda: self.lots_wait(service), "lots that wait to be applied")
            with self.locked(service):
                stuck = [threading.Thread(target=service.register) for _ in range(3)]
                for thread in stuck:
                    thread.start()
                waiting = "flowviz_http_requests_inprogress"
                harness.wait_until(lambda: service.metrics().sum(waiting) >= 3, "requests that wait for the database")
                service.request("GET", "/api/traceability/none/forward", "viewer")  # its limit cannot be counted
                for thread in stuck:
                    thread.join()

            def never():
                return [name for name in catalogue if len(seen[name]) < 2 and name not in CONSTANT]

            with contextlib.suppress(AssertionError):
                harness.wait_until(lambda: not never(), "metrics that follow by and by")
        self.assertEqual(looking.errors, [])
        self.assertEqual(never(), [])
        self.assertEqual([name for name in CONSTANT if len(seen[name]) > 1], [], "these do change")

    def work(self, service):
        lot = service.register().json["lot_id"]
        for _ in range(2):
            self.assertEqual(service.request("GET", f"/api/traceability/{lot}/forward", "viewer").status, 200)
        decision = {"lot_id": lot, "decision": "FAIL"}
        self.assertEqual(service.request("POST", "/api/qc-decisions", "inspector", body=decision).status, 201)
        run = service.request("POST", "/api/production-runs", "operator", body={"line": "1", "product": "bread"})
        self.assertEqual(run.status, 201, run)
        for state in ("running", "completed"):
            path = f"/api/production-runs/{run.json['run_id']}/transitions"
            moved = service.request("POST", path, "operator", body={"to": state})
            self.assertIn(moved.status, (200, 201), moved)
            harness.wait_until(
                lambda: service.metrics().value("flowviz_production_runs_active") == (state == "running"), "the number of runs"
            )
        self.assertEqual(service.request("POST", "/api/admin/test-alert", "admin", body={"severity": "warning"}).status, 202)

    def lots_wait(self, service):
        """Sends lots faster than they are applied; whether the gauge, which is read every few seconds, has seen it."""
        answer = service.request("POST", "/api/sync/lots", "operator", body={"lots": test_sync.chain(200)})
        self.assertEqual(answer.status, 202, answer)
        return service.metrics().value("flowviz_pending_sync_lots") > 0

    def refusals(self, service):
        lot = service.register().json["lot_id"]
        self.assertEqual(service.register(quantity_kg=-1).status, 422)
        self.assertEqual(service.register(colour="red").status, 422)
        self.assertEqual(service.register("raw", 1, [(lot, 1)]).status, 409)
        traces = [service.request("GET", f"/api/traceability/{lot}/backward", "viewer").status for _ in range(8)]
        self.assertEqual(traces, [200] * 6 + [429] * 2)

    @contextlib.contextmanager
    def locked(self, service):
        """Somebody else writes to the database, and takes his time."""
        with contextlib.closing(sqlite3.connect(service.database, isolation_level=None)) as database:
            database.execute("BEGIN IMMEDIATE")
            yield
            database.execute("ROLLBACK")


if __name__ == "__main__":
    unittest.main()
