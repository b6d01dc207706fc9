# SPDX-License-Identifier: MIT
"""The pool of connections in a running service: what it shows while more are needed than it keeps."""

import subprocess
import threading
import unittest

import harness
import postgres


class PoolTest(postgres.OnPostgresql, harness.ServiceTest):
    def test_connections_beyond_the_size_of_the_pool_are_shown_and_closed_again(self):
        service = self.start_service(flags=("--pool-size", "1", "--pool-overflow", "3"))
        lot_id = service.register().json["lot_id"]

        def states():
            metrics = service.metrics()
            return [metrics.value("db_pool_connections", state=state) for state in ("active", "overflow")]

        # What the service does in the background may need a connection at the same moment as the registration.
        harness.wait_until(lambda: states()[1] == 0, "the pool at its size")

        answers = []
        readers = [threading.Thread(target=lambda: answers.append(service.request("GET", f"/api/lots/{lot_id}", "viewer").status))
                   for _ in range(3)]  # fmt: skip
        with self.locked():
            for reader in readers:
                reader.start()
            harness.wait_until(lambda: states()[0] == 1 and states()[1] >= 2, "connections that overflow")
        for reader in readers:
            reader.join()
        self.assertLessEqual(set(answers), {200, 503})
        harness.wait_until(lambda: states()[1] == 0, "the pool at its size again")
        self.assertEqual(service.metrics().value("db_pool_connections_max"), 4)

    def locked(self):
        """Nobody reads a lot until the block ends."""
        psql = subprocess.Popen(["psql", *self.postgres.superuser, "-d", "flowviz", "-qXAt"], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                text=True, cwd="/")  # fmt: skip
        self.addCleanup(psql.wait)
        self.addCleanup(psql.kill)
        psql.stdin.write("BEGIN; LOCK TABLE lots; SELECT 'locked';\n")
        psql.stdin.flush()
        self.assertEqual(psql.stdout.readline(), "locked\n")
        return psql


if __name__ == "__main__":
    unittest.main()
