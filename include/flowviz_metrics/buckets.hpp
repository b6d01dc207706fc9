// SPDX-License-Identifier: MIT
#pragma once
/// \file
/// The upper bounds of a histogram's buckets.

#include <cmath>
#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include <flowviz_metrics/error.hpp>

FLOWVIZ_METRICS_BEGIN

/// Upper bounds, inclusive and ascending; the bucket for everything above, `+Inf`, is implied. At most 256 bounds.
///
///     flowviz::Buckets{0.1, 0.25, 0.5, 1, 2.5, 5, 10}
class Buckets {
 public:
  /// Throws `Error` if the bounds do not ascend, or are not finite.
  template <class... Bound>
    requires(sizeof...(Bound) > 0 && (std::is_arithmetic_v<Bound> && ...))
  explicit(sizeof...(Bound) == 1) Buckets(Bound... bounds) : bounds_{static_cast<double>(bounds)...} {
    check();
  }

  /// Bounds out of configuration; throws as above.
  [[nodiscard]] static Buckets checked(std::span<const double> bounds) {
    return Buckets(std::vector<double>(bounds.begin(), bounds.end()));
  }

  /// `count` bounds: `start`, `start + width`, ...
  [[nodiscard]] static Buckets linear(double start, double width, std::size_t count) {
    std::vector<double> bounds(count);
    for (std::size_t i = 0; i < count; ++i) bounds[i] = start + width * static_cast<double>(i);
    return Buckets(std::move(bounds));
  }

  /// `count` bounds: `start`, `start * factor`, ...
  [[nodiscard]] static Buckets exponential(double start, double factor, std::size_t count) {
    std::vector<double> bounds(count);
    for (std::size_t i = 0; i < count; ++i) {
      bounds[i] = start;
      start *= factor;
    }
    return Buckets(std::move(bounds));
  }

  /// For latencies of requests in seconds, from 5 ms to 10 s; thresholds of common objectives are bounds.
  [[nodiscard]] static Buckets http() { return Buckets{.005, .01, .025, .05, .1, .2, .25, .5, 1, 2, 2.5, 5, 10}; }

  /// For sizes in bytes, from 100 to ten million by decades.
  [[nodiscard]] static Buckets bytes() { return Buckets{1e2, 1e3, 1e4, 1e5, 1e6, 1e7}; }

  [[nodiscard]] std::span<const double> bounds() const noexcept { return bounds_; }

 private:
  static constexpr std::size_t max_bounds = 256;

  explicit Buckets(std::vector<double> bounds) : bounds_(std::move(bounds)) { check(); }

  void check() const {
    if (bounds_.empty()) rule_broken("buckets", "a histogram has at least one bound");
    if (bounds_.size() > max_bounds) rule_broken("buckets", "a histogram has at most 256 bounds");
    for (std::size_t i = 0; i < bounds_.size(); ++i) {
      if (!std::isfinite(bounds_[i])) rule_broken("buckets", "bounds are finite; the bucket +Inf is implied");
      if (i > 0 && !(bounds_[i - 1] < bounds_[i])) rule_broken("buckets", "bounds ascend strictly");
    }
  }

  std::vector<double> bounds_;
};

FLOWVIZ_METRICS_END
