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
import questions

# Why an expression may be empty on a healthy day of this stack, by what it asks for.
EMPTY = {
    r"pgbouncer_": "pgbouncer-exporter has no package here",
    r"container_": "cAdvisor has no package here",
    r"burn_rate:rate6h\{[^}]*\} > 0": "no budget burns, so none has an end",
    r"flowviz_pending_sync_lots|tasks_|outbound_|notifications_|workflow_transitions|flowviz_production_runs": "nobody has gone offline, failed or begun a run yet",
    r"cache_operations": "the cache of traces is off where the database is a server",
    r"rate_limit_store": "limits are kept in memory",
}  # fmt: skip


def excuse(expression):
    return next((pattern for pattern in EMPTY if re.search(pattern, expression)), None)


def asked(prometheus, expression):
    data = questions.asked_prometheus(prometheus, "query?" + urllib.parse.urlencode({"query": expression}))
    if data["resultType"] == "scalar":
        return [({}, float(data["result"][1]))]
    return [(one["metric"], float(one["value"][1])) for one in data["result"]]


def problems_of(board, prometheus):
    """(what is wrong, the excuses that were needed)."""
    wrong, needed = [], set()
    for panel in linter.all_panels(board):
        for target in panel["targets"]:
            where = f"{board['uid']}, panel `{panel['title']}`: {target['expr']}"
            result = asked(prometheus, answers.sent(target["expr"]))
            if not result:
                pattern = excuse(target["expr"])
                needed.add(pattern)
                if pattern is None:
                    wrong.append(f"{where} has no answer")
            wrong += [f"{where} yields {value}" for _, value in result if not math.isfinite(value)]
            for labels, _ in result:
                holes = [one for one in linter.IN_LEGEND.findall(target["legendFormat"]) if not labels.get(one) and one != "__name__"]
                if holes:
                    wrong.append(f"{where}: {labels} has no {holes[0]}")
    return wrong, needed


def boards():
    return [json.loads(path.read_text(encoding="utf-8")) for path in sorted((ROOT / "dashboards").glob("*.json"))]
