# SPDX-License-Identifier: MIT
"""What the tests of outlets share: the example programs, the real receivers on free ports, and what these show. EXAMPLES names
the folder of the built programs."""

import contextlib
import http.client
import os
import pathlib
import subprocess
import sys

from prometheus_client.parser import text_string_to_metric_families

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests" / "service"))
import harness

# Texts that one format or another has to escape.
ODD = ['quote " quote', "back\\slash\\", "line\nfeed", "Grüße 📦", "a/b", "{}=,# x"]


def example(name, *arguments, **environment):
    """Runs an example to its end."""
    command = [pathlib.Path(os.environ["EXAMPLES"]) / f"example_{name}", *arguments]
    return subprocess.run(command, env={**os.environ, **environment}, stdin=subprocess.DEVNULL, capture_output=True, text=True,
                          timeout=harness.DEADLINE_S, check=False)  # fmt: skip


def samples(page):
    """{name: {labels: value}} of a page as Prometheus' own client reads it."""
    found = {}
    for family in text_string_to_metric_families(page):
        for one in family.samples:
            found.setdefault(one.name, {})[frozenset(one.labels.items())] = one.value
    return found


class Receiver(harness.Program):
    """A program with a page on a port of its own, waited for."""

    def __init__(self, name, folder, *flags, headers=None, page=True):
        (self.port,) = harness.free_ports(1)
        self.headers = headers
        command = [harness.program("RECEIVER_" + name.upper().replace("-", "_"), name), *flags,
                   f"--web.listen-address=127.0.0.1:{self.port}"]  # fmt: skip
        super().__init__(name, command, folder)
        if page:
            harness.wait_until(self._answers, f"{name} listens")

    def _answers(self):
        if not self.running:
            raise AssertionError(f"{self.name} ended with {self.process.returncode}\n{self.stderr[-4000:]}")
        with contextlib.suppress(OSError, http.client.HTTPException):
            return self.request("GET", "/metrics").status == 200
        return False

    def request(self, method, path, body=None, headers=None):
        return harness.request(self.port, method, path, body=body, headers=headers or self.headers)

    def page(self):
        answer = self.request("GET", "/metrics")
        if answer.status != 200:
            raise AssertionError(f"/metrics of {self.name} answered {answer}")
        return answer.body.decode()

    def samples(self):
        return samples(self.page())
