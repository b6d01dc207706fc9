# SPDX-License-Identifier: MIT
"""The stack without containers: scripts/stack starts it from the files of deploy/ and alerts/, answers for it, and ends it; alerts
go all the way from the service to the receiver. WMS_SERVICE names the program. With FLOWVIZ_FULL=1 all boards, and pictures."""

import json
import os
import pathlib
import re
import signal
import subprocess
import sys
import tempfile
import time
import unittest
import urllib.request

import yaml

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "dashboards" / "pictures"), str(ROOT / "tests" / "stack")]
import live
import native
import panels
import secrets_of_stack as secret_files
import take

FULL = bool(os.environ.get("FLOWVIZ_FULL"))
AT_WORK = ("api", "warehouse", "database")  # what seconds of traffic fill


class Native(live.Live):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.raise_test_alerts()

    @classmethod
    def raise_test_alerts(cls):
        """All of them at once, and first: warnings wait for half a minute, while other tests run. One of each severity at the service,
        of which the critical one inhibits the warning. And two warnings of another job: a service of its own that Prometheus
        scrapes by two names."""
        other = cls.stack.home("other_service")
        ports = native.free_ports()
        here = f"127.0.0.1:{ports['api']}"
        process = subprocess.Popen(
            [*native.unprivileged(), cls.stack.copied(pathlib.Path(os.environ["WMS_SERVICE"]), other), "--database", f"sqlite:{other}/wms.db", "--tokens",
             cls.folder / "secrets" / "wms_tokens", "--listen", here, "--metrics-listen", f"127.0.0.1:{ports['metrics']}"],
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd="/")  # fmt: skip
        cls.addClassCleanup(process.wait)
        cls.addClassCleanup(process.terminate)
        file = cls.folder / "prometheus" / "prometheus.yml"
        settings = yaml.safe_load(file.read_text())
        targets = [f"{name}:{ports['metrics']}" for name in ("127.0.0.1", "localhost")]
        settings["scrape_configs"].append({"job_name": "other", "scrape_interval": "10s", "static_configs": [{"targets": targets}]})
        file.write_text(yaml.safe_dump(settings))
        prometheus = f"http://127.0.0.1:{cls.stack.ports['prometheus']}"
        urllib.request.urlopen(urllib.request.Request(f"{prometheus}/-/reload", method="POST"), timeout=30).close()

        def has_an_alertmanager():
            with urllib.request.urlopen(f"{prometheus}/api/v1/alertmanagers", timeout=30) as answer:
                return json.load(answer)["data"]["activeAlertmanagers"]

        # Before version 3 it knows none for up to five seconds after a reload. What begins to fire then is told of a minute later.
        live.wait_until(has_an_alertmanager, "an Alertmanager that Prometheus knows")

        def is_up():
            try:
                return cls.post("/api/admin/test-alert", {"severity": "warning"}, "admin", here)[0] == 202
            except OSError:
                return False

        live.wait_until(is_up, "a second service")
        cls.asked = time.monotonic()
        for severity in ("critical", "warning", "info"):
            status, _ = cls.post("/api/admin/test-alert", {"severity": severity}, "admin")
            if status != 202:
                raise AssertionError(f"a test alert of severity {severity} is answered with {status}")

    def test_all_answer_well(self):
        live.wait_until(lambda: self.script("check").returncode == 0, "an answer of all parts")
        self.assertEqual(self.script("check").stdout.count("ok     "), 9)

    def test_the_service_writes_to_postgresql_through_the_pooler(self):
        status, lot = self.post("/api/lots", {"lot_code": "FLOUR-1", "lot_type": "raw", "quantity_kg": 5}, "operator")
        self.assertEqual(status, 201)
        psql = ["psql", *map(str, self.stack.superuser), "-d", "flowviz", "-qXAt", "-c"]
        found = subprocess.run([*psql, f"SELECT lot_code FROM lots WHERE lot_id = '{lot['lot_id']}'"], text=True, capture_output=True, check=False)
        self.assertEqual(found.stdout.strip(), "FLOUR-1", found.stderr)
        used = subprocess.run([*psql, "SELECT count(*) FROM pg_stat_activity WHERE usename = 'flowviz'"], text=True, capture_output=True, check=True)
        self.assertLessEqual(int(used.stdout), 30)

    def test_pgbouncer_is_asked_as_the_page_on_it_says(self):
        [command] = re.findall(r"^PGPASSWORD=.* -c 'SHOW POOLS'$", (ROOT / "docs/observability.md").read_text(), re.M)
        for said, here in (("build/stack", self.folder), ("-p 6432", f"-p {self.stack.ports['pgbouncer']}")):
            self.assertIn(said, command)
            command = command.replace(said, str(here))
        asked = subprocess.run(["sh", "-c", command], text=True, capture_output=True, timeout=live.DEADLINE_S, check=False)
        self.assertEqual(asked.returncode, 0, asked.stderr)
        for column in ("cl_active", "cl_waiting", "maxwait", "sv_active", "sv_idle", "sv_login"):
            self.assertIn(column, asked.stdout)

    def test_secrets_are_nobody_elses_and_on_no_command_line(self):
        self.assertEqual((self.folder / "secrets").stat().st_mode & 0o077, 0)
        words = [(self.folder / "secrets" / name).read_text().strip() for name in secret_files.PASSWORDS]
        for program in self.stack.running():
            line = pathlib.Path(f"/proc/{program['pid']}/cmdline").read_text()
            self.assertFalse([word for word in words if word in line], program["name"])

    def test_a_second_stack_on_the_same_ports_is_refused(self):
        with tempfile.TemporaryDirectory() as other:
            with self.assertRaisesRegex(native.Failed, "is in use"):
                native.Stack(other).up(os.environ["WMS_SERVICE"], self.stack.ports, say=lambda _: None)
        self.assertIn("runs in", self.script("up", "--service", os.environ["WMS_SERVICE"]).stderr)

    def test_a_heartbeat_goes_to_its_own_receiver_and_to_no_other(self):
        live.wait_until(lambda: self.receiver.about("watchdog_url", "Watchdog"), "a heartbeat")
        self.assertEqual(self.receiver.about("discord_webhook_url", "Watchdog"), [])

    def test_pgbouncers_exporter_has_every_name_that_boards_and_alerts_read(self):
        address = f"127.0.0.1:{self.stack.ports['pgbouncer_exporter']}"
        with urllib.request.urlopen(f"http://{address}/metrics", timeout=30) as answer:
            page = answer.read().decode()
        boards, alerts = (json.loads((ROOT / "tests" / folder / "catalogue.json").read_text()) for folder in ("dashboards", "alerts"))
        read = {**boards["pgbouncer"], **{name: one for name, one in alerts.items() if one.get("from") == "pgbouncer_exporter"}}
        self.assertGreater(len(read), 10)
        for name, entry in read.items():
            self.assertIn(f"# TYPE {name} {entry['type']}\n", page)
            sample = re.search(rf"^{name}(\{{.*\}})? ", page, re.M)
            self.assertEqual(set(re.findall(r'(\w+)="', sample[1] or "")), set(entry.get("labels", {})), name)

    def test_boards_show_what_the_stack_does(self):
        """Some seconds of a plant, then each expression of the boards that these fill, and each template query of all boards. In full a
        minute, all boards, and pictures of them in build/pictures."""
        self.begin_a_transaction()
        self.goes_offline_and_comes_back()
        played = subprocess.run(self.traffic(60 if FULL else 15, 20), text=True, capture_output=True, timeout=live.DEADLINE_S, check=False)
        self.assertEqual(played.returncode, 0, played.stdout + played.stderr)
        found = {}

        def all_is_shown():  # once rules were evaluated that lean on rules
            found["problems"], found["excuses"] = [], set()
            for board in panels.boards():
                if FULL or board["uid"] in AT_WORK:
                    problems, excuses = panels.problems_of(board, self.prometheus)
                    found["excuses"] |= excuses
                else:
                    problems = panels.problems_of_variables(board, self.prometheus)
                found["problems"] += problems
            return not found["problems"]

        try:
            live.wait_until(all_is_shown, "panels without an answer")
        except AssertionError:
            self.assertEqual(found["problems"], [])
        if FULL:
            self.assertEqual(set(panels.EMPTY) - found["excuses"], set(), "excuses that nothing needs")
            now = int(time.time())
            asked = take.Prometheus(f"http://{self.prometheus}", now - 5 * 60, now)
            for board in panels.boards():
                take.take(board, asked, ROOT / "build" / "pictures")

    def test_excuses_are_of_whole_names(self):
        self.assertIsNotNone(panels.excuse("sum(rate(container_cpu_usage_seconds_total[5m]))"))
        for expression in ("sum(my_container_cpu)", "job_slo:burn_rate:rate6h", 'up{job="container_x"}'):
            self.assertIsNone(panels.excuse(expression), expression)

    def test_y_test_alerts_arrive_as_their_severities_say(self):
        """Last but one, for by now they have been on their way for a while."""
        about = self.receiver.about

        def message(title):
            live.wait_until(lambda: about("discord_webhook_url", title), title)
            [(body, at)] = about("discord_webhook_url", title)
            [embed] = body["embeds"]
            self.assertEqual(embed["title"], title)
            self.assertIn("This is a test.", embed["description"])
            self.assertIn("/d/overview", embed["description"])
            self.assertIn("TestAlert.md", embed["description"])
            return embed["description"], at - self.asked

        critical, after_s = message("FIRING critical: TestAlert (app at flowviz)")
        self.assertIn("severity critical", critical)
        self.assertLess(after_s, 30)  # a scrape and an evaluation are 25 s at most, and it does not wait
        info, after_s = message("FIRING info: TestAlert (app at flowviz)")
        self.assertGreater(after_s, 30)
        batch, after_s = message("FIRING warning: TestAlert (other at flowviz)")
        self.assertGreater(after_s, 30)
        for name in ("127.0.0.1", "localhost"):
            self.assertRegex(batch, rf"asked {name}:\d+ \(other\) for a test alert of severity warning")
        # What came with the one of severity info, and would have been sent at the same moment.
        warnings = [inhibited for labels, inhibited in self.alertmanagers()
                    if labels["alertname"] == "TestAlert" and labels["severity"] == "warning" and labels["job"] == "app"]  # fmt: skip
        self.assertEqual(warnings, [True])
        self.assertNotIn("FIRING warning: TestAlert (app at flowviz)", [title for title, _ in self.receiver.embeds()])

    def test_z_without_its_database_the_answers_are_bad_and_say_why_and_data_outlives_it_all(self):
        """Last, for it ends the stack."""
        os.kill(self.program("postgres")["pid"], signal.SIGQUIT)
        os.kill(self.program("alertmanager")["pid"], signal.SIGKILL)
        live.wait_until(lambda: self.script("check").returncode != 0, "an answer that is not well")
        live.wait_until(lambda: "pg_up" in self.script("check").stdout, "Prometheus' knowledge of it")
        said = self.script("check").stdout
        self.assertIn("FAILED wms_service reaches its database: ", said)
        self.assertIn("ok     wms_service shows its metrics", said)
        # Prometheus goes on to know the Alertmanager. What is seen of its death, and held for a while, are these:
        alerts = 'ALERTS{alertname=~"AlertmanagerDown|PrometheusNotificationsFailing"}'
        live.wait_until(lambda: len({labels["alertname"] for labels, _ in panels.asked(self.prometheus, alerts)}) == 2, "a dead Alertmanager")
        self.assertEqual(panels.shown(self.prometheus, "meta", "Alertmanagers"), [0])
        running = [one["pid"] for one in self.stack.running()]
        self.assertEqual(self.script("down").returncode, 0)
        self.assertFalse([pid for pid in running if pathlib.Path(f"/proc/{pid}/cmdline").exists() and self.is_ours(pid)])
        self.assertEqual(self.script("check").returncode, 1)
        done = self.script("up", "--free-ports", "--service", os.environ["WMS_SERVICE"])
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        self.assertNotIn("made the secret", done.stdout)

    def is_ours(self, pid):
        return str(self.folder) in pathlib.Path(f"/proc/{pid}/cmdline").read_text()


if __name__ == "__main__":
    unittest.main()
