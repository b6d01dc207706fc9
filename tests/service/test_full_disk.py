# SPDX-License-Identifier: MIT
"""SQLite on a file system of 16 MiB that fills: what cannot be stored is refused as such, nothing that was acknowledged is lost, and
work goes on when there is room again."""

import os
import pathlib
import shutil
import unittest

import harness

SIZE_MIB = 16
# A file system of the service's own, which ends with it: nobody else sees it but through /proc/PID/root.
MOUNT = f'mount -t tmpfs -o size={SIZE_MIB}m tmpfs "$1" && shift && exec "$@"'


class FullDisk(harness.ServiceTest):
    def test_a_full_file_system_refuses_loses_nothing_and_recovers(self):
        disk = self.folder / "disk"
        disk.mkdir()
        namespace = ["unshare", "--mount"] if os.geteuid() == 0 else ["unshare", "--user", "--map-root-user", "--mount"]
        service = self.start_service(database=disk / "wms.db", prefix=[*namespace, "sh", "-c", MOUNT, "sh", str(disk)])
        inside = pathlib.Path(f"/proc/{service.pid}/root{disk}")
        self.assertEqual(os.statvfs(inside).f_blocks * os.statvfs(inside).f_frsize, SIZE_MIB << 20)
        free = os.statvfs(inside).f_bavail * os.statvfs(inside).f_frsize
        filler = inside / "filler"
        filler.write_bytes(bytes(max(0, free - (256 << 10))))

        stored = []

        def register():
            answer = service.register(lot_code=f"L-{len(stored)}-{'X' * 50}")
            if answer.status == 201:
                stored.append(answer.json["lot_id"])
            return answer

        while (refused := register()).status == 201:
            pass
        self.assert_problem(refused, 503)
        self.assertGreater(len(stored), 10)
        for _ in range(4):
            self.assert_problem(register(), 503)
        read = service.request("GET", f"/api/lots/{stored[0]}", "viewer")
        self.assertEqual(read.status, 200, read)
        self.assertEqual(harness.request(service.metrics_port, "GET", "/health").status, 200)
        self.assertEqual(harness.violations(service.page()), "")
        metrics = service.metrics()
        self.assertGreater(metrics.sum("db_query_errors_total"), 0)
        self.assertEqual(metrics.sum("flowviz_lots_registered_total"), len(stored))

        before = len(stored)
        filler.unlink()
        harness.wait_until(lambda: register().status == 201, "a lot that is stored again")
        for _ in range(50):
            self.assertEqual(register().status, 201)
        self.assertGreater(len(stored), before + 50)
        for name in ("wms.db", "wms.db-wal"):  # nobody writes now; SQLite would look for the name of the original elsewhere
            shutil.copy(inside / name, self.folder / name)
        rows = harness.rows(self.folder / "wms.db", "SELECT lot_id FROM lots", mode="rw")
        self.assertEqual({row[0] for row in rows}, set(stored))
        self.assertEqual(harness.rows(self.folder / "wms.db", "PRAGMA integrity_check"), [("ok",)])
        self.assertEqual(service.metrics().sum("flowviz_lots_registered_total"), len(stored))
        self.assertEqual(service.terminate(), 0)


if __name__ == "__main__":
    unittest.main()
