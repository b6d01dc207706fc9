# SPDX-License-Identifier: MIT
"""The OpenAPI document: it is served, it is sound, and what it says can be met. That no answer is missing in it is seen
to by every other test, through the harness."""

import contextlib
import sqlite3
import unittest

import contract
import harness
import jsonschema

# What takes a slow client, a database that is away or a bug.
NOT_MET_HERE = {"408", "500", "503"}


class OpenApiTest(harness.ServiceTest):
    def test_it_is_served_to_everybody_as_it_is_in_the_repository(self):
        service = self.start_service()
        answer = service.request("GET", "/openapi.json")
        self.assertEqual(answer.status, 200)
        self.assertEqual(answer.headers["Content-Type"], "application/json")
        self.assertEqual(answer.body, contract.PATH.read_bytes())
        self.assertNotIn("/openapi.json", service.page().decode(), "it is counted among the work")

    def test_it_is_sound(self):
        self.assertEqual(contract.DOCUMENT["openapi"], "3.1.0")
        for name, schema in contract.DOCUMENT["components"]["schemas"].items():
            with self.subTest(schema=name):
                jsonschema.Draft202012Validator.check_schema(schema)
                for example in schema.get("examples", ()):
                    contract.validate(example, schema, f"the example of {name}")
        references = list(self.references(contract.DOCUMENT))
        for reference in references:
            contract.resolve({"$ref": reference})  # fails for one that leads nowhere
        used = {reference.removeprefix("#/components/") for reference in references}
        kinds = ("schemas", "responses", "headers", "parameters")
        defined = {f"{kind}/{name}" for kind in kinds for name in contract.DOCUMENT["components"][kind]}
        self.assertEqual(defined - used, set(), "nobody refers to it")
        ids = [operation["operationId"] for _, _, operation in self.operations()]
        self.assertEqual(len(ids), len(set(ids)))

    def references(self, node):
        if isinstance(node, dict):
            yield from (value for name, value in node.items() if name == "$ref")
            node = list(node.values())
        if isinstance(node, list):
            for child in node:
                yield from self.references(child)

    def operations(self):
        for path, methods in contract.DOCUMENT["paths"].items():
            for method, operation in methods.items():
                if method != "parameters":
                    yield method.upper(), path, operation

    def test_a_wrong_answer_is_noticed(self):
        service = self.start_service()
        good = service.request("GET", "/health")
        for change in (
            {"status": 202},
            {"body": b'{"status": "fine"}'},
            {"body": b'{"status": "ok", "more": 1}'},
            {"headers": {**good.headers, "Content-Type": "text/plain"}},
            {"headers": {**good.headers, "X-Request-Id": None}},
        ):
            with self.subTest(change=change):
                bad = harness.Answer(**{"status": 200, "headers": good.headers, "body": good.body, **change})
                with self.assertRaises(AssertionError):
                    contract.check("GET", "/health", None, bad)
        with self.assertRaises(AssertionError):
            contract.check("GET", "/nowhere", None, good)
        with self.assertRaises(AssertionError):
            contract.check("POST", "/health", None, good)

    def test_all_that_it_promises_is_met(self):
        scrape_token = self.folder / "scrape"
        scrape_token.write_text("s-1\n")
        limits = [f"--rate-limit-{what}=20" for what in ("lots", "qc-decisions", "traceability")]
        service = self.start_service(flags=[*limits, "--metrics-token-file", str(scrape_token)])
        lot = service.register().json
        good = {
            "/api/lots": {"lot_code": "L-1", "lot_type": "raw", "quantity_kg": 1},
            "/api/qc-decisions": {"lot_id": lot["lot_id"], "decision": "PASS"},
            "/api/production-runs": {"product": "rye bread", "line": "oven 2"},
            "/api/production-runs/{run_id}/transitions": {"to": "running"},
            "/api/sync/lots": {
                "lots": [{"client_id": "c-1", "lot_code": "L-2", "lot_type": "raw", "quantity_kg": 1}]
            },
            "/api/admin/test-alert": {"severity": "info"},
        }
        run = service.request("POST", "/api/production-runs", "operator", body=good["/api/production-runs"]).json
        self.assertEqual(
            service.request("POST", "/api/sync/lots", "operator", body=good["/api/sync/lots"]).status, 202
        )
        ids = {"{client_id}": "c-1", "{lot_id}": lot["lot_id"], "{run_id}": run["run_id"]}
        met = set()

        def send(method, template, role="admin", *, path=None, wrong_id=None, **more):
            path = path or template
            for name, value in ids.items():
                path = path.replace(name, wrong_id or value)
            answer = service.request(method, path, role, **more)
            met.add((method, template, str(answer.status)))

        for method, path, operation in self.operations():
            body = good[path] if "requestBody" in operation else None
            is_open = operation.get("security") == []
            role = None if is_open or path == "/metrics" else "admin"
            if path == "/metrics":
                send(method, path, role, headers={"Authorization": "Bearer s-1"})
            send(method, path, role, body=body)
            if not is_open:
                send(method, path, None, body=body)
            send(method, path, role, body=body, headers={"Range": "nonsense"})
            send(method, path, role, body=body, headers={"X-Long": "x" * 40_000})
            if body is None:
                send(method, path, role, headers={"Content-Length": "-1"})
                send(method, path, role, path=path + "?nonsense=1")
                send(method, path, role, wrong_id="nobody-has-this-id")
            else:
                send(method, path, "viewer", body=body)
                send(method, path, role, body=body)
                send(method, path, role, body=body, wrong_id="nobody-has-this-id")
                send(method, path, role, body=b"{")
                send(method, path, role, body={})
                send(method, path, role, body=body, headers={"Content-Encoding": "gzip"})
                send(method, path, role, body=b" " * (1024 * 1024 + 1))
                send(method, path, role, headers={"Content-Length": ""})  # none; without this, http.client says 0
        send("POST", "/api/lots", body=good["/api/lots"])
        other = {"client_id": "c-1", "lot_code": "L-3", "lot_type": "raw", "quantity_kg": 1}
        send("POST", "/api/sync/lots", body={"lots": [other]})
        send("POST", "/api/qc-decisions", body={"lot_id": "nobody-has-this-id", "decision": "PASS"})
        for method, path, operation in self.operations():
            if "requestBody" in operation:
                send(method, path, body=good[path], headers={"Idempotency-Key": "k-1"})
        with contextlib.closing(sqlite3.connect(service.database, isolation_level=None)) as database:
            database.execute("UPDATE idempotency_keys SET status = NULL")  # as if they were being answered
        for method, path, operation in self.operations():
            if "requestBody" in operation:
                send(method, path, body=good[path], headers={"Idempotency-Key": "k-1"})
        for method, path, operation in self.operations():
            for _ in range(25 if "429" in operation["responses"] else 0):
                send(method, path, body=good[path] if "requestBody" in operation else None)

        promised = {
            (method, path, status)
            for method, path, operation in self.operations()
            for status in set(operation["responses"]) - NOT_MET_HERE
        }
        self.assertEqual(promised - met, set())


if __name__ == "__main__":
    unittest.main()
