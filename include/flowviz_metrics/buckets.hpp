// SPDX-License-Identifier: MIT
#pragma once
/// \file
/// The upper bounds of a histogram's buckets.

#include <cstddef>
#include <limits>
#include <span>
#include <type_traits>
#include <utility>

#include <flowviz_metrics/bounds.hpp>

FLOWVIZ_METRICS_BEGIN

/// Upper bounds, inclusive and ascending; the bucket for everything above, `+Inf`, is implied. At most 256 bounds.
///
///     flowviz::Buckets{0.1, 0.25, 0.5, 1, 2.5, 5, 10}
class Buckets {
 public:
  /// Throws `Error` if the bounds do not ascend, or are not finite.
  template <class... Bound>
    requires(sizeof...(Bound) > 0 && (std::is_arithmetic_v<Bound> && ...))
  explicit(sizeof...(Bound) == 1) Buckets(Bound... bounds)
      : Buckets(Array<sizeof...(Bound)>{static_cast<double>(bounds)...}) {}

  // Bounds that are counted at run time have a name of their own: a reader sees where an Error can come from.
  template <class Range, class = decltype(std::declval<const Range&>().begin())>
  explicit Buckets(const Range& range) = delete;  // write flowviz::Buckets::checked(range)

  /// Bounds out of configuration; throws as above.
  [[nodiscard]] static Buckets checked(std::span<const double> bounds) { return Buckets(bounds.data(), bounds.size()); }

  /// `count` bounds: `start`, `start + width`, ... Of widths like 0.1 they are the decimal numbers that they look like: 0.3, where
  /// double arithmetic has 0.30000000000000004.
  [[nodiscard]] static Buckets linear(double start, double width, std::size_t count) {
    rules::number_of_bounds({}, count);
    double bounds[rules::max_bounds] = {start};
    for (std::size_t i = 1; i < count; ++i) {
      const double distance = width * static_cast<double>(i), sum = start + distance;
      // Each of the three is half a unit off in its last place, at most.
      const double error = 2 * epsilon * ((start < 0 ? -start : start) + (distance < 0 ? -distance : distance));
      bounds[i] = rules::decimal_near(sum, error);
    }
    return Buckets(bounds, count);
  }

  /// `count` bounds: `start`, `start * factor`, ..., decimal numbers as above.
  [[nodiscard]] static Buckets exponential(double start, double factor, std::size_t count) {
    rules::number_of_bounds({}, count);
    double bounds[rules::max_bounds] = {start};
    double product = start;
    for (std::size_t i = 1; i < count; ++i) {
      product *= factor;
      const double error = epsilon * static_cast<double>(i + 1) * (product < 0 ? -product : product);
      bounds[i] = rules::decimal_near(product, error);
    }
    return Buckets(bounds, count);
  }

  /// For latencies of requests in seconds, from 5 ms to 10 s; thresholds of common objectives are bounds.
  [[nodiscard]] static Buckets http() {
    constexpr double bounds[] = {.005, .01, .025, .05, .1, .2, .25, .5, 1, 2, 2.5, 5, 10};
    return Buckets(bounds);
  }

  /// For sizes in bytes, from 100 to ten million by decades.
  [[nodiscard]] static Buckets bytes() {
    constexpr double bounds[] = {1e2, 1e3, 1e4, 1e5, 1e6, 1e7};
    return Buckets(bounds);
  }

  [[nodiscard]] std::span<const double> bounds() const noexcept { return {bounds_.data(), bounds_.size()}; }

  bool operator==(const Buckets&) const = default;

 private:
  template <std::size_t N>
  using Array = const double[N];
  static constexpr double epsilon = std::numeric_limits<double>::epsilon();

  // One way to make them: each way to make a span, or to fill a vector, costs every including file the compiling of it.
  template <std::size_t N>
  explicit Buckets(Array<N>& bounds) : Buckets(bounds, N) {}
  Buckets(const double* bounds, std::size_t count) : bounds_(bounds, count) { rules::bounds({}, bounds_); }

  Bounds bounds_;
};

FLOWVIZ_METRICS_END
