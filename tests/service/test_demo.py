# SPDX-License-Identifier: MIT
"""The demo: what it prints is what the service's metrics say, and it ends as it says."""

import pathlib
import re
import signal
import sys
import unittest

import harness

DEMO = pathlib.Path(__file__).parents[2] / "examples" / "wms_service" / "demo.py"


class DemoTest(harness.ServiceTest):
    def start_demo(self, *flags):
        command = [
            sys.executable,
            "-u",
            str(DEMO),
            "--service",
            harness.program("WMS_SERVICE"),
            "--traffic",
            harness.program("WMS_TRAFFIC"),
            "--duration",
            "2",
            "--rate",
            "100",
            *flags,
        ]
        return self.track(harness.Program("demo", command, self.folder))

    def check_summary(self, text):
        self.assertRegex(text, r"\b200 requests in \d+ s, [\d.]+/s, 0 server errors")
        rows = re.findall(
            r"^((?:GET|POST|DELETE) .+?) +(\d+) +([\d.]+) +(\d+) +(\d+) +([\d.]+) +([\d.]+) +([\d.]+)$", text, re.M
        )
        self.assertEqual(sum(int(row[1]) for row in rows), 200, text)
        for row in rows:
            p50, p95, p99 = map(float, row[5:])
            self.assertTrue(0 < p50 <= p95 <= p99, row)
        self.assertRegex(text, r"lots registered: \d+ raw, \d+ intermediate, \d+ finished")
        self.assertRegex(text, r"quality decisions: \d+ PASS, \d+ HOLD, \d+ FAIL")

    def test_without_waiting_it_ends_by_itself_with_status_0(self):
        demo = self.start_demo("--no-wait")
        self.assertEqual(demo.wait(), 0, demo.stdout + demo.stderr)
        self.check_summary(demo.stdout)
        self.assertIn("the service ended with exit status 0", demo.stdout)

    def test_it_serves_until_interrupted_at_the_addresses_and_with_the_token_that_it_prints(self):
        demo = self.start_demo()
        harness.wait_until(lambda: "curl" in demo.stdout or not demo.running, "the addresses")
        self.check_summary(demo.stdout)
        metrics_port = int(re.search(r"http://127\.0\.0\.1:(\d+)/metrics", demo.stdout).group(1))
        self.assertEqual(harness.request(metrics_port, "GET", "/metrics").status, 200)
        token, port, path = re.search(r"Bearer (\w+)' 'http://127\.0\.0\.1:(\d+)(/[^']+)'", demo.stdout).groups()
        answer = harness.request(int(port), "GET", path, token=token)
        self.assertEqual(answer.status, 200, answer)
        self.assertEqual(len(answer.json["lots"]), 3)
        demo.process.send_signal(signal.SIGINT)
        self.assertEqual(demo.wait(), 0, demo.stdout + demo.stderr)
        self.assertIn("the service ended with exit status 0", demo.stdout)

    def test_a_service_that_does_not_start_is_a_failure(self):
        demo = self.track(
            harness.Program(
                "demo",
                [
                    sys.executable,
                    "-u",
                    str(DEMO),
                    "--service",
                    "/bin/false",
                    "--traffic",
                    harness.program("WMS_TRAFFIC"),
                    "--no-wait",
                ],
                self.folder,
            )
        )
        self.assertEqual(demo.wait(), 1)
        self.assertIn("the service ended with exit status 1", demo.stdout)


if __name__ == "__main__":
    unittest.main()
