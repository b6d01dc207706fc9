#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What it costs to include the library, without a clock: which large standard headers come along, and how much memory g++ asks
for while it compiles, against prometheus-cpp's headers.

A compiler's memory goes up with what it has to read and instantiate, as its time does, and is the same in every run. The time
itself is the question `compile_time` of bench/. The last line is `N passed, N failed`.
"""

import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests" / "harness"))
import checks
from checks import Failed

GXX = ["g++", "-std=c++20", "-O2", "-I", ROOT / "include", "-x", "c++", "-c", "-o", "/dev/null"]

# Those of prometheus-cpp have what the umbrella header has: counters, gauges, histograms, the registry, the text format.
PEER = [f"prometheus/{name}.h" for name in ("counter", "gauge", "histogram", "registry", "text_serializer")]
COUNTER = ["flowviz_metrics/counter.hpp"]
UMBRELLA = ["flowviz_metrics/flowviz_metrics.hpp"]

# Each costs a twentieth of a file with one counter, or more. Durations come by durations.hpp.
LARGE = ["algorithm", "chrono", "cmath", "fstream", "functional", "iostream", "iterator", "locale", "map", "memory", "mutex",
         "ranges", "regex", "sstream", "thread", "tuple", "unordered_map"]  # fmt: skip


def file_with(headers):
    return "".join(f"#include <{header}>\n" for header in headers)


def compile_it(headers, *options):
    """What g++ says on a file with these headers."""
    done = checks.start(["sh", "-c", 'printf "%s" "$0" | "$@" -', file_with(headers), *GXX, *options])
    if done.status != 0:
        raise Failed(done.stderr)
    return done


def memory(headers):
    """MiB that g++'s own report has in its last line: what it allocated in all."""
    report = compile_it(headers, "-ftime-report").stderr
    found = re.search(r"^ *TOTAL +:.*?(\d+)M\s*$", report, re.M)
    if not found:
        raise Failed(f"no total in what g++ reports:\n{report}")
    return int(found[1])


def check_large(headers):
    files = [line.split()[-1] for line in compile_it(headers, "-H").stderr.splitlines() if line.startswith(".")]
    folder = next(pathlib.Path(file).parent for file in files if file.endswith("/cstdint"))
    large = [name for name in LARGE if str(folder / name) in files]
    return f"it includes {', '.join(f'<{name}>' for name in large)}" if large else None


def check_memory(headers, most):
    ours, theirs = memory(headers), memory(PEER)
    print(f"{headers[0]}: {ours} MiB, {ours / theirs:.2f} times prometheus-cpp's {theirs} MiB, at most {most:.2f}")
    return None if ours <= most * theirs else f"{ours} MiB are {ours / theirs:.2f} times {theirs} MiB, at most {most}"


def check_sees():
    """That a large header is seen by both."""
    lean, large = ["cstdint"], ["cstdint", "chrono"]
    if check_large(lean) or not check_large(large):
        return "it does not see which headers are included"
    return None if memory(large) > 2 * memory(["cstdint", "span"]) else "a report of g++ does not show what a header costs"


def main():
    return checks.report(
        [
            ("what is measured", check_sees),
            ("counter.hpp, large headers", check_large, COUNTER),
            ("flowviz_metrics.hpp, large headers", check_large, UMBRELLA),
            ("counter.hpp, memory of the compiler", check_memory, COUNTER, 0.92),
            ("flowviz_metrics.hpp, memory of the compiler", check_memory, UMBRELLA, 1.27),
        ]
    )


if __name__ == "__main__":
    sys.exit(main())
