# SPDX-License-Identifier: MIT
"""Thresholds of alerts, and whether the panels that lead to them have the same."""

import re

import linter
import promql


def thresholds(node):
    """The numbers that an alert's own quantity is compared with: guards stand behind `and`."""
    if not isinstance(node, promql.Binary):
        return set()
    if node.operator in ("and", "unless"):
        return thresholds(node.left)
    if node.operator == "or":
        return thresholds(node.left) | thresholds(node.right)
    if node.operator in promql.COMPARISONS and isinstance(node.right, promql.Number):
        return {float(node.right.value)}
    return set()


def by_alert(groups):
    """{alert: its thresholds} of groups of rules. Those of 0 are left out: a colour begins above it."""
    found = {}
    for rule in (rule for group in groups for rule in group["rules"] if "alert" in rule):
        node = promql.read(re.sub(r"\s+offset\s+\w+", "", rule["expr"]))
        found.setdefault(rule["alert"], set()).update(thresholds(node) - {0})
    return found


def problems(board, alerts):
    """Stats whose colours begin elsewhere than an alert that they lead to. Of several alerts under one name, one is enough."""
    for panel in linter.all_panels(board):
        if panel["type"] != "stat":
            continue
        steps = {step["value"] for step in panel["fieldConfig"]["defaults"]["thresholds"]["steps"]}
        for link in panel["links"]:
            page = re.search(r"\$\{runbooks\}/(\w+)\.md", link["url"])
            wanted = alerts.get(page[1], set()) if page else set()
            if wanted and not wanted & steps:
                yield f"panel `{panel['title']}`: {page[1]} begins at {sorted(wanted)}, and its colours at {sorted(steps - {None})}"
