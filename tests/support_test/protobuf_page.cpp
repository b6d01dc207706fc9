// SPDX-License-Identifier: MIT
// The reader of protobuf that pages are held against: it refuses what is broken.

#include "support/protobuf_page.hpp"

#include <doctest/doctest.h>

#include <cstddef>
#include <cstdint>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include <flowviz_metrics/encode/protobuf.hpp>

namespace {

/// A histogram as the encoder writes it.
std::string good_page() {
  std::string bytes;
  flowviz::encode::ProtobufEncoder encoder(bytes);
  encoder.family("h", "H.", flowviz::encode::PageType::histogram, std::vector<double>{1});
  encoder.histogram(std::string_view("x=\"1\""), {std::vector<std::uint64_t>{1, 1}, 1});
  encoder.finish();
  return bytes;
}

}  // namespace

TEST_CASE("the reader that the pages are held against refuses what is broken") {
  const std::string good = good_page();
  CHECK_NOTHROW(support::read_protobuf(good));
  // Each byte in turn is cut off with all behind it; only the whole is whole.
  for (std::size_t size = 1; size < good.size(); ++size) {
    CAPTURE(size);
    CHECK_THROWS_AS(support::read_protobuf(good.substr(0, size)), std::runtime_error);
  }
  CHECK_THROWS_AS(support::read_protobuf(good + good), std::runtime_error);  // the family twice
  for (std::string_view broken : {"\x02\x30\x01", "\x02\x0a\x05", "\x03\x18\x00\x18", "\x04\x0a\x01\x61\x18\x09"}) {
    CHECK_THROWS_AS(support::read_protobuf(broken), std::runtime_error);
  }
}
