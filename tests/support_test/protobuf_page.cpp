// SPDX-License-Identifier: MIT
// The reader of protobuf that pages are held against: it refuses what is cut off.

#include "support/protobuf_page.hpp"

#include <doctest/doctest.h>

#include <cstddef>
#include <cstdint>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include <flowviz_metrics/encode/protobuf.hpp>

TEST_CASE("of a page that is cut off anywhere, the reader says so") {
  std::string good;
  flowviz::encode::ProtobufEncoder encoder(good);
  encoder.family("h", "H.", flowviz::encode::PageType::histogram, std::vector<double>{1});
  encoder.histogram(std::string_view("x=\"1\""), {std::vector<std::uint64_t>{1, 1}, 1});
  encoder.finish();
  CHECK_NOTHROW(support::read_protobuf(good));
  for (std::size_t size = 1; size < good.size(); ++size) {
    CAPTURE(size);
    CHECK_THROWS_AS(support::read_protobuf(good.substr(0, size)), std::runtime_error);
  }
}

TEST_CASE("a family that is none does not hide those behind it") {
  std::string page = "\x02\x30\x01";
  flowviz::encode::ProtobufEncoder encoder(page);
  encoder.family("g", "G.", flowviz::encode::PageType::gauge);
  encoder.sample(std::string_view(), 1.5);
  encoder.finish();
  std::vector<support::Violation> violations;
  const auto families = support::read_protobuf_families(page, violations);
  REQUIRE(violations.size() == 1);
  CHECK(violations[0].rule == "unknown_field");
  CHECK(violations[0].line == 1);
  REQUIRE(families.size() == 1);
  CHECK(families[0].place == 2);
  CHECK(support::sorted_samples(families[0].samples) == std::vector<std::string>{"g{} 1.5"});
}
