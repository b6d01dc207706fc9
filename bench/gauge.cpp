// SPDX-License-Identifier: MIT
// What do setting a gauge and counting up and down cost?

#include <flowviz_metrics/flowviz_metrics.hpp>

#include <prometheus/gauge.h>
#include <prometheus/registry.h>

#include <array>
#include <atomic>
#include <memory>
#include <string>

#include "sampling.hpp"

namespace bench {

namespace {

constexpr std::size_t in_turn = 32, chunk = 100'000;

struct Gauges {
  flowviz::Registry registry;
  std::array<flowviz::GaugeSeries, in_turn> series;
  Gauges() {
    flowviz::Gauge gauge{registry, "level", "Level.",
                         flowviz::OpenLabel{"tank", in_turn}.others(flowviz::OtherGauge::last_set)};
    for (std::size_t i = 0; i < in_turn; ++i) series[i] = gauge.with(std::to_string(i));
  }
};

struct Theirs {
  prometheus::Registry registry;
  std::array<prometheus::Gauge*, in_turn> gauges;
  Theirs() {
    auto& family = prometheus::BuildGauge().Name("level").Help("Level.").Register(registry);
    for (std::size_t i = 0; i < in_turn; ++i) gauges[i] = &family.Add({{"tank", std::to_string(i)}});
  }
};

struct UpsAndDowns {
  flowviz::Registry registry;
  std::array<flowviz::CounterSeries, in_turn> counters;
  std::array<flowviz::UpDownSeries, in_turn> up_downs;
  UpsAndDowns() {
    flowviz::Counter counter{registry, "turns_total", "Turns.", flowviz::OpenLabel{"turn", in_turn}};
    flowviz::UpDownCounter up_down{registry, "waiting", "Waiting.", flowviz::OpenLabel{"queue", in_turn}};
    for (std::size_t i = 0; i < in_turn; ++i) counters[i] = counter.with(std::to_string(i));
    for (std::size_t i = 0; i < in_turn; ++i) up_downs[i] = up_down.with(std::to_string(i));
  }
};

}  // namespace

Question gauge() {
  auto cells = std::make_shared<std::array<std::atomic<double>, in_turn>>();
  auto ours = std::make_shared<Gauges>();
  auto theirs = std::make_shared<Theirs>();
  const auto in_a_loop = [](auto set) {
    return alone(chunk, [set](std::size_t n) {
      for (std::size_t i = 0; i < n; ++i) set(i % in_turn, static_cast<double>(i));
    });
  };
  return {"setting a gauge, 32 in turn",
          "ns",
          {{"relaxed store",
            in_a_loop([cells](std::size_t i, double v) { (*cells)[i].store(v, std::memory_order_relaxed); })},
           {"flowviz_metrics", in_a_loop([ours](std::size_t i, double v) { ours->series[i].set(v); })},
           {"prometheus-cpp", in_a_loop([theirs](std::size_t i, double v) { theirs->gauges[i]->Set(v); })}},
          {Claim::within(4, "flowviz_metrics", "relaxed store", 3)}};
}

Question up_down_counter() {
  auto ours = std::make_shared<UpsAndDowns>();
  const auto in_a_loop = [](auto one) {
    return alone(chunk, [one](std::size_t n) {
      for (std::size_t i = 0; i < n; ++i) one(i);
    });
  };
  return {
      "counting up and down, 32 kept handles in turn",
      "ns",
      {{"Counter", in_a_loop([ours](std::size_t i) { ours->counters[i % in_turn].inc(); })},
       {"UpDownCounter, up", in_a_loop([ours](std::size_t i) { ours->up_downs[i % in_turn].inc(); })},
       {"UpDownCounter, down", in_a_loop([ours](std::size_t i) { ours->up_downs[i % in_turn].dec(); })}},
      {Claim::within(4, "UpDownCounter, up", "Counter", 1.3), Claim::within(4, "UpDownCounter, down", "Counter", 1.3)}};
}

}  // namespace bench
