# SPDX-License-Identifier: MIT
"""The demo: what it prints is what the service's metrics say, and it ends as it says."""

import importlib.util
import math
import pathlib
import re
import signal
import subprocess
import sys
import unittest

import harness

ROOT = pathlib.Path(__file__).parents[2]
DEMO = ROOT / "examples" / "wms_service" / "demo.py"


def demo_module():
    spec = importlib.util.spec_from_file_location("demo", DEMO)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


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
            "5",
            "--rate",
            "100",
            *flags,
        ]
        demo = self.track(harness.Program("demo", command, self.folder))
        self.addCleanup(lambda: demo.running and demo.terminate())  # first of all: killed, it would leave its service behind
        return demo

    def check_summary(self, text):
        self.assertRegex(text, r"\b500 requests in \d+ s, [\d.]+/s, 0 server errors")
        counted, measured = text.split("The same, as the client measured: ")
        self.assertIn("as the server counted", counted)
        latencies = 3 * r" +([<>]?[\d.]+)"
        rows = re.findall(rf"^((?:GET|POST|DELETE) .+?) +(\d+) +[\d.]+ +\d+ +\d+{latencies}$", counted, re.M)
        self.assertEqual(sum(int(row[1]) for row in rows), 500, text)
        for row in rows:
            p50, p95, p99 = (float(text.lstrip("<>")) for text in row[2:])
            self.assertTrue(5 <= p50 <= p95 <= p99, row)  # below the first bound nothing is known but that
        rows = re.findall(rf"^((?:GET|POST|DELETE) .+?) +(\d+){latencies}  \d{{3}}:\d", measured, re.M)
        self.assertEqual(sum(int(row[1]) for row in rows), 500, text)
        for row in rows:
            self.assertTrue(0 < float(row[2]) <= float(row[3]) <= float(row[4]), row)
        self.assertIn("(no such route)", counted)
        self.assertIn("(no such route)", measured)
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

    def test_a_quantile_is_estimated_between_two_bounds_and_only_bounded_beyond_them(self):
        quantile_text = demo_module().quantile_text
        for share, counts, text in (
            (0.5, [100, 100, 100], "<5.0"),
            (0.99, [99, 100, 100], "<5.0"),
            (0.99, [98, 100, 100], "7.5"),
            (0.5, [0, 100, 100], "7.5"),
            (1, [0, 100, 100], "10.0"),
            (0.5, [10, 20, 100], ">10.0"),
            (0.5, [0, 0, 0], "-"),
        ):
            with self.subTest(share=share, counts=counts):
                self.assertEqual(quantile_text(share, dict(zip((0.005, 0.01, math.inf), counts))), text)
        self.assertEqual(quantile_text(0.5, {math.inf: 3}), "-")
        self.assertEqual(quantile_text(0.5, {}), "-")

    def test_wrong_usage_is_exit_status_2_and_named_before_anything_is_built(self):
        programs = ["--service", "/bin/false", "--traffic", "/bin/false"]
        for flags, named in (
            (["--bogus"], "--bogus"),
            (["--duration"], "--duration"),
            (["--duration", "-1"], "-1"),
            (["--duration", "0"], "--duration must be a number from 0.1 to 604800, not '0'"),
            (["--duration", "1e3x"], "1e3x"),
            (["--rate", "0"], "--rate must be a number from 0.1 to 100000, not '0'"),
            (["--rate", "100001"], "100001"),
            (["--rate", "nan"], "nan"),
        ):
            for command in ([ROOT / "scripts" / "demo"], [sys.executable, DEMO, *programs]):
                with self.subTest(command=command[-1], flags=flags):
                    result = subprocess.run(
                        [*command, *flags], capture_output=True, text=True, timeout=harness.DEADLINE_S, check=False
                    )
                    self.assertEqual(result.returncode, 2, result)
                    self.assertIn(named, re.sub(r"argument (--\w+): must", r"\1 must", result.stderr))
                    self.assertNotIn("Building", result.stdout)

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
