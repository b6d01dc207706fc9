# SPDX-License-Identifier: MIT
"""Load on the service, and what came of it: for the tests, which hold it against what is promised, and for bench.py, which
writes it down."""

import dataclasses


@dataclasses.dataclass
class Outcome:
    """What clients got of a service that they sent so much to."""

    clients: int
    wanted_per_second: float
    seconds: float  # until the last answer
    answers: int
    good: int  # 2xx; a refusal because of a limit is none
    writes: int  # what was made
    fewest: int  # answers for the client that got the fewest
    unexpected: int  # answers that were not what the plan expected
    latency_ms: dict  # p50, p95, p99 and max of all answers, from the moment at which each was due

    @property
    def per_second(self):
        return self.good / self.seconds

    def __str__(self):
        latency = ", ".join(f"{name} {self.latency_ms[name]:.1f} ms" for name in ("p50", "p95", "p99"))
        return (
            f"{self.clients} clients: {self.answers} answers in {self.seconds:.1f} s, {self.good} of them 2xx: {self.per_second:.1f} a second "
            f"where {self.wanted_per_second:g} were wanted; {self.writes / self.answers:.0%} writes; {self.fewest} for the client that got the "
            f"fewest; {latency}"
        )


def outcome_of(report):
    """That of a report of wms_traffic."""
    requests = report["requests"]
    return Outcome(
        clients=len(report["completions_per_connection"]),
        wanted_per_second=report["rate"],
        seconds=report["elapsed_s"],
        answers=report["answered"],
        good=sum(one["count"] for one in requests if 200 <= one["status"] < 300),
        writes=sum(one["count"] for one in requests if one["method"] == "POST" and one["status"] == 201),
        fewest=min(report["completions_per_connection"]),
        unexpected=report["unexpected"],
        latency_ms=report["latency_ms_of_all"],
    )
