// SPDX-License-Identifier: MIT
#include <flowviz_metrics/counter.hpp>

#include <doctest/doctest.h>

#include <chrono>
#include <cmath>
#include <cstdint>
#include <limits>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

#include <flowviz_metrics/http.hpp>

#include "page.hpp"
#include "refusal.hpp"
#include "sample_enums.hpp"
#include "support/text_validator.hpp"

using flowviz::Counter;
using flowviz::CounterSeries;
using flowviz::DoubleCounter;
using flowviz::DoubleCounterSeries;
using flowviz::Label;
using flowviz::Registry;
using sample::LotType;

static_assert(std::is_trivially_copyable_v<CounterSeries> && sizeof(CounterSeries) <= 16);
static_assert(std::is_trivially_copyable_v<DoubleCounterSeries> && sizeof(DoubleCounterSeries) <= 16);
static_assert(std::is_trivially_copyable_v<Counter<>> && std::is_trivially_copyable_v<Counter<LotType, flowviz::Text>>);
static_assert(noexcept(CounterSeries().inc()) && noexcept(DoubleCounterSeries().inc(0.5)));
static_assert(noexcept(std::declval<const Counter<LotType>&>().with(LotType::raw)));
static_assert(noexcept(std::declval<const Counter<flowviz::Text>&>().with(std::declval<std::string_view>())));

TEST_CASE("a counter without labels is on the page at 0, then counts") {
  Registry registry;
  const Counter jobs{registry, "jobs_total", "Jobs."};
  CHECK(family_on(valid_page(registry), "jobs_total") ==
        "# HELP jobs_total Jobs.\n# TYPE jobs_total counter\njobs_total 0\n");
  jobs.inc();
  jobs.inc(41);
  CHECK(jobs.value() == 42);
  CHECK(samples_of(registry, "jobs_total") == "jobs_total 42\n");
}

TEST_CASE("each series of a counter counts for itself") {
  Registry registry;
  const Counter lots{registry, "lots_total", "Lots.", Label<LotType>{"lot_type"}};
  lots.with(LotType::raw).inc(1);
  lots.with(LotType::intermediate).inc(2);
  lots.with(LotType::finished).inc(4);
  CHECK(lots.with(LotType::intermediate).value() == 2);
  CHECK(samples_of(registry, "lots_total") ==
        "lots_total{lot_type=\"raw\"} 1\nlots_total{lot_type=\"intermediate\"} 2\n"
        "lots_total{lot_type=\"finished\"} 4\n");
}

TEST_CASE("a kept handle, its copies and a new look-up are the same series") {
  Registry registry;
  const Counter lots{registry, "lots_total", "Lots.", Label<LotType>{"lot_type"}};
  const CounterSeries raw = lots.with(LotType::raw);
  const CounterSeries copy = raw;
  const Counter<LotType> other = lots;
  raw.inc();
  copy.inc();
  other.with(LotType::raw).inc();
  CHECK(raw.value() == 3);
}

TEST_CASE("destroying the handles ends nothing") {
  Registry registry;
  {
    Counter{registry, "jobs_total", "Jobs."}.inc();
  }
  CHECK(samples_of(registry, "jobs_total") == "jobs_total 1\n");
}

TEST_CASE("any integer that is not negative is counted") {
  Registry registry;
  const Counter jobs{registry, "jobs_total", "Jobs."};
  jobs.inc(0);
  jobs.inc(std::uint8_t{1});
  jobs.inc(2L);
  jobs.inc(std::size_t{3});
  jobs.inc(true);
  CHECK(jobs.value() == 7);
}

TEST_CASE("a negative count has no effect and is counted in a metric of the library's own") {
  Registry registry;
  const Counter jobs{registry, "jobs_total", "Jobs."};
  const auto refused = [&] {
    return support::value_of(support::parse_samples(valid_page(registry)), "flowviz_metrics_values_refused_total",
                             {{"reason", "negative"}});
  };
  const double before = refused();
  jobs.inc(-1);
  jobs.inc(std::numeric_limits<std::int64_t>::min());
  CHECK(jobs.value() == 0);
  CHECK(refused() - before == 2);
}

TEST_CASE("a counter shows all its digits, above 2^53 too, and wraps at 2^64") {
  Registry registry;
  const Counter jobs{registry, "jobs_total", "Jobs."};
  jobs.inc((std::uint64_t{1} << 53) + 1);
  CHECK(samples_of(registry, "jobs_total") == "jobs_total 9007199254740993\n");
  jobs.inc(std::numeric_limits<std::int64_t>::max());
  jobs.inc(std::numeric_limits<std::uint64_t>::max() - jobs.value());
  CHECK(samples_of(registry, "jobs_total") == "jobs_total 18446744073709551615\n");
  jobs.inc(3);
  CHECK(jobs.value() == 2);
}

TEST_CASE("a default-constructed series counts nothing") {
  const CounterSeries nothing;
  nothing.inc(5);
  CHECK(nothing.value() == 0);
  const DoubleCounterSeries nothing_either;
  nothing_either.inc(0.5);
  CHECK(nothing_either.value() == 0);
}

TEST_CASE("labels that make more series than fit into one chunk count like any others") {
  Registry registry;
  // 729 series, where a chunk holds 512 cells.
  const Counter codes{registry,
                      "codes_total",
                      "C.",
                      Label<flowviz::Method>{"method"},
                      Label<flowviz::Method>{"was"},
                      Label<flowviz::Method>{"will_be"}};
  std::uint64_t n = 0;
  for (const auto& a : flowviz::enums::all<flowviz::Method>) {
    for (const auto& b : flowviz::enums::all<flowviz::Method>) {
      for (const auto& c : flowviz::enums::all<flowviz::Method>) codes.with(a.value, b.value, c.value).inc(++n);
    }
  }
  n = 0;
  for (const support::Sample& sample : support::parse_samples(valid_page(registry))) {
    if (sample.name == "codes_total") CHECK(sample.value == static_cast<double>(++n));
  }
  CHECK(n == 9 * 9 * 9);
  CHECK(codes.with(flowviz::Method::get, flowviz::Method::get, flowviz::Method::head).value() == 2);
}

TEST_CASE("a counter of amounts adds fractions and durations") {
  using namespace std::chrono_literals;
  Registry registry;
  const DoubleCounter busy{registry, "busy_seconds_total", "Busy."};
  CHECK(family_on(valid_page(registry), "busy_seconds_total") ==
        "# HELP busy_seconds_total Busy.\n# TYPE busy_seconds_total counter\nbusy_seconds_total 0\n");
  busy.inc(0.25);
  busy.inc(250ms);
  busy.inc(1);
  busy.inc();
  busy.inc(0.0);
  CHECK(busy.value() == 2.5);
  CHECK(samples_of(registry, "busy_seconds_total") == "busy_seconds_total 2.5\n");
}

TEST_CASE("an amount that no counter can hold has no effect and is counted") {
  Registry registry;
  const DoubleCounter busy{registry, "busy_seconds_total", "Busy.", Label<LotType>{"lot_type"}};
  const auto refused = [&](const char* reason) {
    return support::value_of(support::parse_samples(valid_page(registry)), "flowviz_metrics_values_refused_total",
                             {{"reason", reason}});
  };
  const double negative = refused("negative"), not_finite = refused("not_finite");
  constexpr double inf = std::numeric_limits<double>::infinity();
  busy.with(LotType::raw).inc(1.5);
  for (const double v : {-0.5, -inf}) busy.with(LotType::raw).inc(v);
  for (const double v : {std::nan(""), inf}) busy.with(LotType::raw).inc(v);
  CHECK(busy.with(LotType::raw).value() == 1.5);
  CHECK(refused("negative") - negative == 2);
  CHECK(refused("not_finite") - not_finite == 2);
}

TEST_CASE("a counter's overflow is what was counted under _other of each open label") {
  Registry registry;
  const Counter hits{registry,
                     "hits_total",
                     "Hits.",
                     flowviz::OpenLabel{"page", 1},
                     Label<LotType>{"lot_type"},
                     flowviz::OpenLabel{"site", 1}};
  const Counter others{registry, "others_total", "O.", flowviz::OpenLabel{"page", 1}};
  hits.with("/a", LotType::raw, "x").inc(1);
  hits.with("/b", LotType::raw, "x").inc(2);
  hits.with("/a", LotType::raw, "y").inc(4);
  hits.with("/b", LotType{9}, "y").inc(8);
  hits.with("/a", LotType{9}, "x").inc(16);
  CHECK(samples_of(registry, "flowviz_metrics_label_overflow_total") ==
        "flowviz_metrics_label_overflow_total{metric=\"hits_total\",label=\"page\"} 10\n"
        "flowviz_metrics_label_overflow_total{metric=\"hits_total\",label=\"site\"} 12\n"
        "flowviz_metrics_label_overflow_total{metric=\"others_total\",label=\"page\"} 0\n");
}

TEST_CASE("a counter whose registry is left out is on the page of the default one") {
  const Counter jobs{"default_registry_jobs_total", "Jobs."};
  const Counter capped{"default_registry_hits_total", "Hits.", flowviz::MaxSeries{30'003},
                       flowviz::OpenLabel{"page", 10'000}, Label<bool>{"late"}};
  const DoubleCounter busy{"default_registry_busy_seconds_total", "Busy."};
  jobs.inc(3);
  capped.with("/a", true).inc();
  busy.inc(0.5);
  const std::string page = valid_page(flowviz::default_registry());
  CHECK(says(page, "\ndefault_registry_jobs_total 3\n"));
  CHECK(says(page, "\ndefault_registry_hits_total{page=\"/a\",late=\"true\"} 1\n"));
  CHECK(says(page, "\ndefault_registry_busy_seconds_total 0.5\n"));
}

TEST_CASE("what a signal handler adds is in the total") {
  Registry registry;
  const Counter jobs{registry, "jobs_total", "Jobs."};
  const flowviz::DoubleCounter busy{registry, "busy_seconds_total", "Busy."};
  const Counter lots{registry, "lots_total", "Lots.", Label<LotType>{"lot_type"}};
  jobs.inc();
  jobs.inc_from_signal();
  jobs.inc_from_signal(2);
  jobs.inc_from_signal(-1);
  busy.inc(0.5);
  busy.inc_from_signal(0.25);
  lots.with(LotType::raw).inc_from_signal();
  flowviz::CounterSeries().inc_from_signal();
  CHECK(jobs.value() == 4);
  CHECK(busy.value() == 0.75);
  CHECK(lots.with(LotType::raw).value() == 1);
}
