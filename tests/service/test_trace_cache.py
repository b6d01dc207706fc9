# SPDX-License-Identifier: MIT
"""The cache of traces: nobody sees an answer from before a change, whichever instance made it."""

import unittest

import harness
import postgres


class TraceCacheTest(harness.ServiceTest):
    def gets(self, service, result):
        return service.metrics().value("cache_operations_total", operation="get", result=result)

    def trace(self, service, lot_id):
        answer = service.request("GET", f"/api/traceability/{lot_id}/forward", "viewer")
        self.assertEqual(answer.status, 200, answer)
        return answer.json

    def test_without_entries_it_keeps_and_counts_nothing(self):
        service = self.start_service(flags=["--trace-cache-entries", "0"])
        lot_id = service.register().json["lot_id"]
        for _ in range(3):
            self.trace(service, lot_id)
        self.assertEqual(service.metrics().sum("cache_operations_total"), 0)

    def test_what_is_answered_from_memory_is_what_the_database_would_say_whoever_changed_it(self):
        first = self.start_service(name="first")
        second = self.start_service(name="second", tokens_path=first.tokens_path, database=first.database)
        flour = first.register(quantity_kg=100).json["lot_id"]
        for _ in range(2):
            self.assertEqual(len(self.trace(first, flour)["nodes"]), 1)
        self.assertEqual((self.gets(first, "hit"), self.gets(first, "miss")), (1, 1))
        for made in range(1, 6):
            (first, second)[made % 2].register("finished", 1, [(flour, 1)])
            for service in (first, second, first):
                trace = self.trace(service, flour)
                self.assertEqual(len(trace["nodes"]), 1 + made)
                self.assertEqual(trace["nodes"][0]["remaining_kg"], 100 - made)
        body = {"lot_id": flour, "decision": "FAIL"}
        self.assertEqual(second.request("POST", "/api/qc-decisions", "inspector", body=body).status, 201)
        for service in (first, second):
            self.assertEqual(self.trace(service, flour)["nodes"][0]["qc_status"], "FAIL")
        self.assertEqual((self.gets(first, "hit"), self.gets(first, "miss")), (6, 7))
        self.assertEqual((self.gets(second, "hit"), self.gets(second, "miss")), (0, 6))

    def test_traffic_finds_every_trace_as_planned_with_a_cache_that_is_too_small(self):
        service = self.start_service(flags=["--trace-cache-entries", "20"], per_role=13)
        traffic = self.start_traffic(service, duration=8, rate=150, connections=8)
        self.assertEqual(traffic.wait(), 0, traffic.stdout + traffic.stderr)
        metrics = service.metrics()
        self.assertGreater(self.gets(service, "miss"), 0)
        self.assertGreater(metrics.value("cache_operations_total", operation="evict", result="ok"), 0)


class TraceCacheOnPostgresqlTest(postgres.OnPostgresql, TraceCacheTest):
    """The same on PostgreSQL."""


if __name__ == "__main__":
    unittest.main()
