// SPDX-License-Identifier: MIT
// How long does a page take?

#include <flowviz_metrics/flowviz_metrics.hpp>

#include <prometheus/counter.h>
#include <prometheus/histogram.h>
#include <prometheus/registry.h>
#include <prometheus/text_serializer.h>

#include <charconv>
#include <cstring>
#include <memory>
#include <string>
#include <vector>

#include "bench.hpp"

namespace {

// The floor: copies the labels' text and prints the numbers, with nothing to look for and nothing to add up.
struct Floor {
  std::vector<std::string> labels;
  std::vector<std::uint64_t> values;
  std::string page;
  void run() {
    page.clear();
    char line[256];
    for (std::size_t i = 0; i < labels.size(); ++i) {
      std::memcpy(line, labels[i].data(), labels[i].size());
      char* end = std::to_chars(line + labels[i].size(), line + sizeof line, values[i]).ptr;
      *end++ = '\n';
      page.append(line, static_cast<std::size_t>(end - line));
    }
    bench::keep(page.size());
  }
};

std::string item(std::size_t i) { return "item-" + std::to_string(i); }

struct Theirs {
  prometheus::Registry registry;
  void run() const {
    const std::string page = prometheus::TextSerializer().Serialize(registry.Collect());
    bench::keep(page.size());
  }
};

struct Ours {
  flowviz::Registry registry;
  std::string page;  // used again, as by a server
  void run() {
    flowviz::scrape_into(page, registry);
    bench::keep(page.size());
  }
};

template <class T>
bench::Contestant pages(std::string name, std::shared_ptr<T> subject) {
  return {std::move(name), [subject](std::size_t n) {
            for (std::size_t i = 0; i < n; ++i) subject->run();
          }};
}

}  // namespace

namespace bench {

Question scrape_counters() {
  constexpr std::size_t series = 100'000;
  auto floor = std::make_shared<Floor>();
  auto ours = std::make_shared<Ours>();
  auto theirs = std::make_shared<Theirs>();
  flowviz::Counter counter{ours->registry, "items_total", "Items.", flowviz::MaxSeries{series + 1},
                           flowviz::OpenLabel{"item", static_cast<std::uint32_t>(series)}};
  auto& family = prometheus::BuildCounter().Name("items_total").Help("Items.").Register(theirs->registry);
  for (std::size_t i = 0; i < series; ++i) {
    counter.with(item(i)).inc(i * 7919 % 100'003);
    family.Add({{"item", item(i)}}).Increment(static_cast<double>(i * 7919 % 100'003));
    floor->labels.push_back("items_total{item=\"" + item(i) + "\"} ");
    floor->values.push_back(i * 7919 % 100'003);
  }
  return {
      "a page of 100,000 counters, one writer",
      "ms",
      1,
      {pages("floor: copy labels, print numbers", floor), pages("flowviz_metrics", ours),
       pages("prometheus-cpp", theirs)},
      {{"flowviz_metrics", "floor: copy labels, print numbers", 2}, {"flowviz_metrics", "prometheus-cpp", 1.0 / 80}}};
}

Question scrape_histograms() {
  constexpr std::size_t series = 10'000;
  const std::vector<double> bounds{.005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10};
  auto ours = std::make_shared<Ours>();
  auto theirs = std::make_shared<Theirs>();
  flowviz::Histogram histogram{ours->registry,
                               "latency_seconds",
                               "Latency.",
                               flowviz::Buckets::checked(bounds),
                               flowviz::MaxSeries{series + 1},
                               flowviz::OpenLabel{"item", static_cast<std::uint32_t>(series)}};
  auto& family = prometheus::BuildHistogram().Name("latency_seconds").Help("Latency.").Register(theirs->registry);
  for (std::size_t i = 0; i < series; ++i) {
    auto& other = family.Add({{"item", item(i)}}, bounds);
    for (std::size_t k = 0; k < 20; ++k) {
      const double value = bounds[(i + k) % bounds.size()] * 0.9;
      histogram.with(item(i)).observe(value);
      other.Observe(value);
    }
  }
  return {"a page of 10,000 histograms of 11 bounds, one writer",
          "ms",
          1,
          {pages("flowviz_metrics", ours), pages("prometheus-cpp", theirs)},
          {{"flowviz_metrics", "prometheus-cpp", 1.0 / 30}}};
}

}  // namespace bench
