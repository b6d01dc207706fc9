# SPDX-License-Identifier: MIT
"""Which metrics there are: out of a catalogue, as flowviz::to_json writes it, or out of a /metrics page of any program."""

import dataclasses
import http.client
import json
import math
import re
import urllib.error
import urllib.request

TIMEOUT_S = 10
MAX_BYTES = 64 << 20
UNITS = ("seconds", "bytes", "ratio", "celsius", "meters", "volts", "amperes", "joules", "grams", "hertz", "watts")
# Types that are shown as gauges are.
GAUGES = {"untyped": "gauge", "unknown": "gauge", "stateset": "gauge"}
# What the samples of a family may be called beyond its own name.
ENDINGS = {"histogram": ("_bucket", "_sum", "_count"), "summary": ("_sum", "_count"), "counter": ("_total",), "info": ("_info",)}
SAMPLE = re.compile(r'([a-zA-Z_:][a-zA-Z0-9_:]*)(?:\{((?:[^"}]|"(?:\\.|[^"\\])*")*)\})?\s+(\S+)')
CLASSIC = re.compile(r"[a-zA-Z_:][a-zA-Z0-9_:]*")
LABEL = re.compile(r'([a-zA-Z_][a-zA-Z0-9_]*)="((?:\\.|[^"\\])*)"')


class NoSource(Exception):
    """There is nothing to make a board from; the text says why."""


@dataclasses.dataclass
class Family:
    """A metric. `labels` has the values of each label, None where any text may come."""

    name: str
    type: str  # counter, gauge, histogram, summary or info
    unit: str = ""
    help: str = ""
    labels: dict = dataclasses.field(default_factory=dict)
    bounds: list = dataclasses.field(default_factory=list)
    samples: int = 0  # on a page, at most; of a page that was read: now

    @property
    def anchor(self):
        """The name of samples that the family has in any case."""
        return self.name + ("_count" if self.type in ("histogram", "summary") else "")


@dataclasses.dataclass
class Source:
    """`exact`: whether `samples` is the most that there can be."""

    families: list
    exact: bool

    @property
    def samples(self):
        return sum(family.samples for family in self.families)

    def named(self, name):
        return next((family for family in self.families if family.name == name), None)


def fetched(place):
    """The text behind an address, a file's name, or `-` for standard input."""
    if re.match(r"https?://", place):
        request = urllib.request.Request(place, headers={"Accept": "text/plain;version=0.0.4"})
        try:
            with urllib.request.urlopen(request, timeout=TIMEOUT_S) as answer:
                data = answer.read(MAX_BYTES)
        except (OSError, ValueError, OverflowError, http.client.HTTPException) as error:
            raise NoSource(f"it does not answer: {error}") from error
    else:
        try:
            with open(0 if place == "-" else place, "rb") as file:
                data = file.read(MAX_BYTES)
        except OSError as error:
            raise NoSource(f"it cannot be read: {error.strerror}") from error
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise NoSource("it is not UTF-8") from error


def read(text):
    """A Source. Raises NoSource for what is neither a catalogue nor a page."""
    source = read_catalogue(text) if text.lstrip().startswith("{") else read_page(text)
    if not source.families:
        raise NoSource("there is no metric in it")
    return source


def only_classic(names, where):
    """Raises NoSource if a name is beyond the classic alphabet. It depends on the Prometheus, its version and its configuration,
    by which name it knows such a metric."""
    for name in names:
        if not CLASSIC.fullmatch(name):
            raise NoSource(
                f"{where}the name {name!r} is beyond the classic alphabet, and boards ask for classic names. Take a page in the text "
                "format 0.0.4, where it is escaped, and have Prometheus 3 scrape it so, with metric_name_escaping_scheme: underscores"
            )


def unit_of(name):
    last = name.removesuffix("_total").rpartition("_")[2]
    return last if last in UNITS else ""


def read_catalogue(text):
    try:
        metrics = json.loads(text)["metrics"]
        families = [
            Family(
                one["name"], GAUGES.get(one["type"], one["type"]), one["unit"], one["help"],
                {label["name"]: None if label["open"] and len(label["values"]) < label["cap"] else label["values"] for label in one["labels"]}
                | {name: [value] for name, value in one["constant_labels"].items()},
                one["bounds"], one["max_samples"],
            )
            for one in metrics
        ]  # fmt: skip
    except (ValueError, KeyError, TypeError) as error:
        raise NoSource(f"this is JSON, and no catalogue: {error!r}") from error
    for family in families:
        only_classic((family.name, *family.labels), "")
    return Source(families, True)


def quoted_name(line):
    """The name that a line has between quotation marks, or None if it has none."""
    if metadata := re.match(r'# (?:HELP|TYPE|UNIT) "((?:\\.|[^"\\])*)"', line):
        return metadata[1]
    labels = re.match(r"[a-zA-Z0-9_:]*\{", line)
    if line.startswith("#") or not labels:
        return None
    rest = line[labels.end() :]
    while rest and not rest.startswith("}"):
        name = re.match(r'\s*(?:"((?:\\.|[^"\\])*)"|[a-zA-Z0-9_]+)\s*(?:=\s*"(?:\\.|[^"\\])*"\s*)?,?\s*', rest)
        if not name or name[1] is not None:
            return name and name[1]
        rest = rest[name.end() :]
    return None


def read_page(text):
    """The text format 0.0.4, and OpenMetrics as far as both are alike. Of labels a page has only the values met so far."""
    families, helps = {}, {}
    order = []
    for number, line in enumerate(text.splitlines(), 1):
        if quoted := quoted_name(line):
            only_classic((quoted,), f"line {number}: ")
        if line.startswith("# HELP "):
            name, _, helps_text = line[7:].partition(" ")
            helps[name] = helps_text.replace("\\n", " ").replace("\\\\", "\\").replace('\\"', '"')
        elif line.startswith("# TYPE "):
            name, _, kind = line[7:].partition(" ")
            family = Family(name, GAUGES.get(kind.strip(), kind.strip()))
            if family.type not in ("counter", "gauge", "histogram", "summary", "info"):
                raise NoSource(f"line {number}: this version knows no type {family.type!r}")
            families[name] = family
            order.append(family)
        elif line.strip() and not line.startswith("#"):
            sample = SAMPLE.match(line)
            if not sample:
                raise NoSource(f"line {number} is no sample: {line[:80]!r}")
            family = owner(families, sample[1])
            if family is None:
                family = families[sample[1]] = Family(sample[1], "gauge")
                order.append(family)
            note(family, *sample.groups())
    for family in order:
        family.help = helps.get(family.name, helps.get(family.name.removesuffix("_total"), ""))
        family.unit = unit_of(family.name)
        family.bounds = sorted(family.bounds)
        family.labels = {name: None if len(values) > 1 and name in OPEN_BY_HABIT else values for name, values in family.labels.items()}
        if family.type == "gauge" and family.name.endswith("_info"):
            family.type = "info"
    return Source([family for family in order if family.samples], False)


# Labels whose values a page cannot tell all of.
OPEN_BY_HABIT = {"handler", "path", "route", "endpoint", "uri", "url", "client", "queue", "topic", "table", "instance", "device"}


def owner(families, sample):
    if sample in families:
        return families[sample]
    for kind, endings in ENDINGS.items():
        for ending in endings:
            family = families.get(sample.removesuffix(ending))
            if sample.endswith(ending) and family and family.type == kind:
                if kind in ("counter", "info"):  # OpenMetrics names the family without it
                    family.name = sample
                return family
    return None


def note(family, name, labels, _value):
    family.samples += 1
    for label, value in LABEL.findall(labels or ""):
        if label == "le" and family.type == "histogram":
            bound = float(value)
            if math.isfinite(bound) and bound not in family.bounds:
                family.bounds.append(bound)
        elif not (label == "quantile" and family.type == "summary"):
            values = family.labels.setdefault(label, [])
            if value not in values:
                values.append(value)
