// SPDX-License-Identifier: MIT
// What many threads create at once is there once: series, label values and metrics. Caps are exact, and pages scraped
// meanwhile are valid.

#include <flowviz_metrics/flowviz_metrics.hpp>

#include <algorithm>
#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include <doctest/doctest.h>

#include "concurrency/threads.hpp"
#include "support/text_validator.hpp"

using concurrency::run_together;
using concurrency::scaled;

namespace {

enum class Side { left, right };

constexpr std::size_t threads = 8;

std::string numbered(std::string_view what, std::size_t number) { return std::string(what) + std::to_string(number); }

// The samples of one metric; the whole page is checked on the way.
std::vector<support::Sample> samples_of(const flowviz::Registry& registry, std::string_view metric) {
  const std::string page = flowviz::scrape(registry).body;
  for (const support::Violation& violation : support::validate_text(page)) {
    FAIL_CHECK(violation.rule << ", line " << violation.line << ": " << violation.detail);
  }
  std::vector<support::Sample> samples = support::parse_samples(page);
  std::erase_if(samples, [&](const support::Sample& sample) { return sample.name != metric; });
  return samples;
}

double total(const std::vector<support::Sample>& samples) {
  double sum = 0;
  for (const support::Sample& sample : samples) sum += sample.value;
  return sum;
}

}  // namespace

TEST_CASE("threads that create the same series at once make one series of them") {
  const std::size_t rounds = scaled(300), texts = 20;
  for (std::size_t round = 0; round < rounds; ++round) {
    flowviz::Registry registry;
    const flowviz::Counter<flowviz::Text, Side, flowviz::Text> counter{registry,
                                                                       "created_total",
                                                                       "Created at once.",
                                                                       flowviz::OpenLabel{"handler", 40},
                                                                       flowviz::Label<Side>{"side"},
                                                                       flowviz::OpenLabel{"zone", 4}};
    run_together(threads, [&](std::size_t i) {
      for (std::size_t k = 0; k < texts; ++k) {
        // Half of the threads go the other way, so that each is first with something.
        const std::size_t n = i % 2 == 0 ? k : texts - 1 - k;
        counter.with(numbered("/", n), n % 2 == 0 ? Side::left : Side::right, "north").inc();
      }
    });
    const std::vector<support::Sample> samples = samples_of(registry, "created_total");
    REQUIRE(samples.size() == texts);
    for (const support::Sample& sample : samples) REQUIRE(sample.value == threads);
  }
}

TEST_CASE("series that are created by many threads beyond one chunk of cells are all there, once") {
  flowviz::Registry registry;
  const std::size_t handlers = 60, zones = 60;  // 3,600 series: eight chunks
  const flowviz::Counter<flowviz::Text, flowviz::Text> counter{registry, "created_total", "Created at once.",
                                                               flowviz::OpenLabel{"handler", handlers},
                                                               flowviz::OpenLabel{"zone", zones}};
  run_together(threads, [&](std::size_t i) {
    for (std::size_t n = 0; n < handlers * zones; ++n) {
      const std::size_t mine = (n + i * handlers * zones / threads) % (handlers * zones);
      counter.with(numbered("/", mine / zones), numbered("z", mine % zones)).inc();
    }
  });
  const std::vector<support::Sample> samples = samples_of(registry, "created_total");
  CHECK(samples.size() == handlers * zones);
  CHECK(std::all_of(samples.begin(), samples.end(), [](const support::Sample& s) { return s.value == threads; }));
}

TEST_CASE("the cap of a label is exact when threads bring more values than it lets in") {
  const std::size_t rounds = scaled(200), cap = 30, each = 100;
  for (std::size_t round = 0; round < rounds; ++round) {
    flowviz::Registry registry;
    const flowviz::Counter<flowviz::Text> counter{registry, "capped_total", "Many handlers.",
                                                  flowviz::OpenLabel{"handler", cap}};
    run_together(threads, [&](std::size_t i) {
      // Every value comes from two threads.
      for (std::size_t k = 0; k < each; ++k) counter.with(numbered("/", (i / 2) * each + k)).inc();
    });
    const std::vector<support::Sample> samples = samples_of(registry, "capped_total");
    REQUIRE(samples.size() == cap + 1);  // and `_other`
    REQUIRE(total(samples) == threads * each);
    const double others = support::value_of(samples, "capped_total", {{"handler", "_other"}});
    for (const support::Sample& sample : samples) REQUIRE((sample.value <= 2 || sample.value == others));
    const std::vector<support::Sample> overflow = samples_of(registry, "flowviz_metrics_label_overflow_total");
    REQUIRE(overflow.size() == 1);
    REQUIRE(overflow[0].value == others);
  }
}

TEST_CASE("a handle that a thread has kept counts on the series that all others find") {
  flowviz::Registry registry;
  const flowviz::Counter<flowviz::Text> counter{registry, "kept_total", "Kept.", flowviz::OpenLabel{"handler", 50}};
  std::array<flowviz::CounterSeries, threads> kept;
  run_together(threads, [&](std::size_t i) { kept[i] = counter.with("/same"); });
  run_together(threads, [&](std::size_t i) {
    for (std::size_t n = 0; n < 50; ++n) counter.with(numbered("/", n)).inc();  // meanwhile others come
    kept[i].inc();
  });
  for (const flowviz::CounterSeries& series : kept) CHECK(series.value() == threads);
  CHECK(counter.with("/same").value() == threads);
}

TEST_CASE("threads that register the same metric at once get one metric") {
  for (std::size_t round = 0; round < scaled(300); ++round) {
    flowviz::Registry registry;
    run_together(threads, [&](std::size_t i) {
      const flowviz::Counter<> same{registry, "same_total", "Registered by all."};
      same.inc();
      const flowviz::Counter<> own{registry, flowviz::CounterName::checked(numbered("own_", i) + "_total"),
                                   "Registered by one."};
      own.inc();
      const flowviz::Histogram<Side> sizes{registry, "sizes", "Registered by all.", flowviz::Buckets{1, 2},
                                           flowviz::Label<Side>{"side"}};
      sizes.with(Side::left).observe(1);
    });
    CHECK(support::value_of(samples_of(registry, "same_total"), "same_total") == threads);
    CHECK(support::value_of(samples_of(registry, "sizes_count"), "sizes_count", {{"side", "left"}}) == threads);
    for (std::size_t i = 0; i < threads; ++i) {
      const std::string name = numbered("own_", i) + "_total";
      CHECK(support::value_of(samples_of(registry, name), name) == 1);
    }
  }
}

#if defined(__cpp_exceptions)  // without, a refusal ends the process
TEST_CASE("of two definitions of one name that are registered at once, one is refused on every thread") {
  for (std::size_t round = 0; round < scaled(300); ++round) {
    flowviz::Registry registry;
    std::atomic<std::size_t> refused_first{0}, refused_second{0};
    run_together(threads, [&](std::size_t i) {
      try {
        if (i % 2 == 0) {
          flowviz::Counter<>{registry, "contested_total", "One help text."}.inc();
        } else {
          flowviz::Counter<>{registry, "contested_total", "Another help text."}.inc();
        }
      } catch (const flowviz::Error&) {
        ++(i % 2 == 0 ? refused_first : refused_second);
      }
    });
    CHECK(refused_first + refused_second == threads / 2);
    CHECK((refused_first == 0 || refused_second == 0));
    CHECK(support::value_of(samples_of(registry, "contested_total"), "contested_total") == threads / 2);
  }
}
#endif

TEST_CASE("pages scraped while series and metrics come into being are valid, and nothing on them vanishes") {
  flowviz::Registry registry;
  const std::size_t series = 2'000;
  const flowviz::Histogram<flowviz::Text> sizes{registry, "sizes", "Sizes.", flowviz::Buckets{1, 2},
                                                flowviz::OpenLabel{"handler", series}};
  const flowviz::UpDownCounter<flowviz::Text> busy{registry, "busy", "Busy.", flowviz::OpenLabel{"handler", series}};
  std::atomic<std::size_t> writing{threads};
  std::string complaint;
  run_together(threads + 1, [&](std::size_t i) {
    if (i < threads) {
      for (std::size_t n = 0; n < series; ++n) {
        const std::string handler = numbered("/", (n + i * series / threads) % series);
        sizes.with(handler).observe(1);
        const auto scope = busy.with(handler).track();
        const flowviz::Counter<> counter{
            registry, flowviz::CounterName::checked(numbered("metric_", n / 100) + "_total"), "Registered late."};
        counter.inc();
      }
      --writing;
      return;
    }
    std::set<std::string> before;
    for (bool last = false; !last && complaint.empty();) {
      last = writing == 0;
      const std::string page = flowviz::scrape(registry).body;
      for (const support::Violation& violation : support::validate_text(page)) {
        complaint = violation.rule + ": " + violation.detail;
      }
      std::set<std::string> now;
      for (const support::Sample& sample : support::parse_samples(page)) {
        const std::string* handler = sample.label("handler");
        now.insert(sample.name + (handler == nullptr ? "" : *handler));
      }
      for (const std::string& name : before) {
        if (!now.contains(name)) complaint = name + " has vanished";
      }
      before = now;
    }
  });
  CHECK(complaint == "");
  CHECK(samples_of(registry, "sizes_count").size() == series);
  CHECK(total(samples_of(registry, "sizes_count")) == threads * series);
  CHECK(total(samples_of(registry, "busy")) == 0);
}
