# SPDX-License-Identifier: MIT
"""The clock of the machine set back an hour under load: durations are none of its business."""

import contextlib
import glob
import json
import sqlite3
import time
import unittest

import harness

DURATIONS = ("http_request_duration_seconds", "http_request_duration_highr_seconds", "flowviz_traceability_query_duration_seconds",
             "db_query_duration_seconds", "db_statement_duration_seconds", "db_connection_wait_seconds")  # fmt: skip
LONGEST_S = 10  # that a request may take, and a bound of all their buckets


def in_ms(seconds):
    """So long from now, as the database has it."""
    return int((time.time() + seconds) * 1000)


class Clock(harness.ServiceTest):
    def test_an_hour_back_is_in_no_duration_and_limits_and_operators_stay_right(self):
        offset = self.folder / "offset"
        offset.write_text("+0\n")
        [library] = glob.glob("/usr/lib/*/faketime/libfaketimeMT.so.1")
        service = self.start_service(
            per_role=3,
            flags=("--rate-limit-traceability", "5"),
            environment={"LD_PRELOAD": library, "FAKETIME_TIMESTAMP_FILE": str(offset), "FAKETIME_NO_CACHE": "1", "DONT_FAKE_MONOTONIC": "1"},
        )
        lot = service.register().json
        before = service.metrics()

        def trace():
            return service.request("GET", f"/api/traceability/{lot['lot_id']}/forward", "viewer")

        self.assertEqual([trace().status for _ in range(3)], [200] * 3)
        harness.wait_until(lambda: service.metrics().value("flowviz_active_operators") == 2, "operators that were seen")
        # Everybody works but the viewer whose limit is looked at.
        others = self.folder / "others.json"
        others.write_text(json.dumps([one for one in json.loads(service.tokens_path.read_text()) if one["token"] != service.tokens["viewer"][0]]))
        # Somebody who left an hour ago: by the clock that is set back, a minute ago.
        with contextlib.closing(sqlite3.connect(service.database, isolation_level=None, timeout=harness.DEADLINE_S)) as database:
            database.execute("INSERT INTO operator_activity VALUES ('gone', ?)", (in_ms(-61 * 60),))
        traffic = self.start_traffic(service, tokens=others, rate=60, duration=6, connections=6)
        harness.wait_until(lambda: service.metrics().sum("http_requests_total") > 100, "traffic")
        middle = service.metrics()
        offset.write_text("-1h\n")
        harness.wait_until(lambda: service.register().json["created_at"] < lot["created_at"], "a lot of an hour ago")
        # What is left of a limit is neither more nor an hour away.
        statuses = [trace().status for _ in range(4)]
        self.assertEqual(statuses, [200, 200, 429, 429])
        self.assertLessEqual(int(trace().headers["Retry-After"]), 60)
        traffic.wait()  # it meets the limit on traces, and nothing else that is not to plan
        self.assertLessEqual({one["status"] for one in traffic.report()["unexpected_examples"]}, {429}, traffic.stdout)
        self.assertEqual(traffic.report()["starved_connections"], [])

        after = service.metrics()
        self.check_durations(after)
        for earlier, later in ((before, middle), (middle, after)):
            fallen = [key for key, value in earlier.samples.items() if key[0].endswith(("_total", "_count", "_sum", "_bucket"))
                      and later.samples[key] < value]  # fmt: skip
            self.assertEqual(fallen, [])
        self.assertEqual(harness.violations(service.page()), "")
        # All others were seen within these minutes, by whichever clock.
        def seen():
            return service.rows("SELECT count(*) FROM operator_activity")[0][0] - 1

        harness.wait_until(lambda: service.metrics().value("flowviz_active_operators") == seen(), "the operators that were seen")
        self.assertGreater(seen(), 2)
        self.assertEqual(service.rows("SELECT operator FROM operator_activity WHERE last_seen_ms > ?", in_ms(-3600 + 60)), [])
        self.assertEqual(service.terminate(), 0)

    def check_durations(self, metrics):
        """Each single one, for an hour is not seen in the sum of many."""
        for name in DURATIONS:
            counts = {labels: count for (sample, labels), count in metrics.samples.items() if sample == f"{name}_count"}
            self.assertGreater(sum(counts.values()), 0, name)
            for labels, count in counts.items():
                self.assertEqual(metrics.samples[f"{name}_bucket", labels | {("le", str(LONGEST_S))}], count, (name, labels))
                self.assertGreaterEqual(metrics.samples[f"{name}_sum", labels], 0, (name, labels))


if __name__ == "__main__":
    unittest.main()
