// SPDX-License-Identifier: MIT
#include <flowviz_metrics/encode/number.hpp>

#include <doctest/doctest.h>

#include <bit>
#include <charconv>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <limits>
#include <locale>
#include <random>
#include <string>
#include <string_view>

#include "support/from_chars.hpp"
#include "support/text_page.hpp"

using flowviz::encode::max_number;
using flowviz::encode::write_number;

namespace {

template <class Number>
std::string written(Number value) {
  char room[max_number + 1];
  room[max_number] = '#';
  char* end = write_number(room, value);
  CHECK(end - room <= static_cast<std::ptrdiff_t>(max_number));
  CHECK(room[max_number] == '#');
  return std::string(room, end);
}

double read(std::string_view text) {
  double value = 0;
  const auto result = support::from_chars(text.data(), text.data() + text.size(), value);
  CHECK(result.ptr == text.data() + text.size());
  return value;
}

std::size_t digits_in(std::string_view text) {
  std::size_t count = 0;
  bool leading = true;
  for (const char c : text.substr(0, text.find('e'))) {
    if (c < '0' || c > '9' || (leading && c == '0')) continue;
    leading = false;
    ++count;
  }
  // Zeroes at the end of a whole number only give its size.
  if (text.find_first_of(".e") == std::string_view::npos) {
    while (count > 1 && text.ends_with('0')) {
      text.remove_suffix(1);
      --count;
    }
  }
  return count;
}

/// Any double that is a number, its bits drawn.
double any_double(std::mt19937_64& random) {
  for (;;) {
    const double value = std::bit_cast<double>(static_cast<std::uint64_t>(random()));
    if (std::isfinite(value)) return value;
  }
}

}  // namespace

TEST_CASE("doubles are printed as Go's strconv prints them with 'g' and -1") {
  using limits = std::numeric_limits<double>;
  struct {
    double value;
    std::string_view text;
  } const table[] = {
      {0, "0"},
      {-0.0, "-0"},
      {1, "1"},
      {-1, "-1"},
      {0.1, "0.1"},
      {0.005, "0.005"},
      {2.5, "2.5"},
      {100, "100"},
      {123456, "123456"},
      {100'000, "100000"},
      {999'999, "999999"},
      {999'999.5, "999999.5"},
      {1e6, "1e+06"},
      {1'000'001, "1.000001e+06"},
      {1'234'567, "1.234567e+06"},
      {1e7, "1e+07"},
      {123456789, "1.23456789e+08"},
      {0.001, "0.001"},
      {0.0001, "0.0001"},
      {0.00012345, "0.00012345"},
      {0.00001, "1e-05"},
      {0.000099999, "9.9999e-05"},
      {0.1 + 0.2, "0.30000000000000004"},
      {1.0 / 3, "0.3333333333333333"},
      {9007199254740993.0, "9.007199254740992e+15"},
      {1e21, "1e+21"},
      {1e22, "1e+22"},
      {1e23, "1e+23"},
      {1e100, "1e+100"},
      {1.7e308, "1.7e+308"},
      {limits::max(), "1.7976931348623157e+308"},
      {limits::lowest(), "-1.7976931348623157e+308"},
      {limits::min(), "2.2250738585072014e-308"},
      {limits::denorm_min(), "5e-324"},
      {-limits::denorm_min(), "-5e-324"},
      {1700000000.123, "1.700000000123e+09"},
      {limits::infinity(), "+Inf"},
      {-limits::infinity(), "-Inf"},
      {limits::quiet_NaN(), "NaN"},
      {-limits::quiet_NaN(), "NaN"},
  };
  for (const auto& row : table) {
    CAPTURE(row.text);
    CHECK(written(row.value) == row.text);
  }
}

TEST_CASE("random doubles read back as themselves, in as few digits as do") {
  std::mt19937_64 random(20'240'601);
  for (int i = 0; i < 10'000; ++i) {
    const double value = any_double(random);
    const std::string text = written(value);
    CAPTURE(text);
    CHECK(std::bit_cast<std::uint64_t>(read(text)) == std::bit_cast<std::uint64_t>(value));
    if (const std::size_t digits = digits_in(text); digits > 1) {
      char shorter[64];
      std::snprintf(shorter, sizeof shorter, "%.*e", static_cast<int>(digits) - 2, value);
      CHECK(std::abs(read(shorter)) != std::abs(value));
    }
  }
}

TEST_CASE("random doubles look as a second implementation of Go's rules has them") {
  std::mt19937_64 random(7);
  std::uniform_int_distribution<int> exponent(-8, 12);
  for (int i = 0; i < 10'000; ++i) {
    const double anything = any_double(random);
    CHECK(written(anything) == support::go_number(anything));
    // Around the places where the exponent comes and goes, with few digits and with many.
    const double whole = static_cast<double>(random() % 2'000'000);
    const double scaled = whole * std::pow(10, exponent(random));
    CHECK(written(scaled) == support::go_number(scaled));
    CHECK(written(whole) == support::go_number(whole));
  }
}

TEST_CASE("integers are printed with all their digits") {
  CHECK(written(std::uint64_t{0}) == "0");
  CHECK(written(std::numeric_limits<std::uint64_t>::max()) == "18446744073709551615");
  CHECK(written(std::int64_t{0}) == "0");
  CHECK(written(std::int64_t{-1}) == "-1");
  CHECK(written(std::numeric_limits<std::int64_t>::max()) == "9223372036854775807");
  CHECK(written(std::numeric_limits<std::int64_t>::min()) == "-9223372036854775808");
  for (std::uint64_t n = 0; n < 20'000; ++n) CHECK(written(n) == std::to_string(n));
  for (std::uint64_t power = 10; power < 10'000'000'000'000'000'000u; power *= 10) {
    for (const std::uint64_t n : {power - 1, power, power + 1, power * 9}) {
      CHECK(written(n) == std::to_string(n));
      CHECK(written(-static_cast<std::int64_t>(n)) == std::to_string(-static_cast<std::int64_t>(n)));
    }
  }
  std::mt19937_64 random(3);
  for (int i = 0; i < 20'000; ++i) {
    const std::uint64_t n = random() >> (random() % 64);
    CHECK(written(n) == std::to_string(n));
    CHECK(written(static_cast<std::int64_t>(n)) == std::to_string(static_cast<std::int64_t>(n)));
  }
}

// Not with -fno-rtti: the facet would have no type for the standard library, whose casts look at it.
#if defined(__cpp_rtti)
TEST_CASE("the locale of the process changes nothing") {
  struct Comma : std::numpunct<char> {
    char do_decimal_point() const override { return ','; }
    char do_thousands_sep() const override { return '.'; }
    std::string do_grouping() const override { return "\3"; }
  };
  const std::locale before = std::locale::global(std::locale(std::locale::classic(), new Comma));
  CHECK(written(1234.5) == "1234.5");
  CHECK(written(std::uint64_t{1234567}) == "1234567");
  std::locale::global(before);
}
#endif
