// SPDX-License-Identifier: MIT
#include <flowviz_metrics/cells/hash.hpp>

#include <doctest/doctest.h>

#include <cstddef>
#include <cstdint>
#include <set>
#include <string>
#include <vector>

using flowviz::cells::hash_text;
using flowviz::cells::same_text;

namespace {

/// A copy in memory that ends where the text ends, so that a sanitizer sees any byte read beyond it.
struct Exact {
  explicit Exact(const std::string& text) : bytes(text.begin(), text.end()) { bytes.shrink_to_fit(); }
  std::vector<char> bytes;
};

bool same(const std::string& a, const std::string& b) {
  const Exact x(a), y(b);
  return same_text(x.bytes.data(), y.bytes.data(), x.bytes.size());
}
std::uint64_t hash(const std::string& text) {
  const Exact exact(text);
  return hash_text(exact.bytes.data(), exact.bytes.size());
}

}  // namespace

TEST_CASE("texts are the same if every byte is") {
  for (std::size_t length = 0; length <= 70; ++length) {
    const std::string text(length, 'x');
    CHECK(same(text, text));
    for (std::size_t at = 0; at < length; ++at) {
      for (const char c : {'y', '\0', '\xff', static_cast<char>('x' ^ 0x80)}) {
        std::string other = text;
        other[at] = c;
        CHECK(!same(text, other));
      }
    }
  }
}

TEST_CASE("equal texts have one hash wherever they lie") {
  for (std::size_t length = 0; length <= 70; ++length) {
    const std::string text(length, 'x');
    const std::string shifted = "___" + text;
    CHECK(hash(text) == hash_text(shifted.data() + 3, length));
  }
}

TEST_CASE("texts that differ in a byte or in length have different hashes") {
  std::set<std::uint64_t> hashes;
  std::size_t texts = 0;
  const auto add = [&](const std::string& text) {
    hashes.insert(hash(text));
    ++texts;
  };
  for (std::size_t length = 0; length <= 40; ++length) {
    add(std::string(length, '\0'));
    for (std::size_t at = 0; at < length; ++at) {
      for (int c = 1; c < 256; ++c) {
        std::string text(length, '\0');
        text[at] = static_cast<char>(c);
        add(text);
      }
    }
  }
  CHECK(hashes.size() == texts);
}

TEST_CASE("the low bits of the hashes of texts that are alike are spread") {
  // A table of 2,048 places, half full at most: nowhere does a probe get long.
  std::vector<std::size_t> places(2048);
  for (int i = 0; i < 1024; ++i) {
    ++places[hash("/api/lots/" + std::to_string(i) + "/trace") % places.size()];
  }
  std::size_t fullest = 0;
  for (const std::size_t count : places) fullest = count > fullest ? count : fullest;
  CHECK(fullest <= 8);
}
