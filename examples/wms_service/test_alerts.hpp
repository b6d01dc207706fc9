// SPDX-License-Identifier: MIT
#pragma once
/// \file
/// Alerts that somebody asks for, to see whether they arrive: the way from this service to whoever is called at night is
/// tested by walking it.

#include <array>
#include <atomic>
#include <chrono>
#include <cstddef>

#include "domain/names.hpp"

namespace wms {

/// The severities of alerts/: of which the receivers make a difference.
enum class AlertSeverity { critical, warning, info };
constexpr Names<AlertSeverity, 3> names(AlertSeverity) {
  return {{{AlertSeverity::critical, "critical"}, {AlertSeverity::warning, "warning"}, {AlertSeverity::info, "info"}}};
}

/// Thread-safe. Whether an alert is raised is a question of time alone: nobody has to end it.
class TestAlerts {
 public:
  using Time = std::chrono::steady_clock::time_point;

  explicit TestAlerts(std::chrono::seconds duration) : duration_(duration) {}

  /// From now on for the whole duration, also if it was raised already.
  void raise(AlertSeverity severity, Time now) { until_[index(severity)] = now + duration_; }
  bool is_raised(AlertSeverity severity, Time now) const { return now < until_[index(severity)].load(); }

  std::chrono::seconds duration() const { return duration_; }

 private:
  static constexpr std::size_t index(AlertSeverity severity) { return static_cast<std::size_t>(severity); }

  const std::chrono::seconds duration_;
  std::array<std::atomic<Time>, names(AlertSeverity{}).size()> until_{};
};

}  // namespace wms
