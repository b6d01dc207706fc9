// SPDX-License-Identifier: MIT
#include "time_zone.hpp"

#include <doctest/doctest.h>

#include <chrono>

using namespace wms;
using namespace std::chrono_literals;
using namespace std::chrono;

namespace {

/// What the clock shows there: minutes since midnight, and the day.
bool shows(Timestamp utc, weekday day, minutes time) {
  const WallClock clock = wall_clock(utc);
  CAPTURE(clock.since_midnight.count());
  CHECK(clock.day == day);
  CHECK(clock.since_midnight == time);
  return clock.day == day && clock.since_midnight == time;
}

}  // namespace

TEST_CASE("a clock on the wall is changed in spring and in autumn, on the day and at the hour") {
  set_time_zone("Europe/Berlin");
  CHECK(shows(sys_days(2026y / 3 / 29) + 59min, Sunday, 1h + 59min));
  CHECK(shows(sys_days(2026y / 3 / 29) + 1h, Sunday, 3h));
  CHECK(shows(sys_days(2026y / 10 / 25) + 59min, Sunday, 2h + 59min));
  CHECK(shows(sys_days(2026y / 10 / 25) + 1h, Sunday, 2h));
  CHECK(shows(sys_days(2060y / 7 / 1), Thursday, 2h));  // beyond what files list, by their rule
  set_time_zone("America/New_York");
  CHECK(shows(sys_days(2026y / 3 / 8) + 7h, Sunday, 3h));
}

TEST_CASE("zones differ by minutes, too, and by days") {
  set_time_zone("Asia/Kolkata");
  CHECK(shows(sys_days(2026y / 1 / 4) + 20h, Monday, 1h + 30min));
  set_time_zone("Pacific/Kiritimati");
  CHECK(shows(sys_days(2026y / 1 / 4) + 10h, Monday, 0h));
  set_time_zone("Pacific/Pago_Pago");
  CHECK(shows(sys_days(2026y / 1 / 5) + 10h, Sunday, 23h));
  set_time_zone("UTC");
  CHECK(shows(sys_days(2026y / 1 / 5) + 23h + 59min + 59s + 999ms, Monday, 23h + 59min));
}

TEST_CASE("business hours follow the clock on the wall through the change of an hour") {
  const auto hours = BusinessHours::parse("Mon-Fri 06:00-22:00");
  REQUIRE(hours);
  set_time_zone("Europe/Berlin");
  const auto open = [&](Timestamp utc) { return hours->include(wall_clock(utc)); };
  CHECK_FALSE(open(sys_days(2026y / 3 / 27) + 4h + 59min));  // the last Friday of winter
  CHECK(open(sys_days(2026y / 3 / 27) + 5h));
  CHECK_FALSE(open(sys_days(2026y / 3 / 30) + 3h + 59min));  // the first Monday of summer
  CHECK(open(sys_days(2026y / 3 / 30) + 4h));
  CHECK_FALSE(open(sys_days(2026y / 3 / 30) + 20h));
  CHECK_FALSE(open(sys_days(2026y / 10 / 26) + 4h));  // the first Monday of winter
  CHECK(open(sys_days(2026y / 10 / 26) + 5h));
}

TEST_CASE("a zone that the system does not know is told from one that it knows, whatever its name is") {
  for (const char* name : {"UTC", "Europe/Berlin", "America/Argentina/Buenos_Aires", "Etc/GMT+5"}) {
    CAPTURE(name);
    CHECK(is_time_zone(name));
  }
  for (const char* name : {"", "Europe", "Europe/", "Europe/Atlantis", "Berlin", "CET-1CEST,M3.5.0,M10.5.0/3",
                           ":Europe/Berlin", "/usr/share/zoneinfo/Europe/Berlin", "../zoneinfo/Europe/Berlin",
                           "Europe/../Europe/Berlin", "zone.tab", "Europe/Berlin\n"}) {
    CAPTURE(name);
    CHECK_FALSE(is_time_zone(name));
  }
}
