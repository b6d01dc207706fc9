// SPDX-License-Identifier: MIT
#pragma once
/// \file
/// Measuring how long something takes, on the monotonic clock.

#include <chrono>
#include <utility>

#include <flowviz_metrics/version.hpp>

FLOWVIZ_METRICS_BEGIN

/// Runs from its construction. For durations whose labels are known only at the end:
///
///     flowviz::Stopwatch watch;
///     const auto outcome = call();
///     latency.with(outcome).observe(watch.elapsed());
class Stopwatch {
 public:
  using Clock = std::chrono::steady_clock;

  [[nodiscard]] Clock::duration elapsed() const noexcept { return Clock::now() - start_; }

 private:
  Clock::time_point start_ = Clock::now();
};

/// Observes the duration of its scope in a series when it ends, unless it was discarded. Move-only.
template <class Series>
class [[nodiscard]] ScopedTimer {
 public:
  explicit ScopedTimer(Series series) noexcept : series_(series) {}
  ScopedTimer(ScopedTimer&& other) noexcept
      : series_(other.series_), watch_(other.watch_), observes_(std::exchange(other.observes_, false)) {}
  ScopedTimer& operator=(ScopedTimer&&) = delete;
  ~ScopedTimer() {
    if (observes_) series_.observe(watch_.elapsed());
  }

  /// Nothing is observed at the end.
  void discard() noexcept { observes_ = false; }

  [[nodiscard]] Stopwatch::Clock::duration elapsed() const noexcept { return watch_.elapsed(); }

 private:
  Series series_;
  Stopwatch watch_;
  bool observes_ = true;
};

FLOWVIZ_METRICS_END
