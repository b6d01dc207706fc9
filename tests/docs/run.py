#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Compiles every C++ snippet of README.md and docs/, and runs the ones that are programs.

A ```cpp block with a `main` is compiled, linked and run, and must end with status 0. Any other block is a fragment: it
is compiled in a function's body, after the core's umbrella header. What a reader need not see goes into comments of
Markdown, which nobody's browser shows. On the line above a block:

    <!-- compile: file -->          declarations, compiled at namespace scope
    <!-- compile: link -->          a program that serves until it is ended: built and not run
    <!-- not compiled: reason -->   not about this library; refused for a block that names flowviz::

Between blocks, for the fragments and files after it in the same document, at namespace scope:

    <!-- prelude
    flowviz::Registry registry;
    -->

And after a program, above a ```text block, `<!-- output -->`: what the program prints. There a line of three dots
stands for any lines.

And docs/api.md and its pages in docs/api/ have every public name, see names.py, and no document of the repository has a link
to a file or a heading that is not there, see links.py.

The last line is `N passed, N failed`, after a list of what is not compiled.
"""

import argparse
import pathlib
import re
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "tests" / "harness"), str(ROOT / "tests" / "docs")]
import checks
import links
import names

UMBRELLA = "#include <flowviz_metrics/flowviz_metrics.hpp>\n"


class Block:
    """A fenced block, with the comment above it, the prelude before it and the output that is promised after it."""

    def __init__(self, place, fence, language, directive, prelude):
        self.place, self.fence, self.language = place, fence, language
        self.directive, self.prelude = directive, prelude
        self.text = ""
        self.output = None

    def is_program(self):
        return re.search(r"\bint main\(", self.text) is not None


def read_blocks(name, text):
    """The fenced blocks of a Markdown document, in order."""
    blocks = []
    directive = None
    prelude = ""
    inside = None  # the block or prelude that the line belongs to
    for number, line in enumerate(text.splitlines(), 1):
        if isinstance(inside, Block):
            if line.strip() == inside.fence:
                blocks.append(inside)
                inside = directive = None
            else:
                inside.text += line + "\n"
        elif inside == "prelude":
            if line.strip() == "-->":
                inside = None
            else:
                prelude += line + "\n"
        elif line.strip() == "<!-- prelude":
            inside, prelude = "prelude", ""
        elif opening := re.match(r"\s*(`{3,}|~{3,})\s*(\S*)", line):
            inside = Block(f"{name}:{number}", opening[1], opening[2].lower(), directive, prelude)
        elif line.strip():
            comment = re.fullmatch(r"<!--\s*(.*?)\s*-->", line.strip())
            directive = comment[1] if comment else None
    if inside:
        raise SystemExit(f"{name}: a block or prelude is never closed")
    return blocks


def source_of(block):
    """The translation unit that a block stands for."""
    if block.is_program():
        return block.text
    lines = block.text.splitlines()
    includes = "".join(f"{line}\n" for line in lines if line.startswith("#include"))
    body = "".join("\n" if line.startswith("#include") else f"{line}\n" for line in lines)
    prelude = block.prelude
    for line in [line for line in prelude.splitlines() if line.startswith("#include")]:
        includes += f"{line}\n"
        prelude = prelude.replace(line, "", 1)
    head = f'{UMBRELLA}{includes}#line 1 "prelude"\n{prelude}'
    if block.directive != "compile: file":
        body = f"{{\n{body}}}\n"
        head += "void fragment()\n"
    return f'{head}#line 1 "{block.place}"\n{body}'


def flags_for(source, include):
    flags = ["-std=c++20", "-pthread", f"-I{include}"]
    for adapter, package in (("httplib", "cpp-httplib"), ("sqlite", "sqlite3"), ("libpq", "libpq")):
        if re.search(rf"adapters/{adapter}(_\w+)?\.hpp", source):
            command = ["pkg-config", "--cflags", "--libs", package]
            flags += subprocess.run(command, check=True, text=True, capture_output=True).stdout.split()
    return flags


def check_block(block, include, disabled=False):
    """None if a block compiles and does what it says, else what was wrong. Disabled, it has only to compile."""
    source = source_of(block)
    with tempfile.TemporaryDirectory() as folder:
        file = pathlib.Path(folder, "snippet.cpp")
        file.write_text(source, encoding="utf-8")
        program = pathlib.Path(folder, "snippet")
        goal = ["-o", program] if block.is_program() and not disabled else ["-fsyntax-only"]
        macros = ["-DFLOWVIZ_METRICS_DISABLED"] if disabled else []
        done = checks.start(["g++", file, *macros, *flags_for(source, include), *goal])
        if done.status != 0:
            return f"does not compile:\n{done.stderr}"
        if disabled or not block.is_program() or block.directive == "compile: link":
            return None
        done = checks.start([program], cwd=folder)
        if done.status != 0:
            return f"ends with status {done.status}:\n{done.stdout}{done.stderr}"
        if block.output is not None and not matches(block.output, done.stdout):
            return f"promises this output:\n{block.output}but prints:\n{done.stdout}"
    return None


def matches(promised, printed):
    lines = [line.rstrip() for line in promised.splitlines()]
    pattern = "".join("(.*\n)*" if line == "..." else re.escape(line) + "\n" for line in lines)
    return re.fullmatch(pattern, "".join(line.rstrip() + "\n" for line in printed.splitlines())) is not None


def check_names(root, include, blocks):
    """None if the pages of the names and the snippets have all public ones of the headers, else what they lack."""
    paths = [path.relative_to(include) for path in sorted(include.rglob("*.hpp"))]
    headers = {
        path.as_posix(): (include / path).read_text(encoding="utf-8")
        for path in paths
        if not {"cells", "encode"} & set(path.parts)
    }
    docs = root / "docs"
    pages = {page.relative_to(docs).as_posix(): page.read_text(encoding="utf-8") for page in docs.rglob("*.md")}
    snippets = [block.text for block in blocks]
    problems = names.missing(headers, (docs / "api.md").read_text(encoding="utf-8"), pages, snippets)
    return None if not problems else "and its pages:\n" + "\n".join(problems)


def documents_in(root):
    """Every Markdown file of the repository; what was built, or is hidden, is none of it."""
    folders = [each for each in sorted(root.iterdir()) if each.is_dir() and not re.match(r"build|\.", each.name)]
    return [*sorted(root.glob("*.md")), *(file for folder in folders for file in sorted(folder.rglob("*.md")))]


def plan(blocks):
    """The blocks to check, what is wrong with the others, and what is left out with its reason."""
    work, wrong, left_out = [], [], []
    previous = None
    for block in blocks:
        if block.directive == "output":
            runs = previous in work and previous.is_program() and previous.directive is None
            if block.language != "text" or not runs or previous.output is not None:
                wrong.append(f"{block.place}: an output stands in a text block after a program that is run")
            else:
                previous.output = block.text
        elif block.language == "cpp":
            reason = re.fullmatch(r"not compiled: (.+)", block.directive or "")
            if reason and "flowviz::" not in block.text:
                left_out.append(f"{block.place}: {reason[1]}")
            elif reason:
                wrong.append(f"{block.place}: what names flowviz:: is compiled")
            elif block.directive not in (None, "compile: file", "compile: link"):
                wrong.append(f"{block.place}: `<!-- {block.directive} -->` is none of the comments that this test knows")
            elif block.directive == "compile: link" and not block.is_program():
                wrong.append(f"{block.place}: there is no main to link")
            else:
                work.append(block)
        elif block.language in ("c++", "cc", "cxx", "hpp", "c"):
            wrong.append(f"{block.place}: C++ is marked `cpp`, or it is not tested")
        previous = block
    return work, wrong, left_out


def check_words(root, include):
    """That the words which names do not have are those that the compiler refuses."""
    header = (include / "flowviz_metrics/name_rules.hpp").read_text(encoding="utf-8")
    rules = (root / "docs/api/registries.md").read_text(encoding="utf-8").split("## Rules of names")[1].split("\n## ")[0]
    lists = re.findall(r"std::array<std::string_view, \d+> \w+\{(.*?)\}", header, re.S)
    refused = {word for each in lists for word in re.findall(r'"(\w+)"', each)}
    told = set(re.findall(r"`(\w+)`", rules))
    if len(refused) < 60:
        return f"of the words that name_rules.hpp refuses only {len(refused)} were found"
    return f"words that it lacks: {sorted(refused - told)}" if refused - told else None


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--root", type=pathlib.Path, default=ROOT, help="where README.md and docs/ are")
    parser.add_argument("--include", type=pathlib.Path, default=ROOT / "include", help="where the headers are")
    parser.add_argument("--disabled", action="store_true", help="compile all of it with metrics compiled out, and run nothing")
    options = parser.parse_args()

    blocks = []
    for document in [options.root / "README.md", *sorted((options.root / "docs").rglob("*.md"))]:
        blocks += read_blocks(document.relative_to(options.root).as_posix(), document.read_text(encoding="utf-8"))
    work, wrong, left_out = plan(blocks)
    for line in left_out:
        print(f"not compiled: {line}")
    include = options.include.resolve()
    cases = [(block.place, check_block, block, include, options.disabled) for block in work]
    if not options.disabled:
        if (options.root / "docs" / "api.md").is_file():
            cases.append(("docs/api.md", check_names, options.root, include, work))
        if (options.root / "docs" / "api" / "registries.md").is_file():
            cases.append(("docs/api/registries.md, rules of names", check_words, options.root, include))
        for document in documents_in(options.root):
            name = document.relative_to(options.root).as_posix()
            wrong += [f"{name}: {problem}" for problem in links.dead(document, options.root)]
    return checks.report(cases, wrong)


if __name__ == "__main__":
    sys.exit(main())
