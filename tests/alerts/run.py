#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Checks alerts/ and the configurations of Prometheus and Alertmanager in deploy/, without a network.

    run.py [--mutations [--only TEXT]]

Rules are linted and tested by promtool, and tested by the one of Prometheus 3 as well, which PROMTOOL_3 names; configurations by
promtool and amtool, routes by amtool, inhibition and messages by Alertmanagers of their own. What these tools do not look at is
checked here: that each alert has a severity, a runbook, a board, a job, and a firing, a quiet and a boundary case; and that each
metric and label of a rule is one that somebody exposes.

catalogue.json says what is exposed. For the library and the service it names the header of each metric, and the check fails
if the header does not have the metric and its labels; what the service does not expose yet is marked `coming`, and the check
fails when it does. Once `wms_service --describe` prints the service's catalogue, `exposed_by_headers` below is the
function that it replaces.

--mutations changes each number, comparison, operand of and/or/unless, matcher and `for` of each rule once, and fails for each
change that promtool's tests do not notice. --only takes the rules whose name contains the text.

The last line is `N passed, N failed`.
"""

import argparse
import copy
import json
import os
import pathlib
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request

import yaml

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parents[1]
sys.path[:0] = [str(ROOT / "tests" / "harness"), str(ROOT / "alerts")]
import build
import checks
import on_prometheus
from checks import Failed, must, start
from receiver import Receiver

ALERTS = ROOT / "alerts"
PROMETHEUS = ROOT / "deploy/prometheus/prometheus.yml"
ALERTMANAGER = ROOT / "deploy/alertmanager/alertmanager.yml"
CATALOGUE = json.loads((HERE / "catalogue.json").read_text(encoding="utf-8"))

KEYWORDS = {"and", "or", "unless", "bool", "offset", "by", "without", "on", "ignoring", "group_left", "group_right"}
LABEL_LISTS = {"by", "without", "on", "ignoring", "group_left", "group_right"}
TARGET_LABELS = {"job", "instance"}
TOKEN = re.compile(
    r"(?P<blank>\s+|\#[^\n]*)|(?P<text>\"(?:[^\"\\]|\\.)*\")|(?P<duration>\[[^\]]*\]|\b\d+[smhdwy]\b)"
    r"|(?P<number>\d+\.\d+|\d+)|(?P<name>[a-zA-Z_:][\w:]*)|(?P<compare>==|!=(?!~)|>=|<=|>(?!=)|<(?!=)|=~|!~|=)|(?P<other>.)",
    re.S,
)


def expect(problem, holds):
    if not holds:
        raise Failed(problem)


def read(path):
    return yaml.safe_load(path.read_text(encoding="utf-8"))


def rule_files():
    return sorted(ALERTS.glob("*.rules.yml"))


def test_files():
    return sorted((ALERTS / "tests").glob("*.test.yml"))


def rules():
    """Each rule, with the name of its file."""
    return [(path.name, rule) for path in rule_files() for group in read(path)["groups"] for rule in group["rules"]]


def alerts():
    return [rule for _, rule in rules() if "alert" in rule]


def spans(expression):
    """(kind, text, start, end) of all that is not blank. In braces a name is a `label` and a comparison a `matcher`."""
    found, depth = [], 0
    for match in TOKEN.finditer(expression):
        kind, text = match.lastgroup, match[0]
        if kind == "blank":
            continue
        depth += {"{": 1, "}": -1}.get(text, 0) if kind == "other" else 0
        if depth and kind in ("compare", "name"):
            kind = {"compare": "matcher", "name": "label"}[kind]
        found.append((kind, text, match.start(), match.end()))
    return found


def uses(expression):
    """What an expression names: {metric: [(label, operator, value)]} and the labels of by (...), on (...) and the like."""
    metrics, lists, words = {}, set(), [(kind, text) for kind, text, _, _ in spans(expression)]
    metric = None
    i = 0
    while i < len(words):
        kind, text = words[i]
        following = words[i + 1][1] if i + 1 < len(words) else ""
        if kind == "name" and text in LABEL_LISTS and following == "(":
            end = words.index(("other", ")"), i)
            lists |= {word for k, word in words[i + 2 : end] if k == "name"}
            i = end
        elif kind == "name" and text not in KEYWORDS and following not in ("(", "by", "without"):
            metric = text
            metrics.setdefault(metric, [])
        elif kind == "label":
            metrics[metric].append((text, words[i + 1][1], json.loads(words[i + 2][1])))
        i += 1
    return metrics, lists


# --- What is exposed ---


def exposed_by_headers(name, entry):
    """The header that defines the metric has its name and its labels, as literals."""
    text = (ROOT / entry["header"]).read_text(encoding="utf-8")
    expect(f"{entry['header']} has no {name}", f'"{name}"' in text)
    for label in entry.get("labels", {}):
        expect(f"{entry['header']} has no label {label}, which {name} should have", f'"{label}"' in text)


def check_catalogue_entry(name, entry):
    if "header" in entry:
        exposed_by_headers(name, entry)
    elif entry["from"] == "coming":
        sources = [path for path in (ROOT / "examples/wms_service").rglob("*.[ch]pp")]
        there = [path.name for path in sources if f'"{name}"' in path.read_text(encoding="utf-8")]
        expect(f"{name} is marked as coming and is in {there}: name its header", not there)


def catalogued(name):
    """The entry of a series: a histogram's three names are those of one entry."""
    if name in CATALOGUE:
        return CATALOGUE[name], set()
    base, _, part = name.rpartition("_")
    entry = CATALOGUE.get(base, {})
    if entry.get("type") == "histogram" and part in ("bucket", "sum", "count"):
        return entry, {"le"} if part == "bucket" else set()
    return None, set()


def recorded():
    """{recorded name: its labels}, as far as they can be told: those of by (...) and static ones."""
    labels = {}
    for _, rule in rules():
        if "record" in rule:
            _, lists = uses(rule["expr"])
            labels.setdefault(rule["record"], set()).update(lists, rule.get("labels", {}), TARGET_LABELS)
    # A rule that only calculates with others has their labels.
    for _ in range(3):
        for _, rule in rules():
            if "record" in rule:
                for name in uses(rule["expr"])[0]:
                    labels[rule["record"]] |= labels.get(name, set())
    return labels


def check_names(rule):
    """Each metric, label and, where the values are known, value of an expression exists."""
    known = recorded()
    metrics, lists = uses(rule["expr"])
    available = {"job", "instance"}
    for metric, matchers in metrics.items():
        entry, extra = catalogued(metric)
        expect(f"nobody exposes or records {metric}", entry is not None or metric in known)
        values = entry.get("labels", {}) if entry is not None else dict.fromkeys(known[metric])
        labels = set(values) | extra | TARGET_LABELS
        available |= labels
        for label, operator, value in matchers:
            expect(f"{metric} has no label {label}", label in labels)
            if label == "le":
                bounds = {f"{bound:g}" for bound in entry["bounds"]} | {f"{float(bound)}" for bound in entry["bounds"]}
                expect(f"le=~{value}: a dot is any letter; say \\.", operator == "=" or not re.search(r"(?<!\\)\.", value))
                named = value.replace("\\.", ".").split("|")
                expect(f"{metric} has no bound {value}", all(bound in bounds for bound in named))
                whole = [bound for bound in named if float(bound) == int(float(bound))]
                expect(f"le={value}: Prometheus 2 writes 1 and Prometheus 3 writes 1.0", len(whole) in (0, 2))
            elif values.get(label):
                matching = [v for v in values[label] if re.fullmatch(value, v) or value == v]
                expect(f"{metric} has no {label} {operator} {value}", matching)
    replaced = set(re.findall(r'label_replace\(.*?"(\w+)",', rule["expr"]))
    expect(f"no metric of the rule has {lists - available - replaced}", lists <= available | replaced)


def check_latency_threshold(rule):
    """A threshold of a quantile is a bound of its histogram, else the alert compares with a guess."""
    for name, bound in re.findall(r'job_quantile:(\w+):\w+\{[^}]*\}\s*>\s*([\d.]+)', rule["expr"]):
        expect(f"{bound} is no bound of {name}", float(bound) in CATALOGUE[name]["bounds"])


# --- What each alert has ---


def check_alert(rule):
    name, notes = rule["alert"], rule.get("annotations", {})
    expect("the name is not CamelCase", re.fullmatch(r"([A-Z][a-z0-9]+)+", name))
    if name == "TestAlert":
        expect("the severity is the series' own", "severity" not in rule["labels"])
    else:
        expect("no severity", rule["labels"].get("severity") in ("critical", "warning", "info", "none"))
    expect("`for` is not said", "for" in rule or name == "Watchdog")
    summary = notes.get("summary", "")
    expect("the summary is no static sentence", summary.endswith(".") and "{{" not in summary)
    expect("the description is not about this one", "{{" in notes.get("description", "") or name == "Watchdog")
    links = json.loads((ALERTS / "links.json").read_text(encoding="utf-8"))
    expect("another alert's runbook", notes.get("runbook_url") == f"{links['runbooks']}/{name}.md")
    expect(f"alerts/runbooks/{name}.md does not exist", (ALERTS / "runbooks" / f"{name}.md").is_file())
    board = rule["labels"].get("board")
    expect("the link leads to another board", notes.get("dashboard_url") == f"{links['boards']}/d/{board}")
    expect(f"no board {board}", board in CATALOGUE_BOARDS)
    boards = ROOT / "dashboards"
    if boards.is_dir():  # as soon as there are boards, this one is among them
        uids = [json.loads(path.read_text(encoding="utf-8"))["uid"] for path in boards.glob("*.json")]
        expect(f"no board in dashboards/ has the uid {board}", board in uids)


CATALOGUE_BOARDS = {"overview", "api", "slo", "database", "pgbouncer", "warehouse", "workflow", "quality",
                    "infrastructure", "meta"}  # fmt: skip
SECTIONS = ["Meaning", "Impact", "Diagnosis", "Mitigation", "Silencing", "What it is not"]


def check_runbook(path, names):
    text = path.read_text(encoding="utf-8")
    expect("no alert has this name", path.stem in names)
    expect("the title is not the alert's name", text.startswith(f"# {path.stem}\n"))
    expect("other sections", re.findall(r"^## (.*)$", text, re.M) == SECTIONS)
    queries = re.findall(r"```promql\n(.*?)```", text, re.S)
    expect("no query that can be pasted", queries)
    for query in queries:
        check_names({"expr": query})
    for link in re.findall(r"\]\(([^)#]+)\)", text):
        expect(f"{link} does not exist", (path.parent / link).exists())
    with tempfile.TemporaryDirectory() as folder:
        # One rule for each query: promtool parses them.
        group = {"name": "queries", "rules": [{"record": f"query:{i}", "expr": q} for i, q in enumerate(queries)]}
        file = pathlib.Path(folder) / "queries.yml"
        file.write_text(json.dumps({"groups": [group]}), encoding="utf-8")
        must(["promtool", "check", "rules", file])


def cases_of():
    """{alert: [(name of the case, kind, labels of the alerts that an evaluation expects)]}."""
    cases = {}
    for path in test_files():
        for group in read(path)["tests"]:
            kind = re.search(r"\b(fires|quiet|boundary)\b", group["name"])
            for test in group.get("alert_rule_test", []):
                expect(f"{path.name}: `{group['name']}` says neither fires nor quiet nor boundary", kind)
                expect(f"{path.name}: `{group['name']}` tests {test['alertname']}", group["name"].startswith(test["alertname"]))
                labels = [alert["exp_labels"] for alert in test["exp_alerts"] or []]
                cases.setdefault(test["alertname"], []).append((group["name"], kind[1], labels))
                # Inhibition takes two alerts without a job for alerts of the same job.
                expect(f"{test['alertname']} fires without a job", all("job" in one for one in labels))
    return cases


def check_cases(rule, cases):
    """Of each rule: several have one name, and then the cases of each say its window."""
    window = rule["labels"].get("long_window")
    mine = {"fires": [], "quiet": [], "boundary": []}
    for name, kind, labels in cases.get(rule["alert"], []):
        if not window or f"over {window}," in name:
            mine[kind].append(labels)
    fired = [one for labels in mine["fires"] for one in labels]
    expect("no case in which it fires, with its labels", any(rule["labels"].items() <= one.items() for one in fired))
    expect("no boundary case", mine["boundary"])
    if rule["alert"] != "Watchdog":  # it is never quiet
        expect("no case in which it is quiet", mine["quiet"] and not any(mine["quiet"]))


def release_of(promtool):
    done = start([promtool, "--version"])
    return re.search(r"version (\S+)", done.stdout + done.stderr)[1]


def check_test_file(path, promtool):
    """promtool evaluates groups in no particular order unless it is told all of them."""
    test = read(path)
    groups = [group["name"] for file in test["rule_files"] for group in read(path.parent / file)["groups"]]
    expect("group_eval_order lacks groups", sorted(test["group_eval_order"]) == sorted(groups))
    done = start([promtool, "test", "rules", path.name], cwd=path.parent)
    expect(done.stdout + done.stderr, done.status == 0)


def check_jobs_in_one_place():
    for name, rule in rules():
        for metric, matchers in uses(rule["expr"])[0].items():
            named = [label for label, _, _ in matchers if label == "job"]
            expect(f"{name} names a job for {metric}", not named or name == "targets.rules.yml")


SUMMED = re.compile(r"\b(?:sum|avg|count)_over_time\((\w+:[\w:]+)\[")


def mixed_intervals(rule, intervals):
    """The intervals of recorded series whose samples are added up against each other; promtool evaluates all groups at one."""
    return {name: intervals.get(name) for name in SUMMED.findall(rule["expr"])}


def check_intervals():
    """What is recorded half as often has half as many samples, and half the sum."""
    intervals = {}
    for path in rule_files():
        for group in read(path)["groups"]:
            for rule in group["rules"]:
                if "record" in rule:
                    intervals.setdefault(rule["record"], set()).add(group.get("interval"))
    for _, rule in rules():
        mixed = mixed_intervals(rule, intervals)
        kinds = set().union(*mixed.values()) if mixed else set()
        expect(f"{rule.get('record', rule.get('alert'))} adds up samples of different intervals: {mixed}", len(kinds) <= 1)
    broken = {"expr": "sum_over_time(a:b:c[1d]) / sum_over_time(d:e:f[1d])"}
    expect("series of two intervals are not found", len(mixed_intervals(broken, {"a:b:c": {"2m"}, "d:e:f": {None}})) == 2)


def check_built():
    """Rules of objectives, links and the table in docs/ are what they are written from; other links are found."""
    changed = [str(path.relative_to(ROOT)) for path in build.differences()]
    expect(f"{changed} are not what alerts/build.py writes", not changed)
    moved = build.linked('runbook_url: "https://wiki.example/x/AppDown.md"\ndashboard_url: /d/api\n')
    expect(f"links are not set: {moved}", moved.count(build.linked("runbook_url: AppDown.md")[13:]) == 1 and "wiki" not in moved)


def check_what_leaves():
    """Of the page on scaling out: all that rules record is sent on, and no bucket is; federation asks for all of it, too."""
    blocks = [yaml.safe_load(one) for one in re.findall(r"```yaml\n(.*?)```", build.DOCS.read_text(encoding="utf-8"), re.S)]
    [drop, keep] = next(one["remote_write"][0]["write_relabel_configs"] for one in blocks if "remote_write" in one)
    expect("one is dropped and the other kept", (drop["action"], keep["action"]) == ("drop", "keep"))
    job = next(one["scrape_configs"][0] for one in blocks if "scrape_configs" in one)
    expect("series of sites are renamed, or asked for elsewhere", job["honor_labels"] and job["metrics_path"] == "/federate")
    [asked] = job["params"]["match[]"]
    federated = re.fullmatch(r'\{__name__=~"(.*)"\}', asked)[1]
    leaves = lambda name: not re.fullmatch(drop["regex"], name) and bool(re.fullmatch(keep["regex"], name))
    for name in (*recorded(), "up"):
        expect(f"{name} is not sent on", leaves(name))
        expect(f"{name} is not federated", re.fullmatch(federated, name))
    expect("the plant's numbers are not sent on", leaves("flowviz_lots_registered_total"))
    expect("buckets are sent on", not leaves("flowviz_traceability_query_duration_seconds_bucket"))


def check_lint():
    must(["promtool", "check", "rules", "--lint=all", "--lint-fatal", *rule_files()])


# --- Configurations ---


def rendered_prometheus(folder):
    """With the rules of this checkout in place of those of the image."""
    text = PROMETHEUS.read_text(encoding="utf-8")
    expect("the rules are elsewhere", text.count("/etc/prometheus/alerts/") == 1)
    path = folder / "prometheus.yml"
    path.write_text(text.replace("/etc/prometheus/alerts/", f"{ALERTS}/"), encoding="utf-8")
    return path


def check_prometheus(folder):
    out = must(["promtool", "check", "config", rendered_prometheus(folder)])
    found = sum(int(n) for n in re.findall(r"SUCCESS: (\d+) rules? found", out))
    expect(f"promtool found {found} rules and not {len(rules())}", found == len(rules()))
    config = read(PROMETHEUS)
    jobs = {job["job_name"]: job for job in config["scrape_configs"]}
    expect(f"jobs {sorted(jobs)}", set(jobs) == {"app", "prometheus", "alertmanager", "grafana", "node", "postgres",
                                                 "pgbouncer", "containers"})  # fmt: skip
    expect("the service is scraped every 10 s", jobs["app"]["scrape_interval"] == "10s")
    expect("others are scraped every 15 s", config["global"]["scrape_interval"] == "15s")
    expect("external labels", {"cluster", "environment"} <= set(config["global"]["external_labels"]))
    named = {value for _, rule in rules() for matchers in uses(rule["expr"])[0].values()
             for label, _, value in matchers if label == "job"}  # fmt: skip
    expect(f"the rules name jobs {named - set(jobs)}", named and named <= set(jobs))
    near = next(rule for rule in alerts() if rule["alert"] == "ScrapeSamplesNearLimit")
    threshold = float(re.search(r"> (\d+)", near["expr"])[1])
    expect("the alert is not at 80 % of the limit", threshold == 0.8 * jobs["app"]["sample_limit"])


def rendered_alertmanager(folder, urls):
    """Alertmanager 0.25, which Debian 12 has, does not know *url_file: the one step is to put the content in its place."""
    text = ALERTMANAGER.read_text(encoding="utf-8")
    for name, url in urls.items():
        text, found = re.subn(rf"url_file: /etc/alertmanager/secrets/{name}$", f"url: {url}", text, flags=re.M)
        expect(f"{name} is not in the configuration once", found == 1)
    expect("a secret that is not known here", "secrets/" not in text)
    path = folder / "alertmanager.yml"
    path.write_text(text, encoding="utf-8")
    return path


def check_alertmanager(config):
    must(["amtool", "check-config", config])


def check_alertmanager_as_it_is():
    """The file itself, by a release that knows all of it: 0.28, which Debian 13 has. AMTOOL names the program."""
    program = pathlib.Path(os.environ.get("AMTOOL", ROOT / "build/debian-13/prometheus-alertmanager/usr/bin/amtool"))
    expect(f"{program} is missing; use_debian in scripts/lib.sh fetches it", program.is_file())
    must([program, "check-config", ALERTMANAGER])


ROUTES = [
    ({"alertname": "Watchdog", "severity": "none"}, "watchdog"),
    ({"alertname": "AppDown", "severity": "critical"}, "discord"),
    ({"alertname": "HttpErrorRatioHigh", "severity": "warning"}, "discord"),
    ({"alertname": "CacheHitRatioLow", "severity": "info"}, "discord"),
    ({"alertname": "TestAlert", "severity": "critical"}, "discord"),
    ({"alertname": "AlertmanagerNotificationsFailing", "severity": "critical", "integration": "discord"}, "second"),
    ({"alertname": "AlertmanagerNotificationsFailing", "severity": "critical", "integration": "webhook"}, "discord"),
    ({"alertname": "PrometheusNotConnectedToAlertmanager", "severity": "critical"}, "second"),
    ({"alertname": "AlertmanagerDown", "severity": "critical"}, "second"),
    ({"alertname": "PrometheusNotificationsFailing", "severity": "critical"}, "second"),
    ({"alertname": "PrometheusRuleFailures", "severity": "critical"}, "discord"),
    ({"alertname": "NotificationFailures", "severity": "warning"}, "second"),
    ({"alertname": "SomethingElse"}, "discord"),
]


def check_route(config, labels, receiver):
    out = must(["amtool", "config", "routes", "test", f"--config.file={config}", *(f"{k}={v}" for k, v in labels.items())])
    expect(f"{labels} goes to {out.strip()} and not to {receiver}", out.strip() == receiver)


def check_timing():
    route = read(ALERTMANAGER)["route"]
    critical = [r for r in route["routes"] if any("critical" in m for m in r["matchers"])]
    expect("critical alerts wait", len(critical) == 1 and critical[0]["group_wait"] == "0s")
    expect("warnings are not batched for 30 s", route["group_wait"] == "30s")
    expect("alerts are not repeated after 12 h", route["repeat_interval"] == "12h" and "repeat_interval" not in critical[0])
    [heartbeat] = [r for r in route["routes"] if r["receiver"] == "watchdog"]
    # A repeat is due at a multiple of group_interval, if by then the last one, noted when it had been received, is old enough.
    expect("a heartbeat is received late, and the next one a minute later", (heartbeat["group_interval"], heartbeat["repeat_interval"]) == ("1m", "4m30s"))
    receivers = {r["name"]: set(r) - {"name"} for r in read(ALERTMANAGER)["receivers"]}
    expect("the second receiver depends on the first", receivers["second"].isdisjoint(receivers["discord"]))


class Alertmanager:
    """A real one on a free port, which may tell nobody."""

    def __init__(self, folder, config):
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        program = shutil.which("prometheus-alertmanager") or shutil.which("alertmanager")
        expect("there is no alertmanager", program)
        self.log = open(folder / "alertmanager.log", "w", encoding="utf-8")
        self.process = subprocess.Popen(
            [program, f"--config.file={config}", f"--storage.path={folder}/data", "--cluster.listen-address=",
             f"--web.listen-address=127.0.0.1:{self.port}"],
            stdout=self.log, stderr=self.log, stdin=subprocess.DEVNULL,
        )  # fmt: skip
        self.wait(lambda: self.ask("/-/ready") is not None, "Alertmanager to be ready")

    def wait(self, condition, what):
        deadline = time.monotonic() + checks.DEADLINE_S
        while not condition():
            expect(f"waited for {what}", time.monotonic() < deadline and self.process.poll() is None)
            time.sleep(0.05)

    def ask(self, path, data=None):
        request = urllib.request.Request(f"http://127.0.0.1:{self.port}{path}", headers={"Content-Type": "application/json"},
                                         data=None if data is None else json.dumps(data).encode())  # fmt: skip
        try:
            with urllib.request.urlopen(request, timeout=10) as answer:
                return answer.read()
        except urllib.error.HTTPError as error:
            raise Failed(f"{path}: {error.read()}") from error
        except OSError:
            return None

    def inhibited(self):
        """{labels: whether an alert with them is inhibited}."""
        return {json.dumps(alert["labels"], sort_keys=True): bool(alert["status"]["inhibitedBy"])
                for alert in json.loads(self.ask("/api/v2/alerts"))}  # fmt: skip

    def end(self):
        self.process.kill()
        self.process.wait()
        self.log.close()


def alert(name, severity, job="app", cluster="a", **labels):
    return {"alertname": name, "severity": severity, "job": job, "cluster": cluster, "environment": "test", **labels}


# (source, target, is it inhibited). Each case has jobs or a cluster of its own.
INHIBITION = [
    (alert("HttpErrorBudgetBurn", "critical", "j1", slo="availability"),
     alert("HttpErrorBudgetBurn", "warning", "j1", slo="availability"), True),
    (alert("HttpErrorBudgetBurn", "critical", "j2", slo="availability"),
     alert("HttpErrorBudgetBurn", "warning", "j3", slo="availability"), False),
    (alert("HttpLatencyBudgetBurn", "critical", "j4", slo="latency_p99"),
     alert("HttpLatencyBudgetBurn", "warning", "j4", slo="latency_p50"), False),
    (alert("HttpErrorRatioCritical", "critical", "j5"), alert("HttpErrorRatioHigh", "warning", "j5"), True),
    (alert("HttpErrorRatioCritical", "critical", "j6"), alert("HttpLatencyP95High", "warning", "j6"), False),
    (alert("HttpLatencyP95VeryHigh", "warning", "j7"), alert("HttpLatencyP95High", "warning", "j7"), True),
    (alert("HttpLatencyP99Critical", "critical", "j8"), alert("HttpLatencyP99High", "warning", "j8"), True),
    *((alert("DiskSpaceCritical", "critical", job, instance="one", device="a", mountpoint="/"),
       alert("DiskSpaceLow", "warning", job, **{"instance": "one", "device": "a", "mountpoint": "/", **other}), not other)
      for job, other in (("d1", {}), ("d2", {"instance": "two"}), ("d3", {"mountpoint": "/data"}), ("d4", {"device": "b"}))),
    (alert("AppDown", "critical", "j9", instance="one"), alert("AppDbPoolSaturated", "critical", "j9", instance="one"), True),
    (alert("AppDown", "critical", "j10", instance="one"), alert("AppDbPoolSaturated", "critical", "j10", instance="two"), False),
    (alert("PostgresDown", "critical", "postgres", "b", cause="server"), alert("AppDbPoolOverflow", "warning", "j11", "b"), True),
    (alert("PostgresDown", "critical", "postgres", "c", cause="server"), alert("PgBouncerDown", "critical", "pgbouncer", "c"), True),
    (alert("PostgresDown", "critical", "postgres", "d", cause="server"), alert("DbSlowQueries", "warning", "j12", "d"), True),
    (alert("PostgresDown", "critical", "postgres", "m", cause="server"), alert("WarehouseGaugesStale", "warning", "j21", "m"), True),
    (alert("PostgresDown", "critical", "postgres", "e", cause="server"), alert("PgBouncerDown", "critical", "pgbouncer", "f"), False),
    (alert("PostgresDown", "critical", "postgres", "g", cause="server"), alert("HttpErrorRatioHigh", "warning", "j13", "g"), False),
    (alert("PostgresDown", "critical", "postgres", "i", cause="exporter"), alert("PgBouncerPoolSaturated", "critical", "pgbouncer", "i"), False),
    (alert("PostgresDown", "critical", "postgres", "k", cause="exporter"), alert("AppDbPoolSaturated", "critical", "j14", "k"), False),
    (alert("PostgresDown", "critical", "postgres", "l", cause="exporter"), alert("DbSlowQueries", "warning", "j15", "l"), False),
    *((alert(source, "critical", f"j{i}", instance="one"), alert(target, "warning", f"j{i}", "another", instance="one"), False)
      for i, (source, target) in enumerate((("HttpErrorBudgetBurn",) * 2, ("HttpErrorRatioCritical", "HttpErrorRatioHigh"),
          ("HttpLatencyP95VeryHigh", "HttpLatencyP95High"), ("HttpLatencyP99Critical", "HttpLatencyP99High"),
          ("AppDown", "AppDbPoolSaturated")), 16)),
    (alert("Watchdog", "none", "prometheus", "h"), alert("PrometheusRuleFailures", "critical", "prometheus", "h"), False),
]  # fmt: skip


def check_inhibition(folder, config):
    """Sources are as the rules make them: a cause that no rule gives would inhibit nothing, and nobody would see it."""
    causes = {(rule["alert"], rule["labels"].get("cause")) for rule in alerts()}
    unknown = {(s["alertname"], s.get("cause")) for s, _, _ in INHIBITION} - causes
    expect(f"no rule has the source {unknown}", not unknown)
    manager = Alertmanager(folder, config)
    try:
        manager.ask("/api/v2/alerts", [{"labels": labels} for source, target, _ in INHIBITION for labels in (source, target)])
        wanted = {json.dumps(target, sort_keys=True): inhibited for _, target, inhibited in INHIBITION}
        wanted.update({json.dumps(source, sort_keys=True): False for source, _, _ in INHIBITION})
        # The inhibitor learns of an alert a moment after the API does.
        deadline = time.monotonic() + 20
        while manager.inhibited() != wanted and time.monotonic() < deadline:
            time.sleep(0.2)
        found = manager.inhibited()
        wrong = [labels for labels in wanted if found.get(labels) != wanted[labels]]
        expect(f"inhibited or not, against the table: {wrong}", not wrong)
    finally:
        manager.end()


# --- Messages ---

AT_ONCE_S = 100  # what waits for the next message of its group takes 300


def check_messages(folder):
    """What people read, and when. A critical alert is said at once, another instance of it too, and the end of it in its place.
    Warnings of a job are one message, whatever their names are."""
    folder = folder / "messages"
    folder.mkdir()
    told = Receiver()
    config = rendered_alertmanager(folder, {n: told.address(n) for n in ("discord_webhook_url", "second_webhook_url", "watchdog_url")})
    manager = Alertmanager(folder, config)

    def post(labels, **more):
        notes = {"summary": "It is so.", "description": f"{labels['alertname']} of {labels['instance']}."}
        manager.ask("/api/v2/alerts", [{"labels": labels, "annotations": notes, **more}])

    def message(title, *lines):
        """Waits for one that has this title and these beginnings of lines."""
        fits = lambda embed: embed[0] == title and all(re.search(rf"^{re.escape(line)}", embed[1], re.M) for line in lines)
        deadline = time.monotonic() + AT_ONCE_S
        while not any(map(fits, told.embeds())):
            expect(f"no message `{title}` with {lines}; there are {told.embeds()}", time.monotonic() < deadline)
            time.sleep(0.05)

    try:
        one, two = (alert("AppDown", "critical", instance=name) for name in ("one", "two"))
        warnings = ("DbSlowQueries", "HttpLatencyP95High", "MetricLabelOverflow")
        for name in warnings:
            post(alert(name, "warning", instance="three"))
        post(alert("PostgresConnectionsHigh", "warning", "postgres", instance="four"))
        post(one)
        message("FIRING critical: AppDown (app at a)", "**AppDown** It is so. AppDown of one.")
        expect("warnings do not wait", len(told.embeds()) == 1)
        post(two)
        message("FIRING critical: AppDown (app at a)", "**AppDown** It is so. AppDown of two.")
        post(one, endsAt=time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()))
        message("FIRING critical: AppDown (app at a)", "**AppDown** It is so. AppDown of two.", "Over: **AppDown** It is so. AppDown of one.")
        message("FIRING warning: PostgresConnectionsHigh (postgres at a)", "**PostgresConnectionsHigh** It is so.")
        message("FIRING warning: 3 alerts (app at a)", *(f"**{name}** It is so. {name} of three." for name in warnings))
        warned = [title for title, _ in told.embeds() if "warning" in title and "(app at a)" in title]
        expect(f"warnings of a job are several messages: {warned}", len(warned) == 1)
        post(alert("DbSlowQueries", "warning", cluster="b", instance="three"))
        message("FIRING warning: DbSlowQueries (app at b)", "**DbSlowQueries** It is so.")
    finally:
        manager.end()
        told.server.shutdown()


# --- Mutations ---


def numbers(text):
    value = float(text)
    if value == 0:
        return ["1"]
    if value == int(value) and value < 10:
        return [f"{value + 1:g}", f"{value - 1:g}"]
    return [f"{value * 1.1:.6g}", f"{value * 0.9:.6g}"]


OPPOSITE = {">": [">=", "<"], ">=": [">", "<"], "<": ["<=", ">"], "<=": ["<", ">"], "==": ["!="], "!=": ["=="]}
SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86400}


def changed_expressions(expression):
    """(what was changed, expression)."""
    found = spans(expression)
    for i, (kind, text, begin, end) in enumerate(found):
        cut = lambda new, b=begin, e=end: expression[:b] + new + expression[e:]
        if kind == "number":
            yield from ((f"{text} to {new} at {begin}", cut(new)) for new in numbers(text))
        elif kind == "compare":
            yield from ((f"{text} to {new} at {begin}", cut(new)) for new in OPPOSITE[text])
        elif kind == "label":
            # With the comma behind it, or before it.
            value_end = found[i + 2][3]
            rest = expression[value_end:]
            comma = re.match(r"\s*,\s*", rest)
            before = re.search(r",\s*$", expression[:begin])
            stop = value_end + (comma.end() if comma else 0)
            first = before.start() if before and not comma else begin
            yield f"without {text} at {begin}", expression[:first] + expression[stop:]
        elif kind == "name" and text in ("and", "or", "unless"):
            depth, stop = 0, len(expression)
            for _, word, b, _ in found[i + 1 :]:
                depth += {"(": 1, ")": -1}.get(word, 0)
                if depth < 0 or (depth == 0 and word in ("and", "or", "unless")):
                    stop = b
                    break
            yield f"without `{text} ...` at {begin}", expression[:begin] + expression[stop:]


def changed_rules(rule):
    for what, expression in changed_expressions(rule["expr"]):
        yield what, {**rule, "expr": expression}
    if "for" in rule:
        number, unit = re.fullmatch(r"(\d+)([smhd])", rule["for"]).groups()
        seconds = int(number) * SECONDS[unit]
        # Samples of the tests are a minute apart, so that half a minute is as good as one.
        for new in ([seconds * 2, seconds // 2 if seconds > 60 else 0] if seconds else [300]):
            yield f"for {rule['for']} to {new}s", {**rule, "for": f"{new}s"}


# Changes that no test can notice, and why.
SAME = {
    (r"record job:cache_hit_ratio:rate15m", r"without operation at 136"): "0 times any of its operations is 0",
    (r"alert Watchdog", r"1 to \d at \d+"): "it fires whatever its value is",
}


def excused(name, what):
    return any(re.fullmatch(n, name) and re.fullmatch(w, what) for n, w in SAME)


def notices(tree, file):
    """Whether one of the test files that load the rule file is red. The cheap ones first."""
    mine = [path for path in (tree / "tests").glob("*.test.yml") if f"../{file}" in read(path)["rule_files"]]
    last = "against_a_day.test.yml"
    for path in sorted(mine, key=lambda p: (p.name == last, p.stat().st_size)):
        if start(["promtool", "test", "rules", path.name], cwd=path.parent).status != 0:
            return True
    return False


def check_mutation(folder, number, file, group, index, changed):
    tree = folder / str(number)
    shutil.copytree(ALERTS, tree, ignore=shutil.ignore_patterns("runbooks"))
    content = read(tree / file)
    content["groups"][group]["rules"][index] = changed
    (tree / file).write_text(json.dumps(content), encoding="utf-8")
    parsed = start(["promtool", "check", "rules", tree / file])
    expect(f"the change does not parse: {changed['expr']}\n{parsed.stderr}", parsed.status == 0)
    noticed = notices(tree, file)
    shutil.rmtree(tree)
    return None if noticed else f"no test notices it\n{changed['expr']}"


def mutations(folder, only):
    work = []
    for path in rule_files():
        for g, group in enumerate(read(path)["groups"]):
            for r, rule in enumerate(group["rules"]):
                name = f"alert {rule['alert']}" if "alert" in rule else f"record {rule['record']}"
                if only not in name:
                    continue
                for what, changed in changed_rules(copy.deepcopy(rule)):
                    if excused(name, what):
                        continue
                    label = f"{path.name}: {name}, {json.dumps(rule.get('labels', {}))}: {what}"
                    work.append((label, check_mutation, folder, len(work), path.name, g, r, changed))
    return work


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--mutations", action="store_true")
    parser.add_argument("--only", default="", metavar="TEXT")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        if options.mutations:
            return checks.report(mutations(folder, options.only))
        # The first two wait, and cost little while the others run.
        work = [("budget at a burn of 1", on_prometheus.check_budget_at_burn_of_one, folder, ALERTS), ("messages", check_messages, folder),
                ("lint", check_lint),
                ("jobs are named in one place", check_jobs_in_one_place), ("intervals", check_intervals), ("what is written once", check_built), ("what leaves", check_what_leaves)]  # fmt: skip
        failures = []
        work += [(f"catalogue: {n}", check_catalogue_entry, n, e) for n, e in CATALOGUE.items()]
        for file, rule in rules():
            label = f"{file}: {rule.get('alert', rule.get('record'))}"
            work += [(f"{label}: names", check_names, rule), (f"{label}: threshold", check_latency_threshold, rule)]
        try:
            cases = cases_of()
            work += [(f"{rule['alert']} {rule['labels'].get('long_window', '')}: cases", check_cases, rule, cases) for rule in alerts()]
            unknown = set(cases) - {rule["alert"] for rule in alerts()}
            if unknown:
                failures.append(f"cases of alerts that do not exist: {unknown}")
        except Failed as failure:
            failures.append(f"cases: {failure}")
        work += [(f"{rule['alert']}: labels and links", check_alert, rule) for rule in alerts()]
        names = {rule["alert"] for rule in alerts()}
        work += [(f"runbook {p.stem}", check_runbook, p, names) for p in sorted((ALERTS / "runbooks").glob("*.md"))]
        # 3 has no sample in a range that is as old as the range is long, which 2 has.
        for release, promtool in {release_of(one): one for one in ("promtool", os.environ["PROMTOOL_3"])}.items():
            work += [(f"promtool {release}: {path.name}", check_test_file, path, promtool) for path in test_files()]
        work += [("prometheus.yml", check_prometheus, folder), ("timing", check_timing),
                 ("alertmanager.yml as it is", check_alertmanager_as_it_is)]  # fmt: skip
        try:
            # A port that nobody listens on: what Alertmanager sends in these checks arrives nowhere.
            urls = {n: f"http://127.0.0.1:9/{n}" for n in ("discord_webhook_url", "second_webhook_url", "watchdog_url")}
            config = rendered_alertmanager(folder, urls)
            work += [("alertmanager.yml", check_alertmanager, config)]
            work += [(f"route of {labels['alertname']}", check_route, config, labels, to) for labels, to in ROUTES]
            work += [("inhibition", check_inhibition, folder, config)]
        except Failed as failure:
            failures.append(f"alertmanager.yml: {failure}")
        return checks.report(work, failures)


if __name__ == "__main__":
    sys.exit(main())
