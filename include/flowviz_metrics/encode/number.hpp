// SPDX-License-Identifier: MIT
#pragma once
/// \file
/// Numbers as Prometheus prints them, whatever the locale of the process.

#include <bit>
#include <charconv>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <limits>

#include <flowviz_metrics/version.hpp>

FLOWVIZ_METRICS_BEGIN
namespace encode {

/// Room that any number needs at most.
inline constexpr std::size_t max_number = 32;

/// How many digits `value` has. The logarithm of 2 to the base of 10 is about 1233 / 4096, which gives the number or one too few.
[[nodiscard]] inline std::size_t digits_of(std::uint64_t value) noexcept {
  static constexpr auto powers = [] {
    struct {
      std::uint64_t of_ten[20];
    } all{};
    all.of_ten[0] = 0;  // zero has a digit, too
    for (std::uint64_t i = 1, power = 10; i < 20; ++i, power *= 10) all.of_ten[i] = power;
    return all;
  }();
  const std::size_t guess = (static_cast<std::size_t>(std::bit_width(value | 1)) * 1233) >> 12;
  return guess + (value >= powers.of_ten[guess] ? 1 : 0);
}

/// Writes all digits of `value` to `out`, which has room for `max_number` characters; returns the end. Two digits at a time
/// from the end: half the instructions of std::to_chars for numbers of five digits, and most of what a page of counters
/// costs.
inline char* write_number(char* out, std::uint64_t value) noexcept {
  static constexpr auto pairs = [] {
    struct {
      char text[200];
    } all{};
    for (int i = 0; i < 100; ++i) {
      all.text[2 * i] = static_cast<char>('0' + i / 10);
      all.text[2 * i + 1] = static_cast<char>('0' + i % 10);
    }
    return all;
  }();
  const std::size_t digits = digits_of(value);
  char* to = out + digits;
  while (value >= 100) {
    to -= 2;
    std::memcpy(to, pairs.text + 2 * (value % 100), 2);
    value /= 100;
  }
  if (value >= 10) {
    std::memcpy(out, pairs.text + 2 * value, 2);
  } else {
    *out = static_cast<char>('0' + value);
  }
  return out + digits;
}
inline char* write_number(char* out, std::int64_t value) noexcept {
  if (value >= 0) return write_number(out, static_cast<std::uint64_t>(value));
  *out = '-';
  return write_number(out + 1, -static_cast<std::uint64_t>(value));
}

/// Writes `value` as Go's strconv.FormatFloat(value, 'g', -1, 64) does: the shortest text that reads back as the same
/// double, with an exponent below 1e-04 and from 1e+06 on (unless all digits are needed anyway). `+Inf`, `-Inf` and
/// `NaN` as the exposition formats spell them.
inline char* write_number(char* out, double value) noexcept {
  const auto copy = [&](const char* text) {
    while (*text != '\0') *out++ = *text++;
    return out;
  };
  if (value != value) return copy("NaN");
  if (value > std::numeric_limits<double>::max()) return copy("+Inf");
  if (value < std::numeric_limits<double>::lowest()) return copy("-Inf");
  return std::to_chars(out, out + max_number, value, std::chars_format::general).ptr;
}

/// A double as OpenMetrics spells it: one that is integral says that it is a double, `100.0`.
struct OpenDouble {
  double value;
};
inline char* write_number(char* out, OpenDouble number) noexcept {
  char* end = write_number(out, number.value);
  bool is_integer = true;
  for (const char* at = out; at != end; ++at) is_integer = is_integer && (*at == '-' || (*at >= '0' && *at <= '9'));
  if (is_integer) {
    *end++ = '.';
    *end++ = '0';
  }
  return end;
}

}  // namespace encode
FLOWVIZ_METRICS_END
