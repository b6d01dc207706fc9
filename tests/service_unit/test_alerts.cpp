// SPDX-License-Identifier: MIT
#include "test_alerts.hpp"

#include <doctest/doctest.h>

#include <chrono>

using namespace wms;
using namespace std::chrono_literals;

namespace {

constexpr TestAlerts::Time start{1h};

}  // namespace

TEST_CASE("a test alert is raised when it is asked for, and ends by itself") {
  TestAlerts alerts(5min);
  CHECK_FALSE(alerts.is_raised(AlertSeverity::critical, start));
  alerts.raise(AlertSeverity::critical, start);
  CHECK(alerts.is_raised(AlertSeverity::critical, start));
  CHECK(alerts.is_raised(AlertSeverity::critical, start + 5min - 1ns));
  CHECK_FALSE(alerts.is_raised(AlertSeverity::critical, start + 5min));
}

TEST_CASE("severities are raised each for itself") {
  TestAlerts alerts(5min);
  alerts.raise(AlertSeverity::warning, start);
  CHECK_FALSE(alerts.is_raised(AlertSeverity::critical, start));
  CHECK(alerts.is_raised(AlertSeverity::warning, start));
  CHECK_FALSE(alerts.is_raised(AlertSeverity::info, start));
}

TEST_CASE("asked for again, it lasts from then on") {
  TestAlerts alerts(5min);
  alerts.raise(AlertSeverity::info, start);
  alerts.raise(AlertSeverity::info, start + 4min);
  CHECK(alerts.is_raised(AlertSeverity::info, start + 8min));
  CHECK_FALSE(alerts.is_raised(AlertSeverity::info, start + 9min));
}
