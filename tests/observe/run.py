#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Checks what scripts/observe makes, out of the catalogue and out of the page of an example, and of pages of other programs.

- The board against the rules that the boards of this repository keep, all of its expressions by promtool and by a Prometheus
  with every metric of it, at work and at rest.
- The scrape job in a configuration by promtool; the alerts by promtool, with samples that make them fire and that do not.
- What is no source is refused, in a sentence.

DESCRIBE names the example's program. The last line is `N passed, N failed`.
"""

import contextlib
import http.server
import json
import os
import pathlib
import re
import sys
import tempfile
import threading
import urllib.parse

import yaml

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "tests" / "harness"), str(ROOT / "tests" / "dashboards"), str(ROOT / "dashboards")]
import answers
import checks
import linter
import observe.board
import observe.rules
from observe import source
from observe.requests import Requests

OBSERVE = ROOT / "scripts" / "observe"
PROMTOOL = os.environ.get("PROMTOOL", "promtool")

# A page as other libraries write it: another label for the status, a summary, an untyped metric, OpenMetrics' `# EOF`.
FOREIGN = """\
# HELP python_info Python platform information
# TYPE python_info gauge
python_info{implementation="CPython",version="3.11"} 1
# HELP app_requests_total
# TYPE app_requests_total counter
app_requests_total{code="200",path="/a"} 5
app_requests_total{code="500",path="/a"} 1
app_requests_total{code="200",path="/b \\"q\\""} 5
# TYPE app_requests_created gauge
app_requests_created 1.7e+09
# HELP app_request_latency_seconds Latency.
# TYPE app_request_latency_seconds histogram
app_request_latency_seconds_bucket{path="/a",le="0.5"} 1
app_request_latency_seconds_bucket{path="/a",le="2"} 1
app_request_latency_seconds_bucket{path="/a",le="+Inf"} 1
app_request_latency_seconds_sum{path="/a"} 0.25
app_request_latency_seconds_count{path="/a"} 1
# HELP gc_pause_seconds Pauses.
# TYPE gc_pause_seconds summary
gc_pause_seconds{quantile="0.5"} 0.1
gc_pause_seconds_sum 3
gc_pause_seconds_count 7
# TYPE jobs counter
jobs_total 17
bare 3
# TYPE push_time_seconds gauge
push_time_seconds{job="nightly",instance=""} 1.7e+09
push_time_seconds{job="hourly",instance=""} 1.7e+09
# TYPE rows gauge
rows{job="nightly",instance="db",exported_job="a"} 1
rows{job="hourly",instance="db",exported_job="a"} 1
# TYPE python_info_of_jobs info
python_info_of_jobs_info{job="nightly",instance="db"} 1
# EOF
"""

# OpenMetrics: buckets that are gauges.
PARTLY_SHOWN = """\
# TYPE age_seconds gaugehistogram
age_seconds_bucket{le="1"} 3
age_seconds_bucket{le="+Inf"} 4
age_seconds_gcount 4
# TYPE shown gauge
shown 1
# EOF
"""

# Pages by their metrics, and which of them count and time the requests.
COUNTER = '# TYPE {0} counter\n{0}{{code="200"}} 1\n{0}{{code="500"}} 1\n'
HISTOGRAM = '# TYPE {0} histogram\n{0}_bucket{{le="1"}} 1\n{0}_bucket{{le="+Inf"}} 1\n{0}_sum 1\n{0}_count 1\n'
CHOSEN = [
    ("a server that is a client, too", ["http_client_requests_total", "payments_service_http_requests_total"],
     ["http_client_request_duration_seconds", "payments_service_http_request_duration_seconds"],
     "payments_service_http_requests_total", "payments_service_http_request_duration_seconds"),
    ("an exporter, which counts its scrapes", ["promhttp_metric_handler_requests_total"], [], None, None),
    ("a client alone", ["rest_client_requests_total", "shop_outbound_requests_total"], ["outbound_request_duration_seconds"], None, None),
    ("usual names before others", ["db_requests_total", "http_server_requests_total"],
     ["db_request_latency_seconds", "http_server_requests_seconds"], "http_server_requests_total", "http_server_requests_seconds"),
    ("HTTP before others", ["db_requests_total", "shop_http_requests_total"], [], "shop_http_requests_total", None),
    ("times of what is counted", ["shop_http_requests_total"], ["etcd_request_duration_seconds", "shop_http_request_duration_seconds"],
     "shop_http_requests_total", "shop_http_request_duration_seconds"),
    ("times alone", [], ["http_request_duration_seconds", "a_request_time_seconds"], None, "http_request_duration_seconds"),
]  # fmt: skip

# Pages whose requests are counted by what times them, as Spring and OpenTelemetry do, and what their rates are of.
TIMED = [
    ("a summary", '# TYPE http_server_requests_seconds summary\nhttp_server_requests_seconds_count{{LABELS}} 1\nhttp_server_requests_seconds_sum 1\n',
     'status="200",uri="/a"', "http_server_requests_seconds_count", "status"),
    ("a histogram", HISTOGRAM.format("http_server_request_duration_seconds").replace("_count 1", "_count{{LABELS}} 1"),
     'http_response_status_code="200",http_route="/a"', "http_server_request_duration_seconds_count", "http_response_status_code"),
]  # fmt: skip

# Gauges of a page, and whether each is a moment rather than how long something takes.
MOMENTS = [
    ("go_memstats_last_gc_time_seconds 1.7e+09", True),
    ("# HELP push_failure_time_seconds Last Unix time when it failed.\npush_failure_time_seconds 0", True),
    ("node_boot_time_seconds 1.7e+09", True),
    ("node_time_seconds 1.7e+09", True),
    ("file_mtime_seconds 1.7e+09", True),
    ("stock_counted_timestamp_seconds 0", True),
    ("last_run_time_seconds 0.3", False),
    ("# HELP epoch_time_seconds Time of an epoch of the training.\nepoch_time_seconds 0", False),
    ("timeout_seconds +Inf", False),
    ("memory_bytes 1.7e+09", False),
]

# Pages by what has a panel: not since when a counter counts.
CREATED = [
    ("OpenMetrics", "# TYPE a counter\na_total 1\na_created 1.7e+09\n# TYPE b summary\nb_count 1\nb_sum 1\nb_created 1.7e+09\n", ["a_total", "b"]),
    ("text", "# TYPE a_total counter\na_total 1\n# TYPE a_created gauge\na_created 1.7e+09\n", ["a_total"]),
    ("a counter without an ending", "# TYPE a counter\na 1\na_created 1.7e+09\n", ["a"]),
    ("a gauge of its own", "# TYPE a gauge\na 1\n# TYPE a_created gauge\na_created 1.7e+09\n", ["a", "a_created"]),
]

METRIC = {
    "name": "a", "type": "gauge", "unit": "", "help": "A.", "constant_labels": {}, "labels": [], "bounds": [], "max_series": 1,
    "max_samples": 1,
}  # fmt: skip
REFUSED = [
    ("nothing", "", "there is no metric in it"),
    ("quoted name", '# HELP "a.b" A.\n# TYPE "a.b" gauge\n{"a.b"} 1\n', "line 1: the name 'a.b' is beyond the classic alphabet"),
    ("quoted sample", 'x 1\n{"a.b",c="d"} 1\n', "line 2: the name 'a.b' is beyond the classic alphabet"),
    ("quoted label", 'a{b="},\\"x\\"=",  "c.d"="e"} 1\n', "line 1: the name 'c.d' is beyond the classic alphabet"),
    ("catalogue with a UTF-8 name", json.dumps({"metrics": [METRIC | {"name": "a.b"}]}), "the name 'a.b' is beyond the classic alphabet"),
    ("catalogue with a UTF-8 label", json.dumps({"metrics": [METRIC | {"constant_labels": {"c.d": "e"}}]}), "the name 'c.d' is beyond the classic"),
    ("a web page", "<!doctype html>\n<p>hello</p>\n", "line 1 is no sample"),
    ("other JSON", '{"dashboard": {}}', "no catalogue"),
    ("broken JSON", '{"metrics": [', "no catalogue"),
    ("JSON of another shape", '{"metrics": [{"name": 1}]}', "no catalogue"),
    ("a catalogue of a later version", json.dumps({"metrics": [METRIC | {"type": "gaugehistogram"}]}), "a is of the type 'gaugehistogram'"),
    ("unknown type", "# TYPE a gauge\n# TYPE b histogramm\nb 1\n", "line 2: b is of the type 'histogramm'"),
    ("bound that is no number", '# TYPE a histogram\na_bucket{le="x"} 1\n', "line 2 is no sample: 'a_bucket{le="),
    ("value that is no number", "a 1\nhello world\n", "line 2 is no sample: 'hello world'"),
    ("nothing to show", "# TYPE a gaugehistogram\na_gcount 1\n", "there is no metric in it"),
    ("comments alone", "# HELP a A.\n# TYPE a counter\n", "there is no metric in it"),
]
# What the job of an address says beyond its defaults, as Prometheus reads it.
ADDRESSES = [
    ("page.txt", "localhost:9464", {}),
    ("-", "localhost:9464", {}),
    ("http://shop:9464/metrics", "shop:9464", {}),
    ("http://shop", "shop:80", {"metrics_path": "/"}),
    ("https://[::1]/metrics", "[::1]:443", {"scheme": "https"}),
    ("https://shop:8443/a%20b?x=1&y=&x=2#end", "shop:8443",
     {"scheme": "https", "metrics_path": "/a b", "params": {"x": ["1", "2"], "y": [""]}}),
]  # fmt: skip
MISUSED = [
    ([], "SOURCE"),
    (["page"], "--job"),
    (["page", "--job", "a b"], "is not a letter followed by"),
    (["page", "--job", "app", "--target", "nowhere"], "is not HOST:PORT"),
    (["/no/such/file", "--job", "app"], "cannot be read"),
    (["http://127.0.0.1:9/metrics", "--job", "app"], "does not answer"),
    (["http://127.0.0.1:port/metrics", "--job", "app"], "does not answer: nonnumeric port"),
    (["http://[::1/metrics", "--job", "app"], "does not answer: Invalid IPv6 URL"),
]


def made(folder, name, text, job):
    """The folder with what scripts/observe makes of a text."""
    out = folder / name
    path = folder / f"{name}.source"
    path.write_text(text, encoding="utf-8")
    checks.must([sys.executable, OBSERVE, path, "--job", job, "--target", "127.0.0.1:9464", "--out", out])
    return out


def entries(text):
    """The metrics as tests/dashboards wants to know them."""
    found = {}
    for family in source.scraped(source.read(text)).families:
        kind = {"info": "gauge", "summary": "counter"}.get(family.type, family.type)
        if family.type == "summary":
            for ending in ("_sum", "_count"):
                found[family.name + ending] = {"type": "counter", "labels": family.labels}
            continue
        found[family.name] = {"type": kind, "labels": family.labels, **({"bounds": family.bounds} if kind == "histogram" else {})}
    return found


def scraped(text):
    """The metrics with what Prometheus adds itself."""
    shared = json.loads((ROOT / "tests" / "dashboards" / "catalogue.json").read_text(encoding="utf-8"))
    return {"app": entries(text), "scrape": shared["scrape"]}


def board_of(out):
    [path] = out.glob("*.json")
    return path, json.loads(path.read_text(encoding="utf-8"))


def check_rules_of_boards(out, text):
    """Its own links and the job that it opens on aside, the board is as those that were finished by hand."""
    path, board = board_of(out)
    metrics = {name: entry for part in scraped(text).values() for name, entry in part.items()}
    found = linter.Linter({f"{board['uid']}.json": path.read_text(encoding="utf-8")}, metrics, None).found
    found = [one for one in found if (one[1], one[2]) != (f"{board['uid']}.json: variable `job`", "it begins with all values")]
    return "".join(f"\n  {where}: {said} [{rule}]" for rule, where, said in found) or None


def check_every_metric_is_shown(out, text):
    path, _ = board_of(out)
    board = path.read_text(encoding="utf-8")
    missing = [family.name for family in source.read(text).families if family.name not in board]
    return f"no panel for {', '.join(missing)}" if missing else None


def check_many(folder):
    """A board of many panels opens at once: its subjects ask nothing until somebody opens them. How much was made is said."""
    names = [f"{word}_{number}" for word in ("stock", "orders") for number in range(1000)]
    page = COUNTER.format("http_requests_total") + "process_start_time_seconds 1.7e+09\n" + "".join(f"{name} 1\n" for name in names)
    out, path = folder / "many", folder / "many.source"
    path.write_text(page, encoding="utf-8")
    said = checks.must([sys.executable, OBSERVE, path, "--job", "shop", "--out", out])
    board = board_of(out)[1]
    unfolded = [panel["title"] for panel in board["panels"] if panel["type"] != "row"]
    folded = [panel["title"] for one in board["panels"] if one.get("collapsed") for panel in one["panels"]]
    if len(unfolded) != 6 or len(folded) != 2000:
        return f"{len(unfolded)} panels are open, and {len(folded)} folded away"
    words = f"{len(list(linter.all_panels(board)))} panels, {len(rules_of(out)[1])} alerts"
    return check_rules_of_boards(out, page) if words in said else f"it said {said!r}, not {words}"


def check_few(out):
    """A board of few panels shows all of them."""
    open_rows = [one["title"] for one in board_of(out)[1]["panels"] if one["type"] == "row" and not one["collapsed"]]
    return None if "Shop" in open_rows else f"open are {open_rows}"


def check_answers(problems, server, out):
    found = problems(board_of(out)[1], server)
    return "".join(f"\n  {one}" for one in found) or None


def check_scrape_job(out):
    [path] = out.glob("*.scrape.yml")
    indented = "".join(f"  {line}\n" for line in path.read_text(encoding="utf-8").splitlines())
    whole = out / "prometheus.yml"
    whole.write_text(f"rule_files: [{next(out.glob('*.rules.yml')).name}]\nscrape_configs:\n{indented}", encoding="utf-8")
    checks.must([PROMTOOL, "check", "config", "--lint=all", "--lint-fatal", whole])
    return None


def check_address(place, target, more):
    """The job says of an address what is not the default, and no more."""
    [job] = yaml.safe_load(observe.rules.scrape_job(source.read("a 1\n"), "shop", observe.rules.Address.of(place)))
    said = {key: job.get(key) for key in ("scheme", "metrics_path", "params") if key in job}
    found = (job["static_configs"][0]["targets"], said)
    return None if found == ([target], more) else f"it says {found}"


class Page(http.server.BaseHTTPRequestHandler):
    """A page at one address, and nothing elsewhere."""

    PLACE = "/actuator/prometheus?name=a&name=b+c"

    def do_GET(self):
        found = self.path == self.PLACE
        self.send_response(200 if found else 404)
        self.end_headers()
        self.wfile.write(FOREIGN.encode() if found else b"")

    def log_message(self, *_):
        pass


def check_served(folder):
    """What was read over HTTP is what Prometheus finds by the job: at the same address."""
    out = folder / "served"
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Page) as server:
        threading.Thread(target=server.serve_forever).start()
        try:
            place = f"http://127.0.0.1:{server.server_port}{Page.PLACE}"
            checks.must([sys.executable, OBSERVE, place, "--job", "shop", "--out", out])
        finally:
            server.shutdown()
    [job] = yaml.safe_load((out / "shop.scrape.yml").read_text(encoding="utf-8"))
    [target] = job["static_configs"][0]["targets"]
    query = urllib.parse.urlencode(job.get("params", {}), doseq=True)
    asked = f"{job.get('scheme', 'http')}://{target}{job.get('metrics_path', '/metrics')}?{query}"
    return check_scrape_job(out) if asked == place else f"it read {place}, and Prometheus asks {asked}"


def check_chosen(counters, histograms, *chosen):
    page = "".join([*map(COUNTER.format, counters), *map(HISTOGRAM.format, histograms)])
    requests = Requests(source.read(page))
    found = tuple(family and family.name for family in (requests.counting, requests.timing))
    return None if found == chosen else f"it takes {found} for the requests"


def check_timed(page, labels, anchor, status):
    metrics = source.read(page.replace("{{LABELS}}", "{" + labels + "}"))
    panels = json.dumps(observe.board.make(metrics, "a", "a", "a"))
    failed = f'{status}=~"5.."'
    if f"sum by ({status}) (rate({anchor}{{" not in panels or json.dumps(failed)[1:-1] not in panels:
        return "no panel is about their statuses"
    if anchor.replace("_count", "_sum") not in panels and anchor.replace("_count", "_bucket") not in panels:
        return "no panel is about how long they took"
    alerts = observe.rules.alerts(metrics, "a")
    return None if f"increase({anchor}{{" in alerts and failed in alerts else "no alert is about their statuses"


def check_words(folder):
    """A status in words says nothing of 5xx: no panel or alert is about a share that is 0 whatever happens, and people are told."""
    path = folder / "words"
    path.write_text('# TYPE http_requests_total counter\nhttp_requests_total{status="error"} 9\nhttp_requests_total{status="success"} 1\n')
    done = checks.start([sys.executable, OBSERVE, path, "--job", "words", "--out", folder / "worded"])
    said = f"scripts/observe: {path}: http_requests_total is not taken for the requests: its status is no HTTP status.\n"
    made_of_it = "".join(one.read_text(encoding="utf-8") for one in (folder / "worded").iterdir())
    if done.status or done.stderr != said or "5.." in made_of_it or "rate(http_requests_total{" not in made_of_it:
        return f"status {done.status}, and it said {done.stderr!r}"
    return None


def check_lines():
    """A line ends where the format says so, and not at what else Unicode takes for an end."""
    [family] = source.read('# HELP a_total One.\fTwo.\r\n# TYPE a_total counter\r\na_total{b="1\u20282\u00853\x0b4"} 1\r\n').families
    return None if (family.type, family.labels) == ("counter", {"b": ["1\u20282\u00853\x0b4"]}) else f"it has {family}"


def check_job(out):
    """The board opens on the job that it was made for, whoever else has such metrics."""
    [job] = [one for one in board_of(out)[1]["templating"]["list"] if one["name"] == "job"]
    return None if job["current"]["value"] == ["shop"] else f"it opens on {job['current']}"


def check_moment(sample, is_moment):
    """A moment is shown by how long ago it is, once it happened."""
    [panel] = [one for one in observe.board.make(source.read(sample + "\n"), "a", "a", "a")["panels"] if one["type"] == "timeseries"]
    expression = panel["targets"][0]["expr"]
    shown = re.fullmatch(r"time\(\) - \(.* > 0\)", expression) is not None
    return None if shown == is_moment else f"it asks for {expression}"


def check_created(page, names):
    metrics = source.read(page)
    found = [family.name for family in metrics.families]
    samples = len([line for line in page.splitlines() if not line.startswith("#")])
    return None if (found, metrics.samples) == (names, samples) else f"it shows {found}, and has {metrics.samples} samples"


def check_exported(out):
    """Prometheus has labels of its own that are called job and instance; those of a page it calls otherwise, and a table for people not."""
    asked = " ".join(expression for _, expression in linter.expressions(board_of(out)[1]))
    wanted = ("(exported_job, instance) (push_time", "exported_exported_job, instance) (rows", "exported_instance, instance) (python")
    missing = [text for text in wanted if text not in asked]
    shown = checks.must([sys.executable, OBSERVE, out.with_suffix(".source"), "--table"])
    return f"no panel asks for {missing}" if missing else None if "`job` (nightly, hourly)" in shown else f"the table is {shown}"


def check_alerts(out):
    checks.must([PROMTOOL, "check", "rules", "--lint=all", "--lint-fatal", *out.glob("*.rules.yml")])
    return None


def rules_of(out):
    [path] = out.glob("*.rules.yml")
    return path, yaml.safe_load(path.read_text(encoding="utf-8"))["groups"][0]["rules"]


def traffic(up, answered, failed, slow):
    """So many answers a minute, of which so many failed, all of them in 2 s or in 0.1 s."""
    instance = 'job="shop",instance="one"'
    requests = 'http_requests_total{%s,method="GET",handler="/a",status="%s"}'
    times = 'http_request_duration_seconds_%s{%s,method="GET",handler="/a"%s}'
    gains = {
        requests % (instance, "2xx"): answered - failed,
        requests % (instance, "5xx"): failed,
        times % ("bucket", instance, ',le="0.1"'): 0 if slow else answered,
        times % ("bucket", instance, ',le="2"'): answered,
        times % ("bucket", instance, ',le="+Inf"'): answered,
        times % ("count", instance, ""): answered,
    }
    return [{"series": f"up{{{instance}}}", "values": f"{up}x20"}, *({"series": s, "values": f"0+{n}x20"} for s, n in gains.items())]


def check_alerts_fire(out):
    """Quiet while all is well, at a threshold and of too few requests, firing when not. Annotations are compared as well, so their
    summaries are read from the file that is tested."""
    path, rules = rules_of(out)

    def told(name, severity, description, **labels):
        """An alert of the file as it fires."""
        [rule] = [one for one in rules if (one["alert"], one["labels"]["severity"]) == (name, severity)]
        annotations = {"summary": rule["annotations"]["summary"], "description": description}
        return {"exp_labels": {"severity": severity, "job": "shop", **labels}, "exp_annotations": annotations}

    def case(series, **firing):
        names = ("ServiceDown", "ServiceAbsent", "ServiceErrorRatioHigh", "ServiceLatencyP99High")
        tests = [{"eval_time": "15m", "alertname": name, "exp_alerts": firing.get(name, [])} for name in names]
        return {"interval": "1m", "input_series": series, "alert_rule_test": tests}

    down = told("ServiceDown", "critical", "one has not answered a scrape for a minute.", instance="one")
    absent = told("ServiceAbsent", "critical", "No target has the job shop: it is missing in prometheus.yml, or nothing is discovered.")
    failing = "%s of the requests of the last five minutes were answered with 5xx."
    slow = told("ServiceLatencyP99High", "warning",
                "99 % of the requests of the last five minutes were answered within 1.981s, which is more than 1 s.")  # fmt: skip

    def errors(share, *severities):
        return [told("ServiceErrorRatioHigh", severity, failing % share) for severity in severities]

    test = {
        "rule_files": [path.name], "evaluation_interval": "1m",
        "tests": [
            case(traffic(1, 600, 0, False)),
            case(traffic(0, 600, 60, True), ServiceDown=[down], ServiceErrorRatioHigh=errors("10%", "warning", "critical"),
                 ServiceLatencyP99High=[slow]),
            case([], ServiceAbsent=[absent]),
            # At a threshold, and above one.
            case(traffic(1, 600, 6, False)),
            case(traffic(1, 600, 30, False), ServiceErrorRatioHigh=errors("5%", "warning")),
            # In five minutes 15, 20, 95 and 100 requests.
            case(traffic(1, 3, 3, True)),
            case(traffic(1, 4, 4, True), ServiceErrorRatioHigh=errors("100%", "critical")),
            case(traffic(1, 19, 19, True), ServiceErrorRatioHigh=errors("100%", "critical")),
            case(traffic(1, 20, 20, True), ServiceErrorRatioHigh=errors("100%", "warning", "critical"), ServiceLatencyP99High=[slow]),
        ],
    }  # fmt: skip
    cases = out / "test.yml"
    cases.write_text(json.dumps(test), encoding="utf-8")  # JSON is YAML
    checks.must([PROMTOOL, "test", "rules", cases.name], cwd=out)
    return None


def check_inhibition(out):
    """The shipped Alertmanager silences the warning of a ratio while it is critical: all labels that it joins them by are alike."""
    config = yaml.safe_load((ROOT / "deploy" / "alertmanager" / "alertmanager.yml").read_text(encoding="utf-8"))
    [equal] = [one["equal"] for one in config["inhibit_rules"] if one["source_matchers"] == ['severity = "critical"']]
    keys = {"warning": set(), "critical": set()}
    for rule in rules_of(out)[1]:
        labels = {"alertname": rule["alert"], **rule["labels"]}
        keys[labels["severity"]].add(tuple(labels.get(label) for label in equal))
    joined = {key[equal.index("alertname")] for key in keys["warning"] & keys["critical"]}
    return None if joined == {"ServiceErrorRatioHigh"} else f"it joins {joined}"


def check_own_names(folder):
    """Nothing that is made has the name of something that is here, nor of what is made for another job."""
    shipped = [json.loads(path.read_text(encoding="utf-8")) for path in (ROOT / "dashboards").glob("*.json")]
    rules = "".join(path.read_text(encoding="utf-8") for path in (ROOT / "alerts").glob("*.rules.yml"))
    alerts = set(re.findall(r"alert: (\w+)", rules))
    uids, titles = {board["uid"] for board in shipped}, {board["title"] for board in shipped}
    for job in ("api", "app", "http", "postgres", "shop_1", "shop-1", "a" * 32):
        out = made(folder, f"named {job}", COUNTER.format("http_requests_total") + HISTOGRAM.format("http_request_duration_seconds"), job)
        _, board = board_of(out)
        taken = {rule["alert"] for rule in rules_of(out)[1]} & alerts | {board["uid"]} & uids | {board["title"]} & titles
        if taken or not re.fullmatch("[a-zA-Z0-9_-]{1,40}", board["uid"]):  # as Grafana wants them
            return f"{job}: {taken or board['uid']}"
        uids.add(board["uid"])
    return None


def check_limits(folder, catalogue, page):
    """The limit on samples is above what the catalogue says is the most."""
    most = source.read(catalogue).samples
    for name, text in (("limit_catalogue", catalogue), ("limit_page", page)):
        job = next(made(folder, name, text, "shop").glob("*.scrape.yml")).read_text(encoding="utf-8")
        limit = int(job.split("sample_limit: ")[1].split()[0])
        least = most if text is catalogue else source.read(page).samples
        if limit <= least:
            return f"{name}: sample_limit is {limit}, and {least} samples can come"
    return None


def check_refused(folder, name, text, words):
    path = folder / f"refused {name}"
    path.write_text(text, encoding="utf-8")
    done = checks.start([sys.executable, OBSERVE, path, "--job", "app", "--out", folder / "never"])
    if done.status == 0 or words not in done.stderr or "Traceback" in done.stderr or (folder / "never").exists():
        return f"status {done.status}, and it said {done.stderr!r}"
    return None


def check_partly_shown(folder):
    """What has no panel is named, and does not keep others from having theirs; its samples count, for Prometheus takes them, too."""
    path = folder / "partly shown"
    path.write_text(PARTLY_SHOWN, encoding="utf-8")
    done = checks.start([sys.executable, OBSERVE, path, "--table"])
    said = f"scripts/observe: {path}: age_seconds is left out: no panel shows a gaugehistogram.\n"
    if done.status or done.stderr != said or "| `shown` |" not in done.stdout or "age_seconds" in done.stdout:
        return f"status {done.status}, and it said {done.stderr!r} beside {done.stdout!r}"
    samples = source.read(PARTLY_SHOWN).samples
    return None if samples == 4 else f"{samples} samples"


def check_byte_order_mark(folder):
    path = folder / "byte order mark"
    path.write_text("\ufeffa 1\n", encoding="utf-8")
    return None if source.read(source.fetched(str(path))).named("a") else "it has no metric"


def check_misused(folder, arguments, words):
    done = checks.start([sys.executable, OBSERVE, *arguments, "--out", folder / "never"])
    if done.status == 0 or words not in done.stderr or "Traceback" in done.stderr:
        return f"status {done.status}, and it said {done.stderr!r}"
    return None


def main():
    program = os.environ["DESCRIBE"]
    catalogue, page = checks.must([program, "--describe"]), checks.must([program])
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        texts = {"catalogue": catalogue, "page": page, "foreign": FOREIGN}
        table = [("limits", check_limits, folder, catalogue, page), ("served", check_served, folder)]
        table += [("own names", check_own_names, folder)]
        table += [("many panels", check_many, folder), ("a status in words", check_words, folder), ("ends of lines", check_lines)]
        table += [("a job called null", check_scrape_job, made(folder, "null", page, "null"))]
        table += [("partly shown", check_partly_shown, folder), ("byte order mark", check_byte_order_mark, folder)]
        table += [(f"address: {place}", check_address, place, target, more) for place, target, more in ADDRESSES]
        with contextlib.ExitStack() as servers:
            for kind, text in texts.items():
                out = made(folder, kind, text, "shop")
                if kind != "foreign":  # its label names and labels' values follow other habits
                    table.append((f"{kind}: rules of boards", check_rules_of_boards, out, text))
                    table.append((f"{kind}: its alerts fire", check_alerts_fire, out))
                    table.append((f"{kind}: inhibition", check_inhibition, out))
                    table.append((f"{kind}: few panels", check_few, out))
                table += [
                    (f"{kind}: every metric is shown", check_every_metric_is_shown, out, text),
                    (f"{kind}: scrape job", check_scrape_job, out),
                    (f"{kind}: opens on its job", check_job, out),
                    (f"{kind}: alerts", check_alerts, out),
                ]
                for state, working, problems in (("work", True, answers.working_problems), ("rest", False, answers.resting_problems)):
                    server = servers.enter_context(answers.prometheus(folder, f"{kind}-{state}", scraped(text), working))
                    table.append((f"{kind}: answers at {state}", check_answers, problems, server, out))
            table.append(("exported labels", check_exported, folder / "foreign"))
            table += [(f"moment: {sample}", check_moment, sample, is_moment) for sample, is_moment in MOMENTS]
            table += [(f"created: {what}", check_created, page, names) for what, page, names in CREATED]
            table += [(f"requests: {what}", check_chosen, *names) for what, *names in CHOSEN]
            table += [(f"requests that are counted by {what}", check_timed, *page) for what, *page in TIMED]
            table += [(f"refused: {what}", check_refused, folder, what, text, words) for what, text, words in REFUSED]
            table += [(f"misused: {words}", check_misused, folder, arguments, words) for arguments, words in MISUSED]
            return checks.report(table)


if __name__ == "__main__":
    sys.exit(main())
