# SPDX-License-Identifier: MIT
"""Rate limits over HTTP: how many requests an operator may send, and what is said to who sends more."""

import time
import unittest

import harness

STANDARD = {"lots": 100, "qc-decisions": 100, "traceability": 50}


def limits(**changed):
    """The flags for the standard limits, or others."""
    return [f"--rate-limit-{what}={changed.get(what.replace('-', '_'), limit)}" for what, limit in STANDARD.items()]


class RateLimitsTest(harness.ServiceTest):
    def assert_refused(self, answer):
        self.assert_problem(answer, 429)
        self.assertRegex(answer.headers["Retry-After"], r"\A[1-9]\d?\Z")
        self.assertLessEqual(int(answer.headers["Retry-After"]), 60)

    def test_each_operator_may_send_what_the_contract_says_and_no_more(self):
        service = self.start_service(flags=limits(), per_role=2)
        lot_id = service.register(role="admin").json["lot_id"]
        for label, limit, used, send in (
            ("lots", 100, 1, lambda token: ("POST", "/api/lots", b"{}", 422)),
            ("qc_decisions", 100, 0, lambda token: ("POST", "/api/qc-decisions", b"{}", 422)),
            ("trace_forward", 50, 0, lambda token: ("GET", f"/api/traceability/{lot_id}/forward", None, 200)),
            ("trace_backward", 50, 0, lambda token: ("GET", f"/api/traceability/{lot_id}/backward", None, 200)),
        ):
            with self.subTest(route=label):
                first, second = service.tokens["admin"]
                method, path, body, status = send(first)
                for _ in range(limit - used):
                    answer = harness.request(service.port, method, path, token=first, body=body)
                    self.assertEqual(answer.status, status, answer)
                metrics = service.metrics()
                self.assertEqual(metrics.value("rate_limit_violations_total", route=label), 0)
                self.assertEqual(metrics.value("rate_limit_near_limit", route=label), 1)
                for _ in range(3):
                    self.assert_refused(harness.request(service.port, method, path, token=first, body=body))
                self.assertEqual(service.metrics().value("rate_limit_violations_total", route=label), 3)
                # Everybody else, and every other route, goes on.
                answer = harness.request(service.port, method, path, token=second, body=body)
                self.assertEqual(answer.status, status, answer)
                answer = harness.request(service.port, "GET", f"/api/lots/{lot_id}", token=first)
                self.assertEqual(answer.status, 200, answer)

    def test_who_waits_as_told_is_admitted_and_nobody_earlier(self):
        service = self.start_service(flags=limits(traceability=1))
        path = "/api/traceability/x/forward"
        self.assertEqual(service.request("GET", path, "viewer").status, 404)
        told, started = [], time.monotonic()

        def admitted():
            answer = service.request("GET", path, "viewer")
            if answer.status != 429:
                self.assertEqual(answer.status, 404)
                return True
            self.assert_refused(answer)
            told.append(int(answer.headers["Retry-After"]))
            # A whole minute of waiting is for the long runs; here, that what is told gets less by the second.
            return not harness.FULL and told[-1] <= told[0] - 3

        harness.wait_until(admitted, "the next request admitted", deadline_s=60 + harness.DEADLINE_S, pause_s=0.2)
        self.assertEqual(told, sorted(told, reverse=True))
        waited_s = time.monotonic() - started
        self.assertGreater(waited_s + 1, told[0] if harness.FULL else 3, "earlier than told")

    def test_a_limit_of_0_is_none(self):
        service = self.start_service(flags=limits(traceability=0))
        for _ in range(120):
            self.assertEqual(service.request("GET", "/api/traceability/x/forward", "viewer").status, 404)
        self.assertEqual(service.metrics().sum("rate_limit_violations_total"), 0)


if __name__ == "__main__":
    unittest.main()
