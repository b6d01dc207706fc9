# SPDX-License-Identifier: MIT
"""Asks a port for /health and /metrics again and again until it is ended; a process of its own, so that the tests' own
load cannot slow it down. Prints one line per answer: path, status (0: none), seconds."""

import http.client
import sys
import time


def ask(port, path):
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    try:
        connection.request("GET", path)
        response = connection.getresponse()
        response.read()
        return response.status
    except (OSError, http.client.HTTPException):
        return 0
    finally:
        connection.close()


def main():
    port = int(sys.argv[1])
    while True:
        for path in ("/health", "/metrics"):
            start = time.monotonic()
            status = ask(port, path)
            print(path, status, f"{time.monotonic() - start:.4f}", flush=True)
        time.sleep(0.05)


if __name__ == "__main__":
    main()
