// SPDX-License-Identifier: MIT
#include <flowviz_metrics/flowviz_metrics.hpp>

#include <array>
#include <string>

#include "modules.hpp"

namespace bench::modules {

namespace {

struct Kept {
  flowviz::Registry registry;
  std::array<flowviz::CounterSeries, 32> series;
  Kept() {
    flowviz::Counter counter{registry, "turns_total", "Turns.", flowviz::OpenLabel{"turn", 32}};
    for (std::size_t i = 0; i < series.size(); ++i) series[i] = counter.with(std::to_string(i));
  }
};
const Kept kept;

}  // namespace

void increment(std::size_t which) noexcept { kept.series[which % 32].inc(); }
void nothing(std::size_t) noexcept {}

}  // namespace bench::modules
