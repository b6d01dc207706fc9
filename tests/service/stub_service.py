# SPDX-License-Identifier: MIT
"""A stand-in for wms_service that the tests of wms_traffic can make misbehave. It keeps lots in memory and answers as
the contract says; a test hands it a `misbehave` function to break one answer at a time."""

import http.server
import itertools
import json
import re
import threading
import uuid

ROLES_THAT_MAY = {
    "/api/lots": ("operator", "admin"),
    "/api/qc-decisions": ("inspector", "admin"),
    "/api/production-runs": ("operator", "admin"),
    "/api/sync/lots": ("operator", "admin"),
    "/api/admin/test-alert": ("admin",),
}
NEXT_STATES = {"planned": ("running",), "running": ("completed", "aborted")}


class StubService:
    """Serves on a free port from `with` to its end.

    `misbehave(handler, number)` is called before each request with its number on this service (from 0); when it returns
    True it has dealt with the request itself.
    """

    def __init__(self, tokens, misbehave=lambda handler, number: False):
        self.roles = {entry["token"]: entry["role"] for entry in tokens}
        self.misbehave = misbehave
        self.lots, self.kept, self.answered = {}, {}, {}
        self.runs, self.offline = {}, {}  # states by run_id; what was sent and the lot it became by client_id
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
        if match := re.fullmatch(r"/api/sync/(?!lots$)([^/]+)", path):
            if match[1] not in self.service.offline:
                return 404, "client_id"
            return 200, {"client_id": match[1], "status": "applied", "lot": self.service.offline[match[1]][1]}
        run = re.fullmatch(r"(/api/production-runs)/([^/]+)/transitions", path)
        path = run[1] if run else path
        if path not in ROLES_THAT_MAY:
            return 404, "route"
        role = self.service.roles.get(self.headers.get("Authorization", "").removeprefix("Bearer "))
        if role not in ROLES_THAT_MAY[path]:
            return (401, "token") if role is None else (403, "role")
        try:
            sent = json.loads(body)
        except ValueError:
            return 400, "json"
        if path == "/api/production-runs":
            return self._move(run[2], sent) if run else self._plan(sent)
        if path == "/api/sync/lots":
            return self._take_in(sent["lots"])
        if path == "/api/admin/test-alert":
            return (202, sent) if sent["severity"] in ("critical", "warning", "info") else (422, "severity")
        kept, key = self.service.kept, self.headers.get("Idempotency-Key")
        if key not in kept:
            answer = self._register(sent) if path == "/api/lots" else self._decide(sent)
            if key is None or answer[0] >= 400:
                return answer
            kept[key] = answer
        return kept[key]

    def _plan(self, sent):
        if not sent.keys() >= {"product", "line"}:
            return 422, "product"
        run_id = str(uuid.uuid4())
        self.service.runs[run_id] = "planned"
        return 201, {"run_id": run_id, "state": "planned"}

    def _move(self, run_id, sent):
        runs = self.service.runs
        if sent["to"] not in ("planned", "running", "completed", "aborted"):
            return 422, "to"
        if run_id not in runs:
            return 404, "run"
        if sent["to"] not in NEXT_STATES.get(runs[run_id], ()):
            return 409, "step"
        runs[run_id] = sent["to"]
        return 200, {"run_id": run_id, "state": sent["to"]}

    def _take_in(self, sent):
        """Applies a batch at once; who asks never finds a lot that is queued."""
        offline = self.service.offline
        left = [lot for lot in sent if lot["client_id"] not in offline]
        if any("colour" in lot for lot in sent):
            return 422, "fields"
        if any(offline[lot["client_id"]][0] != lot for lot in sent if lot["client_id"] in offline):
            return 409, "client_id"
        receipt = {"accepted": len(left), "duplicates": len(sent) - len(left)}
        named = {entry["client_id"] for lot in left for entry in lot.get("inputs", []) if "client_id" in entry}
        if named - offline.keys() - {lot["client_id"] for lot in left}:
            return 422, "inputs"
        while left:
            ready = [lot for lot in left if not {e.get("client_id") for e in lot.get("inputs", [])} & {one["client_id"] for one in left}]
            if not ready:
                return 409, "circle"
            for lot in ready:
                self._apply(lot)
            left = [lot for lot in left if lot not in ready]
        return 202, receipt

    def _apply(self, sent):
        offline = self.service.offline
        inputs = [
            {"lot_id": entry["lot_id"] if "lot_id" in entry else offline[entry["client_id"]][1]["lot_id"], "quantity_kg": entry["quantity_kg"]}
            for entry in sent.get("inputs", [])
        ]
        status, lot = self._register({key: value for key, value in sent.items() if key != "client_id"} | {"inputs": inputs})
        if status != 201:
            raise AssertionError(f"an offline lot that breaks a rule: {sent}")
        offline[sent["client_id"]] = sent, lot

    def _register(self, sent):
        lots = self.service.lots
        inputs = sent.get("inputs", [])
        if "production_run_id" in sent and self.service.runs[sent["production_run_id"]] != "running":
            return 409, "run"
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
