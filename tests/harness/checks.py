# SPDX-License-Identifier: MIT
"""What the runners of compile-fail cases, snippets and consumers share: starting a program with a deadline, and
running checks side by side with a report that scripts/test can count."""

import collections
import concurrent.futures
import os
import subprocess
import time

PROGRESS_S = 60
DEADLINE_S = 300  # a compiler or program that takes longer is stuck

Done = collections.namedtuple("Done", "status stdout stderr")


def start(command, **options):
    """Runs a command in the C locale. The status is None, with the reason on stderr, if it did not end in time."""
    environment = dict(os.environ, LC_ALL="C", **options.pop("env", {}))
    command = [str(word) for word in command]
    try:
        done = subprocess.run(
            command, text=True, errors="replace", capture_output=True, stdin=subprocess.DEVNULL, env=environment,
            timeout=DEADLINE_S, check=False, **options,
        )  # fmt: skip
    except subprocess.TimeoutExpired:
        return Done(None, "", f"stuck for {DEADLINE_S} s: {' '.join(command)}")
    return Done(done.returncode, done.stdout, done.stderr)


class Failed(Exception):
    """A step did not do what it must."""


def must(command, **options):
    """Starts a command that has to succeed; what it printed. Raises Failed with all that it said."""
    done = start(command, **options)
    if done.status != 0:
        raise Failed(f"{' '.join(map(str, command))}\n{done.stdout}{done.stderr}")
    return done.stdout


def report(checks, failures=()):
    """Runs (name, function, arguments...) side by side; a function answers None or what was wrong, or raises Failed. Prints
    each failure as it comes, once a minute how far it is, and the line `N passed, N failed`; returns the exit status. Nothing to
    run is a failure."""
    failures = list(failures)
    for failure in failures:
        print(f"FAILED {failure}", flush=True)
    passed = 0
    said = time.monotonic()
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        pending = [(name, pool.submit(function, *arguments)) for name, function, *arguments in checks]
        for name, result in pending:
            try:
                problem = result.result()
            except Failed as failed:
                problem = str(failed)
            if problem is None:
                passed += 1
            else:
                failures.append(f"{name}: {problem}")
                print(f"FAILED {failures[-1]}", flush=True)
            if time.monotonic() > said + PROGRESS_S:
                said = time.monotonic()
                print(f"{passed} of {len(pending)} are well so far", flush=True)
    if not passed and not failures:
        failures.append("there was nothing to run")
        print(f"FAILED {failures[-1]}")
    print(f"{passed} passed, {len(failures)} failed")
    return 1 if failures else 0
