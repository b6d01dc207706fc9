// SPDX-License-Identifier: MIT
#include <flowviz_metrics/encode/protobuf.hpp>

#include <doctest/doctest.h>

#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "support/protobuf_page.hpp"

using flowviz::encode::Escaping;
using flowviz::encode::PageType;
using flowviz::encode::ProtobufEncoder;

namespace {

template <class Write>
std::string page(Write write, Escaping escaping = Escaping::underscores) {
  std::string bytes;
  ProtobufEncoder encoder(bytes, escaping);
  write(encoder);
  encoder.finish();
  return bytes;
}

std::string hex(std::string_view bytes) {
  std::string text;
  for (const char c : bytes) {
    text += "0123456789abcdef"[static_cast<unsigned char>(c) >> 4];
    text += "0123456789abcdef"[static_cast<unsigned char>(c) & 15];
  }
  return text;
}

}  // namespace

TEST_CASE("a counter in bytes, worked out by hand from metrics.proto") {
  // family { name: "a_total" help: "A." type: COUNTER metric { label { name: "x" value: "1" } counter { value: 3 } } }
  CHECK(hex(page([](ProtobufEncoder& to) {
          to.family("a_total", "A.", PageType::counter);
          to.sample(std::string_view("x=\"1\""), std::uint64_t{3});
        })) ==
        "24"                  // the message's length: 36
        "0a07615f746f74616c"  // 1: a_total
        "1202412e"            // 2: A.
        "1800"                // 3: COUNTER
        "2213"
        "0a060a017812013"
        "1"
        "1a09"
        "090000000000000840");  // 4: label x=1, counter 3.0
}

TEST_CASE("a histogram has cumulated buckets, +Inf among them") {
  const std::string bytes = page([](ProtobufEncoder& to) {
    to.family("h_seconds", "H.", PageType::histogram, std::vector<double>{-1, 0.5});
    to.histogram(std::string_view("x=\"1\""), {std::vector<std::uint64_t>{2, 0, 5}, -3.5});
  });
  const auto families = support::read_protobuf_families(bytes);
  REQUIRE(families.size() == 1);
  CHECK(families[0].type == "histogram");
  CHECK(families[0].unit == "seconds");
  CHECK(families[0].help == "H.");
  CHECK(support::sorted_samples(families[0].samples) ==
        std::vector<std::string>{"h_seconds_bucket{le=+Inf,x=1,} 7", "h_seconds_bucket{le=-1,x=1,} 2",
                                 "h_seconds_bucket{le=0.5,x=1,} 2", "h_seconds_count{x=1,} 7",
                                 "h_seconds_sum{x=1,} -3.5"});
}

TEST_CASE("native buckets are spans, and deltas from bucket to bucket") {
  flowviz::NativeHistogramValue value{.count = 18, .sum = 2, .schema = -1, .zero_threshold = 0.5, .zero_count = 1};
  value.positive = {-2, {3, 5, 0, 0, 1, 0, 3, 2}};
  value.negative = {300, {3}};
  const std::string bytes = page([&](ProtobufEncoder& to) {
    to.family("h", "", PageType::histogram);
    to.histogram(std::string_view(), {.buckets = std::vector<std::uint64_t>{18}, .sum = value.sum, .native = &value});
  });
  using namespace std::string_view_literals;
  CHECK(bytes ==
        "\x46\x0a\x01h\x12\x00\x18\x04\x22\x3d\x3a\x3b"
        "\x08\x12"                                  // count 18
        "\x11\x00\x00\x00\x00\x00\x00\x00\x40"      // sum 2
        "\x28\x01"                                  // schema -1
        "\x31\x00\x00\x00\x00\x00\x00\xe0\x3f"      // zero threshold 0.5
        "\x38\x01"                                  // zero count 1
        "\x4a\x05\x08\xd8\x04\x10\x01\x52\x01\x06"  // negative: span [300,1], delta 3
        "\x62\x04\x08\x03\x10\x02"                  // positive: span [-2,2]
        "\x62\x04\x08\x04\x10\x01"                  // [2,1]
        "\x62\x04\x08\x02\x10\x02"                  // [1,2]
        "\x6a\x05\x06\x04\x07\x04\x01"sv);          // deltas 3 2 -4 2 -1
  const auto families = support::read_protobuf_families(bytes);
  REQUIRE(families.at(0).natives.size() == 1);
  using Buckets = std::map<std::int32_t, std::uint64_t>;
  CHECK(families[0].natives[0].positive == Buckets{{-2, 3}, {-1, 5}, {2, 1}, {4, 3}, {5, 2}});
  CHECK(families[0].natives[0].negative == Buckets{{300, 3}});
}

TEST_CASE("a series says when it began in field 3 of a counter and 15 of a histogram") {
  const std::string bytes = hex(page([&](ProtobufEncoder& to) {
    to.family("a_total", "", PageType::counter);
    to.sample(std::string_view(), 1.0, {nullptr, 2'000'000'000'000});
    to.family("h", "", PageType::histogram);
    to.histogram(std::string_view(), {.buckets = std::vector<std::uint64_t>{1}, .created = 2'000'000'000'001});
  }));
  CHECK(bytes.find("1a08"
                   "0880a8d6b9071000") != std::string::npos);  // 2,000,000,000 s, 0 ns
  CHECK(bytes.find("7a0a"
                   "0880a8d6b90710c0843d") != std::string::npos);  // 2,000,000,000 s, 1,000,000 ns
}

TEST_CASE("label texts lose their escapes, and empty ones are left out") {
  const auto samples = support::read_protobuf(page([](ProtobufEncoder& to) {
    to.family("g", "G.", PageType::gauge);
    to.sample(std::string_view(R"(a="\\\"\n,=}",b="",c="x")"), 1.5);
    to.family("i_info", "I.", PageType::info);
    to.sample(std::string_view(), 1.0);
  }));
  REQUIRE(samples.size() == 2);
  CHECK(samples[0].labels == support::LabelPairs{{"a", "\\\"\n,=}"}, {"c", "x"}});
  CHECK(samples[0].value == 1.5);
  CHECK(samples[1].labels.empty());
}

TEST_CASE("families are messages of their own, those without samples too") {
  const auto families = support::read_protobuf_families(page([](ProtobufEncoder& to) {
    to.family("a", "A.", PageType::gauge);
    to.family("b_bytes", "B.", PageType::gauge);
    to.sample(std::string_view(), 1.0);
  }));
  REQUIRE(families.size() == 2);
  CHECK(families[0].samples.empty());
  CHECK(families[0].unit == "");
  CHECK(families[1].unit == "bytes");
}

TEST_CASE("a family has the unit that its name ends in, behind which only a counter has _total") {
  const auto families = support::read_protobuf_families(page([](ProtobufEncoder& to) {
    to.family("a_seconds_total", "A.", PageType::counter);
    to.family("b_seconds", "A counter by a name that has to stay.", PageType::counter);
    to.family("c_seconds_total", "A gauge by such a name.", PageType::gauge);
    to.family("d_seconds", "A state set.", PageType::state_set);
    to.family("e_seconds", "An info by such a name.", PageType::info);
  }));
  std::string units;
  for (const support::ProtobufFamily& family : families) units += family.name + "=" + family.unit + " ";
  CHECK(units == "a_seconds_total=seconds b_seconds=seconds c_seconds_total= d_seconds= e_seconds= ");
}

TEST_CASE("names that are not of the classic alphabet are escaped as the reader asks, or stand as they are") {
  struct Row {
    Escaping escaping;
    std::string name, label, odd_label;
  };
  for (const Row& row :
       std::vector<Row>{{Escaping::underscores, "http_requests_total", "http_route", "a_b_"},
                        {Escaping::dots, "http_dot_requests__total", "http_dot_route", "a__b__"},
                        {Escaping::values, "U__http_2e_requests__total", "U__http_2e_route", "U__a_22_b_5c_"},
                        {Escaping::allow_utf8, "http.requests_total", "http.route", "a\"b\\"}}) {
    CAPTURE(row.name);
    const auto families = support::read_protobuf_families(page(
        [](ProtobufEncoder& to) {
          to.family("http.requests_total", "R.", PageType::counter);
          to.sample(std::string_view("method=\"GET\",\"http.route\"=\"/\\\"\",\"a\\\"b\\\\\"=\"x\""), std::uint64_t{4});
        },
        row.escaping));
    REQUIRE(families.size() == 1);
    CHECK(families[0].name == row.name);
    REQUIRE(families[0].samples.size() == 1);
    support::LabelPairs labels{{"method", "GET"}, {row.label, "/\""}, {row.odd_label, "x"}};
    std::sort(labels.begin(), labels.end());
    CHECK(families[0].samples[0].labels == labels);
  }
}
