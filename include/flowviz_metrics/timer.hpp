// SPDX-License-Identifier: MIT
#pragma once
/// \file
/// Measuring how long something takes, on the monotonic clock.

#include <atomic>
#include <type_traits>
#include <utility>

#include <flowviz_metrics/durations.hpp>
#include <flowviz_metrics/version.hpp>

FLOWVIZ_METRICS_BEGIN
namespace cells {

/// What timers read in place of the clock, and whether they do: testing::FakeClock's.
FLOWVIZ_METRICS_SHARED inline constinit std::atomic<bool> time_is_fake{false};
FLOWVIZ_METRICS_SHARED inline constinit std::atomic<std::chrono::steady_clock::rep> fake_time{0};

}  // namespace cells

/// The time of stopwatches and timers: the monotonic clock's, unless a test has put its own in its place
/// (testing::FakeClock). One relaxed load more than the clock itself.
class TimerClock {
 public:
  using Clock = std::chrono::steady_clock;

  [[nodiscard]] static Clock::time_point now() noexcept {
    if (cells::time_is_fake.load(std::memory_order_relaxed)) [[unlikely]]
      return Clock::time_point(Clock::duration(cells::fake_time.load(std::memory_order_relaxed)));
    return Clock::now();
  }
};

/// Runs from its construction. For durations whose labels are known only at the end:
///
///     flowviz::Stopwatch watch;
///     const auto outcome = call();
///     latency.with(outcome).observe(watch.elapsed());
class Stopwatch {
 public:
  using Clock = TimerClock::Clock;

  [[nodiscard]] Clock::duration elapsed() const noexcept { return TimerClock::now() - start_; }

 private:
  Clock::time_point start_ = TimerClock::now();
};

/// A stopwatch that never looks at the clock.
struct NoStopwatch {
  [[nodiscard]] Stopwatch::Clock::duration elapsed() const noexcept { return {}; }
};
/// What times for a metric alone: nothing, if metrics are compiled out.
using TimerWatch = std::conditional_t<metrics_enabled, Stopwatch, NoStopwatch>;

/// Observes the duration of its scope in a series when it ends, unless it was discarded. Move-only.
template <class Series>
class [[nodiscard]] ScopedTimer {
 public:
  explicit ScopedTimer(Series series) noexcept : series_(std::move(series)) {}
  ScopedTimer(ScopedTimer&& other) noexcept
      : series_(std::move(other.series_)), watch_(other.watch_), observes_(std::exchange(other.observes_, false)) {}
  ScopedTimer& operator=(ScopedTimer&&) = delete;
  ~ScopedTimer() {
    if (observes_) series_.observe(watch_.elapsed());
  }

  /// Nothing is observed at the end.
  void discard() noexcept { observes_ = false; }

  /// The time so far; 0 if metrics are compiled out, so what a program wants to know itself it asks a Stopwatch.
  [[nodiscard]] Stopwatch::Clock::duration elapsed() const noexcept { return watch_.elapsed(); }

 private:
  Series series_;
  TimerWatch watch_;
  bool observes_ = true;
};

FLOWVIZ_METRICS_END
