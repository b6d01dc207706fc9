# SPDX-License-Identifier: MIT
"""docs/design/cells.md shows the mutations of the cells with the tests that catch them, as tests/checker/mutations.json has them."""

import json
import pathlib
import re
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]


class DesignPage(unittest.TestCase):
    def test_the_table_of_mutations_is_the_one_that_is_run(self):
        mutations = json.loads((ROOT / "tests/checker/mutations.json").read_text())["mutations"]
        run = [
            (m["name"], m["file"].rsplit("/", 1)[-1], m["test"])
            for m in mutations
            if m["file"].startswith("include/")
        ]
        page = (ROOT / "docs/design/cells.md").read_text()
        table = page.split("<!-- mutations:begin -->")[1].split("<!-- mutations:end -->")[0]
        shown = re.findall(r"^\| (.*) \| `(.*)` \| (.*) \|$", table, re.MULTILINE)
        self.assertEqual(run, shown)


if __name__ == "__main__":
    unittest.main()
