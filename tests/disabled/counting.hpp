// SPDX-License-Identifier: MIT
// What both files of the program do. The functions that are inline take types of the library, so that each file has its own.
#pragma once

#include <flowviz_metrics/flowviz_metrics.hpp>

#include <algorithm>
#include <cstdio>
#include <string>

inline int count(flowviz::Registry& registry) {
  const flowviz::Counter hits{registry, "hits_total", "Hits.", flowviz::OpenLabel{"page", 3}};
  const flowviz::Histogram times{registry, "times_seconds", "Times.", flowviz::Buckets{1}};
  const flowviz::Gauge level{registry, "level", "Level."};
  const flowviz::Counter mine{"mine_total", "In the default registry."};
  const flowviz::GaugeCallback asked{registry, "asked", "Asked.", [] { return 1; }};
  flowviz::expose_process_metrics(registry);
  for (int i = 0; i < 1000; ++i) hits.with("a").inc();
  times.observe(0.5);
  level.set(3);
  mine.inc();
  std::string page = flowviz::scrape(registry).body + flowviz::scrape().body;
  const auto samples = static_cast<int>(std::count(page.begin(), page.end(), '\n'));
  if (samples == 0) return 0;
  return page.find("hits_total{page=\"a\"} ") != std::string::npos ? samples : -1;
}
