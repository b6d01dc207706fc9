# SPDX-License-Identifier: MIT
"""Prometheus scrapes pages: a server that has them by path, and a Prometheus that is told what to scrape there."""

import contextlib
import http.server
import json
import pathlib
import re
import socket
import subprocess
import tempfile
import threading
import time
import urllib.parse
import urllib.request

import checks

DEADLINE_S = 60  # one that has not scraped by then is stuck
OF_SCRAPES = ("up", "scrape_duration_seconds", "scrape_samples_scraped", "scrape_samples_post_metric_relabeling", "scrape_series_added")


class Pages:
    """A server until its `with` block ends. `answer(path, accept)` has the bytes of a page and its content type."""

    def __init__(self, answer):
        self.asked = asked = {}  # path: the Accept header of the last scrape

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):  # noqa: N802 - the name is http.server's
                accept = self.headers.get("Accept", "")
                asked[self.path] = accept
                data, content_type = answer(self.path, accept)
                self.send_response(200)
                self.send_header("Content-Type", content_type)
                self.send_header("Content-Length", str(len(data)))
                self.end_headers()
                with contextlib.suppress(BrokenPipeError):  # Prometheus has given up, or ended
                    self.wfile.write(data)

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.target = f"127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.server.shutdown()
        self.server.server_close()


given = set()  # ports, which a server may not have bound yet


def free_port():
    while True:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        if port not in given:
            given.add(port)
            return port


def version_of(program):
    """Like (2, 42)."""
    major, minor = re.search(r"version (\d+)\.(\d+)", checks.must([program, "--version"])).groups()
    return int(major), int(minor)


class Prometheus:
    """One that has these jobs to scrape each second, until its `with` block ends."""

    def __init__(self, program, jobs, *flags):
        self.port = free_port()
        self.folder = tempfile.TemporaryDirectory()
        home = self.folder.name
        config = {"global": {"scrape_interval": "1s"}, "scrape_configs": jobs}
        if version_of(program) >= (3, 8):  # which need this instead of --enable-feature=native-histograms, or beside it
            config["global"]["scrape_native_histograms"] = any("native-histograms" in flag for flag in flags)
        pathlib.Path(home, "prometheus.yml").write_text(json.dumps(config), encoding="utf-8")
        command = [program, f"--config.file={home}/prometheus.yml", f"--storage.tsdb.path={home}/data",
                   f"--web.listen-address=127.0.0.1:{self.port}", *flags]  # fmt: skip
        self.log = pathlib.Path(home, "log")
        with open(self.log, "w", encoding="utf-8") as log:
            self.process = subprocess.Popen(command, stdout=log, stderr=log, stdin=subprocess.DEVNULL)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()
        self.folder.cleanup()

    def query(self, expression):
        """The result of an instant query, empty while it does not answer."""
        try:
            return self._get("query", query=expression)["result"]
        except OSError:
            return []

    def samples(self, matcher, added):
        """(name, labels, value as text) of those that pages have shown: without what a scrape says of itself, the labels `added`, which are
        (name, text), and native histograms, which have no value."""
        for one in self.query(matcher):
            labels = {key: text for key, text in one["metric"].items() if (key, text) not in added}
            name = labels.pop("__name__")
            if name not in OF_SCRAPES and "value" in one:
                yield name, labels, one["value"][1]

    def exemplars(self, name):
        """(labels, value) of those that it keeps of a metric. An empty label is an absent one."""
        now = time.time()
        series = self._get("query_exemplars", query=name, start=now - DEADLINE_S, end=now + DEADLINE_S)
        return [
            ({key: text for key, text in one["labels"].items() if text}, float(one["value"]))
            for several in series for one in several["exemplars"]
        ]  # fmt: skip

    def wait_for(self, found, what):
        """What `found()` says, once that is something."""
        deadline = time.monotonic() + DEADLINE_S
        while (ended := self.process.poll() is not None) or not (result := found()):
            if ended or time.monotonic() > deadline:
                raise checks.Failed(f"Prometheus has not {what}\n{self.log.read_text(encoding='utf-8')[-2000:]}")
            time.sleep(0.05)
        return result

    def _get(self, function, **arguments):
        url = f"http://127.0.0.1:{self.port}/api/v1/{function}?" + urllib.parse.urlencode(arguments)
        with urllib.request.urlopen(url, timeout=10) as answer:
            return json.load(answer)["data"]
