# SPDX-License-Identifier: MIT
"""The rules in a Prometheus at work, with its clock sixty times as fast: 15 s of the rules are a quarter of a second here, 5 m are
5 s, 30 d half a day. promtool evaluates every group at one interval and cannot tell what their own intervals do."""

import contextlib
import http.server
import json
import os
import pathlib
import re
import socket
import subprocess
import threading
import time
import urllib.parse
import urllib.request

import yaml
from checks import DEADLINE_S, Failed

FASTER = 60
MS = {"s": 1000, "m": 60_000, "h": 3_600_000, "d": 86_400_000}
SAMPLES = 60  # of the rates, which are a quarter of an hour of the rules


def faster(text):
    """A duration, or an expression with its windows, for the fast clock."""
    return re.sub(r"\b(\d+)([smhd])\b", lambda found: f"{int(found[1]) * MS[found[2]] // FASTER}ms", text)


def fast_rules(path):
    """A file of rules, as JSON, with all of its times."""
    content = yaml.safe_load(path.read_text(encoding="utf-8"))
    for group in content["groups"]:
        if "interval" in group:
            group["interval"] = faster(group["interval"])
        for rule in group["rules"]:
            rule["expr"] = re.sub(r"\[[^\]]*\]", lambda window: faster(window[0]), rule["expr"])
            if "for" in rule:
                rule["for"] = faster(rule["for"])
    return json.dumps(content)


class Burning:
    """A service whose requests fail at the very rate that the objective of availability allows, and are as slow as others do."""

    def __init__(self):
        begin = time.monotonic()

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):  # noqa: N802 - the name is http.server's
                done = (time.monotonic() - begin) * 100_000
                lines = [f'http_requests_total{{status="2xx"}} {done * 0.999}', f'http_requests_total{{status="5xx"}} {done * 0.001}',
                         f"http_request_duration_seconds_count {done}"]  # fmt: skip
                for bound, share in (("0.05", 0.5), ("0.1", 0.95), ("0.2", 0.99)):
                    lines.append(f'http_request_duration_seconds_bucket{{le="{bound}"}} {done * share}')
                self.send_response(200)
                self.send_header("Content-Type", "text/plain; version=0.0.4")
                self.end_headers()
                self.wfile.write(("\n".join(lines) + "\n").encode())

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.target = f"127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()


@contextlib.contextmanager
def prometheus(folder, target, rules):
    """A function that asks a Prometheus of the fast clock, for as long as the block runs."""
    config = {"global": {"scrape_interval": faster("15s"), "scrape_timeout": faster("15s"), "evaluation_interval": faster("15s")},
              "rule_files": [f"{folder}/*.rules.yml"],
              "scrape_configs": [{"job_name": "app", "static_configs": [{"targets": [target]}]}]}  # fmt: skip
    (folder / "prometheus.yml").write_text(json.dumps(config), encoding="utf-8")
    for path in rules:
        (folder / path.name).write_text(fast_rules(path), encoding="utf-8")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [os.environ.get("PROMETHEUS", "prometheus"), f"--config.file={folder}/prometheus.yml", f"--storage.tsdb.path={folder}/data",
               f"--web.listen-address=127.0.0.1:{port}"]  # fmt: skip
    with open(folder / "log", "w", encoding="utf-8") as log:
        process = subprocess.Popen(command, stdout=log, stderr=log, stdin=subprocess.DEVNULL)

    def ask(expression):
        """{objective: value}; nothing as long as there is no server."""
        if process.poll() is not None:
            raise Failed(f"Prometheus ended\n{(folder / 'log').read_text(encoding='utf-8')}")
        address = f"http://127.0.0.1:{port}/api/v1/query?{urllib.parse.urlencode({'query': expression})}"
        try:
            with urllib.request.urlopen(address, timeout=DEADLINE_S) as answer:
                found = json.load(answer)["data"]["result"]
        except OSError:
            return {}
        return {one["metric"].get("slo"): float(one["value"][1]) for one in found}

    try:
        yield ask
    finally:
        process.kill()
        process.wait()


def check_budget_at_burn_of_one(folder, alerts):
    """Who burns a budget exactly as fast as the objective allows has nothing of it left: not seven eighths, as if most of the bad
    requests had not been counted."""
    folder = pathlib.Path(folder) / "budget"
    folder.mkdir()
    service = Burning()
    with prometheus(folder, service.target, [alerts / "http.rules.yml", alerts / "slo.rules.yml"]) as ask:
        deadline = time.monotonic() + DEADLINE_S
        while ask(faster("count_over_time(job:http_requests:rate5m[30d])")).get(None, 0) < SAMPLES:
            if time.monotonic() > deadline:
                raise Failed("the rules record nothing")
            time.sleep(0.2)
        left = ask("job_slo:error_budget_left:ratio30d")
    service.server.shutdown()
    # Of sixty samples a few may lack a partner, and the last evaluation may be some of them old.
    if len(left) != 4 or any(abs(value) > 0.25 for value in left.values()):
        raise Failed(f"of the budgets is left {left}")
