// SPDX-License-Identifier: MIT
#pragma once
/// \file
/// For unit tests of code that counts.

#include <utility>

#include <flowviz_metrics/version.hpp>

FLOWVIZ_METRICS_BEGIN
namespace testing {

/// How much a metric or a series has changed since the delta was made. Metrics live as long as the program, and other
/// tests count too, so a test asks for the change and not for the value:
///
///     flowviz::testing::Delta registered{metrics.lots.with(LotType::raw)};
///     register_lot(LotType::raw);
///     CHECK(registered.value() == 1);
template <class Series>
class Delta {
 public:
  explicit Delta(Series series) : series_(std::move(series)), before_(series_.value()) {}

  /// The change: an integer for counters, signed for up-down counters, a double for gauges, a HistogramValue for
  /// histograms.
  [[nodiscard]] auto value() const { return series_.value() - before_; }

  /// Measures from now on.
  void restart() { before_ = series_.value(); }

 private:
  Series series_;
  decltype(std::declval<const Series&>().value()) before_;
};

}  // namespace testing
FLOWVIZ_METRICS_END
