#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What the service does on this machine, against what was promised: a thousand clients, a plant's normal load, traces among
100,000 lots, idle clients, and what metrics cost. No figure fails anything: each is written down beside its target, with
how much it falls short. Programs come from the environment, as for the tests (scripts/bench --service sets it)."""

import argparse
import contextlib
import datetime
import http.client
import json
import os
import pathlib
import random
import selectors
import sqlite3
import statistics
import subprocess
import sys
import time

os.environ["FLOWVIZ_FULL"] = "1"  # the long forms of what it shares with the tests

import harness
import load
import postgres
import test_instrumentation

ROOT = pathlib.Path(__file__).resolve().parents[2]
RESULTS = ROOT / "bench" / "RESULTS.md"
BEGIN, END = "<!-- service -->\n", "<!-- /service -->"


class Claim:
    """A figure beside what was promised of it."""

    def __init__(self, text, value, unit, at_most=None, at_least=None):
        self.text, self.value, self.unit = text, value, unit
        self.target = at_most if at_least is None else at_least
        self.short = 0.0
        if self.target is not None:
            over = value - self.target if at_least is None else self.target - value
            self.short = max(0.0, over / self.target) if self.target else float(over > 0)
        self.word = "at most" if at_least is None else "at least"

    @property
    def verdict(self):
        if self.target is None:
            return ""
        return f"falls short by {max(self.short * 100, 0.1):.{0 if self.short >= 0.01 else 1}f} %" if self.short else "holds"

    def row(self):
        target = "" if self.target is None else f"{self.word} {self.target:g}"
        return f"| {self.text} | {self.value:,.{1 if self.value < 1000 else 0}f} {self.unit} | {target} | {self.verdict} |"


def claims_of(what, outcome, per_second, *, p99, p50=None, p95=None):
    claims = [Claim(f"{what}: answers 2xx", outcome.per_second, "per second", at_least=per_second)] if per_second else []
    claims += [Claim(f"{what}: {name} from when it was due", outcome.latency_ms[name], "ms", at_most=limit)
               for name, limit in (("p50", p50), ("p95", p95), ("p99", p99))]  # fmt: skip
    return claims


class Bench(postgres.PostgresTest):
    """Not run by unittest: it is what starts programs and ends them."""

    def runTest(self):  # noqa: N802 - the name is unittest's
        pass

    def on(self, database, **options):
        """The service on that database, ready."""
        options.setdefault("name", f"wms_service-{database}")
        return self.start_on_postgresql(**options) if database == "postgresql" else self.start_service(**options)

    def played(self, service, **flags):
        traffic = self.start_traffic(service, **flags)
        traffic.wait(flags["duration"] + 4 * harness.DEADLINE_S)
        outcome = load.outcome_of(traffic.report())
        print(outcome, flush=True)
        return outcome

    def thousand_clients(self):
        service = self.on("postgresql", per_role=8)

        def connections():
            [pool] = [row for row in self.pgbouncer.administer("SHOW POOLS") if row["database"] == "flowviz"]
            return sum(int(pool[state]) for state in ("sv_active", "sv_idle", "sv_used", "sv_tested", "sv_login"))

        with harness.Repeating(connections, 0.5) as servers:
            outcome = self.played(service, connections=1000, rate=550, duration=60, mistakes=0)
        service.kill()
        what = "1,000 clients, service, PgBouncer, PostgreSQL, 60 s"
        return [
            *claims_of(what, outcome, 500, p99=500),
            Claim(f"{what}: share of 2xx", 100 * outcome.good / outcome.answers, "%", at_least=99.9),
            Claim(f"{what}: writes", 100 * outcome.writes / outcome.answers, "%", at_least=30),
            Claim(f"{what}: answers for the client that got the fewest", outcome.fewest, "", at_least=1),
            Claim(f"{what}: connections of the server", max(servers.results), "", at_most=30),
        ]

    def normal_load(self):
        claims = []
        for database in ("sqlite", "postgresql"):
            service = self.on(database, per_role=13)
            outcome = self.played(service, name=f"plant-{database}", connections=50, rate=110, duration=30)
            service.kill()
            what = f"a plant's normal load on {database}, 110 requests a second, 30 s"
            claims += [Claim(f"{what}: answers", outcome.answers / outcome.seconds, "per second", at_least=100),
                       Claim(f"{what}: answers that were not to plan", outcome.unexpected, "", at_most=0),
                       *claims_of(what, outcome, None, p50=50, p95=100, p99=200)]  # fmt: skip
        return claims

    def traces(self):
        claims = []
        for database in ("sqlite", "postgresql"):
            service = self.on(database, name=f"traced-{database}")
            groups = self.fill(service, database)
            took = {"forward": [], "backward": []}
            made = random.Random(1)
            connection = http.client.HTTPConnection("127.0.0.1", service.port, timeout=harness.DEADLINE_S)
            for _ in range(600):
                group = made.choice(groups)
                for direction, lot_id in (("forward", group[0]), ("backward", made.choice(group[-LAYER:]))):
                    start = time.monotonic()
                    connection.request("GET", f"/api/traceability/{lot_id}/{direction}", headers={"Authorization": f"Bearer {service.tokens['viewer'][0]}"})
                    answer = connection.getresponse()
                    trace = json.loads(answer.read())
                    took[direction].append(1000 * (time.monotonic() - start))
                    if answer.status != 200 or trace["depth"] != DEPTH or (direction == "forward" and len(trace["nodes"]) != GROUP):
                        raise AssertionError(f"{answer.status}: {len(trace['nodes'])} nodes, {trace['depth']} deep")
            connection.close()
            service.kill()
            for direction, nodes in (("forward", f"{GROUP} nodes"), ("backward", "fewer nodes")):
                what = f"100,000 lots on {database}, traces {direction}, {nodes}, {DEPTH} deep"
                p99 = statistics.quantiles(took[direction], n=100)[98]
                print(f"{what}: p50 {statistics.median(took[direction]):.1f} ms, p99 {p99:.1f} ms", flush=True)
                claims.append(Claim(f"{what}: p99", p99, "ms", at_most=100))
        return claims

    def fill(self, service, database):
        """100,000 lots in groups of 500, from one raw lot to finished ones twelve steps away; the identifiers of each group."""
        groups, lots, inputs = [], [], []
        for group in range(LOTS // GROUP):
            ids = [f"00000000-0000-7000-8000-{group:06d}{number:06d}" for number in range(GROUP)]
            groups.append(ids)
            for number, lot_id in enumerate(ids):
                kind = "raw" if number == 0 else "finished" if number >= GROUP - LAYER else "intermediate"
                lots.append((lot_id, f"B-{group}-{number}", kind, 10**6, 10**6, "PENDING", "bench", 0))
                for position, source in enumerate(sources(number)):
                    inputs.append((lot_id, ids[source], 1, position))
        columns = "lot_id, lot_code, lot_type, quantity_mg, remaining_mg, qc_status, created_by, created_at_ms"
        if database == "sqlite":
            with contextlib.closing(sqlite3.connect(service.database)) as connection, connection:
                connection.executemany(f"INSERT INTO lots ({columns}) VALUES (?, ?, ?, ?, ?, ?, ?, ?)", lots)
                connection.executemany("INSERT INTO lot_inputs VALUES (?, ?, ?, ?)", inputs)
                connection.execute("ANALYZE")
            return groups
        for table, rows in ((f"lots ({columns})", lots), ("lot_inputs", inputs)):
            command = ["psql", *self.postgres.superuser, "-d", "flowviz", "-qXc", f"COPY {table} FROM STDIN"]
            subprocess.run(command, input="".join("\t".join(map(str, row)) + "\n" for row in rows), text=True, check=True)
        self.postgres.query("ANALYZE")
        return groups

    def idle_clients(self):
        """A thousand that have asked once and stay; who is hung up on comes back, as clients do that keep a connection ready."""
        harness.allow_many_files(8192)
        service = self.on("sqlite", name="idle")
        seconds, clients, returned = 20, 1000, 0
        claims = [Claim(f"processor time of the service with nobody, {seconds} s", 100 * self.processor_share(service, seconds), "% of a core")]
        watcher = selectors.DefaultSelector()

        def visit():
            connection = http.client.HTTPConnection("127.0.0.1", service.port, timeout=harness.DEADLINE_S)
            connection.request("GET", "/health")
            connection.getresponse().read()
            watcher.register(connection.sock, selectors.EVENT_READ, connection)

        def return_if_hung_up():
            nonlocal returned
            for key, _ in watcher.select(timeout=0.2):
                watcher.unregister(key.fileobj)
                key.data.close()
                visit()
                returned += 1

        for _ in range(clients):
            visit()
        share = self.processor_share(service, seconds, return_if_hung_up)
        for key in list(watcher.get_map().values()):
            key.data.close()
        service.kill()
        return claims + [
            Claim(f"processor time of the service with 1,000 idle clients, {seconds} s", 100 * share, "% of a core"),
            Claim("of them, hung up on and come back", returned / seconds, "per second"),
        ]

    @staticmethod
    def processor_share(service, seconds, meanwhile=lambda: time.sleep(0.2)):
        """How much of a core the service takes in that time, in which `meanwhile` is done again and again."""

        def used():
            fields = pathlib.Path(f"/proc/{service.pid}/stat").read_text().rpartition(")")[2].split()
            return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

        before, start = used(), time.monotonic()
        while time.monotonic() < start + seconds:
            meanwhile()
        return (used() - before) / (time.monotonic() - start)

    def instrumentation(self):
        measured = test_instrumentation.Instrumentation()
        harness.ServiceTest.setUp(measured)
        try:
            counts = measured.instructions_per_request()
            rates = measured.answers_per_second()
        finally:
            measured.doCleanups()
        with_metrics, without = (counts[variable] for variable in test_instrumentation.PROGRAMS)
        return [
            Claim("instructions of a request, metrics compiled out", without, ""),
            Claim("instructions of a request, metrics on", with_metrics, ""),
            Claim("what metrics add to them", 100 * (with_metrics / without - 1), "%", at_most=1),
            *(Claim(f"answers to 8 clients, metrics {state}", rates[variable], "per second")
              for variable, state in zip(test_instrumentation.PROGRAMS, ("on", "compiled out"))),
        ]  # fmt: skip


LOTS, GROUP, DEPTH = 100_000, 500, 12
LAYER = 37  # lots of the last step; the eleven before it have 42 each


def sources(number):
    """What a lot of a group is made of: two neighbours of the step before it, or the one that all of them come from."""
    width = 42
    if number == 0:
        return []
    step, place = divmod(number - 1, width)
    if step == 0:
        return [0]
    first = 1 + (step - 1) * width
    return [first + place, first + (place + 1) % width]


QUESTIONS = ("normal_load", "traces", "idle_clients", "thousand_clients", "instrumentation")


def machine():
    model = next((line.partition(": ")[2].strip() for line in open("/proc/cpuinfo", encoding="utf-8") if line.startswith("model name")), "unknown")
    system = next(line.partition("=")[2].strip().strip('"') for line in open("/etc/os-release", encoding="utf-8") if line.startswith("PRETTY_NAME"))
    return f"{system}, {model}, {os.cpu_count()} cores"


def priority():
    """Told if it is not the usual one: who runs this beside others may give it more."""
    value = os.nice(0)
    return f"; all of it ran at nice {value}" if value else ""


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--to", type=pathlib.Path, default=ROOT / "docs" / "bench", metavar="FOLDER", help="where to (default: docs/bench)")
    parser.add_argument("--only", action="append", choices=QUESTIONS, help="this question alone, and nothing is written; may be repeated")
    options = parser.parse_args()
    options.to = options.to.resolve()
    loads = [os.getloadavg()[0]]
    Bench.setUpClass()
    claims = []
    try:
        for question in options.only or QUESTIONS:
            bench = Bench()
            bench.setUp()
            try:
                claims += getattr(bench, question)()
            finally:
                bench.doCleanups()
            loads.append(os.getloadavg()[0])
    finally:
        Bench.doClassCleanups()
    table = "| | measured | target | |\n|---|---:|---|---|\n" + "".join(claim.row() + "\n" for claim in claims)
    head = (
        f"`scripts/bench --service`, {datetime.date.today()}, {machine()}, which the load generator and the databases shared with the service. "
        f"The load average was {min(loads):.1f} to {max(loads):.1f}, what is measured included{priority()}.\n\n"
    )
    print(head + table)
    if options.only:
        return 0
    (options.to / "service.txt").write_text(head + table, encoding="utf-8")
    figures = [{"what": one.text, "value": one.value, "unit": one.unit, "target": one.target, "falls_short": one.short} for one in claims]
    (options.to / "service.json").write_text(json.dumps({"machine": machine(), "date": str(datetime.date.today()), "load": loads, "figures": figures}, indent=1) + "\n", encoding="utf-8")
    if options.to == ROOT / "docs" / "bench":
        text = RESULTS.read_text(encoding="utf-8")
        before, rest = text.split(BEGIN)
        RESULTS.write_text(before + BEGIN + "\n" + head + table + "\n" + END + rest.split(END)[1], encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
