#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""State that a program and its shared objects have to share is visible, whatever the visibility is that they are built with.

With -fvisibility=hidden each of them has its own copy of whatever is not FLOWVIZ_METRICS_SHARED. Of constants that does no harm. Of
what is written it does: a request begun in one copy is unknown in the other. So all.cpp is built that way, and no variable of the
library that can be written is hidden, or local, in the object file.

The last line is `N passed, N failed`.
"""

import pathlib
import re
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parents[1]
sys.path.insert(0, str(ROOT / "tests" / "harness"))
import checks

FLAGS = ["-std=c++20", "-O1", "-fPIC", "-fvisibility=hidden", "-isystem", "/usr/include/postgresql", "-c"]
WRITTEN = re.compile(r"\.(bss|tbss|tdata|data(?!\.rel\.ro))")


def variables(compiler, source):
    """(binding, visibility, name) of each variable in a section that can be written."""
    with tempfile.TemporaryDirectory() as folder:
        file = f"{folder}/all.o"
        checks.must([compiler, *FLAGS, f"-I{ROOT / 'include'}", "-o", file, source])
        listed = subprocess.run(["readelf", "-WS", file], capture_output=True, text=True, check=True).stdout
        sections = dict(re.findall(r"^\s*\[\s*(\d+)\] (\S+)", listed, re.M))
        symbols = subprocess.run(["readelf", "-Ws", file], capture_output=True, text=True, check=True).stdout
    found = []
    for line in symbols.splitlines():
        words = line.split()
        if len(words) == 8 and words[3] in ("OBJECT", "TLS") and WRITTEN.match(sections.get(words[6], "")):
            found.append((words[4], words[5], words[7]))
    return found


def check(compiler):
    ours = [(binding, visibility, name) for binding, visibility, name in variables(compiler, HERE / "all.cpp")
            if "7flowviz" in name and not name.startswith("DW.ref.")]  # a compiler's way to a type_info
    if len(ours) < 5:
        raise checks.Failed(f"only {ours} are found")
    apart = [name for binding, visibility, name in ours if visibility != "DEFAULT" or binding == "LOCAL"]
    if apart:
        raise checks.Failed(f"each shared object has its own {apart}")


def check_that_it_sees(compiler):
    text = ["namespace flowviz { inline int shown; inline thread_local int apart; inline const int constant = 1;",
            "int* function() { static int local; return &local + apart + shown + *&constant; } }"]
    with tempfile.TemporaryDirectory() as folder:
        source = pathlib.Path(folder) / "wrong.cpp"
        source.write_text("\n".join(text), encoding="utf-8")
        found = {name for _, visibility, name in variables(compiler, source) if visibility == "HIDDEN" or "local" in name}
    for name in ("shown", "apart", "local"):
        if not any(name in one for one in found):
            raise checks.Failed(f"{name} is not seen among {found}")


def main():
    compilers = ("g++", "clang++", "clang++-19")
    work = [(f"{what.__name__}: {compiler}", what, compiler) for compiler in compilers for what in (check, check_that_it_sees)]
    return checks.report(work)


if __name__ == "__main__":
    sys.exit(main())
