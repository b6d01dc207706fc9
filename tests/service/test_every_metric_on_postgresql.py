# SPDX-License-Identifier: MIT
"""The same with PostgreSQL behind its pooler. Most of its time is that until gauges are read again, and passes beside other files."""

import unittest

import postgres
import test_every_metric


class EveryMetricOnPostgresqlTest(postgres.OnPostgresql, test_every_metric.EveryMetricTest):
    of_a_registration = (*test_every_metric.EveryMetricTest.of_a_registration, "other")  # its lock
    no_cause = {one: why for one, why in test_every_metric.NO_CAUSE.items() if "other" not in one}

    def database_away(self, service):
        return self.pgbouncer.paused()


if __name__ == "__main__":
    unittest.main()
