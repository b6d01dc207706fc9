// SPDX-License-Identifier: MIT
#pragma once
/// \file
/// State sets: which of the states of an enum something is in.

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include <flowviz_metrics/metric.hpp>

FLOWVIZ_METRICS_BEGIN

/// The states that a StateSet has: the enumerators of `S`, whose texts are those of a `Label<S>`.
template <ClosedValue S>
struct States {};

/// One series of a state set: a small copyable handle. Default-constructed it shows nothing.
template <ClosedValue S>
class StateSeries {
 public:
  StateSeries() noexcept = default;

  /// In `state` from now on, and in no other: one relaxed store to a cell that all threads share, so that a page shows one
  /// state and the last one wins. What is no enumerator has no effect, and is counted as `not_pinned`.
  void set(S state) const noexcept {
    if constexpr (!metrics_enabled) return;
    const std::uint32_t number = enums::number(state);
    if (number == 0) return cells::incidents.values_not_pinned.add();
    place_.chunk->set_one(place_.at, number);
  }

  /// The state; none if it was never set, or removed and not set since then.
  [[nodiscard]] std::optional<S> value() const noexcept {
    const double number = place_.chunk->read_one(place_.at);
    if (!(number >= 1)) return std::nullopt;
    return enums::all<S>[static_cast<std::size_t>(number) - 1].value;
  }

 private:
  template <class, LabelValue...>
  friend class Metric;
  StateSeries(const Family&, Place place) noexcept : place_(place) {}
  static std::uint32_t cells(const Family&) noexcept { return 1; }

  Place place_{&cells::nowhere, 0};
};

/// A sample for each state, 1 for the one that it is in and 0 for all others; before the first `set` 0 for all of them. The
/// label that tells them apart is called as the metric is.
///
///     flowviz::StateSet line{registry, "line_state", "What the line is doing.", flowviz::States<LineState>()};
///     line.set(LineState::running);   // line_state{line_state="running"} 1, line_state{line_state="stopped"} 0
///
/// OpenMetrics has a type for it; for other formats it is a gauge. An open label has to pin its values, as a gauge's has.
template <ClosedValue S, LabelValue... L>
class StateSet : public Metric<StateSeries<S>, L...> {
 public:
  StateSet(Registry& registry, MetricName name, HelpText help, States<S> states,
           const typename LabelTraits<L>::Definition&... labels)
      : StateSet(registry, name, help, states, MetricOptions(), labels...) {}
  StateSet(Registry& registry, MetricName name, HelpText help, States<S> /*states*/, MetricOptions options,
           const typename LabelTraits<L>::Definition&... labels)
      : Metric<StateSeries<S>, L...>(registry, {Kind::state_set, {}, options, texts()}, name, help, labels...) {}
  StateSet(MetricName name, HelpText help, States<S> states, const typename LabelTraits<L>::Definition&... labels)
      : StateSet(default_registry(), name, help, states, labels...) {}
  StateSet(MetricName name, HelpText help, States<S> states, MetricOptions options,
           const typename LabelTraits<L>::Definition&... labels)
      : StateSet(default_registry(), name, help, states, options, labels...) {}

  /// See StateSeries, for one without labels.
  void set(S state) const noexcept { unlabelled().set(state); }
  [[nodiscard]] std::optional<S> value() const noexcept { return unlabelled().value(); }

 private:
  static std::span<const std::string_view> texts() {
    static const auto all = [] {
      std::array<std::string_view, enums::count<S>> made;
      for (std::size_t i = 0; i < made.size(); ++i) made[i] = enums::text(enums::all<S>[i]);
      return made;
    }();
    return all;
  }
  [[nodiscard]] const StateSeries<S>& unlabelled() const noexcept {
    static_assert(sizeof...(L) == 0, "this metric has labels: write with(...).set()");
    return this->only();
  }
};

template <class S, class... D>
StateSet(Registry&, MetricName, HelpText, States<S>, const D&...) -> StateSet<S, ValueType<D>...>;
template <class S, class... D>
StateSet(Registry&, MetricName, HelpText, States<S>, MetricOptions, const D&...) -> StateSet<S, ValueType<D>...>;
template <class S, class... D>
StateSet(MetricName, HelpText, States<S>, const D&...) -> StateSet<S, ValueType<D>...>;
template <class S, class... D>
StateSet(MetricName, HelpText, States<S>, MetricOptions, const D&...) -> StateSet<S, ValueType<D>...>;
template <>
class StateSet<Misplaced> {
 public:
  template <class... Arguments>
  StateSet(const Arguments&...) noexcept {  // NOLINT: never called
    misdefined<Arguments...>();
  }
};
StateSet(...) -> StateSet<Misplaced>;

FLOWVIZ_METRICS_END
