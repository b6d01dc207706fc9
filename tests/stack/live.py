# SPDX-License-Identifier: MIT
"""A stack without containers that tests run against: scripts/stack starts it from the files of deploy/ and alerts/, with a receiver in
place of everybody who is told. WMS_SERVICE and WMS_TRAFFIC name the programs."""

import contextlib
import json
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import unittest
import urllib.error
import urllib.request

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "deploy" / "stack"), str(ROOT / "tests" / "stack"), str(ROOT / "tests" / "harness")]
import native
import secrets_of_stack as secret_files
from receiver import Receiver

DEADLINE_S = 240  # what has not happened by then does not happen
# One operator does here what fifty do in a plant. They are limited all the same, by the database, whose work for it is on the boards.
FLAGS = ("--rate-limit-store=database", "--rate-limit-lots=10000", "--rate-limit-qc-decisions=10000", "--rate-limit-traceability=10000")


def wait_until(condition, what, deadline_s=DEADLINE_S):
    deadline = time.monotonic() + deadline_s
    while not condition():
        if time.monotonic() > deadline:
            raise AssertionError(f"stuck: {what}")
        time.sleep(0.1)


class Live(unittest.TestCase):
    """A stack for the tests of a class. What it says to Discord, to the second receiver, to the Watchdog's and about stopped lots
    arrives at `receiver`, under the name of the secret."""

    maxDiff = None
    flags = FLAGS  # of the service

    @classmethod
    def setUpClass(cls):
        signal.signal(signal.SIGTERM, cls.end)
        cls.folder = pathlib.Path(tempfile.mkdtemp(prefix="flowviz-stack-"))
        cls.folder.chmod(0o755)
        cls.addClassCleanup(shutil.rmtree, cls.folder)
        cls.receiver = Receiver()
        cls.addClassCleanup(cls.receiver.server.shutdown)
        secret_files.make(cls.folder / "secrets")
        for name in (*secret_files.ADDRESSES, *secret_files.OPTIONAL):
            path = cls.folder / "secrets" / name
            path.unlink()
            path.write_text(cls.receiver.address(name))
        cls.addClassCleanup(cls.script, "down")
        done = cls.script("up", "--free-ports", "--service", os.environ["WMS_SERVICE"], "--", *cls.flags)
        if done.returncode != 0:
            raise AssertionError(done.stdout + done.stderr)
        cls.stack = native.Stack(cls.folder)

    @classmethod
    def end(cls, *_):
        """A suite that is ended by its limit ends what it started, too."""
        cls.doClassCleanups()
        os._exit(128 + signal.SIGTERM)

    @classmethod
    def script(cls, command, *options):
        return subprocess.run([ROOT / "scripts/stack", command, "--native", "--folder", cls.folder, *options], text=True,
                              capture_output=True, timeout=DEADLINE_S, check=False)  # fmt: skip

    @property
    def prometheus(self):
        return f"127.0.0.1:{self.stack.ports['prometheus']}"

    def program(self, name):
        return next(one for one in self.stack.running() if one["name"] == name)

    @classmethod
    def token(cls, role):
        return next(one["token"] for one in json.loads(secret_files.read(cls.folder / "secrets", "wms_tokens")) if one["role"] == role)

    @classmethod
    def post(cls, path, body, role, address=None):
        request = urllib.request.Request(f"http://{address or cls.stack.addresses()['api']}{path}", json.dumps(body).encode(),
                                         {"Authorization": f"Bearer {cls.token(role)}", "Content-Type": "application/json"})  # fmt: skip
        with urllib.request.urlopen(request, timeout=30) as answer:
            return answer.status, json.load(answer)

    def alertmanagers(self):
        """What Alertmanager has: [(labels, whether it is inhibited)]."""
        with urllib.request.urlopen(f"http://127.0.0.1:{self.stack.ports['alertmanager']}/api/v2/alerts", timeout=30) as answer:
            return [(one["labels"], bool(one["status"]["inhibitedBy"])) for one in json.load(answer)]

    def traffic(self, duration_s, rate, *more):
        """The command that plays a plant."""
        return [os.environ["WMS_TRAFFIC"], "--url", f"http://{self.stack.addresses()['api']}", "--tokens",
                self.folder / "secrets" / "wms_tokens", "--duration", str(duration_s), "--rate", str(rate), "--seed", "1", *more]  # fmt: skip

    @contextlib.contextmanager
    def playing(self, rate):
        """A plant at work for as long as the block runs, whatever it is answered."""
        with open(self.folder / "traffic.log", "w", encoding="utf-8") as log:
            process = subprocess.Popen(self.traffic(3600, rate, "--tolerate-disconnects"), stdout=log, stderr=log, stdin=subprocess.DEVNULL)
        try:
            yield
            self.assertIsNone(process.poll(), (self.folder / "traffic.log").read_text())
        finally:
            process.kill()
            process.wait()

    def goes_offline_and_comes_back(self):
        """A terminal that recorded lots meanwhile."""
        lots = [{"client_id": f"offline-{i}", "lot_code": f"OFFLINE-{i}", "lot_type": "raw", "quantity_kg": 10} for i in range(20)]
        self.assertEqual(self.post("/api/sync/lots", {"lots": lots}, "operator")[0], 202)

    def begin_a_transaction(self):
        """One that is open until the test ends."""
        session = subprocess.Popen(["psql", *map(str, self.stack.superuser), "-qXAt"], text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self.addCleanup(session.communicate)
        session.stdin.write("BEGIN;\nSELECT 1;\n")
        session.stdin.flush()
        self.assertEqual(session.stdout.readline(), "1\n")
