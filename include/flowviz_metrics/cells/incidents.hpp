// SPDX-License-Identifier: MIT
#pragma once
/// \file
/// What goes wrong without failing: values refused, label texts repaired, memory that could not be had. Counted for the
/// whole process, for a series that refuses a value need not know its registry, and shown on every page.

#include <atomic>
#include <cstdint>

#include <flowviz_metrics/version.hpp>

FLOWVIZ_METRICS_BEGIN
namespace cells {

/// A count of rare events. Any thread may add.
class RareCount {
 public:
  void add() noexcept {
    if constexpr (metrics_enabled) value_.fetch_add(1, std::memory_order_relaxed);
  }
  [[nodiscard]] std::uint64_t value() const noexcept { return value_.load(std::memory_order_relaxed); }

 private:
  std::atomic<std::uint64_t> value_{0};
};

struct Incidents {
  RareCount negative_values;
  RareCount not_finite;
  RareCount values_not_pinned;
  RareCount exemplars_refused;
  RareCount texts_not_utf8;
  RareCount texts_too_long;
  RareCount allocation_failures;
  RareCount families_left_out;
  RareCount callbacks_threw;
  RareCount callbacks_late;
  RareCount callbacks_not_totals;
  RareCount callbacks_over_cap;
  RareCount callbacks_repeated;
};

FLOWVIZ_METRICS_SHARED inline constinit Incidents incidents;

}  // namespace cells
FLOWVIZ_METRICS_END
