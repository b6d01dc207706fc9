// SPDX-License-Identifier: MIT
#include "quoted.hpp"

#include <doctest/doctest.h>

#include <string>

using namespace wms;

TEST_CASE("what is repeated stays on one line and inside its quotes") {
  const struct {
    std::string text, escaped;
  } cases[] = {
      {"", ""},
      {"127.0.0.1:99999", "127.0.0.1:99999"},
      {"it's", R"(it\'s)"},
      {R"(a\n)", R"(a\\n)"},
      {"a\nb", R"(a\nb)"},
      {"\r\x1b[31m\x7f", R"(\x0d\x1b[31m\x7f)"},
      {std::string("a\0b", 3), R"(a\x00b)"},
      {"K\xc3\xa4se", "K\xc3\xa4se"},
  };
  for (const auto& c : cases) {
    CHECK(escaped(c.text) == c.escaped);
    CHECK(in_quotes(c.text) == "'" + c.escaped + "'");
  }
}

TEST_CASE("what is long is cut in quotes, and not in the middle of a character") {
  const std::string forty(40, 'x');
  CHECK(in_quotes(forty) == "'" + forty + "'");
  CHECK(in_quotes(forty + "y") == "'" + forty + "...'");
  CHECK(in_quotes(std::string(1'000'000, 'x')) == "'" + forty + "...'");
  CHECK(in_quotes(forty.substr(1) + "\xe2\x82\xac!") == "'" + forty.substr(1) + "...'");
  CHECK(in_quotes(std::string(50, '\x80')) == "'...'");
}
