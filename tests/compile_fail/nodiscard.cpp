// SPDX-License-Identifier: MIT
// What would have no effect without its result warns; here warnings of that kind are errors.
#include <flowviz_metrics/flowviz_metrics.hpp>

void count(const flowviz::Counter<bool>& lots, const flowviz::Histogram<bool>& wait, const flowviz::UpDownSeries& busy,
           const flowviz::Registry& registry) {
  const auto raw = lots.with(true);
  const auto timing = wait.with(true).time();
  const auto scope = busy.track();
  const auto page = flowviz::scrape(registry);
  raw.inc();

#ifdef MUST_NOT_COMPILE_with
  // expect: nodiscard
  lots.with(true);
#endif

#ifdef MUST_NOT_COMPILE_time
  // expect: nodiscard
  wait.with(true).time();
#endif

#ifdef MUST_NOT_COMPILE_track
  // expect: nodiscard
  busy.track();
#endif

#ifdef MUST_NOT_COMPILE_value
  // expect: nodiscard
  raw.value();
#endif

#ifdef MUST_NOT_COMPILE_scrape
  // expect: nodiscard
  flowviz::scrape(registry);
#endif

#ifdef MUST_NOT_COMPILE_pin
  // expect: nodiscard
  flowviz::OpenLabel{"page", 5}.pin({"/a"});
#endif

#ifdef MUST_NOT_COMPILE_callback
  // expect: nodiscard
  flowviz::GaugeCallback{"stock_lots", "Lots in stock.", [] { return 1; }};
#endif

#ifdef MUST_NOT_COMPILE_collector
  // expect: nodiscard
  flowviz::Collector{[](const flowviz::Samples<>& /*samples*/) {}, flowviz::CollectedGauge{"tank_level", "How full."}};
#endif

#ifdef MUST_NOT_COMPILE_checked
  // expect: nodiscard
  flowviz::CounterName::checked("a_total");
#endif
}
