// SPDX-License-Identifier: MIT
// A production run that goes through its states, and a rule that keeps one from it.

#include <cstdio>
#include <string_view>

#include <flowviz_metrics/bundles/workflow.hpp>
#include <flowviz_metrics/scrape.hpp>

enum class RunState { planned, running, completed, aborted };
constexpr std::string_view entity_text(RunState) { return "production_run"; }

enum class Rule { run_is_over };

struct Metrics {
  flowviz::bundles::Workflow<RunState> workflow;
  flowviz::bundles::BusinessRules<Rule> rules;

  explicit Metrics(flowviz::Registry& registry) : workflow{registry}, rules{registry} {
    // What can happen is on the page at 0 before it does.
    workflow.allow(RunState::planned, RunState::running);
    workflow.allow(RunState::running, RunState::completed);
    workflow.allow(RunState::running, RunState::aborted);
  }
};

bool move_on(const Metrics& metrics, RunState& run, RunState to) {
  if (run == RunState::completed || run == RunState::aborted) {
    metrics.rules.violated(Rule::run_is_over);
    return false;
  }
  metrics.workflow.transition(run, to);
  run = to;
  return true;
}

int main() {
  flowviz::Registry registry;
  const Metrics metrics{registry};
  RunState run = RunState::planned;
  for (const RunState to : {RunState::running, RunState::completed, RunState::running}) move_on(metrics, run, to);
  std::fputs(flowviz::scrape(registry).body.c_str(), stdout);
}
