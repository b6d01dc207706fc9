// SPDX-License-Identifier: MIT
// What do an observation and the setting of a gauge cost?

#include <flowviz_metrics/flowviz_metrics.hpp>

#include <prometheus/gauge.h>
#include <prometheus/histogram.h>
#include <prometheus/registry.h>

#include <array>
#include <atomic>
#include <memory>
#include <vector>

#include "bench.hpp"

namespace {

const std::vector<double> bounds{.005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10};

// Values that fall into all buckets, in no order that a branch predictor could learn.
std::array<double, 1024> make_values() {
  std::array<double, 1024> values{};
  std::uint64_t state = 42;
  for (double& value : values) {
    state = state * 6364136223846793005u + 1442695040888963407u;
    value = bounds[(state >> 33) % bounds.size()] * 1.1;
  }
  return values;
}
const std::array<double, 1024> values = make_values();

}  // namespace

namespace bench {

Question observation() {
  struct Ours {
    flowviz::Registry registry;
    flowviz::Histogram<> histogram{registry, "latency_seconds", "Latency.", flowviz::Buckets::checked(bounds)};
  };
  struct Theirs {
    prometheus::Registry registry;
    prometheus::Histogram& histogram =
        prometheus::BuildHistogram().Name("latency_seconds").Help("Latency.").Register(registry).Add({}, bounds);
  };
  auto ours = std::make_shared<Ours>();
  auto theirs = std::make_shared<Theirs>();
  return {"observation, 11 bounds",
          "ns",
          1'000'000,
          {{"flowviz_metrics",
            [ours](std::size_t n) {
              for (std::size_t i = 0; i < n; ++i) ours->histogram.observe(values[i % 1024]);
            }},
           {"prometheus-cpp",
            [theirs](std::size_t n) {
              for (std::size_t i = 0; i < n; ++i) theirs->histogram.Observe(values[i % 1024]);
            }}},
          {{"flowviz_metrics", "prometheus-cpp", 1.0 / 6}}};
}

Question gauge() {
  struct Ours {
    flowviz::Registry registry;
    std::array<flowviz::GaugeSeries, 32> series;
    Ours() {
      flowviz::Gauge gauge{registry, "level", "Level.",
                           flowviz::OpenLabel{"tank", 32}.others(flowviz::OtherGauge::last_set)};
      for (std::size_t i = 0; i < 32; ++i) series[i] = gauge.with(std::to_string(i));
    }
  };
  struct Theirs {
    prometheus::Registry registry;
    std::array<prometheus::Gauge*, 32> gauges;
    Theirs() {
      auto& family = prometheus::BuildGauge().Name("level").Help("Level.").Register(registry);
      for (std::size_t i = 0; i < 32; ++i) gauges[i] = &family.Add({{"tank", std::to_string(i)}});
    }
  };
  auto ours = std::make_shared<Ours>();
  auto theirs = std::make_shared<Theirs>();
  auto cells = std::make_shared<std::array<std::atomic<double>, 32>>();
  return {"setting a gauge, 32 in turn",
          "ns",
          4'000'000,
          {{"relaxed store",
            [cells](std::size_t n) {
              for (std::size_t i = 0; i < n; ++i)
                (*cells)[i % 32].store(static_cast<double>(i), std::memory_order_relaxed);
            }},
           {"flowviz_metrics",
            [ours](std::size_t n) {
              for (std::size_t i = 0; i < n; ++i) ours->series[i % 32].set(static_cast<double>(i));
            }},
           {"prometheus-cpp",
            [theirs](std::size_t n) {
              for (std::size_t i = 0; i < n; ++i) theirs->gauges[i % 32]->Set(static_cast<double>(i));
            }}},
          {{"flowviz_metrics", "relaxed store", 3}}};
}

}  // namespace bench
