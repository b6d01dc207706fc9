#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Runs the fuzzers, for three seconds each; for three minutes with FLOWVIZ_FULL. FUZZERS names the folder of their programs.

What one finds becomes a case of the unit tests. The last line is `N passed, N failed`.
"""

import os
import pathlib
import re
import struct
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests" / "harness"))
import checks

SECONDS = 180 if os.environ.get("FLOWVIZ_FULL") == "1" else 3
PROTOBUF = b"application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited"


def sample(value, what, *texts):
    """As collected.cpp reads it: a number, which metric and line, and two texts behind how many times eight bytes they have."""
    texts = [text.ljust(-(-len(text) // 8) * 8) for text in texts]
    return struct.pack("<d3B", value, what, *(len(text) // 8 for text in texts)) + b"".join(texts)


# What each begins with: what people write, and what breaks others.
SEEDS = {
    # Behind a byte that says of which kind the metric is.
    "names": [
        b"\0lots_total\nplace", b"\0Lots:Total\nplace", b"\0process_cpu_seconds_total\nx", b"\0http_requests_total\nle",
        b"\0a_total\n__name__", b"\0a_count\nuser_id", b"\x001_total\nb", b"\0a_total_total\nb", b"\0\xc3\xa4_total\nz\xc3\xb6ne", b"\0\n",
        b"\1backlog_seconds_total\nzone", b"\1level\nlevel", b"\2took_seconds\nplace", b"\2took:ms_total\nle", b"\3a_bucket\nb", b"\3drove_meters\nzone",
        b"\4a_bytes\nquantile", b"\4process_cpu\nx", b"\5build_info\nversion", b"\5build\nversion", b"\6line\nline", b"\6line:is\nplace", b"\4__level\nzone",
    ],
    "state_texts": [
        b"\x55\x80onoffidle", b"\x55\x80aaa", b"\0\x80offidle", b"\x80\xff_otherrunning", b"\x55\x80\xff\xc3\xa4", b"\x55\x80\r\n\"\\\0}",
        b"\xff\x80" + 1030 * b"x", b"\x55\x80\xf0\x9f\x93\xa6\xe2\x80\xae\xc2\x85\xef\xbf\xbd",
    ],
    "utf8_names": [
        b"http.requests\nhttp.route", b"\xe8\x8a\xb1\na b", b"a\"b\\c{}\nd\"=\"e\",", b"1.\nU__a_2e_b", b"a:b\na:b", b".\na\xc3\xa4",
        b"process.cpu_seconds\nx", b"\xf4\x8f\xbf\xbf.\xed\x9f\xbf\nz\x7e", b"flowviz.metrics.x\nle", b"a_created\nuser.id",
    ],
    "label_values": [
        b"", b"\x80north", b"\x80a\"b\\c\nd", b"\x80\\n\\\\\\", b"\xff\xfe", b"\x40a\rb\r\n", b"\x80\xf0\x9f\x93\xa6\xe2\x80\xae",
        b"\x80nul\0in it", b"\x80}{,=\"x\" 1 # {}", b"\x10" + 1100 * b"x", b"\x10" + 600 * b"\xff", b"\x80_other", b"\xed\xa0\x80\xc0\x80",
    ],
    "help_texts": [
        b"Lots.", b"Quotes \" and \\ and\nlines.", b"\\n", b" ", b"", b"\t a", b"a\rb", b"\xff", b"nul\0in it", b"a \\", b"\xc2\x85",
    ],
    "accept": [
        b"*/*", PROTOBUF + b";q=0.6,application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.5,*/*;q=0.1",
        b"application/openmetrics-text;version=\"1.0.0\";q=0.75,text/plain;q=0.5", b"text/*;q=0,application/*;q=1.000",
        b"a/b;c=\"\\\"", b",;=,q=", b"application/openmetrics-text;q=0.1234", b"text/plain;version=1.0.0;escaping=dots;q=0.4,*/*;q=0.2",
    ],
    "page_request": [
        b"name[]=lots_total&name%5B%5D=level\ngzip, br\n10", b"name[]=%4&name[]=%zz+%\ngzip;q=0\n0.5", b"&&=&name[]\nx-gzipped\n-1",
        b"name[]=" + 300 * b"a" + b"\n*;q=0.5, identity\n1e308", 101 * b"name[]=a&" + b"\nbr;q=1,gzip;q=0.5\n86400.5",
    ],
    "observations": [
        settings + bytes([len(text)]) + struct.pack("<10d", 0.0, -0.0, 1.5, -2.5, 5e-324, 1.7976931348623157e308, float("nan"),
                                                    float("inf"), -1e-300, 1e300) + text
        for settings, text in (
            (b"\x07\xa0\x01\x04", b"4bf92f3577b34da6"), (b"\x0c\x00\x00\x02", b"a\"b\\c\nd\xff\r"), (b"\x00\xff\xff\x03", 130 * b"x"),
        )
    ],
    "collected": [
        b"".join(sample(*one) for one in samples)
        for samples in (
            [(1.5, 0, b"north", b"a"), (2, 2, b"north", b"a"), (3, 4, b"", b"b"), (4, 0, b"a third one", b"a"), (5, 0, b"north", b"a")],
            [(float("nan"), 1, b"\xff", b"\"\\\n"), (-1, 1, b"\xef\xbf\xbd", b"\"\\\n"), (-0.0, 3, b"_other", b""), (-1, 0, b"x", b"y")],
            [(1e300, 0, 1100 * b"x", b"1"), (float("inf"), 1, 600 * b"\xfe", b"2"), (5e-324, 1, b"", b"3"), (7, 1, b"", b"4"), (8, 1, b"", b"5")],
            # One place too many in a zone that is new, then a zone more.
            [(1, 1, b"a", b"1"), (2, 1, b"a", b"2"), (3, 1, b"a", b"3"), (4, 1, b"b", b"4"), (5, 1, b"c", b"1"), (6, 1, b"b", b"1")],
        )
    ],
}  # fmt: skip


def check_fuzzer(program):
    """None if it found nothing in its time, else how it ended."""
    with tempfile.TemporaryDirectory() as folder:
        for i, seed in enumerate(SEEDS[program.name]):
            pathlib.Path(folder, str(i)).write_bytes(seed)
        options = {
            "max_total_time": SECONDS, "max_len": 4096, "timeout": 10, "print_final_stats": 1, "artifact_prefix": f"{folder}/",
            "detect_leaks": 0,  # at the end only: after each input that would take longer than the input does
        }  # fmt: skip
        done = checks.start([program, *(f"-{name}={value}" for name, value in options.items()), folder])
    if done.status != 0:
        return f"ends with status {done.status}\n{done.stderr[-6000:]}"
    runs = int(re.search(r"number_of_executed_units: (\d+)", done.stderr)[1])
    covered = int(re.findall(r"\bcov: (\d+)", done.stderr)[-1])
    print(f"{program.name}: {runs} inputs, {covered} places covered")
    return None if runs > len(SEEDS[program.name]) else f"no more than {runs} inputs in {SECONDS} s"


def main():
    folder = pathlib.Path(os.environ["FUZZERS"])
    sources = {path.stem for path in pathlib.Path(__file__).parent.glob("*.cpp")}
    failures = [f"{name}: a source without seeds, or seeds without a source" for name in sources ^ set(SEEDS)]
    return checks.report([(name, check_fuzzer, folder / name) for name in sorted(SEEDS)], failures)


if __name__ == "__main__":
    sys.exit(main())
