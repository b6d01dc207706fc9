# SPDX-License-Identifier: MIT
"""Which metrics count and time the requests that a service answers, among all that speak of requests."""

import os.path
import re

from parts import rate

# As most libraries call them, the first of them first.
COUNTERS = ("http_requests_total", "http_server_requests_total", "http_requests_received_total")
DURATIONS = ("http_request_duration_seconds", "http_server_request_duration_seconds", "http_server_requests_seconds")
STATUS_LABELS = ("status", "code", "status_code", "http_response_status_code")
# Words in names of what a service asks of others, and of what Prometheus asks of it.
OTHERS = {"client", "clients", "outbound", "outgoing", "upstream", "downstream", "egress", "external", "promhttp", "scrape", "scrapes"}


class Requests:
    """What counts them by status, a counter or else what times them, and what tells how long they took; None where there is none."""

    def __init__(self, source):
        answered = [family for family in source.families if "request" in family.name and not OTHERS & set(family.name.split("_"))]
        by_status = [f for f in answered if f.type in ("counter", "histogram", "summary") and self.status_of(f)]
        self.counting = min(
            by_status, key=lambda f: (f.type != "counter", order(COUNTERS, f), "http" not in f.name, len(f.name)), default=None
        )  # fmt: skip
        self.status = self.status_of(self.counting) if self.counting else None
        # What counts them by another status than HTTP's, if nothing else does; its label.
        self.unread = None if self.counting else next(((f, label) for f in answered for label in STATUS_LABELS if label in f.labels), None)
        times = [
            f for f in answered
            if f.type == "histogram" and f.unit == "seconds" and (f.name in DURATIONS or re.search("duration|latency|time", f.name))
        ]  # fmt: skip
        self.timing = min(times, key=lambda f: (-self.kinship(f), order(DURATIONS, f), len(f.name)), default=None)

    @staticmethod
    def status_of(family):
        """The label with its HTTP status, or None: others write words there, `error` say, which do not tell whose error it is."""
        return next((label for label in STATUS_LABELS if label in family.labels and is_status(family.labels[label])), None)

    def kinship(self, family):
        """How much of its name it shares with the counter: a service may time other requests than it counts."""
        return len(os.path.commonprefix([family.name, self.counting.name])) if self.counting else 0

    def total(self, by=""):
        return rate(f"{self.counting.anchor}{{APP}}", by)

    def failed(self, by=""):
        """Answers 5xx, whether they are grouped or not, and 0 where there are none."""
        chosen = f'{self.counting.anchor}{{APP,{self.status}=~"5.."}}'
        return f"({rate(chosen, by)} or 0 * {self.total(by)})"


def is_status(values):
    """Whether these values of a label, None for any text, are HTTP statuses or their classes."""
    return values is None or any(re.fullmatch(r"[1-5](\d\d|xx|XX)", value) for value in values)


def order(names, family):
    return names.index(family.name) if family.name in names else len(names)
