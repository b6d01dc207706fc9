# SPDX-License-Identifier: MIT
"""The examples of one file each: short, and each does what it shows. EXAMPLES names the folder of the built programs,
VALIDATE_PAGE the strict validator of the text format."""

import http.client
import json
import os
import pathlib
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import unittest

sys.path.append(str(pathlib.Path(__file__).resolve().parents[1] / "service"))
import postgres

ROOT = pathlib.Path(__file__).resolve().parents[2]
SOURCES = ROOT / "examples"
BUNDLES = ROOT / "include" / "flowviz_metrics" / "bundles"
PROGRAMS = pathlib.Path(os.environ["EXAMPLES"])
DEADLINE_S = 60  # something that takes longer is stuck


def run(*command, text=None):
    return subprocess.run(command, input=text, text=True, capture_output=True, timeout=DEADLINE_S, check=False)


def free_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


class ExampleTest(unittest.TestCase):
    def assert_valid(self, page):
        done = run(os.environ["VALIDATE_PAGE"], text=page)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr + page)


class Examples(ExampleTest):
    def test_each_is_one_file_of_less_than_sixty_lines(self):
        files = {file.name: len(file.read_text(encoding="utf-8").splitlines()) for file in SOURCES.glob("*.cpp")}
        self.assertEqual(sorted(files), ["describe.cpp", "httplib.cpp", "libpq.cpp", "minimal.cpp", "pushgateway.cpp", "sqlite.cpp",
                                         "testing.cpp", "textfile.cpp"])  # fmt: skip
        self.assertLess(max(files.values()), 60, files)

    def test_sqlite_counts_its_statements_by_name(self):
        self.check_statements(run(PROGRAMS / "example_sqlite"))

    def test_libpq_counts_its_statements_by_name(self):
        folder = pathlib.Path(tempfile.mkdtemp(prefix="flowviz-examples-"))
        self.addCleanup(shutil.rmtree, folder, ignore_errors=True)
        folder.chmod(0o755)  # the server is somebody else's
        server = postgres.Postgres(folder, self.track)
        self.check_statements(run(PROGRAMS / "example_libpq", f"host={server.home} port={server.port} user=postgres dbname=postgres"))
        self.assertEqual(run(PROGRAMS / "example_libpq", f"host={folder}").returncode, 1)

    def track(self, running):
        self.addCleanup(running.kill)
        return running

    def check_statements(self, done):
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(done.stderr, "L-1\nL-2\n")
        self.assert_valid(done.stdout)
        for sample in (
            'db_queries_total{operation="select"} 1',
            'db_queries_total{operation="insert"} 3',
            'db_query_errors_total{operation="insert"} 1',
            'db_statement_duration_seconds_count{statement="insert_lot"} 3',
            'db_statement_duration_seconds_count{statement="heavy_lots"} 1',
        ):
            self.assertIn(sample, done.stdout.splitlines())

    def test_describe_prints_a_catalogue_of_what_its_page_shows(self):
        catalogue = run(PROGRAMS / "example_describe", "--describe")
        page = run(PROGRAMS / "example_describe")
        self.assertEqual((catalogue.returncode, page.returncode), (0, 0), catalogue.stderr + page.stderr)
        self.assert_valid(page.stdout)
        described = {metric["name"]: metric for metric in json.loads(catalogue.stdout)["metrics"]}
        types = dict(re.findall(r"^# TYPE (\S+) (\S+)$", page.stdout, re.M))
        shown = {name: "gauge" if metric["type"] == "info" else metric["type"] for name, metric in described.items()}
        untold = shown.keys() - types.keys()  # limits that there are none of
        self.assertLessEqual(untold, {"process_max_fds", "process_virtual_memory_max_bytes"})
        self.assertEqual({name: kind for name, kind in shown.items() if name not in untold}, types)
        helps = dict(re.findall(r"^# HELP (\S+) (.*)$", page.stdout, re.M))
        self.assertEqual({name: metric["help"] for name, metric in described.items() if name not in untold}, helps)

    def test_minimal_prints_a_valid_page_of_its_own_metrics(self):
        done = run(PROGRAMS / "example_minimal")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assert_valid(done.stdout)
        source = (SOURCES / "minimal.cpp").read_text(encoding="utf-8")
        names = re.findall(r'\{registry, "(\w+)"', source)
        self.assertTrue(names, "no metric is defined")
        for name in names:
            self.assertIn(f"# TYPE {name} ", done.stdout)

    def test_testing_is_a_unit_test_that_passes(self):
        done = run(PROGRAMS / "example_testing")
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        self.assertRegex(done.stdout, r"test cases: +[1-9]\d* +\| +[1-9]\d* passed \| 0 failed \| 0 skipped")


class BundleExamples(ExampleTest):
    # What each prints, and nobody else's metrics beside it.
    samples = {
        "cache": ['cache_operations_total{operation="get",result="hit"} 1',
                  'cache_operations_total{operation="get",result="miss"} 3',
                  'cache_operations_total{operation="put",result="ok"} 3',
                  'cache_operations_total{operation="evict",result="ok"} 1'],
        "database": ['db_queries_total{operation="insert"} 1',
                     'db_query_errors_total{operation="insert"} 0',
                     'db_statement_duration_seconds_count{statement="insert_lot"} 1',
                     "db_connection_wait_seconds_count 1",
                     'db_pool_connections{state="active"} 1',
                     'db_pool_connections{state="idle"} 24',
                     "db_pool_connections_max 35"],
        "errors": ['errors_total{type="validation",severity="info"} 1',
                   'errors_total{type="internal",severity="error"} 1'],
        "http_server": ['http_requests_total{method="GET",handler="/api/db/tasks/{task_id}",status="2xx"} 1',
                        'http_requests_total{method="GET",handler="/api/db/tasks/{task_id}",status="4xx"} 1',
                        'http_requests_total{method="POST",handler="/api/db/tasks",status="2xx"} 0',
                        'http_requests_total{method="GET",handler="none",status="4xx"} 1',
                        'http_response_size_bytes_sum{handler="/api/db/tasks/{task_id}"} 23'],
        "notifications": ['notifications_sent_total{channel="webhook",status="ok"} 1',
                          'notifications_sent_total{channel="webhook",status="failed"} 1'],
        "outbound": ['outbound_requests_total{target="qc_webhook",outcome="ok"} 1',
                     'outbound_requests_total{target="scales",outcome="error"} 1',
                     'outbound_request_duration_seconds_count{target="scales",outcome="error"} 1'],
        "rate_limit": ['rate_limit_violations_total{route="/api/lots"} 2',
                       'rate_limit_near_limit{route="/api/lots"} 1'],
        "tasks": ['tasks_created_total{task="sync_apply",priority="normal"} 2',
                  'tasks_completed_total{task="webhook",outcome="done"} 1',
                  'tasks_by_status{task="sync_apply",status="queued"} 2'],
        "validation": ['validation_failures_total{entity="lot",field="quantity_kg"} 1',
                       'validation_failures_total{entity="lot",field="_other"} 1'],
        "workflow": ['workflow_transitions_total{entity="production_run",from="planned",to="running"} 1',
                     'workflow_transitions_total{entity="production_run",from="running",to="aborted"} 0',
                     'business_rule_violations_total{rule="run_is_over"} 1'],
    }  # fmt: skip

    def test_there_is_a_tiny_one_of_each_bundle(self):
        files = {file.stem: len(file.read_text(encoding="utf-8").splitlines())
                 for file in (SOURCES / "bundles").glob("*.cpp")}  # fmt: skip
        self.assertEqual(sorted(files), sorted(self.samples))
        self.assertLess(max(files.values()), 60, files)
        # What takes a registry is a bundle; the other headers are what bundles are made of.
        bundles = {file.name for file in BUNDLES.glob("*.hpp") if re.search(r"^  (explicit )?[A-Z]\w+\(Registry& ", file.read_text(), re.M)}
        self.assertGreaterEqual(len(bundles), 10, bundles)
        shown = {name for file in (SOURCES / "bundles").glob("*.cpp")
                 for name in re.findall(r"<flowviz_metrics/bundles/(\w+\.hpp)>", file.read_text())}  # fmt: skip
        self.assertEqual(bundles - shown, set())

    def test_each_prints_a_valid_page_with_what_it_counted(self):
        for name, samples in self.samples.items():
            with self.subTest(name):
                done = run(PROGRAMS / f"example_bundle_{name}")
                self.assertEqual(done.returncode, 0, done.stderr)
                self.assert_valid(done.stdout)
                for sample in samples:
                    self.assertIn(sample, done.stdout.splitlines())


class HttplibExample(ExampleTest):
    def setUp(self):
        self.port = free_port()
        self.server = subprocess.Popen([PROGRAMS / "example_httplib", str(self.port)], stdout=subprocess.DEVNULL)
        self.addCleanup(self.server.wait, DEADLINE_S)
        self.addCleanup(self.server.kill)

    def request(self, method, path):
        """Status and body; waits until the server listens."""
        end = time.monotonic() + DEADLINE_S
        while True:
            connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=DEADLINE_S)
            try:
                connection.request(method, path)
                response = connection.getresponse()
                return response.status, response.read().decode()
            except ConnectionRefusedError:
                self.assertIsNone(self.server.poll(), "the server ended")
                self.assertLess(time.monotonic(), end, "the server does not listen")
                time.sleep(0.02)
            finally:
                connection.close()

    def test_its_page_counts_lots_and_the_requests_of_each_route(self):
        self.assertEqual(self.request("POST", "/lots/raw")[0], 201)
        self.assertEqual(self.request("POST", "/lots/finished")[0], 201)
        self.assertEqual(self.request("POST", "/lots/unheard-of")[0], 422)
        self.assertEqual(self.request("GET", "/lots"), (200, "1 raw lots\n"))
        self.assertEqual(self.request("GET", "/nowhere")[0], 404)
        status, page = self.request("GET", "/metrics")
        self.assertEqual(status, 200, page)
        self.assert_valid(page)
        for sample in (
            'lots_registered_total{lot_type="raw"} 1',
            'lots_registered_total{lot_type="intermediate"} 0',
            'lots_registered_total{lot_type="finished"} 1',
            'http_requests_total{method="POST",handler="/lots/{lot_type}",status="2xx"} 2',
            'http_requests_total{method="POST",handler="/lots/{lot_type}",status="4xx"} 1',
            'http_requests_total{method="GET",handler="/lots",status="2xx"} 1',
            'http_requests_total{method="GET",handler="none",status="4xx"} 1',
        ):
            self.assertIn(sample, page.splitlines())

    def test_it_ends_when_it_is_told_to(self):
        self.request("GET", "/lots")
        self.server.terminate()
        self.assertEqual(self.server.wait(DEADLINE_S), 0)


if __name__ == "__main__":
    unittest.main()
