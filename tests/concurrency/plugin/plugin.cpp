// SPDX-License-Identifier: MIT
// A shared object that counts: on the program's metrics, and on one that only it knows.

#include "metrics.hpp"

#include <thread>

namespace {

void count(flowviz::Registry& registry, std::size_t times) {
  const plugin::Metrics metrics(registry);
  const flowviz::Counter<plugin::Side> own{registry, "plugin_own_total", "What no one else has registered.",
                                           flowviz::Label<plugin::Side>{"side"}};
  for (std::size_t i = 0; i < times; ++i) {
    metrics.count();
    own.with(plugin::Side::right).inc();
  }
}

void count_on_own_thread(flowviz::Registry& registry, std::size_t times) {
  std::thread([&] { count(registry, times); }).join();
}

flowviz::Registry& default_registry() { return flowviz::default_registry(); }

}  // namespace

extern "C" __attribute__((visibility("default")))
const plugin::Functions plugin_functions{count, count_on_own_thread, default_registry};
