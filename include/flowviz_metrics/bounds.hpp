// SPDX-License-Identifier: MIT
#pragma once
/// \file
/// The bounds of a histogram: their layout, which is that of observations, and the rules that they keep.

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <initializer_list>
#include <limits>
#include <string_view>
#include <utility>

#include <flowviz_metrics/error.hpp>
#include <flowviz_metrics/value.hpp>

FLOWVIZ_METRICS_BEGIN

/// Bounds, of which most metrics have none. In memory +Inf follows them until their number is a multiple of four, so that
/// observations can compare four at once.
class Bounds {
 public:
  constexpr Bounds() noexcept = default;
  Bounds(const double* bounds, std::size_t count)
      : padded_(count == 0 ? nullptr : new double[padded(count)]), count_(static_cast<std::uint32_t>(count)) {
    for (std::size_t i = 0; i < count; ++i) padded_[i] = bounds[i];
    for (std::size_t i = count; i < padded(count); ++i) padded_[i] = std::numeric_limits<double>::infinity();
  }
  Bounds(std::initializer_list<double> bounds) : Bounds(bounds.begin(), bounds.size()) {}
  Bounds(const Bounds& other) : Bounds(other.padded_, other.count_) {}
  Bounds(Bounds&& other) noexcept
      : padded_(std::exchange(other.padded_, nullptr)), count_(std::exchange(other.count_, 0)) {}
  Bounds& operator=(Bounds other) noexcept {
    std::swap(padded_, other.padded_);
    std::swap(count_, other.count_);
    return *this;
  }
  ~Bounds() { delete[] padded_; }

  [[nodiscard]] const double* data() const noexcept { return padded_; }
  [[nodiscard]] std::uint32_t size() const noexcept { return count_; }
  [[nodiscard]] bool empty() const noexcept { return count_ == 0; }
  [[nodiscard]] const double* begin() const noexcept { return padded_; }
  [[nodiscard]] const double* end() const noexcept { return padded_ + count_; }

  friend bool operator==(const Bounds& a, const Bounds& b) noexcept {
    bool same = a.count_ == b.count_;
    for (std::uint32_t i = 0; same && i < a.count_; ++i) same = a.padded_[i] == b.padded_[i];
    return same;
  }

 private:
  static constexpr std::size_t padded(std::size_t count) noexcept { return (count + 3) / 4 * 4; }

  double* padded_ = nullptr;
  std::uint32_t count_ = 0;
};

namespace rules {

inline constexpr std::size_t max_bounds = 256;

/// The shortest decimal number within `error` of a bound that was calculated, so that a page shows le="0.3" and not
/// le="0.30000000000000004"; the bound itself if there is none of at most 15 digits behind the point.
inline double decimal_near(double bound, double error) noexcept {
  constexpr double exact =
      9007199254740992;  // 2^53: whole numbers below are doubles, and divided by 10^15 are the nearest ones
  const double size = bound < 0 ? -bound : bound;
  for (double scale = 1; scale <= 1e15 && size * scale < exact; scale *= 10) {
    const double decimal = static_cast<double>(static_cast<std::int64_t>(size * scale + 0.5)) / scale;
    if (decimal - size <= error && size - decimal <= error) return bound < 0 ? -decimal : decimal;
  }
  return bound;
}

inline void number_of_bounds(std::string_view metric, std::size_t count) {
  if (count == 0) rule_broken(metric, "a histogram has at least one bound");
  if (count > max_bounds) rule_broken(metric, "a histogram has at most 256 bounds");
}

/// The bounds of the buckets of a histogram, whose name is empty as long as it is not known.
inline void bounds(std::string_view metric, const Bounds& bounds) {
  number_of_bounds(metric, bounds.size());
  for (std::uint32_t i = 0; i < bounds.size(); ++i) {
    if (!is_finite(bounds.data()[i])) rule_broken(metric, "the bounds of buckets are finite; +Inf is implied");
    if (i > 0 && !(bounds.data()[i - 1] < bounds.data()[i])) {
      char rule[128];
      std::snprintf(rule, sizeof rule, "the bounds of buckets ascend strictly, and number %u does not: %g after %g",
                    i + 1, bounds.data()[i], bounds.data()[i - 1]);
      rule_broken(metric, rule);
    }
  }
}

}  // namespace rules

FLOWVIZ_METRICS_END
