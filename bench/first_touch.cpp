// SPDX-License-Identifier: MIT
// How long does a thread's first write to a block of cells take, for which it allocates?

#include <flowviz_metrics/flowviz_metrics.hpp>

#include <memory>
#include <string>
#include <vector>

#include "crowd.hpp"
#include "sampling.hpp"

namespace bench {

namespace {

// Counters enough for some forty blocks of 4 KiB.
constexpr std::uint32_t counters = 20'480;
constexpr std::size_t threads = 8;

// A registry that no thread has touched, and threads that are alive at once, so that none gets the blocks of another.
Round writes(bool again) {
  return [again](std::vector<double>& samples) {
    flowviz::Registry registry;
    flowviz::Counter counter{registry, "items_total", "Items.", flowviz::MaxSeries{counters + 1},
                             flowviz::OpenLabel{"item", counters}};
    std::vector<flowviz::CounterSeries> series;
    for (std::uint32_t i = 0; i < counters; ++i) series.push_back(counter.with("item-" + std::to_string(i)));
    std::vector<std::vector<double>> times(threads);
    std::vector<std::unique_ptr<Crowd>> alive;
    constexpr std::uint32_t step = 512;  // cells in a block
    for (std::vector<double>& mine : times) {
      mine.reserve(counters / step);
      alive.push_back(std::make_unique<Crowd>(1, [&] {
        const auto write = [&](std::size_t i) { series[i * step].inc(); };
        if (again) {
          for (std::size_t i = 0; i < counters / step; ++i) write(i);
        }
        time_each(mine, counters / step, write);
      }));
    }
    for (const std::vector<double>& mine : times) samples.insert(samples.end(), mine.begin(), mine.end());
  };
}

}  // namespace

Question first_touch() {
  return {"single writes of new threads, each to another block of cells",
          "ns",
          {{"the first write to each block", writes(false)}, {"the second write to each block", writes(true)}},
          {Claim::at_most(2, "the first write to each block", 20'000, Statistic::p999)},
          1000,
          true};
}

}  // namespace bench
