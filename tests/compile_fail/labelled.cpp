// SPDX-License-Identifier: MIT
// A metric with labels is written through with(), and the message says so.
#include <flowviz_metrics/counter.hpp>
#include <flowviz_metrics/gauge.hpp>
#include <flowviz_metrics/histogram.hpp>
#include <flowviz_metrics/up_down_counter.hpp>

enum class LotType { raw, finished };

void count(const flowviz::Counter<LotType>& lots, const flowviz::DoubleCounter<LotType>& seconds,
           const flowviz::Gauge<LotType>& stock, const flowviz::Histogram<LotType>& wait,
           const flowviz::UpDownCounter<LotType>& busy, const flowviz::Counter<>& jobs) {
  lots.with(LotType::raw).inc();
  jobs.inc();

#ifdef MUST_NOT_COMPILE_counter
  // expect: this metric has labels: write with(...).inc()
  lots.inc();
#endif

#ifdef MUST_NOT_COMPILE_double_counter
  // expect: this metric has labels: write with(...).inc()
  seconds.inc(0.5);
#endif

#ifdef MUST_NOT_COMPILE_value
  // expect: this metric has labels: write with(...).value()
  static_cast<void>(lots.value());
#endif

#ifdef MUST_NOT_COMPILE_gauge
  // expect: this metric has labels: write with(...).set()
  stock.set(3);
#endif

#ifdef MUST_NOT_COMPILE_histogram
  // expect: this metric has labels: write with(...).observe()
  wait.observe(3);
#endif

#ifdef MUST_NOT_COMPILE_timer
  // expect: this metric has labels: write with(...)
  const auto timing = wait.time();
#endif

#ifdef MUST_NOT_COMPILE_up_down_counter
  // expect: this metric has labels: write with(...)
  busy.inc();
#endif

#ifdef MUST_NOT_COMPILE_scope
  // expect: this metric has labels: write with(...).track()
  const auto scope = busy.track();
#endif
  static_cast<void>(seconds), static_cast<void>(stock), static_cast<void>(wait), static_cast<void>(busy);
}
