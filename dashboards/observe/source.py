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
ENDINGS = {
    "histogram": ("_bucket", "_sum", "_count"), "summary": ("_sum", "_count"), "counter": ("_total",), "info": ("_info",),
    "gaugehistogram": ("_bucket", "_gsum", "_gcount"),
}  # fmt: skip
COUNTING = ("counter", "histogram", "summary")
SHOWN = ("counter", "gauge", "histogram", "summary", "info")
SAMPLE = re.compile(r'([a-zA-Z_:][a-zA-Z0-9_:]*)(?:\{((?:[^"}]|"(?:\\.|[^"\\])*")*)\})?\s+(\S+)')
CLASSIC = re.compile(r"[a-zA-Z_:][a-zA-Z0-9_:]*")
LABEL = re.compile(r'([a-zA-Z_][a-zA-Z0-9_]*)="((?:\\.|[^"\\])*)"')
# What tells a moment from a duration: its value, which is of the years from 2001 to 2286, its name, its help text.
FIRST_MOMENT, LAST_MOMENT = 1e9, 1e10
MOMENT = re.compile(r"(timestamp|start_time|boot_time)_seconds$")
SINCE_1970 = re.compile(r"unix ?time|unix epoch|since (the )?epoch|\b1970\b", re.IGNORECASE)


class NoSource(Exception):
    """There is nothing to make a board from; the text says why."""


@dataclasses.dataclass
class Family:
    """A metric. `labels` has the values of each label, None where any text may come."""

    name: str
    type: str  # one of SHOWN; gaugehistogram if it is left out
    unit: str = ""
    help: str = ""
    labels: dict = dataclasses.field(default_factory=dict)
    bounds: list = dataclasses.field(default_factory=list)
    samples: int = 0  # on a page, at most; of a page that was read: now
    largest: float = 0  # value on a page that was read

    @property
    def anchor(self):
        """The name of samples that the family has in any case."""
        return self.name + ("_count" if self.type in ("histogram", "summary") else "")

    @property
    def is_moment(self):
        """Whether it is a point in time, in seconds since 1970, and not how long something takes."""
        if self.type != "gauge" or self.unit != "seconds":
            return False
        return bool(FIRST_MOMENT <= self.largest < LAST_MOMENT or MOMENT.search(self.name) or SINCE_1970.search(self.help))


@dataclasses.dataclass
class Source:
    """What panels can show, and in `left_out` what none can. `exact`: whether `samples` is the most that there can be."""

    families: list
    exact: bool
    left_out: list = dataclasses.field(default_factory=list)

    @property
    def samples(self):
        return sum(family.samples for family in (*self.families, *self.left_out))

    def named(self, name):
        return next((family for family in self.families if family.name == name), None)


def fetched(place):
    """The text behind an address, a file's name, or `-` for standard input."""
    if re.match(r"https?://", place):
        try:
            request = urllib.request.Request(place, headers={"Accept": "text/plain;version=0.0.4"})
            with urllib.request.urlopen(request, timeout=TIMEOUT_S) as answer:
                data = answer.read(MAX_BYTES)
        except (OSError, ValueError, http.client.HTTPException) as error:
            raise NoSource(f"it does not answer: {error}") from error
    else:
        try:
            with open(0 if place == "-" else place, "rb") as file:
                data = file.read(MAX_BYTES)
        except OSError as error:
            raise NoSource(f"it cannot be read: {error.strerror}") from error
    try:
        return data.decode("utf-8-sig")  # some begin with a byte order mark
    except UnicodeDecodeError as error:
        raise NoSource("it is not UTF-8") from error


def read(text):
    """A Source. Raises NoSource for what is neither a catalogue nor a page."""
    source = read_catalogue(text) if text.lstrip().startswith("{") else read_page(text)
    if not source.families:
        raise NoSource("there is no metric in it that a panel could show")
    return source


def scraped(source):
    """The source as Prometheus keeps it: job and instance are what it scraped, and labels of a page that are called so get other names.
    With honor_labels they would keep them, and no alert or panel of the job would find such series."""

    def renamed(family):
        return dataclasses.replace(family, labels={kept(label, family.labels): values for label, values in family.labels.items()})

    return dataclasses.replace(source, families=[renamed(family) for family in source.families])


def kept(label, others):
    """What Prometheus calls a label beside others of a page."""
    if label in ("job", "instance"):
        label = f"exported_{label}"
        while label in others:
            label = f"exported_{label}"
    return label


def only_classic(names, where):
    """Raises NoSource if a name is beyond the classic alphabet. It depends on the Prometheus, its version and its configuration,
    by which name it knows such a metric."""
    for name in names:
        if not CLASSIC.fullmatch(name):
            raise NoSource(
                f"{where}the name {name!r} is beyond the classic alphabet, and boards ask for classic names. Take a page in the text "
                "format 0.0.4, where it is escaped, and have Prometheus 3 scrape it so, with metric_name_escaping_scheme: underscores"
            )


def only_known(family, types, where):
    """Raises NoSource for a type that there is not. Prometheus takes nothing of such a page."""
    if family.type not in types:
        raise NoSource(f"{where}{family.name} is of the type {family.type!r}, which this version does not know")


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
        only_known(family, SHOWN, "")
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
    for number, line in enumerate(text.split("\n"), 1):  # splitlines() splits at characters that a label's value may hold
        line = line.removesuffix("\r")
        if quoted := quoted_name(line):
            only_classic((quoted,), f"line {number}: ")
        if line.startswith("# HELP "):
            name, _, helps_text = line[7:].partition(" ")
            helps[name] = helps_text.replace("\\n", " ").replace("\\\\", "\\").replace('\\"', '"')
        elif line.startswith("# TYPE "):
            name, _, kind = line[7:].partition(" ")
            family = Family(name, GAUGES.get(kind.strip(), kind.strip()))
            only_known(family, (*SHOWN, "gaugehistogram"), f"line {number}: ")
            families[name] = family
            order.append(family)
        elif line.strip() and not line.startswith("#"):
            try:
                name, labels, value = sample_in(line)
                family = owner(families, name)
                if family is None:
                    family = families[name] = Family(name, "gauge")
                    order.append(family)
                note(family, labels, value)
            except ValueError as error:
                raise NoSource(f"line {number} is no sample: {line[:80]!r}") from error
    for family in order:
        family.help = helps.get(family.name, helps.get(family.name.removesuffix("_total"), ""))
        family.unit = unit_of(family.name)
        family.bounds = sorted(family.bounds)
        family.labels = {name: None if len(values) > 1 and name in OPEN_BY_HABIT else values for name, values in family.labels.items()}
        if family.type == "gauge" and family.name.endswith("_info"):
            family.type = "info"
    met = [family for family in order if family.samples]
    return Source([family for family in met if family.type in SHOWN], False, [family for family in met if family.type not in SHOWN])


# Labels whose values a page cannot tell all of.
OPEN_BY_HABIT = {"handler", "path", "route", "endpoint", "uri", "url", "client", "queue", "topic", "table", "instance", "device"}


def sample_in(line):
    """(name, [(label, its value)], value). Raises ValueError if it is none."""
    match = SAMPLE.match(line)
    if not match:
        raise ValueError
    return match[1], LABEL.findall(match[2] or ""), float(match[3])


def owner(families, sample):
    """The family of a sample, None if there is none yet. Since when a counter counts is a sample of the counter."""
    counter = sample.removesuffix("_created")
    if counter != sample:
        for name in (counter, f"{counter}_total"):
            if name in families and families[name].type in COUNTING:
                return families[name]
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


def note(family, labels, number):
    """Takes a sample into its family. Raises ValueError for a bound that is no number."""
    family.samples += 1
    family.largest = max(family.largest, number)
    for label, value in labels:
        if label == "le" and family.type == "histogram":
            bound = float(value)
            if math.isfinite(bound) and bound not in family.bounds:
                family.bounds.append(bound)
        elif value and not (label == "quantile" and family.type == "summary"):  # an empty label is none
            values = family.labels.setdefault(label, [])
            if value not in values:
                values.append(value)
