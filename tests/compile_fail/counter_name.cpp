// SPDX-License-Identifier: MIT
// The name of a counter ends in _total; what is before it keeps the rules of every name.
#include <flowviz_metrics/counter.hpp>

void define(flowviz::Registry& registry) {
  flowviz::Counter requests{registry, "http_requests_total", "Requests."};
  flowviz::DoubleCounter busy{registry, "worker_busy_seconds_total", "Busy."};

#ifdef MUST_NOT_COMPILE_1
  // expect: a counter's name ends in _total
  flowviz::Counter wrong{registry, "http_requests", "Requests."};
#endif

#ifdef MUST_NOT_COMPILE_2
  // expect: a counter's name ends in _total
  flowviz::DoubleCounter wrong{registry, "worker_busy_seconds", "Busy."};
#endif

#ifdef MUST_NOT_COMPILE_3
  // expect: the endings _bucket, _count, _sum and _created belong to the exposition format
  flowviz::Counter wrong{registry, "http_requests_count_total", "Requests."};
#endif

#ifdef MUST_NOT_COMPILE_4
  // expect: only a counter's name ends in _total
  flowviz::Counter wrong{registry, "http_requests_total_total", "Requests."};
#endif
}
