# SPDX-License-Identifier: MIT
"""Web pages of other origins, as a browser would ask for them, against the running service."""

import unittest

import harness

PAGE = "https://wms.example"


class CorsTest(harness.ServiceTest):
    def ask_first(self, service, origin, method="POST"):
        headers = {
            "Origin": origin,
            "Access-Control-Request-Method": method,
            "Access-Control-Request-Headers": "authorization,content-type,idempotency-key",
        }
        return service.request("OPTIONS", "/api/lots", headers=headers)

    def cors_headers(self, answer):
        return {name for name in answer.headers if name.lower().startswith("access-control-")}

    def test_a_page_of_a_named_origin_may_do_all_that_its_token_may(self):
        service = self.start_service(flags=["--cors-origin", "http://localhost:3000", "--cors-origin", PAGE])
        asked = self.ask_first(service, PAGE)
        self.assertEqual((asked.status, asked.body), (204, b""))
        self.assertEqual(asked.headers["Access-Control-Allow-Origin"], PAGE)
        self.assertIn("POST", asked.headers["Access-Control-Allow-Methods"].split(", "))
        self.assertEqual(asked.headers["Access-Control-Allow-Headers"], "Authorization, Content-Type, Idempotency-Key")
        answer = service.request(
            "POST",
            "/api/lots",
            "operator",
            body={"lot_code": "L-1", "lot_type": "raw", "quantity_kg": 1},
            headers={"Origin": PAGE, "Idempotency-Key": "k-1"},
        )
        self.assertEqual(answer.status, 201)
        self.assertEqual(answer.headers["Access-Control-Allow-Origin"], PAGE)
        exposed = answer.headers["Access-Control-Expose-Headers"].split(", ")
        self.assertEqual(set(exposed), {"Location", "Retry-After", "X-Request-Id"})
        self.assertEqual(answer.headers["Vary"], "Origin")

    def test_other_pages_may_nothing(self):
        service = self.start_service(flags=["--cors-origin", PAGE])
        alike = (PAGE + ".evil.example", PAGE + ":444", PAGE + "/", PAGE.upper())
        for origin in ("https://evil.example", *alike, "null", "*", "x" * 4000):
            with self.subTest(origin=origin[:40]):
                asked = self.ask_first(service, origin)
                self.assert_problem(asked, 405)
                self.assertEqual(self.cors_headers(asked), set())
                answer = service.request("GET", "/api/lots", "viewer", headers={"Origin": origin})
                self.assertEqual(self.cors_headers(answer), set())

    def test_without_origins_options_is_a_method_that_no_path_takes(self):
        service = self.start_service()
        asked = self.ask_first(service, PAGE)
        self.assert_problem(asked, 405)
        self.assertEqual(asked.headers["Allow"], "POST, GET, HEAD")
        self.assertEqual(self.cors_headers(asked), set())

    def test_what_anybody_can_be_is_no_origin(self):
        for origin in ("*", "null", "https://wms.example/"):
            with self.subTest(origin=origin):
                service = self.track(
                    harness.Service(self.folder, flags=["--cors-origin", origin], name=f"refused-{len(origin)}")
                )
                self.assertEqual(service.wait(), 2)
                self.assertRegex(service.stderr, r"\Awms_service: --cors-origin must be an origin .+\n\Z")


if __name__ == "__main__":
    unittest.main()
