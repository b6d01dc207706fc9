// SPDX-License-Identifier: MIT
#include "business_hours.hpp"

#include <doctest/doctest.h>

#include <chrono>
#include <string>

using namespace wms;
using namespace std::chrono_literals;
using std::chrono::Friday, std::chrono::Monday, std::chrono::Saturday, std::chrono::Sunday, std::chrono::Tuesday,
    std::chrono::Wednesday;

namespace {

bool open(const char* hours, std::chrono::weekday day, std::chrono::minutes time) {
  const auto parsed = BusinessHours::parse(hours);
  REQUIRE(parsed);
  return parsed->include({day, time});
}

}  // namespace

TEST_CASE("a period begins with its first minute and ends before its last") {
  constexpr const char* hours = "Mon-Fri 06:00-22:00";
  CHECK_FALSE(open(hours, Monday, 5h + 59min));
  CHECK(open(hours, Monday, 6h));
  CHECK(open(hours, Friday, 21h + 59min));
  CHECK_FALSE(open(hours, Friday, 22h));
  CHECK_FALSE(open(hours, Saturday, 12h));
  CHECK_FALSE(open(hours, Sunday, 12h));
}

TEST_CASE("days are one, or several in a row, also over the end of a week") {
  CHECK(open("Sat 08:00-12:00", Saturday, 8h));
  CHECK_FALSE(open("Sat 08:00-12:00", Sunday, 8h));
  CHECK(open("Fri-Mon 08:00-12:00", Sunday, 8h));
  CHECK(open("Fri-Mon 08:00-12:00", Monday, 8h));
  CHECK_FALSE(open("Fri-Mon 08:00-12:00", Tuesday, 8h));
}

TEST_CASE("a period over midnight belongs to the day on which it begins") {
  constexpr const char* hours = "Mon-Fri 22:00-06:00";
  CHECK_FALSE(open(hours, Monday, 5h));
  CHECK(open(hours, Monday, 22h));
  CHECK(open(hours, Tuesday, 5h + 59min));
  CHECK_FALSE(open(hours, Tuesday, 6h));
  CHECK(open(hours, Saturday, 5h));
  CHECK_FALSE(open(hours, Saturday, 22h));
  CHECK(open("Sat 23:00-01:00", Sunday, 0h));  // the last minute of a week is not the last one of all
}

TEST_CASE("whole days end at 24:00") {
  CHECK(open("Mon-Sun 00:00-24:00", Wednesday, 23h + 59min));
  CHECK(open("Mon-Sun 00:00-24:00", Sunday, 0h));
  CHECK_FALSE(open("Mon 12:00-24:00", Tuesday, 0h));
  CHECK(open("Mon 06:00-06:00", Tuesday, 5h + 59min));
}

TEST_CASE("several periods add up, and none is never") {
  constexpr const char* hours = "Mon-Fri 06:00-12:00, Mon-Fri 13:00-22:00,Sat 08:00-12:00";
  CHECK(open(hours, Monday, 11h));
  CHECK_FALSE(open(hours, Monday, 12h + 30min));
  CHECK(open(hours, Monday, 13h));
  CHECK(open(hours, Saturday, 8h));
  for (const auto day : {Monday, Saturday, Sunday}) CHECK_FALSE(open("none", day, 12h));
}

TEST_CASE("what is no period is refused") {
  for (const char* text : {"",
                           " ",
                           "always",
                           "06:00-22:00",
                           "Mon",
                           "Mon-Fri",
                           "Mon-Fri 06:00",
                           "Mon-Fri 6:00-22:00",
                           "Mon-Fri 06:00-25:00",
                           "Mon-Fri 06:00-22:60",
                           "Mon-Fri 24:00-06:00",
                           "Mon-Fri 06:00-24:01",
                           "mon-fri 06:00-22:00",
                           "Monday-Friday 06:00-22:00",
                           "Mon-Fri-Sat 06:00-22:00",
                           "Mon-Fri  06:00-22:00",
                           "Mon-Fri 06:00-22:00 CET",
                           "Mon-Fri 06:00-22:00;Sat 08:00-12:00",
                           "Mon- 06:00-22:00",
                           "-Fri 06:00-22:00",
                           "Mon 06.00-22.00",
                           "Mon 06:00-22:00,",
                           "Mon 06:00-22:00,,Tue 06:00-22:00",
                           "Mon 06:00",
                           "Mon 06:00-22:00, none",
                           "Mon 06:00--22:00",
                           "Mon -6:00-22:00"}) {
    CAPTURE(text);
    CHECK_FALSE(BusinessHours::parse(text));
  }
}
