// SPDX-License-Identifier: MIT
#pragma once
/// \file
/// The bounds of a histogram as a definition has them: the rules that they keep, and their layout for observations.

#include <cstddef>
#include <cstdint>
#include <limits>
#include <string>
#include <string_view>
#include <vector>

#include <flowviz_metrics/error.hpp>
#include <flowviz_metrics/value.hpp>

FLOWVIZ_METRICS_BEGIN

namespace rules {

inline constexpr std::size_t max_bounds = 256;

inline void number_of_bounds(std::string_view metric, std::size_t count) {
  if (count == 0) rule_broken(metric, "a histogram has at least one bound");
  if (count > max_bounds) rule_broken(metric, "a histogram has at most 256 bounds");
}

/// The bounds of the buckets of a histogram, whose name is empty as long as it is not known.
inline void bounds(std::string_view metric, const std::vector<double>& bounds) {
  number_of_bounds(metric, bounds.size());
  for (std::size_t i = 0; i < bounds.size(); ++i) {
    if (!is_finite(bounds[i])) rule_broken(metric, "the bounds of buckets are finite; +Inf is implied");
    if (i > 0 && !(bounds[i - 1] < bounds[i])) {
      const std::string rule =
          "the bounds of buckets ascend strictly, and number " + std::to_string(i + 1) + " does not";
      rule_broken(metric, rule.c_str());
    }
  }
}

}  // namespace rules

/// The bounds of a histogram, laid out for the search: padded with +Inf to an even number, so that two can be compared
/// at once.
struct Bounds {
  explicit Bounds(const std::vector<double>& bounds) : count(static_cast<std::uint32_t>(bounds.size())) {
    padded.assign(count + count % 2, std::numeric_limits<double>::infinity());
    for (std::uint32_t i = 0; i < count; ++i) padded[i] = bounds[i];
  }
  std::uint32_t count = 0;
  std::vector<double> padded;
};

FLOWVIZ_METRICS_END
