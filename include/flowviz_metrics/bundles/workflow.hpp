// SPDX-License-Identifier: MIT
#pragma once
/// \file
/// The metrics of things that go through states, and of the rules that keep them from it.

#include <concepts>
#include <cstdint>

#include <flowviz_metrics/bundles/entity_enum.hpp>
#include <flowviz_metrics/bundles/label_values.hpp>
#include <flowviz_metrics/counter.hpp>

FLOWVIZ_METRICS_BEGIN
namespace bundles {

/// `workflow_transitions_total{entity,from,to}`.
///
/// Each `State` is the enum of one entity's states, with an `entity_text` beside it (see EntityEnum), so that states of two
/// entities cannot be mixed up and nothing has to name the entity. At most the square of its states for every entity, and
/// one more for values that are no enumerator; a transition is on the page from when it was allowed, or first counted.
///
/// Thread-safe. A transition costs three look-ups of texts, some 40 ns; to count with what `allow` returns, 1 ns.
///
///     flowviz::bundles::Workflow<RunState, QcStatus> workflow{registry};
///     workflow.allow(RunState::planned, RunState::running);   // at start: shown at 0
///     workflow.transition(RunState::planned, RunState::running);   // after commit
template <EntityEnum... State>
  requires(sizeof...(State) > 0)
struct Workflow {
  Counter<Text, Text, Text> transitions;

  explicit Workflow(Registry& registry)
      : transitions{registry,
                    "workflow_transitions_total",
                    "Transitions from one state to another.",
                    MaxSeries{(sizeof...(State) + 1) * (states + 1) * (states + 1)},
                    OpenLabel{"entity", sizeof...(State)}.pin(entity_names<State...>()),
                    OpenLabel{"from", states},
                    OpenLabel{"to", states}} {}

  /// A thing of this entity has gone from one state to another.
  template <class S>
    requires(std::same_as<S, State> || ...)
  void transition(S from, S to) const noexcept {
    series(from, to).inc();
  }

  /// A transition that can happen: it is on the page from now on. Worth keeping where it is counted often.
  template <class S>
    requires(std::same_as<S, State> || ...)
  CounterSeries allow(S from, S to) const noexcept {
    return series(from, to);
  }

 private:
  // Texts that two entities share are one value of the label: there are at most so many.
  static constexpr auto states = static_cast<std::uint32_t>((enums::count<State> + ...));

  template <class S>
  CounterSeries series(S from, S to) const noexcept {
    return transitions.with(entity_of<S>(), value_text(from), value_text(to));
  }
};

template <OwnLabel Rule>
struct BusinessRulesOptions {
  LabelValues<Rule> rules{};
};

/// `business_rule_violations_total{rule}`: what was asked for and refused because of a rule of the business.
///
/// One series for every rule, and `_other`. Thread-safe; an increment, some 1 ns, with a text about 6.
///
///     flowviz::bundles::BusinessRules<Rule> rules{registry};
///     rules.violated(Rule::input_lot_on_hold);
template <OwnLabel Rule>
struct BusinessRules {
  Counter<Rule> violations;

  /// Throws `Error` if the registry has the metric with other values.
  explicit BusinessRules(Registry& registry, const BusinessRulesOptions<Rule>& options = {})
      : violations{registry, "business_rule_violations_total", "Requests refused because of a business rule.",
                   own_label<Rule>("rule", options.rules)} {}

  void violated(typename LabelTraits<Rule>::Argument rule) const noexcept { violations.with(rule).inc(); }
};

}  // namespace bundles
FLOWVIZ_METRICS_END
