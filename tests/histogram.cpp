// SPDX-License-Identifier: MIT
#include <flowviz_metrics/histogram.hpp>

#include <doctest/doctest.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdint>
#include <limits>
#include <random>
#include <string>
#include <type_traits>
#include <vector>

#include <flowviz_metrics/http.hpp>

#include "page.hpp"
#include "refusal.hpp"
#include "sample_enums.hpp"
#include "support/text_validator.hpp"

using flowviz::Buckets;
using flowviz::Histogram;
using flowviz::HistogramSeries;
using flowviz::HistogramValue;
using flowviz::Label;
using flowviz::Registry;
using sample::Direction;

namespace {

constexpr double inf = std::numeric_limits<double>::infinity();

using Counts = std::vector<std::uint64_t>;

}  // namespace

static_assert(std::is_trivially_copyable_v<HistogramSeries> && sizeof(HistogramSeries) <= 24);
static_assert(noexcept(HistogramSeries().observe(1)) && noexcept(HistogramSeries().time()));

TEST_CASE("a histogram is on the page with all buckets at 0, then counts into them") {
  Registry registry;
  const Histogram trace{registry, "trace_duration_seconds", "Trace.", Buckets{0.1, 1, 100'000, 1e6}};
  CHECK(family_on(valid_page(registry), "trace_duration_seconds") ==
        "# HELP trace_duration_seconds Trace.\n"
        "# TYPE trace_duration_seconds histogram\n"
        "trace_duration_seconds_bucket{le=\"0.1\"} 0\n"
        "trace_duration_seconds_bucket{le=\"1\"} 0\n"
        "trace_duration_seconds_bucket{le=\"100000\"} 0\n"
        "trace_duration_seconds_bucket{le=\"1e+06\"} 0\n"
        "trace_duration_seconds_bucket{le=\"+Inf\"} 0\n"
        "trace_duration_seconds_sum 0\n"
        "trace_duration_seconds_count 0\n");
  for (const double v : {0.05, 0.25, 0.5, 2e6}) trace.observe(v);
  CHECK(samples_of(registry, "trace_duration_seconds") ==
        "trace_duration_seconds_bucket{le=\"0.1\"} 1\n"
        "trace_duration_seconds_bucket{le=\"1\"} 3\n"
        "trace_duration_seconds_bucket{le=\"100000\"} 3\n"
        "trace_duration_seconds_bucket{le=\"1e+06\"} 3\n"
        "trace_duration_seconds_bucket{le=\"+Inf\"} 4\n"
        "trace_duration_seconds_sum 2.0000008e+06\n"
        "trace_duration_seconds_count 4\n");
}

TEST_CASE("each series of a histogram counts for itself") {
  Registry registry;
  const Histogram trace{registry, "trace_seconds", "Trace.", Buckets{1}, Label<Direction>{"direction"}};
  const HistogramSeries forward = trace.with(Direction::forward);
  const HistogramSeries copy = forward;
  forward.observe(0.5);
  copy.observe(2);
  trace.with(Direction::backward).observe(4);
  CHECK(samples_of(registry, "trace_seconds") ==
        "trace_seconds_bucket{direction=\"forward\",le=\"1\"} 1\n"
        "trace_seconds_bucket{direction=\"forward\",le=\"+Inf\"} 2\n"
        "trace_seconds_sum{direction=\"forward\"} 2.5\n"
        "trace_seconds_count{direction=\"forward\"} 2\n"
        "trace_seconds_bucket{direction=\"backward\",le=\"1\"} 0\n"
        "trace_seconds_bucket{direction=\"backward\",le=\"+Inf\"} 1\n"
        "trace_seconds_sum{direction=\"backward\"} 4\n"
        "trace_seconds_count{direction=\"backward\"} 1\n");
}

TEST_CASE("from the first value below zero on OpenMetrics shows no sum of that series") {
  Registry registry;
  const Histogram heat{registry, "heat_celsius", "Heat.", Buckets{0.5, 1}, Label<Direction>{"direction"}};
  const auto has_sum = [&](const std::string& direction) {
    CHECK(says(valid_page(registry), "\nheat_celsius_sum{direction=\"" + direction + "\"}"));
    return says(open_metrics_of(registry), "\nheat_celsius_sum{direction=\"" + direction + "\"}");
  };
  heat.with(Direction::forward).observe(0.7);
  heat.with(Direction::forward).observe(-0.0);
  CHECK(has_sum("forward"));
  heat.with(Direction::forward).observe(-0.1);  // the sum is above zero, and does not rise any more
  CHECK(!has_sum("forward"));
  heat.with(Direction::forward).observe(10);
  CHECK(!has_sum("forward"));
  CHECK(has_sum("backward"));
}

TEST_CASE("a value belongs to the first bucket whose bound is not below it") {
  Registry registry;
  const Histogram h{registry, "h", "H.", Buckets{-1, 0, 0.1, 1}};
  struct {
    double v;
    std::size_t bucket;
  } const table[] = {{-2, 0},
                     {-1, 0},
                     {std::nextafter(-1, 0), 1},
                     {-0.0, 1},
                     {0.0, 1},
                     {std::numeric_limits<double>::denorm_min(), 2},
                     {0.1, 2},
                     {std::nextafter(0.1, 1), 3},
                     {1, 3},
                     {std::nextafter(1, 2), 4},
                     {1e300, 4}};
  for (const auto& row : table) {
    CAPTURE(row.v);
    const HistogramValue before = h.value();
    h.observe(row.v);
    Counts expected(5);
    expected[row.bucket] = 1;
    CHECK((h.value() - before).buckets == expected);
  }
}

TEST_CASE("the search for the bucket agrees with a search by halves for every number of bounds") {
  std::mt19937_64 random(1);
  for (std::size_t count = 1; count <= 256; ++count) {
    const Buckets buckets = Buckets::linear(-3, 0.25, count);
    const std::vector<double> bounds(buckets.bounds().begin(), buckets.bounds().end());
    const flowviz::Bounds padded(bounds.data(), count);
    for (int i = 0; i < 50; ++i) {
      const std::size_t near = random() % count;
      const double v = i % 3 == 0 ? bounds[near] : std::nextafter(bounds[near], i % 3 == 1 ? -inf : inf);
      const auto expected = std::lower_bound(bounds.begin(), bounds.end(), v) - bounds.begin();
      CHECK(flowviz::bucket_of(padded.data(), padded.size(), v) == expected);
    }
    CHECK(flowviz::bucket_of(padded.data(), padded.size(), inf) == count);
    CHECK(flowviz::bucket_of(padded.data(), padded.size(), -inf) == 0);
  }
}

TEST_CASE("the value of a histogram holds its buckets alone, their total and the sum") {
  Registry registry;
  const Histogram h{registry, "h", "H.", Buckets{1, 2}};
  for (const double v : {0.5, 1.5, 1.5, 4.0}) h.observe(v);
  const HistogramValue value = h.value();
  CHECK(value.buckets == Counts{1, 2, 1});
  CHECK(value.count == 4);
  CHECK(value.sum == 7.5);
  h.observe(1);
  CHECK(h.value() - value == HistogramValue{1, 1, {1, 0, 0}});
  CHECK(value - HistogramValue() == value);
  CHECK((HistogramValue() - value).buckets.size() == 3);
}

TEST_CASE("a duration is observed in seconds") {
  using namespace std::chrono_literals;
  Registry registry;
  const Histogram h{registry, "h_seconds", "H.", Buckets{0.1}};
  h.observe(250ms);
  h.observe(50us);
  CHECK(h.value() == HistogramValue{2, 0.25005, {1, 1}});
}

TEST_CASE("NaN and infinities have no effect, and are counted") {
  Registry registry;
  const Histogram h{registry, "h", "H.", Buckets{1}};
  const auto refused = [&] {
    return support::value_of(support::parse_samples(valid_page(registry)), "flowviz_metrics_values_refused_total",
                             {{"reason", "not_finite"}});
  };
  const double before = refused();
  h.observe(std::nan(""));
  h.observe(-std::nan(""));
  h.observe(inf);
  h.observe(-inf);
  CHECK(h.value() == HistogramValue{0, 0, {0, 0}});
  CHECK(refused() - before == 4);
}

TEST_CASE("a timer observes the duration of its scope") {
  Registry registry;
  const Histogram h{registry, "h_seconds", "H.", Buckets{3600}, Label<Direction>{"direction"}};
  const auto begin = std::chrono::steady_clock::now();
  {
    const auto timing = h.with(Direction::forward).time();
    CHECK(h.with(Direction::forward).value().count == 0);
    while (std::chrono::steady_clock::now() == begin) {
    }
  }
  const std::chrono::duration<double> outside = std::chrono::steady_clock::now() - begin;
  const HistogramValue value = h.with(Direction::forward).value();
  CHECK(value.count == 1);
  CHECK(value.sum >= 0);
  CHECK(value.sum <= outside.count());
}

TEST_CASE("a default-constructed series counts nothing") {
  const HistogramSeries nothing;
  nothing.observe(5);
  {
    const auto timing = nothing.time();
  }
  CHECK(nothing.value().count == 0);
  CHECK((nothing.value() - nothing.value()).count == 0);
}

TEST_CASE("histograms whose series do not fit into one chunk count like any others") {
  Registry registry;
  const Histogram h{registry, "h", "H.", Buckets::linear(1, 1, 256), Label<flowviz::Method>{"method"}};
  double n = 0;
  for (const auto& method : flowviz::enums::all<flowviz::Method>) h.with(method.value).observe(++n);
  h.with(flowviz::parse_method("BREW")).observe(300);
  n = 0;
  for (const auto& method : flowviz::enums::all<flowviz::Method>) {
    CHECK(h.with(method.value).value().sum == ++n);
    CHECK(h.with(method.value).value().buckets.at(static_cast<std::size_t>(n) - 1) == 1);
  }
  CHECK(says(samples_of(registry, "h"), "h_sum{method=\"_other\"} 300\n"));
}

TEST_CASE("the overflow of a histogram is how many observations were made under _other") {
  Registry registry;
  const Histogram h{registry, "h", "H.", Buckets{1}, flowviz::OpenLabel{"page", 1}};
  for (const std::string_view page : {"/a", "/b", "/c", "/b"}) h.with(page).observe(0.5);
  CHECK(samples_of(registry, "flowviz_metrics_label_overflow_total") ==
        "flowviz_metrics_label_overflow_total{metric=\"h\",label=\"page\"} 3\n");
}

TEST_CASE("a histogram whose registry is left out is on the page of the default one") {
  const Histogram h{"default_registry_duration_seconds", "H.", Buckets{1}};
  const Histogram labelled{"default_registry_traces_seconds", "H.", Buckets{1}, flowviz::MaxSeries{3},
                           Label<Direction>{"direction"}};
  h.observe(0.5);
  labelled.with(Direction::forward).observe(0.5);
  const std::string page = valid_page(flowviz::default_registry());
  CHECK(says(page, "\ndefault_registry_duration_seconds_count 1\n"));
  CHECK(says(page, "\ndefault_registry_traces_seconds_count{direction=\"forward\"} 1\n"));
}
