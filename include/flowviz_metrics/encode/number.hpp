// SPDX-License-Identifier: MIT
#pragma once
/// \file
/// Numbers as Prometheus prints them, whatever the locale of the process.

#include <charconv>
#include <cmath>
#include <cstddef>
#include <cstdint>

#include <flowviz_metrics/version.hpp>

FLOWVIZ_METRICS_BEGIN
namespace encode {

/// Room that any number needs at most.
inline constexpr std::size_t max_number = 32;

/// Writes all digits of `value` to `out`, which has room for `max_number` characters; returns the end.
inline char* write_number(char* out, std::uint64_t value) noexcept {
  return std::to_chars(out, out + max_number, value).ptr;
}
inline char* write_number(char* out, std::int64_t value) noexcept {
  return std::to_chars(out, out + max_number, value).ptr;
}

/// Writes `value` as Go's strconv.FormatFloat(value, 'g', -1, 64) does: the shortest text that reads back as the same
/// double, with an exponent below 1e-04 and from 1e+06 on (unless all digits are needed anyway). `+Inf`, `-Inf` and
/// `NaN` as the exposition formats spell them.
inline char* write_number(char* out, double value) noexcept {
  const auto copy = [&](const char* text) {
    while (*text != '\0') *out++ = *text++;
    return out;
  };
  if (std::isnan(value)) return copy("NaN");
  if (std::isinf(value)) return copy(value > 0 ? "+Inf" : "-Inf");
  return std::to_chars(out, out + max_number, value, std::chars_format::general).ptr;
}

}  // namespace encode
FLOWVIZ_METRICS_END
