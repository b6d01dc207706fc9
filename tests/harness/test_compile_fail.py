# SPDX-License-Identifier: MIT
"""The compile-fail runner itself: what could fool it must be red."""

import pathlib
import subprocess
import sys
import tempfile
import unittest

RUNNER = pathlib.Path(__file__).resolve().parents[1] / "compile_fail" / "run.py"

HEADER = """
#pragma once
[[noreturn]] void broken(const char* rule);
struct Name { consteval Name(const char* text) { if (text[0] != 'a') broken("a name begins with an a"); } };
struct Series { [[nodiscard]] int value() const { return 1; } };
template <class T> void only_wide(T) { static_assert(sizeof(T) >= 8, "the value must be wide"); }
"""

GOOD = """
#include "rules.hpp"
constexpr Name name{"apple"};
#ifdef MUST_NOT_COMPILE_1
// expect: a name begins with an a
constexpr Name wrong{"pear"};
#endif
#ifdef MUST_NOT_COMPILE_2
// expect: the value must be wide
void f() { only_wide(1); }
#endif
#ifdef MUST_NOT_COMPILE_3
// expect: nodiscard
void f(Series series) { series.value(); }
#endif
"""

START_UP = """
#include <cstdio>
#include <cstdlib>
struct Named {{
  explicit Named(bool valid) {{ if (!valid) {{ std::fputs("{says}", stderr); std::exit({status}); }} }}
}};
Named right{{true}};
#ifdef MUST_NOT_COMPILE_1
// expect: refused by its name
// start-up: clang < 99
// start-up: g++ < 99
Named wrong{{false}};
#endif
"""


class Runner(unittest.TestCase):
    def run_on(self, files, *arguments):
        with tempfile.TemporaryDirectory() as folder:
            pathlib.Path(folder, "rules.hpp").write_text(HEADER, encoding="utf-8")
            for name, text in files.items():
                pathlib.Path(folder, name).parent.mkdir(exist_ok=True)
                pathlib.Path(folder, name).write_text(text, encoding="utf-8")
            command = [sys.executable, str(RUNNER), "--cases", folder, "--include", folder, *arguments]
            return subprocess.run(command, text=True, capture_output=True, check=False)

    def assert_green(self, done, passed):
        self.assertEqual(done.stdout.splitlines()[-1], f"{passed} passed, 0 failed", done.stdout + done.stderr)
        self.assertEqual(done.returncode, 0)

    def assert_red(self, done, words):
        self.assertNotEqual(done.returncode, 0, done.stdout)
        self.assertIn(words, done.stdout + done.stderr)
        self.assertNotIn(", 0 failed", done.stdout)

    def test_good_cases_pass_on_both_compilers(self):
        self.assert_green(self.run_on({"good.cpp": GOOD}), 8)

    def test_the_core_is_precompiled_for_all_cases_and_has_to_compile(self):
        umbrella = "flowviz_metrics/flowviz_metrics.hpp"
        with_core = GOOD.replace('#include "rules.hpp"', f"#include <{umbrella}>")
        self.assert_green(self.run_on({"good.cpp": with_core, umbrella: HEADER}), 8)
        self.assert_red(self.run_on({"good.cpp": GOOD, umbrella: "nonsense"}), "the core's headers do not compile")
        self.assert_red(self.run_on({"a.cpp": with_core.replace("pear", "apricot"), umbrella: HEADER}), "and does")

    def test_a_nearest_case_that_does_not_compile_is_red(self):
        self.assert_red(self.run_on({"a.cpp": GOOD.replace("apple", "plum")}), "must compile and does not")

    def test_a_case_that_compiles_is_red(self):
        self.assert_red(self.run_on({"a.cpp": GOOD.replace("pear", "apricot")}), "must not compile, and does")

    def test_a_refusal_with_other_words_is_red(self):
        other = GOOD.replace("// expect: a name begins with an a", "// expect: a name ends with an a")
        self.assert_red(self.run_on({"a.cpp": other}), "refused without the words ['a name ends with an a']")

    def test_a_refusal_for_another_reason_is_red(self):
        self.assert_red(self.run_on({"a.cpp": GOOD.replace('wrong{"pear"}', "wrong = nowhere")}), "without the words")

    def test_each_expected_line_counts(self):
        two = GOOD.replace("// expect: a name", "// expect: of the second line\n// expect: a name")
        self.assert_red(self.run_on({"a.cpp": two}), "refused without the words ['of the second line']")

    def test_words_that_stand_only_in_the_case_itself_are_red(self):
        for line in (
            'int wrong = "a name begins with an a";',
            "int wrong = nowhere;  // a name begins with an a",
            "int wrong = f(\n  nowhere); /* a name begins with an a */",
        ):
            case = GOOD.replace('constexpr Name wrong{"pear"};', line)
            self.assert_red(self.run_on({"a.cpp": case}), "refused without the words")

    def test_words_that_stand_only_in_the_name_of_the_file_are_red(self):
        other = GOOD.replace("// expect: a name begins with an a", "// expect: pears")
        self.assert_red(self.run_on({"pears.cpp": other}), "refused without the words ['pears']")

    def test_a_compiler_that_breaks_is_red(self):
        with tempfile.TemporaryDirectory() as folder:
            compiler = pathlib.Path(folder, "broken-compiler")
            compiler.write_text(
                "#!/bin/sh\n"
                'case "$*" in\n'
                '  *-dM*) echo "#define __GNUC__ 12" ;;\n'
                '  *MUST_NOT*) echo "internal compiler error: a name begins with an a" >&2; exit 1 ;;\n'
                "esac\n",
                encoding="utf-8",
            )
            compiler.chmod(0o755)
            self.assert_red(self.run_on({"a.cpp": GOOD}, "--compiler", str(compiler)), "the compiler broke")

    def test_files_that_would_test_nothing_are_red(self):
        for words, text in (
            ("no section", "int main() {}\n"),
            ("has no `// expect:`", "#ifdef MUST_NOT_COMPILE_1\nint x = y;\n#endif\n"),
            ("says nothing", "#ifdef MUST_NOT_COMPILE_1\n// expect:\nint x = y;\n#endif\n"),
            ("outside of a section", "// expect: words\n" + GOOD),
            ("occurs twice", GOOD + GOOD),
            ("has no #endif", GOOD + "#ifdef MUST_NOT_COMPILE_9\n// expect: words\n"),
            ("write `#ifdef MUST_NOT_COMPILE_<n>`", GOOD + "#if defined(MUST_NOT_COMPILE_9)\n#endif\n"),
            ("a section has no #else", GOOD.replace("#endif", "#else\n#endif", 1)),
            ("write `// start-up: clang < 19`", GOOD.replace("// expect", "// start-up: clang\n// expect", 1)),
        ):
            with self.subTest(words):
                self.assert_red(self.run_on({"a.cpp": text}), words)

    def test_a_folder_without_cases_is_red(self):
        self.assert_red(self.run_on({}), "there was nothing to run")

    def test_a_rule_seen_at_start_up_passes_where_the_case_allows_it(self):
        self.assert_green(self.run_on({"a.cpp": START_UP.format(says="refused by its name", status=1)}), 4)

    def test_a_rule_seen_at_start_up_is_red_where_the_case_does_not_allow_it(self):
        case = START_UP.format(says="refused by its name", status=1).replace("< 99", "< 2")
        self.assert_red(self.run_on({"a.cpp": case}), "must not compile, and does")

    def test_a_program_that_starts_in_spite_of_the_rule_is_red(self):
        case = START_UP.format(says="refused by its name", status=0)
        self.assert_red(self.run_on({"a.cpp": case}), "neither the compiler nor the start")

    def test_a_program_that_ends_with_other_words_is_red(self):
        case = START_UP.format(says="something else", status=1)
        self.assert_red(self.run_on({"a.cpp": case}), "refused at start-up without the words")


if __name__ == "__main__":
    unittest.main()
