// SPDX-License-Identifier: MIT
#include <flowviz_metrics/value.hpp>

#include <doctest/doctest.h>

#include <chrono>
#include <cstdint>
#include <limits>
#include <type_traits>

using flowviz::Amount;
using flowviz::Count;

TEST_CASE("a count is any integer that is not negative") {
  CHECK(Count(7).value() == 7);
  CHECK(Count(std::uint8_t{255}).value() == 255);
  CHECK(Count(std::numeric_limits<std::int64_t>::max()).value() == 9223372036854775807u);
  CHECK(Count(0).negative() == false);
}

TEST_CASE("a count above 2^63 is a difference that went below zero") {
  const std::size_t few = 3, more = 5;
  CHECK(Count(few - more).negative());
  CHECK(Count(std::uint64_t{1} << 63).negative());
  CHECK(!Count((std::uint64_t{1} << 63) - 1).negative());
}

TEST_CASE("a negative count says so") {
  for (const std::int64_t n : {std::int64_t{-1}, std::numeric_limits<std::int64_t>::min()}) {
    CAPTURE(n);
    CHECK(Count(n).negative());
  }
}

TEST_CASE("a floating-point value is no count") {
  static_assert(!std::is_convertible_v<double, Count> && !std::is_constructible_v<Count, double>);
  static_assert(!std::is_convertible_v<float, Count>);
  static_assert(std::is_convertible_v<int, Count>);
}

TEST_CASE("an amount is a number, or a duration in seconds") {
  using namespace std::chrono_literals;
  CHECK(Amount(0.25).value() == 0.25);
  CHECK(Amount(3).value() == 3);
  CHECK(Amount(5ms).value() == 0.005);
  CHECK(Amount(2h).value() == 7200);
  CHECK(Amount(1ns).value() == 1e-9);
  CHECK(Amount(std::chrono::duration<float, std::milli>(1.5f)).value() == 0.0015);
}
