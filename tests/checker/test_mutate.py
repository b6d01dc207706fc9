# SPDX-License-Identifier: MIT
"""Tests of mutate.py on a tree of two files: what is caught, what is not, and what proves nothing."""

import json
import os
import pathlib
import select
import subprocess
import sys
import tempfile
import unittest
import unittest.mock

import mutate

HEADER = """
constexpr int doubled(int n) { return n + n; }
inline int halved(int n) { return n / 2; }
"""
SOURCE = """
#include <doctest/doctest.h>
#include <cstdlib>
#include <filesystem>
#include <string>
#include "toy.hpp"
TEST_CASE("a number is doubled, not halved") { CHECK(doubled(3) == 6); }
TEST_CASE("a number "
          "is halved") { if (halved(6) != 3) std::abort(); }
TEST_CASE("the program beside it doubles") {
  const std::string here = std::filesystem::read_symlink("/proc/self/exe").parent_path();
  CHECK(std::system((here + "/beside/double").c_str()) == 0);
}
TEST_CASE("always red") { CHECK(doubled(3) == 7); }
"""
OTHER = """
#include <doctest/doctest.h>
#include "toy.hpp"
static_assert(doubled(3) == 6, "a mutation was tried with the source of another test");
TEST_CASE("another source") {}
"""
PROGRAM = """
#include "toy.hpp"
int main() { return doubled(WHAT) == 6 ? 0 : 1; }
"""
MAIN = """
#define DOCTEST_CONFIG_IMPLEMENT_WITH_MAIN
#include <doctest/doctest.h>
"""
DOUBLED, HALVED = "a number is doubled, not halved", "a number is halved"

BESIDE = "the program beside it doubles"
PROGRAMS = {"beside/double": {"source": "programs/double.cpp", "flags": ["-DWHAT=3"]}}

# What is changed, by which text, the test case named for it, and the words that the report must hold.
CAUGHT = {
    "a mutation that turns its test red": ("n + n", "n * 3", DOUBLED, "says: CHECK( doubled(3) == 6 ) is NOT correct!"),
    "a mutation that ends the program": ("n / 2", "n", HALVED, "says: ended with status -6"),
}
NOT_CAUGHT = {
    "a mutation that changes nothing": ("n + n", "n * 2", DOUBLED, "nobody noticed"),
    "a mutation that another test would notice": ("n + n", "n * 3", HALVED, "nobody noticed"),
    "a mutation that does not compile": ("n + n", "m", DOUBLED, "does not compile"),
    "a text that is not there": ("n - n", "n", DOUBLED, "occurs 0 times"),
    "a text that is not alone": ("int n", "long n", DOUBLED, "occurs 2 times"),
    "a test case that is not there": ("n + n", "n", "no such case", "0 test cases are named 'no such case'"),
    "a test case that is not alone": ("n + n", "n", "a number is*", "2 test cases are named 'a number is*'"),
    "a test that is red anyway": ("n + n", "n", "always red", "its test is red without it"),
}


class Mutate(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        folder = tempfile.TemporaryDirectory()
        cls.addClassCleanup(folder.cleanup)
        cls.root = pathlib.Path(folder.name)
        cls.toy = cls.root / "include/toy.hpp"
        for name, text in (
            ("include/toy.hpp", HEADER), ("tests/toy_test.cpp", SOURCE), ("tests/main.cpp", MAIN),
            ("tests/other_test.cpp", OTHER), ("programs/double.cpp", PROGRAM),
        ):  # fmt: skip
            (cls.root / name).parent.mkdir(exist_ok=True)
            (cls.root / name).write_text(text)
        mutations = [
            {"name": name, "file": "include/toy.hpp", "old": old, "new": new, "test": test}
            for name, (old, new, test, _) in (CAUGHT | NOT_CAUGHT).items()
        ]
        few = {"programs": list(PROGRAMS), "test": BESIDE}
        mutations += [
            dict(mutations[0], name="a mutation that a program notices", **few),
            dict(mutations[0], name="a mutation that no program is built for", **few | {"programs": []}),
            dict(mutations[1], name="a mutation that the program does not notice", **few),
        ]
        mutations.append(dict(mutations[0], name="a file that is not there", file="include/other.hpp"))
        cls.table = cls.root / "mutations.json"
        cls.table.write_text(json.dumps({
            "folders": ["include", "programs"], "include": ["include"], "sources": ["tests/*.cpp"], "programs": PROGRAMS,
            "mutations": mutations,
        }))  # fmt: skip
        cls.all = cls.mutate()

    @classmethod
    def mutate(cls, *names):
        script = pathlib.Path(__file__).with_name("mutate.py")
        return subprocess.run(
            [sys.executable, script, "--root", cls.root, "--table", cls.table, *names],
            capture_output=True, text=True, check=False, timeout=600,
        )  # fmt: skip

    def verdict_on(self, name):
        """The lines below the mutation's name."""
        self.assertEqual(self.all.stdout.count(f"{name}\n"), 1, self.all.stdout)
        lines = self.all.stdout.split(f"{name}\n")[1].splitlines()
        return "\n".join(lines[: next(i for i, line in enumerate(lines) if not line.startswith("    "))])

    def test_what_turns_its_test_red_is_caught(self):
        for name, (_, _, test, words) in CAUGHT.items():
            with self.subTest(name):
                self.assertIn(f"caught by: {test}", self.verdict_on(name))
                self.assertIn(words, self.verdict_on(name))

    def test_what_goes_unnoticed_or_proves_nothing_fails(self):
        for name, (_, _, _, words) in NOT_CAUGHT.items():
            with self.subTest(name):
                self.assertIn("FAILED: ", self.verdict_on(name))
                self.assertIn(words, self.verdict_on(name))
        self.assertIn("FAILED: there is no include/other.hpp", self.verdict_on("a file that is not there"))

    def test_a_program_beside_the_test_program_is_built_from_the_changed_tree_if_it_is_named(self):
        self.assertIn(f"caught by: {BESIDE}", self.verdict_on("a mutation that a program notices"))
        for name in ("a mutation that no program is built for", "a mutation that the program does not notice"):
            self.assertIn("FAILED: ", self.verdict_on(name))

    def test_the_last_line_counts_and_the_status_says_whether_all_were_caught(self):
        self.assertEqual(self.all.stdout.splitlines()[-1], f"{len(CAUGHT) + 1} passed, {len(NOT_CAUGHT) + 3} failed")
        self.assertEqual(self.all.returncode, 1)
        only = self.mutate("turns its test red")
        self.assertEqual(only.stdout.splitlines()[-1], "1 passed, 0 failed")
        self.assertEqual(only.returncode, 0)

    def test_the_tree_itself_is_left_as_it_was(self):
        self.assertEqual(self.toy.read_text(), HEADER)

    def test_nothing_to_try_is_a_failure(self):
        self.assertEqual(self.mutate("no mutation is named like this").returncode, 1)

    def test_a_tree_that_does_not_compile_unchanged_is_a_failure(self):
        self.toy.write_text("nonsense")
        self.addCleanup(self.toy.write_text, HEADER)
        done = self.mutate()
        self.assertIn("the unchanged tree does not compile", done.stderr)
        self.assertEqual(done.stdout, "0 passed, 1 failed\n")
        self.assertEqual(done.returncode, 1)


class Tables(unittest.TestCase):
    """The tables themselves, as far as no compiler is needed: what the code has moved away from is found before --full does."""

    def test_each_text_that_they_replace_is_there_once_and_so_is_the_test_case(self):
        root = pathlib.Path(__file__).resolve().parents[2]
        tables = sorted((root / "tests").glob("**/mutations.json"))
        self.assertEqual(len(tables), 3)
        for path in tables:
            table = json.loads(path.read_text())
            sources = "".join(mutate.text_of(root / source) for source in mutate.sources_of(root, table))
            for mutation in table["mutations"]:
                with self.subTest(mutation["name"]):
                    self.assertEqual((root / mutation["file"]).read_text().count(mutation["old"]), 1)
                    self.assertEqual(sources.count(mutate.literal(mutation["test"])), 1, mutation["test"])


class Run(unittest.TestCase):
    def test_what_is_stuck_is_ended_with_all_that_it_started(self):
        # The shell and its child hold the write end of this pipe, so its end is seen when both are gone.
        read, write = os.pipe()
        self.addCleanup(os.close, read)
        os.set_inheritable(write, True)
        keep = subprocess.Popen.__init__

        def inherit(process, *arguments, **options):
            keep(process, *arguments, pass_fds=[write], **options)

        with unittest.mock.patch.object(subprocess.Popen, "__init__", inherit):
            with self.assertRaisesRegex(mutate.Problem, "stuck for 1 s: sh"):
                mutate.run(["sh", "-c", "sleep 1000 & wait"], deadline_s=1)
        os.close(write)
        ready, _, _ = select.select([read], [], [], 60)
        self.assertTrue(ready, "something it started is still there")


if __name__ == "__main__":
    unittest.main()
