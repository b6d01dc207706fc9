// SPDX-License-Identifier: MIT
#pragma once
/// \file
/// The catalogue: every metric of the service but those of HTTP requests, which come with their bundle. What happened
/// is counted after it was committed, never before.

#include <flowviz_metrics/flowviz_metrics.hpp>

#include "domain/lot.hpp"
#include "domain/qc_decision.hpp"
#include "domain/refusal.hpp"
#include "domain/trace.hpp"

namespace wms {

struct Metrics {
  explicit Metrics(flowviz::Registry& to) : registry(to) { flowviz::expose_process_metrics(registry); }

  flowviz::Registry& registry;

  flowviz::Counter<LotType> lots_registered{registry, "flowviz_lots_registered_total", "Lots registered.",
                                            flowviz::Label<LotType>{"lot_type"}};

  flowviz::Counter<Decision> qc_decisions{registry, "flowviz_qc_decisions_total", "Quality decisions recorded.",
                                          flowviz::Label<Decision>{"decision"}};

  flowviz::Histogram<Direction> traceability_duration{
      registry, "flowviz_traceability_query_duration_seconds", "Time that traceability queries took.",
      flowviz::Buckets{.005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10}, flowviz::Label<Direction>{"direction"}};

  flowviz::Gauge<> active_operators{registry, "flowviz_active_operators",
                                    "Operators who sent a request within the last 15 minutes."};

  flowviz::Gauge<> gauges_refreshed{
      registry, "wms_gauges_refreshed_timestamp_seconds",
      "When the gauges that are read from the database were last up to date, in Unix time."};

  flowviz::Counter<BusinessRule> business_rule_violations{registry, "business_rule_violations_total",
                                                          "Requests refused because of a business rule.",
                                                          flowviz::Label<BusinessRule>{"rule"}};

  flowviz::Info build{registry,
                      "wms_build_info",
                      "The version of the service that is running.",
                      {{"version", FLOWVIZ_METRICS_VERSION}}};
};

}  // namespace wms
