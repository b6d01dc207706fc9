# SPDX-License-Identifier: MIT
"""wms_traffic itself, against a stand-in that misbehaves on purpose: what it has to notice, it notices."""

import collections
import json
import re
import time
import unittest

import harness
from stub_service import StubService


class TrafficTest(harness.ServiceTest):
    def setUp(self):
        super().setUp()
        self.tokens_path = harness.write_tokens(self.folder / "tokens.json", {role: 3 for role in harness.ROLES})

    def play(self, misbehave=lambda handler, number: False, **flags):
        """Traffic against the stand-in to its end: exit status, report and the stand-in."""
        with StubService(json.loads(self.tokens_path.read_text()), misbehave) as stub:
            stub.folder, stub.tokens_path = self.folder, self.tokens_path
            traffic = self.start_traffic(stub, **{"duration": 2, "rate": 100, "connections": 4, **flags})
            status = traffic.wait()
            return status, traffic, stub

    def test_everything_to_plan_is_exit_status_0_and_counted_as_the_service_counted_it(self):
        status, traffic, stub = self.play(duration=5, rate=150)
        self.assertEqual(status, 0, traffic.stdout + traffic.stderr)
        report = traffic.report()
        self.assertEqual(report["planned"], 750)
        self.assertEqual(report["answered"], 750)
        counted = collections.Counter()
        for row in report["requests"]:
            counted[row["method"], row["status"]] += row["count"]
        self.assertEqual(counted, stub.answered)
        made = [lot_id for ids in report["lots"].values() for lot_id in ids]
        offline = [client_id for ids in report["offline_lots"].values() for client_id in ids]
        self.assertEqual(sorted(offline), sorted(stub.offline))
        self.assertEqual(sorted(made + [lot["lot_id"] for _, lot in stub.offline.values()]), sorted(stub.lots))
        self.assertTrue(all(report["offline_lots"].values()), report["offline_lots"])
        self.assertTrue(all(report["lots"].values()) and all(report["decisions"].values()), report["decisions"])
        self.assertEqual({row["status"] for row in report["requests"]}, {200, 201, 202, 400, 401, 403, 404, 405, 409, 422})
        self.assertIn("completions per connection", traffic.stdout)
        # Its end is where a line would be due anyhow: there is one, not two.
        self.assertRegex(traffic.stderr, r"\Atraffic: +5 of 5 s, 750 answered, .*\n\Z")
        self.assertRegex(traffic.stdout, r"(?m)^GET \(no such route\) +\d")

    def test_acknowledgements_are_in_their_file(self):
        acks_path = self.folder / "acks"
        status, traffic, stub = self.play(acks=acks_path)
        self.assertEqual(status, 0, traffic.stdout)
        acks = [json.loads(line) for line in acks_path.read_text().splitlines()]
        applied = [lot["lot_id"] for _, lot in stub.offline.values()]
        self.assertEqual(sorted([ack["id"] for ack in acks if ack["what"] == "lot"] + applied), sorted(stub.lots))
        self.assertEqual(sorted(ack["id"] for ack in acks if ack["what"] == "offline_lot"), sorted(stub.offline))
        decisions = [ack for ack in acks if ack["what"] == "decision"]
        self.assertEqual(len(decisions), sum(len(ids) for ids in traffic.report()["decisions"].values()))
        self.assertTrue(all(ack["lot_id"] in stub.lots for ack in decisions))

    def test_the_same_seed_makes_the_same_plan(self):
        def plan(seed):
            _, traffic, _ = self.play(connections=1, duration=1, seed=seed)
            return [(row["method"], row["route"], row["status"], row["count"]) for row in traffic.report()["requests"]]

        self.assertEqual(plan(7), plan(7))
        self.assertNotEqual(plan(7), plan(8))

    def test_an_answer_that_is_not_to_plan_is_exit_status_1(self):
        def one_failure(handler, number):
            if number == 20:
                handler.answer(500, "broken")
            return number == 20

        def another_success(handler, _):
            is_list = handler.path.startswith("/api/lots?")
            if is_list:
                handler.answer(202, {"lots": [], "next": None})
            return is_list

        status, traffic, _ = self.play(one_failure)
        self.assertEqual(status, 1)
        self.assertEqual(traffic.report()["unexpected"], 1)
        self.assertIn("got 500", traffic.stdout)

        status, traffic, stub = self.play(another_success)
        self.assertEqual(status, 1)
        self.assertEqual(traffic.report()["unexpected"], stub.answered["GET", 202])
        self.assertIn("expected 200, got 202", traffic.stdout)

    def test_a_wrong_body_under_the_right_status_is_exit_status_1(self):
        def wrong_lot(handler, number):
            wrong = number >= 20 and handler.command == "GET" and handler.path.startswith("/api/lots/")
            if wrong:
                handler.answer(200, {"lot_id": "another"})
            return wrong

        status, traffic, _ = self.play(wrong_lot)
        self.assertEqual(status, 1)
        self.assertIn("another lot came back", traffic.stdout)

    def test_a_starved_connection_is_exit_status_1(self):
        starved = []

        def serve_all_but_one(handler, _):
            if not starved:
                starved.append(handler.client_address)
            if handler.client_address == starved[0]:
                time.sleep(12)  # longer than the grace: nothing more is sent on this connection
            return False

        status, traffic, _ = self.play(serve_all_but_one, duration=1)
        self.assertEqual(status, 1)
        report = traffic.report()
        self.assertEqual(report["unexpected"], 0, report["unexpected_examples"])
        self.assertEqual(len(report["starved_connections"]), 1)
        self.assertGreater(report["unsent"], 0)
        self.assertIn("was starved", traffic.stdout)

    def test_a_stall_shows_in_the_latency_of_everybody_behind_it(self):
        stall_s = 1.0

        def stall_once(_, number):
            if number == 10:
                time.sleep(stall_s)
            return False

        # One connection at 100/s: a hundred requests fall due during the stall. A closed loop would report one slow
        # request, on one route.
        status, traffic, _ = self.play(stall_once, connections=1, duration=2)
        self.assertEqual(status, 0, traffic.stdout)
        slow_routes = [row for row in traffic.report()["latency_ms"] if row["max"] > 1000 * stall_s / 2]
        self.assertGreater(len(slow_routes), 3, traffic.report()["latency_ms"])

    def test_a_service_that_breaks_connections_is_a_failure_unless_tolerated(self):
        def hang_up(handler, number):
            if number % 25 == 24:
                handler.close_connection = True
                handler.connection.close()
            return number % 25 == 24

        status, traffic, _ = self.play(hang_up)
        self.assertEqual(status, 1)
        self.assertGreater(traffic.report()["unexpected"], 0)

        status, traffic, _ = self.play(hang_up, tolerate_disconnects=True)
        self.assertEqual(status, 0, traffic.stdout)
        report = traffic.report()
        self.assertEqual(report["unexpected"], 0)
        without_answer = sum(row["unknown"] + row["never_sent"] for row in report["without_answer"])
        self.assertGreater(without_answer, 0)
        self.assertEqual(report["answered"] + without_answer, report["planned"])

    def test_a_wrong_flag_or_file_is_exit_status_2_with_one_line(self):
        nobody_decides = harness.write_tokens(self.folder / "few.json", {"operator": 1, "viewer": 1})
        (self.folder / "broken.json").write_text('[{"token": 1}]')
        tokens = ["--tokens", str(self.tokens_path)]
        for flags in (
            [],
            ["--tokens"],
            ["--tokens", str(self.folder / "missing.json")],
            ["--tokens", str(self.folder / "broken.json")],
            ["--tokens", str(nobody_decides)],
            [*tokens, "--rate", "0"],
            [*tokens, "--rate", "fast"],
            [*tokens, "--rate", "nan"],
            [*tokens, "--duration", "-1"],
            [*tokens, "--connections", "1.5"],
            [*tokens, "--url", "https://127.0.0.1:1"],
            [*tokens, "--url", "http://127.0.0.1"],
            [*tokens, "--url=http://x:0"],
            [*tokens, "--mistakes", "101"],
            [*tokens, "--speed", "1"],
            [*tokens, "--acks", str(self.folder / "no" / "folder")],
        ):
            with self.subTest(flags=flags):
                traffic = self.track(harness.Program("t", [harness.program("WMS_TRAFFIC"), *flags], self.folder))
                self.assertEqual(traffic.wait(), 2)
                self.assertRegex(traffic.stderr, r"\Awms_traffic: .+\n\Z")
                traffic.stderr_path.unlink()

    def test_a_tokens_file_is_refused_for_the_reason_that_the_service_gives(self):
        entry = {"token": "t", "operator": "a", "role": "admin"}
        path = self.folder / "wrong.json"
        king, nothing = {**entry, "token": "u", "role": "king"}, {**entry, "token": ""}
        for content in ([], {}, [entry, king], [entry, entry], [nothing]):
            with self.subTest(content=content):
                path.write_text(json.dumps(content))
                reasons = []
                for name in ("WMS_TRAFFIC", "WMS_SERVICE"):
                    program = self.track(
                        harness.Program("t", [harness.program(name), "--tokens", str(path)], self.folder)
                    )
                    self.assertEqual(program.wait(), 2)
                    start = f"{name.lower()}: --tokens {path}: "
                    self.assertTrue(program.stderr.startswith(start), program.stderr)
                    reasons.append(program.stderr.removeprefix(start))
                    program.stderr_path.unlink()
                self.assertEqual(reasons[0], reasons[1])

    def test_nobody_at_the_url_is_one_line_and_no_tables(self):
        [port] = harness.free_ports(1)
        report = self.folder / "report"
        url = f"http://127.0.0.1:{port}"
        command = [harness.program("WMS_TRAFFIC"), "--url", url, "--tokens", str(self.tokens_path)]
        traffic = self.track(harness.Program("t", [*command, "--report", str(report)], self.folder))
        self.assertEqual(traffic.wait(), 2)
        self.assertEqual(traffic.stderr, f"wms_traffic: cannot connect to {url}: Connection refused\n")
        self.assertEqual(traffic.stdout, "")
        self.assertFalse(report.exists())

    def test_where_nothing_was_measured_the_tables_show_a_dash_and_the_report_null(self):
        [port] = harness.free_ports(1)
        report = self.folder / "report"
        flags = ["--url", f"http://127.0.0.1:{port}", "--tokens", str(self.tokens_path), "--report", str(report)]
        more = ["--tolerate-disconnects", "--duration", "0.5", "--rate", "100"]
        traffic = self.track(harness.Program("t", [harness.program("WMS_TRAFFIC"), *flags, *more], self.folder))
        self.assertEqual(traffic.wait(), 0, traffic.stdout + traffic.stderr)
        self.assertRegex(traffic.stdout, r"(?m)^POST /api/lots +0 +- +- +-  never sent:\d+$")
        self.assertNotRegex(traffic.stdout, r"(?m)^(GET|POST) .* 0\.0 ")
        for row in json.loads(report.read_text())["latency_ms"]:
            self.assertEqual([row[name] for name in ("p50", "p95", "p99", "max")], [None] * 4)

    def test_an_answer_that_never_came_is_told_in_words(self):
        def hang_up(handler, number):
            if number == 20:
                handler.close_connection = True
                handler.connection.close()
            return number == 20

        status, traffic, _ = self.play(hang_up)
        self.assertEqual(status, 1)
        self.assertRegex(traffic.stdout, r"expected \d+, got no answer: the connection broke: ")

    def test_limits_are_told_as_people_write_them(self):
        for flag, value, limits in (
            ("--rate", "0", "0.1 to 100000"),
            ("--duration", "-1", "0.1 to 604800"),
            ("--connections", "0", "1 to 4096"),
            ("--seed", "x", "0 to 18446744073709551615"),
        ):
            with self.subTest(flag=flag):
                command = [harness.program("WMS_TRAFFIC"), "--tokens", str(self.tokens_path), flag, value]
                traffic = self.track(harness.Program("t", command, self.folder))
                self.assertEqual(traffic.wait(), 2)
                self.assertEqual(traffic.stderr, f"wms_traffic: {flag} must be a number from {limits}, not '{value}'\n")
                traffic.stderr_path.unlink()

    def test_help_names_every_flag_and_says_how_it_paces(self):
        traffic = self.track(harness.Program("t", [harness.program("WMS_TRAFFIC"), "--help"], self.folder))
        self.assertEqual(traffic.wait(), 0)
        flags = {
            "--url",
            "--tokens",
            "--rate",
            "--duration",
            "--connections",
            "--seed",
            "--mistakes",
            "--report",
            "--acks",
            "--tolerate-disconnects",
            "--help",
        }
        self.assertEqual(flags, set(re.findall(r"^  (--[a-z-]+)", traffic.stdout, re.M)))
        self.assertIn("open-loop", traffic.stdout)


if __name__ == "__main__":
    unittest.main()
