# SPDX-License-Identifier: MIT
"""Asks each part of the stack what shows that it does its work, not merely that it listens."""

import json
import time
import urllib.error
import urllib.parse
import urllib.request

TIMEOUT_S = 5
# Where people and this script reach what they look at: compose.yaml's ports.
ADDRESSES = {
    "api": "127.0.0.1:8000", "metrics": "127.0.0.1:9464", "prometheus": "127.0.0.1:9090",
    "alertmanager": "127.0.0.1:9093", "grafana": "127.0.0.1:3001",
}  # fmt: skip
JOBS = ("app", "prometheus", "alertmanager", "grafana", "node", "postgres", "pgbouncer", "containers")


class Wrong(Exception):
    """An answer that is not what a stack at work gives."""


def get(address, path):
    try:
        with urllib.request.urlopen(f"http://{address}{path}", timeout=TIMEOUT_S) as answer:
            return answer.read().decode()
    except urllib.error.HTTPError as error:
        raise Wrong(f"http://{address}{path} answers {error.code}") from error
    except (OSError, ValueError) as error:
        raise Wrong(f"http://{address}{path} does not answer: {getattr(error, 'reason', error)}") from error


def asked_prometheus(address, path):
    return json.loads(get(address, f"/api/v1/{path}"))["data"]


def reported(address, job, name):
    """The number that the one target of a job reports. A target of yesterday may still be known, under another address."""
    targets = asked_prometheus(address, "targets?state=active")["activeTargets"]
    for instance in (one["labels"]["instance"] for one in targets if one["labels"]["job"] == job):
        expression = f'{name}{{job="{job}",instance="{instance}"}}'
        for one in asked_prometheus(address, "query?" + urllib.parse.urlencode({"query": expression}))["result"]:
            return float(one["value"][1])
    return None


def service_counts(at, _):
    for name in ("flowviz_lots_registered_total", "http_requests_total", "db_pool_connections"):
        if name not in get(at["metrics"], "/metrics"):
            raise Wrong(f"its page has no {name}")


def service_reaches_database(at, _):
    """A query, through the pooler where there is one."""
    get(at["metrics"], "/health/db")


def api_answers(at, _):
    if "openapi" not in get(at["api"], "/openapi.json"):
        raise Wrong("no OpenAPI document")


def targets_are_up(at, jobs):
    up = {}
    for target in asked_prometheus(at["prometheus"], "targets?state=active")["activeTargets"]:
        up.setdefault(target["labels"]["job"], []).append((target["health"], target["scrapeUrl"], target["lastError"]))
    for job in jobs:
        if job not in up:
            raise Wrong(f"Prometheus has no target of the job {job}")
        for health, url, error in up[job]:
            if health != "up":
                raise Wrong(f"{job}: {url} is {health} {error}")


def rules_are_evaluated(at, _):
    groups = asked_prometheus(at["prometheus"], "rules")["groups"]
    if not groups:
        raise Wrong("Prometheus has no rules")
    for group in groups:
        for rule in group["rules"]:
            if rule["health"] not in ("ok", "unknown"):
                raise Wrong(f"{rule['name']}: {rule.get('lastError', rule['health'])}")


def alerts_reach_alertmanager(at, _):
    """The Watchdog fires always, so it is there, unless it is lost between the two. That Prometheus knows an Alertmanager would say little: one
    that is written down is known for good."""
    if not json.loads(get(at["alertmanager"], "/api/v2/alerts?filter=alertname%3DWatchdog")):
        raise Wrong("Alertmanager has not heard of the Watchdog, which fires always")


def alertmanager_is_ready(at, _):
    get(at["alertmanager"], "/-/ready")
    if not json.loads(get(at["alertmanager"], "/api/v2/status"))["config"]["original"]:
        raise Wrong("it has no configuration")


def postgres_is_up(at, _):
    if reported(at["prometheus"], "postgres", "pg_up") != 1:
        raise Wrong("postgres-exporter does not reach the server (pg_up)")


def pooler_is_up(at, _):
    if reported(at["prometheus"], "pgbouncer", "pgbouncer_up") != 1:
        raise Wrong("pgbouncer-exporter does not reach the pooler (pgbouncer_up)")


def grafana_is_well(at, _):
    if json.loads(get(at["grafana"], "/api/health")).get("database") != "ok":
        raise Wrong("its database is not ok")


QUESTIONS = [
    ("wms_service answers", api_answers, "app"),
    ("wms_service shows its metrics", service_counts, "app"),
    ("wms_service reaches its database", service_reaches_database, "app"),
    ("Prometheus scrapes every target", targets_are_up, "prometheus"),
    ("Prometheus evaluates the rules", rules_are_evaluated, "prometheus"),
    ("Prometheus' alerts reach Alertmanager", alerts_reach_alertmanager, "alertmanager"),
    ("Alertmanager is ready", alertmanager_is_ready, "alertmanager"),
    ("PostgreSQL answers its exporter", postgres_is_up, "postgres"),
    ("PgBouncer answers its exporter", pooler_is_up, "pgbouncer"),
    ("Grafana is well", grafana_is_well, "grafana"),
]


def ask(addresses=None, jobs=JOBS, patience_s=0.0, say=print):
    """Asks all that concern these jobs, each until it is answered well or patience is at an end. True if all are."""
    at = {**ADDRESSES, **(addresses or {})}
    deadline = time.monotonic() + patience_s
    well = True
    for text, question, job in QUESTIONS:
        if job not in jobs:
            continue
        while True:
            try:
                question(at, jobs)
                say(f"ok     {text}")
            except (Wrong, ValueError, KeyError) as error:
                if time.monotonic() < deadline:
                    time.sleep(0.2)
                    continue
                say(f"FAILED {text}: {error}")
                well = False
            break
    return well
