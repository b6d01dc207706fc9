// SPDX-License-Identifier: MIT
#pragma once
/// \file
/// Metrics whose values are asked for when a page is made: the size of a pool, what another library counts.

#include <concepts>
#include <memory>
#include <type_traits>
#include <utility>

#include <flowviz_metrics/gauge.hpp>

FLOWVIZ_METRICS_BEGIN

/// What both callbacks share; not to be named. Owns the function, while the registry owns the metric.
class AnyCallback {
 public:
  AnyCallback(AnyCallback&&) noexcept = default;
  AnyCallback& operator=(AnyCallback&&) noexcept = default;

 protected:
  template <Kind K, auto Rule, class F, class... D>
  AnyCallback(std::integral_constant<Kind, K>, Registry& registry, Checked<Rule> name, HelpText help,
              MetricOptions options, F function, const D&... labels)
      : bound_(new Bound<F, ValueType<D>...>(registry, {K, {}, options}, name, help, std::move(function), labels...)) {}

 private:
  struct AnyBound {
    virtual ~AnyBound() = default;
  };

  // The function, and the gauge whose values it sets.
  template <class F, LabelValue... L>
  struct Bound final : AnyBound {
    static_assert(sizeof...(L) == 0 ? std::is_invocable_v<F&> : std::is_invocable_v<F&, const Gauge<L...>&>,
                  "a callback without labels returns its value; one with labels takes a const flowviz::Gauge<...>& and "
                  "sets its series");

    template <auto Rule>
    Bound(Registry& registry, Traits traits, Checked<Rule> name, HelpText help, F f,
          const typename LabelTraits<L>::Definition&... labels)
        : values(registry, traits, name, help, labels...), function(std::move(f)) {
      if (!values.family().callback().take([](void* bound) { static_cast<Bound*>(bound)->call(); }, this)) {
        rule_broken(name.text(), "this metric has a callback already");
      }
    }
    ~Bound() override { values.family().callback().end(); }

    void call() {
      if constexpr (sizeof...(L) == 0) {
        values.set(Amount(function()));
      } else {
        function(static_cast<const Gauge<L...>&>(values));
      }
    }

    struct Values : Gauge<L...> {
      template <class... A>
      explicit Values(A&&... arguments) : Gauge<L...>(std::forward<A>(arguments)...) {}
      using Metric<GaugeSeries, L...>::family;
    } values;
    F function;
  };

  std::unique_ptr<AnyBound> bound_;
};

/// A gauge that a function is asked for. Move-only; the metric is on the page as long as this lives.
///
/// Without labels the function returns the value, a number or a duration. With labels it takes the gauge and sets its
/// series, which can then come from one look at the state. It is called by each scrape, on its thread or, if the scrape has
/// a budget, on another one, and perhaps on several at once. If it throws, or takes longer than the budget, the metric is
/// left out of the page and that is counted; others are not affected. The destructor waits for a call that is running,
/// and must not run inside of it.
///
///     flowviz::GaugeCallback size{registry, "pool_connections", "Connections.", [&] { return pool.size(); }};
///     flowviz::GaugeCallback states{registry, "pool_connections_by_state", "Connections.",
///                                   [&](const flowviz::Gauge<State>& gauge) {
///                                     const auto [active, idle] = pool.look();
///                                     gauge.with(State::active).set(active);
///                                     gauge.with(State::idle).set(idle);
///                                   },
///                                   flowviz::Label<State>{"state"}};
class GaugeCallback : public AnyCallback {
  static constexpr std::integral_constant<Kind, Kind::gauge_callback> kind{};

 public:
  /// Throws `Error` as a Gauge does, and if the metric has a callback already.
  template <class F, class... D>
  GaugeCallback(Registry& registry, MetricName name, HelpText help, F function, const D&... labels)
      : AnyCallback(kind, registry, name, help, MetricOptions(), std::move(function), labels...) {}
  template <class F, class... D>
  GaugeCallback(Registry& registry, MetricName name, HelpText help, MetricOptions options, F function,
                const D&... labels)
      : AnyCallback(kind, registry, name, help, options, std::move(function), labels...) {}
  template <class F, class... D>
  GaugeCallback(MetricName name, HelpText help, F function, const D&... labels)
      : GaugeCallback(default_registry(), name, help, std::move(function), labels...) {}
};

/// A counter that a function is asked for, which somebody else counts: it has to rise, nobody checks. Otherwise as a
/// GaugeCallback.
class CounterCallback : public AnyCallback {
  static constexpr std::integral_constant<Kind, Kind::counter_callback> kind{};

 public:
  template <class F, class... D>
  CounterCallback(Registry& registry, CounterName name, HelpText help, F function, const D&... labels)
      : AnyCallback(kind, registry, name, help, MetricOptions(), std::move(function), labels...) {}
  template <class F, class... D>
  CounterCallback(Registry& registry, CounterName name, HelpText help, MetricOptions options, F function,
                  const D&... labels)
      : AnyCallback(kind, registry, name, help, options, std::move(function), labels...) {}
  template <class F, class... D>
  CounterCallback(CounterName name, HelpText help, F function, const D&... labels)
      : CounterCallback(default_registry(), name, help, std::move(function), labels...) {}
};

FLOWVIZ_METRICS_END
