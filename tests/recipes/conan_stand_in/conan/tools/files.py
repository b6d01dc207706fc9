# SPDX-License-Identifier: MIT
import fnmatch
import os
import pathlib
import shutil


def copy(conanfile, pattern, src, dst):
    """Copies the files below `src` whose path in it fits the pattern, whose `*` takes folders in, as Conan's does."""
    copied = []
    for path in sorted(pathlib.Path(src).resolve().rglob("*")):
        inside = path.relative_to(pathlib.Path(src).resolve())
        if path.is_file() and fnmatch.fnmatch(str(inside), os.path.normpath(pattern)):
            target = pathlib.Path(dst, inside)
            target.parent.mkdir(parents=True, exist_ok=True)
            copied.append(shutil.copy2(path, target))
    return copied


def load(conanfile, path):
    return pathlib.Path(path).read_text(encoding="utf-8")
