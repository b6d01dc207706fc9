// SPDX-License-Identifier: MIT
#pragma once
/// \file
/// What metrics take as values: parameters that convert from what callers have, and from nothing that they did not
/// mean.

#include <chrono>
#include <concepts>
#include <cstdint>

#include <flowviz_metrics/version.hpp>

FLOWVIZ_METRICS_BEGIN

/// How many: what `inc` takes. Any integer converts; a negative one has no effect and is counted in a metric of the
/// library's own. A floating-point value does not compile.
class Count {
 public:
  constexpr Count(std::integral auto n) noexcept  // NOLINT: meant to convert
      : value_(n < 0 ? 0 : static_cast<std::uint64_t>(n)), negative_(n < 0) {}
  Count(std::floating_point auto) = delete;

  [[nodiscard]] constexpr bool negative() const noexcept { return negative_; }
  [[nodiscard]] constexpr std::uint64_t value() const noexcept { return value_; }

 private:
  std::uint64_t value_;
  bool negative_;
};

/// An amount that can be a fraction: what counters of amounts, gauges and histograms take. A duration becomes seconds.
class Amount {
 public:
  constexpr Amount(double v) noexcept : value_(v) {}  // NOLINT: meant to convert
  template <class Rep, class Period>
  constexpr Amount(std::chrono::duration<Rep, Period> d) noexcept  // NOLINT: meant to convert
      : value_(std::chrono::duration<double>(d).count()) {}

  [[nodiscard]] constexpr double value() const noexcept { return value_; }

 private:
  double value_;
};

FLOWVIZ_METRICS_END
