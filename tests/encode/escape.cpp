// SPDX-License-Identifier: MIT
#include <flowviz_metrics/encode/escape.hpp>

#include <doctest/doctest.h>

#include <cstdint>
#include <string>
#include <string_view>

namespace encode = flowviz::encode;

namespace {

/// A code point in UTF-8, whether it may be there or not.
std::string utf8(std::uint32_t code) {
  const auto byte = [](std::uint32_t b) { return static_cast<char>(static_cast<unsigned char>(b)); };
  const auto tail = [&](int shift) { return byte(0x80 | ((code >> shift) & 0x3f)); };
  if (code < 0x80) return {byte(code)};
  if (code < 0x800) return {byte(0xc0 | (code >> 6)), tail(0)};
  if (code < 0x10000) return {byte(0xe0 | (code >> 12)), tail(6), tail(0)};
  return {byte(0xf0 | (code >> 18)), tail(12), tail(6), tail(0)};
}

std::string repaired(std::string_view text) {
  std::string out;
  encode::append_repaired(out, text);
  return out;
}
std::string cut(std::string_view text) {
  std::string out;
  encode::append_cut(out, text);
  return out;
}

const std::string mark = "\xef\xbf\xbd";  // U+FFFD

}  // namespace

TEST_CASE("every code point is UTF-8, surrogates are not") {
  std::size_t wrong = 0;
  for (std::uint32_t code = 0; code < 0x110000; ++code) {
    const std::string text = utf8(code);
    const bool surrogate = code >= 0xd800 && code < 0xe000;
    const std::size_t expected = surrogate ? 0 : text.size();
    if (encode::sequence_length(text) != expected || encode::is_utf8(text) == surrogate) ++wrong;
    // Not without its last byte.
    if (text.size() > 1 && encode::sequence_length(std::string_view(text).substr(0, text.size() - 1)) != 0) ++wrong;
  }
  CHECK(wrong == 0);
}

TEST_CASE("two bytes are UTF-8 if they are two of ASCII or one code point") {
  std::size_t wrong = 0;
  for (unsigned a = 0; a < 256; ++a) {
    for (unsigned b = 0; b < 256; ++b) {
      const char text[2] = {static_cast<char>(a), static_cast<char>(b)};
      const bool pair = a >= 0xc2 && a <= 0xdf && b >= 0x80 && b <= 0xbf;
      if (encode::is_utf8({text, 2}) != ((a < 0x80 && b < 0x80) || pair)) ++wrong;
    }
  }
  CHECK(wrong == 0);
}

TEST_CASE("each byte that belongs to no sequence is replaced, and nothing else") {
  struct {
    std::string_view text;
    std::string expected;
  } const table[] = {
      {"", ""},
      {"plain", "plain"},
      {std::string_view("a\0b", 3), std::string("a\0b", 3)},
      {"\xe2\x82\xac and \xf0\x9f\x8d\x9e", "\xe2\x82\xac and \xf0\x9f\x8d\x9e"},
      {"\xff", mark},
      {"a\x80z", "a" + mark + "z"},
      {"\xc3", mark},
      {"\xc3\xc3\xa4", mark + "\xc3\xa4"},
      {"\xe2\x82", mark + mark},
      {"\xe2\x82z", mark + mark + "z"},
      {"\xc0\xaf", mark + mark},             // not the shortest form
      {"\xe0\x80\xaf", mark + mark + mark},  // nor this
      {"\xf0\x80\x80\xaf", mark + mark + mark + mark},
      {"\xed\xa0\x80", mark + mark + mark},             // a surrogate
      {"\xf4\x90\x80\x80", mark + mark + mark + mark},  // beyond U+10FFFF
      {"\xf5\x80\x80\x80", mark + mark + mark + mark},
  };
  for (const auto& row : table) {
    CHECK(repaired(row.text) == row.expected);
    CHECK(encode::is_utf8(row.text) == (row.text == row.expected));
    CHECK(encode::is_utf8(repaired(row.text)));
  }
}

TEST_CASE("a text that is cut keeps its beginning and ends in a hash of the whole") {
  const std::string text(encode::max_label_bytes + 1, 'x');
  const std::string result = cut(text);
  CHECK(result.size() == encode::max_label_bytes);
  CHECK(result.starts_with(text.substr(0, encode::max_label_bytes - 17) + "~"));
  CHECK(result.substr(encode::max_label_bytes - 16).find_first_not_of("0123456789abcdef") == std::string::npos);
  CHECK(cut(text) == result);
}

TEST_CASE("texts that differ beyond the cut stay different") {
  const std::string text(encode::max_label_bytes * 2, 'x');
  CHECK(cut(text + "a") != cut(text + "b"));
  CHECK(cut(text) != cut(text + "x"));
}

TEST_CASE("a text is cut between code points") {
  for (std::size_t offset = 0; offset < 4; ++offset) {
    for (const std::string_view code_point : {"\xc3\xa4", "\xe2\x82\xac", "\xf0\x9f\x8d\x9e"}) {
      std::string text(offset, 'x');
      while (text.size() <= encode::max_label_bytes) text += code_point;
      const std::string result = cut(text);
      CHECK(encode::is_utf8(result));
      CHECK(result.size() <= encode::max_label_bytes);
      CHECK(result.size() > encode::max_label_bytes - code_point.size());
    }
  }
}

TEST_CASE("label values are escaped where the format needs it") {
  struct {
    std::string_view value;
    std::string expected;
  } const table[] = {
      {"", ""},
      {"plain", "plain"},
      {"\\", "\\\\"},
      {"\"", "\\\""},
      {"\n", "\\n"},
      {"\r\t", "\r\t"},
      {"a\\nb", "a\\\\nb"},
      {"\\\"\n", "\\\\\\\"\\n"},
      {"a\"", "a\\\""},
      {"'{},=#", "'{},=#"},
      {"\xe2\x82\xac\"", "\xe2\x82\xac\\\""},
  };
  for (const auto& row : table) {
    std::string out = "before ";
    encode::append_escaped_value(out, row.value);
    CHECK(out == "before " + row.expected);
  }
}

TEST_CASE("help texts are escaped without their quotes") {
  struct {
    std::string_view help;
    std::string expected;
  } const table[] = {{"", ""},     {"plain", "plain"}, {"\\", "\\\\"},
                     {"\"", "\""}, {"\n", "\\n"},      {"a\\\nb", "a\\\\\\nb"}};
  for (const auto& row : table) {
    std::string out;
    encode::append_escaped_help(out, row.help);
    CHECK(out == row.expected);
  }
}
