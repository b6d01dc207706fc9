// SPDX-License-Identifier: MIT
// A program outside of the library's repository. Its code is careless on purpose and its build makes every warning an
// error: it compiles only as long as none of the library's own warning flags reach it.

#include <cstdio>
#include <flowviz_metrics/flowviz_metrics.hpp>

void count_in_another_file(flowviz::Registry& registry);

int main() {
  int unused = 1;
  unsigned careless = -1;
  flowviz::Registry registry;
  flowviz::Counter runs{registry, "consumer_runs_total", "Runs of this program."};
  runs.inc();
  count_in_another_file(registry);
  std::fputs(flowviz::scrape(registry, "").body.c_str(), stdout);
}
