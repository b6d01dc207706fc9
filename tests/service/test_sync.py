# SPDX-License-Identifier: MIT
"""Lots recorded offline: they are applied in the background, once each, whatever happens to the service meanwhile."""

import secrets
import unittest

import harness
import postgres


def lot(client_id, lot_type="raw", inputs=()):
    return {
        "client_id": client_id,
        "lot_code": f"S-{secrets.token_hex(8).upper()}",
        "lot_type": lot_type,
        "quantity_kg": 10,
        "inputs": [{"client_id": one, "quantity_kg": 1} for one in inputs],
    }


def chain(length):
    """Lots, each made from the one before it, the last one first."""
    name = secrets.token_hex(8)
    ids = [f"{name}-{i}" for i in range(length)]
    lots = [lot(ids[0])] + [lot(ids[i], "intermediate", [ids[i - 1]]) for i in range(1, length)]
    return lots[::-1]


class SyncTest(harness.ServiceTest):
    def send(self, service, lots):
        answer = service.request("POST", "/api/sync/lots", "operator", body={"lots": lots})
        self.assertEqual(answer.status, 202, answer)
        return answer.json

    def states(self, service, lots):
        return [service.request("GET", f"/api/sync/{one['client_id']}", "viewer").json["status"] for one in lots]

    def wait_until_applied(self, service, lots):
        # The first one of a chain is the last one to be applied.
        harness.wait_until(lambda: self.states(service, lots[:1]) == ["applied"], "the batch applied")
        self.assertEqual(set(self.states(service, lots)), {"applied"})

    def test_a_batch_is_applied_in_the_background_and_the_metrics_show_it(self):
        service = self.start_service()
        first = lot(secrets.token_hex(8))
        self.send(service, [first])
        self.wait_until_applied(service, [first])
        lot_id = service.request("GET", f"/api/sync/{first['client_id']}", "viewer").json["lot"]["lot_id"]
        path = f"/api/traceability/{lot_id}/forward"
        self.assertEqual(len(service.request("GET", path, "viewer").json["nodes"]), 1)
        second = lot(secrets.token_hex(8), "finished", [first["client_id"]])
        self.send(service, [second])
        self.wait_until_applied(service, [second])
        # What the worker changed is not answered from memory.
        self.assertEqual(len(service.request("GET", path, "viewer").json["nodes"]), 2)
        metrics = service.metrics()
        self.assertEqual(metrics.sum("flowviz_lots_registered_total"), 2)
        self.assertEqual(metrics.value("tasks_created_total", task="sync_apply", priority="normal"), 2)
        self.assertEqual(metrics.value("tasks_completed_total", task="sync_apply", outcome="done"), 2)
        harness.wait_until(
            lambda: service.metrics().value("tasks_by_status", task="sync_apply", status="done") == 2,
            "the gauges refreshed",
        )
        self.assertEqual(service.metrics().value("flowviz_pending_sync_lots"), 0)
        self.assertEqual(service.terminate(), 0)

    def test_a_batch_that_was_acknowledged_is_applied_once_whatever_kills_the_service(self):
        service = self.start_service()
        lots = chain(300)
        self.assertEqual(self.send(service, lots), {"accepted": 300, "duplicates": 0})
        for _ in range(3):
            service.kill()
            service = self.start_service(
                ports=(service.port, service.metrics_port), tokens_path=service.tokens_path, database=service.database
            )
        self.assertEqual(self.send(service, lots), {"accepted": 0, "duplicates": 300})
        self.wait_until_applied(service, lots)
        self.assertEqual(service.rows("SELECT count(*) FROM lots"), [(300,)])
        self.assertEqual(service.rows("SELECT count(*) FROM lot_inputs"), [(299,)])


class SyncOnPostgresqlTest(postgres.OnPostgresql, SyncTest):
    """With two instances on one database, and a database that goes away."""

    def start_service(self, **options):
        service = super().start_service(**options)
        service.rows = lambda sql: [tuple(map(int, row)) for row in self.postgres.query(sql)]
        return service

    def test_two_instances_apply_every_lot_once(self):
        first = self.start_service()
        second = self.start_service(tokens_path=first.tokens_path, name="wms_service-2")
        batches = [chain(20) for _ in range(8)]
        for batch in batches:
            self.send(first, batch)
            self.assertEqual(self.send(second, batch)["accepted"], 0)
        for batch in batches:
            self.wait_until_applied(second, batch)
        registered = [service.metrics().sum("flowviz_lots_registered_total") for service in (first, second)]
        self.assertEqual(sum(registered), 160)


if __name__ == "__main__":
    unittest.main()
