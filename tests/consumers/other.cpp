// SPDX-License-Identifier: MIT
// A second file that includes everything: the linker refuses what is not inline.

#include <flowviz_metrics/flowviz_metrics.hpp>

void count_in_another_file(flowviz::Registry& registry) {
  flowviz::Counter{registry, "consumer_runs_total", "Runs of this program."}.inc(2);
}
