// SPDX-License-Identifier: MIT
// Pages in every format while histograms are written to: each is valid, its counts are those of its buckets, classic and native,
// and its sums hold nothing that these lack. Observations are multiples of 0.25, of which doubles add up exactly.

#include <flowviz_metrics/flowviz_metrics.hpp>

#include <array>
#include <atomic>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <limits>
#include <map>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include <doctest/doctest.h>

#include "concurrency/threads.hpp"
#include "support/open_metrics_validator.hpp"
#include "support/protobuf_page.hpp"
#include "support/protobuf_validator.hpp"
#include "support/text_validator.hpp"

namespace {

constexpr std::size_t writers = 3, readers = 4;

/// How often each reader asks for each format.
std::size_t rounds() {
  const char* full = std::getenv("FLOWVIZ_FULL");
  return concurrency::scaled(full != nullptr && std::string_view(full) == "1" ? 2'000 : 200);
}

struct Format {
  const char* accept;
  std::vector<support::Violation> (*validate)(std::string_view page);
  std::vector<support::Sample> (*read)(std::string_view page);
};
const std::array<Format, 4> formats{{
    {"", [](std::string_view page) { return support::validate_text(page); }, support::parse_samples},
    {"text/plain;version=1.0.0", [](std::string_view page) { return support::validate_text(page); },
     support::parse_samples},
    {"application/openmetrics-text;version=1.0.0",
     [](std::string_view page) { return support::validate_open_metrics(page); }, support::parse_samples},
    {support::protobuf_type, [](std::string_view page) { return support::validate_protobuf(page); },
     support::read_protobuf},
}};

// What is observed in turn by each writer lies on bounds of buckets, so that buckets say exactly what the sum of theirs is: 0.25
// to 4 in steps of 0.25, and 0.25 to 16 in powers of two.
constexpr std::uint64_t steps = 16, powers = 7;
double step(std::uint64_t turn) { return 0.25 * static_cast<double>(turn % steps + 1); }
double power(std::uint64_t turn) { return std::ldexp(0.25, static_cast<int>(turn % powers)); }

/// Writers of all that has sums, from construction to stop().
class Traffic {
 public:
  Traffic() {
    for (std::size_t i = 0; i < writers; ++i) {
      threads_.emplace_back([this, i] {
        for (; !over_; ++turns_[i]) observe(turns_[i]);
      });
    }
  }
  ~Traffic() { stop(); }
  Traffic(const Traffic&) = delete;
  Traffic& operator=(const Traffic&) = delete;

  void stop() {
    over_ = true;
    for (std::thread& thread : threads_) thread.join();
    threads_.clear();
  }

  /// The values that have been observed, each as often as it was; known once the traffic has stopped.
  [[nodiscard]] std::map<double, std::uint64_t> observed(double (*value)(std::uint64_t turn)) const {
    std::map<double, std::uint64_t> times;
    for (const std::uint64_t turns : turns_) {
      constexpr std::uint64_t period = steps * powers;
      for (std::uint64_t turn = 0; turn < period; ++turn) {
        times[value(turn)] += turns / period + (turn < turns % period ? 1 : 0);
      }
    }
    return times;
  }

  flowviz::Registry registry;
  flowviz::DoubleCounter<> spent{registry, "spent_seconds_total", "Spent."};
  flowviz::Histogram<> classic{registry, "classic_seconds", "Classic.", flowviz::Buckets::linear(0.25, 0.25, steps)};
  flowviz::NativeHistogram<> native{registry, "native_seconds", "Native.", flowviz::NativeBuckets{}};
  // Whose resolution goes down while it is written to, and which has classic buckets beside its own.
  flowviz::NativeHistogram<> coarse{registry, "coarse_seconds", "Coarse.",
                                    flowviz::NativeBuckets{.max_buckets = 10, .classic = flowviz::Buckets{1, 8}}};

 private:
  void observe(std::uint64_t turn) {
    spent.inc(step(turn));
    if (turn % 5 == 0) {
      classic.observe(step(turn), {{"trace_id", "a"}});
      native.observe(power(turn), {{"trace_id", "b"}});
      coarse.observe(power(turn), {{"trace_id", "c"}});
    } else {
      classic.observe(step(turn));
      native.observe(power(turn));
      coarse.observe(power(turn));
    }
  }

  std::atomic<bool> over_{false};
  std::array<std::uint64_t, writers> turns_{};  // each its writer's, until it has been joined
  std::vector<std::thread> threads_;
};

/// What the buckets of a histogram could hold at most, from the samples of a page: each observation as its bucket's bound.
double most(const std::vector<support::Sample>& samples, const std::string& name) {
  double all = 0, below = 0;
  for (const support::Sample& sample : samples) {
    if (sample.name != name + "_bucket") continue;
    const double bound = support::parse_number(*sample.label("le")).value_or(0);
    all += (sample.value - below) * (std::isinf(bound) ? power(powers - 1) : bound);
    below = sample.value;
  }
  return all;
}

double most(const support::ProtobufNative& native) {
  double all = 0;
  for (const auto& [index, count] : native.positive) {
    all += static_cast<double>(count) * std::exp2(std::ldexp(static_cast<double>(index), -native.schema));
  }
  return all;
}

struct Seen {
  double sum = 0, count = 0;
};

/// What is wrong with a page, or nothing. `before` has what the reader has seen of each histogram last.
std::string fault(const std::string& page, const Format& format, std::map<std::string, Seen>& before) {
  const auto violations = format.validate(page);
  if (!violations.empty()) return violations[0].rule + ": " + violations[0].detail;
  const auto samples = format.read(page);
  for (const char* name : {"classic_seconds", "native_seconds", "coarse_seconds"}) {
    const double sum = support::value_of(samples, std::string(name) + "_sum");
    const double count = support::value_of(samples, std::string(name) + "_count");
    if (sum * 4 != std::floor(sum * 4)) return std::string(name) + "_sum is no multiple of 0.25";
    if (sum > count * power(powers - 1)) return std::string(name) + "_sum holds more than is counted";
    if (sum < before[name].sum || count < before[name].count) return std::string(name) + " went back";
    before[name] = {sum, count};
  }
  // Classic buckets beside native ones, too. What these alone have by then stands in +Inf.
  for (const std::string name : {"classic_seconds", "coarse_seconds"}) {
    if (support::value_of(samples, name + "_sum") > most(samples, name)) {
      return name + "_sum holds what no bucket has";
    }
  }
  if (format.accept != support::protobuf_type) return {};
  for (const support::ProtobufFamily& family : support::read_protobuf_families(page)) {
    for (const support::ProtobufNative& native : family.natives) {
      if (support::value_of(samples, family.name + "_sum") > most(native)) {
        return family.name + "_sum holds what no native bucket has";
      }
    }
  }
  return {};
}

}  // namespace

TEST_CASE(
    "pages in all formats are valid and agree with themselves while histograms are written to, and are exact when "
    "quiet") {
  Traffic traffic;
  std::array<std::string, readers> faults;
  concurrency::run_together(readers, [&](std::size_t i) {
    std::map<std::string, Seen> before;
    for (std::size_t n = 0; n < rounds() && faults[i].empty(); ++n) {
      for (const Format& format : formats) {
        const std::string page = flowviz::scrape(traffic.registry, format.accept).body;
        faults[i] = fault(page, format, before);
        if (faults[i].empty()) continue;
        faults[i] += "\n" + page;
        break;
      }
    }
  });
  for (const std::string& one : faults) CHECK(one == "");

  traffic.stop();
  const auto observed = traffic.observed(step), on_native = traffic.observed(power);
  std::map<double, double> up_to;
  double sum = 0, native_sum = 0, count = 0;
  for (const auto& [value, times] : observed) {
    sum += value * static_cast<double>(times);
    count += static_cast<double>(times);
    up_to[value] = count;
  }
  REQUIRE(count > 0);
  up_to[std::numeric_limits<double>::infinity()] = count;
  std::map<int, std::map<std::int32_t, std::uint64_t>> by_index;  // and schema
  for (const auto& [value, times] : on_native) {
    native_sum += value * static_cast<double>(times);
    for (const int schema : {0, 3}) by_index[schema][std::ilogb(value) * (1 << schema)] = times;
  }
  for (const Format& format : formats) {
    const std::string page = flowviz::scrape(traffic.registry, format.accept).body;
    CHECK(format.validate(page).empty());
    const auto samples = format.read(page);
    CHECK(support::value_of(samples, "spent_seconds_total") == sum);
    CHECK(support::value_of(samples, "classic_seconds_sum") == sum);
    for (const char* name : {"native_seconds", "coarse_seconds"}) {
      CHECK(support::value_of(samples, std::string(name) + "_sum") == native_sum);
      CHECK(support::value_of(samples, std::string(name) + "_count") == count);
    }
    for (const support::Sample& sample : samples) {
      if (sample.name != "classic_seconds_bucket") continue;
      CHECK(sample.value == up_to.at(*support::parse_number(*sample.label("le"))));
    }
  }
  std::size_t natives = 0;
  for (const support::ProtobufFamily& family :
       support::read_protobuf_families(flowviz::scrape(traffic.registry, support::protobuf_type).body)) {
    for (const support::ProtobufNative& native : family.natives) {
      CHECK(native.schema == (family.name == "native_seconds" ? 3 : 0));
      CHECK(native.positive == by_index[native.schema]);
      CHECK(native.negative.empty());
      ++natives;
    }
  }
  CHECK(natives == 2);
}
