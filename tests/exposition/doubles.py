# SPDX-License-Identifier: MIT
"""Doubles as pages print them against what Python makes of them: its shortest digits, laid out by Go's rules, and read back by its own
reader. DOUBLES names the program that prints the pages.
"""

import os
import random
import re
import struct
import subprocess
import sys

import checks

FULL = os.environ.get("FLOWVIZ_FULL") == "1"
COUNT = 1_000_000 if FULL else 100_000
OPEN_METRICS = "application/openmetrics-text;version=1.0.0"

MAX, MIN, TINY = sys.float_info.max, sys.float_info.min, 5e-324
EDGES = [
    0.0, -0.0, TINY, -TINY, 2 * TINY, MIN, -MIN, MIN - TINY, MIN + TINY, MAX, -MAX, float("inf"), float("-inf"), float("nan"),
    # where the exponent comes and goes, for Go's strconv at 1e-4 and 1e6 and for its fmt at 1e21
    1e-5, 9.9999e-5, 0.0001, 0.00010000000000000002, 0.001, 99999, 99999.5, 100000, 999999, 999999.9999999999, 1e6, 1000001, 1e7,
    1e20, 1e21, 1e22, 1e23, 123456789012345680.0,
    # the last integers that a double has all of, and the first that it has not
    2.0**53 - 1, 2.0**53, 2.0**53 + 2, -(2.0**53) - 2, 2.0**63, 2.0**64,
    # ties, and digits that printing to a fixed number of places gets wrong
    0.1, 0.2, 0.1 + 0.2, 1 / 3, 2 / 3, 0.5, 2.5, 5e-324 * 3, 9007199254740993.0, 2.2250738585072011e-308, 1.7976931348623155e308,
    5.960464477539063e-08, 4.35, 8.41e21, 2.0**-1074 * 12345,
]  # fmt: skip


def go_number(value):
    """What Go's strconv.FormatFloat(value, 'g', -1, 64) gives, infinities and all."""
    if value != value:
        return "NaN"
    if value in (float("inf"), float("-inf")):
        return "+Inf" if value > 0 else "-Inf"
    sign, text = ("-", repr(value)[1:]) if repr(value).startswith("-") else ("", repr(value))
    mantissa, _, exponent = text.partition("e")
    whole, _, parts = mantissa.partition(".")
    digits = (whole + parts).lstrip("0")
    point = len(whole) + int(exponent or 0) - (len(whole + parts) - len(digits))  # behind so many of the digits
    digits = digits.rstrip("0")
    if not digits:
        return sign + "0"
    if -4 <= point - 1 < 6:
        if point <= 0:
            return f"{sign}0.{'0' * -point}{digits}"
        digits = digits.ljust(point, "0")
        return sign + digits[:point] + (f".{digits[point:]}" if digits[point:] else "")
    return f"{sign}{digits[0]}{'.' if digits[1:] else ''}{digits[1:]}e{'+' if point > 0 else '-'}{abs(point - 1):02}"


def values():
    """The edges, and as many others: any bits, few digits at any place, and integers."""
    drawn = random.Random(20240601)
    yield from map(float, EDGES)
    for _ in range(COUNT // 4):
        yield struct.unpack("<d", drawn.randbytes(8))[0]
        yield float(f"{drawn.randrange(10 ** drawn.randrange(1, 18))}e{drawn.randrange(-30, 30)}")
        yield drawn.uniform(-2e6, 2e6)
        yield float(drawn.randrange(-(2 ** drawn.randrange(1, 64)), 2**54))


def shown(data, accept):
    """The numbers on the pages, as they stand there."""
    done = subprocess.run([os.environ["DOUBLES"], accept], input=data, capture_output=True, timeout=checks.DEADLINE_S, check=True)
    found = re.findall(rb'^shown_values\{place="(\d+)"\} (.*)$', done.stdout, re.M)
    if any(int(place) != i % 1000 for i, (place, _) in enumerate(found)):
        raise checks.Failed("the pages show their values in another order")
    return [text.decode() for _, text in found]


def check_doubles(accept):
    drawn = list(values())
    texts = shown(struct.pack(f"={len(drawn)}d", *drawn), accept)
    if len(texts) != len(drawn):
        return f"{len(texts)} numbers of {len(drawn)} on the pages"
    problems = []
    for value, text in zip(drawn, texts):
        expected = go_number(value)
        if accept and expected.lstrip("-").isdigit():
            expected += ".0"
        # NaN has many bits and one text.
        read_back = float(text)
        same = read_back != read_back if value != value else struct.pack("=d", read_back) == struct.pack("=d", value)
        if text != expected or not same:
            problems.append(f"{value.hex()}: {text} on the page, {expected} expected")
    return "".join(f"\n  {one}" for one in problems[:10]) + f"\n  {len(problems)} in all" if problems else None
