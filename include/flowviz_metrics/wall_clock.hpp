// SPDX-License-Identifier: MIT
#pragma once
/// \file
/// What time it is for those who read pages.

#include <cstdint>

#include <flowviz_metrics/durations.hpp>
#include <flowviz_metrics/version.hpp>

FLOWVIZ_METRICS_BEGIN

/// Milliseconds since 1970 (UTC).
[[nodiscard]] inline std::int64_t unix_milliseconds() noexcept {
  const auto since_1970 = std::chrono::system_clock::now().time_since_epoch();
  return std::chrono::duration_cast<std::chrono::milliseconds>(since_1970).count();
}

FLOWVIZ_METRICS_END
