# SPDX-License-Identifier: MIT
"""What metrics cost the service, in instructions of whole requests: the program as it is against one with them compiled out
(WMS_SERVICE_DISABLED). Long, for callgrind runs both; only in scripts/test --full."""

import http.client
import json
import os
import re
import statistics
import unittest

import harness

AT_MOST = 0.01  # more instructions per request than without metrics
WARM, MEASURED = 300, 2000  # requests; what starting and ending cost is in both counts

if harness.FULL:  # short runs do not build the service twice

    class Instrumentation(harness.ServiceTest):
        def run_counted(self, program, name, requests):
            """Instructions of a whole run of the service that answers so many requests on one connection."""
            folder = self.folder / name
            folder.mkdir()
            counts = folder / "counts"
            prefix = ("valgrind", "--tool=callgrind", f"--callgrind-out-file={counts}", "--quiet")
            os.environ["WMS_SERVICE"], before = program, os.environ["WMS_SERVICE"]
            try:
                service = self.track(harness.Service(folder, prefix=prefix)).ready()
            finally:
                os.environ["WMS_SERVICE"] = before
            connection = http.client.HTTPConnection("127.0.0.1", service.port, timeout=harness.DEADLINE_S)
            tokens = {role: {"Authorization": f"Bearer {service.tokens[role][0]}", "Content-Type": "application/json"} for role in service.tokens}

            def send(method, path, role, body=None):
                connection.request(method, path, json.dumps(body) if body else None, tokens[role])
                answer = connection.getresponse()
                text = answer.read()
                self.assertLess(answer.status, 300, text)
                return json.loads(text)

            for i in range(requests // 4):  # a quarter of each: written, decided, read, traced
                lot = send("POST", "/api/lots", "operator", {"lot_code": f"L-{i:06}", "lot_type": "raw", "quantity_kg": 5})["lot_id"]
                send("POST", "/api/qc-decisions", "inspector", {"lot_id": lot, "decision": "PASS"})
                send("GET", f"/api/lots/{lot}", "viewer")
                send("GET", f"/api/traceability/{lot}/forward", "viewer")
            connection.close()
            self.assertEqual(service.terminate(), 0)
            return int(re.search(r"^(?:totals|summary): (\d+)", counts.read_text(), re.M)[1])

        def test_metrics_are_one_percent_of_a_request_at_most(self):
            programs = {"with metrics": os.environ["WMS_SERVICE"], "compiled out": os.environ["WMS_SERVICE_DISABLED"]}
            per_request = {}
            for name, program in programs.items():
                few = self.run_counted(program, f"{name}, few", WARM)
                many = self.run_counted(program, f"{name}, many", WARM + MEASURED)
                per_request[name] = (many - few) / MEASURED
            more = per_request["with metrics"] / per_request["compiled out"] - 1
            print(", ".join(f"{name}: {count:,.0f} instructions per request" for name, count in per_request.items()) + f", {more:+.2%}")
            self.assertLessEqual(more, AT_MOST)

        def test_throughput_of_both_is_told(self):
            """No claim, for it is a matter of the machine: answers per second, in turn."""
            rates = {"WMS_SERVICE": [], "WMS_SERVICE_DISABLED": []}
            kept = os.environ["WMS_SERVICE"]
            self.addCleanup(os.environ.__setitem__, "WMS_SERVICE", kept)
            for turn in range(3):
                for name, found in rates.items():
                    os.environ["WMS_SERVICE"] = os.environ[name] if name != "WMS_SERVICE" else kept
                    service = self.start_service(name=f"{name}-{turn}", database=self.folder / f"{name}-{turn}.db", per_role=4)
                    traffic = self.start_traffic(service, name=f"traffic-{name}-{turn}", rate=100_000, duration=5, connections=8, mistakes=0)
                    traffic.wait()
                    found.append(sum(one["count"] for one in traffic.report()["requests"]) / 5)
                    self.assertEqual(service.terminate(), 0)
            print(", ".join(f"{name}: {statistics.median(found):,.0f} answers per second" for name, found in rates.items()))


if __name__ == "__main__":
    unittest.main()
