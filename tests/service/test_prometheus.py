# SPDX-License-Identifier: MIT
"""The main job: a real Prometheus scrapes the service under traffic, and what it then knows equals the rows in the
service's database and what the client counted."""

import collections
import json
import os
import time
import unittest
import urllib.parse

import harness


def status_class(status):
    return f"{status // 100}xx"


class Prometheus(harness.Program):
    """Debian's Prometheus scraping one address every second, as nobody when this is root."""

    def __init__(self, folder, target, features="exemplar-storage"):
        home = folder / "prometheus"
        home.mkdir()
        (home / "prometheus.yml").write_text(
            json.dumps(
                {  # JSON is YAML
                    "global": {"scrape_interval": "1s", "scrape_timeout": "1s"},
                    "scrape_configs": [{"job_name": "app", "static_configs": [{"targets": [target]}]}],
                }
            )
        )
        [self.port] = harness.free_ports(1)
        command = [
            harness.program("PROMETHEUS", "prometheus"),
            f"--config.file={home}/prometheus.yml",
            f"--storage.tsdb.path={home}/data",
            f"--web.listen-address=127.0.0.1:{self.port}",
            "--log.level=warn",
            f"--enable-feature={features}",
        ]
        if os.geteuid() == 0:
            (home / "data").mkdir()
            os.chown(home / "data", 65534, 65534)
            command = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "--", *command]
        super().__init__("prometheus", command, folder, cwd=home)

    def ready(self):
        if not self.running:
            raise AssertionError(f"Prometheus ended with {self.process.returncode}\n{self.stderr[-2000:]}")
        try:
            return harness.request(self.port, "GET", "/-/ready").status == 200
        except OSError:
            return False

    def query(self, expression):
        """What an instant query yields: {labels without the name: number}."""
        path = "/api/v1/query?" + urllib.parse.urlencode({"query": expression})
        answer = harness.request(self.port, "GET", path)
        if answer.status != 200:
            raise AssertionError(f"{expression}: {answer}")
        return {
            frozenset((name, text) for name, text in sample["metric"].items() if name != "__name__"): float(
                sample["value"][1]
            )
            for sample in answer.json["data"]["result"]
        }

    def exemplars(self, metric):
        """The exemplars that it keeps of a metric: (labels of the series, labels of the exemplar)."""
        now = time.time()
        path = "/api/v1/query_exemplars?" + urllib.parse.urlencode({"query": metric, "start": now - 600, "end": now + 600})
        series = harness.request(self.port, "GET", path).json["data"]
        return [(one["seriesLabels"], exemplar["labels"]) for one in series for exemplar in one["exemplars"]]

    def number(self, expression):
        """What an instant query of one sample without labels yields."""
        result = self.query(expression)
        if set(result) != {frozenset()}:
            raise AssertionError(f"{expression} is no single number: {result}")
        return result[frozenset()]

    def scraped_since(self, unix_time):
        return self.query('timestamp(up{job="app"}) > %r' % unix_time)


class PrometheusTest(harness.ServiceTest):
    def test_prometheus_agrees_with_the_database_and_with_the_client(self):
        service = self.start_service(per_role=13)
        before = service.metrics()
        prometheus = self.track(Prometheus(self.folder, f"127.0.0.1:{service.metrics_port}"))
        harness.wait_until(prometheus.ready, "Prometheus ready to be asked")
        harness.wait_until(lambda: prometheus.query('up{job="app"} == 1'), "the first scrape")

        with harness.Repeating(service.page, 0.5) as pages:
            traffic = self.start_traffic(service, duration=18, rate=120, connections=16)
            status = traffic.wait(120)
        self.assertEqual(status, 0, traffic.stdout + traffic.stderr)
        self.assertEqual(pages.errors, [])
        ended = time.time()
        harness.wait_until(lambda: prometheus.scraped_since(ended), "a scrape after the traffic")
        report = traffic.report()

        with self.subTest("lots equal the rows of the database"):
            lots = dict(service.rows("SELECT lot_type, count(*) FROM lots GROUP BY lot_type"))
            self.assertEqual(set(lots), {"raw", "intermediate", "finished"})
            self.assertEqual(prometheus.number("sum(flowviz_lots_registered_total)"), sum(lots.values()))
            self.assertEqual(self.by(prometheus, "lot_type", "flowviz_lots_registered_total"), lots)
            self.assertEqual({kind: len(ids) for kind, ids in report["lots"].items()}, lots)

        with self.subTest("decisions equal the rows of the database"):
            decisions = dict(service.rows("SELECT decision, count(*) FROM qc_decisions GROUP BY decision"))
            self.assertEqual(set(decisions), {"PASS", "HOLD", "FAIL"})
            self.assertEqual(self.by(prometheus, "decision", "flowviz_qc_decisions_total"), decisions)
            self.assertEqual({kind: len(ids) for kind, ids in report["decisions"].items()}, decisions)

        with self.subTest("requests equal what the client counted"):
            sent = collections.Counter()
            for row in report["requests"]:
                sent[row["method"], row["route"], status_class(row["status"])] += row["count"]
            counted = {
                tuple(dict(labels)[name] for name in ("method", "handler", "status")): value
                for labels, value in prometheus.query(
                    "sum by (method, handler, status) (http_requests_total) > 0"
                ).items()
            }
            self.assertEqual(counted, dict(sent))
            durations = prometheus.query("sum by (method, handler) (http_request_duration_seconds_count) > 0")
            by_endpoint = collections.Counter()
            for (method, handler, _), count in sent.items():
                by_endpoint[method, handler] += count
            self.assertEqual(
                {
                    tuple(dict(labels)[name] for name in ("method", "handler")): value
                    for labels, value in durations.items()
                },
                dict(by_endpoint),
            )
            traces = {
                direction: sum(row["count"] for row in report["requests"] if row["route"].endswith(direction))
                for direction in ("forward", "backward")
            }
            self.assertEqual(
                self.by(prometheus, "direction", "flowviz_traceability_query_duration_seconds_count"), traces
            )

        with self.subTest("every scrape succeeded"):
            self.assertEqual(list(prometheus.query("min_over_time(up[10m])").values()), [1])
            scrapes = max(prometheus.query("count_over_time(up[10m])").values())
            self.assertGreaterEqual(scrapes, 15)
            self.assertEqual(prometheus.number("min(flowviz_http_requests_inprogress)"), 0)
            self.assertEqual(prometheus.number("max(flowviz_http_requests_inprogress)"), 0)

        with self.subTest("every page passes the strict validator"):
            self.assertGreater(len(pages.results), 20)
            for page in pages.results:
                self.assertEqual(harness.violations(page), "", page.decode(errors="replace"))

        with self.subTest("Prometheus has the series of the page, and only what no route takes made new ones"):
            after = service.metrics()
            known = prometheus.number('count({job="app",__name__!~"up|scrape_.*"})')
            self.assertEqual(known, len(after.series))
            self.assertEqual(before.series - after.series, set())
            # Each pair of a route and a method of it has been there from the start; DELETE /api/lots is none.
            allowed = {("GET", "none"), ("DELETE", "/api/lots"), (None, "none")}
            for name, labels in after.series - before.series:
                labels = dict(labels)
                self.assertIn((labels.get("method"), labels.get("handler")), allowed, name)

        with self.subTest("counters of a page never go back"):
            self.check_monotone([harness.Metrics(page) for page in pages.results])

    def test_a_traced_request_is_found_by_its_exemplar(self):
        service = self.start_service()
        prometheus = self.track(Prometheus(self.folder, f"127.0.0.1:{service.metrics_port}"))
        harness.wait_until(prometheus.ready, "Prometheus ready to be asked")
        trace = "4bf92f3577b34da6a3ce929d0e0e4736"
        for recorded in ("00", "01"):
            headers = {"traceparent": f"00-{trace[:-2]}{recorded}-00f067aa0ba902b7-{recorded}"}
            self.assertEqual(service.request("GET", "/api/lots", "viewer", headers=headers).status, 200)
        found = []

        def kept():
            found[:] = prometheus.exemplars("http_request_duration_seconds_bucket")
            return found

        harness.wait_until(kept, "the exemplar of a request")
        [(series, labels)] = found
        self.assertEqual(labels, {"trace_id": trace[:-2] + "01"})
        self.assertEqual((series["method"], series["handler"]), ("GET", "/api/lots"))

    def test_native_histograms_give_quantiles_of_any_latency(self):
        service = self.start_service(flags=("--native-histograms", "on"))
        prometheus = self.track(Prometheus(self.folder, f"127.0.0.1:{service.metrics_port}", "native-histograms"))
        harness.wait_until(prometheus.ready, "Prometheus ready to be asked")
        requests = 200
        begun = time.monotonic()
        for _ in range(requests):
            self.assertEqual(service.request("GET", "/api/lots", "viewer").status, 200)
        all_took = time.monotonic() - begun
        metric = "http_request_duration_highr_seconds"

        def all_counted():
            counts = prometheus.query(f"histogram_count({metric})")
            return list(counts.values()) == [requests]

        harness.wait_until(all_counted, "a scrape of all requests")
        self.assertEqual(prometheus.query(f"{metric}_bucket"), {})
        # As text has it, where the classic buckets are as ever.
        after = service.metrics()
        self.assertEqual(after.value(f"{metric}_bucket", le="+Inf"), requests)
        [total] = prometheus.query(f"histogram_sum({metric})").values()
        self.assertAlmostEqual(total, after.value(f"{metric}_sum"))
        low, median, high = (list(prometheus.query(f"histogram_quantile({q}, {metric})").values()) for q in (0, 0.5, 1))
        self.assertTrue(0 < low[0] <= median[0] <= high[0] < 2 * all_took, (low, median, high, all_took))
        # The mean is between the extremes, but for the width of a bucket.
        self.assertTrue(low[0] <= total / requests <= high[0], (low, high, total))

    @staticmethod
    def by(prometheus, label, metric):
        return {
            dict(labels)[label]: value for labels, value in prometheus.query(f"sum by ({label}) ({metric})").items()
        }

    def check_monotone(self, pages):
        for earlier, later in zip(pages, pages[1:]):
            for (name, labels), value in earlier.samples.items():
                if name.endswith(("_total", "_bucket", "_count")):
                    self.assertGreaterEqual(later.samples[name, labels], value, (name, labels))


if __name__ == "__main__":
    unittest.main()
