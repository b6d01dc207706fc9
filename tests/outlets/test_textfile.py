# SPDX-License-Identifier: MIT
"""What node-exporter serves of the files that a batch job leaves behind."""

import pathlib
import shutil
import tempfile
import time
import unittest

from outlets import ODD, Receiver, example


class Textfile(unittest.TestCase):
    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="flowviz-textfile-"))
        self.addCleanup(shutil.rmtree, self.folder, ignore_errors=True)
        self.files = self.folder / "files"
        self.files.mkdir()
        self.exporter = Receiver("prometheus-node-exporter", self.folder, "--collector.disable-defaults", "--collector.textfile",
                                 f"--collector.textfile.directory={self.files}")  # fmt: skip
        self.addCleanup(self.exporter.kill)

    def leave(self, name, *suppliers):
        done = example("textfile", self.files / name, *suppliers)
        self.assertEqual((done.returncode, done.stdout, done.stderr), (0, "", ""))

    def served(self):
        """The samples, of a collector that has nothing against any file, nor two of them against one another."""
        found = self.exporter.samples()
        self.assertEqual(found["node_textfile_scrape_error"], {frozenset(): 0})
        self.assertNotIn("level=error", self.exporter.stderr)
        return found

    def test_it_serves_what_the_job_counted_whatever_the_texts(self):
        before = time.time()
        self.leave("import.prom", *ODD, ODD[0])
        found = self.served()
        expected = {frozenset({("supplier", text)}): 2 if text == ODD[0] else 1 for text in ODD}
        self.assertEqual(found["import_lots_total"], expected)
        (succeeded,) = found["import_last_success_timestamp_seconds"].values()
        self.assertTrue(before <= succeeded <= time.time(), succeeded)
        page = self.exporter.page().splitlines()
        self.assertIn("# HELP import_lots_total Lots that the last import has read.", page)
        self.assertIn("# TYPE import_lots_total counter", page)

    def test_the_next_run_takes_the_place_of_the_last(self):
        self.leave("import.prom", "acme", "north farm")
        self.leave("import.prom", "acme")
        self.assertNotIn(frozenset({("supplier", "north farm")}), self.served()["import_lots_total"])
        self.assertEqual([file.name for file in self.files.iterdir()], ["import.prom"])

    def test_files_of_two_programs_do_not_clash(self):
        self.leave("import.prom", "acme")
        other = "# HELP export_lots_total Lots.\n# TYPE export_lots_total counter\nexport_lots_total 1\n"
        (self.files / "export.prom").write_text(other)
        # Another program with this library: what is in both files is what the library puts there by itself.
        self.leave("return.prom", "acme")
        (self.files / "return.prom").write_text((self.files / "return.prom").read_text().replace("import_", "return_"))
        found = self.served()
        self.assertEqual(found["export_lots_total"], {frozenset(): 1})
        self.assertIn("return_lots_total", found)
        self.assertFalse([name for name in found if name.startswith("flowviz_metrics_")])

    def test_a_folder_that_is_not_there_is_told_with_the_reason(self):
        done = example("textfile", self.folder / "nowhere" / "import.prom")
        self.assertEqual(done.returncode, 1)
        self.assertTrue(done.stderr.endswith("nowhere/import.prom: No such file or directory\n"), done.stderr)


if __name__ == "__main__":
    unittest.main()
