# SPDX-License-Identifier: MIT
"""The runner of the documents' snippets itself: what could fool it must be red."""

import pathlib
import subprocess
import sys
import tempfile
import unittest

RUNNER = pathlib.Path(__file__).resolve().parents[1] / "docs" / "run.py"
sys.path.insert(0, str(RUNNER.parent))
import names

UMBRELLA = "#pragma once\nnamespace flowviz { inline int answer() { return 42; } }\n"

PROGRAM = """```cpp
#include <cstdio>
#include <flowviz_metrics/flowviz_metrics.hpp>
int main() { std::printf("first\\n%d\\nlast\\n", flowviz::answer()); }
```
"""

FRAGMENT = "```cpp\nint known = flowviz::answer();\n```\n"


class Runner(unittest.TestCase):
    def run_on(self, readme, other="", api=None):
        with tempfile.TemporaryDirectory() as folder:
            root = pathlib.Path(folder)
            (root / "docs" / "design").mkdir(parents=True)
            (root / "include" / "flowviz_metrics").mkdir(parents=True)
            (root / "include" / "flowviz_metrics" / "flowviz_metrics.hpp").write_text(UMBRELLA, encoding="utf-8")
            (root / "README.md").write_text(readme, encoding="utf-8")
            (root / "docs" / "design" / "other.md").write_text(other, encoding="utf-8")
            if api is not None:
                (root / "docs" / "api.md").write_text(api, encoding="utf-8")
            command = [sys.executable, str(RUNNER), "--root", folder, "--include", str(root / "include")]
            return subprocess.run(command, text=True, capture_output=True, check=False)

    def assert_green(self, done, passed):
        self.assertEqual(done.stdout.splitlines()[-1], f"{passed} passed, 0 failed", done.stdout + done.stderr)
        self.assertEqual(done.returncode, 0)

    def assert_red(self, done, words):
        self.assertNotEqual(done.returncode, 0, done.stdout)
        self.assertIn(words, done.stdout + done.stderr)
        self.assertNotIn(", 0 failed", done.stdout)

    def test_programs_fragments_files_and_preludes_pass(self):
        prelude = "<!-- prelude\n#include <vector>\nstd::vector<int> numbers;\n-->\n"
        fragment = "```cpp\n#include <string>\nnumbers.push_back(flowviz::answer());\nstd::string text;\n```\n"
        file = "<!-- compile: file -->\n```cpp\ntemplate <class T> struct Box {};\n```\n"
        link = "<!-- compile: link -->\n```cpp\nint main() { for (;;) {} }\n```\n"
        self.assert_green(self.run_on(PROGRAM + prelude + fragment, file + link), 4)

    def test_a_snippet_that_does_not_compile_is_red_and_named_by_its_place(self):
        broken = "# Title\n\n```cpp\nint x = flowviz::nothing();\n```\n"
        self.assert_red(self.run_on(PROGRAM, broken), "docs/design/other.md:3: does not compile")

    def test_a_program_that_does_not_link_is_red(self):
        broken = "<!-- compile: link -->\n```cpp\nvoid nowhere();\nint main() { nowhere(); }\n```\n"
        self.assert_red(self.run_on(broken), "does not compile")

    def test_a_program_that_fails_is_red(self):
        self.assert_red(self.run_on("```cpp\nint main() { return 3; }\n```\n"), "ends with status 3")

    def test_a_program_prints_what_is_promised(self):
        for promised in ("first\n42\nlast\n", "...\n42\n...\n", "first\n...\n", "first  \n42\nlast\n...\n"):
            with self.subTest(promised):
                output = f"It prints:\n\n<!-- output -->\n```text\n{promised}```\n"
                self.assert_green(self.run_on(PROGRAM + output), 1)

    def test_other_output_than_promised_is_red(self):
        for promised in ("first\n43\nlast\n", "first\n42\n", "42\nlast\n", "...\n4\n...\n", "fi.st\n42\nlast\n", ""):
            with self.subTest(promised):
                output = f"<!-- output -->\n```text\n{promised}```\n"
                self.assert_red(self.run_on(PROGRAM + output), "promises this output")

    def test_an_output_without_a_program_before_it_is_red(self):
        output = "<!-- output -->\n```text\nanything\n```\n"
        link = "<!-- compile: link -->\n```cpp\nint main() {}\n```\n"
        for readme in (FRAGMENT + output, output, link + output, PROGRAM + output.replace("text", "console")):
            with self.subTest(readme):
                self.assert_red(self.run_on(readme), "an output stands in a text block")

    def test_only_what_is_not_about_the_library_may_stay_uncompiled(self):
        done = self.run_on(FRAGMENT + "<!-- not compiled: of another library -->\n```cpp\nother();\n```\n")
        self.assert_green(done, 1)
        self.assertIn("not compiled: README.md:5: of another library", done.stdout)
        self.assert_red(self.run_on("<!-- not compiled: later -->\n" + FRAGMENT), "what names flowviz:: is compiled")

    def test_comments_and_languages_that_would_hide_a_block_are_red(self):
        self.assert_red(self.run_on("<!-- compile: fragmnet -->\n" + FRAGMENT), "none of the comments")
        self.assert_red(self.run_on("<!-- compile: link -->\n" + FRAGMENT), "no main to link")
        self.assert_red(self.run_on(FRAGMENT.replace("cpp", "c++")), "C++ is marked `cpp`")
        self.assert_red(self.run_on(FRAGMENT + "```cpp\nint x;\n"), "never closed")
        for fence in ("  ```", "````", "~~~"):
            self.assert_red(self.run_on(f"{fence}cpp\nint x = nowhere;\n{fence}\n"), "does not compile")

    def test_a_comment_holds_only_for_the_block_right_below_it(self):
        apart = "<!-- not compiled: elsewhere -->\nA sentence.\n```cpp\nnowhere();\n```\n"
        self.assert_red(self.run_on(apart), "does not compile")

    def test_documents_without_snippets_are_red(self):
        self.assert_red(self.run_on("# Title\n"), "there was nothing to run")

    def test_a_public_name_that_the_page_of_the_names_lacks_is_red(self):
        index = "| [a](design/other.md) | `answer()` |\n"
        self.assert_green(self.run_on(FRAGMENT, "`answer()`\n", api=index), 2)
        self.assert_red(self.run_on(FRAGMENT, api=index), "index: answer is not in the code of design/other.md")
        self.assert_red(self.run_on(FRAGMENT, api="An answer.\n"), "flowviz_metrics.hpp: answer is not in the index")
        self.assert_red(self.run_on("```cpp\nint x;\n```\n", api=index), "answer is in no compiled snippet")
        hidden = f"<!-- not compiled: of another library -->\n{FRAGMENT.replace('flowviz::', '')}```cpp\nint x;\n```\n"
        self.assert_red(self.run_on(hidden, api=index), "answer is in no compiled snippet")

    def test_links_lead_to_files_and_headings_of_the_repository(self):
        there = FRAGMENT + "# One `two`, *three*\n[a](docs/design/other.md#b-c) [b](#one-two-three) [c](docs/design)\n"
        self.assert_green(self.run_on(there, "## B c\n[up](../../README.md) [web](https://nowhere.invalid/x.md)\n"), 1)
        self.assert_green(self.run_on(FRAGMENT + "`[no](link)`\n```text\n[nor](this)\n```\n<!-- [nor](this) -->\n"), 1)

    def test_a_link_that_leads_nowhere_is_red(self):
        for link, words in (
            ("[a](docs/gone.md)", "docs/gone.md: there is no such file"),
            ("![a picture](docs/gone.svg)", "docs/gone.svg: there is no such file"),
            ("[![a picture](docs/design)](docs/gone.md)", "docs/gone.md: there is no such file"),
            ("[![a picture](docs/gone.svg)](docs/design)", "docs/gone.svg: there is no such file"),
            ("[a](../elsewhere.md)", "../elsewhere.md: there is no such file"),
            ("[a](docs/design/other.md#c)", "docs/design/other.md#c: there is no such heading"),
            ("[a](#b)", "#b: there is no such heading"),
        ):
            with self.subTest(link):
                self.assert_red(self.run_on(FRAGMENT + link, "## B\n"), f"README.md: {words}")
        self.assert_red(self.run_on(FRAGMENT, "[a](README.md)\n"), "docs/design/other.md: README.md: there is no such file")


HEADER = """
#define FLOWVIZ_METRICS_WIDTH 3
#define FLOWVIZ_METRICS_GONE(x) \\
  x
#undef FLOWVIZ_METRICS_GONE
FLOWVIZ_METRICS_BEGIN
/// class Comment; "
template <class T, int N = (1 > 0)>
class [[nodiscard]] Box : public Base<T, N> {
 public:
  explicit(sizeof(T) == 1) Box(T value);
  ~Box();
  Box& operator=(const Box&) = delete;
  template <class U>
    requires(sizeof(U) > 1)
  [[nodiscard]] auto get(U u = U{}) const -> decltype(u) { int local = 0; return u; }
  static constexpr int limit = 3;
  enum class Turn { first, second };
  using Value = T;

 protected:
  void reach();

 private:
  struct Hidden { int secret; };
  T value_{};
};
struct Open {
  std::vector<int> values;
  const char* text = "class Literal { void no(); };";
};
class Outer {
 public:
  class Inner;
};
class Outer::Inner {
 public:
  Inner() = default;
  void act();
};
inline void Outer::Inner::act() { void nothing(); }
template <class T>
concept Small = sizeof(T) < 3;
template <class T>
Box(T) -> Box<T>;
template <class T>
inline constexpr bool is_small = Small<T>;
namespace inner {
[[nodiscard]] inline std::string join(std::span<const int> numbers) { return {}; }
}  // namespace inner
FLOWVIZ_METRICS_END
"""


class Names(unittest.TestCase):
    PUBLIC = [
        "FLOWVIZ_METRICS_WIDTH", "Box", "Box::get", "Box::limit", "Box::Turn", "Box::Turn::first", "Box::Turn::second",
        "Box::Value", "Open", "Open::values", "Open::text", "Outer", "Outer::Inner", "Outer::Inner::act", "Small",
        "is_small", "inner::join",
    ]  # fmt: skip

    def missing(self, index="", pages=(), snippets=()):
        problems = names.missing({"a.hpp": HEADER}, index, dict(pages), list(snippets))
        return [line.removeprefix("a.hpp: ") for line in problems]

    def unused(self, *snippets):
        return [line.partition(" is in no compiled")[0] for line in self.missing(snippets=snippets) if "compiled" in line]

    def test_public_declarations_are_found_and_nothing_else(self):
        found = {each.name: "::".join((*each.scopes, each.name)) for each in names.declarations(HEADER)}
        self.assertEqual(list(found.values()), self.PUBLIC)

    def test_what_is_no_member_has_to_stand_in_the_index_and_on_the_page_that_it_names(self):
        self.assertIn("Box is not in the index", self.missing("`Box`, but on the line of no page."))
        line = "| [page](api/a.md) | `Box`, `inner::join`, a Small one |"
        problems = self.missing(line, {"api/a.md": "What a `Box` is, and join."})
        self.assertNotIn("Box is not in the index", problems)
        self.assertNotIn("index: Box is not in the code of api/a.md", problems)
        self.assertIn("index: join is not in the code of api/a.md", problems)
        self.assertIn("Small is not in the index", problems)
        self.assertFalse([line for line in problems if line.startswith("Box::get is not in the index")])

    def test_a_name_has_to_be_used_by_a_snippet_and_not_only_by_its_comments_and_literals(self):
        self.assertNotIn("is_small", self.unused("bool b = flowviz::is_small<char>;"))
        self.assertIn("is_small", self.unused('// is_small\nbool b = "is_small"; bool very_is_small;'))
        self.assertNotIn("FLOWVIZ_METRICS_WIDTH", self.unused("int width = FLOWVIZ_METRICS_WIDTH;"))

    def test_a_member_has_to_be_used_in_a_snippet_that_names_its_class(self):
        for used in ("Box box{1}; box.get();", "auto b = make(); b->get();  // a Box", "&Box::get;"):
            self.assertNotIn("Box::get", self.unused(used))
        for other in ("other.get();", "Box box{1}; int get;", "Box box{1};\n// box.get();", "Boxes boxes; boxes.get();"):
            self.assertIn("Box::get", self.unused(other))
        self.assertIn("Box::get", self.unused("Box box{1};", "other.get();"))  # two snippets
        self.assertNotIn("Box::limit", self.unused("template <> struct flowviz::Box<int> { static int limit; };"))
        self.assertNotIn("Outer::Inner::act", self.unused("Outer::Inner i; i.act();"))

    def test_an_enumerator_has_to_stand_in_code_of_some_page(self):
        self.assertIn("Box::Turn::first stands nowhere in code", self.missing(pages={"a": "the first"}))
        self.assertNotIn("Box::Turn::first stands nowhere in code", self.missing(pages={"a": "`first`"}))

    def test_what_is_not_promised_is_not_asked_for_with_all_that_is_in_it(self):
        index = f"`Box` {names.NOT_PROMISED}\n`Box::Turn`, `Outer`, `inner`, `get`"
        asked = "\n".join(self.missing(index))
        for name in ("Box::Turn", "Outer", "inner::join"):
            self.assertNotIn(f"{name} ", asked)
            self.assertNotIn(f"{name}::", asked)
        self.assertIn("Box::get ", asked)  # a member is named with its class
        self.assertIn("Open ", asked)


if __name__ == "__main__":
    unittest.main()
