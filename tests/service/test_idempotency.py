# SPDX-License-Identifier: MIT
"""Requests with an Idempotency-Key: whatever happens to the service or the connection, what they ask for is done once."""

import concurrent.futures
import contextlib
import http.client
import secrets
import sqlite3
import unittest

import harness
import postgres

ROUNDS = 20 if harness.FULL else 4


class IdempotencyTest(harness.ServiceTest):
    def lot(self):
        return {"lot_code": f"K-{secrets.token_hex(8).upper()}", "lot_type": "raw", "quantity_kg": 1}

    def send(self, service, key, body):
        return service.request("POST", "/api/lots", "operator", body=body, headers={"Idempotency-Key": key})

    def send_until_answered(self, service, key, body):
        """As a client does that did not hear the answer, or that was told to come later."""

        def answered():
            with contextlib.suppress(OSError, http.client.HTTPException):
                answer = self.send(service, key, body)
                return None if answer.status in (409, 503) else answer
            return None

        return harness.wait_until(answered, f"an answer to {key}")

    def test_many_that_send_the_same_at_once_get_one_answer(self):
        service = self.start_service()
        body = self.lot()
        with concurrent.futures.ThreadPoolExecutor(8) as pool:
            answers = list(pool.map(lambda _: self.send_until_answered(service, "k-1", body), range(16)))
        self.assertEqual({answer.status for answer in answers}, {201})
        self.assertEqual(len({answer.body for answer in answers}), 1)
        self.assertEqual(len({answer.headers["Location"] for answer in answers}), 1)
        self.assertEqual(service.metrics().sum("flowviz_lots_registered_total"), 1)

    def test_a_service_that_is_killed_in_between_neither_loses_nor_doubles(self):
        service = self.start_service()
        for number in range(ROUNDS):
            bodies = {f"k-{number}-{i}": self.lot() for i in range(20)}
            answers = {}

            def send_all(running, bodies=bodies, answers=answers):
                for key, body in bodies.items():
                    with contextlib.suppress(OSError, http.client.HTTPException):
                        answers[key] = self.send(running, key, body)

            with concurrent.futures.ThreadPoolExecutor(1) as pool:
                sending = pool.submit(send_all, service)
                harness.wait_until(lambda: len(answers) >= 5, "some answers", pause_s=0)
                service.kill()
                sending.result()
            service = self.start_service(
                ports=(service.port, service.metrics_port), tokens_path=service.tokens_path, database=service.database
            )
            for key, body in bodies.items():
                again = self.send_until_answered(service, key, body)
                self.assertEqual(again.status, 201, again)
                if key in answers:
                    self.assertEqual(again.body, answers[key].body)
            codes = [body["lot_code"] for body in bodies.values()]
            listed = service.request("GET", "/api/lots?limit=500", "viewer").json["lots"]
            self.assertEqual(sorted(lot["lot_code"] for lot in listed[-len(codes) :]), sorted(codes))


    def test_however_many_keys_have_expired_they_are_forgotten_and_others_write_meanwhile(self):
        """A day's keys of a busy plant, which one statement would not get done in the time that it has."""
        service = self.start_service()
        self.assertEqual(self.send(service, "k-1", self.lot()).status, 201)
        service.terminate()
        self.expire_keys(service, 200_000)
        service = self.start_service(
            ports=(service.port, service.metrics_port), tokens_path=service.tokens_path, database=service.database
        )
        harness.wait_until(lambda: service.register().status == 201 and self.keys(service) == 1, "one key that is left")
        self.assertEqual(service.terminate(), 0)

    def keys(self, service):
        return service.rows("SELECT count(*) FROM idempotency_keys")[0][0]

    def expire_keys(self, service, count):
        with contextlib.closing(sqlite3.connect(service.database)) as database, database:
            database.executemany(
                "INSERT INTO idempotency_keys (claim, operator, route, key, fingerprint, claimed_at_ms) VALUES (?1, 'o', 'r', ?1, 'f', ?1)",
                ((number,) for number in range(count)),
            )


class IdempotencyOnPostgresqlTest(postgres.OnPostgresql, IdempotencyTest):
    """The same on PostgreSQL."""

    def keys(self, service):
        return int(self.postgres.query("SELECT count(*) FROM idempotency_keys")[0][0])

    def expire_keys(self, service, count):
        self.postgres.query(
            "INSERT INTO idempotency_keys (claim, operator, route, key, fingerprint, claimed_at_ms) "
            f"SELECT n, 'o', 'r', n, 'f', n FROM generate_series(1, {count}) AS n"
        )


if __name__ == "__main__":
    unittest.main()
