# SPDX-License-Identifier: MIT
"""The service's README can be followed word by word: its commands do what it says."""

import os
import pathlib
import re
import subprocess
import sys
import unittest

import harness

ROOT = pathlib.Path(__file__).parents[2]
# What the README uses of curl, which this system may lack.
CURL = f"""#!{sys.executable}
import argparse, urllib.request
parser = argparse.ArgumentParser()
parser.add_argument("url")
parser.add_argument("-H", action="append", default=[])
parser.add_argument("-d", type=str.encode)
asked = parser.parse_args()
request = urllib.request.Request(asked.url, asked.d, dict(header.split(": ") for header in asked.H))
print(urllib.request.urlopen(request, timeout={harness.DEADLINE_S}).read().decode(), end="")
"""
README = ROOT / "examples" / "wms_service" / "README.md"
PROGRAM = "build/release/examples/wms_service/wms_service"


class ReadmeTest(harness.ServiceTest):
    def test_its_commands_build_start_and_use_the_service(self):
        install, start, use = re.findall(r"^```sh\n(.*?)^```$", README.read_text(), re.M | re.S)

        # The build itself is what made the program under test; here only that the packages are those of the scripts.
        packages = re.search(r"packages_build=\((.*)\)", (ROOT / "scripts" / "lib.sh").read_text()).group(1).split()
        self.assertLessEqual(set(packages) - {"python3"}, set(install.split()))
        self.assertIn("cmake --preset release\ncmake --build --preset release --target wms_service\n", install)

        # Elsewhere and on other ports, so that nobody who works here is in the way.
        self.assertIn(PROGRAM, start)
        (self.folder / PROGRAM).parent.mkdir(parents=True)
        (self.folder / PROGRAM).symlink_to(harness.program("WMS_SERVICE"))
        api, metrics = (f"127.0.0.1:{port}" for port in harness.free_ports(2))
        environment = {**os.environ, "WMS_LISTEN": api, "WMS_METRICS_LISTEN": metrics}
        # `exec`, so that the program that is ended at the end of the test is the service.
        start = start.replace(f"\n{PROGRAM} ", f"\nexec {PROGRAM} ")
        service = self.track(
            harness.Program("readme", ["bash", "-ec", start], self.folder, cwd=self.folder, env=environment)
        )
        harness.wait_until(lambda: '"ready"' in service.stderr or not service.running, "the service")
        self.assertTrue(service.running, service.stderr)
        self.assertTrue((self.folder / "build" / "wms.db").exists())

        self.assertIn("127.0.0.1:8000", use)
        self.assertIn("127.0.0.1:9464", use)
        use = use.replace("127.0.0.1:8000", api).replace("127.0.0.1:9464", metrics)
        (self.folder / "bin").mkdir()
        (self.folder / "bin" / "curl").write_text(CURL)
        (self.folder / "bin" / "curl").chmod(0o755)
        result = subprocess.run(
            ["bash", "-ec", use],
            cwd=self.folder,
            env={**os.environ, "PATH": f"{self.folder}/bin:{os.environ['PATH']}"},
            capture_output=True,
            text=True,
            timeout=harness.DEADLINE_S,
            check=True,
        )
        self.assertIn('"lot_code":"FLOUR-1"', result.stdout)
        self.assertRegex(result.stdout, r'(?m)^flowviz_lots_registered_total\{lot_type="raw"\} 1$')
        self.assertEqual(service.terminate(), 0)


if __name__ == "__main__":
    unittest.main()
