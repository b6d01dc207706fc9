// SPDX-License-Identifier: MIT
#include <flowviz_metrics/encode/protobuf.hpp>

#include <doctest/doctest.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "support/protobuf_page.hpp"

using flowviz::encode::PageType;
using flowviz::encode::ProtobufEncoder;

namespace {

template <class Write>
std::string page(Write write) {
  std::string bytes;
  ProtobufEncoder encoder(bytes);
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
    to.histogram(std::string_view("x=\"1\""), std::vector<std::uint64_t>{2, 0, 5}, -3.5);
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
