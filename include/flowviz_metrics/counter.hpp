// SPDX-License-Identifier: MIT
#pragma once
/// \file
/// Counters: totals that only rise, of whole things (`Counter`) or of amounts and times (`DoubleCounter`).

#include <cstdint>

#include <flowviz_metrics/exemplar.hpp>
#include <flowviz_metrics/metric.hpp>
#include <flowviz_metrics/value.hpp>

FLOWVIZ_METRICS_BEGIN

/// One series of a counter: a small copyable handle, worth keeping. Default-constructed it counts nothing.
class CounterSeries {
 public:
  CounterSeries() noexcept = default;

  /// Adds `n` to the total.
  ///
  /// Thread-safe: a load, an addition and a store on this thread's own cell; an atomic addition when more threads are
  /// alive than there are columns. Never waits. Allocates at most once per thread and chunk of cells. Not to be called
  /// from a signal handler. The total wraps at 2^64.
  ///
  ///     requests.inc(3);
  void inc(Count n = 1) const noexcept {
    if (cells::refused(n)) return;
    place_.chunk->add(place_.at, n.value());
  }

  /// The same with an exemplar, which takes the place of the last one unless another thread is just doing so. Costs a copy of the
  /// texts and a look at the clock; allocates once per series, and when an exemplar is longer than those before it.
  ///
  ///     requests.inc(1, {{"trace_id", trace}});
  // A template, so that only files with exemplars compile how they are kept.
  template <class = void>
  void inc(Count n, const Exemplar& exemplar) const noexcept {
    if (cells::refused(n)) return;
    place_.chunk->add(place_.at, n.value());
    exemplar.keep(*place_.chunk, place_.at, static_cast<double>(n.value()));
  }

  /// Adds `n` to the total from a signal handler: async-signal-safe, some 4 ns. Keep the series, for `with` is not safe there.
  void inc_from_signal(Count n = 1) const noexcept {
    if (cells::refused(n)) return;
    place_.chunk->add_from_signal(place_.at, n.value());
  }

  /// The total now. Adds the cells of all threads up: for tests and decisions, not for hot paths.
  [[nodiscard]] std::uint64_t value() const noexcept { return place_.chunk->sum_counts(place_.at, 1); }

 private:
  template <class, LabelValue...>
  friend class Metric;
  CounterSeries(const Family&, Place place) noexcept : place_(place) {}
  static std::uint32_t cells(const Family&) noexcept { return 1; }

  Place place_{&cells::nowhere, 0};
};

/// One series of a counter of amounts. See CounterSeries.
class DoubleCounterSeries {
 public:
  DoubleCounterSeries() noexcept = default;

  /// Adds an amount, or a duration in seconds, to the total. Cost and safety as CounterSeries::inc.
  void inc(Amount amount = 1.0) const noexcept {
    const double v = amount.value();
    if (refused(v)) return;
    place_.chunk->add(place_.at, v);
  }

  /// The same with an exemplar; see CounterSeries::inc.
  template <class = void>
  void inc(Amount amount, const Exemplar& exemplar) const noexcept {
    const double v = amount.value();
    if (refused(v)) return;
    place_.chunk->add(place_.at, v);
    exemplar.keep(*place_.chunk, place_.at, v);
  }

  /// The same from a signal handler; see CounterSeries::inc_from_signal.
  void inc_from_signal(Amount amount = 1.0) const noexcept {
    const double v = amount.value();
    if (refused(v)) return;
    place_.chunk->add_from_signal(place_.at, v);
  }

  /// The total now; see CounterSeries::value.
  [[nodiscard]] double value() const noexcept {
    double total = 0;
    place_.chunk->read_doubles(place_.at, {&total, 1});
    return total;
  }

 private:
  template <class, LabelValue...>
  friend class Metric;
  DoubleCounterSeries(const Family&, Place place) noexcept : place_(place) {}
  static bool refused(double v) noexcept {
    if (is_total(v)) [[likely]]
      return false;
    (v < 0 ? cells::incidents.negative_values : cells::incidents.not_finite).add();
    return true;
  }
  static std::uint32_t cells(const Family&) noexcept { return 1; }

  Place place_{&cells::nowhere, 0};
};

/// What both counters share; not to be named.
template <class Series, class Step, Kind K, LabelValue... L>
class AnyCounter : public Metric<Series, L...> {
 public:
  AnyCounter(Registry& registry, CounterName name, HelpText help, const typename LabelTraits<L>::Definition&... labels)
      : AnyCounter(registry, name, help, MetricOptions(), labels...) {}
  AnyCounter(Registry& registry, CounterName name, HelpText help, MetricOptions options,
             const typename LabelTraits<L>::Definition&... labels)
      : Metric<Series, L...>(registry, {K, {}, options}, name, help, labels...) {}
  AnyCounter(CounterName name, HelpText help, const typename LabelTraits<L>::Definition&... labels)
      : AnyCounter(default_registry(), name, help, labels...) {}
  AnyCounter(CounterName name, HelpText help, MetricOptions options,
             const typename LabelTraits<L>::Definition&... labels)
      : AnyCounter(default_registry(), name, help, options, labels...) {}

  /// Adds to the total of a counter without labels; see CounterSeries::inc.
  void inc(Step n = 1) const noexcept {
    static_assert(sizeof...(L) == 0, "this metric has labels: write with(...).inc()");
    if constexpr (sizeof...(L) == 0) this->only().inc(n);
  }

  void inc(Step n, const Exemplar& exemplar) const noexcept {
    static_assert(sizeof...(L) == 0, "this metric has labels: write with(...).inc()");
    if constexpr (sizeof...(L) == 0) this->only().inc(n, exemplar);
  }

  /// Adds from a signal handler to the total of a counter without labels; see CounterSeries::inc_from_signal.
  void inc_from_signal(Step n = 1) const noexcept {
    static_assert(sizeof...(L) == 0, "this metric has labels: keep with(...) and write inc_from_signal() on that");
    if constexpr (sizeof...(L) == 0) this->only().inc_from_signal(n);
  }

  /// The total of a counter without labels; see CounterSeries::value.
  [[nodiscard]] auto value() const noexcept {
    static_assert(sizeof...(L) == 0, "this metric has labels: write with(...).value()");
    return this->only().value();
  }
};

/// A total of whole things that only rises.
///
///     flowviz::Counter lots{registry, "lots_registered_total", "Lots registered.",
///     flowviz::Label<LotType>{"lot_type"}}; lots.with(LotType::raw).inc();
template <LabelValue... L>  // what with() takes: enums, bool, flowviz::Text
class Counter : public AnyCounter<CounterSeries, Count, Kind::counter, L...> {
  using AnyCounter<CounterSeries, Count, Kind::counter, L...>::AnyCounter;
};

/// A total of amounts or times that only rises.
///
///     flowviz::DoubleCounter busy{registry, "worker_busy_seconds_total", "Time the worker was busy."};
///     busy.inc(5ms);
template <LabelValue... L>  // what with() takes: enums, bool, flowviz::Text
class DoubleCounter : public AnyCounter<DoubleCounterSeries, Amount, Kind::double_counter, L...> {
  using AnyCounter<DoubleCounterSeries, Amount, Kind::double_counter, L...>::AnyCounter;
};

template <class... D>
Counter(Registry&, CounterName, HelpText, const D&...) -> Counter<ValueType<D>...>;
template <class... D>
Counter(Registry&, CounterName, HelpText, MetricOptions, const D&...) -> Counter<ValueType<D>...>;
template <class... D>
Counter(CounterName, HelpText, const D&...) -> Counter<ValueType<D>...>;
template <class... D>
Counter(CounterName, HelpText, MetricOptions, const D&...) -> Counter<ValueType<D>...>;
template <>
class Counter<Misplaced> {
 public:
  template <class... Arguments>
  Counter(const Arguments&...) noexcept {  // NOLINT: never called
    misdefined<Arguments...>();
  }
};
Counter(...) -> Counter<Misplaced>;
template <class... D>
DoubleCounter(Registry&, CounterName, HelpText, const D&...) -> DoubleCounter<ValueType<D>...>;
template <class... D>
DoubleCounter(Registry&, CounterName, HelpText, MetricOptions, const D&...) -> DoubleCounter<ValueType<D>...>;
template <class... D>
DoubleCounter(CounterName, HelpText, const D&...) -> DoubleCounter<ValueType<D>...>;
template <class... D>
DoubleCounter(CounterName, HelpText, MetricOptions, const D&...) -> DoubleCounter<ValueType<D>...>;
template <>
class DoubleCounter<Misplaced> {
 public:
  template <class... Arguments>
  DoubleCounter(const Arguments&...) noexcept {  // NOLINT: never called
    misdefined<Arguments...>();
  }
};
DoubleCounter(...) -> DoubleCounter<Misplaced>;

FLOWVIZ_METRICS_END
