# SPDX-License-Identifier: MIT
"""Messages about stopped lots: they arrive at whoever is told by a webhook, whatever happens to either side meanwhile."""

import http.server
import json
import pathlib
import subprocess
import threading
import time
import unittest

import harness
import postgres

SECRET = "/api/webhooks/1/open-sesame"
# Waits that a test has the patience for.
QUICK = ("--qc-webhook-first-wait", "50")


class Receiver:
    """Stands in for Discord. Answers what it is told to, in turn (None: never), and 204 afterwards; keeps what came, with the
    time."""

    def __init__(self, *answers, port=0, silent=False):
        self.received = []
        self.paths = []
        answers = list(answers)
        receiver = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):  # noqa: N802 - the name is http.server's
                text = self.rfile.read(int(self.headers["Content-Length"]))
                status, headers = answers.pop(0) if answers else (204, {})
                receiver.paths.append(self.path)
                receiver.received.append((json.loads(text), self.headers["Idempotency-Key"], time.monotonic()))
                if silent or status is None:
                    receiver.ended.wait()
                    return
                self.send_response(status)
                for name, value in headers.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_):
                pass

        self.ended = threading.Event()
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", port), Handler)
        self.port = self.server.server_port
        self.thread = threading.Thread(target=self.server.serve_forever, args=(0.05,), daemon=True)
        self.thread.start()

    @property
    def lots(self):
        """Which lots were told of, as they came."""
        return [self.fields(message)["lot_id"] for message, _, _ in list(self.received)]

    @staticmethod
    def fields(message):
        return {field["name"]: field["value"] for field in message["embeds"][0]["fields"]}

    def kill(self):
        self.ended.set()
        self.server.shutdown()
        self.server.server_close()


class WebhookTest(harness.ServiceTest):
    def setUp(self):
        super().setUp()
        self.url_file = self.folder / "webhook_url"

    def receiver(self, *answers, **options):
        return self.track(Receiver(*answers, **options))

    def start(self, port, flags=QUICK, **options):
        self.url_file.write_text(f"http://127.0.0.1:{port}{SECRET}\n")
        return self.start_service(flags=("--qc-webhook-url-file", str(self.url_file), *flags), **options)

    def start_again(self, service, port, flags=QUICK):
        return self.start(
            port,
            flags,
            ports=(service.port, service.metrics_port),
            tokens_path=service.tokens_path,
            database=service.database,
        )

    def decide(self, service, decision="FAIL", key=None):
        """Decides on a new lot; its identifier and the decision."""
        lot_id = service.register().json["lot_id"]
        headers = {"Idempotency-Key": key} if key else {}
        body = {"lot_id": lot_id, "decision": decision, "note": "mouldy"}
        for _ in range(2 if key else 1):
            answer = service.request("POST", "/api/qc-decisions", "inspector", body=body, headers=headers)
            self.assertEqual(answer.status, 201, answer)
        return lot_id, answer.json

    def wait_for_tasks(self, service, count, outcome="done"):
        """Until so many messages have ended, that is: were noted and counted."""

        def ended():
            return service.metrics().value("tasks_completed_total", task="webhook", outcome=outcome) >= count

        harness.wait_until(ended, f"{count} messages {outcome}")
        return service.metrics()

    def requests(self, metrics):
        return [
            metrics.value("outbound_requests_total", target="qc_webhook", outcome=outcome)
            for outcome in ("ok", "error", "timeout")
        ]

    def notified(self, metrics, channel="webhook"):
        return [metrics.value("notifications_sent_total", channel=channel, status=status) for status in ("ok", "failed")]

    def test_a_stopped_lot_is_told_of_once_and_the_metrics_show_it(self):
        receiver = self.receiver()
        service = self.start(receiver.port)
        lot_id, decision = self.decide(service, "FAIL", key="once")
        held, _ = self.decide(service, "HOLD")
        self.decide(service, "PASS")
        metrics = self.wait_for_tasks(service, 2)
        self.assertEqual(sorted(receiver.lots), sorted([lot_id, held]))
        self.assertEqual(set(receiver.paths), {SECRET})
        [(message, key, _)] = [one for one in receiver.received if receiver.fields(one[0])["decision"] == "FAIL"]
        self.assertEqual(key, decision["decision_id"])
        self.assertEqual(receiver.fields(message)["decision_id"], decision["decision_id"])
        self.assertEqual(receiver.fields(message)["decided_by"], "inspector-0")
        self.assertEqual(message["embeds"][0]["description"], "mouldy")
        self.assertEqual(message["allowed_mentions"], {"parse": []})

        self.assertEqual(metrics.value("tasks_created_total", task="webhook", priority="high"), 1)
        self.assertEqual(metrics.value("tasks_created_total", task="webhook", priority="normal"), 1)
        self.assertEqual(self.requests(metrics), [2, 0, 0])
        self.assertEqual(metrics.value("outbound_request_duration_seconds_count", target="qc_webhook", outcome="ok"), 2)
        self.assertEqual(self.notified(metrics), [2, 0])
        self.assertEqual(self.notified(metrics, "log"), [2, 0])
        harness.wait_until(
            lambda: service.metrics().value("tasks_by_status", task="webhook", status="done") == 2, "the gauges refreshed"
        )
        self.assertEqual(harness.violations(service.page()), "")
        self.assertEqual(service.terminate(), 0)

    def test_what_fails_is_tried_again_until_it_gets_through(self):
        receiver = self.receiver((500, {}), (500, {}))
        service = self.start(receiver.port)
        lot_id, _ = self.decide(service)
        metrics = self.wait_for_tasks(service, 1)
        self.assertEqual(receiver.lots, [lot_id] * 3)
        self.assertEqual(len({key for _, key, _ in receiver.received}), 1)
        self.assertEqual(self.requests(metrics), [1, 2, 0])
        self.assertEqual(self.notified(metrics), [1, 0])
        self.assertEqual(metrics.value("errors_total", type="outbound", severity="warning"), 2)

    def test_a_receiver_that_asks_for_a_pause_gets_it(self):
        receiver = self.receiver((429, {"Retry-After": "2"}))
        service = self.start(receiver.port)
        self.decide(service)
        metrics = self.wait_for_tasks(service, 1)
        [(_, _, first), (_, _, second)] = receiver.received
        self.assertGreaterEqual(second - first, 1.9)  # its own wait would be 50 ms
        self.assertEqual(self.requests(metrics), [1, 1, 0])

    def test_a_receiver_that_is_away_hears_of_it_when_it_is_back(self):
        [port] = harness.free_ports(1)
        service = self.start(port)
        lot_id, _ = self.decide(service)
        harness.wait_until(lambda: self.requests(service.metrics())[1] >= 2, "two attempts that failed")
        receiver = self.receiver(port=port)
        metrics = self.wait_for_tasks(service, 1)
        self.assertEqual(receiver.lots, [lot_id])
        self.assertEqual(self.notified(metrics), [1, 0])

    def test_what_the_receiver_refuses_is_given_up_at_once(self):
        receiver = self.receiver((400, {}))
        service = self.start(receiver.port)
        self.decide(service)
        metrics = self.wait_for_tasks(service, 1, "failed")
        lot_id, _ = self.decide(service)  # it holds up nothing
        self.wait_for_tasks(service, 1)
        self.assertEqual(receiver.lots[1:], [lot_id])
        self.assertEqual(self.notified(metrics), [0, 1])
        self.assertIn('"webhook_given_up"', service.stderr)
        self.assertEqual(metrics.value("errors_total", type="outbound", severity="error"), 1)

    def test_what_never_gets_through_is_given_up_after_the_last_attempt(self):
        receiver = self.receiver(*[(503, {})] * 5)
        service = self.start(receiver.port, (*QUICK, "--qc-webhook-attempts", "3"))
        self.decide(service)
        metrics = self.wait_for_tasks(service, 1, "failed")
        self.assertEqual(len(receiver.received), 3)
        self.assertEqual(self.requests(metrics), [0, 3, 0])
        self.assertEqual(self.notified(metrics), [0, 1])

    def test_what_was_queued_is_sent_whatever_kills_the_service(self):
        [port] = harness.free_ports(1)
        service = self.start(port)
        lots = [self.decide(service)[0] for _ in range(3)]
        service.kill()
        receiver = self.receiver(port=port)
        service = self.start_again(service, port)
        self.wait_for_tasks(service, 3)
        self.assertEqual(sorted(receiver.lots), sorted(lots))

    def test_what_was_being_sent_when_the_service_was_killed_is_sent_again(self):
        flags = (*QUICK, "--qc-webhook-timeout", "500")
        silent = self.receiver(silent=True)
        service = self.start(silent.port, flags)
        lot_id, _ = self.decide(service)
        harness.wait_until(lambda: silent.received, "the message on its way")
        service.kill()
        receiver = self.receiver()
        service = self.start_again(service, receiver.port, flags)
        self.wait_for_tasks(service, 1)
        self.assertEqual(receiver.lots, [lot_id])
        self.assertEqual(silent.received[0][1], receiver.received[0][1])

    def test_a_receiver_that_does_not_answer_is_a_timeout_and_holds_up_no_end(self):
        silent = self.receiver(silent=True)
        service = self.start(silent.port, (*QUICK, "--qc-webhook-timeout", "300"))
        lots = [self.decide(service)[0] for _ in range(3)]
        metrics = harness.wait_until(
            lambda: (page := service.metrics()) and self.requests(page)[2] >= 1 and page, "a timeout"
        )
        self.assertEqual(self.requests(metrics)[:2], [0, 0])
        self.assertEqual(service.terminate(), 0)
        # The rest is there for the next start.
        receiver = self.receiver()
        service = self.start_again(service, receiver.port)
        self.wait_for_tasks(service, 3)
        self.assertEqual(sorted(receiver.lots), sorted(lots))

    def test_the_address_is_in_no_log_and_on_no_page(self):
        receiver = self.receiver((500, {}), (400, {}))
        service = self.start(receiver.port, (*QUICK, "--log-level", "debug"))
        self.decide(service)
        self.wait_for_tasks(service, 1, "failed")
        pages = [service.page().decode(), service.request("GET", "/openapi.json").body.decode()]
        command = pathlib.Path(f"/proc/{service.pid}/cmdline").read_text()
        self.assertEqual(service.terminate(), 0)
        self.assertIn('"webhook_failed"', service.stderr)
        for text in (*pages, command, service.stdout, service.stderr):
            self.assertNotIn("open-sesame", text)
            self.assertNotIn(f":{receiver.port}", text)

    def test_an_address_that_is_none_ends_the_start_without_repeating_it(self):
        for text, reason in (
            (None, "cannot be read"),
            ("\n", "must hold one address: http(s)://HOST[:PORT]/PATH"),
            ("ftp://open-sesame/x\n", "must hold one address: http(s)://HOST[:PORT]/PATH"),
        ):
            self.url_file.unlink(missing_ok=True)
            if text is not None:
                self.url_file.write_text(text)
            done = subprocess.run(
                [harness.program("WMS_SERVICE"), "--database", f"sqlite:{self.folder}/no.db", "--qc-webhook-url-file", str(self.url_file)],
                text=True, capture_output=True, timeout=harness.DEADLINE_S, check=False,
            )  # fmt: skip
            self.assertEqual(done.returncode, 2)
            self.assertEqual(done.stderr, f"wms_service: --qc-webhook-url-file {self.url_file}: {reason}\n")

    def test_without_an_address_nothing_is_queued(self):
        service = self.start_service()
        self.decide(service)
        metrics = service.metrics()
        self.assertEqual(metrics.sum("tasks_created_total", task="webhook"), 0)
        self.assertEqual(self.notified(metrics, "log"), [1, 0])
        self.assertEqual(service.rows("SELECT count(*) FROM qc_notifications"), [(0,)])


class WebhookOnPostgresqlTest(postgres.OnPostgresql, harness.ServiceTest):
    """Two instances on one queue."""

    decide = WebhookTest.decide

    def test_two_instances_tell_of_each_lot_once(self):
        receiver = self.track(Receiver())
        url_file = self.folder / "webhook_url"
        url_file.write_text(f"http://127.0.0.1:{receiver.port}{SECRET}\n")
        flags = ("--qc-webhook-url-file", str(url_file), *QUICK)
        first = self.start_service(flags=flags)
        second = self.start_service(flags=flags, tokens_path=first.tokens_path, name="wms_service-2")
        lots = [self.decide(service)[0] for service in (first, second) * 10]

        def told():
            pages = [service.metrics() for service in (first, second)]
            return sum(page.value("tasks_completed_total", task="webhook", outcome="done") for page in pages)

        harness.wait_until(lambda: told() == 20, "all told")
        self.assertEqual(sorted(receiver.lots), sorted(lots))


if __name__ == "__main__":
    unittest.main()
