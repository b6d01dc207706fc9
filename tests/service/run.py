#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Runs the tests of the service, file by file. They wait more than they work, so that files can run side by side; one
after another they are alone with the machine. Each file's report comes when it is done."""

import argparse
import concurrent.futures
import pathlib
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent


def run(file):
    command = [sys.executable, "-m", "unittest", "discover", "-v", "-s", HERE, "-p", file.name]
    done = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
    return done.returncode, done.stdout


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--side-by-side", type=int, default=1, metavar="FILES", help="so many at the same time (default: %(default)s)")
    options = parser.parse_args()
    files = sorted(HERE.glob("test_*.py"))
    status = 0
    with concurrent.futures.ThreadPoolExecutor(options.side_by_side) as pool:
        running = {pool.submit(run, file): file for file in files}
        for one in concurrent.futures.as_completed(running):
            failed, said = one.result()
            print(f"{running[one].name}\n{said}", flush=True)
            status = status or failed
    return status


if __name__ == "__main__":
    sys.exit(main())
