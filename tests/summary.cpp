// SPDX-License-Identifier: MIT
#include <flowviz_metrics/summary.hpp>

#include <doctest/doctest.h>

#include <chrono>
#include <limits>
#include <string>
#include <thread>
#include <type_traits>
#include <vector>

#include <flowviz_metrics/describe.hpp>
#include <flowviz_metrics/flowviz_metrics.hpp>
#include <flowviz_metrics/testing.hpp>

#include "page.hpp"
#include "refusal.hpp"
#include "sample_enums.hpp"
#include "support/protobuf_page.hpp"
#include "support/text_validator.hpp"

using flowviz::Label;
using flowviz::OpenLabel;
using flowviz::Registry;
using flowviz::Summary;
using flowviz::SummarySeries;
using flowviz::SummaryValue;
using sample::LotType;
using namespace std::chrono_literals;

static_assert(std::is_trivially_copyable_v<SummarySeries> && sizeof(SummarySeries) <= 16);
static_assert(noexcept(SummarySeries().observe(1)) && noexcept(SummarySeries().time()));

TEST_CASE("a summary shows the sum and the count of its observations, in each format") {
  Registry registry;
  const Summary batch{registry, "batch_bytes", "Batch.", Label<LotType>{"lot_type"}};
  for (const double v : {0.25, 100.0, 3.5}) batch.with(LotType::raw).observe(v);
  batch.with(LotType::finished).observe(250ms);
  const std::string rest =
      "batch_bytes_sum{lot_type=\"intermediate\"} 0\nbatch_bytes_count{lot_type=\"intermediate\"} 0\n"
      "batch_bytes_sum{lot_type=\"finished\"} 0.25\nbatch_bytes_count{lot_type=\"finished\"} 1\n";
  CHECK(family_on(valid_page(registry), "batch_bytes") ==
        "# HELP batch_bytes Batch.\n# TYPE batch_bytes summary\n"
        "batch_bytes_sum{lot_type=\"raw\"} 103.75\nbatch_bytes_count{lot_type=\"raw\"} 3\n" +
            rest);
  CHECK(says(open_metrics_of(registry),
             "# TYPE batch_bytes summary\n# UNIT batch_bytes bytes\n"
             "batch_bytes_sum{lot_type=\"raw\"} 103.75\nbatch_bytes_count{lot_type=\"raw\"} 3\n"));
  const std::string protobuf = flowviz::scrape(registry, support::protobuf_type).body;
  CHECK(support::read_protobuf_families(protobuf).front().type == "summary");
  CHECK(support::sorted_samples(support::read_protobuf(protobuf)) ==
        support::sorted_samples(support::parse_samples(page_of(registry))));
}

TEST_CASE("a summary's value is what was observed, by all threads") {
  Registry registry;
  const Summary batch{registry, "batch_bytes", "Batch.", OpenLabel{"zone", 2}};
  const SummarySeries a = batch.with("a");
  a.observe(7);
  flowviz::testing::Delta since{a};
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&] {
      for (int n = 0; n < 1'000; ++n) a.observe(0.25);
    });
  }
  for (std::thread& thread : threads) thread.join();
  CHECK(a.value() == SummaryValue{4'001, 1'007});
  CHECK(since.value() == SummaryValue{4'000, 1'000});
  CHECK(batch.with("b").value() == SummaryValue{});
  SummarySeries().observe(1);  // belongs to no metric
}

TEST_CASE(
    "a summary counts what no sum recovers from elsewhere, and from the first value below zero on has no sum in "
    "OpenMetrics") {
  Registry registry;
  const Summary heat{registry, "heat_celsius", "Heat."};
  for (const double v : {std::numeric_limits<double>::quiet_NaN(), std::numeric_limits<double>::infinity()})
    heat.observe(v);
  heat.observe(10);
  CHECK(heat.value() == SummaryValue{1, 10});
  CHECK(says(open_metrics_of(registry), "\nheat_celsius_sum 10.0\nheat_celsius_count 1\n"));
  heat.observe(-1);
  CHECK(samples_of(registry, "heat_celsius") == "heat_celsius_sum 9\nheat_celsius_count 2\n");
  CHECK(says(open_metrics_of(registry), "# UNIT heat_celsius celsius\nheat_celsius_count 2\n"));
}

TEST_CASE("a summary's timer observes the duration of a scope") {
  flowviz::testing::FakeClock clock;
  Registry registry;
  const Summary took{registry, "took_seconds", "Took.", OpenLabel{"zone", 2}.expires_after(1h)};
  {
    const auto timing = took.with("a").time();
    clock.advance(1500ms);
  }
  CHECK(took.with("a").value() == SummaryValue{1, 1.5});
}

TEST_CASE("a summary clashes with what would share a name with its samples") {
  Registry registry;
  const Summary batch{registry, "batch", "Batch."};
  for (const char* name : {"batch_sum", "batch_count", "batch_created"}) {
    CAPTURE(name);
    CHECK(says(refusal([&] { flowviz::Gauge{registry, flowviz::LegacyName::checked(name), "G."}; }), "would both put"));
  }
  CHECK(says(refusal([&] { flowviz::Gauge{registry, "batch", "Batch."}; }), "with another type"));
  std::string page;
  flowviz::scrape_into(page, registry, {.names = {"batch_count"}});
  CHECK(says(page, "\nbatch_sum 0\n"));
}

TEST_CASE("the catalogue has summaries, with two lines a series") {
  Registry registry;
  const Summary batch{registry, "batch_bytes", "Batch.", Label<LotType>{"lot_type"}};
  const flowviz::MetricDescription metric = flowviz::describe(registry).front();
  CHECK(metric.type == "summary");
  CHECK(metric.unit == "bytes");
  CHECK(metric.max_samples() == 8);
}
