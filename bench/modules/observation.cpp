// SPDX-License-Identifier: MIT
// Built with -U__SSE2__, and with its symbols hidden: it must neither lend its code to the rest of the program nor use the rest's.

#include <flowviz_metrics/flowviz_metrics.hpp>

#include <algorithm>

#include "modules.hpp"

#if defined(__SSE2__)
#error "this file stands for processors without SSE2"
#endif

namespace bench::modules {

namespace {

const flowviz::Histogram<>& histogram(std::span<const double> bounds) {
  static flowviz::Registry registry;
  static const flowviz::Histogram<> it{registry, "latency_seconds", "Latency.", flowviz::Buckets::checked(bounds)};
  return it;
}

}  // namespace

#define EXPORTED __attribute__((visibility("default")))

EXPORTED void observe_portably(std::span<const double> bounds, std::span<const double, 1024> values, std::size_t n) {
  const flowviz::Histogram<> latency = histogram(bounds);
  for (std::size_t i = 0; i < n; ++i) latency.observe(values[i % values.size()]);
}

EXPORTED void portable_counts(std::span<const double> bounds, std::span<std::uint64_t> counts) {
  const flowviz::HistogramValue value = histogram(bounds).value();
  std::copy_n(value.buckets.begin(), std::min(counts.size(), value.buckets.size()), counts.begin());
}

}  // namespace bench::modules
