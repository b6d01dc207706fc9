#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Starts wms_service on a fresh database, plays traffic against it, and tells what happened as its /metrics tells it;
then serves until Ctrl-C. Needs python3 and nothing else; all it makes lies in a temporary folder that goes away."""

import argparse
import http.client
import json
import math
import pathlib
import re
import secrets
import signal
import socket
import subprocess
import sys
import tempfile
import time

API_PORT, METRICS_PORT = 8000, 9464
CREW = {"operator": 28, "inspector": 12, "viewer": 6, "admin": 4}
START_DEADLINE_S = 30
STOP_DEADLINE_S = 30
QUANTILES = (0.5, 0.95, 0.99)
# What these fifty do at most without anybody reaching a rate limit; beyond that, the limits would refuse work.
BUSIEST_RATE_WITH_LIMITS = 100
NO_LIMITS = [f"--rate-limit-{what}=0" for what in ("lots", "qc-decisions", "traceability")]


def number_from(lowest, highest):
    """For argparse: a number within limits, which are those of wms_traffic."""

    def parse(text):
        try:
            value = float(text)
        except ValueError:
            value = math.nan
        if not lowest <= value <= highest:
            raise argparse.ArgumentTypeError(f"must be a number from {lowest:g} to {highest:g}, not {text[:40]!r}")
        return value

    return parse


def arguments():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--service", required=True, type=pathlib.Path, metavar="BIN", help="the program wms_service")
    parser.add_argument("--traffic", required=True, type=pathlib.Path, metavar="BIN", help="the program wms_traffic")
    parser.add_argument(
        "--duration", type=number_from(0.1, 604800), default=60, metavar="S", help="seconds of traffic (60)"
    )
    parser.add_argument(
        "--rate", type=number_from(0.1, 100000), default=50, metavar="R", help="requests per second (50)"
    )
    parser.add_argument("--no-wait", action="store_true", help="end after the summary instead of serving until Ctrl-C")
    return parser.parse_args()


def port_to_use(preferred):
    """The preferred port if nobody has it, else a free one. No SO_REUSEPORT, so that sharing counts as taken."""
    for port in (preferred, 0):
        with socket.socket() as listener:
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # one that a past run has just left is free
            try:
                listener.bind(("127.0.0.1", port))
            except OSError:
                continue
            found = listener.getsockname()[1]
            if found != preferred:
                print(f"demo: port {preferred} is taken, using {found} instead")
            return found
    raise RuntimeError("no free port")


def get(port, path, timeout_s=10):
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=timeout_s)
    try:
        connection.request("GET", path)
        response = connection.getresponse()
        return response.status, response.read().decode()
    finally:
        connection.close()


def wait_for_database(service, port):
    end = time.monotonic() + START_DEADLINE_S
    while time.monotonic() < end:
        if service.poll() is not None:
            raise RuntimeError(f"the service ended with exit status {service.returncode}")
        try:
            if get(port, "/health/db")[0] == 200:
                return
        except (OSError, http.client.HTTPException):
            pass  # it is not listening yet
        time.sleep(0.05)
    raise RuntimeError(f"/health/db did not answer 200 within {START_DEADLINE_S} s")


def samples_of(page):
    """[(name, labels, value)] of a page; enough for our own pages, whose labels hold no escapes."""
    found = re.findall(r"^(\w+)(?:\{(.*)\})? (\S+)$", page, re.M)
    return [(name, dict(re.findall(r'(\w+)="([^"]*)"', labels)), float(value)) for name, labels, value in found]


def quantile_text(share, buckets):
    """The quantile in ms that Prometheus would estimate from cumulative buckets {upper bound in s: count}. In the first
    and the last bucket, which have one bound that means anything, only that bound is known."""
    rank = share * buckets.get(math.inf, 0)
    lower, below = None, 0.0
    for bound, count in sorted(buckets.items()):
        if count >= rank and count > below:
            if lower is None:
                return "-" if bound == math.inf else f"<{bound * 1000:.1f}"
            if bound == math.inf:
                return f">{lower * 1000:.1f}"
            return f"{(lower + (bound - lower) * (rank - below) / (count - below)) * 1000:.1f}"
        lower, below = bound, count
    return "-"


def summarize(page, seconds):
    """What happened, out of a page of /metrics."""
    samples = samples_of(page)
    routes = {}
    for name, labels, value in samples:
        if name == "http_requests_total":
            route = routes.setdefault((labels["handler"], labels["method"]), {"by_status": {}, "buckets": {}})
            route["by_status"][labels["status"]] = value
    for name, labels, value in samples:
        if name == "http_request_duration_seconds_bucket":
            routes[labels["handler"], labels["method"]]["buckets"][float(labels["le"])] = value
    total = sum(sum(route["by_status"].values()) for route in routes.values())
    failed = sum(route["by_status"].get("5xx", 0) for route in routes.values())
    lines = [
        "",
        f"What happened, as the server counted (read from /metrics): {total:.0f} requests in {seconds:.0f} s, "
        f"{total / seconds:.1f}/s, {failed:.0f} server errors",
        "",
        f"{'route':<46}{'requests':>9}{'per s':>8}{'4xx':>7}{'5xx':>6}{'p50 ms':>9}{'p95 ms':>9}{'p99 ms':>9}",
    ]
    for (handler, method), route in sorted(routes.items()):
        count = sum(route["by_status"].values())
        if count == 0:
            continue
        name = f"{method} {handler}" if handler != "none" else f"{method} (no such route)"
        row = f"{name:<46}{count:>9.0f}{count / seconds:>8.1f}"
        row += "".join(f"{route['by_status'].get(status, 0):>{width}.0f}" for status, width in (("4xx", 7), ("5xx", 6)))
        row += "".join(f"{quantile_text(share, route['buckets']):>9}" for share in QUANTILES)
        lines.append(row)
    lines.append("")
    for title, metric, label in (
        ("lots registered", "flowviz_lots_registered_total", "lot_type"),
        ("quality decisions", "flowviz_qc_decisions_total", "decision"),
    ):
        values = {labels[label]: value for name, labels, value in samples if name == metric}
        lines.append(f"{title}: " + ", ".join(f"{value:.0f} {text}" for text, value in values.items()))
    lines.append(
        "Latencies are estimated from the histogram's buckets, as histogram_quantile() does it. Of those in the"
    )
    lines.append("first bucket only its bound is known.")
    lines.append("4xx are the operators' mistakes, which the traffic makes on purpose.")
    return "\n".join(lines)


def play(options, folder, tokens_path, port):
    """Runs the traffic with its progress line; its exit status and what it tells."""
    output_path = folder / "traffic.txt"
    with open(output_path, "wb") as output:
        status = subprocess.run(
            [
                options.traffic,
                "--url",
                f"http://127.0.0.1:{port}",
                "--tokens",
                tokens_path,
                "--duration",
                str(options.duration),
                "--rate",
                str(options.rate),
            ],
            stdout=output,
            check=False,
        ).returncode
    return status, output_path.read_text().strip()


def serve_until_interrupted(service, port, metrics_port, crew):
    token = next(entry for entry in crew if entry["role"] == "admin")["token"]
    print(
        f"""
Serving until Ctrl-C:
  http://127.0.0.1:{metrics_port}/metrics   metrics and health, where a Prometheus should scrape
  http://127.0.0.1:{port}/api/lots   the API; try
    curl -H 'Authorization: Bearer {token}' 'http://127.0.0.1:{port}/api/lots?limit=3'
""",
        flush=True,
    )
    try:
        service.wait()
    except KeyboardInterrupt:
        print()


def stop(service, log_path):
    """Ends the service by SIGTERM; whether it ended well."""
    if service.poll() is None:
        service.send_signal(signal.SIGTERM)
        try:
            service.wait(STOP_DEADLINE_S)
        except subprocess.TimeoutExpired:
            service.kill()
            service.wait()
            print(f"demo: the service did not end within {STOP_DEADLINE_S} s of SIGTERM and was killed")
            return False
    print(f"demo: the service ended with exit status {service.returncode}")
    if service.returncode != 0:
        print(log_path.read_text()[-4000:])
    return service.returncode == 0


def run(options, folder):
    crew = [
        {"token": secrets.token_hex(16), "operator": f"{role}-{number:02}", "role": role}
        for role, count in CREW.items()
        for number in range(count)
    ]
    tokens_path = folder / "tokens.json"
    tokens_path.write_text(json.dumps(crew))
    port, metrics_port = port_to_use(API_PORT), port_to_use(METRICS_PORT)
    log_path = folder / "service.log"
    with open(log_path, "wb") as log:
        # A session of its own, so that Ctrl-C reaches this program and the service gets its SIGTERM in order.
        service = subprocess.Popen(
            [
                options.service,
                "--database",
                f"sqlite:{folder / 'wms.db'}",
                "--tokens",
                tokens_path,
                "--listen",
                f"127.0.0.1:{port}",
                "--metrics-listen",
                f"127.0.0.1:{metrics_port}",
                *(NO_LIMITS if options.rate > BUSIEST_RATE_WITH_LIMITS else []),
            ],
            stdout=log,
            stderr=log,
            stdin=subprocess.DEVNULL,
            start_new_session=True,
        )
    good = False
    try:
        wait_for_database(service, metrics_port)
        print(
            f"demo: the service runs on port {port}, its metrics on {metrics_port}; "
            f"{len(crew)} operators begin a shift of {options.duration:.0f} s",
            flush=True,
        )
        start = time.monotonic()
        status, told = play(options, folder, tokens_path, port)
        seconds = time.monotonic() - start
        good = status == 0
        print(summarize(get(metrics_port, "/metrics")[1], seconds))
        if told:
            print(f"\nThe same, as the client measured: {told}", flush=True)
        if not good:
            print(f"demo: the traffic ended with exit status {status}", flush=True)
        if not options.no_wait:
            serve_until_interrupted(service, port, metrics_port, crew)
    except (OSError, RuntimeError, http.client.HTTPException) as error:
        print(f"demo: {error}")
        good = False
    except KeyboardInterrupt:
        print("\ndemo: interrupted")
        good = False
    finally:
        stopped = stop(service, log_path)
    return good and stopped


def main():
    options = arguments()
    # So that `kill` ends the demo as Ctrl-C does, and the service with it.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    with tempfile.TemporaryDirectory(prefix="flowviz-demo-") as folder:
        return 0 if run(options, pathlib.Path(folder)) else 1


if __name__ == "__main__":
    sys.exit(main())
