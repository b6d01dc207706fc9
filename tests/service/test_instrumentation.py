# SPDX-License-Identifier: MIT
"""What metrics cost the service, in instructions of whole requests: the program as it is against one with them compiled out
(WMS_SERVICE_DISABLED). Long, for callgrind runs both; only in scripts/test --full.

Counted is the thread that answers, and not those that work by the clock: a slow machine gives them more time, not requests."""

import http.client
import json
import re
import statistics
import unittest

import harness

AT_MOST = 0.01  # more instructions per request than without metrics
PROGRAMS = ("WMS_SERVICE", "WMS_SERVICE_DISABLED")
WARM, MEASURED = 300, 2000  # requests; what starting and ending cost is in both counts
TOTAL = re.compile(r"^(?:totals|summary): (\d+)", re.M)

if harness.FULL:  # short runs do not build the service twice

    class Instrumentation(harness.ServiceTest):
        def run_counted(self, variable, requests):
            """Instructions of the service's thread that answers so many requests, all on one connection."""
            folder = self.folder / f"{variable}-{requests}"
            folder.mkdir()
            prefix = ("valgrind", "--tool=callgrind", "--separate-threads=yes", f"--callgrind-out-file={folder / 'counts'}", "--quiet")
            service = self.track(harness.Service(folder, prefix=prefix, variable=variable)).ready()
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
            by_thread = [TOTAL.search(file.read_text()) for file in folder.glob("counts-*")]
            busiest, next_one, *_ = sorted((int(total[1]) for total in by_thread if total), reverse=True)
            self.assertGreater(busiest, 1.5 * next_one, "which thread has answered is not clear")
            return busiest

        def instructions_per_request(self):
            """By program."""
            per_request = {}
            for variable in PROGRAMS:
                few, many = (self.run_counted(variable, requests) for requests in (WARM, WARM + MEASURED))
                per_request[variable] = (many - few) / MEASURED
            return per_request

        def answers_per_second(self):
            """By program, in turn: the medians."""
            rates = {variable: [] for variable in PROGRAMS}
            for turn in range(3):
                for variable, found in rates.items():
                    name = f"{variable}-{turn}"
                    service = self.start_service(name=name, variable=variable, database=self.folder / f"{name}.db", per_role=4)
                    traffic = self.start_traffic(service, name=f"traffic-{name}", rate=100_000, duration=5, connections=8, mistakes=0)
                    traffic.wait()
                    found.append(harness.answers_per_second(traffic.report()))
                    self.assertEqual(service.terminate(), 0)
            return {variable: statistics.median(found) for variable, found in rates.items()}

        def test_metrics_are_one_percent_of_a_request_at_most(self):
            per_request = self.instructions_per_request()
            more = per_request["WMS_SERVICE"] / per_request["WMS_SERVICE_DISABLED"] - 1
            print(", ".join(f"{name}: {count:,.0f} instructions per request" for name, count in per_request.items()) + f", {more:+.2%}")
            self.assertLessEqual(more, AT_MOST)

        def test_throughput_of_both_is_told(self):
            """No claim, for it is a matter of the machine."""
            print(", ".join(f"{name}: {rate:,.0f} answers per second" for name, rate in self.answers_per_second().items()))


if __name__ == "__main__":
    unittest.main()
