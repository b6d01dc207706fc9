// SPDX-License-Identifier: MIT
// What does an increment cost on a thread for which no slot of its own is left?

#include <flowviz_metrics/flowviz_metrics.hpp>

#include <array>
#include <atomic>
#include <memory>
#include <string>

#include "crowd.hpp"
#include "sampling.hpp"

namespace bench {

namespace {

constexpr std::size_t in_turn = 32;

struct AllSlotsTaken {
  flowviz::Registry registry;
  std::array<flowviz::CounterSeries, in_turn> series;
  std::unique_ptr<Crowd> crowd;
  AllSlotsTaken() {
    flowviz::Counter counter{registry, "turns_total", "Turns.", flowviz::OpenLabel{"turn", in_turn}};
    for (std::size_t i = 0; i < in_turn; ++i) series[i] = counter.with(std::to_string(i));
    crowd = std::make_unique<Crowd>(FLOWVIZ_METRICS_SLOTS, [this] { series[0].inc(); });
  }
};

}  // namespace

Question shared_slot() {
  auto ours = std::make_shared<AllSlotsTaken>();
  auto cells = std::make_shared<std::array<std::atomic<std::uint64_t>, in_turn>>();
  // `together` runs it on a new thread, which finds all slots taken. The main thread may have one, and would not do.
  return {"increment, kept handle, 32 in turn, without a slot of its own",
          "ns",
          {{"fetch_add", together(1, 20'000,
                                  [cells](std::size_t n) {
                                    for (std::size_t i = 0; i < n; ++i)
                                      (*cells)[i % in_turn].fetch_add(1, std::memory_order_relaxed);
                                  })},
           {"flowviz_metrics", together(1, 20'000,
                                        [ours](std::size_t n) {
                                          for (std::size_t i = 0; i < n; ++i) ours->series[i % in_turn].inc();
                                        })}},
          {Claim::within(1, "flowviz_metrics", "fetch_add", 1.5)}};
}

}  // namespace bench
