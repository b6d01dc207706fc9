# SPDX-License-Identifier: MIT
"""Starts the real programs for the integration tests: the service on free ports with a fresh database, the traffic, and
whatever else a test needs, each ended by its process id. Reads pages and answers; knows no test."""

import contextlib
import http.client
import json
import os
import pathlib
import re
import resource
import secrets
import shutil
import signal
import socket
import sqlite3
import subprocess
import tempfile
import threading
import time
import unittest

import contract

FULL = os.environ.get("FLOWVIZ_FULL") == "1"
# Until when something that has to happen may be late on a busy machine. Never a claim about speed.
DEADLINE_S = 60
ROLES = ("viewer", "operator", "inspector", "admin")


def program(variable, default=None):
    """The program that an environment variable names. A missing one is a failure: nothing passes by being skipped."""
    path = os.environ.get(variable) or (default and shutil.which(default))
    if not path or not os.access(path, os.X_OK):
        raise AssertionError(f"set {variable} to the program to test (now {path!r})")
    return path


def wait_until(condition, what, deadline_s=DEADLINE_S, pause_s=0.05):
    """Waits for a true value of condition() and returns it; fails naming `what` when the deadline is over."""
    end = time.monotonic() + deadline_s
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > end:
            raise AssertionError(f"waited {deadline_s} s in vain for: {what}")
        time.sleep(pause_s)


def is_alive(pid):
    """Whether that process, which need not be ours, does anything yet: one whose end nobody has taken note of does not."""
    try:
        return pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] not in "ZX"
    except (FileNotFoundError, ProcessLookupError):
        return False


def free_ports(count):
    """Ports of 127.0.0.1 that nobody has; held together, so that they differ."""
    with contextlib.ExitStack() as stack:
        ports = []
        for _ in range(count):
            listener = stack.enter_context(socket.socket())
            listener.bind(("127.0.0.1", 0))
            ports.append(listener.getsockname()[1])
        return ports


def allow_many_files(count):
    """Raises this process's limit on open files, which its children inherit."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard != resource.RLIM_INFINITY and hard < count:
        resource.setrlimit(resource.RLIMIT_NOFILE, (count, count))  # root may
    elif soft < count:
        resource.setrlimit(resource.RLIMIT_NOFILE, (count, hard))


class Answer:
    """Status, headers and body of one answer."""

    def __init__(self, status, headers, body):
        self.status, self.headers, self.body = status, headers, body

    @property
    def json(self):
        return json.loads(self.body)

    def __repr__(self):
        return f"{self.status} {self.body[:300]!r}"


def request(port, method, path, *, token=None, body=None, headers=None, timeout_s=DEADLINE_S):
    """One request on a connection of its own. A dict or list as body is sent as JSON, bytes as they are."""
    sent = dict(headers or {})
    if token is not None:
        sent["Authorization"] = f"Bearer {token}"
    if body is not None and not isinstance(body, bytes):
        body = json.dumps(body).encode()
    if body is not None:
        sent.setdefault("Content-Type", "application/json")
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=timeout_s)
    try:
        connection.request(method, path, body, sent)
        response = connection.getresponse()
        return Answer(response.status, response.headers, response.read())
    finally:
        connection.close()


class Program:
    """A running program with its output in files."""

    def __init__(self, name, command, folder, **popen):
        self.name, self.command = name, command
        self.stdout_path, self.stderr_path = folder / f"{name}.stdout", folder / f"{name}.stderr"
        with open(self.stdout_path, "ab") as out, open(self.stderr_path, "ab") as err:
            self.process = subprocess.Popen(command, stdout=out, stderr=err, stdin=subprocess.DEVNULL, **popen)

    @property
    def pid(self):
        return self.process.pid

    @property
    def running(self):
        return self.process.poll() is None

    @property
    def stdout(self):
        return self.stdout_path.read_text(errors="replace")

    @property
    def stderr(self):
        return self.stderr_path.read_text(errors="replace")

    def wait(self, timeout_s=DEADLINE_S):
        """Its exit status; one that does not end is a failure."""
        try:
            return self.process.wait(timeout_s)
        except subprocess.TimeoutExpired:
            raise AssertionError(f"{self.name} did not end within {timeout_s} s\n{self.stderr[-2000:]}") from None

    def terminate(self, timeout_s=DEADLINE_S):
        self.process.send_signal(signal.SIGTERM)
        return self.wait(timeout_s)

    def kill(self):
        if self.running:
            self.process.kill()
        self.process.wait()


NO_RATE_LIMITS = [f"--rate-limit-{what}=0" for what in ("lots", "qc-decisions", "traceability")]


class Service(Program):
    """wms_service on two free ports, ready to answer. `tokens[role]` is a list of that role's tokens. Without rate limits,
    unless a flag says otherwise: few operators do here what a plant does. `prefix`: a program that starts it in surroundings
    of its own, and becomes it. `variable`: of the environment, which names the program."""

    def __init__(
        self,
        folder,
        *,
        flags=(),
        ports=None,
        per_role=1,
        tokens_path=None,
        database=None,
        database_url=None,
        name="wms_service",
        prefix=(),
        environment=None,
        variable="WMS_SERVICE",
    ):
        self.folder = folder
        self.database = database or folder / "wms.db"
        self.port, self.metrics_port = ports or free_ports(2)
        self.tokens_path = tokens_path or write_tokens(folder / "tokens.json", {role: per_role for role in ROLES})
        self.tokens = {}
        for entry in json.loads(self.tokens_path.read_text()):
            self.tokens.setdefault(entry["role"], []).append(entry["token"])
        command = [
            *prefix,
            program(variable),
            "--database",
            database_url or f"sqlite:{self.database}",
            "--listen",
            f"127.0.0.1:{self.port}",
            "--metrics-listen",
            f"127.0.0.1:{self.metrics_port}",
            "--tokens",
            str(self.tokens_path),
            *NO_RATE_LIMITS,
            *flags,
        ]
        super().__init__(name, command, folder, env={**os.environ, **(environment or {})})

    def ready(self):
        """Waits until both listeners answer and the database does; returns the service."""
        for port in (self.port, self.metrics_port):
            wait_until(lambda: self._healthy(port), f"{self.name} ready on port {port}")
        return self

    def _healthy(self, port):
        if not self.running:
            raise AssertionError(f"{self.name} ended with {self.process.returncode}\n{self.stderr[-4000:]}")
        with contextlib.suppress(OSError, http.client.HTTPException):
            return request(port, "GET", "/health/db", timeout_s=5).status == 200
        return False

    def request(self, method, path, role=None, **more):
        """A request to the API as the first one with that role, or as nobody. The answer has to be one that the OpenAPI
        document has."""
        if role is not None:
            more["token"] = self.tokens[role][0]
        answer = request(self.port, method, path, **more)
        contract.check(method, path, more.get("body"), answer)
        return answer

    def register(self, lot_type="raw", quantity_kg=100, inputs=None, role="operator", **fields):
        """Registers a lot with a fresh code and returns the answer."""
        body = {
            "lot_code": f"T-{secrets.token_hex(8).upper()}",
            "lot_type": lot_type,
            "quantity_kg": quantity_kg,
            **fields,
        }
        if inputs is not None:
            body["inputs"] = [{"lot_id": lot_id, "quantity_kg": kg} for lot_id, kg in inputs]
        return self.request("POST", "/api/lots", role, body=body)

    def page(self, accept=""):
        """The page of /metrics on the second listener, as text unless something else is asked for."""
        answer = request(self.metrics_port, "GET", "/metrics", headers={"Accept": accept} if accept else None)
        if answer.status != 200:
            raise AssertionError(f"/metrics answered {answer}")
        return answer.body

    def metrics(self):
        return Metrics(self.page())

    def resident_bytes(self):
        status = pathlib.Path(f"/proc/{self.pid}/status").read_text()
        return int(re.search(r"^VmRSS:\s+(\d+) kB", status, re.M).group(1)) * 1024

    def rows(self, sql, *values):
        return rows(self.database, sql, *values)


def rows(database, sql, *values, mode="ro"):
    """What a query finds in a database; it is only read unless `mode` says otherwise."""
    with contextlib.closing(
        sqlite3.connect(f"file:{database}?mode={mode}", uri=True, timeout=DEADLINE_S)
    ) as connection:
        return connection.execute(sql, values).fetchall()


def write_tokens(path, count_by_role):
    """A tokens file with so many operators of each role; its path."""
    entries = [
        {"token": secrets.token_hex(16), "operator": f"{role}-{i}", "role": role}
        for role, count in count_by_role.items()
        for i in range(count)
    ]
    path.write_text(json.dumps(entries))
    return path


class Traffic(Program):
    """wms_traffic against a service."""

    def __init__(self, service, *, name="wms_traffic", **flags):
        self.report_path = service.folder / f"{name}.report.json"
        command = [
            program("WMS_TRAFFIC"),
            "--url",
            f"http://127.0.0.1:{service.port}",
            "--tokens",
            str(service.tokens_path),
            "--report",
            str(self.report_path),
        ]
        for flag, value in flags.items():
            command.append("--" + flag.replace("_", "-"))
            if value is not True:
                command.append(str(value))
        super().__init__(name, command, service.folder)

    def report(self):
        return json.loads(self.report_path.read_text())


def answers_per_second(report):
    """What a report of wms_traffic comes to; what is not sent when its time is over is sent for ten seconds more."""
    return sum(one["count"] for one in report["requests"]) / report["elapsed_s"]


class Metrics:
    """The samples of a page: {(name, frozenset of (label, value)): number}."""

    _SAMPLE = re.compile(r"^([a-zA-Z_:][a-zA-Z0-9_:]*)(?:\{(.*)\})? (\S+)$")
    _LABEL = re.compile(r'([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\]|\\.)*)"')
    _ESCAPES = {"\\\\": "\\", '\\"': '"', "\\n": "\n"}

    def __init__(self, page):
        self.samples = {}
        for line in page.decode().split("\n"):
            if not line or line.startswith("#"):
                continue
            match = self._SAMPLE.match(line)
            if match is None:
                raise AssertionError(f"no sample: {line!r}")
            labels = frozenset(
                (name, re.sub(r'\\[\\"n]', lambda m: self._ESCAPES[m.group()], value))
                for name, value in self._LABEL.findall(match.group(2) or "")
            )
            self.samples[match.group(1), labels] = float(match.group(3))

    @property
    def series(self):
        return set(self.samples)

    def value(self, name, **labels):
        """The value of exactly this series; a missing one is a failure."""
        key = name, frozenset(labels.items())
        if key not in self.samples:
            raise AssertionError(f"no series {name}{labels}")
        return self.samples[key]

    def sum(self, name, **labels):
        """The sum of all series of that name that have these labels; none at all is a failure."""
        wanted = set(labels.items())
        values = [value for (sample, pairs), value in self.samples.items() if sample == name and wanted <= pairs]
        if not values:
            raise AssertionError(f"no series {name} with {labels}")
        return sum(values)


# What asks for each format of a page, and what tells the strict validator of it.
FORMATS = {
    "": [],
    "text/plain;version=1.0.0": [],
    "application/openmetrics-text;version=1.0.0": ["--open-metrics"],
    "application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited": ["--protobuf"],
}


def violations(page, accept=""):
    """What the strict validator says of a page in the format that was asked for; nothing for a valid one."""
    result = subprocess.run(
        [program("VALIDATE_PAGE"), *FORMATS[accept]], input=page, capture_output=True, timeout=DEADLINE_S, check=False
    )
    if result.returncode == 0:
        return ""
    return (result.stdout + result.stderr).decode(errors="replace") or f"validate_page ended with {result.returncode}"


class Repeating:
    """Calls something again and again in a thread until the `with` block ends, and keeps what it returned or raised."""

    def __init__(self, action, interval_s):
        self.results, self.errors = [], []
        self._action, self._interval_s = action, interval_s
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def _run(self):
        while True:
            try:
                self.results.append(self._action())
            except Exception as error:  # whatever it is, the test has to see it
                self.errors.append(error)
            if self._ended.wait(self._interval_s):
                return

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._ended.set()
        self._thread.join()


class ServiceTest(unittest.TestCase):
    """A folder for each test, and an end for every program that it started."""

    maxDiff = None

    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="flowviz-service-"))
        self.folder.chmod(0o755)
        self.addCleanup(shutil.rmtree, self.folder, ignore_errors=True)

    def track(self, running):
        self.addCleanup(running.kill)
        return running

    def start_service(self, **options):
        return self.track(Service(self.folder, **options)).ready()

    def start_traffic(self, service, **flags):
        return self.track(Traffic(service, **flags))

    def assert_problem(self, answer, status, rule=None):
        """That an answer is a problem document (RFC 9457) with this status."""
        self.assertEqual(answer.status, status, answer)
        self.assertRegex(answer.headers["Content-Type"], r"^application/problem\+json")
        problem = answer.json
        self.assertEqual(problem["status"], status)
        for field in ("type", "title", "detail", "request_id"):
            self.assertIsInstance(problem[field], str, problem)
        self.assertEqual(problem["request_id"], answer.headers["X-Request-Id"])
        if rule is not None:
            self.assertIn(rule, json.dumps(problem))
        return problem
