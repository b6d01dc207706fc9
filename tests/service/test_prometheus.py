# SPDX-License-Identifier: MIT
"""The main job: real Prometheus, the system's and those that NEWER_PROMETHEUS and PROMETHEUS_3 name, scrape the service under traffic,
and what they then know equals the rows in the service's database and what the client counted."""

import collections
import json
import math
import os
import re
import subprocess
import time
import unittest
import urllib.parse

import harness


def status_class(status):
    return f"{status // 100}xx"


PROGRAMS = {"system's": ("PROMETHEUS", "prometheus"), "newer": ("NEWER_PROMETHEUS",), "3": ("PROMETHEUS_3",)}
# What they are told to keep, and so what they ask for.
BY_OPEN_METRICS, BY_PROTOBUF = "exemplar-storage", "native-histograms,exemplar-storage"


class Prometheus(harness.Program):
    """A Prometheus scraping one address every second, as nobody when this is root."""

    def __init__(self, folder, target, features=BY_OPEN_METRICS, which="system's"):
        self.which, self.features = which, features
        name = f"prometheus-{len(list(folder.glob('prometheus-*')))}"
        home = folder / name
        home.mkdir()
        (home / "prometheus.yml").write_text(
            json.dumps(
                {  # JSON is YAML
                    "global": {"scrape_interval": "1s", "scrape_timeout": "1s", **self.setting_for_native_histograms()},
                    "scrape_configs": [{"job_name": "app", "static_configs": [{"targets": [target]}]}],
                }
            )
        )
        [self.port] = harness.free_ports(1)
        command = [
            harness.program(*PROGRAMS[which]),
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
        super().__init__(name, command, folder, cwd=home)

    def setting_for_native_histograms(self):
        """What 3.8 and later need instead of the feature, or beside it, and releases before do not know."""
        said = subprocess.run([harness.program(*PROGRAMS[self.which]), "--version"], capture_output=True, text=True, check=True)
        release = re.search(r"version (\d+)\.(\d+)", said.stdout + said.stderr)
        if (int(release[1]), int(release[2])) < (3, 8):
            return {}
        return {"scrape_native_histograms": self.features == BY_PROTOBUF}

    def __str__(self):
        return f"the {self.which} with {self.features}"

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
    def scraped_by(self, service, *features):
        """Each Prometheus with each of these features, when it answers."""
        target = f"127.0.0.1:{service.metrics_port}"
        several = [self.track(Prometheus(self.folder, target, one, which)) for which in PROGRAMS for one in features]
        for prometheus in several:
            harness.wait_until(prometheus.ready, f"{prometheus} ready to be asked")
        return several

    def test_prometheus_agrees_with_the_database_and_with_the_client(self):
        service = self.start_service(per_role=13)
        before = service.metrics()
        several = self.scraped_by(service, BY_OPEN_METRICS)
        for prometheus in several:
            harness.wait_until(lambda: prometheus.query('up{job="app"} == 1'), "the first scrape")

        with harness.Repeating(lambda: {accept: service.page(accept) for accept in harness.FORMATS}, 0.5) as pages:
            traffic = self.start_traffic(service, duration=18, rate=120, connections=16)
            status = traffic.wait(120)
        self.assertEqual(status, 0, traffic.stdout + traffic.stderr)
        self.assertEqual(pages.errors, [])
        harness.wait_until(
            lambda: service.rows("SELECT count(*) FROM sync_lots WHERE status = 'queued'") == [(0,)], "what was recorded offline applied"
        )
        ended = time.time()
        report = traffic.report()
        for prometheus in several:
            harness.wait_until(lambda: prometheus.scraped_since(ended), "a scrape after the traffic")
            with self.subTest(str(prometheus)):
                self.check_agrees(prometheus, service, before, report)

        with self.subTest("every page passes the strict validator"):
            self.assertGreater(len(pages.results), 20)
            for page in pages.results:
                for accept, body in page.items():
                    self.assertEqual(harness.violations(body, accept), "", body.decode(errors="replace"))

        with self.subTest("counters of a page never go back"):
            self.check_monotone([harness.Metrics(page[""]) for page in pages.results])

    def check_agrees(self, prometheus, service, before, report):
        with self.subTest("lots equal the rows of the database"):
            lots = dict(service.rows("SELECT lot_type, count(*) FROM lots GROUP BY lot_type"))
            self.assertEqual(set(lots), {"raw", "intermediate", "finished"})
            self.assertEqual(prometheus.number("sum(flowviz_lots_registered_total)"), sum(lots.values()))
            self.assertEqual(self.by(prometheus, "lot_type", "flowviz_lots_registered_total"), lots)
            offline = {kind: len(ids) for kind, ids in report["offline_lots"].items()}
            self.assertEqual({kind: len(ids) + offline.get(kind, 0) for kind, ids in report["lots"].items()}, lots)

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

    def test_a_traced_request_is_found_by_its_exemplar(self):
        service = self.start_service()
        several = self.scraped_by(service, BY_OPEN_METRICS, BY_PROTOBUF)
        trace = "4bf92f3577b34da6a3ce929d0e0e4736"
        for recorded in ("00", "01"):
            headers = {"traceparent": f"00-{trace[:-2]}{recorded}-00f067aa0ba902b7-{recorded}"}
            self.assertEqual(service.request("GET", "/api/lots", "viewer", headers=headers).status, 200)
        for prometheus in several:
            with self.subTest(str(prometheus)):
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
        by_protobuf = self.scraped_by(service, BY_PROTOBUF)
        by_open_metrics = self.scraped_by(service, BY_OPEN_METRICS)
        metric = "http_request_duration_highr_seconds"

        # What the service measured of each request is by how much the sum is more behind it.
        durations, total = [], 0.0
        for _ in range(200):
            self.assertEqual(service.request("GET", "/api/lots", "viewer").status, 200)
            answer = harness.request(service.metrics_port, "GET", f"/metrics?name[]={metric}")
            now = harness.Metrics(answer.body)
            self.assertEqual(now.value(f"{metric}_bucket", le="+Inf"), len(durations) + 1)
            durations.append(now.value(f"{metric}_sum") - total)
            total = now.value(f"{metric}_sum")
        durations.sort()
        count = len(durations)
        for prometheus in by_open_metrics:
            with self.subTest(str(prometheus)):
                harness.wait_until(lambda: prometheus.query(f"{metric}_count == {count}"), "a scrape of all requests")
                self.assertEqual(list(prometheus.query(f'{metric}_bucket{{le="+Inf"}}').values()), [count])
        for prometheus in by_protobuf:
            with self.subTest(str(prometheus)):
                harness.wait_until(
                    lambda: list(prometheus.query(f"histogram_count({metric})").values()) == [count],
                    "a scrape of all requests",
                )
                self.assertEqual(prometheus.query(f"{metric}_bucket"), {})
                self.assertEqual(list(prometheus.query(f"histogram_sum({metric})").values()), [total])
                width = 2 ** 2**-3  # of a bucket of the schema that the service has
                for quantile in (0, 0.01, 0.1, 0.25, 0.5, 0.75, 0.9, 0.99, 1):
                    [estimate] = prometheus.query(f"histogram_quantile({quantile}, {metric})").values()
                    # Where it falls between two durations, each of them is one.
                    low = durations[max(math.ceil(quantile * count) - 1, 0)]
                    high = durations[min(math.floor(quantile * count), count - 1)]
                    self.assertTrue(low / width <= estimate <= high * width, (quantile, low, estimate, high))

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
