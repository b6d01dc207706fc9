# SPDX-License-Identifier: MIT
"""Label texts, of series and of exemplars, as they are put in against what Python's readers and promtool give back of the pages. TEXTS
names the program that prints these."""

import os
import re
import struct
import subprocess

import checks
import readers

OPEN_METRICS = "application/openmetrics-text;version=1.0.0"


def by_parser(families):
    return [(one.labels, one.value) for family in families for one in family.samples]


# The format that each is for, and the labels and numbers that it finds on a page.
READERS = {
    "Python from the text": ("", lambda page: by_parser(readers.read_text(page))),
    "Python from OpenMetrics": (OPEN_METRICS, lambda page: by_parser(readers.read_open_metrics(page))),
    "promtool from OpenMetrics": (OPEN_METRICS, readers.by_promtool),
}
LIMIT = 1024  # bytes

# What comes back as it is.
KEPT = [
    "", " ", "plain", '"', '""', 'a"b', "\\", "\\\\", "a\\", '\\"', "\\n", "\\\\n", "\n", "a\nb\n\n", "\n\\\n\"\\\"\n", "\t", "a\tb",
    "}", "{", "},", '",x="y', 'le="+Inf"', "=", ",", "#", " # {} 1", "# EOF", "\n# EOF\n", "1 2", "NaN", "'", "`", "%s", "$1",
    "\0", "nul\0in it", "\x01\x1f\x7f", "\x85", "\u00a0", "\u2028\u2029", "\v\f\x1c",
    "Z\u00fcrich", "\u6e29\u5ea6", "\U0001f4e6", "\U0001f469\u200d\U0001f52c", "e\u0301", "\ufeff", "\ufffd kept", "\U0010ffff", "\ud7ff\ue000",
    "\u202eright to left", "\u200fRLM\u200e", "\u2066isolated\u2069", "\u05e9\u05dc\u05d5\u05dd \u202bRLE\u202c", "_other_", "__name__",
    "x" * LIMIT, "\u00fc" * (LIMIT // 2), "\U0001f4e6" * (LIMIT // 4), '"' * LIMIT, "\\" * LIMIT, "\n" * LIMIT,
]  # fmt: skip
# What is not UTF-8, byte by byte of what belongs to nothing, and carriage returns, which readers split lines at. No two are the same
# once they are repaired, for then they are one series.
REPAIRED = {
    b"\xff": "\ufffd", b"a\xc3": "a\ufffd", b"\xc3(": "\ufffd(", b"\x80\xbf": "\ufffd\ufffd", b"2\xc0\x80": "2\ufffd\ufffd",
    b"3\xe0\x80\xaf": "3\ufffd\ufffd\ufffd", b"4\xed\xa0\x80": "4\ufffd\ufffd\ufffd", b"5\xf4\x90\x80\x80": "5" + "\ufffd" * 4,
    b"6\xf0\x9f\x93": "6\ufffd\ufffd\ufffd", b"\xf0\x9f\x93\xa6\xf0": "\U0001f4e6\ufffd", b"ok \xfe\xffok": "ok \ufffd\ufffdok",
    b"a\rb": "a\ufffdb", b"\r\n": "\ufffd\n", b"\"\xff\\\n": "\"\ufffd\\\n",
}  # fmt: skip
# What is longer than is kept: its begin, and a hash of all of it.
CUT = ["y" * (LIMIT + 1), "\u00fc" * (LIMIT // 2) + "x", "z" * 5000, "z" * 5001, "w" * 1006 + "\U0001f4e6" * 10]


def is_cut(text, whole):
    begin, tilde, number = text[:-17], text[-17:-16], text[-16:]
    return len(text.encode()) <= LIMIT < len(begin.encode()) + 17 + 4 and whole.startswith(begin) and tilde == "~" and (
        re.fullmatch("[0-9a-f]{16}", number) is not None
    )


PUT_IN = [text.encode("utf-8") for text in KEPT] + list(REPAIRED) + [text.encode("utf-8") for text in CUT]
WHOLE = [*KEPT, *REPAIRED.values()]  # what is expected of all but the last, by place


def page(accept):
    data = b"".join(struct.pack("=I", len(text)) + text for text in PUT_IN)
    done = subprocess.run([os.environ["TEXTS"], accept], input=data, capture_output=True, timeout=checks.DEADLINE_S, check=True)
    return done.stdout.decode("utf-8")


def check_texts(reader):
    accept, read = READERS[reader]
    found = {}  # by their places; that of `_other` is 0, too
    for labels, number in read(page(accept)):
        found.setdefault(int(number), []).append(labels.get("place", ""))
    problems = []
    for place, expected in enumerate(WHOLE):
        if expected not in found.get(place, []):
            problems.append(f"{PUT_IN[place]!r} came back as {found.get(place)!a}")
    for place, whole in enumerate(CUT, len(WHOLE)):
        if not any(is_cut(text, whole) for text in found.get(place, [])):
            problems.append(f"{whole[:20]!a}... came back as {found.get(place)!a}")
    if len({text for several in found.values() for text in several}) < len(PUT_IN):
        problems.append("two texts came back as one")
    return "".join(f"\n  {one}" for one in problems) or None


def check_exemplars():
    """Those of texts that are short enough, as OpenMetrics has them. NUL is replaced as well: Prometheus refuses a page with one there."""
    found = {
        one.value: one.exemplar.labels["text"]
        for family in readers.read_open_metrics(page(OPEN_METRICS)) for one in family.samples if one.exemplar
    }  # fmt: skip
    expected = {
        place: text.replace("\0", "\ufffd")
        for place, text in enumerate(WHOLE) if len("text" + text) <= 128 and "}" not in text
    }  # fmt: skip
    problems = [
        f"{PUT_IN[int(place)]!r} came back as {found.get(place)!a}"
        for place in sorted(expected.keys() | found.keys()) if found.get(place) != expected.get(place)
    ]  # fmt: skip
    return "".join(f"\n  {one}" for one in problems) or None
