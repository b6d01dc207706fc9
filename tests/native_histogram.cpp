// SPDX-License-Identifier: MIT
#include <flowviz_metrics/native_histogram.hpp>

#include <doctest/doctest.h>

#include <algorithm>
#include <bit>
#include <chrono>
#include <cmath>
#include <cstdint>
#include <limits>
#include <map>
#include <numeric>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include <flowviz_metrics/describe.hpp>
#include <flowviz_metrics/testing.hpp>

#include "page.hpp"
#include "refusal.hpp"
#include "sample_enums.hpp"
#include "support/protobuf_page.hpp"
#include "support/text_validator.hpp"

using flowviz::NativeBuckets;
using flowviz::NativeHistogram;
using flowviz::NativeHistogramSeries;
using flowviz::NativeHistogramValue;
using flowviz::Registry;
using flowviz::cells::coarser_index;
using flowviz::cells::finest_bound;
using flowviz::cells::finest_index;

namespace {

constexpr double inf = std::numeric_limits<double>::infinity();
constexpr double tiny = std::numeric_limits<double>::denorm_min();
constexpr double huge = std::numeric_limits<double>::max();

/// 2^(i * 2^-schema) with more digits than a double has.
long double exact_bound(std::int32_t i, int schema) {
  return std::exp2(std::ldexp(static_cast<long double>(i), -schema));
}

std::int32_t index_of(double v, int schema) {
  return coarser_index(finest_index(v), static_cast<std::uint32_t>(8 - schema));
}

/// The counts by index, without the empty ones.
std::map<std::int32_t, std::uint64_t> by_index(const flowviz::NativeCounts& side) {
  std::map<std::int32_t, std::uint64_t> found;
  for (std::size_t i = 0; i < side.counts.size(); ++i) {
    if (side.counts[i] != 0) found[side.first + static_cast<std::int32_t>(i)] = side.counts[i];
  }
  return found;
}

/// What a native histogram has to hold after these values, computed one by one.
struct Expected {
  explicit Expected(int schema_, double zero_ = 0x1p-128) : schema(schema_), zero(zero_) {}
  void observe(double v) {
    ++count;
    if (std::abs(v) <= zero) {
      ++zero_count;
    } else {
      ++(v > 0 ? positive : negative)[index_of(std::abs(v), schema)];
    }
  }
  void check(const NativeHistogramValue& value) const {
    CHECK(value.schema == schema);
    CHECK(value.count == count);
    CHECK(value.zero_count == zero_count);
    CHECK(by_index(value.positive) == positive);
    CHECK(by_index(value.negative) == negative);
  }

  int schema;
  double zero;
  std::uint64_t count = 0, zero_count = 0;
  std::map<std::int32_t, std::uint64_t> positive, negative;
};

support::ProtobufFamily protobuf_of(const Registry& registry, const std::string& name) {
  for (support::ProtobufFamily& family :
       support::read_protobuf_families(flowviz::scrape(registry, support::protobuf_type).body)) {
    if (family.name == name) return std::move(family);
  }
  return {};
}

}  // namespace

static_assert(std::is_trivially_copyable_v<NativeHistogramSeries> && sizeof(NativeHistogramSeries) <= 32);
static_assert(noexcept(NativeHistogramSeries().observe(1)) && noexcept(NativeHistogramSeries().time()));

TEST_CASE("bounds of buckets are powers of 2^(2^-schema), rounded to the nearest double") {
  for (int schema = -4; schema <= 8; ++schema) {
    CAPTURE(schema);
    const NativeHistogramValue value{.schema = schema};
    for (std::int32_t i = -600; i <= 600; ++i) {
      const long double exact = exact_bound(i, schema);
      if (exact > huge || exact < std::numeric_limits<double>::min()) continue;
      CHECK(value.bound(i) == static_cast<double>(exact));
    }
  }
  CHECK(NativeHistogramValue{.schema = 0}.bound(1024) == inf);
  CHECK(NativeHistogramValue{.schema = 0}.bound(1023) == 0x1p1023);
  CHECK(NativeHistogramValue{.schema = 0}.bound(-1074) == tiny);
  CHECK(NativeHistogramValue{.schema = -4}.bound(64) == inf);
}

TEST_CASE("bounds of all buckets that there can be ascend, from no less than 0 to the largest number or beyond") {
  for (int schema = -4; schema <= 8; ++schema) {
    CAPTURE(schema);
    const NativeHistogramValue value{.schema = schema};
    const std::int32_t lowest = index_of(tiny, schema), highest = index_of(huge, schema);
    CHECK(value.bound(lowest - 1) == (schema <= 0 ? 0 : tiny));  // the nearest double
    CHECK(value.bound(highest) == inf);
    CHECK(value.bound(highest - 1) < huge);
    double below = 0;
    for (std::int32_t i = lowest - 1; i <= highest; ++i) {
      const double bound = value.bound(i);
      // Below the normal numbers some share the nearest double, and others are rounded twice.
      if (!(bound >= below) || (bound == below && bound >= std::numeric_limits<double>::min()))
        FAIL(i << ": " << bound);
      if (bound < inf && std::abs(bound - static_cast<double>(exact_bound(i, schema))) > tiny) FAIL(i << ": " << bound);
      below = bound;
    }
    // Beyond them, too.
    CHECK(value.bound(std::numeric_limits<std::int32_t>::min()) == 0);
    CHECK(value.bound(std::numeric_limits<std::int32_t>::max()) == inf);
  }
}

TEST_CASE("a value is in the bucket whose upper bound is the first that is not below it") {
  const auto check = [](double v) {
    CAPTURE(v);
    const std::int32_t i = finest_index(v);
    CHECK(v <= finest_bound(i));
    CHECK(v > finest_bound(i - 1));
  };
  // Each bound, and its neighbours.
  for (std::int32_t i = -300; i <= 300; ++i) {
    const double bound = finest_bound(i);
    CHECK(finest_index(bound) == i);
    CHECK(finest_index(std::nextafter(bound, inf)) == i + 1);
    CHECK(finest_index(std::nextafter(bound, 0)) == i);
  }
  std::mt19937_64 random(7);
  for (int n = 0; n < 100'000; ++n) {
    const auto v = std::bit_cast<double>(random() >> 1);  // of any size
    if (v > 0 && v <= huge) check(v);
  }
  // Below the normal numbers a bucket may be narrower than the next double.
  for (double v = tiny; v < 0x1p-1022; v *= 1.7 + tiny / v) CHECK(v <= finest_bound(finest_index(v)));
  check(huge);
  check(std::numeric_limits<double>::min());
  CHECK(index_of(tiny, 0) == -1074);
  CHECK(index_of(huge, 0) == 1024);
  CHECK(index_of(huge, -4) == 64);
  CHECK(index_of(1, 8) == 0);
  CHECK(index_of(1.5, 0) == 1);
  CHECK(index_of(2, 0) == 1);
}

TEST_CASE("a native histogram counts each value in its bucket, zero and values below it too") {
  Registry registry;
  const NativeHistogram drift{registry, "drift_celsius", "Drift.", NativeBuckets{.max_buckets = 1000}};
  CHECK(drift.value() == NativeHistogramValue{.schema = 3, .zero_threshold = 0x1p-128});
  Expected expected(3);
  double sum = 0;
  for (int i = -200; i <= 400; ++i) {
    drift.observe(0.125 * i);
    expected.observe(0.125 * i);
    sum += 0.125 * i;
  }
  expected.check(drift.value());
  CHECK(drift.value().sum == sum);
  CHECK(drift.value().zero_count == 1);
}

TEST_CASE("every schema has its buckets") {
  for (int schema = -4; schema <= 8; ++schema) {
    CAPTURE(schema);
    Registry registry;
    const NativeHistogram took{registry, "took_seconds", "Took.",
                               NativeBuckets{.schema = schema, .max_buckets = 65'536}};
    Expected expected(schema);
    std::mt19937_64 random(static_cast<std::uint64_t>(schema + 10));
    std::lognormal_distribution<double> values(0, 3);
    for (int i = 0; i < 2000; ++i) {
      const double v = values(random);
      took.observe(v);
      expected.observe(v);
    }
    expected.check(took.value());
  }
}

TEST_CASE("what is no further from zero than the threshold counts as zero") {
  Registry registry;
  const NativeHistogram some{registry, "some_celsius", "Some.", NativeBuckets{.zero_threshold = 0.5}};
  for (const double v : {0.0, -0.0, 0.5, -0.5, 0.25, tiny}) some.observe(v);
  some.observe(std::nextafter(0.5, 1));
  some.observe(-std::nextafter(0.5, 1));
  CHECK(some.value().zero_count == 6);
  CHECK(some.value().positive.counts == std::vector<std::uint64_t>{1});
  CHECK(some.value().negative.counts == std::vector<std::uint64_t>{1});

  const NativeHistogram none{registry, "none_celsius", "None.",
                             NativeBuckets{.schema = 0, .zero_threshold = 0, .max_buckets = 3000}};
  none.observe(0);
  none.observe(tiny);
  none.observe(huge);
  CHECK(none.value().zero_count == 1);
  CHECK(by_index(none.value().positive) == std::map<std::int32_t, std::uint64_t>{{-1074, 1}, {1024, 1}});
}

TEST_CASE("resolution goes down where there would be more buckets than there may be, and loses nothing") {
  Registry registry;
  const NativeHistogram took{registry, "took_seconds", "Took.", NativeBuckets{.schema = 3, .max_buckets = 16}};
  for (int i = 1; i <= 16; ++i) took.observe(finest_bound(i * 32));  // two powers of two
  NativeHistogramValue value = took.value();
  CHECK(value.schema == 3);
  CHECK(value.positive.counts == std::vector<std::uint64_t>(16, 1));

  took.observe(finest_bound(17 * 32));
  value = took.value();
  CHECK(value.schema == 2);
  CHECK(value.count == 17);
  CHECK(value.positive == flowviz::NativeCounts{1, {2, 2, 2, 2, 2, 2, 2, 2, 1}});

  took.observe(1e-30);
  took.observe(-1);
  value = took.value();
  CHECK(value.count == 19);
  CHECK(value.schema == -3);
  CHECK(value.positive.counts.size() <= 16);
  CHECK(value.negative.counts == std::vector<std::uint64_t>{1});
  const auto total = [](const flowviz::NativeCounts& side) {
    return std::accumulate(side.counts.begin(), side.counts.end(), std::uint64_t{0});
  };
  CHECK(total(value.positive) == 18);

  // The coarsest one holds every number there is.
  const NativeHistogram all{registry, "all_celsius", "All.", NativeBuckets{.zero_threshold = 0, .max_buckets = 10}};
  for (double v = tiny; v <= huge; v *= 3) all.observe(v);
  for (double v = tiny; v <= huge; v *= 3) all.observe(-v);
  value = all.value();
  CHECK(value.schema == -4);
  CHECK(total(value.positive) == total(value.negative));
  CHECK(total(value.positive) * 2 == value.count);
  CHECK(value.positive.counts.size() == 132);
}

TEST_CASE("what threads have observed is added up, in the coarsest of their schemas") {
  Registry registry;
  const NativeHistogram took{registry, "took_seconds", "Took.", NativeBuckets{.schema = 6, .max_buckets = 300}};
  constexpr int threads = 300;  // more than there are columns of one thread each
  constexpr int each = 2000;
  std::vector<std::thread> running;
  for (int t = 0; t < threads; ++t) {
    running.emplace_back([&, t] {
      std::mt19937_64 random(static_cast<std::uint64_t>(t));
      std::lognormal_distribution<double> values(t % 3, 0.5);
      for (int i = 0; i < each; ++i) took.observe(std::round(values(random) * 256) / 256);
    });
  }
  int last_schema = 6;
  std::uint64_t last_count = 0;
  for (int i = 0; i < 200; ++i) {
    const NativeHistogramValue now = took.value();
    CHECK(now.schema <= last_schema);
    CHECK(now.count >= last_count);
    last_schema = now.schema;
    last_count = now.count;
  }
  for (std::thread& thread : running) thread.join();

  const NativeHistogramValue value = took.value();
  Expected expected(value.schema);
  double sum = 0;
  for (int t = 0; t < threads; ++t) {
    std::mt19937_64 random(static_cast<std::uint64_t>(t));
    std::lognormal_distribution<double> values(t % 3, 0.5);
    for (int i = 0; i < each; ++i) {
      const double v = std::round(values(random) * 256) / 256;
      expected.observe(v);
      sum += v;
    }
  }
  expected.check(value);
  CHECK(value.sum == sum);
  CHECK(value.positive.counts.size() <= 300);
  CHECK(value.positive.counts.size() > 150);  // or a schema less would have done
}

TEST_CASE("text shows count and sum of a native histogram, and its classic buckets if it has some") {
  Registry registry;
  const NativeHistogram plain{registry, "plain_seconds", "Plain.", NativeBuckets{}};
  const NativeHistogram both{registry, "both_seconds", "Both.", NativeBuckets{.classic = flowviz::Buckets{0.5, 1}}};
  for (const double v : {0.25, 0.5, 0.75, 8.0, -1.0, 0.0}) {
    plain.observe(v);
    both.observe(v);
  }
  CHECK(family_on(valid_page(registry), "plain_seconds") ==
        "# HELP plain_seconds Plain.\n"
        "# TYPE plain_seconds histogram\n"
        "plain_seconds_bucket{le=\"+Inf\"} 6\n"
        "plain_seconds_sum 8.5\n"
        "plain_seconds_count 6\n");
  CHECK(samples_of(registry, "both_seconds") ==
        "both_seconds_bucket{le=\"0.5\"} 4\n"
        "both_seconds_bucket{le=\"1\"} 5\n"
        "both_seconds_bucket{le=\"+Inf\"} 6\n"
        "both_seconds_sum 8.5\n"
        "both_seconds_count 6\n");
  CHECK(both.value() == plain.value());
}

TEST_CASE(
    "OpenMetrics shows no sum of a native histogram that a value below zero is in, be it one that counts as zero") {
  Registry registry;
  const NativeHistogram plain{registry, "plain_celsius", "P.", NativeBuckets{}};
  const NativeHistogram zero{registry, "zero_celsius", "Z.", NativeBuckets{.zero_threshold = 1}};
  const NativeHistogram classic{registry, "classic_celsius", "C.", NativeBuckets{.classic = flowviz::Buckets{1, 2}}};
  struct Shown {
    const NativeHistogram<>& histogram;
    std::string name;
    double below_zero;
  };
  for (const Shown& one :
       {Shown{plain, "plain_celsius", -2}, Shown{zero, "zero_celsius", -0.5}, Shown{classic, "classic_celsius", -2}}) {
    CAPTURE(one.name);
    const std::string sum = "\n" + one.name + "_sum ";
    one.histogram.observe(10);
    CHECK(says(open_metrics_of(registry), sum));
    one.histogram.observe(one.below_zero);
    CHECK(says(valid_page(registry), sum));
    CHECK(!says(open_metrics_of(registry), sum));
  }
}

TEST_CASE("protobuf shows native buckets, and says of an empty one that it is native") {
  Registry registry;
  const NativeHistogram took{registry, "took_seconds", "Took.", NativeBuckets{.classic = flowviz::Buckets{1}},
                             flowviz::Label<sample::Direction>{"direction"}};
  const NativeHistogram zero{registry, "zero_seconds", "Zero.", NativeBuckets{.zero_threshold = 0}};
  Expected expected(3);
  for (int i = -40; i < 100; ++i) {
    took.with(sample::Direction::forward).observe(0.5 * i);
    expected.observe(0.5 * i);
  }
  const auto family = protobuf_of(registry, "took_seconds");
  REQUIRE(family.natives.size() == 2);
  const auto& forward = family.natives[0];
  CHECK(forward.labels == support::LabelPairs{{"direction", "forward"}});
  CHECK(forward.schema == 3);
  CHECK(forward.zero_threshold == 0x1p-128);
  CHECK(forward.zero_count == 1);
  CHECK(forward.positive == expected.positive);
  CHECK(forward.negative == expected.negative);
  CHECK(family.natives[1].count == 0);
  CHECK(protobuf_of(registry, "zero_seconds").natives.size() == 1);
  // All formats agree.
  const auto all = support::sorted_samples(support::parse_samples(valid_page(registry)));
  CHECK(support::sorted_samples(support::read_protobuf(flowviz::scrape(registry, support::protobuf_type).body)) == all);
}

TEST_CASE("exemplars are those of classic buckets, or the last one of the series") {
  Registry registry;
  const NativeHistogram plain{registry, "plain_seconds", "Plain.", NativeBuckets{}};
  const NativeHistogram both{registry, "both_seconds", "Both.", NativeBuckets{.classic = flowviz::Buckets{1}}};
  for (const double v : {0.5, 7.0}) {
    for (const auto* metric : {&plain, &both}) metric->observe(v, {{"trace_id", v < 1 ? "low" : "high"}});
  }
  const auto exemplars = [&](const std::string& name) {
    std::vector<std::pair<std::string, double>> found;
    for (const support::Sample& sample : protobuf_of(registry, name).samples) {
      if (sample.exemplar) found.emplace_back(sample.exemplar->labels.at(0).second, sample.exemplar->value);
    }
    return found;
  };
  using Found = std::vector<std::pair<std::string, double>>;
  CHECK(exemplars("plain_seconds") == Found{{"high", 7}});
  CHECK(exemplars("both_seconds") == Found{{"low", 0.5}, {"high", 7}});
  const std::string page = flowviz::scrape(registry, "application/openmetrics-text;version=1.0.0").body;
  CHECK(page.find("plain_seconds_bucket{le=\"+Inf\"} 2 # {trace_id=\"high\"} 7.0 ") != std::string::npos);
  CHECK(page.find("both_seconds_bucket{le=\"1.0\"} 1 # {trace_id=\"low\"} 0.5 ") != std::string::npos);
}

TEST_CASE("a native histogram refuses what no sum recovers from") {
  Registry registry;
  const NativeHistogram took{registry, "took_seconds", "Took.", NativeBuckets{.classic = flowviz::Buckets{1}}};
  for (const double v : {inf, -inf, std::numeric_limits<double>::quiet_NaN()}) {
    took.observe(v);
    took.observe(v, {{"trace_id", "a"}});
  }
  CHECK(took.value().count == 0);
  CHECK(took.value().sum == 0);
}

TEST_CASE("a native histogram times scopes, and takes durations") {
  Registry registry;
  const NativeHistogram took{registry, "took_seconds", "Took.", NativeBuckets{}};
  took.observe(std::chrono::milliseconds(250));
  {
    const auto timing = took.time();
  }
  const NativeHistogramValue value = took.value();
  CHECK(value.count == 2);
  CHECK(value.positive.counts.back() == 1);
  CHECK(value.bound(value.positive.first + static_cast<std::int32_t>(value.positive.counts.size()) - 1) == 0.25);
}

TEST_CASE("what was observed between two readings is in the buckets of the later one") {
  Registry registry;
  const NativeHistogram took{registry, "took_seconds", "Took.", NativeBuckets{.max_buckets = 16}};
  for (const double v : {1.0, 2.0, 0.0, -1.0}) took.observe(v);
  const flowviz::testing::Delta delta{took};
  took.observe(4);
  NativeHistogramValue since = delta.value();
  CHECK(since.count == 1);
  CHECK(since.sum == 4);
  CHECK(since.schema == 2);
  CHECK(by_index(since.positive) == std::map<std::int32_t, std::uint64_t>{{index_of(4, 2), 1}});
  for (const double v : {1e6, -2.0, 0.0}) took.observe(v);
  since = delta.value();
  CHECK(since.count == 4);
  CHECK(since.zero_count == 1);
  CHECK(since.schema == -1);
  CHECK(by_index(since.positive) ==
        std::map<std::int32_t, std::uint64_t>{{index_of(4, -1), 1}, {index_of(1e6, -1), 1}});
  CHECK(by_index(since.negative) == std::map<std::int32_t, std::uint64_t>{{index_of(2, -1), 1}});
}

TEST_CASE("a removed native histogram comes back with all it has counted") {
  Registry registry;
  const NativeHistogram took{registry, "took_seconds", "Took.", NativeBuckets{}, flowviz::OpenLabel{"zone", 4}};
  took.with("a").observe(1);
  CHECK(took.remove("a"));
  CHECK_FALSE(took.remove("a"));
  CHECK(samples_of(registry, "took_seconds") == "");
  took.with("a").observe(-3);
  CHECK(took.with("a").value().count == 2);
  CHECK(samples_of(registry, "took_seconds").find("took_seconds_count{zone=\"a\"} 2\n") != std::string::npos);
  for (const char* zone : {"b", "c", "d", "e", "f"}) took.with(zone).observe(1);
  CHECK(samples_of(registry, "flowviz_metrics_label_overflow_total") ==
        "flowviz_metrics_label_overflow_total{metric=\"took_seconds\",label=\"zone\"} 2\n");
}

TEST_CASE("a native histogram that takes the place of one that has ended begins anew") {
  using namespace std::chrono_literals;
  flowviz::testing::FakeClock clock;
  Registry registry;
  const NativeHistogram took{registry, "took_seconds", "Took.", NativeBuckets{.max_buckets = 16},
                             flowviz::OpenLabel{"client", 1}.expires_after(1s)};
  for (int round = 0; round < 20; ++round) {
    CAPTURE(round);
    const std::string client = "client-" + std::to_string(round);
    {
      const auto held = took.with(client);
      held.observe(2);
      CHECK(held.value().schema == 3);  // not that of the one before
      for (const double v : {1e-9, 1e9}) held.observe(v, {{"trace_id", "a"}});
      held.observe(0);
      CHECK(held.value().count == 4);
      CHECK(held.value().schema < 0);
    }
    for (int i = 0; i < 8; ++i) {
      clock.advance(2s);
      page_of(registry);
    }
  }
}

TEST_CASE("settings that no native histogram has are refused") {
  const auto refused = [](const NativeBuckets& buckets) {
    Registry registry;
    return refusal([&] { const NativeHistogram bad(registry, "took_seconds", "Took.", buckets); });
  };
  CHECK(refused({.schema = 9}) == "'took_seconds': the schema of a native histogram is -4 to 8");
  CHECK(refused({.schema = -5}) == "'took_seconds': the schema of a native histogram is -4 to 8");
  CHECK(refused({.schema = std::numeric_limits<int>::min() + 1}) ==
        "'took_seconds': the schema of a native histogram is -4 to 8");
  for (const double threshold : {-1.0, inf, std::numeric_limits<double>::quiet_NaN()}) {
    CHECK(refused({.zero_threshold = threshold}) ==
          "'took_seconds': the zero threshold of a native histogram is finite and not negative");
  }
  for (const std::uint32_t buckets : {0u, 9u, 65'537u}) {
    CHECK(refused({.max_buckets = buckets}) == "'took_seconds': a native histogram has at most 10 to 65,536 buckets");
  }
  for (const int schema : {-4, 8}) CHECK(refused({.schema = schema, .max_buckets = 10}) == "");
}

TEST_CASE("two native histograms of a name are the same, or there is none") {
  Registry registry;
  const NativeHistogram first{registry, "took_seconds", "Took.", NativeBuckets{}};
  const NativeHistogram second{registry, "took_seconds", "Took.", NativeBuckets{}};
  first.observe(1);
  CHECK(second.value().count == 1);
  CHECK(refusal([&] {
          const NativeHistogram other(registry, "took_seconds", "Took.", NativeBuckets{.schema = 4});
        }).find("other native buckets") != std::string::npos);
}

TEST_CASE("a native histogram is described as a histogram") {
  Registry registry;
  const NativeHistogram took{registry, "took_seconds", "Took.", NativeBuckets{.classic = flowviz::Buckets{1, 2}}};
  const auto metrics = flowviz::describe(registry);
  const auto found =
      std::find_if(metrics.begin(), metrics.end(), [](const auto& m) { return m.name == "took_seconds"; });
  REQUIRE(found != metrics.end());
  CHECK(found->type == "histogram");
  CHECK(found->bounds == std::vector<double>{1, 2});
  CHECK(found->max_samples() == 5);
}
