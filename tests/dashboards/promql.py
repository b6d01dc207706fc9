# SPDX-License-Identifier: MIT
"""Reads PromQL far enough to say what is asked of which series, and which labels the answer carries.

promtool decides what is valid; what this reader does not know it refuses, so that no expression goes unread.
"""

import collections
import re

AGGREGATIONS = {"sum", "min", "max", "avg", "count", "group", "stddev", "topk", "bottomk", "quantile", "count_values"}
WITH_PARAMETER = {"topk", "bottomk", "quantile", "count_values"}
# What binds weakest comes first; ^ alone is read from the right, and nothing here uses it.
PRECEDENCE = [("or",), ("and", "unless"), ("==", "!=", "<=", ">=", "<", ">"), ("+", "-"), ("*", "/", "%")]
COMPARISONS = set(PRECEDENCE[2])
SET_OPERATIONS = {"or", "and", "unless"}

Number = collections.namedtuple("Number", "value")
String = collections.namedtuple("String", "value")
Selector = collections.namedtuple("Selector", "name matchers range")  # matchers: (label, operator, value)
Subquery = collections.namedtuple("Subquery", "inner range")
Call = collections.namedtuple("Call", "function arguments")
Aggregation = collections.namedtuple("Aggregation", "function grouping labels parameter inner")
Binary = collections.namedtuple("Binary", "operator left right matching labels group")


class Unreadable(Exception):
    """The text is no PromQL, or more of it than this reader knows."""


TOKEN = re.compile(
    r"""\s*(?:
      (?P<range>\[[^\]]*\])
    | (?P<string>"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')
    | (?P<number>(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?)
    | (?P<name>[A-Za-z_:][A-Za-z0-9_:]*)
    | (?P<sign>=~|!~|==|!=|<=|>=|[-+*/%^<>=(){},])
    )""",
    re.VERBOSE,
)


def tokens_of(text):
    found, position, end = [], 0, len(text.rstrip())
    while position < end:
        match = TOKEN.match(text, position)
        if not match:
            raise Unreadable(f"`{text[position:position + 20]}` is not understood")
        found.append((match.lastgroup, match[match.lastgroup]))
        position = match.end()
    return found


class Reader:
    def __init__(self, text):
        self.tokens = tokens_of(text)
        self.position = 0

    def peek(self, ahead=0):
        place = self.position + ahead
        return self.tokens[place][1] if place < len(self.tokens) else None

    def kind(self):
        return self.tokens[self.position][0] if self.position < len(self.tokens) else None

    def take(self, expected=None):
        token = self.peek()
        if token is None or (expected is not None and token != expected):
            raise Unreadable(f"`{expected or 'more'}` expected, not `{token}`")
        self.position += 1
        return token

    def taken(self, token):
        if self.peek() != token:
            return False
        self.position += 1
        return True

    def whole(self):
        node = self.binary(0)
        if self.peek() is not None:
            raise Unreadable(f"`{self.peek()}` is too much")
        return node

    def binary(self, level):
        if level == len(PRECEDENCE):
            return self.unary()
        left = self.binary(level + 1)
        while self.peek() in PRECEDENCE[level] and self.kind() in ("sign", "name"):
            operator = self.take()
            if self.taken("bool"):
                raise Unreadable("`bool` is not known here")
            matching, labels, group = None, (), None
            if self.peek() in ("on", "ignoring"):
                matching, labels = self.take(), self.labels()
            if self.peek() in ("group_left", "group_right"):
                group = (self.take(), self.labels() if self.peek() == "(" else ())
            left = Binary(operator, left, self.binary(level + 1), matching, labels, group)
        return left

    def unary(self):
        if self.peek() in ("-", "+"):
            sign = self.take()
            return Binary(sign, Number(0), self.unary(), None, (), None)
        node = self.primary()
        while self.kind() == "range":
            text = self.take()[1:-1]
            node = Subquery(node, text) if ":" in text else self.with_range(node, text)
        if self.peek() in ("offset", "@"):
            raise Unreadable("`offset` is not known here")
        return node

    @staticmethod
    def with_range(node, text):
        if not isinstance(node, Selector) or node.range:
            raise Unreadable(f"a range [{text}] belongs to a selector")
        return node._replace(range=text)

    def primary(self):
        kind = self.kind()
        if kind == "number":
            return Number(float(self.take()))
        if kind == "string":
            return String(self.take()[1:-1])
        if self.taken("("):
            node = self.binary(0)
            self.take(")")
            return node
        if self.peek() == "{":
            return self.selector("")
        if kind != "name":
            raise Unreadable(f"`{self.peek()}` begins nothing")
        name = self.take()
        if name in AGGREGATIONS and self.peek() in ("(", "by", "without"):
            return self.aggregation(name)
        if self.taken("("):
            return Call(name, tuple(self.listed(lambda: self.binary(0), ")")))
        return self.selector(name)

    def listed(self, read, end):
        items = []
        while not self.taken(end):
            items.append(read())
            if self.peek() != end:
                self.take(",")
        return items

    def labels(self):
        self.take("(")
        return tuple(self.listed(self.take, ")"))

    def aggregation(self, name):
        grouping, labels = None, ()
        if self.peek() in ("by", "without"):
            grouping, labels = self.take(), self.labels()
        self.take("(")
        arguments = self.listed(lambda: self.binary(0), ")")
        if self.peek() in ("by", "without"):
            grouping, labels = self.take(), self.labels()
        if len(arguments) != (2 if name in WITH_PARAMETER else 1):
            raise Unreadable(f"{name} with {len(arguments)} arguments")
        return Aggregation(name, grouping, labels, arguments[0] if len(arguments) == 2 else None, arguments[-1])

    def selector(self, name):
        matchers = []
        if self.taken("{"):
            matchers = self.listed(self.matcher, "}")
        return Selector(name, tuple(matchers), None)

    def matcher(self):
        label, operator = self.take(), self.take()
        if operator not in ("=", "!=", "=~", "!~") or self.kind() != "string":
            raise Unreadable(f"{label} {operator} is no matcher")
        return label, operator, self.take()[1:-1].replace("\\\\", "\\")


def read(text):
    return Reader(text).whole()


def children(node):
    if isinstance(node, Binary):
        return [node.left, node.right]
    if isinstance(node, Call):
        return list(node.arguments)
    if isinstance(node, (Aggregation, Subquery)):
        return [node.inner]
    return []


def walk(node):
    yield node
    for child in children(node):
        yield from walk(child)
