// SPDX-License-Identifier: MIT
#pragma once
/// \file
/// What was counted under `_other` by series that have ended: their overflow stays on the page, for it is a total.

#include <cstddef>

#include <flowviz_metrics/cells/std_platform.hpp>

FLOWVIZ_METRICS_BEGIN

/// The overflow of one metric's labels, as far as series have ended. Written by one thread at a time, read by all.
class EndedOverflow {
 public:
  static constexpr std::size_t max_labels = 16;  ///< of a metric

  /// A series that is in no table any more had `amount` under `_other` of a label.
  void add(std::size_t label, double amount) noexcept {
    auto& ended = labels_[label].ended;
    // Release, paired with the acquire in amount(): whoever sees it there does not find the series any more, and counts nothing
    // twice.
    ended.store(ended.load(std::memory_order_relaxed) + amount, std::memory_order_release);
  }
  /// What has ended until now; to be read before the series that there are.
  [[nodiscard]] double amount(std::size_t label) const noexcept {
    return labels_[label].ended.load(std::memory_order_acquire);
  }
  /// What a page shows that has found `amount` in all: no less than pages before. A series that is about to end is for a moment
  /// neither among the others nor among those that have ended.
  [[nodiscard]] double shown(std::size_t label, double amount) noexcept {
    auto& shown = labels_[label].shown;
    double before = shown.load(std::memory_order_relaxed);
    while (before < amount && !shown.compare_exchange_strong(before, amount, std::memory_order_relaxed)) {
    }
    return before < amount ? amount : before;
  }

 private:
  struct Label {
    cells::StdPlatform::atomic<double> ended{0}, shown{0};
  };
  Label labels_[max_labels];
};

FLOWVIZ_METRICS_END
