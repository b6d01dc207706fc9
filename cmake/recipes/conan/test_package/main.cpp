// SPDX-License-Identifier: MIT
#include <cstdio>
#include <flowviz_metrics/flowviz_metrics.hpp>
#include <thread>

int main() {
  flowviz::Registry registry;
  const flowviz::Counter runs{registry, "package_runs_total", "Runs of this program."};
  std::thread([&] { runs.inc(); }).join();
  std::fputs(flowviz::scrape(registry).body.c_str(), stdout);
  return runs.value() == 1 ? 0 : 1;
}
