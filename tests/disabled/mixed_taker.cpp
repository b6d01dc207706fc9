// SPDX-License-Identifier: MIT
// Takes a registry from another file.
#include <flowviz_metrics/flowviz_metrics.hpp>

void count_in(flowviz::Registry& registry) {
  const flowviz::Counter hits{registry, "hits_total", "Hits."};
  hits.inc();
}
