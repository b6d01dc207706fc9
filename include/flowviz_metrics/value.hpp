// SPDX-License-Identifier: MIT
#pragma once
/// \file
/// What metrics take as values: parameters that convert from what callers have, and from nothing that they did not
/// mean.

#include <concepts>
#include <cstdint>
#include <limits>

#include <flowviz_metrics/cells/incidents.hpp>
#include <flowviz_metrics/durations.hpp>
#include <flowviz_metrics/version.hpp>

FLOWVIZ_METRICS_BEGIN

/// Whether `v` is neither NaN nor infinite; <cmath> takes 0.05 to 0.1 s to include.
[[nodiscard]] constexpr bool is_finite(double v) noexcept {
  return v >= std::numeric_limits<double>::lowest() && v <= std::numeric_limits<double>::max();
}

/// Whether `v` is what a total can grow by, or come to: finite and not below zero.
[[nodiscard]] constexpr bool is_total(double v) noexcept { return v >= 0 && v <= std::numeric_limits<double>::max(); }

/// How many: what `inc` takes. Any integer converts; a negative one has no effect and is counted in a metric of the
/// library's own. So is an unsigned one above 2^63, which is what a difference of 64 bits below zero wraps to; one of
/// fewer bits wraps to what looks like any count. A floating-point value does not compile.
class Count {
 public:
  constexpr Count(std::integral auto n) noexcept  // NOLINT: meant to convert
      : value_(static_cast<std::uint64_t>(n)) {}
  Count(std::floating_point auto) = delete;  // counts are whole: for amounts there are DoubleCounter and Gauge

  [[nodiscard]] constexpr bool negative() const noexcept { return static_cast<std::int64_t>(value_) < 0; }
  [[nodiscard]] constexpr std::uint64_t value() const noexcept { return value_; }

 private:
  std::uint64_t value_;
};

namespace cells {

/// Whether a count is none that can be added; one that is not is counted.
inline bool refused(Count n) noexcept {
  if (n.negative()) [[unlikely]]
    incidents.negative_values.add();
  return n.negative();
}

}  // namespace cells

/// An amount that can be a fraction: what counters of amounts, gauges and histograms take. A duration becomes seconds.
class Amount {
 public:
  constexpr Amount(double v) noexcept : value_(v) {}  // NOLINT: meant to convert
  /// Integers too, sizes above all, without a warning at every call. Above 2^53 they are rounded.
  constexpr Amount(std::integral auto v) noexcept : value_(static_cast<double>(v)) {}  // NOLINT: meant to convert
  template <class Rep, class Period>
  constexpr Amount(std::chrono::duration<Rep, Period> d) noexcept  // NOLINT: meant to convert
      : value_(std::chrono::duration<double>(d).count()) {}

  [[nodiscard]] constexpr double value() const noexcept { return value_; }

 private:
  double value_;
};

FLOWVIZ_METRICS_END
