# SPDX-License-Identifier: MIT
"""Limits that are kept in the database: instances that share it share them, and go on without it while it is away."""

import contextlib
import sqlite3
import unittest

import harness
import postgres

PATH = "/api/traceability/x/forward"


class SharedRateLimitsTest(harness.ServiceTest):
    def start(self, name, limit, **options):
        flags = ("--rate-limit-store", "database", "--rate-limit-traceability", str(limit))
        return self.start_service(name=name, flags=flags, **options)

    def start_two(self, limit):
        first = self.start("first", limit)
        return first, self.start("second", limit, tokens_path=first.tokens_path, database=first.database)

    @contextlib.contextmanager
    def away(self, service):
        """Nobody can write to the database."""
        with contextlib.closing(sqlite3.connect(service.database, isolation_level=None, timeout=harness.DEADLINE_S)) as database:
            database.execute("BEGIN IMMEDIATE")
            yield
            database.execute("ROLLBACK")

    def assert_refused(self, answer):
        self.assert_problem(answer, 429)
        self.assertTrue(1 <= int(answer.headers["Retry-After"]) <= 60, answer.headers["Retry-After"])

    def test_two_instances_have_one_limit_together(self):
        both = self.start_two(limit=10)
        for number in range(10):
            self.assertEqual(both[number % 2].request("GET", PATH, "viewer").status, 404)
        for _ in range(3):
            for service in both:
                self.assert_refused(service.request("GET", PATH, "viewer"))
        for service in both:
            self.assertEqual(service.request("GET", PATH, "operator").status, 404)  # another operator
            metrics = service.metrics()
            self.assertEqual(metrics.value("rate_limit_violations_total", route="trace_forward"), 3)
            # Those admitted, the first that was refused, and the other operator's; what is known is not asked again.
            self.assertEqual(metrics.value("rate_limit_store_duration_seconds_count"), 7)
            self.assertGreater(metrics.value("rate_limit_store_duration_seconds_sum"), 0)
            self.assertEqual(metrics.value("rate_limit_store_errors_total"), 0)
            near = lambda: service.metrics().value("rate_limit_near_limit", route="trace_forward")  # noqa: B023, E731
            harness.wait_until(lambda: near() == 1, "the operator near the limit, on both instances")

    def test_limits_survive_the_service(self):
        service = self.start("first", limit=2)
        for _ in range(2):
            self.assertEqual(service.request("GET", PATH, "viewer").status, 404)
        service.kill()
        service = self.start("second", limit=2, tokens_path=service.tokens_path, database=service.database)
        self.assert_refused(service.request("GET", PATH, "viewer"))

    def test_while_the_database_is_away_each_instance_has_its_own_limits_and_the_calls_that_failed_are_counted(self):
        service = self.start("first", limit=3)
        self.assertEqual(service.request("GET", PATH, "viewer").status, 404)
        with self.away(service):
            for _ in range(2):
                self.assertIn(service.request("GET", PATH, "viewer").status, (404, 503))
            self.assert_refused(service.request("GET", PATH, "viewer"))
            self.assertEqual(service.metrics().value("rate_limit_store_errors_total"), 3)
        self.assertEqual(service.stderr.count('"limits_of_this_instance"'), 1, service.stderr)

        def counted_together():
            service.request("GET", "/api/traceability/x/backward", "viewer")
            return '"limits_of_all_instances"' in service.stderr

        harness.wait_until(counted_together, "the database counting again")


class SharedRateLimitsOnPostgresqlTest(postgres.OnPostgresql, SharedRateLimitsTest):
    def away(self, service):
        return self.pgbouncer.paused()


if __name__ == "__main__":
    unittest.main()
