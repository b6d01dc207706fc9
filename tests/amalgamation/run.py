#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Checks the header that scripts/amalgamate writes: what is in it, that it compiles alone, and that an outside program of
two files needs nothing else. The last line is `N passed, N failed`.

With --tree FOLDER it lays down this repository once more instead, with nothing but that header behind each of the
headers' names, so that the tests can be built there: what they see of the library is the one file.
"""

import argparse
import pathlib
import re
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests" / "harness"))
import checks

AMALGAMATE = ROOT / "scripts" / "amalgamate"
CONSUMER = ROOT / "tests" / "consumers"
INCLUDE = ROOT / "include"
WARNINGS = ["-Wall", "-Wextra", "-Wpedantic", "-Wconversion", "-Wsign-conversion", "-Wshadow", "-Werror"]


def core_headers():
    headers = sorted(path.relative_to(INCLUDE).as_posix() for path in INCLUDE.glob("flowviz_metrics/**/*.hpp"))
    return [name for name in headers if not name.startswith("flowviz_metrics/adapters/")]


def write_if_changed(path, text):
    """So that a second run builds nothing."""
    if path.exists() and path.read_text(encoding="utf-8") == text:
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


def lay_down_tree(tree):
    done = checks.start([AMALGAMATE])
    if done.status != 0:
        raise SystemExit(done.stderr)
    single = tree / "single" / "amalgamated.hpp"
    write_if_changed(single, done.stdout)
    # CMakeLists.txt reads the version out of version.hpp.
    version = next(line for line in done.stdout.splitlines() if "define FLOWVIZ_METRICS_VERSION " in line)
    for name in core_headers():
        write_if_changed(tree / "include" / name, f'#pragma once\n#include "{single}"\n// {version}\n')
    links = ["CMakeLists.txt", "CMakePresets.json", "cmake", "tests", "include/flowviz_metrics/adapters"]
    for name in links:
        if not (tree / name).is_symlink():
            (tree / name).symlink_to(ROOT / name)


def check_text(text):
    """The licence, the version, and every header once; no line that only makes sense in the tree."""
    problems = []
    for line in (ROOT / "LICENSE").read_text(encoding="utf-8").splitlines():
        if f"// {line}".rstrip() not in text.splitlines():
            problems.append(f"without the licence's line `{line}`")
    version = re.search(r'VERSION "(.*)"', (INCLUDE / "flowviz_metrics/version.hpp").read_text(encoding="utf-8"))[1]
    if f"flowviz_metrics {version} as one header" not in text:
        problems.append(f"without the version {version} at its top")
    named = re.findall(r"^// --- (.*)$", text, re.MULTILINE)
    if sorted(named) != core_headers():
        problems.append(f"not every header once: {sorted(set(named) ^ set(core_headers())) or named}")
    for pattern in (r"#\s*pragma once", r'#\s*include\s*"', r"#\s*include\s*<flowviz_metrics", "adapters/httplib.hpp>$"):
        if found := re.search(pattern, text, re.MULTILINE):
            problems.append(f"with a line `{found[0]}`")
    return "; ".join(problems) or None


def check_order(text):
    """Whatever a header includes stands above it."""
    places = {name: number for number, name in enumerate(re.findall(r"^// --- (.*)$", text, re.MULTILINE))}
    for name in core_headers():
        for included in re.findall(r"#include <(flowviz_metrics/.*)>", (INCLUDE / name).read_text(encoding="utf-8")):
            if places.get(included, len(places)) >= places.get(name, -1):
                return f"{included} does not stand above {name}, which includes it"
    return None


def check_deterministic(folder, text):
    """To a file or to standard output, from whichever folder, it is the same."""
    done = checks.start([AMALGAMATE, "--output", folder / "deep" / "again.hpp"], cwd=folder)
    if done.status != 0 or done.stdout:
        return f"--output: status {done.status}, `{done.stdout}{done.stderr}`"
    if (folder / "deep" / "again.hpp").read_text(encoding="utf-8") != text:
        return "a second run differs"
    return None


def check_usage():
    done = checks.start([AMALGAMATE, "--help"])
    if done.status != 0 or "--output FILE" not in done.stdout:
        return f"--help: status {done.status}, `{done.stdout}{done.stderr}`"
    if checks.start([AMALGAMATE, "somewhere.hpp"]).status == 0:
        return "takes an argument that it does not know"
    return None


def check_alone(compiler, header, *flags):
    """As a file of its own, with every warning an error: nobody's `#pragma once in main file` either."""
    done = checks.start([compiler, "-std=c++20", *WARNINGS, *flags, "-x", "c++", "-fsyntax-only", header])
    return None if done.status == 0 else done.stderr[:4000]


def check_consumer(compiler, folder):
    """The two files of the outside programs, with the one header where they look for the umbrella header."""
    program = folder / f"consumer_{compiler}"
    sources = [CONSUMER / "main.cpp", CONSUMER / "other.cpp"]
    done = checks.start([compiler, "-std=c++20", *sources, "-I", folder / "include", "-pthread", "-o", program])
    if done.status != 0:
        return done.stderr[:4000]
    done = checks.start([program])
    if done.status != 0 or "consumer_runs_total 3" not in done.stdout.splitlines():
        return f"status {done.status}:\n{done.stdout}{done.stderr}"
    return None


def run_checks():
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        header = folder / "include" / "flowviz_metrics" / "flowviz_metrics.hpp"
        done = checks.start([AMALGAMATE])
        if done.status != 0:
            return checks.report([], [f"scripts/amalgamate: status {done.status}: {done.stderr}"])
        write_if_changed(header, done.stdout)
        work = [
            ("what is in it", check_text, done.stdout),
            ("the order", check_order, done.stdout),
            ("determinism", check_deterministic, folder, done.stdout),
            ("usage", check_usage),
            *((f"alone, {compiler}", check_alone, compiler, header) for compiler in ("g++", "clang++")),
            ("alone, without exceptions", check_alone, "g++", header, "-fno-exceptions", "-fno-rtti"),
            *((f"consumer, {compiler}", check_consumer, compiler, folder) for compiler in ("g++", "clang++")),
        ]
        return checks.report(work)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tree", metavar="FOLDER", type=pathlib.Path, help="lay down the tree for the tests instead")
    arguments = parser.parse_args()
    if arguments.tree is None:
        return run_checks()
    lay_down_tree(arguments.tree.resolve())
    return 0


if __name__ == "__main__":
    sys.exit(main())
