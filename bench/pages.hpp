// SPDX-License-Identifier: MIT
#pragma once
/// \file
/// Registries full of series, ours and prometheus-cpp's, and the floor: a page that only has to be copied and printed.

#include <flowviz_metrics/flowviz_metrics.hpp>

#include <prometheus/counter.h>
#include <prometheus/histogram.h>
#include <prometheus/registry.h>
#include <prometheus/text_serializer.h>

#include <array>
#include <charconv>
#include <cstring>
#include <string>
#include <vector>

#include "bench.hpp"
#include "crowd.hpp"

namespace bench {

inline std::string item(std::size_t i) { return "item-" + std::to_string(i); }

inline constexpr std::array bounds{.005, .01, .025, .05, .1, .25, .5, 1., 2.5, 5., 10.};

/// What series number `i` has counted, and its `k`-th observation of twenty.
constexpr std::uint64_t count_of(std::size_t i) { return i * 7919 % 100'003; }
constexpr double observed(std::size_t i, std::size_t k) { return bounds[(i + k) % bounds.size()] * 0.9; }
inline constexpr std::size_t observations = 20;

/// The floor: the text of each line is there, side by side, and so are the numbers; nothing is looked for or added up.
class Floor {
 public:
  void add(const std::string& text, std::uint64_t value) { add(text, value, false); }
  void add_double(const std::string& text, double value) {
    std::uint64_t bits;
    std::memcpy(&bits, &value, sizeof bits);
    add(text, bits, true);
  }
  void scrape() {
    page_.resize(texts_.size() + lines_.size() * 32);  // grows once
    char* to = page_.data();
    const char* from = texts_.data();
    for (const Line& line : lines_) {
      std::memcpy(to, from, line.size);
      from += line.size;
      to = print(to + line.size, line);
      *to++ = '\n';
    }
    keep(to);
  }

 private:
  struct Line {
    std::uint32_t size;
    bool is_double;
    std::uint64_t bits;
  };
  void add(const std::string& text, std::uint64_t bits, bool is_double) {
    texts_ += text;
    lines_.push_back({static_cast<std::uint32_t>(text.size()), is_double, bits});
  }
  static char* print(char* to, const Line& line) {
    if (!line.is_double) return std::to_chars(to, to + 32, line.bits).ptr;
    double value;
    std::memcpy(&value, &line.bits, sizeof value);
    return std::to_chars(to, to + 32, value).ptr;
  }

  std::string texts_, page_;
  std::vector<Line> lines_;
};

/// The page of a registry in memory that is used again, as by a server.
struct OurPage {
  flowviz::Registry registry;
  std::string page;
  void scrape() {
    flowviz::scrape_into(page, registry);
    keep(page.size());
  }
};

/// `writers` threads, this one among them, have written to all of `size` counters.
struct OurCounters : OurPage {
  std::vector<flowviz::CounterSeries> series;
  explicit OurCounters(std::size_t size, std::size_t writers = 1) {
    const auto most = static_cast<std::uint32_t>(size);
    flowviz::Counter counter{registry, "items_total", "Items.", flowviz::MaxSeries{most + 1},
                             flowviz::OpenLabel{"item", most}};
    for (std::size_t i = 0; i < size; ++i) series.push_back(counter.with(item(i)));
    if (writers == 0) return;
    for (std::size_t i = 0; i < size; ++i) series[i].inc(count_of(i));
    const Crowd others(writers - 1, [this] {
      for (const flowviz::CounterSeries& one : series) one.inc();
    });
  }
};

struct OurHistograms : OurPage {
  std::vector<flowviz::HistogramSeries> series;
  explicit OurHistograms(std::size_t size, std::size_t writers = 1) {
    const auto most = static_cast<std::uint32_t>(size);
    flowviz::Histogram histogram{registry,
                                 "latency_seconds",
                                 "Latency.",
                                 flowviz::Buckets::checked(bounds),
                                 flowviz::MaxSeries{most + 1},
                                 flowviz::OpenLabel{"item", most}};
    for (std::size_t i = 0; i < size; ++i) series.push_back(histogram.with(item(i)));
    if (writers == 0) return;
    for (std::size_t i = 0; i < size; ++i) {
      for (std::size_t k = 0; k < observations; ++k) series[i].observe(observed(i, k));
    }
    const Crowd others(writers - 1, [this] {
      for (const flowviz::HistogramSeries& one : series) one.observe(1);
    });
  }
};

struct TheirPage {
  prometheus::Registry registry;
  void scrape() const {
    const std::string page = prometheus::TextSerializer().Serialize(registry.Collect());
    keep(page.size());
  }
};

struct TheirCounters : TheirPage {
  prometheus::Family<prometheus::Counter>& family =
      prometheus::BuildCounter().Name("items_total").Help("Items.").Register(registry);
  explicit TheirCounters(std::size_t size) {
    for (std::size_t i = 0; i < size; ++i) family.Add({{"item", item(i)}}).Increment(static_cast<double>(count_of(i)));
  }
};

struct TheirHistograms : TheirPage {
  prometheus::Family<prometheus::Histogram>& family =
      prometheus::BuildHistogram().Name("latency_seconds").Help("Latency.").Register(registry);
  explicit TheirHistograms(std::size_t size) {
    const prometheus::Histogram::BucketBoundaries limits(bounds.begin(), bounds.end());
    for (std::size_t i = 0; i < size; ++i) {
      auto& one = family.Add({{"item", item(i)}}, limits);
      for (std::size_t k = 0; k < observations; ++k) one.Observe(observed(i, k));
    }
  }
};

}  // namespace bench
