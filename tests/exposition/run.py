#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Other people's readers read our pages, and find the same in each format: promtool, the parsers of Python's Prometheus client,
Google's protobuf, and Prometheus that scrapes them: the system's, and those that NEWER_PROMETHEUS and PROMETHEUS_3 name. PAGE names
the program that prints the pages. Of doubles see doubles.py, of label texts texts.py, of the pages of the library's own tests
suite_pages.py, which PROMTOOL_3 reads as well.

The last line is `N passed, N failed`.
"""

import contextlib
import math
import os
import pathlib
import re
import subprocess
import sys
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests" / "harness"))
import checks
import doubles
import prometheus
import readers
import suite_pages
import texts

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
        if abs(timestamp - time.time()) > prometheus.DEADLINE_S:
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
        problems += [f"{name}: {one}: {at}" for one, at in found.items() if abs(at - time.time()) > prometheus.DEADLINE_S]
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


def renamed(samples, names):
    """Samples with those of their names and their labels' names replaced that `names` has."""
    return {
        (names.get(name, name), tuple(sorted((names.get(key, key), text) for key, text in labels))): value
        for (name, labels), value in samples.items()
    }  # fmt: skip


def check_escaped(scheme, reference):
    """Text and OpenMetrics by a scheme say what the page says for which nobody chose one, under the names of that scheme."""
    wanted = renamed(reference, {escaped(name, "underscores"): escaped(name, scheme) for name in UTF8_NAMES})
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

# How the Accept header begins of a Prometheus that asks for a format first, and what it has to be told for that: flags and settings.
OPEN_METRICS, KEEP_EXEMPLARS = "application/openmetrics-text;version=1.0.0", "--enable-feature=exemplar-storage"
BY_PROTOBUF = (PROTOBUF, ["--enable-feature=native-histograms,exemplar-storage"], {})
WAYS = {"OpenMetrics": (OPEN_METRICS, [KEEP_EXEMPLARS], {}), "protobuf": BY_PROTOBUF}
# 3 takes names beyond the classic alphabet as they are, if it is not told otherwise; for protobuf it does not say so in its header.
AS_THEY_ARE = ";escaping=allow-utf-8"
WAYS_OF_3 = {
    "OpenMetrics": (OPEN_METRICS + AS_THEY_ARE, [KEEP_EXEMPLARS], {}),
    "OpenMetrics with names escaped": (OPEN_METRICS + ";escaping=underscores", [KEEP_EXEMPLARS],
                                       {"metric_name_validation_scheme": "legacy", "metric_name_escaping_scheme": "underscores"}),
    "text": ("text/plain;version=1.0.0" + AS_THEY_ARE, [], {"scrape_protocols": ["PrometheusText1.0.0"]}),
    "protobuf": BY_PROTOBUF,
}  # fmt: skip


class Scraper:
    """A Prometheus that scrapes the page in one of these ways."""

    def __init__(self, stack, pages, program, way):
        self.pages, self.way = pages, way
        self.version = prometheus.version_of(program)
        self.accept, flags, options = (WAYS_OF_3 if self.version >= (3, 0) else WAYS)[way]
        self.path = f"/{self}".replace(" ", "-")
        job = {"job_name": "page", "metrics_path": self.path, "static_configs": [{"targets": [pages.target]}], **options}
        self.server = stack.enter_context(prometheus.Prometheus(program, [job], *flags))

    def __str__(self):
        return f"Prometheus {self.version[0]}.{self.version[1]} by {self.way}"

    def check(self, reference):
        """What it knows after a scrape is what the page says for which nobody chose a format."""
        found = self.server.wait_for(self._samples, "scraped")
        if not self.pages.asked.get(self.path, "").startswith((f"{self.accept};q=", f"{self.accept},")):
            raise checks.Failed(f"it asked for {self.pages.asked.get(self.path)}")
        if self.accept.endswith(AS_THEY_ARE):
            reference = renamed(reference, {escaped(name, "underscores"): name for name in UTF8_NAMES})
        if self.way == "protobuf":  # native buckets take the place of all other series of a histogram
            reference = {key: value for key, value in reference.items()
                         if not key[0].startswith(("drove_seconds", "sank_celsius", "leaned_celsius"))}  # fmt: skip
            require_natives(self.server)
        self._require_exemplars()
        return differences("open_metrics" if self.accept.startswith(OPEN_METRICS) else self.way, found, reference)

    def _samples(self):
        found = {}
        for name, labels, value in self.server.samples('{job="page"}', {("job", "page"), ("instance", self.pages.target)}):
            readers.sample(found, sample_name(name), labels, float(value))
        return found if any(name == "oldName" for name, _ in found) else None

    def _require_exemplars(self):
        expected = {} if self.way == "text" else dict(EXEMPLARS)
        if self.way == "protobuf":  # in which it is one series
            native = expected.pop("drove_seconds_bucket")
            if self.version > (2, 42):  # which does not look for exemplars there
                expected["drove_seconds"] = native
        exemplars = {name: one for name in (*EXEMPLARS, "drove_seconds") for one in self.server.exemplars(name)}
        if self.accept.startswith(OPEN_METRICS):  # of which all of them keep the texts of exemplars as they stand, escapes and all
            exemplars = {name: ({key: unescaped(text) for key, text in labels.items()}, value)
                         for name, (labels, value) in exemplars.items()}  # fmt: skip
        if exemplars != expected:
            raise checks.Failed(f"the exemplars are {exemplars}")


def unescaped(text):
    return re.sub(r"\\(.)", lambda found: "\n" if found[1] == "n" else found[1], text)


# What page.cpp observes in its native histograms, and the schemas of their buckets.
NATIVES = {
    "drove_seconds{zone='a'}": (3, [0.001 * i * i for i in range(1, 1001)]),
    "drove_seconds{zone='b'}": (3, [0]),
    "sank_celsius": (3, [-3, 5]),
    "leaned_celsius": (5, [0.25 * i for i in range(-50, 101)]),
}


def require_natives(server):
    """A Prometheus has their buckets, count and sum; quantiles out of them are no further off than a bucket is wide."""

    def asked(query):
        found = server.query(query)
        if len(found) != 1:
            raise checks.Failed(f"{query}: {found}")
        return found[0]

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


def main():
    pages = {name: page(accept) for name, (accept, _) in TYPES.items()}
    reference = read("text", pages["text"][0])[0]
    with contextlib.ExitStack() as stack:
        served = stack.enter_context(prometheus.Pages(lambda _, accept: page(accept)))
        programs = ["prometheus", os.environ["NEWER_PROMETHEUS"], os.environ["PROMETHEUS_3"]]
        scrapers = [Scraper(stack, served, program, way) for program in programs[:2] for way in WAYS]
        scrapers += [Scraper(stack, served, programs[2], way) for way in WAYS_OF_3]
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
            *((str(one), one.check, reference) for one in scrapers),
        ]  # fmt: skip
        return checks.report(table)


if __name__ == "__main__":
    sys.exit(main())
