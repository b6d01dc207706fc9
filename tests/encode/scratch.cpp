// SPDX-License-Identifier: MIT
#include <flowviz_metrics/encode/scratch.hpp>

#include <doctest/doctest.h>

#include <cstddef>
#include <string>
#include <string_view>

using flowviz::encode::Scratch;

TEST_CASE("a scratch starts empty and holds what is appended") {
  Scratch scratch;
  CHECK(scratch.ok());
  CHECK(scratch.empty());
  CHECK(scratch.view() == "");
  scratch += "ab";
  scratch += 'c';
  scratch += "";
  scratch += std::string_view("\0d", 2);
  CHECK(!scratch.empty());
  CHECK(scratch.view() == std::string_view("abc\0d", 5));
}

TEST_CASE("a scratch grows beyond its place, by little and by much") {
  for (const std::size_t step : {1u, 7u, 511u, 512u, 513u, 1024u, 5000u}) {
    CAPTURE(step);
    Scratch scratch;
    std::string expected;
    for (int i = 0; i < 20; ++i) {
      const std::string part(step, static_cast<char>('a' + i));
      scratch += part;
      expected += part;
      CHECK(scratch.view() == expected);
    }
    CHECK(scratch.ok());
  }
}

TEST_CASE("a scratch that memory cannot be had for keeps what it has, stops growing and says so") {
  constexpr std::size_t more_than_there_is = std::size_t{1} << 46;
  for (const std::size_t before : {std::size_t{3}, std::size_t{2000}}) {
    Scratch scratch;
    const std::string kept(before, 'x');
    scratch += kept;
    scratch += std::string_view(kept.data(), more_than_there_is);  // never read
    CHECK(!scratch.ok());
    CHECK(scratch.view() == kept);
    scratch += "y";
    CHECK(!scratch.ok());
    CHECK(scratch.view() == kept);
  }
}
