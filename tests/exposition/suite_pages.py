# SPDX-License-Identifier: MIT
"""Every page that the library's own tests hold against the strict validators, read by promtool and Python's readers. UNIT_TESTS names
the program of these tests, which writes its pages into the folder that FLOWVIZ_PAGES names.
"""

import concurrent.futures
import os
import pathlib
import subprocess
import tempfile

import checks
import readers

READERS = {".text": readers.read_text, ".open_metrics": readers.read_open_metrics}


def lines_of(text):
    """How many samples a page has to have."""
    return sum(1 for line in text.split("\n") if line and not line.startswith("#"))


def read_by_python(page):
    """What is wrong with its reading of a page: each line that is no comment is a sample, and no two are the same."""
    text = page.read_text(encoding="utf-8")
    try:
        samples = [(one.name, tuple(sorted(one.labels.items()))) for family in READERS[page.suffix](text) for one in family.samples]
    except Exception as error:  # whatever a reader says of a page that it does not take
        return f"{error!r}\n{text}"
    lines = lines_of(text)
    if len(samples) != lines or len(set(samples)) != lines:
        return f"{len(samples)} samples, {len(set(samples))} different ones, in {lines} lines\n{text}"
    return None


def read_by_promtool(page):
    """The same of text; what it says of names is the tests' own affair (status 3)."""
    with open(page, "rb") as file:
        done = subprocess.run(["promtool", "check", "metrics"], stdin=file, capture_output=True, timeout=checks.DEADLINE_S, check=False)
    return None if done.returncode in (0, 3) else f"{done.stderr.decode()}\n{page.read_text(encoding='utf-8')}"


def read_as_blocks(pages):
    """What is wrong with promtool's reading of all pages of OpenMetrics together: it finds all samples."""
    texts = [page.read_text(encoding="utf-8") for page in pages]
    try:
        samples, lines = len(readers.by_promtool(*texts)), sum(map(lines_of, texts))
    except ValueError as wrong:
        return str(wrong)
    return None if samples == lines else f"{samples} samples in {lines} lines"


def check_pages():
    with tempfile.TemporaryDirectory() as folder:
        checks.must([os.environ["UNIT_TESTS"]], env={"FLOWVIZ_PAGES": folder})
        pages = sorted(pathlib.Path(folder).iterdir())
        problems = [(page.suffix, read_by_python(page)) for page in pages]
        texts = [page for page in pages if page.suffix == ".text"]
        with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
            problems += [("promtool", problem) for problem in pool.map(read_by_promtool, texts)]
        problems.append(("promtool", read_as_blocks([page for page in pages if page.suffix == ".open_metrics"])))
        if len(texts) < 100 or len(pages) < 200:
            raise checks.Failed(f"no more than {len(pages)} pages, {len(texts)} of them text")
    found = [f"\n  {reader}: {problem}" for reader, problem in problems if problem]
    return "".join(found[:5]) + f"\n  {len(found)} in all" if found else None
