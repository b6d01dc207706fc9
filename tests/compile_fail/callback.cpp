// SPDX-License-Identifier: MIT
// A callback without labels returns its value.
#include <chrono>

#include <flowviz_metrics/callback.hpp>

void define(flowviz::Registry& registry) {
  const flowviz::GaugeCallback lots{registry, "stock_lots", "Lots in stock.", [] { return 3; }};
  const flowviz::GaugeCallback age{registry, "stock_age_seconds", "Age.", [] { return std::chrono::hours(1); }};

#ifdef MUST_NOT_COMPILE_nothing_returned
  // expect: a callback without labels returns its value, a number or a duration
  const flowviz::GaugeCallback wrong{registry, "level", "Level.", [] {}};
#endif

#ifdef MUST_NOT_COMPILE_labels_first
  // expect: the function of a callback stands before its labels
  const flowviz::GaugeCallback wrong{registry, "level", "Level.", flowviz::Label<bool>{"full"},
                                     [](const flowviz::Gauge<bool>& gauge) { gauge.with(true).set(1); }};
#endif

#ifdef MUST_NOT_COMPILE_text_returned
  // expect: a callback without labels returns its value, a number or a duration
  const flowviz::GaugeCallback wrong{registry, "level", "Level.", [] { return "full"; }};
#endif
}
