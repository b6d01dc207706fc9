# SPDX-License-Identifier: MIT
"""What the boards, the alerts and the receivers show of a stack whose database is stopped under load, and whose messages about stopped
lots are refused. With FLOWVIZ_FULL=1 alone, for alerts take their minutes."""

import os
import pathlib
import re
import signal
import sys
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests" / "stack"))
import live
import panels

PATIENCE_S = 900  # an alert that is held for five minutes, and as much again
# (board, panel, what it shows of a stopped database under load), by the numbers of all its series.
SHOWN = [
    ("overview", "Error ratio", lambda values: max(values) > 0.05),
    ("overview", "Firing alerts", lambda values: max(values) >= 2),
    ("overview", "Requests by status", lambda values: sum(value > 0 for value in values) >= 2),
    ("api", "Error ratio", lambda values: max(values) > 0.05),
    ("api", "5xx by handler", lambda values: max(values) > 0),
    ("api", "Errors by type", lambda values: max(values) > 0),
    ("workflow", "Error ratio", lambda values: max(values) > 0.05),
    ("database", "PostgreSQL", lambda values: values == [0]),
    ("database", "Failed statements", lambda values: max(values) > 0.5),
    ("database", "Failed by operation", lambda values: max(values) > 0),
    ("pgbouncer", "PgBouncer", lambda values: values == [1]),  # the pooler itself is there
    ("pgbouncer", "Server connections by state", lambda values: max(values) <= 1),
    ("warehouse", "Age of these gauges", lambda values: max(values) > 60),
    ("slo", "Availability: burn now", lambda values: max(values) > 14.4),
    ("slo", "Availability: budget left", lambda values: max(values) < 0),
]  # fmt: skip
FIRING = {"PostgresDown", "HttpErrorRatioHigh", "HttpErrorRatioCritical", "HttpErrorBudgetBurn", "OutboundFailures", "NotificationFailures"}
TOLD_TO_DISCORD = [("critical", "PostgresDown"), ("critical", "HttpErrorRatioCritical"), ("critical", "HttpErrorBudgetBurn"),
                   ("warning", "OutboundFailures")]  # fmt: skip


class Faults(live.Live):
    flags = (*live.FLAGS, "--qc-webhook-attempts=2", "--qc-webhook-first-wait=100")

    def firing(self):
        found = panels.asked(self.prometheus, 'ALERTS{alertstate="firing",alertname!="Watchdog"}')
        return {labels["alertname"] for labels, _ in found}

    def test_a_stopped_database_and_refused_messages_show_where_they_should(self):
        self.receiver.refuses.add("qc_webhook_url")
        with self.playing(rate=20):
            # While all is well: requests that succeed, and messages that do not get through.
            live.wait_until(lambda: len(self.receiver.about("qc_webhook_url", "")) >= 40, "messages about stopped lots", PATIENCE_S)
            live.wait_until(lambda: max(panels.shown(self.prometheus, "overview", "Requests by status"), default=0) > 10, "traffic")
            # Seen now, for without the database there are no decisions to send messages about.
            live.wait_until(lambda: self.holds("workflow", "Outbound failures", lambda values: values == [1]), "failing messages")
            self.assertFalse(self.firing() & {"PostgresDown", "HttpErrorRatioCritical"})
            os.kill(self.program("postgres")["pid"], signal.SIGQUIT)

            def lacking():
                return [f"{board}: {title} {panels.shown(self.prometheus, board, title)}" for board, title, holds in SHOWN
                        if not self.holds(board, title, holds)]  # fmt: skip

            try:
                live.wait_until(lambda: self.firing() >= FIRING, "alerts", PATIENCE_S)
            except AssertionError:
                self.assertEqual(FIRING - self.firing(), set())
            try:
                live.wait_until(lambda: not lacking(), "panels")
            except AssertionError:
                self.assertEqual(lacking(), [])
            for one in TOLD_TO_DISCORD:
                live.wait_until(lambda one=one: one in self.told(), one)
            live.wait_until(lambda: self.receiver.about("second_webhook_url", "NotificationFailures"), "the second receiver")
            # What leans on the database, too: the pooler, of which nothing is known any more.
            os.kill(self.program("pgbouncer-exporter")["pid"], signal.SIGKILL)
            live.wait_until(lambda: "PgBouncerDown" in self.firing(), "an alert that leans on the database")
            live.wait_until(lambda: self.holds("overview", "Up", lambda values: min(values) == 0), "a target that is down")
            live.wait_until(lambda: "PgBouncerDown" in {labels["alertname"] for labels, _ in self.alertmanagers()}, "Alertmanager to know it")
            self.check_what_is_inhibited()
            # And back: the pooler finds the server, and alerts end.
            self.stack._postgres()
            live.wait_until(lambda: "PostgresDown" not in self.firing(), "the end of PostgresDown")
            live.wait_until(lambda: "HttpErrorRatioCritical" not in self.firing(), "the end of errors", PATIENCE_S)
            live.wait_until(lambda: panels.shown(self.prometheus, "database", "PostgreSQL") == [1], "PostgreSQL on its board")

    def told(self):
        """Of what has been said to Discord: {(severity, alert)}."""
        return {(re.match(r"FIRING (\w+)", title)[1], name) for title, text in self.receiver.embeds() if title.startswith("FIRING")
                for name in re.findall(r"^\*\*(\w+)\*\*", text, re.M)}  # fmt: skip

    def holds(self, board, title, holds):
        values = panels.shown(self.prometheus, board, title)
        return bool(values) and holds(values)

    def check_what_is_inhibited(self):
        """What leans on the database, and the lower threshold of the same trouble, are known to Alertmanager and said to nobody."""
        lower = ("AppDb", "Db", "PgBouncer", "HttpErrorRatioHigh")
        silent = {labels["alertname"] for labels, inhibited in self.alertmanagers() if inhibited}
        self.assertGreaterEqual(silent, {"HttpErrorRatioHigh", "PgBouncerDown"})
        for labels, inhibited in self.alertmanagers():
            if labels["alertname"].startswith(lower):
                self.assertTrue(inhibited, labels)
        told = {name for _, name in self.told()}
        self.assertEqual([name for name in told if name.startswith(lower)], [])
        self.assertNotIn("NotificationFailures", told)


if not os.environ.get("FLOWVIZ_FULL"):
    del Faults


if __name__ == "__main__":
    unittest.main()
