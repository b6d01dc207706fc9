# SPDX-License-Identifier: MIT
"""Requests with an Idempotency-Key: whatever happens to the service or the connection, what they ask for is done once."""

import concurrent.futures
import contextlib
import http.client
import secrets
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


class IdempotencyOnPostgresqlTest(postgres.OnPostgresql, IdempotencyTest):
    """The same on PostgreSQL."""


if __name__ == "__main__":
    unittest.main()
