// SPDX-License-Identifier: MIT
#pragma once
/// \file
/// The bounds of a histogram as observations look for theirs.

#include <cstdint>
#include <limits>
#include <vector>

#include <flowviz_metrics/version.hpp>

FLOWVIZ_METRICS_BEGIN

/// The bounds of a histogram, laid out for the search: padded with +Inf to an even number, so that two can be compared
/// at once.
struct Bounds {
  explicit Bounds(const std::vector<double>& bounds)
      : count(static_cast<std::uint32_t>(bounds.size())), padded(bounds) {
    if (count % 2 != 0) padded.push_back(std::numeric_limits<double>::infinity());
  }
  std::uint32_t count = 0;
  std::vector<double> padded;
};

FLOWVIZ_METRICS_END
