# SPDX-License-Identifier: MIT
"""docs/design/cells.md shows the mutations of the code with the tests that catch them, as the tables that are run have
them."""

import json
import pathlib
import re
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]


class DesignPage(unittest.TestCase):
    def test_the_tables_of_mutations_are_the_ones_that_are_run(self):
        page = (ROOT / "docs/design/cells.md").read_text()
        for name in ("checker", "concurrency"):
            with self.subTest(name):
                mutations = json.loads((ROOT / f"tests/{name}/mutations.json").read_text())["mutations"]
                run = [
                    (m["name"], m["file"].rsplit("/", 1)[-1], m["test"])
                    for m in mutations
                    if m["file"].startswith("include/")
                ]
                table = page.split(f"<!-- {name}:begin -->")[1].split(f"<!-- {name}:end -->")[0]
                shown = re.findall(r"^\| (.*) \| `(.*)` \| (.*) \|$", table, re.MULTILINE)
                self.assertEqual(run, shown)


if __name__ == "__main__":
    unittest.main()
