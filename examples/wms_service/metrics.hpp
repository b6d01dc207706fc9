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

  flowviz::bundles::RateLimitStore rate_limit_store{registry};

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
                      "flowviz_build_info",
                      "The version of the service that is running.",
                      {{"version", FLOWVIZ_METRICS_VERSION}}};
};

}  // namespace wms
