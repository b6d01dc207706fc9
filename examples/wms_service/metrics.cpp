// SPDX-License-Identifier: MIT
#include "metrics.hpp"

#include <string_view>

namespace wms {

Metrics::Metrics(flowviz::Registry& to) : registry(to) {
  flowviz::expose_process_metrics(registry);
  for (const auto& [from, from_text] : names(RunState{})) {
    for (const auto& [to_state, to_text] : names(RunState{})) {
      if (may_follow(from, to_state)) workflow.allow(from, to_state);
    }
  }
}

void Metrics::count(const RunTransition& moved) const {
  workflow.transition(moved.from, moved.run.state);
  if (moved.run.state == RunState::completed) production_runs_completed.with(RunOutcome::completed).inc();
  if (moved.run.state == RunState::aborted) production_runs_completed.with(RunOutcome::aborted).inc();
}

void Metrics::count(const Problem& problem) const {
  using flowviz::bundles::ErrorType;
  using flowviz::bundles::Severity;
  switch (problem.status) {
    case 401:
    case 403:
      errors.count(ErrorType::auth, Severity::warning);
      break;
    case 429:  // who may do what, and how often; which limit it was has a counter of its own
      errors.count(ErrorType::auth, Severity::info);
      break;
    case 409:
      errors.count(ErrorType::conflict, Severity::info);
      break;
    case 503:
      // What the database refuses has a type of its own; else it is a page or a body that was one too many.
      problem.type == "about:blank" ? errors.count(ErrorType::internal, Severity::warning)
                                    : errors.count(ErrorType::database, Severity::error);
      break;
    default:
      problem.status < 500 ? errors.count(ErrorType::validation, Severity::info)
                           : errors.count(ErrorType::internal, Severity::error);
  }
  if (problem.limited) rate_limits.refuse(*problem.limited);
  if (problem.rule) business_rules.violated(*problem.rule);
  if (!problem.entity) return;
  for (const FieldError& error : problem.errors) {
    const std::string_view field = outermost_field(error.field);
    switch (*problem.entity) {
      case Entity::lot:
        validation.failed<LotField>(field);
        break;
      case Entity::lot_query:
        validation.failed<LotQueryField>(field);
        break;
      case Entity::qc_decision:
        validation.failed<QcDecisionField>(field);
        break;
      case Entity::trace_query:
        validation.failed<TraceQueryField>(field);
        break;
      case Entity::production_run:
        validation.failed<ProductionRunField>(field);
        break;
      case Entity::run_transition:
        validation.failed<RunTransitionField>(field);
        break;
      case Entity::sync_batch:
        validation.failed<SyncBatchField>(field);
        break;
      case Entity::test_alert:
        validation.failed<TestAlertField>(field);
        break;
    }
  }
}

}  // namespace wms
