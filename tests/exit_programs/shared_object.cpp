// SPDX-License-Identifier: MIT
// A program and a shared object that it is linked with, which was built with -fPIC and -fvisibility=hidden: one registry,
// one set of columns, and both count on the same cells. The program does not export its symbols by itself.

#include <cstdint>

#include "../concurrency/plugin/metrics.hpp"
#include "../concurrency/threads.hpp"
#include "check.hpp"

extern "C" const plugin::Functions plugin_functions;

int main() {
  exit_programs::expect("the shared object has the program's default registry",
                        &plugin_functions.default_registry() == &flowviz::default_registry());
  plugin_functions.count(flowviz::default_registry(), 1);  // the main thread's first increment is the object's
  exit_programs::expect_equal("leases", flowviz::cells::process_slots.leased(), 1u);

  flowviz::Registry registry;
  const plugin::Metrics metrics(registry);
  const std::size_t threads = 6, times = concurrency::scaled(50'000);
  concurrency::run_together(threads, [&](std::size_t i) {
    if (i % 3 == 0) plugin_functions.count(registry, times);
    if (i % 3 == 1) plugin_functions.count_on_own_thread(registry, times);
    if (i % 3 == 2) {
      for (std::size_t n = 0; n < times; ++n) metrics.count();
    }
  });
  exit_programs::expect_equal("increments", metrics.whole.value(), threads * times);
  const std::string page = flowviz::scrape(registry).body;
  exit_programs::expect_equal("sum", exit_programs::sum_of(page, "plugin_sizes_sum{"), threads * times);
  exit_programs::expect_equal("what only the object knows", exit_programs::sum_of(page, "plugin_own_total{"),
                              threads * times * 2 / 3);
  return exit_programs::status();
}
