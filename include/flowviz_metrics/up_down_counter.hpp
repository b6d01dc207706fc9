// SPDX-License-Identifier: MIT
#pragma once
/// \file
/// Counts of what comes and goes: requests in progress, items in a queue. As cheap as a counter, and never shown
/// negative when it never was. What comes and goes while a scrape adds up may be shown too high, by as much as came and went
/// in those microseconds.

#include <cstdint>
#include <utility>

#include <flowviz_metrics/metric.hpp>
#include <flowviz_metrics/value.hpp>

FLOWVIZ_METRICS_BEGIN

template <class Series>
class CountedScope;
class UpDownSeries;
/// What `track()` of a series returns.
using UpDownScope = CountedScope<UpDownSeries>;

/// One series of an up-down counter: a small copyable handle. Default-constructed it counts nothing.
class UpDownSeries {
 public:
  UpDownSeries() noexcept = default;

  /// Counts `n` more. Cost and safety as CounterSeries::inc.
  void inc(Count n = 1) const noexcept {
    if (cells::refused(n)) return;
    place_.chunk->add(place_.at, n.value());
  }
  /// Counts `n` fewer, on whichever thread.
  void dec(Count n = 1) const noexcept {
    if (cells::refused(n)) return;
    place_.chunk->add_release(place_.at + 1, n.value());
  }

  /// Counts one more until the returned scope ends.
  [[nodiscard]] UpDownScope track() const noexcept;

  /// What it comes to now; see CounterSeries::value.
  [[nodiscard]] std::int64_t value() const noexcept {
    std::uint64_t total = 0;
    place_.chunk->read_up_downs(place_.at, {&total, 1});
    return static_cast<std::int64_t>(total);
  }

 private:
  template <class>
  friend class Held;
  template <class Handle>
  using ScopeOf = CountedScope<Handle>;

  template <class, LabelValue...>
  friend class Metric;
  UpDownSeries(const Family&, Place place) noexcept : place_(place) {}
  static std::uint32_t cells(const Family&) noexcept { return 2; }

  Place place_{&cells::nowhere, 0};
};

/// Counts one while it lives. Move-only; ends once.
template <class Series>
class [[nodiscard]] CountedScope {
 public:
  explicit CountedScope(Series series) noexcept : series_(std::move(series)) { series_.inc(); }
  CountedScope(CountedScope&& other) noexcept : series_(std::exchange(other.series_, Series())) {}
  CountedScope& operator=(CountedScope&& other) noexcept {
    if (this != &other) {
      series_.dec();
      series_ = std::exchange(other.series_, Series());
    }
    return *this;
  }
  ~CountedScope() { series_.dec(); }

 private:
  Series series_;
};

inline UpDownScope UpDownSeries::track() const noexcept { return UpDownScope(*this); }

/// A count of what comes and goes, exposed as a gauge.
///
///     flowviz::UpDownCounter busy{registry, "http_requests_inprogress", "Requests in progress."};
///     auto scope = busy.track();
template <LabelValue... L>  // what with() takes: enums, bool, flowviz::Text
class UpDownCounter : public Metric<UpDownSeries, L...> {
 public:
  UpDownCounter(Registry& registry, MetricName name, HelpText help,
                const typename LabelTraits<L>::Definition&... labels)
      : UpDownCounter(registry, name, help, MetricOptions(), labels...) {}
  UpDownCounter(Registry& registry, MetricName name, HelpText help, MetricOptions options,
                const typename LabelTraits<L>::Definition&... labels)
      : Metric<UpDownSeries, L...>(registry, {Kind::up_down, {}, options}, name, help, labels...) {}
  UpDownCounter(MetricName name, HelpText help, const typename LabelTraits<L>::Definition&... labels)
      : UpDownCounter(default_registry(), name, help, labels...) {}
  UpDownCounter(MetricName name, HelpText help, MetricOptions options,
                const typename LabelTraits<L>::Definition&... labels)
      : UpDownCounter(default_registry(), name, help, options, labels...) {}

  /// See UpDownSeries, for one without labels.
  void inc(Count n = 1) const noexcept { unlabelled().inc(n); }
  void dec(Count n = 1) const noexcept { unlabelled().dec(n); }
  [[nodiscard]] UpDownScope track() const noexcept { return unlabelled().track(); }
  [[nodiscard]] std::int64_t value() const noexcept { return unlabelled().value(); }

 private:
  [[nodiscard]] const UpDownSeries& unlabelled() const noexcept {
    static_assert(sizeof...(L) == 0, "this metric has labels: write with(...).track()");
    return this->only();
  }
};

template <class... D>
UpDownCounter(Registry&, MetricName, HelpText, const D&...) -> UpDownCounter<ValueType<D>...>;
template <class... D>
UpDownCounter(Registry&, MetricName, HelpText, MetricOptions, const D&...) -> UpDownCounter<ValueType<D>...>;
template <class... D>
UpDownCounter(MetricName, HelpText, const D&...) -> UpDownCounter<ValueType<D>...>;
template <class... D>
UpDownCounter(MetricName, HelpText, MetricOptions, const D&...) -> UpDownCounter<ValueType<D>...>;
template <>
class UpDownCounter<Misplaced> {
 public:
  template <class... Arguments>
  UpDownCounter(const Arguments&...) noexcept {  // NOLINT: never called
    misdefined<Arguments...>();
  }
};
UpDownCounter(...) -> UpDownCounter<Misplaced>;

FLOWVIZ_METRICS_END
