// SPDX-License-Identifier: MIT
#pragma once
/// \file
/// Metrics whose values are asked for when a page is made: the size of a pool, what another library counts.

#include <concepts>
#include <type_traits>
#include <utility>

#include <flowviz_metrics/gauge.hpp>
#include <flowviz_metrics/owned.hpp>

FLOWVIZ_METRICS_BEGIN

/// What both callbacks are; not to be named. Owns the function, while the registry owns the metric.
template <Kind K, class Name>
class [[nodiscard]] AnyCallback {
 public:
  // g++ says that one is made for nothing if its constructors are marked, too, and then not if they are inherited.
  template <class F, class... D>
  [[nodiscard]] AnyCallback(Registry& registry, Name name, HelpText help, MetricOptions options, F function,
                            const D&... labels) {
    static_assert(
        !requires(const F& label) { value_type_of(label); }, "the function of a callback stands before its labels");
    using Function = Bound<F, ValueType<D>...>;
    static_assert(sizeof(Function) > 0);  // also where metrics are compiled out, the function has to fit
    if constexpr (metrics_enabled) {
      bound_ = Owned<AnyBound>(new Function(registry, {K, {}, options}, name, help, std::move(function), labels...));
    }
  }
  template <class F, class... D>
    requires(!std::convertible_to<F, MetricOptions>)
  [[nodiscard]] AnyCallback(Registry& registry, Name name, HelpText help, F function, const D&... labels)
      : AnyCallback(registry, name, help, MetricOptions(), std::move(function), labels...) {}
  template <class F, class... D>
  [[nodiscard]] AnyCallback(Name name, HelpText help, MetricOptions options, F function, const D&... labels)
      : AnyCallback(default_registry(), name, help, options, std::move(function), labels...) {}
  template <class F, class... D>
    requires(!std::convertible_to<F, MetricOptions>)
  [[nodiscard]] AnyCallback(Name name, HelpText help, F function, const D&... labels)
      : AnyCallback(default_registry(), name, help, MetricOptions(), std::move(function), labels...) {}

 private:
  struct AnyBound {
    virtual ~AnyBound() = default;
  };

  // The function, and the gauge whose series it sets if there are labels.
  template <class F, LabelValue... L>
  struct Bound final : AnyBound {
    static_assert(sizeof...(L) == 0 ? std::is_invocable_r_v<Amount, F&> : std::is_invocable_v<F&, const Gauge<L...>&>,
                  "a callback without labels returns its value, a number or a duration; one with labels takes a const "
                  "flowviz::Gauge<...>& and sets its series");

    Bound(Registry& registry, Traits traits, Name name, HelpText help, F f,
          const typename LabelTraits<L>::Definition&... labels)
        : values(registry, traits, name, help, labels...), function(std::move(f)) {
      if (!values.family().callback().take(
              [](void* bound, CallbackAnswer& answer) { static_cast<Bound*>(bound)->call(answer); }, this)) {
        rule_broken(name.text(), "this metric has a callback already");
      }
    }
    ~Bound() override { values.family().callback().end(); }

    void call(CallbackAnswer& answer) {
      if constexpr (sizeof...(L) == 0) {
        answer.value = Amount(function()).value();
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

  Owned<AnyBound> bound_;
};

/// A gauge that a function is asked for. Move-only; the metric is on the page as long as this lives.
///
/// Without labels the function returns the value, a number or a duration. With labels it takes the gauge and sets its
/// series, which can then come from one look at the state; where it is called for two pages at once, both have what was set
/// last, and a Collector is for whom that is not enough. It is called by each scrape, on its thread or, if the scrape has
/// a budget, on another one, and perhaps on several at once. If it throws, or takes longer than the budget, the metric is
/// left out of the page and that is counted; others are not affected. A page that the function makes itself is without it,
/// too. The destructor waits for a call that is running, and must not run inside of it.
///
///     flowviz::GaugeCallback size{registry, "pool_connections", "Connections.", [&] { return pool.size(); }};
///     flowviz::GaugeCallback states{registry, "pool_connections_by_state", "Connections.",
///                                   [&](const flowviz::Gauge<State>& gauge) {
///                                     const auto [active, idle] = pool.look();
///                                     gauge.with(State::active).set(active);
///                                     gauge.with(State::idle).set(idle);
///                                   },
///                                   flowviz::Label<State>{"state"}};
///
/// Making one throws `Error` as a Gauge does, and if the metric has a callback already.
using GaugeCallback = AnyCallback<Kind::gauge_callback, MetricName>;

/// A counter that a function is asked for, which somebody else counts: it has to rise. Nobody checks that, and readers take one that
/// goes back for one that has begun anew; but a value below zero, NaN or an infinity is left out of the page, and counted as a
/// callback that throws is. Otherwise as a GaugeCallback.
using CounterCallback = AnyCallback<Kind::counter_callback, CounterName>;

FLOWVIZ_METRICS_END
