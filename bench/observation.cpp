// SPDX-License-Identifier: MIT
// What does an observation of a histogram cost?

#include <flowviz_metrics/flowviz_metrics.hpp>

#include <prometheus/histogram.h>
#include <prometheus/registry.h>

#include <array>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <vector>

#include "modules/modules.hpp"
#include "sampling.hpp"

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

struct Ours {
  flowviz::Registry registry;
  flowviz::Histogram<> histogram{registry, "latency_seconds", "Latency.", flowviz::Buckets::checked(bounds)};
  void run(std::size_t n) const {
    for (std::size_t i = 0; i < n; ++i) histogram.observe(values[i % 1024]);
  }
};
struct Native {
  flowviz::Registry registry;
  flowviz::NativeHistogram<> histogram{registry, "latency_seconds", "Latency.", flowviz::NativeBuckets{}};
  void run(std::size_t n) const {
    for (std::size_t i = 0; i < n; ++i) histogram.observe(values[i % 1024]);
  }
};
struct Theirs {
  prometheus::Registry registry;
  prometheus::Histogram& histogram =
      prometheus::BuildHistogram().Name("latency_seconds").Help("Latency.").Register(registry).Add({}, bounds);
  void run(std::size_t n) const {
    for (std::size_t i = 0; i < n; ++i) histogram.Observe(values[i % 1024]);
  }
};

template <class Subject>
bench::Work work() {
  return [subject = std::make_shared<Subject>()](std::size_t n) { subject->run(n); };
}

void observe_portably(std::size_t n) { bench::modules::observe_portably(bounds, values, n); }

// A faster way to other buckets would be no way at all.
void compare_results() {
  const Ours ours;
  std::vector<std::uint64_t> before(bounds.size() + 1), after(bounds.size() + 1);
  bench::modules::portable_counts(bounds, before);
  ours.run(values.size());
  observe_portably(values.size());
  bench::modules::portable_counts(bounds, after);
  const flowviz::HistogramValue value = ours.histogram.value();
  for (std::size_t i = 0; i < after.size(); ++i) {
    if (after[i] - before[i] == value.buckets[i]) continue;
    std::fprintf(stderr, "bucket %zu differs between portable code and the other\n", i);
    std::exit(1);
  }
}

}  // namespace

namespace bench {

Question observation() {
  compare_results();
  constexpr std::size_t chunk = 20'000;
  return {"observation, 11 bounds",
          "ns",
          {{"flowviz_metrics", alone(chunk, work<Ours>())},
           {"flowviz_metrics, portable code", alone(chunk, observe_portably)},
           {"flowviz_metrics, native", alone(chunk, work<Native>())},
           {"prometheus-cpp", alone(chunk, work<Theirs>())}},
          {Claim::within(3, "flowviz_metrics, native", "flowviz_metrics", 2),
           Claim::faster(3, "flowviz_metrics", "prometheus-cpp", 6),
           Claim::faster(3, "flowviz_metrics, portable code", "prometheus-cpp", 4)}};
}

Question observation_on_two_threads() {
  constexpr std::size_t chunk = 500;
  return {"observation, 11 bounds, the same histogram on two threads",
          "ns",
          {{"flowviz_metrics", together(2, chunk, work<Ours>())},
           {"flowviz_metrics, portable code", together(2, chunk, observe_portably)},
           {"prometheus-cpp", together(2, chunk, work<Theirs>())}},
          {Claim::faster(3, "flowviz_metrics", "prometheus-cpp", 40)}};
}

}  // namespace bench
