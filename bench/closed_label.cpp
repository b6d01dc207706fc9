// SPDX-License-Identifier: MIT
// What does it cost to name a series by a closed label at each increment?

#include <flowviz_metrics/flowviz_metrics.hpp>

#include <array>
#include <memory>

#include "sampling.hpp"

namespace bench {

namespace {

enum class Colour { red, orange, yellow, green, blue, indigo, violet, black };

struct Closed {
  flowviz::Registry registry;
  flowviz::Counter<Colour> counter{registry, "paint_total", "Paint.", flowviz::Label<Colour>{"colour"}};
  std::array<flowviz::CounterSeries, 8> kept;
  Closed() {
    for (std::size_t i = 0; i < kept.size(); ++i) kept[i] = counter.with(static_cast<Colour>(i));
  }
};

}  // namespace

Question closed_label() {
  auto ours = std::make_shared<Closed>();
  return {"increment through a closed label, 8 values in turn",
          "ns",
          {{"kept handle", alone(100'000,
                                 [ours](std::size_t n) {
                                   for (std::size_t i = 0; i < n; ++i) ours->kept[i % 8].inc();
                                 })},
           {"with(enum).inc()", alone(100'000,
                                      [ours](std::size_t n) {
                                        for (std::size_t i = 0; i < n; ++i)
                                          ours->counter.with(static_cast<Colour>(i % 8)).inc();
                                      })}},
          {Claim::within(2, "with(enum).inc()", "kept handle", 1.5)}};
}

}  // namespace bench
