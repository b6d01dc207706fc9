# SPDX-License-Identifier: MIT
"""scripts/test itself: what it counts as passed, and that nothing broken, silent or stuck ends up as passed."""

import pathlib
import re
import shutil
import subprocess
import tempfile
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]


class Counting(unittest.TestCase):
    def assert_counted(self, report, passed, failed):
        command = ["bash", "-c", f"source {ROOT}/scripts/lib.sh && count_cases"]
        done = subprocess.run(command, input=report, text=True, capture_output=True, check=True)
        self.assertEqual(done.stdout.split(), [str(passed), str(failed)], report)

    def test_reports_of_each_kind_are_counted(self):
        for report, passed, failed in (
            ("[doctest] test cases: 12 | 12 passed | 0 failed | 0 skipped\n", 12, 0),
            ("[doctest] test cases:  12 |  9 passed | 2 failed | 1 skipped\n", 9, 3),
            ("[doctest] test cases: 0 | 0 passed | 0 failed | 34 skipped\n", 0, 34),
            ("[doctest] assertions: 99 | 99 passed | 0 failed |\n", 0, 0),
            ("Ran 1 test in 0.1s\n\nOK\n", 1, 0),
            ("Ran 14 tests in 3.070s\n\nOK (skipped=2)\n", 12, 2),
            ("Ran 9 tests in 1s\n\nFAILED (failures=1, errors=2, skipped=1)\n", 5, 4),
            ("Ran 9 tests in 1s\n\nOK (expected failures=3)\n", 6, 3),
            ("Ran 1 test in 1s\n\nFAILED (failures=20)\n", 0, 20),
            ("Ran 0 tests in 0.000s\n\nFAILED (errors=1)\n", 0, 1),
            ("Ran 7 tests in 1s\n", 0, 0),
            ("OK\nFAILED (failures=3)\n", 0, 0),
            ("3 passed, 1 failed\n4 passed, 0 failed\n", 7, 1),
            ("it says 3 passed, 1 failed\n", 0, 0),
            ("Ran 2 tests in 1s\nOK\n1 passed, 0 failed\n[doctest] test cases: 3 | 3 passed | 0 failed | 0 skipped\n", 6, 0),
            ("", 0, 0),
        ):
            with self.subTest(report):
                self.assert_counted(report, passed, failed)


class Packages(unittest.TestCase):
    def test_a_newer_prometheus_that_cannot_be_had_is_an_error(self):
        for version in ("2.42", "2.53"):
            with self.subTest(version), tempfile.TemporaryDirectory() as folder:
                for name, does in (("dpkg-query", f"echo {version}"), ("apt-get", "exit 100")):
                    stand_in = pathlib.Path(folder, name)
                    stand_in.write_text(f"#!/bin/sh\n{does}\n", encoding="utf-8")
                    stand_in.chmod(0o755)
                command = f"source {ROOT}/scripts/lib.sh && PATH={folder}:$PATH && use_newer_prometheus"
                for _ in range(2):  # nor is what is left of it taken for a whole one
                    done = subprocess.run(["bash", "-c", command], cwd=folder, capture_output=True, timeout=60, check=False)
                    self.assertNotEqual(done.returncode, 0, done.stderr)


class Suites(unittest.TestCase):
    """scripts/test with one suite in the place of its own."""

    def run_suite(self, body):
        return self.run_suites(f"suites=('sample|default|a sample')\nsuite_sample() {{\n{body}\n}}\n", "--only", "sample")

    def run_suites(self, suites, *flags):
        with tempfile.TemporaryDirectory() as name:
            folder = pathlib.Path(name)
            shutil.copytree(ROOT / "scripts", folder / "scripts")
            script = folder / "scripts" / "test"
            text = script.read_text(encoding="utf-8")
            # The functions stay, but for the last definition of this one, which counts.
            head, run, rest = text.partition("# --- Running them ---")
            self.assertTrue(run)
            script.write_text(head + "limit_s=2\n" + suites + rest, encoding="utf-8")
            done = subprocess.run([script, *flags], text=True, capture_output=True, timeout=120, check=False)
            return done.returncode, done.stdout.splitlines()

    def assert_last_line(self, body, line):
        status, lines = self.run_suite(body)
        self.assertEqual(lines[-1], line, "\n".join(lines))
        self.assertEqual(status == 0, line.endswith(", 0 failed"))
        return lines

    def test_passed_cases_are_the_last_line_after_a_table_of_minutes(self):
        lines = self.assert_last_line('cases echo "3 passed, 0 failed"; cases echo "2 passed, 0 failed"', "5 passed, 0 failed")
        self.assertRegex(lines[-3], r"^sample +\d+\.\d +\d+\.\d +5 +0$")
        self.assertRegex(lines[-4], r"^suite +minutes +cpu +passed +failed$")

    # Two suites that wait for each other, and a third that looks whether one of them is over.
    MEETING = "suites=('one|default|waits for two' 'two|default|waits for one' 'last|default|the third')\n"
    MEETING += "".join(
        f"suite_{name}() {{ cases bash -c 'touch build/{name}; until [[ -e build/{other} ]]; do sleep 0.05; done; "
        f"touch build/over; echo 1 passed, 0 failed'; }}\n"
        for name, other in (("one", "two"), ("two", "one"))
    )
    MEETING += "suite_last() { cases bash -c '[[ -e build/over ]] && echo 1 passed, 0 failed'; }\n"

    def test_two_suites_run_at_the_same_time_and_not_three(self):
        status, lines = self.run_suites(self.MEETING)
        self.assertEqual((status, lines[-1]), (0, "3 passed, 0 failed"), "\n".join(lines))

    def test_a_suite_that_wants_the_machine_to_itself_gets_it(self):
        for name in ("one", "two"):  # begun before the other, and after it
            with self.subTest(alone=name):
                status, lines = self.run_suites(self.MEETING.replace(f"{name}|default", f"{name}|default alone"))
                self.assertEqual(status, 1)
                self.assertTrue(any(re.match(r"one .* 1 failed$", line) for line in lines), "\n".join(lines))  # waited for two
                self.assertTrue(any(re.match(r"two .* 1 passed ", line) for line in lines), "\n".join(lines))

    def test_the_status_of_each_of_two_suites_is_its_own(self):
        suites = "suites=('one|default|fails' 'two|default|does not')\n"
        suites += "suite_one() { cases bash -c 'echo 1 passed, 0 failed'; false; }\nsuite_two() { cases bash -c 'echo 2 passed, 0 failed'; }\n"
        status, lines = self.run_suites(suites)
        self.assertEqual((status, lines[-1]), (1, "3 passed, 1 failed"), "\n".join(lines))
        self.assertTrue(any(line.startswith("one ") and line.endswith(" 1 failed") for line in lines), "\n".join(lines))

    def test_failed_cases_are_failed_and_the_log_is_shown(self):
        lines = self.assert_last_line('cases sh -c "echo seen; echo 3 passed, 2 failed; exit 1"', "3 passed, 2 failed")
        self.assertIn("    seen", lines)

    def test_a_suite_without_a_case_failed(self):
        self.assert_last_line("true", "0 passed, 1 failed")

    def test_a_program_without_a_report_failed_beside_others_that_have_one(self):
        self.assert_last_line('cases true; cases echo "3 passed, 0 failed"', "3 passed, 1 failed")

    def test_a_program_whose_status_its_report_does_not_explain_failed(self):
        self.assert_last_line('cases sh -c "echo 3 passed, 0 failed; exit 1"', "3 passed, 1 failed")

    def test_a_program_that_dies_by_a_signal_failed(self):
        self.assert_last_line('cases sh -c "kill -SEGV \\$\\$"', "0 passed, 1 failed")

    def test_a_build_that_fails_failed_and_ends_the_suite(self):
        self.assert_last_line('cases echo "1 passed, 0 failed"; false; cases echo "9 passed, 0 failed"', "1 passed, 1 failed")
        broken = "cmake() { [[ $1 != --preset ]]; }; build dev target; cases echo 9 passed, 0 failed"
        self.assert_last_line(broken, "0 passed, 1 failed")

    def test_a_stuck_program_failed(self):
        self.assert_last_line("cases sleep 600", "0 passed, 1 failed")

    def test_what_a_suite_leaves_behind_is_ended(self):
        with tempfile.NamedTemporaryFile("r") as file:
            self.assert_last_line(f'sleep 600 & echo $! >{file.name}; cases echo "1 passed, 0 failed"', "1 passed, 0 failed")
            self.assertFalse(pathlib.Path("/proc", file.read().strip(), "exe").exists())


class Choice(unittest.TestCase):
    def run_script(self, *arguments):
        return subprocess.run([ROOT / "scripts" / "test", *arguments], text=True, capture_output=True, check=False)

    def test_each_suite_of_the_table_has_its_function_and_the_other_way_round(self):
        text = (ROOT / "scripts" / "test").read_text(encoding="utf-8")
        listed = [line.split()[0] for line in self.run_script("--list").stdout.splitlines()]
        defined = [line[6 : line.index("(")] for line in text.splitlines() if line.startswith("suite_") and "() {" in line]
        self.assertEqual(sorted(listed), sorted(defined))

    def test_what_it_does_not_know_is_refused(self):
        for arguments in (["--only", "nothing"], ["--only"], ["--fast"], ["unit"]):
            with self.subTest(arguments):
                self.assertNotEqual(self.run_script(*arguments).returncode, 0)


class Bench(unittest.TestCase):
    def test_what_scripts_bench_does_not_know_is_refused_before_anything_is_installed(self):
        for arguments in (["--rounds"], ["--to"], ["--fast"], ["all"]):
            with self.subTest(arguments):
                done = subprocess.run(
                    [ROOT / "scripts" / "bench", *arguments], text=True, capture_output=True, timeout=60, check=False
                )
                self.assertNotEqual(done.returncode, 0)
                self.assertNotIn("Building", done.stdout)


if __name__ == "__main__":
    unittest.main()
