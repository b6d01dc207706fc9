// SPDX-License-Identifier: MIT
#define FLOWVIZ_METRICS_DISABLED
#include <flowviz_metrics/flowviz_metrics.hpp>

void count_in(flowviz::Registry& registry) {
  const flowviz::Counter hits{registry, "hits_total", "Hits."};
  hits.inc();
}
