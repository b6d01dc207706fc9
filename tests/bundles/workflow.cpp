// SPDX-License-Identifier: MIT
#include <flowviz_metrics/bundles/workflow.hpp>

#include <doctest/doctest.h>

#include <string>
#include <string_view>

#include <flowviz_metrics/testing.hpp>

#include "page.hpp"
#include "refusal.hpp"

using flowviz::Registry;
using flowviz::Text;
using flowviz::bundles::BusinessRules;
using flowviz::bundles::Workflow;
using flowviz::testing::differences;

namespace {

enum class RunState { planned, running, completed, aborted };
constexpr std::string_view entity_text(RunState) { return "production_run"; }

enum class QcStatus { pending, pass, hold, fail };
constexpr std::string_view entity_text(QcStatus) { return "lot"; }
constexpr std::string_view label_text(QcStatus status) {
  constexpr std::string_view texts[] = {"PENDING", "PASS", "HOLD", "FAIL"};
  return texts[static_cast<int>(status)];
}

enum class Rule { input_lot_on_hold, not_enough_left };

}  // namespace

TEST_CASE("a transition is counted under the entity whose states they are") {
  Registry registry;
  const Workflow<RunState, QcStatus> workflow{registry};
  workflow.transition(RunState::planned, RunState::running);
  workflow.transition(RunState::planned, RunState::running);
  workflow.transition(QcStatus::pending, QcStatus::hold);
  CHECK(differences(registry, R"(
    workflow_transitions_total{entity="production_run",from="planned",to="running"} 2
    workflow_transitions_total{entity="lot",from="PENDING",to="HOLD"} 1
  )") == "");
}

TEST_CASE("a workflow of other entities is not taken for the same, however many states they have") {
  Registry registry;
  const Workflow<RunState> runs{registry};
  const Workflow<RunState> again{registry};
  again.transition(RunState::planned, RunState::running);
  CHECK(runs.transitions.with("production_run", "planned", "running").value() == 1);
  CHECK(says(refusal([&] { Workflow<QcStatus>{registry}; }), "'workflow_transitions_total' is registered already"));
}

TEST_CASE("a transition that is allowed is on the page before it happens") {
  Registry registry;
  const Workflow<RunState, QcStatus> workflow{registry};
  CHECK(samples_of(registry, "workflow_transitions_total") == "");
  const auto started = workflow.allow(RunState::planned, RunState::running);
  workflow.allow(RunState::running, RunState::completed);
  CHECK(differences(registry, R"(
    workflow_transitions_total{entity="production_run",from="planned",to="running"} 0
    workflow_transitions_total{entity="production_run",from="running",to="completed"} 0
  )") == "");
  started.inc();
  workflow.transition(RunState::planned, RunState::running);
  CHECK(started.value() == 2);
}

TEST_CASE("there are at most the squares of the entities' states, and some for what is no state") {
  Registry registry;
  const Workflow<RunState, QcStatus> workflow{registry};
  for (const auto& from : flowviz::enums::all<RunState>) {
    for (const auto& to : flowviz::enums::all<RunState>) workflow.transition(from.value, to.value);
  }
  for (const auto& from : flowviz::enums::all<QcStatus>) {
    for (const auto& to : flowviz::enums::all<QcStatus>) workflow.transition(from.value, to.value);
  }
  CHECK(series_of(registry, "workflow_transitions_total") == 4 * 4 + 4 * 4);
  CHECK(samples_of(registry, "workflow_transitions_total").find("_other") == std::string::npos);

  constexpr auto no_state = static_cast<RunState>(77);
  workflow.transition(no_state, RunState::running);
  workflow.transition(no_state, static_cast<RunState>(78));
  CHECK(workflow.transitions.with("production_run", "_other", "running").value() == 1);
  CHECK(workflow.transitions.with("production_run", "_other", "_other").value() == 1);
  CHECK(series_of(registry, "workflow_transitions_total") == 4 * 4 + 4 * 4 + 2);
}

TEST_CASE("a violation is counted under the rule that was broken") {
  Registry registry;
  const BusinessRules<Rule> rules{registry};
  rules.violated(Rule::not_enough_left);
  CHECK(differences(registry, R"(
    business_rule_violations_total{rule="input_lot_on_hold"} 0
    business_rule_violations_total{rule="not_enough_left"} 1
  )") == "");
}

TEST_CASE("rules can be names that are known at run time, as many as the cap says") {
  Registry registry;
  const BusinessRules<Text> rules{registry, {.rules = {.cap = 2, .pinned = {"cold_chain"}}}};
  for (const std::string rule : {"a", "b", "c", "cold_chain"}) rules.violated(rule);
  CHECK(differences(registry, R"(
    business_rule_violations_total{rule="cold_chain"} 1
    business_rule_violations_total{rule="a"} 1
    business_rule_violations_total{rule="_other"} 2
  )") == "");
}
