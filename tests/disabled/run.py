#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What is left of metrics that are compiled out: that writing to them leaves no instruction, that files with and without
them live in one program, that types of both never meet, and that what is wrong at compile time still is.

The last line is `N passed, N failed`.
"""

import argparse
import pathlib
import re
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parents[1]
sys.path.insert(0, str(ROOT / "tests" / "harness"))
import checks
from checks import Failed, must

COMPILERS = ["g++", "clang++"]
FLAGS = ["-std=c++20", "-O2", "-Wall", "-Wextra", "-Wpedantic", "-Werror", "-pthread", "-I", ROOT / "include"]
DISABLED = "-DFLOWVIZ_METRICS_DISABLED"
MIXED = [DISABLED, "-D_GLIBCXX_DEBUG", "-D_GLIBCXX_USE_CXX11_ABI=0", "-DFLOWVIZ_METRICS_SLOTS=64"]
# What does nothing: the end of a function, the mark of a place to jump to, and what fills up lines.
NOTHING = {"ret", "retq", "endbr64", "nop", "nopl", "nopw", "data16", "cs", "xchg"}


def functions(object_file):
    """The instructions of each function that this file defines under a plain name: {name: [mnemonic]}."""
    found = {}
    name = None
    for line in must(["objdump", "-d", "--no-show-raw-insn", object_file]).splitlines():
        if head := re.match(r"[0-9a-f]+ <(\w+)>:$", line):
            name = head[1] if re.match(r"(write|time|remove)_", head[1]) else None
            if name:
                found[name] = []
        elif name and (instruction := re.match(r"\s+[0-9a-f]+:\s+(\w+)", line)):
            found[name].append(instruction[1])
    return found


def compiled(compiler, folder, *flags):
    out = folder / f"writes-{compiler}-{len(flags)}.o"
    must([compiler, *FLAGS, *flags, "-c", HERE / "writes.cpp", "-o", out])
    return functions(out)


def check_function(name, off, on):
    left = [instruction for instruction in off[name] if instruction not in NOTHING]
    if left:
        return f"compiled out it leaves {len(left)} instructions: {' '.join(left[:12])}"
    if len(on[name]) < 4 and "jmp" not in on[name]:  # it may go on in a function of its own
        return f"with metrics it has no more than {' '.join(on[name])}: this test shows nothing"
    return None


def check_one_program(compiler, folder, *sources):
    """Both files in one program, in either order: whatever were defined twice would come from the first one."""
    program = folder / f"program-{compiler}-{sources[0]}"
    must([compiler, *FLAGS, *(HERE / source for source in sources), "-o", program])
    must([program])


def check_mixed(compiler, folder, flag):
    """Files that do not fit together do not link. Without the flag they would."""
    sources = [HERE / "mixed_giver.cpp", HERE / "mixed_taker.cpp"]
    program = folder / f"mixed-{compiler}{flag}"
    must([compiler, *FLAGS, *sources, "-o", program])
    must([compiler, *FLAGS, flag, "-c", sources[1], "-o", f"{program}.o"])
    done = checks.start([compiler, *FLAGS, sources[0], f"{program}.o", "-o", program])
    if done.status == 0:
        return "a registry of one kind was given to a file of the other"
    if "count_in(flowviz::v0_" not in done.stderr:
        return f"it does not link for another reason:\n{done.stderr}"
    return None


def check_setting(value, expected):
    """What the macro's values mean; expected is None where they are refused."""
    macros = [f"-DFLOWVIZ_METRICS_DISABLED{value}", f"-DENABLED={expected or 'true'}"]
    done = checks.start(["g++", *FLAGS, *macros, "-fsyntax-only", HERE / "setting.cpp"])
    if expected is None:
        return None if "FLOWVIZ_METRICS_DISABLED is 1 or left empty" in done.stderr else f"accepted: {done.stderr}"
    return None if done.status == 0 else done.stderr


def check_refused(compiler, macro, source, case, expected):
    """What a case of tests/compile_fail shows with metrics is refused without them, too."""
    command = [compiler, *FLAGS, macro, "-fsyntax-only", ROOT / "tests" / "compile_fail" / source]
    must(command)
    done = checks.start([*command, f"-DMUST_NOT_COMPILE_{case}"])
    if done.status == 0:
        return "it compiles"
    return None if expected in done.stderr else f"it is refused for another reason:\n{done.stderr}"


def check_example(source):
    """The examples are written for both."""
    packages = must(["pkg-config", "--cflags", "cpp-httplib", "sqlite3", "libpq"]).split()
    folders = ["-I", ROOT / "examples" / "wms_service"]
    must(["g++", *FLAGS, DISABLED, *packages, *folders, "-fsyntax-only", source])


def sources(of_service):
    """The sources that use metrics: the small examples, or the service."""
    for source in sorted((ROOT / "examples").rglob("*.cpp")):
        if ("wms_service" in source.parts) == of_service and "flowviz" in source.read_text(encoding="utf-8"):
            yield source


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--service", action="store_true", help="only compile the service, each of its files")
    if parser.parse_args().service:
        return checks.report([(source.relative_to(ROOT).as_posix(), check_example, source) for source in sources(True)])
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        table = []
        for compiler in COMPILERS:
            try:
                off, on = compiled(compiler, folder, DISABLED), compiled(compiler, folder)
            except Failed as failed:
                print(failed)
                return checks.report([], [f"{compiler}: writes.cpp"])
            table += [(f"{compiler}: {name}", check_function, name, off, on) for name in sorted(off)]
            table += [
                (f"{compiler}: one program", check_one_program, compiler, folder, "on.cpp", "off.cpp"),
                (f"{compiler}: one program, linked the other way round", check_one_program, compiler, folder, "off.cpp", "on.cpp"),
                *((f"{compiler}: does not fit a file with {flag}", check_mixed, compiler, folder, flag) for flag in MIXED),
                (f"{compiler}: a wrong name", check_refused, compiler, DISABLED, "counter_name.cpp", "1", "_total"),
                (f"{compiler}: no with()", check_refused, compiler, DISABLED + "=1", "labelled.cpp", "counter",
                 "this metric has labels"),
            ]  # fmt: skip
        settings = [("", "false"), ("=1", "false"), ("=", "false"), ("=0", "true"), ("=ON", None), ("=true", None), ("=2", None)]
        table += [(f"FLOWVIZ_METRICS_DISABLED{value}", check_setting, value, expected) for value, expected in settings]
        table += [(source.relative_to(ROOT).as_posix(), check_example, source) for source in sources(False)]
        return checks.report(table)


if __name__ == "__main__":
    sys.exit(main())
