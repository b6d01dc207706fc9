# SPDX-License-Identifier: MIT
"""What the boards show of a stack at work: every expression asked of its Prometheus."""

import json
import math
import pathlib
import re
import sys
import urllib.parse

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "deploy" / "stack"), str(ROOT / "tests" / "dashboards"), str(ROOT / "tests" / "harness")]
import answers
import linter
import promql
import questions

# Why an expression may be empty on a healthy day of this stack: (a metric of it, by its whole name; what else stands in it; why).
EMPTY = [
    (r"container_\w+", "", "cAdvisor has no package here"),
    (r"job_slo:burn_rate:rate6h", r"\} > 0\)", "no budget burns, so none has an end"),
]  # fmt: skip


def metrics_of(node):
    """The names in an expression that was read."""
    if isinstance(node, promql.Selector):
        return {node.name}
    return set().union(*map(metrics_of, node)) if isinstance(node, (list, tuple)) else set()


def excuse(expression):
    """The line of EMPTY that an expression needs, or None."""
    names = metrics_of(promql.read(answers.sent(expression)))
    fits = (one for one in EMPTY if any(re.fullmatch(one[0], name or "") for name in names) and re.search(one[1], expression))
    return next(fits, None)


def asked(prometheus, expression):
    data = questions.asked_prometheus(prometheus, "query?" + urllib.parse.urlencode({"query": expression}))
    if data["resultType"] == "scalar":
        return [({}, float(data["result"][1]))]
    return [(one["metric"], float(one["value"][1])) for one in data["result"]]


def problems_of(board, prometheus):
    """(what is wrong, the excuses that were needed)."""
    wrong, needed = [], set()

    def answered(where, expression):
        result = asked(prometheus, answers.sent(expression))
        if not result:
            reason = excuse(expression)
            if reason is None:
                wrong.append(f"{where} has no answer")
            else:
                needed.add(reason)
        return result

    for panel in linter.all_panels(board):
        for target in panel["targets"]:
            where = f"{board['uid']}, panel `{panel['title']}`: {target['expr']}"
            result = answered(where, target["expr"])
            wrong += [f"{where} yields {value}" for _, value in result if not math.isfinite(value)]
            for labels, _ in result:
                holes = [one for one in linter.IN_LEGEND.findall(target["legendFormat"]) if not labels.get(one) and one != "__name__"]
                if holes:
                    wrong.append(f"{where}: {labels} has no {holes[0]}")
    for variable in board["templating"]["list"]:
        if variable["type"] == "query":
            where = f"{board['uid']}, variable `{variable['name']}`: {variable['definition']}"
            label = re.fullmatch(r".*, *(\w+)\)", variable["definition"])[1]
            if not all(labels.get(label) for labels, _ in answered(where, linter.selector_of(variable))):
                wrong.append(f"{where} lists series without {label}")
    for annotation in board["annotations"]["list"]:
        if "expr" in annotation:
            answered(f"{board['uid']}, annotation `{annotation['name']}`: {annotation['expr']}", annotation["expr"])
    return wrong, needed


def problems_of_variables(board, prometheus):
    """The same of a board's variables and annotations alone."""
    return problems_of({**board, "panels": []}, prometheus)[0]


def boards():
    return [json.loads(path.read_text(encoding="utf-8")) for path in sorted((ROOT / "dashboards").glob("*.json"))]


def shown(prometheus, uid, title):
    """The numbers that a panel shows now, of all its queries and of all panels with the title."""
    [board] = [one for one in boards() if one["uid"] == uid]
    targets = [target for panel in linter.all_panels(board) if panel["title"] == title for target in panel["targets"]]
    assert targets, f"{uid} has no panel {title}"
    return [value for target in targets for _, value in asked(prometheus, answers.sent(target["expr"]))]
