// SPDX-License-Identifier: MIT
// The least a program needs: declare metrics, count, print the page. How a server would serve it: examples/httplib.cpp.

#include <cstdio>

#include <flowviz_metrics/flowviz_metrics.hpp>

enum class LotType { raw, intermediate, finished };

int main() {
  flowviz::Registry registry;

  // A closed label: its values are the enumerators, and each of them is on the page at 0 from the start.
  const flowviz::Counter lots{registry, "flowviz_lots_registered_total", "Lots registered.",
                              flowviz::Label<LotType>{"lot_type"}};
  const flowviz::Gauge operators{registry, "flowviz_active_operators", "Operators seen in the last 15 minutes."};
  const flowviz::Histogram trace{registry, "flowviz_traceability_query_duration_seconds", "Traceability query latency.",
                                 flowviz::Buckets{0.1, 0.25, 0.5, 1, 2.5, 5, 10}};

  lots.with(LotType::raw).inc();
  lots.with(LotType::finished).inc(2);
  operators.set(12);
  {
    const auto timing = trace.time();  // observes when the scope ends
  }

  const flowviz::Scrape page = flowviz::scrape(registry);
  std::fputs(page.body.c_str(), stdout);
}
