// SPDX-License-Identifier: MIT
#pragma once
/// \file
/// The unit that a metric's name ends in.

#include <array>
#include <string_view>

#include <flowviz_metrics/version.hpp>

FLOWVIZ_METRICS_BEGIN

/// The base unit at the end of a name, a counter's without its `_total`: "seconds" of `took_seconds`; empty if there is none.
[[nodiscard]] inline std::string_view unit_of(std::string_view name) noexcept {
  constexpr std::array<std::string_view, 16> units{"seconds", "bytes",   "ratio",  "celsius", "meters", "metres",
                                                   "volts",   "amperes", "joules", "grams",   "hertz",  "watts",
                                                   "newtons", "pascals", "moles",  "candelas"};
  for (const std::string_view unit : units) {
    if (name.size() > unit.size() && name.ends_with(unit) && name[name.size() - unit.size() - 1] == '_') return unit;
  }
  return {};
}

FLOWVIZ_METRICS_END
