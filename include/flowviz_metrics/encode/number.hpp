// SPDX-License-Identifier: MIT
#pragma once
/// \file
/// Numbers as Prometheus prints them, whatever the locale of the process.

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

/// "00", "01", and so on.
inline constexpr auto digit_pairs = [] {
  struct {
    char text[200];
  } all{};
  for (int i = 0; i < 100; ++i) {
    all.text[2 * i] = static_cast<char>('0' + i / 10);
    all.text[2 * i + 1] = static_cast<char>('0' + i % 10);
  }
  return all;
}();

/// The digits of a number below 10^8 from the front, two at a time. Divided by a power of a hundred, with 57 bits behind the
/// point, it has the first ones before the point, and each multiplication of the rest by a hundred brings the next two there.
/// The quotient is too large by less than 10^8 / 2^57, which no digit notices.
class Digits {
 public:
  Digits(char* out, std::uint64_t value, std::uint64_t divisor) noexcept
      : out_(out), fixed_(value * (divisor == 1 ? one : one / divisor + 1)) {}

  /// Those before the point, one or two.
  FLOWVIZ_METRICS_INLINE Digits& first() noexcept {
    const std::uint64_t whole = fixed_ >> point, skipped = whole < 10 ? 1 : 0;
    std::memcpy(out_, digit_pairs.text + 2 * whole + skipped, 2);
    out_ += 2 - skipped;
    return *this;
  }
  /// The next two.
  FLOWVIZ_METRICS_INLINE Digits& pair() noexcept {
    fixed_ = (fixed_ & (one - 1)) * 100;
    std::memcpy(out_, digit_pairs.text + 2 * (fixed_ >> point), 2);
    out_ += 2;
    return *this;
  }
  [[nodiscard]] char* end() const noexcept { return out_; }

 private:
  static constexpr int point = 57;
  static constexpr std::uint64_t one = std::uint64_t{1} << point;

  char* out_;
  std::uint64_t fixed_;
};

char* write_number(char* out, std::uint64_t value) noexcept;

// Apart from the shorter ones, which need no stack.
FLOWVIZ_METRICS_NOINLINE inline char* write_long_number(char* out, std::uint64_t value) noexcept {
  constexpr std::uint64_t eight_digits = 100'000'000;
  out = write_number(out, value / eight_digits);
  return Digits(out, value % eight_digits, eight_digits).pair().pair().pair().pair().end();
}

/// Writes all digits of `value` to `out`, which has room for `max_number` characters; returns the end. Half the instructions of
/// std::to_chars for numbers of five digits, and most of what a page of counters costs.
inline char* write_number(char* out, std::uint64_t value) noexcept {
  if (value < 100) return Digits(out, value, 1).first().end();
  if (value < 10'000) return Digits(out, value, 100).first().pair().end();
  if (value < 1'000'000) return Digits(out, value, 10'000).first().pair().pair().end();
  if (value < 100'000'000) return Digits(out, value, 1'000'000).first().pair().pair().pair().end();
  return write_long_number(out, value);
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
