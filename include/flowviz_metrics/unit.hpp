// SPDX-License-Identifier: MIT
#pragma once
/// \file
/// The unit that a metric's name ends in.

#include <array>
#include <string_view>

#include <flowviz_metrics/version.hpp>

FLOWVIZ_METRICS_BEGIN

/// The base unit at the end of a metric's name, its `_total` aside: "seconds" of `took_seconds` and `busy_seconds_total`; empty
/// if there is none.
[[nodiscard]] inline std::string_view unit_of(std::string_view name) noexcept {
  constexpr std::array<std::string_view, 16> units{"seconds", "bytes",   "ratio",  "celsius", "meters", "metres",
                                                   "volts",   "amperes", "joules", "grams",   "hertz",  "watts",
                                                   "newtons", "pascals", "moles",  "candelas"};
  if (name.ends_with("_total")) name.remove_suffix(std::string_view("_total").size());
  for (const std::string_view unit : units) {
    if (name.size() > unit.size() && name.ends_with(unit) && name[name.size() - unit.size() - 1] == '_') return unit;
  }
  return {};
}

FLOWVIZ_METRICS_END
