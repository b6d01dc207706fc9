# SPDX-License-Identifier: MIT
"""The questions of scripts/stack, where a stack at work cannot show that they notice."""

import http.server
import json
import pathlib
import sys
import threading
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "deploy" / "stack"))
import questions


class Answering(http.server.ThreadingHTTPServer):
    """Answers each path with what it is told to, as JSON."""

    def __init__(self, answers):
        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):  # noqa: N802 - the name is http.server's
                body = json.dumps(answers[self.path]).encode()
                self.send_response(200)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_):
                pass

        super().__init__(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.serve_forever, daemon=True).start()


class Questions(unittest.TestCase):
    def test_an_alertmanager_that_hears_nothing_is_not_well_though_prometheus_knows_it(self):
        for alerts, well in (([], False), ([{"labels": {"alertname": "Watchdog"}}], True)):
            server = Answering({"/api/v1/alertmanagers": {"data": {"activeAlertmanagers": [{"url": "http://dead:9093"}]}},
                                "/-/ready": "OK", "/api/v2/status": {"config": {"original": "route: {}"}},
                                "/api/v2/alerts?filter=alertname%3DWatchdog": alerts})  # fmt: skip
            self.addCleanup(server.server_close)
            self.addCleanup(server.shutdown)
            address = f"127.0.0.1:{server.server_port}"
            asked = {"prometheus": address, "alertmanager": address}
            self.assertEqual(questions.ask(asked, ("alertmanager",), say=lambda _: None), well, alerts)


if __name__ == "__main__":
    unittest.main()
