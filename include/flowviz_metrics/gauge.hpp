// SPDX-License-Identifier: MIT
#pragma once
/// \file
/// Gauges: a value that is set, and that reads whatever was set last.

#include <flowviz_metrics/metric.hpp>
#include <flowviz_metrics/value.hpp>

FLOWVIZ_METRICS_BEGIN

/// One series of a gauge: a small copyable handle. Default-constructed it shows nothing.
class GaugeSeries {
 public:
  GaugeSeries() noexcept = default;

  /// Shows `value` from now on. Thread-safe; one relaxed store to a cell that all threads share, so the last one wins.
  void set(Amount value) const noexcept { place_.chunk->set_one(place_.at, value.value()); }

  /// Adds to the value, atomically: a contended cache line. What goes up and down in pairs, on many threads, is better
  /// kept in an UpDownCounter.
  void add(Amount value) const noexcept { place_.chunk->add_one(place_.at, value.value()); }
  /// Subtracts; see add.
  void sub(Amount value) const noexcept { place_.chunk->add_one(place_.at, -value.value()); }

  /// The two by the names that they have in other clients of Prometheus.
  void inc(Amount by = 1) const noexcept { add(by); }
  void dec(Amount by = 1) const noexcept { sub(by); }

  /// What it shows; 0 if it was removed, and not set since then.
  [[nodiscard]] double value() const noexcept {
    const double value = place_.chunk->read_one(place_.at);
    return Chunk::is_unset(value) ? 0 : value;
  }

 private:
  template <class, LabelValue...>
  friend class Metric;
  GaugeSeries(const Family&, Place place) noexcept : place_(place) {}
  static std::uint32_t cells(const Family&) noexcept { return 1; }

  Place place_{&cells::nowhere, 0};
};

/// A value that is set.
///
/// An open label has to pin all its values, or to say what `_other` shows: `.others(flowviz::OtherGauge::last_set)`.
///
///     flowviz::Gauge operators{registry, "active_operators", "Operators seen in the last 15 minutes."};
///     operators.set(12);
template <LabelValue... L>  // what with() takes: enums, bool, flowviz::Text
class Gauge : public Metric<GaugeSeries, L...> {
 public:
  Gauge(Registry& registry, MetricName name, HelpText help, const typename LabelTraits<L>::Definition&... labels)
      : Gauge(registry, name, help, MetricOptions(), labels...) {}
  Gauge(Registry& registry, MetricName name, HelpText help, MetricOptions options,
        const typename LabelTraits<L>::Definition&... labels)
      : Metric<GaugeSeries, L...>(registry, {Kind::gauge, {}, options}, name, help, labels...) {}
  Gauge(MetricName name, HelpText help, const typename LabelTraits<L>::Definition&... labels)
      : Gauge(default_registry(), name, help, labels...) {}
  Gauge(MetricName name, HelpText help, MetricOptions options, const typename LabelTraits<L>::Definition&... labels)
      : Gauge(default_registry(), name, help, options, labels...) {}

 protected:
  /// For what sets its values when a page is made.
  template <auto Rule>
  Gauge(Registry& registry, Traits traits, Checked<Rule> name, HelpText help,
        const typename LabelTraits<L>::Definition&... labels)
      : Metric<GaugeSeries, L...>(registry, traits, name, help, labels...) {}

 public:
  /// See GaugeSeries, for a gauge without labels.
  void set(Amount value) const noexcept { unlabelled().set(value); }
  void add(Amount value) const noexcept { unlabelled().add(value); }
  void sub(Amount value) const noexcept { unlabelled().sub(value); }
  void inc(Amount by = 1) const noexcept { unlabelled().inc(by); }
  void dec(Amount by = 1) const noexcept { unlabelled().dec(by); }
  [[nodiscard]] double value() const noexcept { return unlabelled().value(); }

 private:
  [[nodiscard]] const GaugeSeries& unlabelled() const noexcept {
    static_assert(sizeof...(L) == 0, "this metric has labels: write with(...).set()");
    return this->only();
  }
};

template <class... D>
Gauge(Registry&, MetricName, HelpText, const D&...) -> Gauge<ValueType<D>...>;
template <class... D>
Gauge(Registry&, MetricName, HelpText, MetricOptions, const D&...) -> Gauge<ValueType<D>...>;
template <class... D>
Gauge(MetricName, HelpText, const D&...) -> Gauge<ValueType<D>...>;
template <class... D>
Gauge(MetricName, HelpText, MetricOptions, const D&...) -> Gauge<ValueType<D>...>;
template <>
class Gauge<Misplaced> {
 public:
  template <class... Arguments>
  Gauge(const Arguments&...) noexcept {  // NOLINT: never called
    misdefined<Arguments...>();
  }
};
Gauge(...) -> Gauge<Misplaced>;

FLOWVIZ_METRICS_END
