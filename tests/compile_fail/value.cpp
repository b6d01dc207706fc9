// SPDX-License-Identifier: MIT
// What is counted in whole things takes no fractions.
#include <chrono>

#include <flowviz_metrics/counter.hpp>
#include <flowviz_metrics/gauge.hpp>
#include <flowviz_metrics/up_down_counter.hpp>

void count(const flowviz::Counter<>& requests, const flowviz::DoubleCounter<>& busy, const flowviz::Gauge<>& lots,
           const flowviz::UpDownCounter<>& running) {
  using namespace std::chrono_literals;
  requests.inc(5);
  busy.inc(0.5);
  busy.inc(5ms);
  lots.set(0.5);
  running.inc(2);

#ifdef MUST_NOT_COMPILE_1
  // expect: deleted
  // expect: counts are whole: for amounts there are DoubleCounter and Gauge
  requests.inc(0.5);
#endif

#ifdef MUST_NOT_COMPILE_2
  // expect: deleted
  // expect: counts are whole: for amounts there are DoubleCounter and Gauge
  requests.inc(1.0f);
#endif

#ifdef MUST_NOT_COMPILE_3
  // expect: Count
  requests.inc(5ms);
#endif

#ifdef MUST_NOT_COMPILE_4
  // expect: deleted
  // expect: counts are whole: for amounts there are DoubleCounter and Gauge
  running.dec(0.5);
#endif
}
