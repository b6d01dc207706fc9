# SPDX-License-Identifier: MIT
"""kill -9 in the middle of traffic, again and again: whatever was acknowledged is in the database."""

import json
import shutil
import unittest

import harness
import postgres

ROUNDS = 20 if harness.FULL else 3
ACKNOWLEDGED_PER_ROUND = 150
# Of what clients are told, the kinds of acknowledgement, and where each is kept: its identifier, then what else was told.
KEPT = {
    "lot": "SELECT lot_id, lot_type FROM lots",
    "decision": "SELECT decision_id, decision, lot_id FROM qc_decisions",
    "offline_lot": "SELECT client_id FROM sync_lots WHERE status <> 'refused'",
}


class KillTest(harness.ServiceTest):
    def test_nothing_that_was_acknowledged_is_missing_after_kill_9(self):
        acks_path = self.folder / "acks"
        service = self.start_service(per_role=13)
        # Ended when the rounds are over; the time is only a bound.
        traffic = self.start_traffic(
            service, duration=3600, rate=300, connections=16, acks=acks_path, tolerate_disconnects=True
        )
        acknowledged = []
        for number in range(ROUNDS):
            wanted = len(acknowledged) + ACKNOWLEDGED_PER_ROUND
            harness.wait_until(
                lambda: traffic.running and len(self.lines(acks_path)) >= wanted,
                f"{wanted} acknowledgements in round {number}",
            )
            service.kill()
            # What the client has been told by now was acknowledged by the service that is dead.
            acknowledged = [json.loads(line) for line in self.lines(acks_path)]
            self.check_nothing_is_missing(acknowledged, self.stored(self.copy_of_database(service, number)), number)
            service = self.start_service(
                ports=(service.port, service.metrics_port), tokens_path=service.tokens_path, database=service.database
            )

        wanted = len(acknowledged) + ACKNOWLEDGED_PER_ROUND
        harness.wait_until(lambda: len(self.lines(acks_path)) >= wanted, "work going on after the last start")
        # Not one answer after a restart contradicted what the client had been told before.
        self.assertEqual(traffic.terminate(), 0, traffic.stdout)
        report = traffic.report()
        self.assertGreater(sum(row["unknown"] + row["never_sent"] for row in report["without_answer"]), 0)
        self.assertEqual(service.terminate(), 0)
        acknowledged = [json.loads(line) for line in self.lines(acks_path)]
        self.check_nothing_is_missing(acknowledged, self.stored(service.database), "the end")

    @staticmethod
    def lines(path):
        """The complete lines of a file that grows."""
        return path.read_text().split("\n")[:-1] if path.exists() else []

    def copy_of_database(self, service, number):
        """The database as the dead service left it, journal included, so that looking at it changes nothing."""
        copy = self.folder / f"copy-{number}" / service.database.name
        copy.parent.mkdir()
        for file in service.database.parent.glob(service.database.name + "*"):
            if not file.name.endswith("-shm"):  # rebuilt from the journal by whoever opens the database
                shutil.copy(file, copy.parent / file.name)
        return copy

    @staticmethod
    def stored(database):
        """What is kept in a database, by what it is."""
        # Opened for writing: recovery of the journal is part of opening.
        [(found,)] = harness.rows(database, "PRAGMA integrity_check", mode="rw")
        if found != "ok":
            raise AssertionError(f"{database}: {found}")
        return {what: harness.rows(database, sql) for what, sql in KEPT.items()}

    def check_nothing_is_missing(self, acknowledged, stored, when):
        kept = {what: {row[0]: list(row[1:]) for row in rows} for what, rows in stored.items()}
        self.assertGreater(len(acknowledged), 0)
        for ack in acknowledged:
            told = {"lot": [ack["kind"]], "decision": [ack["kind"], ack.get("lot_id")], "offline_lot": []}[ack["what"]]
            self.assertEqual(kept[ack["what"]].get(ack["id"]), told, f"{ack} after {when}")


class KillOnPostgresqlTest(postgres.PostgresTest, KillTest):
    """The same with a server behind a pooler, which go on: what the dead service had begun is rolled back."""

    def start_service(self, *, database=None, **options):
        return super().start_service(database_url=self.pgbouncer.url(), flags=self.postgres.password_flags, **options)

    def copy_of_database(self, *_):
        return None

    def stored(self, _):
        return {what: self.postgres.query(sql) for what, sql in KEPT.items()}


if __name__ == "__main__":
    unittest.main()
