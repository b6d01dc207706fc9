# SPDX-License-Identifier: MIT
"""The contract of the service's routes, one rule at a time, over HTTP."""

import contextlib
import datetime
import http.client
import json
import threading
import unittest

import harness

LOT_FIELDS = {
    "lot_id",
    "lot_code",
    "lot_type",
    "quantity_kg",
    "remaining_kg",
    "qc_status",
    "production_run_id",
    "inputs",
    "created_by",
    "created_at",
}
NO_SUCH_ID = "00000000-0000-7000-8000-000000000000"


class ApiTest(harness.ServiceTest):
    @classmethod
    def setUpClass(cls):
        # One service for all cases: they register lots of their own and share nothing else.
        case = harness.ServiceTest()
        harness.ServiceTest.setUp(case)
        cls.addClassCleanup(case.doCleanups)
        cls.service = case.start_service(per_role=2)

    def lot(self, *args, **fields):
        answer = self.service.register(*args, **fields)
        self.assertEqual(answer.status, 201, answer)
        return answer.json

    def decide(self, lot_id, decision, role="inspector", **fields):
        return self.service.request(
            "POST", "/api/qc-decisions", role, body={"lot_id": lot_id, "decision": decision, **fields}
        )

    def read(self, lot_id):
        answer = self.service.request("GET", f"/api/lots/{lot_id}", "viewer")
        self.assertEqual(answer.status, 200, answer)
        return answer.json

    def assert_fields_refused(self, answer, *fields):
        problem = self.assert_problem(answer, 422)
        for error in problem["errors"]:
            self.assertEqual(set(error), {"field", "rule", "message"})
        self.assertEqual({error["field"] for error in problem["errors"]}, set(fields))

    # --- lots ---

    def test_a_lot_is_registered_with_all_its_fields_and_found_at_its_location(self):
        answer = self.service.register("raw", 12.5, lot_code="FLOUR_2026.03-A", role="operator")
        self.assertEqual(answer.status, 201)
        lot = answer.json
        self.assertEqual(set(lot), LOT_FIELDS)
        expected = {
            "lot_code": "FLOUR_2026.03-A",
            "lot_type": "raw",
            "quantity_kg": 12.5,
            "remaining_kg": 12.5,
            "qc_status": "PENDING",
            "production_run_id": None,
            "inputs": [],
            "created_by": "operator-0",
        }
        self.assertEqual({field: lot[field] for field in expected}, expected)
        self.assertIsInstance(lot["lot_id"], str)
        created = datetime.datetime.fromisoformat(lot["created_at"])
        self.assertTrue(lot["created_at"].endswith("Z"))
        self.assertLess(abs(datetime.datetime.now(datetime.timezone.utc) - created), datetime.timedelta(minutes=5))
        self.assertTrue(answer.headers["Location"].endswith(f"/api/lots/{lot['lot_id']}"))
        self.assertEqual(self.service.request("GET", answer.headers["Location"], "viewer").json, lot)

    def test_inputs_are_taken_from_what_is_left_of_them(self):
        flour, water = self.lot("raw", 100), self.lot("raw", 10)
        dough = self.lot("intermediate", 70, [(flour["lot_id"], 60.25), (water["lot_id"], 10)])
        self.assertEqual(
            [(entry["lot_id"], entry["quantity_kg"]) for entry in dough["inputs"]],
            [(flour["lot_id"], 60.25), (water["lot_id"], 10)],
        )
        self.assertEqual(self.read(flour["lot_id"])["remaining_kg"], 39.75)
        self.assertEqual(self.read(water["lot_id"])["remaining_kg"], 0)
        self.assertEqual(self.read(dough["lot_id"]), dough)

    def test_a_code_that_is_taken_is_409(self):
        code = self.lot()["lot_code"]
        self.assert_problem(self.service.register(lot_code=code), 409)
        self.assert_problem(self.service.register("finished", 3, lot_code=code), 409)

    def test_fields_of_a_lot_are_checked_one_by_one(self):
        good = {"lot_code": "UNUSED-CODE", "lot_type": "raw", "quantity_kg": 1}
        for change, fields in (
            ({"lot_code": ""}, ["lot_code"]),
            ({"lot_code": "x" * 65}, ["lot_code"]),
            ({"lot_code": "A B"}, ["lot_code"]),
            ({"lot_code": "lower"}, ["lot_code"]),
            ({"lot_code": "Ä"}, ["lot_code"]),
            ({"lot_code": 7}, ["lot_code"]),
            ({"lot_code": None}, ["lot_code"]),
            ({"lot_code": "A\n"}, ["lot_code"]),
            ({"lot_code": "A\u0000"}, ["lot_code"]),
            ({"lot_type": "RAW"}, ["lot_type"]),
            ({"lot_type": "cooked"}, ["lot_type"]),
            ({"lot_type": 1}, ["lot_type"]),
            ({"quantity_kg": 0}, ["quantity_kg"]),
            ({"quantity_kg": -1}, ["quantity_kg"]),
            ({"quantity_kg": "5"}, ["quantity_kg"]),
            ({"quantity_kg": True}, ["quantity_kg"]),
            ({"quantity_kg": 1e300}, ["quantity_kg"]),
            ({"inputs": {}}, ["inputs"]),
            ({"inputs": [5]}, ["inputs[0]"]),
            ({"lot_type": "finished", "inputs": [{"lot_id": NO_SUCH_ID, "quantity_kg": 0}]}, ["inputs[0].quantity_kg"]),
            ({"lot_type": "finished", "inputs": [{"lot_id": 5, "quantity_kg": 1}]}, ["inputs[0].lot_id"]),
            ({"lot_type": "finished", "inputs": [{"quantity_kg": 1}]}, ["inputs[0].lot_id"]),
            ({"lot_type": "finished", "inputs": [{"lot_id": NO_SUCH_ID, "quantity_kg": 1}]}, ["inputs[0].lot_id"]),
            ({"colour": "green"}, ["colour"]),
            ({"lot_code": "", "lot_type": "", "quantity_kg": 0}, ["lot_code", "lot_type", "quantity_kg"]),
        ):
            with self.subTest(change=change):
                answer = self.service.request("POST", "/api/lots", "operator", body={**good, **change})
                self.assert_fields_refused(answer, *fields)
        for missing in good:
            with self.subTest(missing=missing):
                body = {field: value for field, value in good.items() if field != missing}
                self.assert_fields_refused(self.service.request("POST", "/api/lots", "operator", body=body), missing)

    def test_one_lot_may_not_be_named_twice_among_the_inputs(self):
        flour = self.lot("raw", 10)["lot_id"]
        answer = self.service.register("finished", 5, [(flour, 6), (flour, 6)])
        self.assertIn(answer.status, (409, 422), answer)
        self.assertEqual(self.read(flour)["remaining_kg"], 10)

    def test_a_lot_code_of_64_characters_is_accepted(self):
        self.assertEqual(self.lot(lot_code="Z" * 64)["lot_code"], "Z" * 64)

    def test_an_unknown_lot_is_404(self):
        for lot_id in (NO_SUCH_ID, "1", "x" * 200, "%00", "'%20OR%201=1--"):
            with self.subTest(lot_id=lot_id):
                self.assert_problem(self.service.request("GET", f"/api/lots/{lot_id}", "viewer"), 404)

    def test_lists_are_paged_oldest_first_without_gap_or_repetition(self):
        made = [self.lot("finished", 1)["lot_id"] for _ in range(7)]
        seen, cursor = [], None
        while True:
            path = "/api/lots?lot_type=finished&limit=3" + (f"&after={cursor}" if cursor else "")
            page = self.service.request("GET", path, "viewer").json
            self.assertEqual(set(page), {"lots", "next"})
            self.assertLessEqual(len(page["lots"]), 3)
            self.assertEqual({lot["lot_type"] for lot in page["lots"]}, {"finished"})
            self.assertTrue(all(set(lot) == LOT_FIELDS for lot in page["lots"]))
            seen += [lot["lot_id"] for lot in page["lots"]]
            cursor = page["next"]
            if cursor is None:
                break
            self.assertLessEqual(len(seen), 10_000)
        self.assertEqual(len(seen), len(set(seen)))
        self.assertEqual([lot_id for lot_id in seen if lot_id in made], made)
        stored = [lot_id for lot_id, in self.service.rows("SELECT lot_id FROM lots WHERE lot_type = 'finished'")]
        self.assertEqual(set(seen), set(stored))

    def test_a_full_last_page_has_no_next(self):
        self.lot("finished", 1)
        count = len(self.service.rows("SELECT 1 FROM lots WHERE lot_type = 'finished'"))
        page = self.service.request("GET", f"/api/lots?lot_type=finished&limit={min(count, 100)}", "viewer").json
        if page["next"] is not None:  # a cursor may also lead to an empty last page
            last = self.service.request("GET", f"/api/lots?lot_type=finished&after={page['next']}", "viewer").json
            self.assertEqual(last, {"lots": [], "next": None})

    def test_parameters_of_a_list_are_checked(self):
        for query, field in (
            ("lot_type=cooked", "lot_type"),
            ("limit=0", "limit"),
            ("limit=-1", "limit"),
            ("limit=x", "limit"),
            ("limit=99999999999999999999", "limit"),
            ("colour=green", "colour"),
        ):
            with self.subTest(query=query):
                self.assert_fields_refused(self.service.request("GET", f"/api/lots?{query}", "viewer"), field)

    # --- rules of the business ---

    def test_an_input_on_hold_or_failed_cannot_be_used_until_it_passes(self):
        flour = self.lot("raw", 10)["lot_id"]
        for decision in ("HOLD", "FAIL"):
            self.assertEqual(self.decide(flour, decision).status, 201)
            answer = self.service.register("finished", 1, [(flour, 1)])
            self.assert_problem(answer, 409, "input_on_hold_or_failed")
        self.assertEqual(self.read(flour)["remaining_kg"], 10)
        self.assertEqual(self.decide(flour, "PASS").status, 201)
        self.assertEqual(self.service.register("finished", 1, [(flour, 1)]).status, 201)

    def test_inputs_cannot_exceed_what_is_left_and_nothing_is_taken_then(self):
        flour, water = self.lot("raw", 10)["lot_id"], self.lot("raw", 10)["lot_id"]
        answer = self.service.register("intermediate", 5, [(flour, 5), (water, 10.5)])
        self.assert_problem(answer, 409, "inputs_exceed_remaining")
        self.assertEqual(self.read(flour)["remaining_kg"], 10)
        self.assertEqual(self.read(water)["remaining_kg"], 10)

    def test_a_raw_lot_has_no_inputs(self):
        flour = self.lot("raw", 10)["lot_id"]
        self.assert_problem(self.service.register("raw", 5, [(flour, 5)]), 409, "raw_lot_with_inputs")

    def test_of_concurrent_takers_of_the_last_10_kg_one_wins(self):
        for _ in range(10):
            flour = self.lot("raw", 10)["lot_id"]
            start, answers = threading.Barrier(8), []

            def take():
                start.wait()
                answers.append(self.service.register("intermediate", 10, [(flour, 10)]))

            threads = [threading.Thread(target=take) for _ in range(start.parties)]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
            self.assertEqual(sorted(answer.status for answer in answers), [201] + [409] * (start.parties - 1))
            self.assertEqual(self.read(flour)["remaining_kg"], 0)

    def test_of_concurrent_registrations_of_one_code_one_wins(self):
        start, answers = threading.Barrier(8), []

        def register():
            start.wait()
            answers.append(self.service.register(lot_code="WANTED-BY-ALL"))

        threads = [threading.Thread(target=register) for _ in range(start.parties)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertEqual(sorted(answer.status for answer in answers), [201] + [409] * (start.parties - 1))

    def test_each_violated_rule_and_each_stored_thing_is_counted_once_and_after_the_commit(self):
        flour = self.lot("raw", 10)["lot_id"]
        before = self.service.metrics()
        self.service.register("raw", 5, [(flour, 5)])
        self.service.register("finished", 50, [(flour, 50)])
        self.service.register("finished", -1)
        self.lot("finished", 1, [(flour, 1)])
        self.decide(flour, "HOLD")
        self.decide(NO_SUCH_ID, "HOLD")
        self.service.register("finished", 1, [(flour, 1)])
        after = self.service.metrics()

        def gained(name, **labels):
            return after.value(name, **labels) - before.value(name, **labels)

        self.assertEqual(gained("flowviz_lots_registered_total", lot_type="finished"), 1)
        self.assertEqual(gained("flowviz_lots_registered_total", lot_type="raw"), 0)
        self.assertEqual(gained("flowviz_qc_decisions_total", decision="HOLD"), 1)
        for rule in ("raw_lot_with_inputs", "inputs_exceed_remaining", "input_on_hold_or_failed"):
            self.assertEqual(gained("business_rule_violations_total", rule=rule), 1, rule)

    # --- decisions ---

    def test_a_decision_is_stored_and_becomes_the_status_of_the_lot(self):
        lot_id = self.lot()["lot_id"]
        for decision in ("HOLD", "FAIL", "PASS"):
            answer = self.decide(lot_id, decision, note="Looked at; 'quoted' \"text\" ünïcode")
            self.assertEqual(answer.status, 201, answer)
            self.assertEqual((answer.json["lot_id"], answer.json["decision"]), (lot_id, decision))
            self.assertEqual(answer.json["note"], "Looked at; 'quoted' \"text\" ünïcode")
            self.assertEqual(self.read(lot_id)["qc_status"], decision)
        stored = self.service.rows("SELECT decision FROM qc_decisions WHERE lot_id = ? ORDER BY decision_id", lot_id)
        self.assertEqual(stored, [("HOLD",), ("FAIL",), ("PASS",)])

    def test_fields_of_a_decision_are_checked(self):
        lot_id = self.lot()["lot_id"]
        good = {"lot_id": lot_id, "decision": "PASS"}
        for change, field in (
            ({"decision": "pass"}, "decision"),
            ({"decision": "MAYBE"}, "decision"),
            ({"decision": "PENDING"}, "decision"),
            ({"decision": 1}, "decision"),
            ({"lot_id": 1}, "lot_id"),
            ({"note": 1}, "note"),
            ({"note": "x" * 2001}, "note"),
            ({"weight": 1}, "weight"),
        ):
            with self.subTest(change=change):
                answer = self.service.request("POST", "/api/qc-decisions", "inspector", body={**good, **change})
                self.assert_fields_refused(answer, field)
        for missing in good:
            body = {field: value for field, value in good.items() if field != missing}
            self.assert_fields_refused(
                self.service.request("POST", "/api/qc-decisions", "inspector", body=body), missing
            )
        self.assertEqual(self.read(lot_id)["qc_status"], "PENDING")

    def test_a_note_of_2000_characters_is_accepted_whatever_bytes_they_take(self):
        self.assertEqual(self.decide(self.lot()["lot_id"], "PASS", note="ü" * 2000).status, 201)

    def test_a_decision_on_an_unknown_lot_is_404(self):
        self.assert_problem(self.decide(NO_SUCH_ID, "PASS"), 404)

    # --- traceability ---

    def trace(self, lot_id, direction, query=""):
        answer = self.service.request("GET", f"/api/traceability/{lot_id}/{direction}{query}", "viewer")
        self.assertEqual(answer.status, 200, answer)
        self.assertEqual(set(answer.json), {"nodes", "edges", "depth"})
        nodes = [node["lot_id"] for node in answer.json["nodes"]]
        self.assertEqual(len(nodes), len(set(nodes)))
        self.assertTrue(all(set(node) == LOT_FIELDS for node in answer.json["nodes"]))
        edges = {(edge["from"], edge["to"]): edge["quantity_kg"] for edge in answer.json["edges"]}
        self.assertEqual(len(edges), len(answer.json["edges"]))
        return set(nodes), edges, answer.json["depth"]

    def test_traces_go_both_ways_through_diamonds(self):
        # flour -> dough -> bread, flour -> crumbs -> bread, salt -> dough
        flour, salt = self.lot("raw", 100)["lot_id"], self.lot("raw", 5)["lot_id"]
        dough = self.lot("intermediate", 50, [(flour, 40), (salt, 1)])["lot_id"]
        crumbs = self.lot("intermediate", 5, [(flour, 5)])["lot_id"]
        bread = self.lot("finished", 50, [(dough, 45), (crumbs, 2.5)])["lot_id"]
        inner = {(flour, dough): 40, (flour, crumbs): 5, (dough, bread): 45, (crumbs, bread): 2.5}
        self.assertEqual(self.trace(flour, "forward"), ({flour, dough, crumbs, bread}, inner, 2))
        self.assertEqual(
            self.trace(bread, "backward"), ({bread, dough, crumbs, flour, salt}, {**inner, (salt, dough): 1}, 2)
        )
        self.assertEqual(self.trace(salt, "forward"), ({salt, dough, bread}, {(salt, dough): 1, (dough, bread): 45}, 2))
        self.assertEqual(self.trace(bread, "forward"), ({bread}, {}, 0))
        self.assertEqual(self.trace(flour, "backward"), ({flour}, {}, 0))
        self.assertEqual(
            self.trace(bread, "backward", "?max_depth=1"),
            ({bread, dough, crumbs}, {(dough, bread): 45, (crumbs, bread): 2.5}, 1),
        )

    def test_a_trace_follows_a_long_chain(self):
        chain = [self.lot("raw", 100)["lot_id"]]
        for _ in range(30):
            chain.append(self.lot("intermediate", 100, [(chain[-1], 100)])["lot_id"])
        self.assertEqual(self.trace(chain[0], "forward")[::2], (set(chain), 30))
        self.assertEqual(self.trace(chain[-1], "backward")[::2], (set(chain), 30))

    def test_a_trace_of_an_unknown_lot_is_404_and_its_parameter_is_checked(self):
        for direction in ("forward", "backward"):
            self.assert_problem(
                self.service.request("GET", f"/api/traceability/{NO_SUCH_ID}/{direction}", "viewer"), 404
            )
            lot_id = self.lot()["lot_id"]
            for query in ("max_depth=-1", "max_depth=x", "max_depth=1e3"):
                answer = self.service.request("GET", f"/api/traceability/{lot_id}/{direction}?{query}", "viewer")
                self.assert_fields_refused(answer, "max_depth")
        self.assert_problem(self.service.request("GET", f"/api/traceability/{lot_id}/sideways", "viewer"), 404)

    # --- who may do what, and how it is said ---

    def test_each_role_may_do_what_the_contract_gives_it(self):
        lot_id = self.lot()["lot_id"]
        reads = [
            ("GET", "/api/lots", None),
            ("GET", f"/api/lots/{lot_id}", None),
            ("GET", f"/api/traceability/{lot_id}/forward", None),
            ("GET", f"/api/traceability/{lot_id}/backward", None),
        ]
        lots = [("POST", "/api/lots", {})]
        decisions = [("POST", "/api/qc-decisions", {})]
        allowed = {
            "viewer": reads,
            "operator": reads + lots,
            "inspector": reads + decisions,
            "admin": reads + lots + decisions,
        }
        for role, calls in allowed.items():
            for method, path, body in reads + lots + decisions:
                with self.subTest(role=role, method=method, path=path):
                    answer = self.service.request(method, path, role, body=body)
                    if (method, path, body) not in calls:
                        self.assert_problem(answer, 403)
                    else:
                        self.assertEqual(answer.status, 200 if body is None else 422, answer)
        for method, path, body in reads + lots + decisions:
            with self.subTest(role=None, method=method, path=path):
                answer = self.service.request(method, path, body=body)
                self.assert_problem(answer, 401)
                self.assertIn("Bearer", answer.headers["WWW-Authenticate"])

    def test_a_wrong_authorization_is_401(self):
        token = self.service.tokens["admin"][0]
        for value in (
            "",
            "Bearer",
            "Bearer ",
            f"Bearer {token}x",
            f"Bearer {token[:-1]}",
            f"Basic {token}",
            token,
            f"Bearer {token.upper()}" if token.upper() != token else "Bearer x",
            f"Bearer {token} {token}",
        ):
            with self.subTest(value=value):
                self.assert_problem(self.service.request("GET", "/api/lots", headers={"Authorization": value}), 401)

    def test_nobody_needs_a_token_for_health_and_metrics(self):
        for port in (self.service.port, self.service.metrics_port):
            for path in ("/health", "/health/db", "/metrics"):
                with self.subTest(port=port, path=path):
                    self.assertEqual(harness.request(port, "GET", path).status, 200)

    def test_bad_json_is_400_with_the_position(self):
        for body, position in (
            (b'{"lot_code": }', "14"),
            (b"", None),
            (b"nonsense", "1"),
            (b'{"a": 1} x', "10"),
            (b'{"a": "\xff"}', "8"),
            (b"{" * 5, None),
        ):
            with self.subTest(body=body):
                answer = self.service.request("POST", "/api/lots", "operator", body=body)
                problem = self.assert_problem(answer, 400)
                if position is not None:
                    self.assertRegex(problem["detail"], r"\d")
        for body in (b"[]", b"5", b"null", b'"text"'):
            with self.subTest(body=body):
                self.assertIn(self.service.request("POST", "/api/lots", "operator", body=body).status, (400, 422))

    def test_a_body_is_json_whatever_it_is_called(self):
        lots = [{"client_id": f"c-{i}", "lot_code": f"FORM-{i}", "lot_type": "raw", "quantity_kg": 1} for i in range(200)]
        form = {"Content-Type": "application/x-www-form-urlencoded"}  # which is what curl -d calls it
        answer = self.service.request("POST", "/api/sync/lots", "operator", body={"lots": lots}, headers=form)
        self.assertEqual(answer.status, 202, answer.body)

    def test_a_member_that_is_there_twice_is_400(self):
        body = b'{"lot_code": "TWICE", "lot_type": "raw", "quantity_kg": 1, "quantity_kg": 999}'
        answer = self.service.request("POST", "/api/lots", "operator", body=body)
        self.assertEqual(answer.status, 400)
        self.assertIn("quantity_kg", answer.json["detail"])

    def test_two_idempotency_keys_are_400(self):
        connection = http.client.HTTPConnection("127.0.0.1", self.service.port, timeout=harness.DEADLINE_S)
        with contextlib.closing(connection) as client:
            client.putrequest("POST", "/api/lots")
            client.putheader("Authorization", "Bearer " + self.service.tokens["operator"][0])
            client.putheader("Idempotency-Key", "one")
            client.putheader("Idempotency-Key", "two")
            client.putheader("Content-Length", "2")
            client.endheaders(b"{}")
            response = client.getresponse()
            self.assertEqual(response.status, 400)
            self.assertIn("Idempotency-Key", json.loads(response.read())["detail"])

    def test_a_wrong_method_is_405_with_the_allowed_ones(self):
        for method, path, allowed in (
            ("DELETE", "/api/lots", {"GET", "POST"}),
            ("PUT", "/api/lots", {"GET", "POST"}),
            ("POST", f"/api/lots/{NO_SUCH_ID}", {"GET"}),
            ("GET", "/api/qc-decisions", {"POST"}),
            ("PATCH", f"/api/traceability/{NO_SUCH_ID}/forward", {"GET"}),
            ("POST", "/health", {"GET"}),
            ("DELETE", "/metrics", {"GET", "HEAD"}),
        ):
            with self.subTest(method=method, path=path):
                answer = self.service.request(
                    method, path, "admin", body={} if method in ("POST", "PUT", "PATCH") else None
                )
                self.assert_problem(answer, 405)
                self.assertLessEqual(allowed, {name.strip() for name in answer.headers["Allow"].split(",")})

    def test_a_body_over_1_mib_is_413(self):
        token = self.service.tokens["operator"][0]
        answer = harness.request(self.service.port, "POST", "/api/lots", token=token, body=b" " * (1024 * 1024 + 1))
        self.assert_problem(answer, 413)
        body = json.dumps({"lot_code": "BIG-BUT-LEGAL", "lot_type": "raw", "quantity_kg": 1}).encode()
        answer = harness.request(self.service.port, "POST", "/api/lots", token=token, body=body.ljust(1024 * 1024))
        self.assertEqual(answer.status, 201, answer)

    def test_an_unknown_path_is_a_404_problem(self):
        for path in ("/", "/api", "/api/recipes", "/api/lots/", "/API/LOTS", "/healthz"):
            with self.subTest(path=path):
                self.assert_problem(self.service.request("GET", path, "admin"), 404)

    def test_every_answer_has_a_request_id_of_its_own(self):
        answers = [
            self.service.request("GET", path, "viewer") for path in ("/api/lots", "/health", "/nothing", "/metrics")
        ]
        ids = [answer.headers["X-Request-Id"] for answer in answers]
        self.assertTrue(all(ids), ids)
        self.assertEqual(len(set(ids)), len(ids))

    def test_no_answer_shows_sql_paths_or_versions(self):
        texts = []
        for answer in (
            self.service.register(quantity_kg=-1),
            self.service.request("GET", "/api/lots/x'--", "viewer"),
            self.service.request("GET", "/nothing", "viewer"),
            self.service.request("POST", "/api/lots", "operator", body=b"{"),
        ):
            texts.append(answer.body.decode() + str(answer.headers))
        for text in texts:
            for secret in (
                "SELECT",
                "INSERT",
                "sqlite",
                "cpp-httplib",
                "nlohmann",
                "json.exception",
                str(self.service.folder),
            ):
                self.assertNotIn(secret, text)

    # --- health and metrics ---

    def test_head_of_the_metrics_gives_the_headers_without_a_body(self):
        answer = harness.request(self.service.metrics_port, "HEAD", "/metrics")
        self.assertEqual((answer.status, answer.body), (200, b""))
        self.assertGreater(int(answer.headers["Content-Length"]), 0)

    def test_the_metrics_are_text_that_the_strict_validator_accepts_on_both_listeners(self):
        for port in (self.service.port, self.service.metrics_port):
            answer = harness.request(port, "GET", "/metrics")
            self.assertEqual(answer.headers["Content-Type"], "text/plain; version=0.0.4; charset=utf-8")
            self.assertEqual(harness.violations(answer.body), "")

    def test_every_value_of_a_closed_label_is_there_at_the_start(self):
        metrics = self.service.metrics()
        for name, label, values in (
            ("flowviz_lots_registered_total", "lot_type", ("raw", "intermediate", "finished")),
            ("flowviz_qc_decisions_total", "decision", ("PASS", "HOLD", "FAIL")),
            ("flowviz_traceability_query_duration_seconds_count", "direction", ("forward", "backward")),
        ):
            for value in values:
                metrics.value(name, **{label: value})
        for status in ("1xx", "2xx", "3xx", "4xx", "5xx"):
            metrics.value("http_requests_total", method="POST", handler="/api/lots", status=status)
            metrics.value("http_requests_total", method="GET", handler="/api/lots/{lot_id}", status=status)


if __name__ == "__main__":
    unittest.main()
