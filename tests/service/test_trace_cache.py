# SPDX-License-Identifier: MIT
"""The cache of traces: off unless it is turned on, and then nobody sees an answer from before a change."""

import unittest

import harness


class TraceCacheTest(harness.ServiceTest):
    def gets(self, service, result):
        return service.metrics().value("cache_operations_total", operation="get", result=result)

    def test_it_is_off_unless_it_is_turned_on(self):
        service = self.start_service()
        lot_id = service.register().json["lot_id"]
        for _ in range(3):
            self.assertEqual(service.request("GET", f"/api/traceability/{lot_id}/forward", "viewer").status, 200)
        self.assertEqual(service.metrics().sum("cache_operations_total"), 0)

    def test_what_is_answered_from_memory_is_what_the_database_would_say(self):
        service = self.start_service(flags=["--trace-cache-entries", "100"])
        flour = service.register(quantity_kg=100).json["lot_id"]
        path = f"/api/traceability/{flour}/forward"
        self.assertEqual(len(service.request("GET", path, "viewer").json["nodes"]), 1)
        self.assertEqual(len(service.request("GET", path, "viewer").json["nodes"]), 1)
        self.assertEqual((self.gets(service, "hit"), self.gets(service, "miss")), (1, 1))
        for made in range(1, 6):
            service.register("finished", 1, [(flour, 1)])
            for _ in range(2):
                trace = service.request("GET", path, "viewer").json
                self.assertEqual(len(trace["nodes"]), 1 + made)
                self.assertEqual(trace["nodes"][0]["remaining_kg"], 100 - made)
        body = {"lot_id": flour, "decision": "FAIL"}
        self.assertEqual(service.request("POST", "/api/qc-decisions", "inspector", body=body).status, 201)
        self.assertEqual(service.request("GET", path, "viewer").json["nodes"][0]["qc_status"], "FAIL")
        self.assertEqual((self.gets(service, "hit"), self.gets(service, "miss")), (6, 7))

    def test_traffic_finds_every_trace_as_planned_with_a_cache_that_is_too_small(self):
        service = self.start_service(flags=["--trace-cache-entries", "20"], per_role=13)
        traffic = self.start_traffic(service, duration=8, rate=150, connections=8)
        self.assertEqual(traffic.wait(), 0, traffic.stdout + traffic.stderr)
        metrics = service.metrics()
        self.assertGreater(self.gets(service, "miss"), 0)
        self.assertGreater(metrics.value("cache_operations_total", operation="evict", result="ok"), 0)


if __name__ == "__main__":
    unittest.main()
