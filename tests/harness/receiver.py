# SPDX-License-Identifier: MIT
"""Somebody whom Alertmanager tells, on a port of this machine."""

import http.server
import json
import threading
import time


class Receiver:
    """Stands in for Discord and for whoever else is told: keeps what it is sent, by path, with the time."""

    def __init__(self):
        self.received = []
        self.refuses = set()  # paths that are answered with 500
        receiver = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):  # noqa: N802 - the name is http.server's
                text = self.rfile.read(int(self.headers["Content-Length"])).decode()
                receiver.received.append((self.path, json.loads(text), time.monotonic()))
                self.send_response(500 if self.path.strip("/") in receiver.refuses else 204)
                self.end_headers()

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def address(self, path):
        return f"http://127.0.0.1:{self.server.server_port}/{path}"

    def about(self, path, words):
        """What came by a path and has these words."""
        return [(body, at) for where, body, at in list(self.received) if where == f"/{path}" and words in json.dumps(body)]

    def embeds(self):
        """All messages to Discord: (title, such as `FIRING critical: AppDown (app)`, text)."""
        return [(body["embeds"][0]["title"], body["embeds"][0]["description"]) for where, body, _ in list(self.received)
                if where == "/discord_webhook_url"]  # fmt: skip
