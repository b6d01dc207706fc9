# SPDX-License-Identifier: MIT
"""The service on a real PostgreSQL behind a real PgBouncer, as deploy/ sets them up: the API's main flow, the figures
of the pool, and a thousand clients. What happens when the database goes away is in test_database_faults.py."""

import subprocess
import threading
import unittest

import harness
import load
import postgres


# Clients, requests a second, seconds, and how many a second have to be answered 2xx. The short form only finds out whether anybody
# is left waiting, for an unoptimised service has other files of tests beside it.
PLANT = (1000, 550, 60, 500) if harness.FULL else (200, 60, 5, 20)


class PostgresqlTest(postgres.PostgresTest):
    def test_the_main_flow_works_and_the_metrics_show_it(self):
        service = self.start_on_postgresql()
        # What the clients of another test, which was too slow for them, left to be synchronised is registered first.
        def nothing_to_synchronise(page):
            return page.value("wms_gauges_refreshed_timestamp_seconds") > 0 and page.value("flowviz_pending_sync_lots") == 0

        harness.wait_until(lambda: nothing_to_synchronise(service.metrics()), "an empty queue")
        before = service.metrics()
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
        self.assertEqual(metrics.sum("flowviz_lots_registered_total") - before.sum("flowviz_lots_registered_total"), 4)
        self.assertEqual(metrics.value("db_pool_connections_max"), 35)
        open_now = metrics.sum("db_pool_connections")
        self.assertGreater(open_now, 0)
        self.assertEqual(metrics.value("db_pool_connections", state="overflow"), 0)
        self.assertEqual(metrics.value("flowviz_db_pool_connections_idle"), open_now)
        for statement, executions in (("insert_lot", 7), ("insert_qc_decision", 1)):
            count = [page.value("db_statement_duration_seconds_count", statement=statement) for page in (before, metrics)]
            self.assertEqual(count[1] - count[0], executions, statement)
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
        clients, rate, seconds, least = PLANT
        harness.allow_many_files(8192)
        service = self.start_on_postgresql(per_role=8)
        traffic = self.start_traffic(service, connections=clients, rate=rate, duration=seconds, mistakes=0)
        with harness.Repeating(self.server_connections, 0.2) as servers:
            status = traffic.wait(seconds + harness.DEADLINE_S)
        outcome = load.outcome_of(traffic.report())
        print(f"{outcome}; {max(servers.results)} connections of the server")
        # First of all, so that a machine that is too slow is told by how much.
        self.assertGreaterEqual(outcome.per_second, least, str(outcome))
        self.assertGreaterEqual(outcome.good / outcome.answers, 0.999, traffic.stdout)
        self.assertGreaterEqual(outcome.writes / outcome.answers, 0.3)
        self.assertGreater(outcome.fewest, 0)
        self.assertEqual(status, 0, traffic.stdout)
        self.assertEqual(servers.errors, [])
        self.assertLessEqual(max(servers.results), 30)
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

    def server_connections(self):
        """How many connections to PostgreSQL the pooler has for the service's database and user."""
        pool = self.pool_of_the_service()
        return sum(int(pool[state]) for state in ("sv_active", "sv_idle", "sv_used", "sv_tested", "sv_login"))

    def test_a_thousand_clients_of_libpq_are_served_and_client_1201_is_told(self):
        harness.allow_many_files(8192)
        script = self.folder / "script.sql"
        script.write_text("SELECT 1;\n")
        each = 20 if harness.FULL else 3

        def bench(clients, url=self.pgbouncer.url()):
            command = [postgres.server_program("pgbench"), "-n", "-f", str(script), "-d", url]
            command += ["-c", str(clients), "-j", "4", "-t", str(each)]
            environment = {"PATH": "/usr/bin:/bin", "PGPASSWORD": self.postgres.password("flowviz")}
            ran = self.track(harness.Program(f"pgbench-{clients}-{len(runs)}", command, self.folder, env=environment))
            runs.append(ran)
            return ran

        runs = []
        served = bench(1000)
        with harness.Repeating(self.server_connections, 0.1) as servers:
            self.assertEqual(served.wait(600), 0, served.stderr[-2000:])
        self.assertEqual(servers.errors, [])
        # Each client has done all of its own.
        self.assertIn(f"number of transactions actually processed: {1000 * each}/{1000 * each}", served.stdout)
        self.assertGreater(max(servers.results), 0)
        self.assertLessEqual(max(servers.results), 30)
        refused = bench(1201)
        self.assertNotEqual(refused.wait(600), 0)
        self.assertIn("no more connections allowed (max_client_conn)", refused.stderr)
        direct = bench(1000, f"postgresql://flowviz@127.0.0.1:{self.postgres.port}/flowviz")
        self.assertNotEqual(direct.wait(600), 0)
        self.assertIn("connection slots are reserved", direct.stderr)


if __name__ == "__main__":
    unittest.main()
