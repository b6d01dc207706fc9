#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Breaks the code on purpose and demands that a test goes red.

The table (mutations.json, or --table) lists mutations: each replaces one text of one file, which has to occur there
exactly once, and names the test case that has to fail then. Each is applied to a copy of the tree, so nothing here is
changed. A mutation that does not compile, a test case that is not there, and one that is red without the mutation are
failures too, for they would prove nothing.

    mutate.py [--root DIR] [--table FILE] [--jobs N] [NAME_PART...]

The table also says what to copy (`folders`), where headers are found (`include`) and which sources make up the test
program (`sources`, glob patterns), of which a mutation's has the test case and what holds none; `beside` names what one of them
needs beside it. `programs` are built, too: from the path of each to its source, its flags and those before it that it is linked
`with`; a mutation names those that are built anew for its test, and in `tries` how often the test is run until it is red, where
that takes luck. CXX names the compiler. What is compiled is kept for all mutations that leave it as it is.
"""

import argparse
import concurrent.futures
import glob
import json
import os
import pathlib
import re
import shutil
import signal
import subprocess
import sys
import tempfile

FLAGS = ["-std=c++20", "-O1", "-DDOCTEST_CONFIG_NO_POSIX_SIGNALS"]
DEADLINE_S = 600  # a compiler or a test that takes longer is stuck


class Problem(Exception):
    """Why a mutation proves nothing, or was not caught."""


def run(command, deadline_s=DEADLINE_S):
    # A group of its own, so that a compiler does not outlive its driver when it is stuck.
    with subprocess.Popen(
        command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, errors="replace",
        start_new_session=True,
    ) as process:  # fmt: skip
        try:
            stdout, stderr = process.communicate(timeout=deadline_s)
        except subprocess.TimeoutExpired as stuck:
            os.killpg(process.pid, signal.SIGKILL)
            raise Problem(f"stuck for {deadline_s} s: {command[0]}") from stuck
    return subprocess.CompletedProcess(command, process.returncode, stdout, stderr)


def sources_of(root, table):
    return sorted({source for pattern in table["sources"] for source in glob.glob(pattern, root_dir=root)})


def literal(case):
    """A test case's name as it stands in its source."""
    return '"' + case.replace("\\", "\\\\").replace('"', '\\"') + '"'


def text_of(source):
    """A source's, in which no literal goes on in the next line."""
    return re.sub(r'"\n\s*"', "", source.read_text())


def serves(text, case):
    """Whether a source has the test case, or none at all and is there for those that have."""
    return "TEST_CASE" not in text or literal(case) in text


def serving(root, table, cases):
    """The sources that serve any of the cases, with what the table says that they cannot do without."""
    found = {source for source in sources_of(root, table) if any(serves(text_of(root / source), case) for case in cases)}
    for source, patterns in table.get("beside", {}).items():
        if source in found:
            found |= set(sources_of(root, {"sources": patterns}))
    return sorted(found)


class Build:
    """The test program of one tree, with the sources that serve these test cases; `base` lends what the change does not reach."""

    def __init__(self, root, table, cases, base=None, mutation=None):
        self.root, self.table = root, table
        self.made, self.needs = {}, {}
        named = table.get("programs", {}) if mutation is None else mutation.get("programs", [])
        objects = []
        for source in serving(root, table, cases):
            objects.append(self._make(f"objects/{source}.o", source, ["-c"], base, mutation))
        self.program = root / "tests_of_this_tree"
        self._tool([str(made) for made in objects] + ["-o", str(self.program)])
        for path, recipe in table.get("programs", {}).items():
            if path in named:
                beside = [str(root / other) for other in recipe.get("with", [])]
                made = self._make(path, recipe["source"], [*recipe.get("flags", []), *beside], base, mutation)
            else:  # it is there, so that a test is not red for want of it
                made = base.made[path]
            if made != root / path:
                (root / path).parent.mkdir(parents=True, exist_ok=True)
                (root / path).symlink_to(made)

    def _make(self, path, source, flags, base, mutation):
        """Compiles a source to a path in this tree, or takes what the base made of it."""
        if base is not None and mutation["file"] not in base.needs[path]:
            return base.made[path]
        made = self.root / path
        made.parent.mkdir(parents=True, exist_ok=True)
        include = [flag for folder in self.table["include"] for flag in ("-I", str(self.root / folder))]
        rule = made.with_name(made.name + ".d")
        self._tool([*FLAGS, *include, "-MMD", "-MF", str(rule), *flags, str(self.root / source), "-o", str(made)])
        self.made[path] = made
        self.needs[path] = self._needs_of(rule)
        return made

    def _tool(self, arguments):
        done = run([os.environ.get("CXX", "g++"), *arguments])
        if done.returncode != 0:
            errors = [line for line in done.stderr.splitlines() if "error" in line] or done.stderr.splitlines()
            raise Problem("does not compile: " + (errors[0] if errors else "without a word"))

    def _needs_of(self, rule):
        words = rule.read_text().replace("\\\n", " ").split()[1:]
        paths = (pathlib.Path(os.path.normpath(word)) for word in words)
        return {path.relative_to(self.root).as_posix() for path in paths if path.is_relative_to(self.root)}

    def test(self, case):
        """Runs the one test case; whether it is green, and what it says."""
        # doctest takes a comma for the end of a pattern; a question mark stands for any character.
        done = run([str(self.program), "-tc=" + case.replace(",", "?").replace("\\", "?"), "-nc"])
        found = re.search(r"^\[doctest\] test cases: +(\d+) \|", done.stdout, re.MULTILINE)
        if found is not None and found.group(1) != "1":
            raise Problem(f"{found.group(1)} test cases are named '{case}'")
        if found is None and done.returncode == 0:
            raise Problem("the test program reports nothing")
        return done.returncode == 0, done


def why(done):
    """The first sign of what was wrong, for the table."""
    for pattern in (r"FAILED: (.*)", r"ERROR: (.*)"):
        if found := re.search(pattern, done.stdout):
            return found.group(1)[:90]
    return f"ended with status {done.returncode}"


def copy(root, table, to):
    for folder in table["folders"]:
        shutil.copytree(root / folder, to / folder)
    for source in sources_of(root, table):  # those outside of the folders
        (to / source).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(root / source, to / source)


def apply(root, mutation):
    path = root / mutation["file"]
    if not path.is_file():
        raise Problem(f"there is no {mutation['file']}")
    text = path.read_text()
    times = text.count(mutation["old"])
    if times != 1:
        raise Problem(f"its text occurs {times} times in {mutation['file']}, not once")
    path.write_text(text.replace(mutation["old"], mutation["new"]))


def attempt(mutation, base, unchanged, scratch):
    """Returns how the mutation was caught; `unchanged` is what its test came to without it."""
    green, done = unchanged.result()
    if not green:
        raise Problem(f"its test is red without it: {why(done)}")
    with tempfile.TemporaryDirectory(dir=scratch) as folder:
        tree = pathlib.Path(folder)
        copy(base.root, base.table, tree)
        apply(tree, mutation)
        build = Build(tree, base.table, [mutation["test"]], base, mutation)
        for _ in range(mutation.get("tries", 1)):
            green, done = build.test(mutation["test"])
            if not green:
                return why(done)
    raise Problem("nobody noticed")


def main():
    here = pathlib.Path(__file__).resolve().parent
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("--root", type=pathlib.Path, default=here.parent.parent)
    arguments.add_argument("--table", type=pathlib.Path, default=here / "mutations.json")
    arguments.add_argument("--jobs", type=int, default=os.cpu_count())
    arguments.add_argument("names", nargs="*", help="only mutations whose name holds one of these")
    options = arguments.parse_args()

    table = json.loads(options.table.read_text())
    chosen = [m for m in table["mutations"] if not options.names or any(part in m["name"] for part in options.names)]
    if not chosen:
        print("no mutation to try\n0 passed, 1 failed")
        return 1
    cases = sorted({m["test"] for m in chosen})
    caught = missed = 0
    with tempfile.TemporaryDirectory(prefix="mutate-") as folder:
        scratch = pathlib.Path(folder).resolve()
        tree = scratch / "unchanged"
        copy(options.root.resolve(), table, tree)
        try:
            base = Build(tree, table, cases)
        except Problem as problem:
            print(f"the unchanged tree {problem}", file=sys.stderr)
            chosen, cases, missed = [], [], 1
        with concurrent.futures.ThreadPoolExecutor(options.jobs) as pool:
            unchanged = {case: pool.submit(base.test, case) for case in cases}
            pending = [(m, pool.submit(attempt, m, base, unchanged[m["test"]], scratch)) for m in chosen]
            for mutation, result in pending:
                try:
                    words = result.result()
                    print(f"{mutation['name']}\n    caught by: {mutation['test']}\n    which says: {words}", flush=True)
                    caught += 1
                except Problem as problem:
                    print(f"{mutation['name']}\n    FAILED: {problem}", flush=True)
                    missed += 1
    print(f"{caught} passed, {missed} failed")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
