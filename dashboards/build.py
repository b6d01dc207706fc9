#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Writes the boards of this folder, `NAME.json` from `boards/NAME.py`.

Why a program: on some 150 panels the data source, the variables, links, colours, places and the form of a quantile have to
be alike, and in the JSON that Grafana loads a panel has eighty lines of which five are its own. Those five are in boards/,
where they are reviewed. The JSON is in the tree as well, because it is what Grafana reads and what other teams copy: take a
file, import it, no program needed. tests/dashboards/run.py checks that both agree.

    dashboards/build.py            writes the files
    dashboards/build.py --check    says which ones would change, and ends with status 1 if any would
"""

import argparse
import importlib
import json
import pathlib
import sys

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))
sys.path.append(str(HERE.parent / "alerts"))  # the objectives, which rules and boards share


def text_of(board):
    return json.dumps(board, indent=2, ensure_ascii=False) + "\n"


def built():
    """The text of each board by the name of its file."""
    names = sorted(path.stem for path in (HERE / "boards").glob("*.py"))
    return {f"{name}.json": text_of(importlib.import_module(f"boards.{name}").BOARD) for name in names}


def differences(folder=HERE):
    """The files that are missing, too many, or not what their description says."""
    texts = built()
    found = {path.name: path.read_text(encoding="utf-8") for path in folder.glob("*.json")}
    return sorted(name for name in texts.keys() | found.keys() if texts.get(name) != found.get(name))


def main():
    parser = argparse.ArgumentParser(description="Writes the boards of this folder from their descriptions.")
    parser.add_argument("--check", action="store_true", help="only say which files would change")
    changed = differences()
    if parser.parse_args().check:
        for name in changed:
            print(f"dashboards/{name} is not what dashboards/build.py writes")
        return 1 if changed else 0
    texts = built()
    for name in changed:
        if name in texts:
            (HERE / name).write_text(texts[name], encoding="utf-8")
        else:
            (HERE / name).unlink()
    print(f"{len(texts)} boards, {len(changed)} changed")
    return 0


if __name__ == "__main__":
    sys.exit(main())
