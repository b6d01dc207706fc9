# SPDX-License-Identifier: MIT
"""The catalogue that the service prints: what its page shows is in it, and documents and lists that name metrics agree with it."""

import concurrent.futures
import http.client
import json
import os
import pathlib
import random
import subprocess
import sys
import unittest

import harness

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "dashboards"))
from observe import source, table

PATHS = 10_000  # that clients make up
# What the tests of dashboards/ have about a metric and a catalogue has not.
KINDS = {"info": "gauge"}


def read_json(path):
    return json.loads((ROOT / path).read_text(encoding="utf-8"))


def described():
    done = subprocess.run([os.environ["WMS_SERVICE"], "--describe"], text=True, capture_output=True, timeout=60, check=True)
    return done.stdout


class Describe(harness.ServiceTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.text = described()
        cls.metrics = {one["name"]: one for one in json.loads(cls.text)["metrics"]}

    def test_it_is_the_same_each_time_and_leaves_nothing_behind(self):
        temporary = pathlib.Path(self.folder) / "tmp"
        temporary.mkdir()
        done = subprocess.run([os.environ["WMS_SERVICE"], "--describe"], text=True, capture_output=True, timeout=60, check=True,
                              env={**os.environ, "TMPDIR": str(temporary)})  # fmt: skip
        self.assertEqual(done.stdout, self.text)
        self.assertEqual(done.stderr, "")
        self.assertEqual(list(temporary.iterdir()), [])

    def test_neither_mistakes_nor_paths_make_more_series_than_it_computes(self):
        service = self.start_service(per_role=2)
        traffic = self.start_traffic(service, mistakes=100, rate=200, duration=30 if harness.FULL else 4)
        self.assertEqual(traffic.wait(), 0, traffic.stdout)

        seeds = list(range(16))
        first, later = seeds[:8], seeds[8:]

        def wander(seed):
            made = random.Random(seed)
            connection = http.client.HTTPConnection("127.0.0.1", service.port, timeout=harness.DEADLINE_S)
            for _ in range(PATHS // len(first + later)):
                text = "".join(made.choice("abc/%25{}") for _ in range(made.randrange(1, 40)))
                connection.request(made.choice(("GET", "POST", "PUT", "BREW")), "/" + text)
                answer = connection.getresponse()
                answer.read()
                self.assertIn(answer.status, (400, 404, 405), text)
            connection.close()

        def samples_after(seeds):
            with concurrent.futures.ThreadPoolExecutor(8) as pool:
                list(pool.map(wander, seeds))
            return service.metrics().series

        seen = samples_after(first)
        for family in source.read_page(service.page().decode()).families:
            self.assertLessEqual(family.samples, self.metrics[family.name]["max_samples"], family.name)
        self.assertEqual(samples_after(later) - seen, set())

    def test_all_that_a_page_shows_is_in_it(self):
        service = self.start_service()
        service.register()
        service.request("GET", "/nowhere")
        page = source.read_page(service.page().decode())
        for family in page.families:
            self.assertIn(family.name, self.metrics)
            metric = self.metrics[family.name]
            labels = {label["name"] for label in metric["labels"]} | metric["constant_labels"].keys()
            self.assertEqual(family.type, metric["type"], family.name)
            self.assertLessEqual(family.labels.keys(), labels, family.name)
            self.assertEqual(family.bounds, metric["bounds"], family.name)
            self.assertLessEqual(family.samples, metric["max_samples"], family.name)
            self.assertEqual(family.help, metric["help"])
        missing = self.metrics.keys() - {family.name for family in page.families}
        self.assertLessEqual(missing, {"process_max_fds", "process_virtual_memory_max_bytes"})

    def test_the_table_in_the_documents_is_what_it_makes(self):
        document = (ROOT / "docs" / "observability.md").read_text(encoding="utf-8")
        there = document.split("<!-- metrics -->\n")[1].split("<!-- /metrics -->")[0]
        self.assertEqual(there, table.of(source.read(self.text)))

    def test_the_lists_that_boards_and_rules_are_held_against_agree_with_it(self):
        boards = read_json("tests/dashboards/catalogue.json")["app"]
        rules = {name: entry for name, entry in read_json("tests/alerts/catalogue.json").items() if name in self.metrics}
        self.assertEqual(sorted(self.metrics.keys() - boards.keys() - rules.keys()), [])
        for entries in (boards, rules):
            for name in entries.keys() & self.metrics.keys():
                metric, entry = self.metrics[name], entries[name]
                labels = {label["name"] for label in metric["labels"]} | metric["constant_labels"].keys()
                self.assertEqual(entry["type"], KINDS.get(metric["type"], metric["type"]), name)
                self.assertEqual(entry.get("labels", {}).keys(), labels, name)
                if entries is boards or "bounds" in entry:
                    self.assertEqual(entry.get("bounds", []), metric["bounds"], name)
                for label in metric["labels"]:
                    values = entry["labels"][label["name"]]
                    if values is not None:
                        self.assertEqual(set(values) - {"_other"}, set(label["values"]), f"{name}: {label['name']}")

    def test_what_is_there_is_not_planned_any_more(self):
        boards = read_json("tests/dashboards/catalogue.json")["app"]
        self.assertEqual([name for name, entry in boards.items() if entry.get("planned") and name in self.metrics], [])


if __name__ == "__main__":
    unittest.main()
