# SPDX-License-Identifier: MIT
"""A stand-in for wms_service that the tests of wms_traffic can make misbehave. It keeps lots in memory and answers as
the contract says; a test hands it a `misbehave` function to break one answer at a time."""

import http.server
import itertools
import json
import re
import threading
import uuid

ROLES_THAT_MAY = {"/api/lots": ("operator", "admin"), "/api/qc-decisions": ("inspector", "admin")}


class StubService:
    """Serves on a free port from `with` to its end.

    `misbehave(handler, number)` is called before each request with its number on this service (from 0); when it returns
    True it has dealt with the request itself.
    """

    def __init__(self, tokens, misbehave=lambda handler, number: False):
        self.roles = {entry["token"]: entry["role"] for entry in tokens}
        self.misbehave = misbehave
        self.lots, self.kept, self.answered = {}, {}, {}
        self.numbers, self.lock = itertools.count(), threading.Lock()
        stub = self

        class Handler(_Handler):
            service = stub

        class Server(http.server.ThreadingHTTPServer):
            daemon_threads, request_queue_size = True, 128

            def handle_error(self, *_):
                pass  # clients that go away belong to some tests

        self._server = Server(("127.0.0.1", 0), Handler)
        self.port = self._server.server_address[1]
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


class _Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def log_message(self, *_):
        pass

    def _handle(self):
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        if self.service.misbehave(self, next(self.service.numbers)):
            return
        with self.service.lock:
            status, answer = self._answer(body)
        self.answer(status, answer)

    do_GET = do_POST = do_DELETE = _handle

    def answer(self, status, answer):
        if status >= 400:
            answer = {
                "type": "about:blank",
                "title": "Refused",
                "detail": str(answer),
                "status": status,
                "request_id": "r",
                "errors": [{"field": "body", "rule": "rule", "message": "message"}],
            }
        text = json.dumps(answer).encode()
        self.send_response(status)
        self.send_header("X-Request-Id", "r")
        self.send_header("Content-Type", "application/problem+json" if status >= 400 else "application/json")
        for needed_by, name in ((401, "WWW-Authenticate"), (405, "Allow")):
            if status == needed_by:
                self.send_header(name, "GET")
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)
        with self.service.lock:
            key = self.command, status
            self.service.answered[key] = self.service.answered.get(key, 0) + 1

    def _answer(self, body):
        path, lots = self.path.partition("?")[0], self.service.lots
        if path == "/api/lots" and self.command == "DELETE":
            return 405, "method"
        if path == "/api/lots" and self.command == "GET":
            return 200, {"lots": [], "next": None}
        if match := re.fullmatch(r"/api/lots/([^/]+)", path):
            return (200, lots[match[1]]) if match[1] in lots else (404, "lot")
        if match := re.fullmatch(r"/api/traceability/([^/]+)/(forward|backward)", path):
            inputs = [lots[entry["lot_id"]] for entry in lots[match[1]]["inputs"]] if match[2] == "backward" else []
            return 200, {"nodes": [lots[match[1]], *inputs], "edges": [], "depth": 1}
        if path == "/api/production-runs":
            return 201, {"run_id": str(uuid.uuid4()), "state": "planned"}
        if match := re.fullmatch(r"/api/production-runs/([^/]+)/transitions", path):
            return 200, {"run_id": match[1], "state": json.loads(body)["to"]}
        if path not in ROLES_THAT_MAY:
            return 404, "route"
        role = self.service.roles.get(self.headers.get("Authorization", "").removeprefix("Bearer "))
        if role not in ROLES_THAT_MAY[path]:
            return (401, "token") if role is None else (403, "role")
        try:
            sent = json.loads(body)
        except ValueError:
            return 400, "json"
        kept, key = self.service.kept, self.headers.get("Idempotency-Key")
        if key not in kept:
            answer = self._register(sent) if path == "/api/lots" else self._decide(sent)
            if key is None or answer[0] >= 400:
                return answer
            kept[key] = answer
        return kept[key]

    def _register(self, sent):
        lots = self.service.lots
        inputs = sent.get("inputs", [])
        if sent["quantity_kg"] <= 0 or sent["lot_type"] == "cooked" or "colour" in sent:
            return 422, "fields"
        blocked = any(
            lots[entry["lot_id"]]["qc_status"] in ("HOLD", "FAIL")
            or lots[entry["lot_id"]]["remaining_kg"] < entry["quantity_kg"]
            for entry in inputs
        )
        if (
            blocked
            or (inputs and sent["lot_type"] == "raw")
            or sent["lot_code"] in (lot["lot_code"] for lot in lots.values())
        ):
            return 409, "rule"
        for entry in inputs:
            lots[entry["lot_id"]]["remaining_kg"] -= entry["quantity_kg"]
        lot = {
            **sent,
            "lot_id": str(uuid.uuid4()),
            "remaining_kg": sent["quantity_kg"],
            "qc_status": "PENDING",
            "inputs": inputs,
        }
        lots[lot["lot_id"]] = lot
        return 201, lot

    def _decide(self, sent):
        if sent["decision"] not in ("PASS", "HOLD", "FAIL"):
            return 422, "decision"
        if sent["lot_id"] not in self.service.lots:
            return 404, "lot"
        self.service.lots[sent["lot_id"]]["qc_status"] = sent["decision"]
        return 201, {**sent, "decision_id": str(uuid.uuid4())}
