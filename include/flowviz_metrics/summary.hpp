// SPDX-License-Identifier: MIT
#pragma once
/// \file
/// Summaries: how many observations there were, and their sum. No quantiles: those of several instances cannot be added up.

#include <cstdint>

#include <flowviz_metrics/metric.hpp>
#include <flowviz_metrics/timer.hpp>
#include <flowviz_metrics/value.hpp>

FLOWVIZ_METRICS_BEGIN

/// What a summary's series holds.
struct SummaryValue {
  std::uint64_t count = 0;  ///< all observations
  double sum = 0;           ///< of the observed values

  bool operator==(const SummaryValue&) const = default;
};

/// What was observed between two readings.
[[nodiscard]] inline SummaryValue operator-(const SummaryValue& now, const SummaryValue& before) {
  return {now.count - before.count, now.sum - before.sum};
}

/// One series of a summary: a small copyable handle, worth keeping. Default-constructed it counts nothing.
class SummarySeries {
 public:
  SummarySeries() noexcept = default;

  /// Counts one observation: a number, or a duration in seconds. A histogram's without its buckets: see there what values below
  /// zero, NaN and infinities do.
  void observe(Amount amount) const noexcept {
    const double v = amount.value();
    if (metrics_enabled && !is_total(v)) [[unlikely]]
      return observe_other(place_, v);
    place_.chunk->observe(place_.at, place_.at + 1, v);
  }

  /// Observes the duration of a scope in seconds when the returned timer ends.
  [[nodiscard]] ScopedTimer<SummarySeries> time() const noexcept { return ScopedTimer<SummarySeries>(*this); }

  /// What was observed so far. For tests and decisions, not for hot paths.
  [[nodiscard]] SummaryValue value() const noexcept {
    SummaryValue value;
    place_.chunk->read_histogram(place_.at, {&value.count, 1}, value.sum);
    return value;
  }

 private:
  template <class>
  friend class Held;
  template <class Handle>
  using TimerOf = ScopedTimer<Handle>;

  template <class, LabelValue...>
  friend class Metric;
  SummarySeries(const Family&, Place place) noexcept : place_(place) {}
  static std::uint32_t cells(const Family&) noexcept { return 2; }

  FLOWVIZ_METRICS_NOINLINE static void observe_other(Place place, double v) noexcept {
    if (admit(*place.chunk, place.at + 1, v)) place.chunk->observe(place.at, place.at + 1, v);
  }

  Place place_{&cells::nowhere, 0};
};

/// How many observations there were, and their sum: what a mean and a rate are made of, for a sixth of the lines of a histogram.
///
///     flowviz::Summary batch{registry, "batch_size_bytes", "Size of a batch.", flowviz::Label<LotType>{"lot_type"}};
///     batch.with(LotType::raw).observe(1'024);   // batch_size_bytes_sum, batch_size_bytes_count
template <LabelValue... L>  // what with() takes: enums, bool, flowviz::Text
class Summary : public Metric<SummarySeries, L...> {
 public:
  Summary(Registry& registry, MetricName name, HelpText help, const typename LabelTraits<L>::Definition&... labels)
      : Summary(registry, name, help, MetricOptions(), labels...) {}
  Summary(Registry& registry, MetricName name, HelpText help, MetricOptions options,
          const typename LabelTraits<L>::Definition&... labels)
      : Metric<SummarySeries, L...>(registry, {Kind::summary, {}, options}, name, help, labels...) {}
  Summary(MetricName name, HelpText help, const typename LabelTraits<L>::Definition&... labels)
      : Summary(default_registry(), name, help, labels...) {}
  Summary(MetricName name, HelpText help, MetricOptions options, const typename LabelTraits<L>::Definition&... labels)
      : Summary(default_registry(), name, help, options, labels...) {}

  /// See SummarySeries, for one without labels.
  void observe(Amount amount) const noexcept { unlabelled().observe(amount); }
  [[nodiscard]] ScopedTimer<SummarySeries> time() const noexcept { return unlabelled().time(); }
  [[nodiscard]] SummaryValue value() const noexcept { return unlabelled().value(); }

 private:
  [[nodiscard]] const SummarySeries& unlabelled() const noexcept {
    static_assert(sizeof...(L) == 0, "this metric has labels: write with(...).observe()");
    return this->only();
  }
};

template <class... D>
Summary(Registry&, MetricName, HelpText, const D&...) -> Summary<ValueType<D>...>;
template <class... D>
Summary(Registry&, MetricName, HelpText, MetricOptions, const D&...) -> Summary<ValueType<D>...>;
template <class... D>
Summary(MetricName, HelpText, const D&...) -> Summary<ValueType<D>...>;
template <class... D>
Summary(MetricName, HelpText, MetricOptions, const D&...) -> Summary<ValueType<D>...>;
template <>
class Summary<Misplaced> {
 public:
  template <class... Arguments>
  Summary(const Arguments&...) noexcept {  // NOLINT: never called
    misdefined<Arguments...>();
  }
};
Summary(...) -> Summary<Misplaced>;

FLOWVIZ_METRICS_END
