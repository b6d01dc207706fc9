# SPDX-License-Identifier: MIT
"""The stack without containers: scripts/stack starts it from the files of deploy/ and alerts/, answers for it, and ends it; an alert
goes all the way from the service to the receiver. WMS_SERVICE names the program. With FLOWVIZ_FULL=1 also what takes minutes."""

import http.server
import json
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
import unittest
import urllib.request

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "deploy" / "stack"), str(ROOT / "dashboards" / "pictures"), str(ROOT / "tests" / "stack")]
import native
import panels
import secrets_of_stack as secret_files
import take

DEADLINE_S = 240  # what has not happened by then does not happen
# One operator does here what fifty do in a plant.
UNLIMITED = ("--", "--rate-limit-lots=0", "--rate-limit-qc-decisions=0", "--rate-limit-traceability=0")
FULL = bool(os.environ.get("FLOWVIZ_FULL"))


def wait_until(condition, what):
    deadline = time.monotonic() + DEADLINE_S
    while not condition():
        if time.monotonic() > deadline:
            raise AssertionError(f"stuck: {what}")
        time.sleep(0.1)


class Receiver:
    """Stands in for Discord and for whoever else is told: keeps what it is sent, by path, with the time."""

    def __init__(self):
        self.received = []
        receiver = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):  # noqa: N802 - the name is http.server's
                text = self.rfile.read(int(self.headers["Content-Length"])).decode()
                receiver.received.append((self.path, json.loads(text), time.monotonic()))
                self.send_response(204)
                self.end_headers()

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def address(self, path):
        return f"http://127.0.0.1:{self.server.server_port}/{path}"

    def about(self, path, words):
        """What came by a path and has these words."""
        return [(body, at) for where, body, at in list(self.received) if where == f"/{path}" and words in json.dumps(body)]


class Native(unittest.TestCase):
    maxDiff = None

    @classmethod
    def setUpClass(cls):
        cls.folder = pathlib.Path(tempfile.mkdtemp(prefix="flowviz-stack-"))
        cls.folder.chmod(0o755)
        cls.addClassCleanup(shutil.rmtree, cls.folder)
        cls.receiver = Receiver()
        cls.addClassCleanup(cls.receiver.server.shutdown)
        secret_files.make(cls.folder / "secrets")
        for name in secret_files.ADDRESSES:
            path = cls.folder / "secrets" / name
            path.unlink()
            path.write_text(cls.receiver.address(name))
        cls.addClassCleanup(cls.script, "down")
        done = cls.script("up", "--free-ports", "--service", os.environ["WMS_SERVICE"], *UNLIMITED)
        if done.returncode != 0:
            raise AssertionError(done.stdout + done.stderr)

    @classmethod
    def script(cls, command, *options):
        return subprocess.run([ROOT / "scripts/stack", command, "--native", "--folder", cls.folder, *options], text=True,
                              capture_output=True, timeout=DEADLINE_S, check=False)  # fmt: skip

    @property
    def stack(self):
        return native.Stack(self.folder)

    def token(self, role):
        return next(one["token"] for one in json.loads(secret_files.read(self.folder / "secrets", "wms_tokens")) if one["role"] == role)

    def post(self, path, body, role):
        request = urllib.request.Request(f"http://127.0.0.1:{self.stack.ports['api']}{path}", json.dumps(body).encode(),
                                         {"Authorization": f"Bearer {self.token(role)}", "Content-Type": "application/json"})  # fmt: skip
        with urllib.request.urlopen(request, timeout=30) as answer:
            return answer.status, json.load(answer)

    def tell_alertmanager(self, *alerts):
        request = urllib.request.Request(f"http://127.0.0.1:{self.stack.ports['alertmanager']}/api/v2/alerts", json.dumps(alerts).encode(),
                                         {"Content-Type": "application/json"})  # fmt: skip
        with urllib.request.urlopen(request, timeout=30) as answer:
            self.assertEqual(answer.status, 200)

    def test_all_answer_well(self):
        done = self.script("check")
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        self.assertEqual(done.stdout.count("ok     "), 8, done.stdout)

    def test_the_service_writes_to_postgresql_through_the_pooler(self):
        status, lot = self.post("/api/lots", {"lot_code": "FLOUR-1", "lot_type": "raw", "quantity_kg": 5}, "operator")
        self.assertEqual(status, 201)
        psql = ["psql", *map(str, self.stack.superuser), "-d", "flowviz", "-qXAt", "-c"]
        found = subprocess.run([*psql, f"SELECT lot_code FROM lots WHERE lot_id = '{lot['lot_id']}'"], text=True, capture_output=True, check=False)
        self.assertEqual(found.stdout.strip(), "FLOUR-1", found.stderr)
        used = subprocess.run([*psql, "SELECT count(*) FROM pg_stat_activity WHERE usename = 'flowviz'"], text=True, capture_output=True, check=True)
        self.assertLessEqual(int(used.stdout), 30)

    def test_secrets_are_nobody_elses_and_on_no_command_line(self):
        self.assertEqual((self.folder / "secrets").stat().st_mode & 0o077, 0)
        words = [(self.folder / "secrets" / name).read_text().strip() for name in secret_files.PASSWORDS]
        for program in self.stack.running():
            line = pathlib.Path(f"/proc/{program['pid']}/cmdline").read_text()
            self.assertFalse([word for word in words if word in line], program["name"])

    def test_a_second_stack_on_the_same_ports_is_refused(self):
        with tempfile.TemporaryDirectory() as other:
            ports = json.loads((self.folder / "state.json").read_text())["ports"]
            with self.assertRaisesRegex(native.Failed, "is in use"):
                native.Stack(other).up(os.environ["WMS_SERVICE"], ports, say=lambda _: None)
        self.assertIn("runs in", self.script("up", "--service", os.environ["WMS_SERVICE"]).stderr)

    def test_a_critical_test_alert_arrives_at_once(self):
        status, _ = self.post("/api/admin/test-alert", {"severity": "critical"}, "admin")
        self.assertEqual(status, 202)
        wait_until(lambda: self.receiver.about("discord_webhook_url", "TestAlert"), "the message of a test alert")
        [(body, _), *_] = self.receiver.about("discord_webhook_url", "TestAlert")
        text = json.dumps(body)
        self.assertIn("FIRING critical: TestAlert (app)", text)
        self.assertIn("/d/", text)
        self.assertIn("TestAlert.md", text)

    def test_a_heartbeat_goes_to_its_own_receiver_and_to_no_other(self):
        wait_until(lambda: self.receiver.about("watchdog_url", "Watchdog"), "a heartbeat")
        self.assertEqual(self.receiver.about("discord_webhook_url", "Watchdog"), [])

    def test_warnings_come_in_batches_and_what_is_inhibited_not_at_all(self):
        """Alerts as Prometheus sends them, of a job that is none: what Alertmanager makes of them takes half a minute."""

        def alert(name, severity, instance):
            labels = {"alertname": name, "severity": severity, "job": "stack-test", "instance": instance, "cluster": "flowviz",
                      "environment": "production"}  # fmt: skip
            return {"labels": labels, "annotations": {"summary": f"{name} at {instance}."}}

        asked = time.monotonic()
        self.tell_alertmanager(
            alert("Batched", "warning", "one"), alert("Batched", "warning", "two"), alert("Both", "critical", "one"),
            alert("Both", "warning", "one"), alert("PostgresDown", "critical", "one"), alert("AppDbPoolSaturated", "critical", "one"),
        )  # fmt: skip
        wait_until(lambda: self.receiver.about("discord_webhook_url", "Both"), "a critical alert")
        wait_until(lambda: self.receiver.about("discord_webhook_url", "Batched"), "a batch of warnings")
        [(batch, at)] = self.receiver.about("discord_webhook_url", "Batched")
        self.assertIn("Batched at one.", json.dumps(batch))
        self.assertIn("Batched at two.", json.dumps(batch))
        self.assertGreater(at - asked, 25)
        [(both, at)] = self.receiver.about("discord_webhook_url", "Both")
        self.assertIn("critical", json.dumps(both))
        self.assertLess(at - asked, 25)
        # By now what is inhibited would have come: its group had to wait no longer than the batch.
        self.assertEqual(self.receiver.about("discord_webhook_url", "WARNING: Both"), [])
        self.assertEqual(self.receiver.about("discord_webhook_url", "warning: Both"), [])
        self.assertEqual(self.receiver.about("discord_webhook_url", "AppDbPoolSaturated"), [])

    def test_every_panel_shows_what_the_stack_does(self):
        """A minute of a plant, then each expression of each board, and pictures of them in build/pictures."""
        self.post("/api/admin/test-alert", {"severity": "info"}, "admin")  # fires for five minutes
        self.begin_a_transaction()
        traffic = [os.environ["WMS_TRAFFIC"], "--url", f"http://127.0.0.1:{self.stack.ports['api']}", "--tokens",
                   self.folder / "secrets" / "wms_tokens", "--duration", "60", "--rate", "20", "--seed", "1"]  # fmt: skip
        played = subprocess.run(traffic, text=True, capture_output=True, timeout=DEADLINE_S, check=False)
        self.assertEqual(played.returncode, 0, played.stdout + played.stderr)
        shown = {}

        def all_is_shown():  # once rules were evaluated that lean on rules
            shown["problems"], shown["excuses"] = [], set()
            for board in panels.boards():
                found, excuses = panels.problems_of(board, f"127.0.0.1:{self.stack.ports['prometheus']}")
                shown["problems"] += found
                shown["excuses"] |= excuses
            return not shown["problems"]

        try:
            wait_until(all_is_shown, "panels without an answer")
        except AssertionError:
            self.assertEqual(shown["problems"], [])
        self.assertEqual(panels.EMPTY.keys() - shown["excuses"], set(), "excuses that nothing needs")
        now = int(time.time())
        asked = take.Prometheus(f"http://127.0.0.1:{self.stack.ports['prometheus']}", now - 5 * 60, now)
        for board in panels.boards():
            take.take(board, asked, ROOT / "build" / "pictures")

    def test_z_without_its_database_the_answers_are_bad_and_say_why_and_data_outlives_it_all(self):
        """Last, for it ends the stack."""
        postgres = next(one for one in self.stack.running() if one["name"] == "postgres")
        os.kill(postgres["pid"], signal.SIGQUIT)
        wait_until(lambda: self.script("check").returncode != 0, "an answer that is not well")
        wait_until(lambda: "pg_up" in self.script("check").stdout, "Prometheus' knowledge of it")
        said = self.script("check").stdout
        self.assertIn("FAILED wms_service reaches its database: ", said)
        self.assertIn("ok     wms_service shows its metrics", said)
        running = [one["pid"] for one in self.stack.running()]
        self.assertEqual(self.script("down").returncode, 0)
        self.assertFalse([pid for pid in running if pathlib.Path(f"/proc/{pid}/cmdline").exists() and self.is_ours(pid)])
        self.assertEqual(self.script("check").returncode, 1)
        done = self.script("up", "--free-ports", "--service", os.environ["WMS_SERVICE"])
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        self.assertNotIn("made the secret", done.stdout)

    def begin_a_transaction(self):
        """One that is open until the test ends."""
        session = subprocess.Popen(["psql", *map(str, self.stack.superuser), "-qXAt"], text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self.addCleanup(session.communicate)
        session.stdin.write("BEGIN;\nSELECT 1;\n")
        session.stdin.flush()
        self.assertEqual(session.stdout.readline(), "1\n")

    def is_ours(self, pid):
        return str(self.folder) in pathlib.Path(f"/proc/{pid}/cmdline").read_text()


if not FULL:
    # Minutes of traffic and of waiting for batches.
    del Native.test_every_panel_shows_what_the_stack_does
    del Native.test_warnings_come_in_batches_and_what_is_inhibited_not_at_all


if __name__ == "__main__":
    unittest.main()
