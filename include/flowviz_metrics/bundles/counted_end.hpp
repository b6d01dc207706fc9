// SPDX-License-Identifier: MIT
#pragma once
/// \file
/// A scope that ends well or badly, and is counted by that.

#include <utility>

#include <flowviz_metrics/bundles/once.hpp>
#include <flowviz_metrics/counter.hpp>

FLOWVIZ_METRICS_BEGIN
namespace bundles {

/// Something that is going on. Ends once: by `finish`, by `fail`, or, when it is destroyed or another one takes its place
/// before, as by an exception, as failed. Moves; not thread-safe. `Outcome` is the label that it is counted by, so that a task is
/// no notification.
template <class Outcome>
class [[nodiscard]] CountedEnd {
 public:
  /// What it is counted in.
  CountedEnd(CounterSeries finished, CounterSeries failed) noexcept : finished_(finished), failed_(failed) {}
  CountedEnd(CountedEnd&&) noexcept = default;
  CountedEnd& operator=(CountedEnd&& other) noexcept {
    if (this != &other) {
      fail();
      finished_ = other.finished_;
      failed_ = other.failed_;
      once_ = std::move(other.once_);
    }
    return *this;
  }
  ~CountedEnd() { fail(); }

  /// It has ended well.
  void finish() noexcept {
    if (once_.take()) finished_.inc();
  }
  void fail() noexcept {
    if (once_.take()) failed_.inc();
  }

 private:
  CounterSeries finished_, failed_;
  Once once_;
};

}  // namespace bundles
FLOWVIZ_METRICS_END
