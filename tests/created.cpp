// SPDX-License-Identifier: MIT
// When series began, as pages show it that are asked to.

#include <flowviz_metrics/registry.hpp>

#include <doctest/doctest.h>

#include <chrono>
#include <cmath>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <thread>
#include <variant>
#include <vector>

#include <flowviz_metrics/describe.hpp>
#include <flowviz_metrics/flowviz_metrics.hpp>
#include <flowviz_metrics/testing.hpp>

#include "page.hpp"
#include "refusal.hpp"
#include "sample_enums.hpp"
#include "support/protobuf_page.hpp"
#include "support/text_page.hpp"

using flowviz::Buckets;
using flowviz::Counter;
using flowviz::Histogram;
using flowviz::Label;
using flowviz::OpenLabel;
using flowviz::Registry;
using sample::LotType;
using namespace std::chrono_literals;

namespace {

/// The times on a page by series, `lots{lot_type=raw,}`, in milliseconds.
using Times = std::map<std::string, std::int64_t>;

void add_time(Times& times, std::string_view name, const support::LabelPairs& labels, double seconds) {
  std::string key = std::string(name) + "{";
  for (const auto& [label, value] : labels) key += label + "=" + value + ",";
  times[key + "}"] = std::llround(seconds * 1000);
}

std::string_view without(std::string_view name, std::string_view ending) {
  return name.ends_with(ending) ? name.substr(0, name.size() - ending.size()) : name;
}

Times open_metrics_times(const Registry& registry) {
  Times times;
  std::vector<support::Violation> violations;
  for (const auto& line : support::read_lines(open_metrics_of(registry), {support::Producer::other}, violations)) {
    const auto* sample = std::get_if<support::Sample>(&line.content);
    if (sample == nullptr || !sample->name.ends_with("_created")) continue;
    add_time(times, without(sample->name, "_created"), sample->labels, sample->value);
  }
  return times;
}

Times protobuf_times(const Registry& registry) {
  Times times;
  for (const auto& family : support::read_protobuf_families(flowviz::scrape(registry, support::protobuf_type).body)) {
    for (const auto& metric : family.metrics) {
      if (metric.created) add_time(times, without(family.name, "_total"), metric.labels, *metric.created);
    }
  }
  return times;
}

/// Those of both formats, which are the same. The third one has no place for them.
Times times_of(const Registry& registry) {
  const Times times = open_metrics_times(registry);
  CHECK(protobuf_times(registry) == times);
  CHECK(!says(valid_page(registry), "_created"));
  return times;
}

/// The clock has gone on when this returns.
void wait_a_millisecond() {
  const std::int64_t now = flowviz::unix_milliseconds();
  while (flowviz::unix_milliseconds() == now) std::this_thread::yield();
}

}  // namespace

TEST_CASE("pages say when series began of what is registered after they were asked to, and of nothing else") {
  Registry registry;
  const Counter before{registry, "before_total", "Before."};
  CHECK(times_of(registry).empty());
  const std::int64_t began = flowviz::unix_milliseconds();
  flowviz::expose_created_times(registry);
  const Counter lots{registry, "lots_total", "Lots.", Label<LotType>{"lot_type"}};
  const flowviz::DoubleCounter busy{registry, "busy_seconds_total", "Busy."};
  const Histogram took{registry, "took_seconds", "Took.", Buckets{1}};
  const flowviz::NativeHistogram drove{registry, "drove_seconds", "Drove.", flowviz::NativeBuckets{}};
  const flowviz::Summary weighed{registry, "weighed_bytes", "Weighed."};
  const flowviz::Gauge level{registry, "level", "Level."};
  const flowviz::UpDownCounter going{registry, "going", "Going."};
  const flowviz::CounterCallback asked{registry, "asked_total", "Asked.", [] { return 3; }};
  const Counter again{registry, "before_total", "Before."};
  const std::int64_t ended = flowviz::unix_milliseconds();
  lots.with(LotType::raw).inc(1, {{"trace_id", "7"}});
  took.observe(-1);  // has no sum there, and began all the same
  std::string names;
  for (const auto& [name, time] : times_of(registry)) {
    CHECK(time >= began);
    CHECK(time <= ended);
    names += name + " ";
  }
  CHECK(names ==
        "busy_seconds{} drove_seconds{} lots{lot_type=finished,} "
        "lots{lot_type=intermediate,} lots{lot_type=raw,} took_seconds{} weighed_bytes{} ");
}

TEST_CASE("a series that is new began when it was made, and keeps its time when it is removed and written to again") {
  Registry registry;
  flowviz::expose_created_times(registry);
  const Counter lots{registry, "lots_total", "Lots.", OpenLabel{"zone", 3}};
  lots.with("a").inc();
  wait_a_millisecond();
  lots.with("b").inc();
  Times times = times_of(registry);
  const std::int64_t first = times.at("lots{zone=a,}");
  CHECK(first < times.at("lots{zone=b,}"));
  lots.remove("a");
  CHECK(!times_of(registry).contains("lots{zone=a,}"));
  wait_a_millisecond();
  lots.with("a").inc();
  CHECK(times_of(registry).at("lots{zone=a,}") == first);
}

TEST_CASE("a series that expires and comes again began anew") {
  flowviz::testing::FakeClock clock;
  Registry registry;
  flowviz::expose_created_times(registry);
  const Counter bytes{registry, "bytes_total", "Bytes.", OpenLabel{"client", 2}.expires_after(1min)};
  std::int64_t last = 0;
  for (int i = 0; i < 3; ++i) {
    bytes.with("a").inc();
    const std::int64_t began = times_of(registry).at("bytes{client=a,}");
    CHECK(began > last);
    last = began;
    clock.advance(1min);
    CHECK(!times_of(registry).contains("bytes{client=a,}"));
    wait_a_millisecond();
  }
}

TEST_CASE("the catalogue counts a line for each series that says when it began") {
  Registry registry;
  const auto lines = [&](const char* name) {
    for (const flowviz::MetricDescription& metric : flowviz::describe(registry)) {
      if (metric.name == name) return metric.max_samples();
    }
    return std::uint64_t{0};
  };
  const Counter plain{registry, "plain_total", "Plain.", Label<LotType>{"lot_type"}};
  flowviz::expose_created_times(registry);
  const Counter lots{registry, "lots_total", "Lots.", Label<LotType>{"lot_type"}};
  const flowviz::Gauge level{registry, "level", "Level."};
  CHECK(lines("plain_total") == 4);
  CHECK(lines("lots_total") == 8);
  CHECK(lines("level") == 1);
}
