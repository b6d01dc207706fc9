#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Catches a slow-down without a clock: counts the instructions of what matters and holds them against recorded figures.

    run.py [--record | --table] [--include DIR] [COMPILER...]

Builds subjects.cpp with each compiler (g++ and clang++), runs it under callgrind and compares the instructions of one
repetition with recorded.json, which has figures for each processor family and compiler. A figure may differ by 4 %, or by
half an instruction. One that is lower than that is no slow-down but fails too: the recorded one would let the next slow-down
pass. `--record` writes the figures of these compilers down and says what changed. With them it writes the table of
docs/api.md, and a table that says something else is a failure; `--table` writes it without measuring, out of what is recorded.

A compiler whose release has no figures is held against the nearest release that has, with a wider margin. It says so, and
does not ask for less. `--include` names the headers to measure.

The last line is `N passed, N failed`.
"""

import argparse
import collections
import concurrent.futures
import json
import os
import pathlib
import platform
import re
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parents[1]
sys.path.insert(0, str(ROOT / "tests" / "harness"))
import checks
from checks import Failed, must

RECORDED = HERE / "recorded.json"
PAGE = ROOT / "docs" / "api.md"
BEGIN, END = "<!-- instructions: tests/instructions/run.py --record writes this table -->\n", "<!-- end of instructions -->\n"
TABLE_OF = "x86_64"  # the processor family whose figures the page has
FLAGS = ["-std=c++20", "-O2", "-DNDEBUG", "-pthread"]

# By how much a figure may differ: as a part of it, and in instructions, whichever is more.
Margin = collections.namedtuple("Margin", "part instructions")
SAME_RELEASE = Margin(0.04, 0.5)
OTHER_RELEASE = Margin(0.30, 4)

Compiler = collections.namedtuple("Compiler", "command machine family major")


def identify(command):
    """Which compiler `command` is, by what it predefines."""
    macros = must([command, "-dM", "-E", "-x", "c++", "/dev/null"])
    family, macro = ("clang++", "__clang_major__") if "__clang_major__" in macros else ("g++", "__GNUC__")
    major = re.search(rf"^#define {macro} (\d+)$", macros, re.M)
    return Compiler(command, platform.machine(), family, int(major[1]))


def key(compiler):
    return f"{compiler.machine} {compiler.family} {compiler.major}"


def totals(dumps):
    """Instructions by name out of callgrind's file, which has a part for each request."""
    found = {}
    name = None
    for line in dumps.splitlines():
        trigger = re.fullmatch(r"desc: Trigger: (?:Client Request: (.*)|.*)", line)
        if trigger:
            name = trigger[1]
        if name and line.startswith("totals: "):
            found[name] = int(line.split()[1])
            name = None
    return found


def measure(compiler, include):
    """Instructions of one repetition, by subject."""
    with tempfile.TemporaryDirectory() as folder:
        program = pathlib.Path(folder) / "subjects"
        dumps = pathlib.Path(folder) / "callgrind.out"
        must([compiler.command, *FLAGS, "-I", include, HERE / "subjects.cpp", "-o", program])
        # Neither the environment nor where the system puts things may change what is counted.
        listed = must(
            ["setarch", "-R", "env", "-i", f"PATH={os.environ['PATH']}", "LC_ALL=C", "valgrind", "--tool=callgrind",
             "--combine-dumps=yes", f"--callgrind-out-file={dumps}", program]
        )  # fmt: skip
        counted = totals(dumps.read_text(encoding="utf-8"))
    figures = {}
    for line in listed.splitlines():
        repetitions, name = line.split("\t")
        if name not in counted:
            raise Failed(f"callgrind says nothing of '{name}'")
        figures[name] = round(counted[name] / int(repetitions), 2)
    if not figures:
        raise Failed("there was nothing to measure")
    return figures


def baseline(recorded, compiler):
    """The figures to hold a compiler against, their key and the margin; raises Failed if there are none."""
    if key(compiler) in recorded:
        return recorded[key(compiler)], key(compiler), SAME_RELEASE
    prefix = f"{compiler.machine} {compiler.family} "
    majors = [int(each.removeprefix(prefix)) for each in recorded if each.startswith(prefix)]
    if not majors:
        raise Failed(f"nothing is recorded for {prefix}of any release; run {HERE.relative_to(ROOT)}/run.py --record")
    nearest = f"{prefix}{min(majors, key=lambda major: abs(major - compiler.major))}"
    return recorded[nearest], nearest, OTHER_RELEASE


def judge(was, now, margin):
    """None, or what is wrong with a figure."""
    if was is None:
        return f"{now:.2f} instructions, and none are recorded; run with --record"
    if now is None:
        return f"it is recorded with {was:.2f} instructions and was not measured; run with --record"
    allowed = max(was * margin.part, margin.instructions)
    change = f"{was:.2f} -> {now:.2f} instructions ({(now / was - 1) * 100:+.1f} %, allowed {allowed / was * 100:.1f} %)"
    if now > was + allowed:
        return f"{change}: slower than recorded"
    if now < was - allowed and margin == SAME_RELEASE:
        return f"{change}: faster than recorded; run with --record, so that it stays so"
    return None


def compare(compiler, figures, recorded):
    """A check for each figure, in the manner of checks.report."""
    was, against, margin = baseline(recorded, compiler)
    if margin != SAME_RELEASE:
        print(f"{key(compiler)}: nothing is recorded for this release; held against {against}, slow-downs only")
    names = list(figures) + [name for name in was if name not in figures]
    return [(f"{key(compiler)}, {name}", judge, was.get(name), figures.get(name), margin) for name in names]


def record(all_figures, path):
    """Writes figures down, beside those of other compilers, and prints what changed."""
    recorded = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    for compiler, figures in all_figures:
        before = recorded.get(key(compiler), {})
        for name in {**before, **figures}:
            was, now = before.get(name), figures.get(name)
            if was != now:
                part = f" ({(now / was - 1) * 100:+.1f} %)" if was and now else ""
                print(f"{key(compiler)}, {name}: {was or 'not recorded'} -> {now or 'gone'}{part}")
        recorded[key(compiler)] = figures
    path.write_text(json.dumps(dict(sorted(recorded.items())), indent=2) + "\n", encoding="utf-8")


def table(recorded):
    """The figures of one processor family as a table of Markdown, a column for each compiler."""
    columns = {name.removeprefix(f"{TABLE_OF} "): figures for name, figures in sorted(recorded.items()) if name.startswith(TABLE_OF)}
    subjects = list(dict.fromkeys(subject for figures in columns.values() for subject in figures))
    cell = lambda figure: "" if figure is None else f"{figure:.0f}"
    rows = [["instructions", *columns], ["---", *("---:" for _ in columns)]]
    rows += [[subject, *(cell(figures.get(subject)) for figures in columns.values())] for subject in subjects]
    return "".join(f"| {' | '.join(row)} |\n" for row in rows)


def with_table(page, recorded):
    """The text of a page with the table of what is recorded between the two comments that say where it goes."""
    before, begin, rest = page.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise Failed(f"there is no place for the table: `{BEGIN.strip()}` and `{END.strip()}`")
    return f"{before}{begin}\n{table(recorded)}\n{end}{after}"


def check_table(page, recorded):
    """None, or that the page's table is not what is recorded."""
    return None if page == with_table(page, recorded) else "its table is not what is recorded; run with --table"


def write_table(recorded):
    PAGE.write_text(with_table(PAGE.read_text(encoding="utf-8"), recorded), encoding="utf-8")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--record", action="store_true", help="write the figures down")
    parser.add_argument("--table", action="store_true", help="write the table of docs/api.md out of what is recorded")
    parser.add_argument("--include", type=pathlib.Path, default=ROOT / "include", help="the headers to measure")
    parser.add_argument("compilers", nargs="*", default=["g++", "clang++"])
    options = parser.parse_args()
    if options.table:
        write_table(json.loads(RECORDED.read_text(encoding="utf-8")))
        return 0

    def measured(command):
        try:
            compiler = identify(command)
            return compiler, measure(compiler, options.include), None
        except Failed as failed:
            return command, None, failed

    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        results = list(pool.map(measured, options.compilers))
    failures = [f"{command}: {failed}" for command, _, failed in results if failed]
    if options.record:
        if failures:
            sys.exit("\n".join(failures))
        record([(compiler, figures) for compiler, figures, _ in results], RECORDED)
        write_table(json.loads(RECORDED.read_text(encoding="utf-8")))
        return 0
    recorded = json.loads(RECORDED.read_text(encoding="utf-8"))
    checks_to_make = [("docs/api.md", check_table, PAGE.read_text(encoding="utf-8"), recorded)]
    for compiler, figures, failed in results:
        if failed:
            continue
        for name, instructions in figures.items():
            print(f"{key(compiler)}, {name}: {instructions:.2f}")
        try:
            checks_to_make += compare(compiler, figures, recorded)
        except Failed as nothing:
            failures.append(str(nothing))
    return checks.report(checks_to_make, failures)


if __name__ == "__main__":
    sys.exit(main())
