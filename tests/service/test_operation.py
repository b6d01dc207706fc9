# SPDX-License-Identifier: MIT
"""What the service tells its monitoring beside its work: a test alert on demand, and whether the plant is open."""

import datetime
import unittest
import zoneinfo

import harness

SEVERITIES = ("critical", "warning", "info")


class OperationTest(harness.ServiceTest):
    def raised(self, service):
        metrics = service.metrics()
        return [severity for severity in SEVERITIES if metrics.value("flowviz_test_alert", severity=severity) == 1]

    def test_a_test_alert_is_raised_and_ends_by_itself(self):
        duration_s = 10
        service = self.start_service(flags=["--test-alert-duration", str(duration_s)])
        self.assertEqual(self.raised(service), [])
        answer = service.request("POST", "/api/admin/test-alert", "admin", body={"severity": "critical"})
        self.assertEqual((answer.status, answer.json), (202, {"severity": "critical", "duration_seconds": duration_s}))
        self.assertEqual(self.raised(service), ["critical"])
        # Scrapes alone see its end.
        harness.wait_until(lambda: self.raised(service) == [], "the end of the alert")
        self.assertEqual(
            {service.metrics().value("flowviz_test_alert", severity=severity) for severity in SEVERITIES}, {0}
        )

    def test_only_admins_raise_one(self):
        service = self.start_service()
        for role in ("viewer", "operator", "inspector"):
            answer = service.request("POST", "/api/admin/test-alert", role, body={"severity": "info"})
            self.assert_problem(answer, 403)
        self.assert_problem(service.request("POST", "/api/admin/test-alert", body={"severity": "info"}), 401)
        for body in ({}, {"severity": "emergency"}, {"severity": None}, {"severity": "info", "colour": "red"}):
            with self.subTest(body=body):
                self.assert_problem(service.request("POST", "/api/admin/test-alert", "admin", body=body), 422)
        self.assertEqual(self.raised(service), [])

    def open_in(self, zone, first, last):
        """What the gauge says with business hours from one time to another; on the weekday of the first."""
        hours = f"{first:%a %H:%M}-{last:%H:%M}"
        service = self.start_service(
            flags=["--business-hours", hours, "--timezone", zone],
            name=f"wms_service-{zone.replace('/', '-')}-{first:%H}",
        )
        value = service.metrics().value("flowviz_business_hours")
        self.assertEqual(service.terminate(), 0)
        return value

    def test_the_plant_is_open_by_the_clock_of_its_time_zone(self):
        hour = datetime.timedelta(hours=1)
        for zone in ("Europe/Berlin", "America/New_York", "Pacific/Kiritimati", "Asia/Kathmandu", "UTC"):
            with self.subTest(zone=zone):
                there = datetime.datetime.now(zoneinfo.ZoneInfo(zone)).replace(tzinfo=None)
                self.assertEqual(self.open_in(zone, there - 2 * hour, there + 2 * hour), 1)
                self.assertEqual(self.open_in(zone, there + 2 * hour, there + 4 * hour), 0)

    def test_wrong_hours_or_an_unknown_zone_is_exit_status_2_with_one_line(self):
        for flags in (["--business-hours", "Mon-Fri 6-22"], ["--timezone", "Europe/Atlantis"], ["--timezone", ""]):
            with self.subTest(flags=flags):
                service = self.track(harness.Service(self.folder, flags=flags, name="wms_service" + flags[1][:3]))
                self.assertEqual(service.wait(), 2)
                self.assertRegex(service.stderr, rf"\Awms_service: {flags[0]} must be .+\n\Z")


if __name__ == "__main__":
    unittest.main()
