# SPDX-License-Identifier: MIT
"""What is wrong with an expression, given the metrics there are: names, labels and values that nothing has, rates of gauges,
bare counters, quantiles of no histogram, ratios whose sides never match, sums of what every instance reports alike."""

import collections
import re

import promql
from promql import Aggregation, Binary, Call, Number, Selector, String

TARGET_LABELS = frozenset({"job", "instance"})  # what Prometheus adds, unless an entry has `targets` of its own
OF_COUNTERS = {"rate", "increase", "irate", "resets"}
OF_GAUGES = {"deriv", "delta", "idelta", "predict_linear", "avg_over_time", "min_over_time", "max_over_time", "quantile_over_time"}
OF_ANY = {"changes", "count_over_time", "last_over_time", "present_over_time"}
SAME_LABELS = {"clamp_min", "clamp_max", "clamp", "abs", "ceil", "floor", "round", "sort", "sort_desc", "timestamp"}
PARTS = {"_bucket": {"le"}, "_sum": set(), "_count": set()}

# A series' metric: its entry in the catalogue, the part of a histogram or "", and its labels.
Named = collections.namedtuple("Named", "entry part labels")
# What an expression yields: None for a number or text, else its labels; `grouped` if an aggregation chose them.
Vector = collections.namedtuple("Vector", "labels grouped")


def find(catalogue, name):
    """The metric that a series of this name is of, or None."""
    entry = catalogue.get(name)
    if entry is not None:
        labels = frozenset(entry["labels"]) | frozenset(entry.get("targets", TARGET_LABELS))
        return None if entry["type"] == "histogram" else Named(entry, "", labels)
    for part, more in PARTS.items():
        base = catalogue.get(name.removesuffix(part)) if name.endswith(part) else None
        if base is not None and base["type"] == "histogram":
            return Named(base, part, frozenset(base["labels"]) | TARGET_LABELS | more)
    return None


class Meaning:
    """Walks an expression; `complain(rule, text)` hears what is wrong."""

    def __init__(self, catalogue, complain, is_stand_in):
        self.catalogue, self.complain, self.is_stand_in = catalogue, complain, is_stand_in

    def of(self, node, above=()):
        """The Vector of an expression. `above`: the nodes around it, the nearest last."""
        if isinstance(node, (Number, String)):
            return None
        return getattr(self, type(node).__name__.lower())(node, above)

    # --- Series ---

    def selector(self, node, above):
        if not node.name:
            self.matchers(node, {label: None for label in TARGET_LABELS | {"__name__"}}, None)
            return Vector(TARGET_LABELS | {"__name__"}, False)
        named = find(self.catalogue, node.name)
        if named is None:
            self.complain("metric", f"nothing exposes {node.name}")
            return Vector(TARGET_LABELS, False)
        values = dict.fromkeys(named.labels) | named.entry["labels"]
        self.matchers(node, values, named)
        self.use(node, named, above)
        self.alike(node, named, above)
        return Vector(named.labels, False)

    def matchers(self, node, values, named):
        for label, operator, text in node.matchers:
            if label not in values:
                self.complain("label", f"{node.name} has no label {label}")
            elif label == "le":
                self.bound(node, operator, text, named.entry["bounds"])
            elif re.fullmatch("[1-5]xx", text):
                self.complain("status-class", f'{label}="{text}" finds nothing where statuses are exact: say =~"{text[0]}.."')
            elif values[label] is not None and not self.is_stand_in(text):
                matched = [v for v in values[label] if (v == text if operator[-1] == "=" else re.fullmatch(text, v))]
                if not matched:
                    self.complain("label-value", f'{label} of {node.name} is never "{text}": it is one of {values[label]}')

    def bound(self, node, operator, text, bounds):
        texts = [one.replace("\\.", ".") for one in text.split("|")] if operator == "=~" else [text]
        try:
            numbers = {float(one) for one in texts}
        except ValueError:
            numbers = set()
        if operator not in ("=", "=~") or len(numbers) != 1 or not numbers <= set(bounds):
            self.complain("bound", f'le="{text}" is no bound of {node.name}: {bounds}')
        elif operator == "=~" and re.search(r"(?<!\\)\.", text):
            self.complain("bound", f'le=~"{text}" of {node.name}: 1.0 is 100, too; say 1\\\\.0')
        elif min(numbers).is_integer() and set(texts) != {f"{min(numbers):g}", f"{min(numbers):g}.0"}:
            self.complain("bound", f'le="{text}" of {node.name}: some releases of Prometheus say 1, others 1.0; match both')

    def use(self, node, named, above):
        """Counters are only looked at through rates, gauges never."""
        counter = named.entry["type"] != "gauge"
        function = above[-1].function if above and isinstance(above[-1], Call) else None
        if counter and function in OF_GAUGES or not counter and function in OF_COUNTERS:
            kind = "counter" if counter else "gauge"
            self.complain("rate", f"{function} over {node.name}, which is a {kind}")
        elif counter and function not in OF_COUNTERS | OF_ANY:
            self.complain("bare-counter", f"{node.name} is a counter: its value alone says how long ago it was started")
        if named.part == "_bucket" and not any(label == "le" for label, _, _ in node.matchers):
            nearest = next((one for one in reversed(above) if isinstance(one, Aggregation)), None)
            if nearest is None or nearest.grouping != "by" or "le" not in nearest.labels:
                self.complain("buckets", f"{node.name} is added up over le, though each bucket holds the smaller ones")

    def alike(self, node, named, above):
        nearest = next((one.function for one in reversed(above) if isinstance(one, Aggregation)), None)
        if named.entry.get("same") and nearest not in ("max", "min"):
            self.complain("alike", f"every instance reports the same {node.name}: take max, not {nearest or 'all of them'}")

    # --- Functions ---

    def subquery(self, node, above):
        return self.of(node.inner, (*above, node))

    def call(self, node, above):
        name, arguments = node.function, node.arguments
        inside = (*above, node)
        if name in OF_COUNTERS | OF_GAUGES | OF_ANY:
            ranged = [one for one in arguments if not isinstance(one, Number)]
            if len(ranged) != 1 or not isinstance(ranged[0], Selector) or not ranged[0].range:
                self.complain("rate-first", f"{name} is taken of something else than a series: rates come before sums")
            return self.of(ranged[0], inside) if ranged else None
        if name == "histogram_quantile":
            return self.quantile(node, inside)
        if name in SAME_LABELS:
            results = [self.of(one, inside) for one in arguments]
            return results[0]
        if name == "label_replace":
            inner = self.of(arguments[0], inside)
            labels = frozenset() if inner is None else inner.labels
            if arguments[3].value and arguments[3].value not in labels:
                self.complain("label", f"label_replace reads {arguments[3].value}, which is none of {sorted(labels)}")
            return Vector(labels | {arguments[1].value}, inner is not None and inner.grouped)
        if name == "vector":
            return Vector(frozenset(), True)
        if name == "time":
            return None
        self.complain("unreadable", f"the function {name} is not known to this linter")
        return Vector(frozenset(), False)

    def quantile(self, node, inside):
        share, inner = node.arguments
        if not isinstance(share, Number) or not 0 < share.value < 1:
            self.complain("quantile", "a quantile is a number between 0 and 1")
        result = self.of(inner, inside)
        series = [one for one in promql.walk(inner) if isinstance(one, Selector)]
        form = isinstance(inner, Aggregation) and inner.function == "sum" and isinstance(inner.inner, Call)
        if not form or "le" not in result.labels or inner.inner.function not in ("rate", "increase"):
            self.complain("quantile", "a quantile is taken of sum by (le, ...) (rate(..._bucket[...]))")
        for one in series:
            named = find(self.catalogue, one.name)
            if named is not None and named.part != "_bucket":
                self.complain("quantile", f"{one.name} has no buckets")
        return Vector(result.labels - {"le"}, result.grouped)

    def aggregation(self, node, above):
        inner = self.of(node.inner, (*above, node))
        labels = frozenset() if inner is None else inner.labels
        for label in node.labels:
            if label not in labels:
                self.complain("label", f"{node.function} {node.grouping} ({label}): there are only {sorted(labels)}")
        quantiles = any(isinstance(one, Call) and one.function == "histogram_quantile" for one in promql.walk(node.inner))
        if node.function in ("sum", "avg") and quantiles:
            self.complain("quantile", f"a {node.function} of quantiles is no quantile: add the buckets up first")
        if node.function in ("topk", "bottomk"):
            return inner
        if node.grouping == "without":
            return Vector(labels - set(node.labels), False)
        return Vector(frozenset(node.labels) & labels, True)

    # --- Operators ---

    def binary(self, node, above):
        inside = (*above, node)
        left, right = self.of(node.left, inside), self.of(node.right, inside)
        if node.operator == "/" and right is not None:
            self.divisor(node.right)
        if left is None or right is None:
            return left or right
        if node.operator == "or" and not right.labels:  # `or vector(0)`
            return left
        return self.matched(node, left, right)

    def divisor(self, node):
        """Rates can all be 0, and 0 / 0 is NaN."""
        guarded = isinstance(node, Binary) and node.operator in (">", "!=") and node.right == Number(0)
        if not guarded and any(isinstance(one, Call) and one.function in OF_COUNTERS for one in promql.walk(node)):
            self.complain("divisor", "without traffic the divisor is 0 and the answer NaN: divide by (... > 0)")

    def matched(self, node, left, right):
        if node.matching == "on":
            absent = [one for one in node.labels if one not in left.labels or one not in right.labels]
            if absent:
                self.complain("label", f"on ({', '.join(absent)}): one of the sides has no such label")
            labels = frozenset(node.labels)
        else:
            drop = frozenset(node.labels)
            if left.labels - drop != right.labels - drop and node.group is None:
                sides = f"{sorted(left.labels - drop)} and {sorted(right.labels - drop)}"
                self.complain("sides", f"the sides of {node.operator} have different labels, {sides}: they never match")
            labels = left.labels - drop
        if node.group is not None:
            labels = (left if node.group[0] == "group_left" else right).labels | set(node.group[1])
        if node.operator in promql.SET_OPERATIONS and node.operator != "or":
            return left
        return Vector(labels, left.grouped and right.grouped)
