# SPDX-License-Identifier: MIT
"""Hostile input: whatever clients send, there are no series beyond the catalogue, no 5xx, bounded memory, and health
and scrapes on the second listener within a second throughout."""

import concurrent.futures
import contextlib
import http.client
import json
import pathlib
import random
import selectors
import socket
import sys
import time
import unittest

import harness

METHODS = ("GET", "HEAD", "POST", "PUT", "DELETE", "CONNECT", "OPTIONS", "TRACE", "PATCH", "_other")
PROBE_LIMIT_S = 1.0
# A hundred times less than what a service that keeps what is sent would need for the floods below.
MEMORY_GROWTH_LIMIT = 64 * 1024 * 1024
MEMORY_GROWTH_LIMIT_MANY_CLIENTS = 256 * 1024 * 1024
# Whatever is wrong with a request, the refusal is shorter than this.
LONGEST_REFUSAL = 64 * 1024
FLOOD_BYTES = 100 * 1024 * 1024
SQL = (
    "'; DROP TABLE lots; --",
    "' OR '1'='1",
    "1; DELETE FROM qc_decisions",
    '" OR ""="',
    "x' UNION SELECT token, 1 --",
    "%27%3B%20DROP%20TABLE%20lots",
    "Robert'); DROP TABLE lots;--",
    "\\'; VACUUM; --",
    "?1",
    ":lot_id",
    "$1",
)
LABELS = (
    '"} 1\nforged_total{a="',
    'x",method="GET',
    "\\",
    '\\"',
    "\n# TYPE forged counter\nforged 1\n",
    "a\x00b",
    "{handler}",
    "\u202e",
    "é",
    "\U0001f956" * 400,
    "lot_id",
    "_other",
    "none",
)


class HostileTest(harness.ServiceTest):
    def setUp(self):
        super().setUp()
        harness.allow_many_files(8192)
        self.service = self.start_service()
        self.lot = self.service.register().json
        self.random = random.Random(20260301)

    @contextlib.contextmanager
    def watched(self, memory_limit=MEMORY_GROWTH_LIMIT, pages_refused=False):
        """Whatever happens in the block: what this file promises must have held throughout, and hold afterwards.
        `pages_refused`: pages may have been, to whoever asked for too many."""
        before, resident = self.service.metrics(), self.service.resident_bytes()
        tables = self.contents()
        probe = self.track(
            harness.Program(
                "probe",
                [sys.executable, str(pathlib.Path(__file__).with_name("probe.py")), str(self.service.metrics_port)],
                self.folder,
            )
        )
        harness.wait_until(lambda: len(self.probes(probe)) >= 4, "the first probes")
        with harness.Repeating(self.service.resident_bytes, 0.05) as memory:
            yield
        # One more round, so that a probe that hangs at the end is seen as well.
        count = len(self.probes(probe))
        harness.wait_until(lambda: len(self.probes(probe)) >= count + 4, "probes after the attack")
        probe.kill()

        self.assertTrue(self.service.running, self.service.stderr[-2000:])
        answers = self.probes(probe)
        self.assertEqual({status for _, status, _ in answers}, {200})
        worst_s = {
            path: max(seconds for where, _, seconds in answers if where == path) for path in ("/health", "/metrics")
        }
        growth = max(memory.results) - resident
        print(
            f"\n  {self.id().rpartition('.')[2]}: {len(answers)} probes, worst "
            f"/health {worst_s['/health'] * 1000:.0f} ms, "
            f"/metrics {worst_s['/metrics'] * 1000:.0f} ms; memory +{growth / 2**20:.1f} MiB",
            file=sys.stderr,
        )
        self.assertLess(max(worst_s.values()), PROBE_LIMIT_S, worst_s)
        self.assertEqual(memory.errors, [])
        self.assertLess(growth, memory_limit)

        self.check_series(before, self.service.metrics(), {"/metrics"} if pages_refused else set())
        self.assertEqual(harness.violations(self.service.page()), "")
        self.assertEqual(self.contents(), tables)
        self.assertEqual(self.service.register().status, 201)

    @staticmethod
    def probes(probe):
        lines = [line.split(" ") for line in probe.stdout.split("\n")[:-1]]
        return [(path, int(status), float(seconds)) for path, status, seconds in lines]

    def contents(self):
        return [
            self.service.rows(f"SELECT * FROM {table} ORDER BY 1") for table in ("lots", "lot_inputs", "qc_decisions")
        ]

    def check_series(self, before, after, may_refuse):
        self.assertEqual(before.series - after.series, set())
        names = {name for name, _ in before.series}
        handlers = {dict(labels).get("handler", "none") for _, labels in before.series} | {"none", "_other"}
        for name, labels in after.series - before.series:
            labels = dict(labels)
            self.assertIn(name, names, "a metric that was not there before")
            self.assertIn(labels.get("handler"), handlers, (name, labels))
            self.assertIn(labels.get("method", "GET"), METHODS, (name, labels))
            self.assertLessEqual(set(labels), {"method", "handler", "status", "le"}, (name, labels))
        self.assertEqual(
            sum(
                value
                for (name, labels), value in after.samples.items()
                if name == "http_requests_total" and ("status", "5xx") in labels and dict(labels)["handler"] not in may_refuse
            ),
            0,
        )

    # --- clients ---

    def connect(self, timeout_s=harness.DEADLINE_S):
        return socket.create_connection(("127.0.0.1", self.service.port), timeout_s)

    def send(self, data):
        """Sends bytes on a new connection; the status of the answer, or 0 when the service closed without one."""
        with self.connect() as client:
            with contextlib.suppress(OSError):  # it may have heard enough
                client.sendall(data)
            return self.status_of_answer(client)

    @staticmethod
    def status_of_answer(client):
        head = b""
        with contextlib.suppress(ConnectionError):
            while b"\r\n" not in head and (block := client.recv(4096)):
                head += block
        if not head:
            return 0
        version, status = head.split(b" ", 2)[:2]
        if version not in (b"HTTP/1.1", b"HTTP/1.0"):
            raise AssertionError(f"no status line: {head!r}")
        return int(status)

    def flood(self, head, block, tail=b""):
        """Sends head, 100 MiB of blocks and tail. Status of the answer (0: none) and how many bytes were taken."""
        sent = 0
        with self.connect() as client:
            try:
                client.sendall(head)
                while sent < FLOOD_BYTES:
                    client.sendall(block)
                    sent += len(block)
                client.sendall(tail)
            except ConnectionError:
                pass  # refused in the middle
            return self.status_of_answer(client), sent

    def assert_all_refused(self, statuses):
        for status, count in statuses.items():
            self.assertTrue(status == 0 or 400 <= status < 500, f"{count} answers of status {status}")

    @property
    def bearer(self):
        return b"Authorization: Bearer " + self.service.tokens["admin"][0].encode() + b"\r\n"

    # --- the attacks ---

    def random_path(self):
        kind = self.random.randrange(6)
        if kind == 0:
            return "/" + "".join(f"%{self.random.randrange(256):02x}" for _ in range(self.random.randrange(40)))
        if kind == 1:
            return f"/api/lots/{self.random.randrange(10**9)}/" + "x" * self.random.randrange(200)
        if kind == 2:
            return "/api/lots/" + "".join(f"%{byte:02X}" for byte in self.random.choice(SQL + LABELS).encode())
        if kind == 3:
            return "/../" * self.random.randrange(1, 30) + "etc/passwd"
        if kind == 4:
            return (
                "/api/"
                + self.random.choice(("lots", "qc-decisions", "traceability"))
                + "?"
                + "&".join(f"p{i}={self.random.randrange(100)}" for i in range(self.random.randrange(200)))
            )
        return "".join(chr(self.random.randrange(33, 127)) for _ in range(self.random.randrange(1, 100)))

    def random_method(self):
        return self.random.choice(
            (
                *METHODS[:-1],
                "get",
                "FOO",
                "PROPFIND",
                "PRI",
                'G"ET',
                'X{handler="y"}',
                "A" * 3000,
                f"M{self.random.randrange(10**9)}",
                "\xff\xfe",
                "GET\tGET",
                "_other",
                "",
            )
        )

    def test_random_methods_and_paths(self):
        requests = []
        for _ in range(3000):
            text = f"{self.random_method()} {self.random_path()} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n"
            authorization = self.bearer if self.random.random() < 0.7 else b""
            requests.append(text.encode("latin-1") + authorization + b"Content-Length: 0\r\n\r\n")
        with self.watched(), concurrent.futures.ThreadPoolExecutor(8) as pool:
            statuses = list(pool.map(self.send, requests))
        self.assertLess(max(statuses), 500)
        self.assertGreater(sum(400 <= status < 500 for status in statuses), len(statuses) / 2)

    def test_label_injection_through_paths_methods_and_headers(self):
        requests = []
        for text in LABELS:
            quoted = "".join(f"%{byte:02X}" for byte in text.encode())
            raw = text.replace("\n", "").replace("\x00", "").encode()
            requests += [
                b"GET /" + quoted.encode() + b" HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
                b"GET /" + raw + b" HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
                b"GET /metrics?name[]=" + quoted.encode() + b" HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
                raw + b" / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
                b"GET /api/lots HTTP/1.1\r\nHost: "
                + raw
                + b"\r\nX-Request-Id: "
                + raw
                + b"\r\nAuthorization: Bearer "
                + raw
                + b"\r\nAccept: "
                + raw
                + b"\r\nConnection: close\r\n\r\n",
            ]
        with self.watched():
            for data in requests:
                self.assertLess(self.send(data), 500, data)
        self.assertNotIn(b"forged", self.service.page())

    def test_sql_text_in_every_field(self):
        token = self.service.tokens["admin"][0]
        with self.watched():
            for text in SQL:
                quoted = "".join(f"%{byte:02X}" for byte in text.encode())
                for path in (
                    f"/api/lots/{quoted}",
                    f"/api/traceability/{quoted}/forward",
                    f"/api/lots?after={quoted}",
                    f"/api/lots?lot_type={quoted}",
                    f"/api/lots?limit={quoted}",
                    f"/api/traceability/{self.lot['lot_id']}/backward?max_depth={quoted}",
                ):
                    status = self.service.request("GET", path, "admin").status
                    self.assertTrue(400 <= status < 500, (path, status))
                for body in (
                    {"lot_code": text, "lot_type": "raw", "quantity_kg": 1},
                    {"lot_code": "A", "lot_type": text, "quantity_kg": 1},
                    {"lot_code": "A", "lot_type": "raw", "quantity_kg": text},
                    {"lot_code": "A", "lot_type": "raw", "quantity_kg": 1, "production_run_id": text},
                    {
                        "lot_code": "A",
                        "lot_type": "finished",
                        "quantity_kg": 1,
                        "inputs": [{"lot_id": text, "quantity_kg": 1}],
                    },
                    {text: 1, "lot_code": "A", "lot_type": "raw", "quantity_kg": 1},
                ):
                    status = harness.request(self.service.port, "POST", "/api/lots", token=token, body=body).status
                    self.assertTrue(400 <= status < 500, (body, status))
                body = {"lot_id": text, "decision": "PASS"}
                status = harness.request(self.service.port, "POST", "/api/qc-decisions", token=token, body=body).status
                self.assertTrue(400 <= status < 500, (body, status))
                status = harness.request(self.service.port, "GET", "/api/lots", token=text.replace("\n", "")).status
                self.assertEqual(status, 401)
        for text in SQL:  # and where text is allowed, it is stored as it is
            body = {"lot_id": self.lot["lot_id"], "decision": "PASS", "note": text}
            answer = harness.request(self.service.port, "POST", "/api/qc-decisions", token=token, body=body)
            self.assertEqual(answer.status, 201, answer)
            [stored] = self.service.rows(
                "SELECT note FROM qc_decisions WHERE decision_id = ?", answer.json["decision_id"]
            )
            self.assertEqual(stored, (text,))

    def test_bad_json(self):
        deep = 400_000
        bodies = [
            b"",
            b"{",
            b"[" * deep,
            b'{"a":' * (deep // 5),
            b'[{"a":' * (deep // 10),
            b"nul",
            b"\x00",
            b"\xff\xfe{}",
            b"1e999",
            b'{"lot_code":"\\ud800"}',
            b'{"lot_code":"\xc3"}',
            b'{"quantity_kg":' + b"9" * 100_000 + b"}",
            b'{"quantity_kg":1e400,"lot_code":"A","lot_type":"raw"}',
            b'{"quantity_kg":NaN}',
            b'{"a":1,}',
            b"// x\n{}",
            b'{"lot_code":"A","lot_code":"B","lot_type":"raw","quantity_kg":-1}',
            b'"' + b"x" * 1_000_000 + b'"',
            b'{"inputs":[' + b",".join([b"{}"] * 300_000) + b"]}",
            b'{"inputs":[' + b",".join([b"5"] * 500_000) + b"]}",
            b"{" + b",".join(b'"k%d":0' % i for i in range(80_000)) + b"}",
            b'{"lots":[' + b",".join([b'{"inputs":[' + b",".join([b"{}"] * 100) + b"]}"] * 500) + b"]}",
            b'{"lots":[' + b",".join([b'{"inputs":[' + b",".join([b"5"] * 100) + b"]}"] * 500) + b"]}",
        ]
        for _ in range(300):  # mutations of a good one
            body = bytearray(json.dumps({"lot_code": "A", "lot_type": "raw", "quantity_kg": 0, "inputs": []}).encode())
            for _ in range(self.random.randrange(1, 6)):
                body[self.random.randrange(len(body))] = self.random.randrange(256)
            bodies.append(bytes(body).replace(b'"quantity_kg": ', b'"quantity_kg": -'))
        with self.watched():
            for path in ("/api/lots", "/api/qc-decisions", "/api/sync/lots"):
                for body in bodies:
                    answer = self.service.request("POST", path, "admin", body=body)
                    self.assertTrue(400 <= answer.status < 500, (answer.status, body[:200]))
                    self.assertLess(len(answer.body), LONGEST_REFUSAL, (path, body[:200]))

    def test_bodies_of_100_mib(self):
        block = b" " * 65536
        head = b"POST /api/lots HTTP/1.1\r\nHost: x\r\n" + self.bearer
        chunk = b"10000\r\n" + block + b"\r\n"
        attacks = [
            (head + b"Content-Length: %d\r\n\r\n" % FLOOD_BYTES, block),
            (head + b"Transfer-Encoding: chunked\r\n\r\n", chunk, b"0\r\n\r\n"),
            (head + b"Content-Encoding: gzip\r\nContent-Length: %d\r\n\r\n" % FLOOD_BYTES, block),
            (b"POST /nothing HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n" % FLOOD_BYTES, block),
            (b"POST /nothing HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n", chunk, b"0\r\n\r\n"),
            (b"GET /api/lots HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n" % FLOOD_BYTES, block),
            (
                head
                + b"Content-Type: multipart/form-data; boundary=b\r\nContent-Length: %d\r\n\r\n--b\r\n" % FLOOD_BYTES,
                block,
            ),
        ]
        with self.watched(), concurrent.futures.ThreadPoolExecutor(16) as pool:
            results = list(pool.map(lambda attack: self.flood(*attack), attacks * 2))
        for attack, (status, sent) in zip(attacks * 2, results):
            self.assertTrue(status == 0 or 400 <= status < 500, (attack[0], status))
            if status == 0:  # then at least the connection was closed on it
                self.assertLess(sent, FLOOD_BYTES, attack[0])

    def test_a_hostile_content_length(self):
        with self.watched():
            for value in (
                b"-1",
                b"99999999999999999999999",
                b"18446744073709551615",
                b"9223372036854775808",
                b"0x10",
                b"1e3",
                b"abc",
                b"",
                b"1, 2",
                b" 5 ",
                b"+5",
                b"1\r\nContent-Length: 2",
                b"3\r\nTransfer-Encoding: chunked",
            ):
                for path in (b"/api/lots", b"/nothing", b"/health"):
                    data = (
                        b"POST "
                        + path
                        + b" HTTP/1.1\r\nHost: x\r\n"
                        + self.bearer
                        + b"Content-Length: "
                        + value
                        + b"\r\n\r\n{}"
                    )
                    with self.connect() as client:
                        client.sendall(data)
                        client.shutdown(socket.SHUT_WR)
                        self.assertLess(self.status_of_answer(client), 500, (value, path))

    def test_a_request_in_the_body_of_one_whose_length_only_a_proxy_would_read(self):
        hidden = b"GET /health HTTP/1.1\r\nHost: x\r\n\r\n"
        length = b"%d" % len(hidden)
        with self.watched():
            for header in (
                b"Content-Length : " + length,
                b"Content-Length\t: " + length,
                b" Content-Length: " + length,
                b"X: y\r\n Content-Length: " + length,
                b"Content-Length\0: " + length,
                b"Transfer-Encoding : chunked",
            ):
                for line in (b"GET /api/lots", b"POST /api/lots", b"GET /health"):
                    with self.connect() as client:
                        client.sendall(line + b" HTTP/1.1\r\nHost: x\r\n" + self.bearer + header + b"\r\n\r\n" + hidden)
                        client.shutdown(socket.SHUT_WR)
                        answers = b""
                        with contextlib.suppress(ConnectionError):
                            while block := client.recv(4096):
                                answers += block
                    self.assertEqual(answers.count(b"HTTP/1.1 "), 1, (line, header, answers))
                    self.assertTrue(answers.startswith(b"HTTP/1.1 400 "), (line, header, answers))

    def test_header_floods(self):
        line = b"GET /api/lots HTTP/1.1\r\n"
        attacks = [
            (line, b"X: y\r\n" * 8192),
            (line, b"X-%s: y\r\n" % (b"n" * 4000)),
            (line + b"X: ", b"y" * 65536),
            (b"GET /", b"a" * 65536),
            (b"", b"A" * 65536),
            (line + b"Cookie: a\r\n", b" folded\r\n" * 4096),
            (b"", b"\r\n" * 32768),
            (b"POST /api/lots HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n", b"0" * 65536),
            (b"POST /api/lots HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n1;", b"e" * 65536),
            (b"POST /api/lots HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n", b"Trailer: x\r\n" * 4096),
        ]
        with self.watched(), concurrent.futures.ThreadPoolExecutor(16) as pool:
            results = list(pool.map(lambda attack: self.flood(*attack), attacks * 2))
        for attack, (status, sent) in zip(attacks * 2, results):
            self.assertTrue(status == 0 or 400 <= status < 500, (attack[0] + attack[1][:20], status))
            self.assertLess(sent, FLOOD_BYTES, f"all of it was read: {attack[0] + attack[1][:20]}")

    def test_64_clients_who_have_pages_made_on_the_api(self):
        """More than are made at once: some are refused, and the scrape on the second listener is not one of them."""

        def have_pages_made(_):
            statuses = []
            with contextlib.closing(http.client.HTTPConnection("127.0.0.1", self.service.port, timeout=harness.DEADLINE_S)) as client:
                while time.monotonic() < end:
                    client.request("GET", "/metrics")
                    answer = client.getresponse()
                    answer.read()
                    statuses.append(answer.status)
            return statuses

        with self.watched(MEMORY_GROWTH_LIMIT_MANY_CLIENTS, pages_refused=True), concurrent.futures.ThreadPoolExecutor(64) as pool:
            end = time.monotonic() + 5
            statuses = [status for some in pool.map(have_pages_made, range(64)) for status in some]
        self.assertEqual(set(statuses), {200, 503})

    def test_200_slow_and_1200_idle_clients(self):
        """Slow heads and slow bodies beside idle connections; whoever is dropped comes back."""
        slow_heads = [b"GET /api/lots HTTP/1.1\r\nX: ", b"POST /api/lots HTTP/1.1\r\nContent-Length: 5000\r\n\r\n"]
        seconds = 60 if harness.FULL else 15
        dropped_slow, oldest_s = 0, 0.0
        with self.watched(MEMORY_GROWTH_LIMIT_MANY_CLIENTS), contextlib.ExitStack() as stack:
            watcher = stack.enter_context(selectors.DefaultSelector())

            def add(kind):
                client = self.connect()
                if kind is not None:
                    client.sendall(slow_heads[kind])
                client.setblocking(False)
                watcher.register(client, selectors.EVENT_READ, (kind, time.monotonic()))

            for _ in range(1200):
                add(None)
            for number in range(200):
                add(number % 2)
            end = time.monotonic() + seconds
            while time.monotonic() < end:
                for key, _ in watcher.select(timeout=0.2):
                    kind, since = key.data
                    with contextlib.suppress(ConnectionError):
                        if key.fileobj.recv(4096):
                            continue  # an answer; the end of the connection follows
                    watcher.unregister(key.fileobj)
                    key.fileobj.close()
                    if kind is not None:
                        dropped_slow += 1
                        oldest_s = max(oldest_s, time.monotonic() - since)
                    add(kind)  # hostile clients come back
                for key in list(watcher.get_map().values()):
                    if key.data[0] is not None:
                        with contextlib.suppress(OSError):  # dropped; found out above
                            key.fileobj.send(b"y")
                time.sleep(0.3)
            for key in list(watcher.get_map().values()):
                key.fileobj.close()
        # A whole request has 10 s from its first byte, so each round of slow clients is dropped after that.
        self.assertGreaterEqual(dropped_slow, 200)
        print(f"  the oldest slow client lived {oldest_s:.1f} s", file=sys.stderr)
        self.assertLess(oldest_s, 15)

    def test_idle_clients_are_closed_early(self):
        with self.watched(), self.connect(30) as never_spoke, self.connect(30) as kept_alive:
            kept_alive.sendall(b"GET /health HTTP/1.1\r\nHost: x\r\n\r\n")
            self.assertEqual(self.status_of_answer(kept_alive), 200)
            for client in (never_spoke, kept_alive):
                while client.recv(4096):  # raises when 30 s pass without an end
                    pass


if __name__ == "__main__":
    unittest.main()
