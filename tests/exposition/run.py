#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Other people's readers read our pages, and find the same in each format: promtool, the parsers of Python's Prometheus client,
Google's protobuf, and two Prometheus that scrape them, the system's and the one that NEWER_PROMETHEUS names. PAGE names the program
that prints the pages. Of doubles see doubles.py, of label texts texts.py, of the pages of the library's own tests suite_pages.py.

The last line is `N passed, N failed`.
"""

import contextlib
import http.server
import json
import math
import os
import pathlib
import re
import socket
import subprocess
import sys
import tempfile
import threading
import time
import urllib.parse
import urllib.request

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests" / "harness"))
import checks
import doubles
import readers
import suite_pages
import texts

DEADLINE_S = 60  # a Prometheus that has not scraped by then is stuck
PROTOBUF = "application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited"
TYPES = {
    "text": ("", "text/plain; version=0.0.4; charset=utf-8"),
    "open_metrics": ("application/openmetrics-text;version=1.0.0", "application/openmetrics-text; version=1.0.0; charset=utf-8"),
    "protobuf": (PROTOBUF, "application/vnd.google.protobuf; proto=io.prometheus.client.MetricFamily; encoding=delimited"),
}  # fmt: skip


def page(accept):
    """(bytes, content type)."""
    done = subprocess.run([os.environ["PAGE"], accept], capture_output=True, timeout=checks.DEADLINE_S, check=True)
    return done.stdout, done.stderr.decode()


def sample_name(name):
    """OpenMetrics gives one of them that ending, and so does Python's reader of text."""
    return "oldName" if name == "oldName_total" else name


def read(name, data):
    """What a page of a format says; see readers.py."""
    try:
        samples, about = readers.READERS[name](data)
    except ValueError as wrong:
        raise checks.Failed(f"{name}: {wrong}") from wrong
    return {(sample_name(sample), labels): value for (sample, labels), value in samples.items()}, about


def differences(name, samples, reference):
    """What one format says otherwise than the text page. Of values below zero OpenMetrics has no sum."""
    if name == "open_metrics":
        reference = {key: value for key, value in reference.items()
                     if not key[0].endswith(("celsius_sum", "celsius_count")) or key[0] == "warmed_celsius_count"}  # fmt: skip
    return "".join(f"\n  {one}" for one in readers.differences(samples, reference)) or None


def check_format(name, data, content_type, reference):
    if content_type != TYPES[name][1]:
        return f"the content type is {content_type!r}"
    return differences(name, read(name, data)[0], reference)


def check_about(pages):
    """Types, help texts and units."""
    text, open_metrics, protobuf = (read(name, pages[name][0])[1] for name in ("text", "open_metrics", "protobuf"))
    problems = readers.differences_about(text, open_metrics, protobuf, {"build_info": "info", "door_lets_in": "stateset"})
    units = {name: unit for name, (_, _, unit) in open_metrics.items() if unit}
    if units.get("took_seconds") != "seconds" or units.get("busy_seconds") != "seconds" or units.get("drift_celsius") != "celsius":
        problems.append(f"units are {units}")
    return "".join(f"\n  {one}" for one in problems) or None


# --- Exemplars: {sample's name: (labels, value)}. An empty label is an absent one. ---

EXEMPLARS = {
    "drove_seconds_bucket": ({"trace_id": "last"}, 1000.0),
    "busy_seconds_total": ({"trace_id": "a\"b\\c\nd \U0001f4e6\ufffd\ufffd."}, 1.5),
    "took_seconds_bucket": ({"trace_id": "4bf92f3577b34da6a3ce929d0e0e4736"}, 2e6),
}


def check_exemplars(pages):
    """Both formats that have exemplars show these, of the time when the page was made."""
    problems = []

    def shown(format_name, name, labels, value, timestamp):
        if abs(timestamp - time.time()) > DEADLINE_S:
            problems.append(f"{format_name}: {name}: at {timestamp}")
        return {key: text for key, text in labels.items() if text}, value

    open_metrics = {
        one.name: shown("OpenMetrics", one.name, one.exemplar.labels, one.exemplar.value, float(one.exemplar.timestamp))
        for family in readers.read_open_metrics(pages["open_metrics"][0].decode()) for one in family.samples if one.exemplar
    }  # fmt: skip
    protobuf = {}
    for family in readers.families_of(pages["protobuf"][0]):
        for metric in family.metric:
            found = [bucket.exemplar for bucket in metric.histogram.bucket if bucket.HasField("exemplar")]
            found += metric.histogram.exemplars
            found += [metric.counter.exemplar] if metric.counter.HasField("exemplar") else []
            for one in found:
                name = family.name + ("_bucket" if family.type == 4 else "")
                labels = {pair.name: pair.value for pair in one.label}
                protobuf[name] = shown("protobuf", name, labels, one.value, one.timestamp.seconds + one.timestamp.nanos / 1e9)
    for name, found in (("OpenMetrics", open_metrics), ("protobuf", protobuf)):
        if found != EXEMPLARS:
            problems.append(f"{name}: {found}")
    return "".join(f"\n  {one}" for one in problems) or None


def check_created(pages):
    """Each series of what is counted says in both formats that have a place for it that it began when the page was made."""
    wanted, open_metrics, protobuf = set(), {}, {}

    def key(name, labels):
        return name.removesuffix("_total"), tuple(sorted((name, text) for name, text in labels.items() if text))

    for family in readers.read_open_metrics(pages["open_metrics"][0].decode()):
        counts = family.type in ("counter", "histogram", "summary") and not family.name.startswith(("flowviz_metrics", "disk_"))
        for one in family.samples:
            if one.name.endswith("_created"):
                open_metrics[key(family.name, one.labels)] = float(one.value)
            elif counts:
                wanted.add(key(family.name, {name: text for name, text in one.labels.items() if name != "le"}))
    for family in readers.families_of(pages["protobuf"][0]):
        for metric in family.metric:
            for value in (metric.counter, metric.histogram, metric.summary):
                if value.HasField("created_timestamp"):
                    labels = {pair.name: pair.value for pair in metric.label}
                    protobuf[key(family.name, labels)] = value.created_timestamp.seconds + value.created_timestamp.nanos / 1e9
    problems = []
    for name, found in (("OpenMetrics", open_metrics), ("protobuf", protobuf)):
        problems += [f"{name}: without a time: {one}" for one in wanted - found.keys()]
        problems += [f"{name}: with a time: {one}" for one in found.keys() - wanted]
        problems += [f"{name}: {one}: {at}" for one, at in found.items() if abs(at - time.time()) > DEADLINE_S]
    return "".join(f"\n  {one}" for one in problems) or None


# --- Names beyond the classic alphabet, which these readers do not know, by each scheme of escaping ---

UTF8_NAMES = ("http.server.requests_total", "http.route", "lot-type_\u00e4") + tuple(
    f"lasted long_seconds{ending}" for ending in ("_bucket", "_sum", "_count")
)
SCHEMES = {
    "underscores": lambda c: "_",
    "dots": lambda c: "_dot_" if c == "." else "__",
    "values": lambda c: "__" if c == "_" else f"_{ord(c):x}_",
}


def escaped(name, scheme):
    """What the scheme makes of a name that is not of the classic alphabet."""
    kept = r"[A-Za-z0-9_:]" if scheme == "underscores" else r"[A-Za-z0-9:]"
    ending = re.search("_(bucket|sum|count)$|$", name)[0]  # of samples, which comes after what is escaped
    body = name.removesuffix(ending) if ending else name
    text = "".join(c if re.fullmatch(kept, c) else SCHEMES[scheme](c) for c in body)
    return ("U__" if scheme == "values" else "") + text + ending


def check_escaped(scheme, reference):
    """Text and OpenMetrics by a scheme say what the page says for which nobody chose one, under the names of that scheme."""
    renamed = {escaped(name, "underscores"): escaped(name, scheme) for name in UTF8_NAMES}
    wanted = {
        (renamed.get(name, name), tuple(sorted((renamed.get(key, key), text) for key, text in labels))): value
        for (name, labels), value in reference.items()
    }  # fmt: skip
    if scheme != "underscores" and wanted.keys() == reference.keys():
        return "no name is escaped"
    problems = []
    for name, accept in (("text", "text/plain;version=1.0.0"), ("open_metrics", "application/openmetrics-text;version=1.0.0")):
        data, content_type = page(f"{accept};escaping={scheme}")
        if not content_type.endswith(f"; version=1.0.0; charset=utf-8; escaping={scheme}"):
            problems.append(f"{name}: the content type is {content_type!r}")
        problems.append(differences(name, read(name, data)[0], wanted))
        if name == "text":
            problems.append(check_promtool(data))
    return "".join(f"\n  {one}" for one in problems if one) or None


def check_promtool(data):
    done = subprocess.run(["promtool", "check", "metrics"], input=data, capture_output=True, timeout=checks.DEADLINE_S, check=False)
    said = done.stderr.decode().splitlines()
    # Names that were put there on purpose.
    rest = [line for line in said if not line.startswith(("oldName", "number_values"))]
    return None if done.returncode in (0, 3) and not rest else f"status {done.returncode}: {rest}"


# --- Prometheus ---


class Handler(http.server.BaseHTTPRequestHandler):
    asked = {}  # path: the Accept header of the last scrape

    def do_GET(self):  # noqa: N802 - the name is http.server's
        accept = self.headers.get("Accept", "")
        Handler.asked[self.path] = accept
        data, content_type = page(accept)
        self.send_response(200)
        self.send_header("Content-Type", content_type)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        with contextlib.suppress(BrokenPipeError):  # Prometheus has given up, or ended
            self.wfile.write(data)

    def log_message(self, *_):
        pass


def free_port():
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return free.getsockname()[1]


class Prometheus:
    """One that scrapes the pages, at a path of its own, until its `with` block ends."""

    def __init__(self, program, flags, target):
        self.version = re.search(r"version (\d+\.\d+)", checks.must([program, "--version"]))[1]
        self.path = f"/{self.version}{''.join(flags)}"
        self.port = free_port()
        self.folder = tempfile.TemporaryDirectory()
        home = self.folder.name
        config = {"global": {"scrape_interval": "1s"}, "scrape_configs": [
            {"job_name": "page", "metrics_path": self.path, "static_configs": [{"targets": [target]}]}
        ]}  # fmt: skip
        pathlib.Path(home, "prometheus.yml").write_text(json.dumps(config), encoding="utf-8")
        command = [program, f"--config.file={home}/prometheus.yml", f"--storage.tsdb.path={home}/data",
                   f"--web.listen-address=127.0.0.1:{self.port}", *flags]  # fmt: skip
        self.log = pathlib.Path(home, "log")
        with open(self.log, "w", encoding="utf-8") as log:
            self.process = subprocess.Popen(command, stdout=log, stderr=log, stdin=subprocess.DEVNULL)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait()
        self.folder.cleanup()

    def found(self, accepted):
        """What it knows after a scrape in the format that it asks for first: {(name, labels): number}."""
        deadline = time.monotonic() + DEADLINE_S
        while True:
            found = queried(self.port, '{job="page"}')
            if any(name == "oldName" for name, _ in found):
                break
            if self.process.poll() is not None or time.monotonic() > deadline:
                raise checks.Failed(f"Prometheus knows {len(found)} series\n{self.log.read_text(encoding='utf-8')[-2000:]}")
            time.sleep(0.05)
        if accepted not in Handler.asked[self.path].split(",")[0]:
            raise checks.Failed(f"it asked for {Handler.asked[self.path]}")
        self.require_exemplars(accepted)
        if accepted == "protobuf":
            require_natives(self.port)
        return found

    def require_exemplars(self, accepted):
        expected = dict(EXEMPLARS)
        native = expected["drove_seconds_bucket"]
        if accepted == "protobuf":  # in which it is one series
            del expected["drove_seconds_bucket"]
            if self.version != "2.42":  # which does not look for exemplars there
                expected["drove_seconds"] = native
        exemplars = {name: one for name in (*EXEMPLARS, "drove_seconds") for one in exemplars_in(self.port, name)}
        if accepted == "openmetrics":  # of which all of 2 keep the texts of exemplars as they stand, escapes and all
            exemplars = {name: ({key: unescaped(text) for key, text in labels.items()}, value)
                         for name, (labels, value) in exemplars.items()}  # fmt: skip
        if exemplars != expected:
            raise checks.Failed(f"the exemplars are {exemplars}")


def queried(port, expression):
    url = f"http://127.0.0.1:{port}/api/v1/query?" + urllib.parse.urlencode({"query": expression})
    try:
        with urllib.request.urlopen(url, timeout=10) as answer:
            data = json.load(answer)["data"]["result"]
    except OSError:
        return {}
    added = ("up", "scrape_duration_seconds", "scrape_samples_scraped", "scrape_samples_post_metric_relabeling", "scrape_series_added")
    found = {}
    for one in data:
        labels = one["metric"]
        name = labels.pop("__name__")
        if name not in added and "value" in one:
            del labels["job"], labels["instance"]
            readers.sample(found, sample_name(name), labels, float(one["value"][1]))
    return found


def unescaped(text):
    return re.sub(r"\\(.)", lambda found: "\n" if found[1] == "n" else found[1], text)


def exemplars_in(port, name):
    """(labels, value) of the exemplars that Prometheus keeps of a metric, by its API."""
    now = time.time()
    query = urllib.parse.urlencode({"query": name, "start": now - DEADLINE_S, "end": now + DEADLINE_S})
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/api/v1/query_exemplars?{query}", timeout=10) as answer:
        series = json.load(answer)["data"]
    return [
        ({key: text for key, text in one["labels"].items() if text}, float(one["value"]))
        for several in series for one in several["exemplars"]
    ]  # fmt: skip


# What page.cpp observes in its native histograms, and the schemas of their buckets.
NATIVES = {
    "drove_seconds{zone='a'}": (3, [0.001 * i * i for i in range(1, 1001)]),
    "drove_seconds{zone='b'}": (3, [0]),
    "sank_celsius": (3, [-3, 5]),
    "leaned_celsius": (5, [0.25 * i for i in range(-50, 101)]),
}


def require_natives(port):
    """A Prometheus has their buckets, count and sum; quantiles out of them are no further off than a bucket is wide."""

    def asked(query):
        url = f"http://127.0.0.1:{port}/api/v1/query?" + urllib.parse.urlencode({"query": query})
        with urllib.request.urlopen(url, timeout=10) as answer:
            (only,) = json.load(answer)["data"]["result"]
        return only

    def number(query):
        return float(asked(query)["value"][1])

    for series, (schema, values) in NATIVES.items():
        values = sorted(values)
        histogram = asked(series)["histogram"][1]
        if float(histogram["count"]) != len(values) or not math.isclose(float(histogram["sum"]), sum(values), abs_tol=1e-9):
            raise checks.Failed(f"{series}: {histogram['count']} observations with the sum {histogram['sum']}")
        if number(f"histogram_count({series})") != len(values):
            raise checks.Failed(f"{series}: another histogram_count")
        for rule, low, high, count in histogram["buckets"]:
            low, high = float(low), float(high)
            inside = [v for v in values if (low <= v if rule in (1, 3) else low < v) and (v <= high if rule in (0, 3) else v < high)]
            if len(inside) != int(count):
                raise checks.Failed(f"{series}: {count} from {low} to {high}, where there are {len(inside)}")
        width = 2 ** 2**-schema
        for quantile in (0.1, 0.25, 0.5, 0.75, 0.9, 0.95, 0.99, 1):
            # Where it falls between two values, each of them is one, and Prometheus 2.42 takes the lower, 2.53 the higher.
            low, high = values[math.ceil(quantile * len(values)) - 1], values[min(math.floor(quantile * len(values)), len(values) - 1)]
            estimate = number(f"histogram_quantile({quantile}, {series})")
            if not lowest_with(low, width) <= estimate <= -lowest_with(-high, width):
                raise checks.Failed(f"{series}: the quantile {quantile} is {low} to {high}, and {estimate} out of the buckets")


def lowest_with(value, width):
    """A number no higher than any in the bucket of a value. 0 is in one of its own."""
    return value / width if value > 0 else value * width if value else -(2.0**-128)


def check_prometheus(server, accepted, reference):
    if accepted == "protobuf":  # native buckets take the place of all other series of a histogram
        reference = {key: value for key, value in reference.items() if not key[0].startswith(("drove_seconds", "sank_celsius", "leaned_celsius"))}
    return differences("open_metrics" if accepted == "openmetrics" else accepted, server.found(accepted), reference)


FLAGS = {"openmetrics": ["--enable-feature=exemplar-storage"], "protobuf": ["--enable-feature=native-histograms,exemplar-storage"]}


def main():
    pages = {name: page(accept) for name, (accept, _) in TYPES.items()}
    reference = read("text", pages["text"][0])[0]
    with contextlib.ExitStack() as stack:
        served = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=served.serve_forever, daemon=True).start()
        stack.callback(served.shutdown)
        servers = [
            (stack.enter_context(Prometheus(program, flags, f"127.0.0.1:{served.server_port}")), accepted)
            for program in ("prometheus", os.environ["NEWER_PROMETHEUS"]) for accepted, flags in FLAGS.items()
        ]  # fmt: skip
        table = [(f"{name}: the same samples", check_format, name, *pages[name], reference) for name in TYPES]
        table += [
            ("types, help texts and units", check_about, pages),
            ("promtool has nothing against the text", check_promtool, pages["text"][0]),
            ("exemplars", check_exemplars, pages),
            ("when series began", check_created, pages),
            *((f"names escaped by {scheme}", check_escaped, scheme, reference) for scheme in SCHEMES),
            ("doubles in text are Go's and Python's", doubles.check_doubles, ""),
            ("doubles in OpenMetrics are Go's and Python's", doubles.check_doubles, doubles.OPEN_METRICS),
            ("pages of the library's tests", suite_pages.check_pages),
            *((f"label texts come back by {reader}", texts.check_texts, reader) for reader in texts.READERS),
            ("texts of exemplars come back", texts.check_exemplars),
            *((f"Prometheus {server.version} by {accepted}", check_prometheus, server, accepted, reference)
              for server, accepted in servers),
        ]  # fmt: skip
        return checks.report(table)


if __name__ == "__main__":
    sys.exit(main())
