# SPDX-License-Identifier: MIT
"""run.py itself: that it goes red for a slow-down of the library, and what else it must not let pass."""

import contextlib
import io
import json
import pathlib
import shutil
import subprocess
import sys
import tempfile
import unittest

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parents[1]
sys.path.insert(0, str(HERE))
import run

GCC_12 = run.Compiler("g++", "x86_64", "g++", 12)
GCC_13 = run.Compiler("g++", "x86_64", "g++", 13)


class SlowDowns(unittest.TestCase):
    """Breaks a copy of the headers and measures it."""

    def failures_with(self, file, before, after):
        with tempfile.TemporaryDirectory() as folder:
            include = pathlib.Path(folder) / "include"
            shutil.copytree(ROOT / "include", include)
            header = include / "flowviz_metrics" / file
            text = header.read_text(encoding="utf-8")
            self.assertEqual(text.count(before), 1, f"{file} does not hold this text once: {before}")
            header.write_text(text.replace(before, after), encoding="utf-8")
            command = [sys.executable, HERE / "run.py", "--include", include, "g++"]
            done = subprocess.run(command, text=True, capture_output=True, timeout=600, check=False)
        self.assertNotEqual(done.returncode, 0, done.stdout + done.stderr)
        failed = [line for line in done.stdout.splitlines() if line.startswith("FAILED")]
        for line in failed:
            self.assertRegex(line, r"slower than recorded$")
        return "\n".join(failed)

    def assert_red(self, failures, *names):
        for name in names:
            self.assertIn(f", {name}:", failures)

    def assert_green(self, failures, *names):
        for name in names:
            self.assertNotIn(f", {name}:", failures)

    def test_a_fence_in_an_increment_is_seen(self):
        add = "cell.store(cell.load(std::memory_order_relaxed) + n, order);"
        failures = self.failures_with("cells/chunk.hpp", add, f"std::atomic_thread_fence(std::memory_order_seq_cst); {add}")
        self.assert_red(failures, "increment, kept handle", "up-down counter, kept handle", "increment, closed label")
        self.assert_green(failures, "gauge, set", "scrape, line of a histogram")

    def test_a_number_that_is_printed_twice_is_seen(self):
        print_it = "to = write_number(to, number);"
        failures = self.failures_with("encode/sink.hpp", print_it, f"asm volatile(\"\" : : \"r\"(write_number(to, number)) : \"memory\"); {print_it}")
        self.assert_red(failures, "scrape, line of a counter, one writer", "scrape, line of a histogram")
        self.assert_green(failures, "increment, kept handle", "observation, 11 bounds")


class Judging(unittest.TestCase):
    def assert_judged(self, was, now, words, margin=run.SAME_RELEASE):
        problem = run.judge(was, now, margin)
        if words is None:
            self.assertIsNone(problem)
        else:
            self.assertIn(words, problem or "")

    def test_a_figure_within_the_margin_passes(self):
        for was, now in ((100, 100), (100, 104), (100, 96), (7, 7.5), (7, 6.5)):
            with self.subTest((was, now)):
                self.assert_judged(was, now, None)

    def test_a_figure_above_the_margin_fails(self):
        for was, now in ((100, 104.1), (7, 8)):
            with self.subTest((was, now)):
                self.assert_judged(was, now, "slower than recorded")

    def test_a_figure_below_the_margin_asks_to_be_recorded(self):
        for was, now in ((100, 95.9), (7, 6)):
            with self.subTest((was, now)):
                self.assert_judged(was, now, "run with --record")

    def test_a_figure_that_is_not_recorded_or_not_measured_fails(self):
        self.assert_judged(None, 7, "none are recorded")
        self.assert_judged(7, None, "was not measured")

    def test_another_release_has_a_wider_margin_and_fails_only_when_slower(self):
        self.assert_judged(100, 129, None, run.OTHER_RELEASE)
        self.assert_judged(100, 10, None, run.OTHER_RELEASE)
        self.assert_judged(100, 131, "slower than recorded", run.OTHER_RELEASE)


class Baselines(unittest.TestCase):
    RECORDED = {"x86_64 g++ 12": {"a": 1}, "x86_64 g++ 9": {"a": 2}, "aarch64 g++ 13": {"a": 3}}

    def test_the_same_release_is_held_to_its_own_figures(self):
        self.assertEqual(run.baseline(self.RECORDED, GCC_12), ({"a": 1}, "x86_64 g++ 12", run.SAME_RELEASE))

    def test_another_release_is_held_to_the_nearest_one_and_says_so(self):
        self.assertEqual(run.baseline(self.RECORDED, GCC_13), ({"a": 1}, "x86_64 g++ 12", run.OTHER_RELEASE))
        with contextlib.redirect_stdout(io.StringIO()) as said:
            run.compare(GCC_13, {"a": 1}, self.RECORDED)
        self.assertIn("nothing is recorded for this release", said.getvalue())

    def test_a_compiler_without_figures_of_any_release_fails(self):
        for compiler in (run.Compiler("clang++", "x86_64", "clang++", 14), run.Compiler("g++", "riscv64", "g++", 12)):
            with self.subTest(compiler), self.assertRaises(run.Failed):
                run.baseline(self.RECORDED, compiler)

    def test_a_recorded_figure_that_is_not_measured_any_more_is_among_the_checks(self):
        checks = run.compare(GCC_12, {"b": 1}, {"x86_64 g++ 12": {"a": 1}})
        self.assertEqual([name for name, *_ in checks], ["x86_64 g++ 12, b", "x86_64 g++ 12, a"])


class Recording(unittest.TestCase):
    def test_recording_says_what_changed_and_leaves_other_compilers_alone(self):
        with tempfile.TemporaryDirectory() as folder:
            path = pathlib.Path(folder) / "recorded.json"
            path.write_text(json.dumps({"x86_64 g++ 12": {"a": 10, "gone": 1}, "other": {"a": 7}}), encoding="utf-8")
            with contextlib.redirect_stdout(io.StringIO()) as said:
                run.record([(GCC_12, {"a": 11, "new": 2})], path)
            self.assertEqual(
                said.getvalue().splitlines(),
                ["x86_64 g++ 12, a: 10 -> 11 (+10.0 %)", "x86_64 g++ 12, gone: 1 -> gone",
                 "x86_64 g++ 12, new: not recorded -> 2"],
            )  # fmt: skip
            self.assertEqual(
                json.loads(path.read_text(encoding="utf-8")),
                {"other": {"a": 7}, "x86_64 g++ 12": {"a": 11, "new": 2}},
            )

    def test_totals_are_read_by_the_name_of_the_request(self):
        dumps = (
            "version: 1\npart: 1\ndesc: Trigger: Client Request: one\nevents: Ir\ntotals: 70\n"
            "part: 2\ndesc: Trigger: Client Request: two, more\ntotals: 8\n"
            "part: 3\ndesc: Trigger: Program termination\ntotals: 5\n"
        )
        self.assertEqual(run.totals(dumps), {"one": 70, "two, more": 8})


class Tables(unittest.TestCase):
    RECORDED = {"x86_64 g++ 12": {"a": 16.6, "b": 3}, "x86_64 clang++ 14": {"a": 13.0}, "aarch64 g++ 12": {"a": 7}}
    PAGE = f"# Names\n{run.BEGIN}{run.END}after\n"

    def test_the_table_has_the_figures_of_one_processor_family_by_compiler(self):
        rows = "| instructions | clang++ 14 | g++ 12 |\n| --- | ---: | ---: |\n| a | 13 | 17 |\n| b |  | 3 |\n"
        self.assertEqual(run.with_table(self.PAGE, self.RECORDED), f"# Names\n{run.BEGIN}\n{rows}\n{run.END}after\n")

    def test_a_table_that_is_not_what_is_recorded_is_red_and_written_anew(self):
        page = run.with_table(self.PAGE, self.RECORDED)
        self.assertIsNone(run.check_table(page, self.RECORDED))
        changed = {**self.RECORDED, "x86_64 g++ 12": {"a": 19, "b": 3}}
        self.assertIn("run with --table", run.check_table(page, changed))
        self.assertIsNone(run.check_table(run.with_table(page, changed), changed))

    def test_a_page_without_a_place_for_the_table_is_red(self):
        for page in ("", run.BEGIN, run.END):
            with self.subTest(page), self.assertRaises(run.Failed):
                run.check_table(page, self.RECORDED)


if __name__ == "__main__":
    unittest.main()
