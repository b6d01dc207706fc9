// SPDX-License-Identifier: MIT
#pragma once
/// \file
/// What the plug-in and its host agree on: the metrics, which each of them registers for itself, and the plug-in's
/// functions.

#include <flowviz_metrics/flowviz_metrics.hpp>

#include <cstddef>

namespace plugin {

enum class Side { left, right };

struct Metrics {
  explicit Metrics(flowviz::Registry& registry)
      : whole{registry, "plugin_total", "Increments."},
        sizes{registry,
              "plugin_sizes",
              "Sizes, all of them 1.",
              flowviz::Buckets{0.5, 1},
              flowviz::Label<Side>{"side"},
              flowviz::OpenLabel{"handler", 10}} {}

  void count() const {
    whole.inc();
    sizes.with(Side::left, "/both").observe(1);
  }

  flowviz::Counter<> whole;
  flowviz::Histogram<Side, flowviz::Text> sizes;
};

/// What the plug-in exports under the name "plugin_functions".
struct Functions {
  /// Registers the metrics and counts so often, on the calling thread.
  void (*count)(flowviz::Registry& registry, std::size_t times);
  /// Does so on a thread that the plug-in starts and ends.
  void (*count_on_own_thread)(flowviz::Registry& registry, std::size_t times);
  /// The registry that the plug-in takes for the default one.
  flowviz::Registry& (*default_registry)();
};

}  // namespace plugin
