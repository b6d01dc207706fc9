# SPDX-License-Identifier: MIT
"""Every page that the library's own tests hold against the strict validators, read by promtool and Python's readers, which find in
it what the reader of these tests does: names, labels and values of all samples, and exemplars. UNIT_TESTS names the program of these
tests, which writes its pages into the folder that FLOWVIZ_PAGES names, and beside each what its own reader has found.

Pages whose names stand between quotation marks are not among them, for neither of these readers knows such names yet; their other
forms, with names escaped, are.
"""

import collections
import concurrent.futures
import json
import os
import pathlib
import subprocess
import tempfile

import checks
import readers

READERS = {".text": readers.read_text, ".open_metrics": readers.read_open_metrics}
# What has to be on one page at least, or the tests have kept less than they have.
FOUND = {"exemplars": " # {", "times of series": "_created ", "names by the scheme `dots`": "http_dot_", "by `values`": "U__http_2e_"}


def comparable(labels):
    """Without those that are empty, which are absent ones."""
    return tuple(sorted((name, text) for name, text in labels.items() if text))


def sample(name, labels, value, exemplar=None):
    """One that is equal to another reader's: NaN, too."""
    if exemplar is not None:
        labels_of_it, number, seconds = exemplar
        exemplar = (comparable(labels_of_it), repr(float(number)), round(1000 * float(seconds)))
    return name, comparable(labels), repr(float(value)), exemplar


def expected_of(page):
    """What the tests' own reader has found."""
    listed = json.loads(pathlib.Path(f"{page}.samples").read_text(encoding="utf-8"))
    return [sample(name, labels, value, exemplar or None) for name, labels, value, *exemplar in listed]


def is_for_python(page):
    """Its client 0.16 ends the labels of an exemplar at the first brace, be it in a text."""
    exemplars = [one[3] for one in expected_of(page) if one[3]]
    return not any("}" in text for labels, _, _ in exemplars for _, text in labels)


def by_python(page):
    families = READERS[page.suffix](page.read_text(encoding="utf-8"))
    return [
        sample(one.name, one.labels, one.value, one.exemplar and (one.exemplar.labels, one.exemplar.value, one.exemplar.timestamp))
        for family in families for one in family.samples
    ]  # fmt: skip


def by_promtool(pages):
    """Of pages of OpenMetrics, all together. Exemplars it leaves out."""
    found = readers.by_promtool(*(page.read_text(encoding="utf-8") for page in pages))
    return [sample(labels.pop("__name__"), labels, value) for labels, value in found]


def differences(found, expected):
    """What one reader has found and not the other, or more than once and the other once."""
    found, expected = collections.Counter(found), collections.Counter(expected)
    problems = [f"  found: {one}" for one in found - expected] + [f"  not found: {one}" for one in expected - found]
    return "\n".join(problems[:10]) or None


def read(read_by, page):
    """What is wrong with the reading of a page. Each of its lines that is no comment is a sample."""
    text = page.read_text(encoding="utf-8")
    expected = expected_of(page)
    lines = sum(1 for line in text.split("\n") if line and not line.startswith("#"))
    try:
        problem = differences(read_by(page), expected)
    except Exception as error:  # whatever a reader says of a page that it does not take
        problem = repr(error)
    if len(set(expected)) != lines:
        problem = f"{len(set(expected))} different samples in {lines} lines"
    return f"{problem}\n{text}" if problem else None


def check_by_promtool(page):
    """Of text it shows no samples; what it says of names is the tests' own affair (status 3)."""
    with open(page, "rb") as file:
        done = subprocess.run(["promtool", "check", "metrics"], stdin=file, capture_output=True, timeout=checks.DEADLINE_S, check=False)
    return None if done.returncode in (0, 3) else f"{done.stderr.decode()}\n{page.read_text(encoding='utf-8')}"


def read_as_blocks(pages):
    """What is wrong with promtool's reading of all pages of OpenMetrics together."""
    expected = [(*one[:3], None) for page in pages for one in expected_of(page)]
    try:
        return differences(by_promtool(pages), expected)
    except ValueError as wrong:
        return str(wrong)


def check_pages():
    with tempfile.TemporaryDirectory() as folder:
        checks.must([os.environ["UNIT_TESTS"]], env={"FLOWVIZ_PAGES": folder})
        pages = {ending: sorted(pathlib.Path(folder).glob(f"*{ending}")) for ending in READERS}
        if len(pages[".text"]) < 100 or len(pages[".open_metrics"]) < 100:
            raise checks.Failed(", ".join(f"{len(several)} pages {ending}" for ending, several in pages.items()))
        texts = "".join(page.read_text(encoding="utf-8") for page in pages[".open_metrics"])
        if missing := [what for what, mark in FOUND.items() if mark not in texts]:
            raise checks.Failed(f"no page has {', '.join(missing)}")
        problems = [(page.suffix, read(by_python, page)) for several in pages.values() for page in filter(is_for_python, several)]
        with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
            problems += [("promtool", problem) for problem in pool.map(check_by_promtool, pages[".text"])]
        problems.append(("promtool", read_as_blocks(pages[".open_metrics"])))
    found = [f"\n  {reader}: {problem}" for reader, problem in problems if problem]
    return "".join(found[:5]) + f"\n  {len(found)} in all" if found else None
