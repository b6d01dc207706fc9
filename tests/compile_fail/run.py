#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Holds what must not compile against g++ and clang++, with the words that their messages must show.

Each FILE.cpp beside this runner is one rule or a few close ones. Outside of any section it holds the nearest case that
must compile. Each section is a case that must not:

    #ifdef MUST_NOT_COMPILE_1
    // expect: a counter's name ends in _total
    flowviz::Counter requests{registry, "requests", "Requests."};
    #endif

All `// expect:` lines of a section must stand in the compiler's message: not in the lines of the case itself that a
compiler repeats, which would prove nothing. A section may say that old compilers see a rule only at start-up:

    // start-up: clang < 19

There it is enough that the program, once built, refuses to run and says the words on stderr.

Exit status 0 when every case passed. The last line is `N passed, N failed`.
"""

import argparse
import collections
import os
import pathlib
import re
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests" / "harness"))
import checks

FLAGS = ["-std=c++20", "-pthread", "-fmessage-length=0", "-Werror=unused-result", "-Werror=unused-value"]

Section = collections.namedtuple("Section", "name expected start_up")
Rule = collections.namedtuple("Rule", "compiler below")
Compiler = collections.namedtuple("Compiler", "command family major flags")


class BadCaseFile(Exception):
    """A file of cases that does not say what it means."""


def read_sections(text):
    """The sections of a file of cases; raises BadCaseFile for one that could pass without testing anything."""
    sections = []
    current = None
    depth = 0
    for number, line in enumerate(text.splitlines(), 1):
        directive = re.match(r"\s*#\s*(if|ifdef|ifndef|else|elif|endif)\b", line)
        if "MUST_NOT_COMPILE" in line:
            opening = re.fullmatch(r"#ifdef (MUST_NOT_COMPILE_\w+)\s*", line)
            if not opening or current:
                raise BadCaseFile(f"line {number}: write `#ifdef MUST_NOT_COMPILE_<n>`, outside of other sections")
            if opening[1] in [section.name for section in sections]:
                raise BadCaseFile(f"line {number}: {opening[1]} occurs twice")
            current = Section(opening[1], [], [])
            depth = 1
        elif current and directive:
            if directive[1] in ("if", "ifdef", "ifndef"):
                depth += 1
            elif directive[1] == "endif":
                depth -= 1
            elif depth == 1:
                raise BadCaseFile(f"line {number}: a section has no #{directive[1]}")
            if depth == 0:
                if not current.expected:
                    raise BadCaseFile(f"line {number}: {current.name} has no `// expect:` line")
                sections.append(current)
                current = None

        note = re.match(r"\s*//\s*(expect|start-up)\s*:\s*(.*?)\s*$", line)
        if note and not current:
            raise BadCaseFile(f"line {number}: `// {note[1]}:` outside of a section")
        if note and not note[2]:
            raise BadCaseFile(f"line {number}: `// {note[1]}:` says nothing")
        if note and note[1] == "expect":
            current.expected.append(note[2])
        if note and note[1] == "start-up":
            rule = re.fullmatch(r"(g\+\+|clang) < (\d+)", note[2])
            if not rule:
                raise BadCaseFile(f"line {number}: write `// start-up: clang < 19`")
            current.start_up.append(Rule(rule[1], int(rule[2])))
    if current:
        raise BadCaseFile(f"{current.name} has no #endif")
    if not sections:
        raise BadCaseFile("no section that must not compile")
    return sections


def prepare(command, include, folder):
    """What a compiler is, by its own predefined macros, and the flags that every case gets."""
    macros = checks.start([command, "-dM", "-E", "-x", "c++", os.devnull]).stdout
    clang = re.search(r"__clang_major__ (\d+)", macros)
    family, major = ("clang", clang[1]) if clang else ("g++", re.search(r"__GNUC__ (\d+)", macros)[1])
    return Compiler(command, family, int(major), [*FLAGS, f"-I{include}", *precompiled(command, family, include, folder)])


def precompiled(command, family, include, folder):
    """Flags that hand all of the core's headers to each case at a third of the time. That a header includes what it
    needs is another test's matter."""
    if not (include / "flowviz_metrics" / "flowviz_metrics.hpp").exists():
        return []
    header = pathlib.Path(folder, f"core-{pathlib.Path(command).name}.hpp")
    header.write_text("#include <flowviz_metrics/flowviz_metrics.hpp>\n", encoding="utf-8")
    made = f"{header}.pch" if family == "clang" else f"{header}.gch"
    done = checks.start([command, *FLAGS, f"-I{include}", "-x", "c++-header", header, "-o", made])
    if done.status != 0:
        raise SystemExit(f"the core's headers do not compile with {command}:\n{done.stderr}")
    return ["-include-pch", made] if family == "clang" else ["-include", str(header)]


def without_lines_of(case, output):
    """A compiler's message without the lines that it repeats out of the case itself (all paths are absolute), nor its path."""
    kept = []
    repeats_case = False
    for line in output.splitlines():
        place = re.match(r"(?:In file included from |\s+from )?(/[^:]*|<[^>]*>):", line)
        if place:
            repeats_case = pathlib.Path(place[1]) == case
            kept.append(line)
        elif not repeats_case:
            kept.append(line)
    return "\n".join(kept).replace(str(case), "case.cpp")


def compile_command(compiler, case, *defines):
    return [compiler.command, *compiler.flags, *[f"-D{name}" for name in defines], str(case)]


def missing_words(section, message):
    return [words for words in section.expected if " ".join(words.split()) not in " ".join(message.split())]


def check_positive(compiler, case):
    """None if the case compiles, else what was wrong."""
    done = checks.start([*compile_command(compiler, case), "-fsyntax-only"])
    return None if done.status == 0 else f"must compile and does not:\n{done.stderr}"


def check_negative(compiler, case, section):
    """None if the section is refused with the expected words, else what was wrong."""
    done = checks.start([*compile_command(compiler, case, section.name), "-fsyntax-only"])
    if done.status == 0:
        if any(rule.compiler == compiler.family and compiler.major < rule.below for rule in section.start_up):
            return check_start_up(compiler, case, section)
        return "must not compile, and does"
    if done.status != 1 or "internal compiler error" in done.stderr or "PLEASE submit a bug report" in done.stderr:
        return f"the compiler broke (status {done.status}):\n{done.stderr}"
    missing = missing_words(section, without_lines_of(case, done.stderr))
    return f"refused without the words {missing}:\n{done.stderr}" if missing else None


def check_start_up(compiler, case, section):
    """None if the section builds into a program that refuses to run with the expected words, else what was wrong."""
    with tempfile.TemporaryDirectory() as folder:
        main_file = pathlib.Path(folder, "main.cpp")
        main_file.write_text("int main() {}\n", encoding="utf-8")
        program = pathlib.Path(folder, "program")
        done = checks.start([*compile_command(compiler, case, section.name), main_file, "-o", program])
        if done.status != 0:
            return f"passes the syntax check and does not build:\n{done.stderr}"
        done = checks.start([program])
        if done.status == 0:
            return "neither the compiler nor the start of the program refuses it"
        missing = missing_words(section, done.stderr)
        return f"refused at start-up without the words {missing}:\n{done.stderr}" if missing else None


def main():
    here = pathlib.Path(__file__).resolve().parent
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--compiler", action="append", help="a compiler to ask (default: g++ and clang++)")
    parser.add_argument("--include", type=pathlib.Path, default=ROOT / "include", help="where the headers are")
    parser.add_argument("--cases", type=pathlib.Path, default=here, help="where the cases are")
    options = parser.parse_args()

    bad_files = []
    work = []
    with tempfile.TemporaryDirectory() as folder:
        include = options.include.resolve()
        compilers = [prepare(command, include, folder) for command in options.compiler or ["g++", "clang++"]]
        for case in sorted(options.cases.resolve().glob("*.cpp")):
            try:
                sections = read_sections(case.read_text(encoding="utf-8"))
            except BadCaseFile as error:
                bad_files.append(f"{case.name}: {error}")
                continue
            for compiler in compilers:
                work.append((f"{case.name} [{compiler.command}]", check_positive, compiler, case))
                for section in sections:
                    name = f"{case.name} {section.name} [{compiler.command}]"
                    work.append((name, check_negative, compiler, case, section))
        return checks.report(work, bad_files)


if __name__ == "__main__":
    sys.exit(main())
