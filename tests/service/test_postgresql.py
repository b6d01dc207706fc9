# SPDX-License-Identifier: MIT
"""The service on a real PostgreSQL behind a real PgBouncer, as deploy/ sets them up: the API's main flow, the figures
of the pool, and what clients see and keep when the database is paused, killed or cut off."""

import contextlib
import secrets
import subprocess
import threading
import time
import unittest

import harness
import postgres

# The service promises a refusal within two seconds. Here the question is whether it hangs, on a machine that is busy:
# PgBouncer would let it wait for ten, and the request itself lives ten.
REFUSED_WITHIN_S = 6
RECOVERED_WITHIN_S = 30  # promised: ten


class PostgresqlTest(harness.ServiceTest):
    @classmethod
    def setUpClass(cls):
        # One server and one pooler for all cases; each has tables of its own making in the one database.
        cls.case = harness.ServiceTest()
        harness.ServiceTest.setUp(cls.case)
        cls.addClassCleanup(cls.case.doCleanups)
        cls.postgres = postgres.Postgres(cls.case.folder, cls.case.track)
        cls.pgbouncer = postgres.PgBouncer(cls.case.folder, cls.postgres, cls.case.track)
        cls.password_flags = ("--database-password-file", str(cls.postgres.secrets / "flowviz_password"))

    def start_on_postgresql(self, flags=(), **options):
        return self.start_service(database_url=self.pgbouncer.url(), flags=(*self.password_flags, *flags), **options)

    def lot(self, service, *args, **fields):
        answer = service.register(*args, **fields)
        self.assertEqual(answer.status, 201, answer)
        return answer.json

    def test_the_main_flow_works_and_the_metrics_show_it(self):
        service = self.start_on_postgresql()
        flour, water = self.lot(service, quantity_kg=100), self.lot(service, quantity_kg=10.000001)
        dough = self.lot(service, "intermediate", 70, [(flour["lot_id"], 60), (water["lot_id"], 10.000001)])
        bread = self.lot(service, "finished", 50, [(dough["lot_id"], 70)])
        path = f"/api/lots/{water['lot_id']}"
        self.assertEqual(service.request("GET", path, "viewer").json, {**water, "remaining_kg": 0})
        self.assert_problem(service.register(lot_code=bread["lot_code"]), 409)
        self.assert_problem(service.register("finished", 1, [(water["lot_id"], 1)]), 409, "inputs_exceed_remaining")
        decision = {"lot_id": flour["lot_id"], "decision": "HOLD", "note": "ö' OR 1=1 -- $1"}
        self.assertEqual(service.request("POST", "/api/qc-decisions", "inspector", body=decision).status, 201)
        self.assert_problem(service.register("finished", 1, [(flour["lot_id"], 1)]), 409, "input_on_hold_or_failed")
        trace = service.request("GET", f"/api/traceability/{bread['lot_id']}/backward", "viewer").json
        self.assertEqual(
            {node["lot_id"] for node in trace["nodes"]}, {lot["lot_id"] for lot in (flour, water, dough, bread)}
        )
        self.assertEqual(trace["depth"], 2)
        trace = service.request("GET", f"/api/traceability/{flour['lot_id']}/forward", "viewer").json
        self.assertEqual(trace["nodes"][0]["qc_status"], "HOLD")
        page = service.request("GET", "/api/lots?limit=2", "viewer").json
        self.assertEqual([len(page["lots"]), page["next"]], [2, page["lots"][1]["lot_id"]])
        for odd in ("%00", "%FF%FE", "a%00b"):
            self.assert_problem(service.request("GET", f"/api/lots/{odd}", "viewer"), 404)
        self.assertEqual(harness.request(service.metrics_port, "GET", "/health/db").status, 200)

        metrics = service.metrics()
        self.assertEqual(metrics.sum("flowviz_lots_registered_total"), 4)
        self.assertEqual(metrics.value("db_pool_connections_max"), 35)
        open_now = metrics.sum("db_pool_connections")
        self.assertGreater(open_now, 0)
        self.assertEqual(metrics.value("db_pool_connections", state="overflow"), 0)
        self.assertEqual(metrics.value("flowviz_db_pool_connections_idle"), open_now)
        self.assertEqual(metrics.value("db_statement_duration_seconds_count", statement="insert_lot"), 7)
        self.assertEqual(metrics.value("db_statement_duration_seconds_count", statement="insert_qc_decision"), 1)
        for operation in ("select", "insert", "update", "transaction"):
            self.assertGreater(metrics.value("db_queries_total", operation=operation), 0, operation)
        self.assertEqual(metrics.sum("db_query_errors_total"), 0)
        self.assertGreater(metrics.value("db_connection_wait_seconds_count"), 10)
        self.assertEqual(harness.violations(service.page()), "")
        harness.wait_until(  # a connection may come or go meanwhile
            lambda: len([row for row in self.pgbouncer.administer("SHOW CLIENTS") if row["database"] == "flowviz"])
            == service.metrics().sum("db_pool_connections"),
            "as many connections as PgBouncer has clients",
        )
        self.assertEqual(service.terminate(), 0)

    def test_of_many_takers_of_the_last_10_kg_one_wins(self):
        service = self.start_on_postgresql(flags=("--pool-size", "4", "--pool-overflow", "2"))
        flour = self.lot(service, quantity_kg=10)
        statuses = []
        takers = [
            threading.Thread(
                target=lambda: statuses.append(service.register("finished", 5, [(flour["lot_id"], 10)]).status)
            )
            for _ in range(12)
        ]
        for taker in takers:
            taker.start()
        for taker in takers:
            taker.join()
        self.assertEqual(sorted(statuses), [201] + 11 * [409])
        self.assertEqual(service.metrics().value("db_pool_connections_max"), 6)

    def pool_of_the_service(self):
        """The row of SHOW POOLS."""
        [pool] = [row for row in self.pgbouncer.administer("SHOW POOLS") if row["database"] == "flowviz"]
        return pool

    def test_a_plant_of_many_clients_is_served_over_thirty_connections(self):
        """Kept-alive clients through service and pooler: all are served, a third of what they send is written, and what the
        service says of its pool is what the pooler says."""
        clients, rate, seconds = (1000, 550, 60) if harness.FULL else (200, 60, 5)
        harness.allow_many_files(8192)
        service = self.start_on_postgresql(per_role=8)
        if harness.FULL:  # what a machine that others use as well can take: half of what a few get answered when they do not wait
            trial = self.start_traffic(service, name="trial", connections=8, rate=100_000, duration=1, mistakes=0, seed=2)
            trial.wait()
            rate = min(rate, int(harness.answers_per_second(trial.report())) // 2)
        servers = []
        traffic = self.start_traffic(service, connections=clients, rate=rate, duration=seconds, mistakes=0)
        while traffic.running:
            pool = self.pool_of_the_service()
            servers.append(sum(int(pool[state]) for state in ("sv_active", "sv_idle", "sv_used", "sv_tested", "sv_login")))
            time.sleep(0.2)
        self.assertEqual(traffic.wait(), 0, traffic.stdout)
        report = traffic.report()
        answers = [(one["method"], one["status"], one["count"]) for one in report["requests"]]
        total = sum(count for _, _, count in answers)
        good = sum(count for _, status, count in answers if 200 <= status < 300)
        written = sum(count for method, status, count in answers if method == "POST" and status == 201)
        p99 = max(one["p99"] for one in report["latency_ms"])
        print(f"{clients} clients: {total} requests in {seconds} s, {rate} wanted in each, {good} answered 2xx, {written} writes, p99 of the slowest route {p99:.0f} ms, "
              f"{min(report['completions_per_connection'])} at least for each, {max(servers)} connections of the server")  # fmt: skip
        self.assertEqual(total, rate * seconds)
        self.assertGreaterEqual(good / total, 0.999)
        self.assertGreaterEqual(written / total, 0.3)
        self.assertGreater(min(report["completions_per_connection"]), 0)
        self.assertLessEqual(max(servers), 30)
        self.assertEqual(harness.violations(service.page()), "")

        def agree():
            pool = self.pool_of_the_service()
            metrics = service.metrics()
            here = metrics.sum("db_pool_connections")
            return here == int(pool["cl_active"]) + int(pool["cl_waiting"]) and metrics.value("db_pool_connections", state="active") == 0

        harness.wait_until(agree, "as many connections in the service's pool as SHOW POOLS has clients")
        self.assertEqual(service.terminate(), 0)

    def test_the_pooler_is_what_was_promised(self):
        config = {row["key"]: row["value"] for row in self.pgbouncer.administer("SHOW CONFIG")}
        promised = {
            "pool_mode": "transaction",
            "default_pool_size": "25",
            "reserve_pool_size": "5",
            "reserve_pool_timeout": "3",
            "max_client_conn": "1200",
            "auth_type": "scram-sha-256",
            "server_login_retry": "1",
            "listen_backlog": "1024",
            "log_connections": "1",
            "log_disconnections": "1",
            "stats_period": "60",
            "query_wait_timeout": "10",
        }
        self.assertEqual({key: config[key] for key in promised}, promised)
        self.assertEqual(self.psql("pgbouncer_stats", "SHOW POOLS", "pgbouncer").returncode, 0)
        self.assertNotEqual(self.psql("pgbouncer_stats", "PAUSE", "pgbouncer").returncode, 0)
        self.assertEqual(
            self.postgres.query("SELECT pg_has_role('postgres_exporter', 'pg_monitor', 'member')"), [["t"]]
        )

    def psql(self, role, command, database, password=None):
        return subprocess.run(
            ["psql", "-qXAt", "-d", self.pgbouncer.url(role, database), "-c", command],
            env={"PATH": "/usr/bin:/bin", "PGPASSWORD": password or self.postgres.password(role)},
            capture_output=True,
            text=True,
            timeout=harness.DEADLINE_S,
            check=False,
        )

    def test_a_wrong_password_ends_the_start_and_is_not_told(self):
        wrong = self.folder / "wrong"
        wrong.write_text("open-sesame\n")
        refused = self.run_with("--database", self.pgbouncer.url(), "--database-password-file", str(wrong))
        self.assertEqual(refused.process.returncode, 1)
        self.assertRegex(refused.stderr, r"\Awms_service: --database postgresql://[^\n]+\n\Z")
        self.assertNotIn("sesame", refused.stderr)

    def test_a_password_on_the_command_line_is_exit_status_2_and_not_told(self):
        refused = self.run_with("--database", "postgresql://flowviz:open-sesame@127.0.0.1/flowviz")
        self.assertEqual(refused.process.returncode, 2)
        self.assertRegex(refused.stderr, r"\Awms_service: --database must not hold a password[^\n]+\n\Z")
        self.assertNotIn("sesame", refused.stderr)

    def run_with(self, *flags):
        ports = ("--listen", "127.0.0.1:0", "--metrics-listen", "127.0.0.1:0")
        program = self.track(
            harness.Program("refused", [harness.program("WMS_SERVICE"), *flags, *ports], self.folder, cwd=self.folder)
        )
        program.wait()
        return program

    # --- Faults ---

    def test_a_paused_pooler_is_a_refusal_in_time_and_nothing_is_lost(self):
        with self.working_service() as work:
            self.pgbouncer.administer("PAUSE flowviz")
            self.check_refusals(work)
            self.pgbouncer.administer("RESUME flowviz")

    def test_a_pooler_that_is_killed_is_a_refusal_in_time_and_nothing_is_lost(self):
        with self.working_service() as work:
            self.pgbouncer.kill()
            self.check_refusals(work)
            self.pgbouncer.start()

    @contextlib.contextmanager
    def working_service(self):
        """Clients at work before, during and after the fault that is the body; then what they were told is checked."""
        service = self.start_on_postgresql(per_role=4)
        lot_id = self.lot(service)["lot_id"]
        work = Work(service, lot_id)
        with work:
            harness.wait_until(lambda: len(work.told(201)) >= 50, "work before the fault")
            yield work
            before = len(work.told(201))
            harness.wait_until(
                lambda: len(work.told(201)) > before + 50, "work after the fault", deadline_s=RECOVERED_WITHIN_S
            )
        self.assertEqual([answer for answer in work.answers if answer["status"] not in (201, 503, None)], [])
        lots = self.counts("SELECT lot_code, count(*) FROM lots GROUP BY lot_code")
        notes = self.counts("SELECT note, count(*) FROM qc_decisions WHERE note IS NOT NULL GROUP BY note")
        for answer in work.answers:
            stored = {"lot": lots, "decision": notes}[answer["what"]].get(answer["key"], 0)
            if answer["status"] == 201:
                self.assertEqual(stored, 1, answer)
            elif answer["status"] == 503 and answer["type"] == "urn:wms:problem:database-unavailable":
                self.assertEqual(stored, 0, answer)
            else:  # nobody knows; twice it is in no case
                self.assertLessEqual(stored, 1, answer)
        self.assertEqual(work.service.terminate(), 0)

    def counts(self, sql):
        return {key: int(count) for key, count in self.postgres.query(sql)}

    def check_refusals(self, work):
        """While the database is away: refusals, all in time, and metrics and health nevertheless."""
        start = time.monotonic()
        harness.wait_until(lambda: len(work.told(503)) >= 10, "refusals")
        for answer in work.told(503):
            self.assertEqual(answer["retry_after"], "2")
        metrics_port = work.service.metrics_port
        self.assertEqual(harness.request(metrics_port, "GET", "/health").status, 200)
        health = harness.request(metrics_port, "GET", "/health/db")
        self.assert_problem(health, 503)
        self.assertEqual(harness.violations(work.service.page()), "")
        slowest = max(answer["took_s"] for answer in list(work.answers) if answer["until"] > start)
        self.assertLess(slowest, REFUSED_WITHIN_S)

    if harness.FULL:

        def test_a_server_that_is_killed_is_a_refusal_in_time_and_nothing_is_lost(self):
            for _ in range(5):
                with self.working_service() as work:
                    self.postgres.stop()
                    self.check_refusals(work)
                    self.postgres.start()

        def test_backends_that_are_killed_again_and_again_lose_nothing(self):
            end_all = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'flowviz'"
            with self.working_service() as work:
                for _ in range(30):
                    before = len(work.answers)
                    self.postgres.query(end_all)
                    harness.wait_until(lambda: len(work.answers) > before + 20, "answers after the backends were ended")

        def test_kill_9_of_the_service_loses_nothing_that_was_acknowledged(self):
            for _ in range(10):
                with self.working_service() as work:
                    work.service.kill()
                    work.service = self.start_on_postgresql(
                        ports=(work.service.port, work.service.metrics_port), tokens_path=work.service.tokens_path
                    )

        def test_a_thousand_clients_are_served_and_client_1201_is_told(self):
            harness.allow_many_files(8192)
            script = self.folder / "script.sql"
            script.write_text("SELECT 1;\n")

            def bench(clients, url=self.pgbouncer.url()):
                command = [postgres.server_program("pgbench"), "-n", "-f", str(script), "-d", url]
                return subprocess.run(
                    [*command, "-c", str(clients), "-j", "4", "-t", "20"],
                    env={"PATH": "/usr/bin:/bin", "PGPASSWORD": self.postgres.password("flowviz")},
                    capture_output=True,
                    text=True,
                    timeout=600,
                    check=False,
                )

            served = bench(1000)
            self.assertEqual(served.returncode, 0, served.stderr[-2000:])
            self.assertIn("number of transactions actually processed: 20000/20000", served.stdout)
            refused = bench(1201)
            self.assertNotEqual(refused.returncode, 0)
            self.assertIn("no more connections allowed (max_client_conn)", refused.stderr)
            direct = bench(1000, f"postgresql://flowviz@127.0.0.1:{self.postgres.port}/flowviz")
            self.assertNotEqual(direct.returncode, 0)
            self.assertIn("connection slots are reserved", direct.stderr)


class Work:
    """Clients that register lots and record decisions until the `with` block ends, and note what they were told."""

    clients = 8

    def __init__(self, service, lot_id):
        self.service, self.lot_id = service, lot_id
        self.answers = []
        self._ended = threading.Event()
        self._threads = [threading.Thread(target=self._run, daemon=True) for _ in range(self.clients)]

    def told(self, status):
        return [answer for answer in list(self.answers) if answer["status"] == status]

    def _run(self):
        while not self._ended.is_set():
            key = f"W-{secrets.token_hex(8).upper()}"
            self._note("lot", key, lambda: self.service.register(lot_code=key))
            note = f"note {key}"
            body = {"lot_id": self.lot_id, "decision": "PASS", "note": note}
            self._note(
                "decision", note, lambda: self.service.request("POST", "/api/qc-decisions", "inspector", body=body)
            )

    def _note(self, what, key, send):
        start = time.monotonic()
        answer = None
        with contextlib.suppress(OSError, harness.http.client.HTTPException):  # a service that is dead
            answer = send()
        until = time.monotonic()
        noted = {"what": what, "key": key, "until": until, "took_s": until - start, "status": None, "type": None}
        if answer is not None:
            noted["status"] = answer.status
            noted["retry_after"] = answer.headers.get("Retry-After")
            noted["type"] = answer.json.get("type")
        self.answers.append(noted)

    def __enter__(self):
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self._ended.set()
        for thread in self._threads:
            thread.join()


if __name__ == "__main__":
    unittest.main()
