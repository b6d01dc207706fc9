// SPDX-License-Identifier: MIT
#pragma once
/// \file
/// The catalogue: every metric of the service but those of HTTP requests, which come with their bundle. What happened
/// is counted after it was committed, never before.

#include <flowviz_metrics/bundles/cache.hpp>
#include <flowviz_metrics/bundles/database.hpp>
#include <flowviz_metrics/bundles/errors.hpp>
#include <flowviz_metrics/bundles/notifications.hpp>
#include <flowviz_metrics/bundles/outbound.hpp>
#include <flowviz_metrics/bundles/rate_limit.hpp>
#include <flowviz_metrics/bundles/tasks.hpp>
#include <flowviz_metrics/bundles/validation.hpp>
#include <flowviz_metrics/bundles/workflow.hpp>
#include <flowviz_metrics/flowviz_metrics.hpp>
#include <utility>

#include "domain/lot.hpp"
#include "domain/production_run.hpp"
#include "domain/qc_decision.hpp"
#include "domain/refusal.hpp"
#include "domain/trace.hpp"
#include "http/limited_route.hpp"
#include "http/problem.hpp"
#include "test_alerts.hpp"

namespace wms {

/// What is done in the background.
enum class Task { sync_apply, webhook };

/// Whom the service talks to.
enum class OutboundTarget { qc_webhook };

/// How people are told.
enum class NotificationChannel { webhook, log };

struct Metrics {
  explicit Metrics(flowviz::Registry& to);

  flowviz::Registry& registry;

  flowviz::Counter<LotType> lots_registered{registry, "flowviz_lots_registered_total", "Lots registered.",
                                            flowviz::Label<LotType>{"lot_type"}};

  flowviz::Counter<Decision> qc_decisions{registry, "flowviz_qc_decisions_total", "Quality decisions recorded.",
                                          flowviz::Label<Decision>{"decision"}};

  flowviz::Histogram<Direction> traceability_duration{
      registry, "flowviz_traceability_query_duration_seconds", "Time that traceability queries took.",
      flowviz::Buckets{.005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10}, flowviz::Label<Direction>{"direction"}};

  flowviz::bundles::Cache trace_cache{registry};

  flowviz::Gauge<> active_operators{registry, "flowviz_active_operators",
                                    "Operators who sent a request within the last 15 minutes."};

  flowviz::Gauge<> production_runs_active{registry, "flowviz_production_runs_active",
                                          "Production runs that are running."};

  flowviz::Counter<RunOutcome> production_runs_completed{registry, "flowviz_production_runs_completed_total",
                                                         "Production runs that ended, by how they did.",
                                                         flowviz::Label<RunOutcome>{"outcome"}};

  flowviz::bundles::Workflow<RunState> workflow{registry};

  flowviz::Gauge<> pending_sync_lots{registry, "flowviz_pending_sync_lots",
                                     "Lots that were recorded offline and are not applied yet."};

  flowviz::bundles::Tasks<Task> tasks{registry};

  flowviz::bundles::Outbound<OutboundTarget> outbound{registry};

  flowviz::bundles::Notifications<NotificationChannel> notifications{registry};

  flowviz::Gauge<> gauges_refreshed{
      registry, "wms_gauges_refreshed_timestamp_seconds",
      "When the gauges that are read from the database were last up to date, in Unix time."};

  flowviz::bundles::Database database{registry};

  flowviz::bundles::BusinessRules<BusinessRule> business_rules{registry};

  flowviz::bundles::Validation<LotField, LotQueryField, QcDecisionField, TraceQueryField, ProductionRunField,
                               RunTransitionField, SyncBatchField, TestAlertField>
      validation{registry};

  flowviz::bundles::Errors<> errors{registry};

  flowviz::bundles::RateLimit<LimitedRoute> rate_limits{registry};

  /// What is asked for when a page is made, because time alone changes it. The gauge lives as long as what is returned.
  template <class Read>
  [[nodiscard]] flowviz::GaugeCallback test_alert(Read read) const {
    return flowviz::GaugeCallback(registry, "flowviz_test_alert",
                                  "1 while a test of the alerts' way is on, asked for by an admin.", std::move(read),
                                  flowviz::Label<AlertSeverity>{"severity"});
  }
  template <class Read>
  [[nodiscard]] flowviz::GaugeCallback business_hours(Read read) const {
    return flowviz::GaugeCallback(registry, "flowviz_business_hours",
                                  "1 within the hours of business, 0 outside of them.", std::move(read));
  }

  /// Counts a step that a production run has taken.
  void count(const RunTransition& moved) const;

  /// Counts what a client was told: by what went wrong, by each field that was refused, by the rule that was violated.
  void count(const Problem& problem) const;

  flowviz::Info build{registry,
                      "wms_build_info",
                      "The version of the service that is running.",
                      {{"version", FLOWVIZ_METRICS_VERSION}}};
};

inline Metrics::Metrics(flowviz::Registry& to) : registry(to) {
  flowviz::expose_process_metrics(registry);
  for (const auto& [from, from_text] : names(RunState{})) {
    for (const auto& [to_state, to_text] : names(RunState{})) {
      if (may_follow(from, to_state)) workflow.allow(from, to_state);
    }
  }
}

inline void Metrics::count(const RunTransition& moved) const {
  workflow.transition(moved.from, moved.run.state);
  if (moved.run.state == RunState::completed) production_runs_completed.with(RunOutcome::completed).inc();
  if (moved.run.state == RunState::aborted) production_runs_completed.with(RunOutcome::aborted).inc();
}

inline void Metrics::count(const Problem& problem) const {
  using flowviz::bundles::ErrorType;
  using flowviz::bundles::Severity;
  switch (problem.status) {
    case 401:
    case 403:
      errors.count(ErrorType::auth, Severity::warning);
      break;
    case 429:
      errors.count(ErrorType::auth, Severity::info);
      break;
    case 409:
      errors.count(ErrorType::conflict, Severity::info);
      break;
    case 503:
      errors.count(ErrorType::database, Severity::error);
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
