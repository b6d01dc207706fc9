# SPDX-License-Identifier: MIT
"""Every page that the library's own tests hold against the strict validators, read by other people's readers, which find in it what
the reader of these tests does: names, labels and values of all samples, and Python's reader the exemplars. UNIT_TESTS names the program of these tests,
which writes its pages into the folder that FLOWVIZ_PAGES names, and beside each what its own reader has found.

Prometheus 3 scrapes them all. Those whose names stand between quotation marks only it and its promtool can read, for neither the
older promtool nor Python's reader (before its 0.22) knows such names; their other forms, with names escaped, these read as well.
"""

import collections
import concurrent.futures
import json
import os
import pathlib
import subprocess
import tempfile

import checks
import prometheus
import readers

CONTENT_TYPES = {
    ".text": "text/plain; version=1.0.0; charset=utf-8; escaping=allow-utf-8",
    ".open_metrics": "application/openmetrics-text; version=1.0.0; charset=utf-8; escaping=allow-utf-8",
}
BY_PYTHON = {".text": readers.read_text, ".open_metrics": readers.read_open_metrics}
# What has to be on one page at least, or the tests have kept less than they have.
FOUND = {"exemplars": " # {", "times of series": "_created ", "names by the scheme `dots`": "http_dot_", "by `values`": "U__http_2e_",
         "quoted names": '\n{"', "quoted labels": ',"line.state"="'}  # fmt: skip


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


def has_quoted_names(page):
    return page.suffixes[0] == ".quoted"


def is_for_python(page):
    """Its client 0.16 ends the labels of an exemplar at the first brace, be it in a text."""
    exemplars = [one[3] for one in expected_of(page) if one[3]]
    return not has_quoted_names(page) and not any("}" in text for labels, _, _ in exemplars for _, text in labels)


def by_python(page):
    families = BY_PYTHON[page.suffix](page.read_text(encoding="utf-8"))
    return [
        sample(one.name, one.labels, one.value, one.exemplar and (one.exemplar.labels, one.exemplar.value, one.exemplar.timestamp))
        for family in families for one in family.samples
    ]  # fmt: skip


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


def read_as_blocks(pages, program):
    """What is wrong with a promtool's reading of pages of OpenMetrics, all together. Exemplars it leaves out."""
    expected = [(*one[:3], None) for page in pages for one in expected_of(page)]
    try:
        found = readers.by_promtool(*(page.read_text(encoding="utf-8") for page in pages), program=program)
    except ValueError as wrong:
        return str(wrong)
    return differences([sample(labels.pop("__name__"), labels, value) for labels, value in found], expected)


# --- Prometheus 3 ---

KEPT_AS = "kept_as"  # the label that says of which page a sample is


def scraped(pages):
    """What is wrong with the samples that Prometheus 3 has of each page: a target for each."""
    by_path = {f"/{page.name}": page for page in pages}

    def answer(path, _):
        return by_path[path].read_bytes(), CONTENT_TYPES[by_path[path].suffix]

    with prometheus.Pages(answer) as served:
        targets = [{"targets": [served.target], "labels": {"__metrics_path__": path, KEPT_AS: path}} for path in by_path]
        job = {"job_name": "pages", "scrape_interval": "10s", "honor_labels": True, "static_configs": targets}
        with prometheus.Prometheus(os.environ["PROMETHEUS_3"], [job]) as server:
            server.wait_for(lambda: len(server.query("up")) == len(pages), "asked for each page")
            refused = [one["metric"][KEPT_AS] for one in server.query("up == 0")]
            problems = [f"{path} was not taken\n{by_path[path].read_text(encoding='utf-8')}" for path in refused]
            for path in by_path.keys() - set(refused):
                added = {("job", "pages"), ("instance", served.target), (KEPT_AS, path)}
                samples = server.samples(f'{{{KEPT_AS}="{path}"}}', added)
                found = [sample(name, with_bound(labels), value) for name, labels, value in samples]
                expected = [sample(name, with_bound(dict(labels)), value) for name, labels, value, _ in expected_of(by_path[path])]
                if problem := differences(found, expected):
                    problems.append(f"{path}: {problem}")
    return problems


def with_bound(labels):
    """Prometheus 3 writes bounds of buckets in its own way."""
    return labels | {"le": repr(float(labels["le"]))} if "le" in labels else labels


def check_pages():
    with tempfile.TemporaryDirectory() as folder:
        checks.must([os.environ["UNIT_TESTS"]], env={"FLOWVIZ_PAGES": folder})
        pages = sorted(page for page in pathlib.Path(folder).iterdir() if page.suffix in CONTENT_TYPES)
        text, open_metrics = ([page for page in pages if page.suffix == ending] for ending in CONTENT_TYPES)
        if len(text) < 100 or len(open_metrics) < 100:
            raise checks.Failed(f"{len(text)} pages of text and {len(open_metrics)} of OpenMetrics")
        whole = "".join(page.read_text(encoding="utf-8") for page in open_metrics)
        if missing := [what for what, mark in FOUND.items() if mark not in whole]:
            raise checks.Failed(f"no page has {', '.join(missing)}")
        problems = [(f"Python{page.suffix}", read(by_python, page)) for page in pages if is_for_python(page)]
        plain = [page for page in pages if not has_quoted_names(page)]
        with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
            problems += [("promtool", problem) for problem in pool.map(check_by_promtool, (page for page in plain if page in text))]
        problems.append(("promtool", read_as_blocks([page for page in plain if page in open_metrics], "promtool")))
        problems.append(("promtool 3", read_as_blocks(open_metrics, os.environ["PROMTOOL_3"])))
        problems += [("Prometheus 3", problem) for problem in scraped(pages)]
    found = [f"\n  {reader}: {problem}" for reader, problem in problems if problem]
    return "".join(found[:5]) + f"\n  {len(found)} in all" if found else None
