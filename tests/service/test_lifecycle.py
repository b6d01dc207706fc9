# SPDX-License-Identifier: MIT
"""How the service starts, speaks and ends: settings, ports, tokens, log lines, and SIGTERM with requests in flight."""

import contextlib
import json
import re
import signal
import socket
import sqlite3
import threading
import unittest

import harness


class LifecycleTest(harness.ServiceTest):
    any_ports = ("--listen", "127.0.0.1:0", "--metrics-listen", "127.0.0.1:0")

    def run_with(self, *flags, env=None):
        """The service with these flags to its end, which has to come by itself."""
        program = self.track(
            harness.Program("refused", [harness.program("WMS_SERVICE"), *flags], self.folder, cwd=self.folder, env=env)
        )
        program.wait()
        return program

    def test_sigterm_lets_requests_in_flight_be_answered_and_exits_0(self):
        service = self.start_service()
        clients, answers = 50, []
        # A writer of our own holds the database, so that the service's writers are in flight until we let go.
        with contextlib.closing(sqlite3.connect(service.database, isolation_level=None)) as blocker:
            blocker.execute("BEGIN IMMEDIATE")
            threads = [threading.Thread(target=lambda: answers.append(service.register())) for _ in range(clients)]
            for thread in threads:
                thread.start()
            harness.wait_until(
                lambda: service.metrics().sum("flowviz_http_requests_inprogress") == clients,
                f"{clients} requests in flight",
            )
            service.process.send_signal(signal.SIGTERM)
            harness.wait_until(lambda: self.refuses_connections(service.port), "no new connections accepted")
            self.assertEqual(answers, [])
            blocker.execute("ROLLBACK")
        for thread in threads:
            thread.join()
        self.assertEqual([answer.status for answer in answers], [201] * clients)
        self.assertEqual(service.wait(), 0)
        stored = {lot_id for lot_id, in service.rows("SELECT lot_id FROM lots")}
        self.assertEqual({answer.json["lot_id"] for answer in answers}, stored)

    def test_sigterm_under_traffic_exits_0_and_keeps_what_was_acknowledged(self):
        service = self.start_service(per_role=13)
        acks_path = self.folder / "acks"
        traffic = self.start_traffic(
            service, duration=600, rate=200, connections=16, acks=acks_path, tolerate_disconnects=True
        )
        harness.wait_until(
            lambda: acks_path.exists() and acks_path.read_text().count("\n") >= 100, "100 acknowledgements"
        )
        self.assertEqual(service.terminate(), 0)
        self.assertEqual(traffic.terminate(), 0, traffic.stdout)
        # Those that were recorded offline are registered later, by the service itself.
        lots = {lot_id for lot_id, in service.rows("SELECT lot_id FROM lots EXCEPT SELECT lot_id FROM sync_lots")}
        offline = {client_id for client_id, in service.rows("SELECT client_id FROM sync_lots")}
        report = traffic.report()
        self.assertLessEqual({lot_id for ids in report["lots"].values() for lot_id in ids}, lots)
        self.assertLessEqual({client_id for ids in report["offline_lots"].values() for client_id in ids}, offline)
        # What the service took, it answered: nothing was stored whose answer the client did not get.
        unknown = sum(row["unknown"] for row in report["without_answer"] if row["method"] == "POST")
        self.assertEqual(
            len(lots) - sum(len(ids) for ids in report["lots"].values()), 0, f"{unknown} of unknown outcome"
        )

    def test_sigterm_ends_an_idle_service_although_clients_stay_connected(self):
        service = self.start_service()
        with socket.create_connection(("127.0.0.1", service.port)), socket.create_connection(
            ("127.0.0.1", service.metrics_port)
        ):
            self.assertEqual(service.terminate(20), 0)

    def test_sigterm_ends_the_service_within_its_bound_although_a_request_never_completes(self):
        service = self.start_service()
        with socket.create_connection(("127.0.0.1", service.port)) as client:
            client.sendall(b"POST /api/lots HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n{")
            # A whole request has 10 s; beyond that nothing is waited for.
            self.assertEqual(service.terminate(30), 0)

    def test_a_restart_finds_everything_again(self):
        service = self.start_service()
        lot = service.register().json
        self.assertEqual(service.terminate(), 0)
        again = self.start_service(tokens_path=service.tokens_path, database=service.database)
        self.assertEqual(again.request("GET", f"/api/lots/{lot['lot_id']}", "viewer").json, lot)

    def test_a_port_in_use_is_refused_and_the_first_service_goes_on(self):
        service = self.start_service()
        [free] = harness.free_ports(1)
        for listen, metrics in ((service.port, free), (free, service.metrics_port), (free, free)):
            with self.subTest(listen=listen, metrics=metrics):
                second = self.run_with(
                    "--database",
                    f"sqlite:{self.folder}/second.db",
                    "--tokens",
                    str(service.tokens_path),
                    "--listen",
                    f"127.0.0.1:{listen}",
                    "--metrics-listen",
                    f"127.0.0.1:{metrics}",
                )
                self.assertNotEqual(second.process.returncode, 0)
                self.assertIn(
                    str(free if listen == metrics else service.port if listen != free else service.metrics_port),
                    second.stderr,
                )
                self.assertFalse((self.folder / "second.db").exists(), "a start that failed left a database behind")
                if listen == metrics:
                    self.assertEqual(second.process.returncode, 2)
                    self.assertRegex(second.stderr, r"\Awms_service: --listen and --metrics-listen .+\n\Z")
                second.stderr_path.unlink()
        for _ in range(20):  # two servers on one port would share its connections
            self.assertEqual(service.register().status, 201)

    def test_a_database_that_cannot_be_opened_is_exit_status_2_with_one_line_and_the_reason(self):
        (self.folder / "letter").write_text("Dear database, " + 1000 * "x")
        (self.folder / "folder").mkdir()
        newer = self.start_service()
        self.assertEqual(newer.terminate(), 0)
        with contextlib.closing(sqlite3.connect(newer.database, isolation_level=None)) as database:
            newest = database.execute("SELECT max(number) FROM schema_migrations").fetchone()[0]
            database.execute("INSERT INTO schema_migrations VALUES (99, 'later', 0)")
        before = sorted(self.folder.iterdir())
        for path, reason in (
            (self.folder / "no" / "wms.db", "unable to open database file (No such file or directory)"),
            (self.folder / "folder", "unable to open database file (Is a directory)"),
            (self.folder / "letter", "file is not a database"),
            (newer.database, f"the database is at schema 99, this program knows up to {newest}"),
        ):
            with self.subTest(path=path):
                refused = self.run_with("--database", f"sqlite:{path}", *self.any_ports)
                self.assertEqual(refused.process.returncode, 2)
                self.assertEqual(refused.stderr, f"wms_service: --database sqlite:{path}: {reason}\n")
                self.assertEqual(refused.stdout, "")
                refused.stderr_path.unlink()
                refused.stdout_path.unlink()
        self.assertEqual(sorted(self.folder.iterdir()), before)

    def test_a_database_that_somebody_else_holds_is_no_wrong_setting(self):
        database = self.folder / "wms.db"
        with contextlib.closing(sqlite3.connect(database, isolation_level=None)) as blocker:
            blocker.execute("PRAGMA journal_mode = WAL")
            blocker.execute("BEGIN IMMEDIATE")
            refused = self.run_with("--database", f"sqlite:{database}", *self.any_ports)
        self.assertEqual(refused.process.returncode, 1)
        self.assertEqual(refused.stderr, f"wms_service: --database sqlite:{database}: database is locked\n")

    def test_a_port_that_another_program_shares_is_refused(self):
        with socket.socket() as other:
            other.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
            other.bind(("127.0.0.1", 0))
            other.listen()
            taken = other.getsockname()[1]
            [free] = harness.free_ports(1)
            refused = self.run_with(
                "--database",
                f"sqlite:{self.folder}/wms.db",
                "--listen",
                f"127.0.0.1:{taken}",
                "--metrics-listen",
                f"127.0.0.1:{free}",
            )
            self.assertNotEqual(refused.process.returncode, 0)
            self.assertIn(str(taken), refused.stderr)

    def test_a_wrong_setting_is_exit_status_2_with_one_clear_line(self):
        (self.folder / "broken.json").write_text("[{]")
        (self.folder / "role.json").write_text('[{"token": "0123456789abcdef", "operator": "a", "role": "king"}]')
        (self.folder / "twice.json").write_text(
            json.dumps([{"token": "0123456789abcdef", "operator": name, "role": "viewer"} for name in "ab"])
        )
        for flags, named in (
            (["--listen", "127.0.0.1"], "listen"),
            (["--listen", "127.0.0.1:http"], "listen"),
            (["--listen", "127.0.0.1:70000"], "listen"),
            (["--metrics-listen", "somewhere"], "metrics-listen"),
            (["--database", "mysql:here"], "database"),
            (["--database", ""], "database"),
            (["--tokens", str(self.folder / "missing.json")], "tokens"),
            (["--tokens", str(self.folder / "broken.json")], "tokens"),
            (["--tokens", str(self.folder / "role.json")], "king"),
            (["--tokens", str(self.folder / "twice.json")], "token"),
            (["--metrics-token-file", str(self.folder / "missing")], "metrics-token-file"),
            (["--no-such-flag", "1"], "no-such-flag"),
            (["--listen"], "listen"),
            (["leftover"], "leftover"),
        ):
            with self.subTest(flags=flags):
                refused = self.run_with(*flags)
                self.assertEqual(refused.process.returncode, 2, refused.stderr)
                self.assertRegex(refused.stderr, r"\A[^\n]+\n\Z")
                self.assertIn(named, refused.stderr)
                refused.stderr_path.unlink()

    def test_settings_come_from_flags_then_from_the_environment(self):
        env = {"WMS_LISTEN": "nonsense", "WMS_DATABASE": f"sqlite:{self.folder}/wms.db"}
        refused = self.run_with(env=env)
        self.assertEqual(refused.process.returncode, 2)
        self.assertRegex(refused.stderr, r"(?i)WMS_LISTEN|listen")

        port, metrics_port = harness.free_ports(2)
        env["WMS_METRICS_LISTEN"] = f"127.0.0.1:{metrics_port}"
        service = self.track(
            harness.Program(
                "by_env", [harness.program("WMS_SERVICE"), "--listen", f"127.0.0.1:{port}"], self.folder, env=env
            )
        )
        harness.wait_until(
            lambda: not self.refuses_connections(port) and not self.refuses_connections(metrics_port), "both listeners"
        )
        self.assertEqual(harness.request(metrics_port, "GET", "/health").status, 200)
        self.assertEqual(service.terminate(), 0)
        self.assertTrue((self.folder / "wms.db").exists())

    def test_help_lists_every_setting_with_its_environment_variable(self):
        shown = self.run_with("--help")
        self.assertEqual(shown.process.returncode, 0)
        for flag in (
            "database",
            "database-password-file",
            "pool-size",
            "pool-overflow",
            "listen",
            "metrics-listen",
            "tokens",
            "metrics-token-file",
        ):
            self.assertIn(f"--{flag}", shown.stdout)
            self.assertIn("WMS_" + flag.upper().replace("-", "_"), shown.stdout)

    def test_without_a_tokens_file_one_new_token_per_role_is_printed(self):
        printed = []
        for number in range(2):
            port, metrics_port = harness.free_ports(2)
            service = self.track(
                harness.Program(
                    f"printing-{number}",
                    [
                        harness.program("WMS_SERVICE"),
                        "--database",
                        f"sqlite:{self.folder}/{number}.db",
                        "--listen",
                        f"127.0.0.1:{port}",
                        "--metrics-listen",
                        f"127.0.0.1:{metrics_port}",
                    ],
                    self.folder,
                )
            )
            lines = harness.wait_until(lambda: self.complete_lines(service.stdout, 4), "four lines of tokens")
            tokens = dict(line.split(" ") for line in lines)
            self.assertEqual(set(tokens), set(harness.ROLES))
            harness.wait_until(lambda: not self.refuses_connections(port), "the listener")
            for role, token in tokens.items():
                self.assertEqual(harness.request(port, "GET", "/api/lots", token=token).status, 200, role)
                status = harness.request(port, "POST", "/api/lots", token=token, body={}).status
                self.assertEqual(status, 422 if role in ("operator", "admin") else 403, role)
            self.assertEqual(service.terminate(), 0)
            self.assertNotIn(tokens["admin"], service.stderr)
            printed.extend(tokens.values())
        self.assertEqual(len(set(printed)), 8)
        self.assertGreaterEqual(min(len(token) for token in printed), 16)

    def test_log_lines_are_json_and_carry_the_request_id_of_the_answer(self):
        service = self.start_service()
        token = service.tokens["operator"][0]
        answers = [
            service.register(),
            service.register(quantity_kg=-1),
            service.request("GET", "/api/nothing", "viewer"),
            service.request("GET", "/api/lots"),
        ]
        ids = [answer.headers["X-Request-Id"] for answer in answers]
        self.assertEqual(len(set(ids)), len(ids))
        self.assertEqual(service.terminate(), 0)
        entries = [json.loads(line) for line in service.stderr.splitlines()]
        logged = {}
        for entry in entries:
            self.assertIsInstance(entry, dict)
            if "request_id" in entry:
                logged.setdefault(entry["request_id"], []).append(entry)
        for answer, request_id in zip(answers, ids):
            [entry] = logged[request_id]
            self.assertEqual(entry["status"], answer.status)
            self.assertEqual(entry["client"], "127.0.0.1")
        self.assertNotIn(token, service.stderr)

    def test_a_log_line_stays_one_line_whatever_the_client_sends(self):
        service = self.start_service()
        evil = "/api/%0A%22%7D%0D%0A%7B%22forged%22%3A1%7D%FF%00"
        before = len(service.stderr.splitlines())
        answer = service.request("GET", evil, "viewer", headers={"User-Agent": 'x" \x7f\\', "X-Request-Id": 'a"}{'})
        self.assertLess(answer.status, 500)
        self.assertEqual(service.terminate(), 0)
        lines = service.stderr.splitlines()
        self.assertGreater(len(lines), before)
        for line in lines:
            self.assertNotIn("forged", json.loads(line))

    def test_a_metrics_token_guards_the_metrics_and_nothing_else(self):
        token_file = self.folder / "metrics-token"
        token_file.write_text("a-token-for-metrics-only\n")
        service = self.start_service(flags=["--metrics-token-file", str(token_file)])
        for port in (service.port, service.metrics_port):
            for token, status in ((None, 401), ("wrong", 401), ("a-token-for-metrics-only", 200)):
                self.assertEqual(harness.request(port, "GET", "/metrics", token=token).status, status, (port, token))
            self.assertEqual(harness.request(port, "GET", "/health").status, 200)
            self.assertEqual(harness.request(port, "GET", "/health/db").status, 200)
        self.assertEqual(
            harness.request(service.port, "GET", "/api/lots", token="a-token-for-metrics-only").status, 401
        )

    @staticmethod
    def refuses_connections(port):
        try:
            with socket.create_connection(("127.0.0.1", port), 5):
                return False
        except (ConnectionRefusedError, ConnectionResetError):  # reset: it stopped listening during the handshake
            return True

    @staticmethod
    def complete_lines(text, count):
        lines = text.split("\n")[:-1]
        lines = [line for line in lines if re.fullmatch(r"\w+ \S+", line)]
        return lines if len(lines) >= count else None


if __name__ == "__main__":
    unittest.main()
