// SPDX-License-Identifier: MIT
// What a scrape may show while threads are born, write and die: no total goes back, a histogram agrees with itself,
// what goes up and down in pairs is never negative, and the page is valid.

#include <flowviz_metrics/flowviz_metrics.hpp>

#include <algorithm>
#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <map>
#include <numeric>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include <doctest/doctest.h>

#include "concurrency/threads.hpp"
#include "support/text_validator.hpp"

using concurrency::run_together;
using concurrency::scaled;

namespace {

enum class Side { left, right };

constexpr std::size_t scrapers = 2;

// Traffic on metrics of every kind, by threads that soon end and are followed by others, from construction to stop().
class Traffic {
 public:
  Traffic() {
    for (std::size_t i = 0; i < 4; ++i) {
      parents_.emplace_back([this, i] {
        while (!over_) {
          std::thread([this, i] { write(i); }).join();
          ++ended_;
        }
      });
    }
  }
  ~Traffic() { stop(); }
  Traffic(const Traffic&) = delete;
  Traffic& operator=(const Traffic&) = delete;

  void stop() {
    over_ = true;
    for (std::thread& parent : parents_) parent.join();
    parents_.clear();
    while (take_handed_over()) queue.dec();
  }

  /// How many writing threads have ended so far.
  [[nodiscard]] std::size_t ended() const { return ended_; }
  /// How often each metric was written to; known once the traffic has stopped.
  [[nodiscard]] std::uint64_t writes() const { return ended_ * std::uint64_t{writes_per_thread}; }

  flowviz::Registry registry;
  flowviz::Counter<> whole{registry, "whole_total", "Whole things."};
  flowviz::DoubleCounter<> amount{registry, "amount_total", "Amounts that no double holds exactly."};
  flowviz::Counter<flowviz::Text> handlers{registry, "handlers_total", "By handler.", flowviz::OpenLabel{"handler", 8}};
  flowviz::Histogram<Side> sizes{registry, "sizes", "Sizes, all of them 1.", flowviz::Buckets{0.5, 1, 2},
                                 flowviz::Label<Side>{"side"}};
  flowviz::UpDownCounter<> busy{registry, "busy", "Up, and down again on the same thread."};
  flowviz::UpDownCounter<> queue{registry, "queue", "Up, and down again on whichever thread."};

 private:
  static constexpr std::uint32_t writes_per_thread = 200;

  void write(std::size_t parent) {
    static constexpr std::array<std::string_view, 10> names{"/a", "/b", "/c", "/d", "/e", "/f", "/g", "/h", "/i", "/j"};
    for (std::uint32_t i = 0; i < writes_per_thread; ++i) {
      const auto scope = busy.track();
      whole.inc();
      amount.inc(0.1);
      handlers.with(names[(parent + i) % names.size()]).inc();
      sizes.with(i % 2 == 0 ? Side::left : Side::right).observe(1);
      queue.inc();
      handed_over_.fetch_add(1, std::memory_order_release);
      if (take_handed_over()) queue.dec();
    }
  }

  // Takes what some thread has counted up and nobody has counted down yet.
  bool take_handed_over() {
    std::uint64_t seen = handed_over_.load(std::memory_order_relaxed);
    while (seen != 0) {
      if (handed_over_.compare_exchange_weak(seen, seen - 1, std::memory_order_acq_rel)) return true;
    }
    return false;
  }

  std::atomic<bool> over_{false};
  std::atomic<std::size_t> ended_{0};
  std::atomic<std::uint64_t> handed_over_{0};
  std::vector<std::thread> parents_;
};

// Scrapes on several threads for as long as it takes to see many pages and the ends of many threads. `check` sees the
// pages of one thread in their order and says what is wrong with one, or nothing; returns the first complaint.
template <class MakeCheck>
std::string scrape_under_traffic(Traffic& traffic, MakeCheck make_check) {
  const std::size_t pages = scaled(8'000), ends = scaled(8'000);
  std::array<std::string, scrapers> complaints;
  run_together(scrapers, [&](std::size_t i) {
    auto check = make_check();
    for (std::size_t n = 0; complaints[i].empty() && (n < pages || traffic.ended() < ends); ++n) {
      complaints[i] = check(flowviz::scrape(traffic.registry).body);
    }
  });
  return complaints[0].empty() ? complaints[1] : complaints[0];
}

std::string name_of(const support::Sample& sample) {
  std::string name = sample.name;
  for (const auto& [label, value] : sample.labels) name += "," + label + "=" + value;
  return name;
}

bool rises(const support::Sample& sample) {
  constexpr std::array<std::string_view, 4> endings{"_total", "_bucket", "_count", "_sum"};
  return std::any_of(endings.begin(), endings.end(),
                     [&](std::string_view ending) { return std::string_view(sample.name).ends_with(ending); });
}

}  // namespace

TEST_CASE("no total goes back or vanishes from one scrape to the next while threads come and go") {
  Traffic traffic;
  CHECK(scrape_under_traffic(traffic, [] {
          return [before = std::map<std::string, double>()](const std::string& page) mutable -> std::string {
            std::map<std::string, double> now;
            for (const support::Sample& sample : support::parse_samples(page)) {
              if (rises(sample)) now[name_of(sample)] = sample.value;
            }
            for (const auto& [name, value] : before) {
              if (!now.contains(name)) return name + " has vanished";
              if (now[name] < value) {
                return name + " went back from " + std::to_string(value) + " to " + std::to_string(now[name]);
              }
            }
            before = std::move(now);
            return {};
          };
        }) == "");
}

TEST_CASE("every page scraped under traffic is valid") {
  Traffic traffic;
  CHECK(scrape_under_traffic(traffic, [] {
          return [](const std::string& page) -> std::string {
            const std::vector<support::Violation> violations = support::validate_text(page);
            return violations.empty() ? "" : violations[0].rule + ": " + violations[0].detail + "\n" + page;
          };
        }) == "");
}

TEST_CASE("in every scrape count, +Inf and the sum of the buckets are the same, and the sum has nothing more") {
  Traffic traffic;
  CHECK(scrape_under_traffic(traffic, [] {
          return [](const std::string& page) -> std::string {
            const std::vector<support::Sample> samples = support::parse_samples(page);
            for (const char* side : {"left", "right"}) {
              const double count = support::value_of(samples, "sizes_count", {{"side", side}});
              const double sum = support::value_of(samples, "sizes_sum", {{"side", side}});
              const double below_1 = support::value_of(samples, "sizes_bucket", {{"le", "1"}, {"side", side}});
              const double all = support::value_of(samples, "sizes_bucket", {{"le", "+Inf"}, {"side", side}});
              if (all != count || below_1 != count || sum > count) return page;
            }
            return {};
          };
        }) == "");
}

TEST_CASE("a histogram's sum never runs ahead of its count") {
  Traffic traffic;
  const flowviz::HistogramSeries sizes = traffic.sizes.with(Side::left);
  std::uint64_t ahead = 0;
  for (std::size_t i = 0; i < scaled(500'000); ++i) {
    const flowviz::HistogramValue value = sizes.value();
    if (value.sum > static_cast<double>(value.count)) ++ahead;
  }
  CHECK(ahead == 0);
}

TEST_CASE("no scrape shows below zero what goes up and down in pairs, on one thread or on two") {
  Traffic traffic;
  CHECK(scrape_under_traffic(traffic, [] {
          return [](const std::string& page) -> std::string {
            const std::vector<support::Sample> samples = support::parse_samples(page);
            for (const char* name : {"busy", "queue"}) {
              if (support::value_of(samples, name) < 0) return page;
            }
            return {};
          };
        }) == "");
}

TEST_CASE("an up-down counter's value is never below zero while its writers pair their ups and downs") {
  Traffic traffic;
  std::int64_t lowest = 0;
  for (std::size_t i = 0; i < scaled(500'000); ++i) {
    lowest = std::min({lowest, traffic.busy.value(), traffic.queue.value()});
  }
  CHECK(lowest == 0);
}

TEST_CASE("once nobody writes, a scrape shows exactly what was written") {
  Traffic traffic;
  while (traffic.ended() < scaled(8'000)) static_cast<void>(flowviz::scrape(traffic.registry));
  traffic.stop();
  const std::vector<support::Sample> samples = support::parse_samples(flowviz::scrape(traffic.registry).body);
  const auto writes = static_cast<double>(traffic.writes());
  CHECK(support::value_of(samples, "whole_total") == writes);
  double by_handler = 0;
  for (const support::Sample& sample : samples) by_handler += sample.name == "handlers_total" ? sample.value : 0;
  CHECK(by_handler == writes);
  for (const char* side : {"left", "right"}) {
    CHECK(support::value_of(samples, "sizes_count", {{"side", side}}) == writes / 2);
    CHECK(support::value_of(samples, "sizes_sum", {{"side", side}}) == writes / 2);
  }
  CHECK(support::value_of(samples, "amount_total") == doctest::Approx(writes * 0.1));
  CHECK(support::value_of(samples, "busy") == 0);
  CHECK(support::value_of(samples, "queue") == 0);
}
