// SPDX-License-Identifier: MIT
#include <flowviz_metrics/cells/text_set.hpp>

#include <doctest/doctest.h>

#include <cstdint>
#include <limits>
#include <string>
#include <string_view>
#include <vector>

#include "test_platform.hpp"

namespace {

using TextSet = flowviz::cells::TextSet<TestPlatform<2, 1>>;

}  // namespace

TEST_CASE_FIXTURE(TestMachine, "texts get the numbers from 1 in the order they come, for ever") {
  TextSet set(3);
  CHECK(set.ready());
  CHECK(set.cap() == 3);
  CHECK(set.find_or_add("b").number == 1);
  CHECK(set.find_or_add("a").number == 2);
  CHECK(set.find_or_add("b").number == 1);
  CHECK(set.find_or_add("").number == 3);
  CHECK(set.find("a").number == 2);
  CHECK(set.find("").number == 3);
  CHECK(set.size() == 3);
}

TEST_CASE_FIXTURE(TestMachine, "a text that was not added is not found, and not added by looking") {
  TextSet set(3);
  CHECK(set.find("a").number == 0);
  CHECK(set.size() == 0);
  set.find_or_add("a");
  for (const std::string_view text : {"", "b", "A", "aa", "a\n"}) CHECK(set.find(text).number == 0);
}

TEST_CASE_FIXTURE(TestMachine, "beyond the cap a text has number 0, those before keep theirs, and no memory is taken") {
  for (const std::uint32_t cap : {1u, 2u, 3u, 64u, 100u}) {
    TextSet set(cap);
    for (std::uint32_t i = 0; i < cap; ++i) CHECK(set.find_or_add(std::to_string(i)).number == i + 1);
    const std::size_t before = memory.requests;
    for (std::uint32_t i = cap; i < 2 * cap + 10; ++i) CHECK(set.find_or_add(std::to_string(i)).number == 0);
    CHECK(memory.requests == before);
    for (std::uint32_t i = 0; i < cap; ++i) CHECK(set.find_or_add(std::to_string(i)).number == i + 1);
    CHECK(set.size() == cap);
  }
}

TEST_CASE_FIXTURE(TestMachine, "the set keeps the characters itself") {
  TextSet set(2);
  std::string text = "a long enough text";
  const TextSet::Value value = set.find_or_add(text);
  text[0] = 'X';
  CHECK(value.text == "a long enough text");
  CHECK(set.find("a long enough text").text.data() == value.text.data());
  CHECK(set.find(text).number == 0);
}

TEST_CASE_FIXTURE(TestMachine, "texts of any bytes and lengths are told apart") {
  std::vector<std::string> texts;
  for (std::size_t length = 0; length < 40; ++length) {
    texts.emplace_back(length, 'x');
    for (std::size_t at = 0; at < length; ++at) {
      texts.emplace_back(length, 'x').at(at) = '\0';
      texts.emplace_back(length, 'x').at(at) = '\xff';
    }
  }
  TextSet set(static_cast<std::uint32_t>(texts.size()));
  for (std::size_t i = 0; i < texts.size(); ++i) CHECK(set.find_or_add(texts[i]).number == i + 1);
  for (std::size_t i = 0; i < texts.size(); ++i) {
    CHECK(set.find(texts[i]).number == i + 1);
    CHECK(set.find(texts[i]).text == texts[i]);
  }
}

TEST_CASE_FIXTURE(TestMachine, "a text that memory cannot be had for has number 0 and can be added later") {
  TextSet set(2);
  memory.left = 0;
  CHECK(set.find_or_add("a").number == 0);
  CHECK(set.size() == 0);
  memory.left = std::numeric_limits<std::size_t>::max();
  CHECK(set.find_or_add("a").number == 1);
  memory.left = 0;
  CHECK(set.find_or_add("a").number == 1);
}

TEST_CASE_FIXTURE(TestMachine, "a set that memory cannot be had for says so") {
  memory.left = 0;
  const TextSet set(100);
  CHECK(!set.ready());
}
