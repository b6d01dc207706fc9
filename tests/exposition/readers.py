# SPDX-License-Identifier: MIT
"""What a page says, as other people's readers have it, the same for each format: {(name, labels): number} and
{family: (type, help, unit)}. Python's Prometheus client reads the text formats, Google's protobuf the other one. Times of series are
left out, for one format has no place for them."""

import ast
import math
import pathlib
import re
import subprocess
import tempfile

from google.protobuf import descriptor_pb2, descriptor_pool, message_factory
from prometheus_client.openmetrics.parser import text_string_to_metric_families as read_open_metrics
from prometheus_client.parser import text_string_to_metric_families as read_text


def sample(found, name, labels, value):
    """Adds one to those that were found."""
    if name.endswith("_created"):
        return
    labels = {key: text for key, text in labels.items() if text}  # an empty label is an absent one
    if "le" in labels:
        labels["le"] = repr(float(labels["le"]))
    key = (name, tuple(sorted(labels.items())))
    if key in found:
        raise ValueError(f"twice: {key}")
    found[key] = value


def by_parser(families):
    samples, about = {}, {}
    for family in families:
        about[family.name] = (family.type, family.documentation, family.unit)
        for one in family.samples:
            sample(samples, one.name, one.labels, one.value)
    return samples, about


def by_promtool(*pages, program="promtool"):
    """The samples of pages of OpenMetrics, [(labels, number)], with `__name__` among their labels. What promtool reads it makes a block
    of, for which each sample needs a time, another one for each page; what it has read it shows when it is asked for that block."""
    head = re.compile(r'(?m)^((?!#)[^{ \n]*(?:\{(?:[^"}]|"(?:[^"\\]|\\.)*")*\})? \S+)')
    timed = [head.sub(rf"\1 {time}", page.removesuffix("# EOF\n")) for time, page in enumerate(pages)]
    with tempfile.TemporaryDirectory() as folder:
        file, blocks = pathlib.Path(folder, "page"), pathlib.Path(folder, "blocks")
        file.write_text("".join(timed) + "# EOF\n", encoding="utf-8", newline="\n")
        pathlib.Path(blocks, "wal").mkdir(parents=True)  # which is asked for, too
        for command in (["create-blocks-from", "openmetrics", file, blocks], ["dump", blocks]):
            done = subprocess.run([program, "tsdb", *command], capture_output=True, timeout=60, check=False)
            if done.returncode != 0:
                raise ValueError(f"promtool: {done.stderr.decode()}")
    shown = re.findall(r"^\{(.*)\} (\S+) \d+$", done.stdout.decode(), re.MULTILINE)
    quoted = r'"(?:[^"\\]|\\.)*"'  # as Go does it, and Python reads it
    pair = re.compile(rf"(\w+|{quoted})=({quoted})")

    def name(text):
        return ast.literal_eval(text) if text.startswith('"') else text

    return [({name(key): ast.literal_eval(text) for key, text in pair.findall(labels)}, float(number)) for labels, number in shown]


def message_class():
    """MetricFamily as prometheus/client_model numbers its fields, of which we name those that can occur."""
    file = descriptor_pb2.FileDescriptorProto(name="m.proto", package="p", syntax="proto2")
    field = descriptor_pb2.FieldDescriptorProto
    kinds = {"string": field.TYPE_STRING, "double": field.TYPE_DOUBLE, "uint64": field.TYPE_UINT64, "int32": field.TYPE_INT32,
             "sint32": field.TYPE_SINT32, "sint64": field.TYPE_SINT64, "uint32": field.TYPE_UINT32}

    def message(name, *fields):
        one = file.message_type.add(name=name)
        for number, label, kind in fields:
            repeated = kind.startswith("*")
            kind = kind.lstrip("*")
            entry = one.field.add(name=label, number=number, label=field.LABEL_REPEATED if repeated else field.LABEL_OPTIONAL)
            if kind in kinds:
                entry.type = kinds[kind]
            else:
                entry.type, entry.type_name = field.TYPE_MESSAGE, f".p.{kind}"

    message("LabelPair", (1, "name", "string"), (2, "value", "string"))
    message("Timestamp", (1, "seconds", "uint64"), (2, "nanos", "int32"))
    message("Exemplar", (1, "label", "*LabelPair"), (2, "value", "double"), (3, "timestamp", "Timestamp"))
    message("Value", (1, "value", "double"), (2, "exemplar", "Exemplar"), (3, "created_timestamp", "Timestamp"))
    message("Bucket", (1, "cumulative_count", "uint64"), (2, "upper_bound", "double"), (3, "exemplar", "Exemplar"))
    message("BucketSpan", (1, "offset", "sint32"), (2, "length", "uint32"))
    message("Histogram", (1, "sample_count", "uint64"), (2, "sample_sum", "double"), (3, "bucket", "*Bucket"), (5, "schema", "sint32"),
            (6, "zero_threshold", "double"), (7, "zero_count", "uint64"), (9, "negative_span", "*BucketSpan"),
            (10, "negative_delta", "*sint64"), (12, "positive_span", "*BucketSpan"), (13, "positive_delta", "*sint64"),
            (15, "created_timestamp", "Timestamp"), (16, "exemplars", "*Exemplar"))
    message("Summary", (1, "sample_count", "uint64"), (2, "sample_sum", "double"), (4, "created_timestamp", "Timestamp"))
    message("Metric", (1, "label", "*LabelPair"), (2, "gauge", "Value"), (3, "counter", "Value"), (4, "summary", "Summary"), (7, "histogram", "Histogram"))
    message("MetricFamily", (1, "name", "string"), (2, "help", "string"), (3, "type", "int32"), (4, "metric", "*Metric"),
            (5, "unit", "string"))  # fmt: skip
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    return message_factory.MessageFactory(pool).GetPrototype(pool.FindMessageTypeByName("p.MetricFamily"))


def families_of(data):
    family_class = message_class()
    at = 0
    while at < len(data):
        size, shift = 0, 0
        while True:
            byte = data[at]
            at += 1
            size |= (byte & 127) << shift
            shift += 7
            if byte < 128:
                break
        yield family_class.FromString(data[at : at + size])
        at += size


def by_protobuf(data):
    samples, about = {}, {}
    for family in families_of(data):
        about[family.name] = ({0: "counter", 1: "gauge", 2: "summary", 4: "histogram"}[family.type], family.help, family.unit)
        for metric in family.metric:
            labels = {pair.name: pair.value for pair in metric.label}
            if family.type == 2:
                sample(samples, f"{family.name}_sum", labels, metric.summary.sample_sum)
                sample(samples, f"{family.name}_count", labels, metric.summary.sample_count)
                continue
            if family.type != 4:
                sample(samples, family.name, labels, (metric.counter if family.type == 0 else metric.gauge).value)
                continue
            for bucket in metric.histogram.bucket:
                sample(samples, f"{family.name}_bucket", labels | {"le": repr(bucket.upper_bound)}, bucket.cumulative_count)
            if not metric.histogram.bucket:  # native buckets alone, of which text has the last one
                sample(samples, f"{family.name}_bucket", labels | {"le": "inf"}, metric.histogram.sample_count)
            sample(samples, f"{family.name}_sum", labels, metric.histogram.sample_sum)
            sample(samples, f"{family.name}_count", labels, metric.histogram.sample_count)
    return samples, about


READERS = {
    "text": lambda data: by_parser(read_text(data.decode())),
    "open_metrics": lambda data: by_parser(read_open_metrics(data.decode())),
    "protobuf": by_protobuf,
}


def differences(samples, reference):
    """What one format says otherwise than the text page."""

    def same(a, b):
        return a == b or math.isnan(a) and math.isnan(b)

    problems = [f"only as text: {key}" for key in reference.keys() - samples.keys()]
    problems += [f"not as text: {key}" for key in samples.keys() - reference.keys()]
    problems += [
        f"{key}: {samples[key]!r} and as text {reference[key]!r}"
        for key in samples.keys() & reference.keys() if not same(samples[key], reference[key])
    ]  # fmt: skip
    return sorted(problems)


def differences_about(text, open_metrics, protobuf, special):
    """What the formats say otherwise of types, help texts and units. Text and protobuf know no infos and no state sets, which `special`
    names, and text no units; OpenMetrics names counters and infos without their ending."""
    problems = []
    for name, (kind, documentation, unit) in protobuf.items():
        base = name.removesuffix("_total") if kind == "counter" else name.removesuffix("_info")
        there, wanted = open_metrics.get(base), (special.get(name, kind), documentation, unit)
        if there != wanted:
            problems.append(f"{name}: {there} in OpenMetrics, {wanted} expected")
        # Python's reader of text takes the endings off as well.
        if text.get(base, text.get(name, (None, None)))[:2] != (kind, documentation):
            problems.append(f"{name}: {text.get(base)} as text, {(kind, documentation)} expected")
    if len(protobuf) != len(open_metrics) or len(protobuf) != len(text):
        problems.append(f"{len(text)}, {len(open_metrics)} and {len(protobuf)} families")
    return problems
