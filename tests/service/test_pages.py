# SPDX-License-Identifier: MIT
"""The pages of a running service, in every format: valid to the strict validators, read by other people's readers, and the same in
all of them once nothing happens any more."""

import pathlib
import subprocess
import sys
import unittest

import harness

sys.path.append(str(pathlib.Path(__file__).parents[1] / "exposition"))  # behind, for there is another run.py
import readers

TEXT, TEXT_1, OPEN_METRICS, PROTOBUF = harness.FORMATS
# The content type of each format, and who reads it.
FORMATS = {
    TEXT: ("text/plain; version=0.0.4; charset=utf-8", "text"),
    TEXT_1: ("text/plain; version=1.0.0; charset=utf-8; escaping=underscores", "text"),
    OPEN_METRICS: ("application/openmetrics-text; version=1.0.0; charset=utf-8", "open_metrics"),
    PROTOBUF: ("application/vnd.google.protobuf; proto=io.prometheus.client.MetricFamily; encoding=delimited", "protobuf"),
}
# What a process does by making a page.
RESTLESS = tuple(f"process_{what}" for what in ("cpu_seconds_total", "resident_memory_bytes", "virtual_memory_bytes", "open_fds", "threads"))
TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"


class PagesTest(harness.ServiceTest):
    def page(self, service, accept):
        answer = harness.request(service.metrics_port, "GET", "/metrics", headers={"Accept": accept})
        self.assertEqual((answer.status, answer.headers["Content-Type"]), (200, FORMATS[accept][0]))
        return answer.body

    def quiet_pages(self, service):
        """One of each format, of a moment in which nothing happened: the text is the same before and after the others."""

        def still(page):
            return [line for line in page.decode().split("\n") if not line.startswith(RESTLESS)]

        def taken():
            pages = {accept: self.page(service, accept) for accept in FORMATS}
            return pages if still(pages[TEXT]) == still(self.page(service, TEXT)) else None

        return harness.wait_until(taken, "a moment in which nothing happens")

    def test_the_pages_of_a_busy_service_are_read_in_every_format_and_say_the_same(self):
        for native in ("off", "on"):
            with self.subTest(native_histograms=native):
                names = {"name": f"wms_service-{native}", "database": self.folder / f"{native}.db"}
                service = self.start_service(flags=("--native-histograms", native), **names)
                traffic = self.start_traffic(service, name=f"wms_traffic-{native}", duration=3, rate=100, connections=8)
                self.assertEqual(traffic.wait(), 0, traffic.stdout + traffic.stderr)
                headers = {"traceparent": f"00-{TRACE}-00f067aa0ba902b7-01"}  # which makes exemplars
                self.assertEqual(service.request("GET", "/api/lots", "viewer", headers=headers).status, 200)
                self.check_pages(self.quiet_pages(service))

    def check_pages(self, pages):
        samples, about = {}, {}
        for accept, page in pages.items():
            _, reader = FORMATS[accept]
            with self.subTest(accept=accept):
                self.assertEqual(harness.violations(page, accept), "")
                found, about[accept] = readers.READERS[reader](page)
                samples[accept] = {key: None if key[0] in RESTLESS else value for key, value in found.items()}
                self.assertGreater(len(found), 1000)
                self.assertEqual(readers.differences(samples[accept], samples[TEXT]), [])
                if reader != "text":
                    self.assertIn(TRACE.encode(), page)
                    continue
                checked = subprocess.run(
                    ["promtool", "check", "metrics"], input=page, capture_output=True, timeout=harness.DEADLINE_S, check=False
                )
                said = checked.stderr.decode().splitlines()
                # A gauge that is 1 within those hours, whose name promtool takes for one of a time; status 3.
                self.assertEqual([line for line in said if not line.startswith("flowviz_business_hours ")], [])
                self.assertIn(checked.returncode, (0, 3))
        self.assertEqual(about[TEXT_1], about[TEXT])
        infos = {"flowviz_build_info": "info"}
        self.assertEqual(readers.differences_about(about[TEXT], about[OPEN_METRICS], about[PROTOBUF], infos), [])


if __name__ == "__main__":
    unittest.main()
