// SPDX-License-Identifier: MIT
#include "quoted.hpp"

#include <cstddef>

namespace wms {
namespace {

constexpr std::size_t longest = 40;

bool continues_a_character(char c) { return (static_cast<unsigned char>(c) & 0xc0) == 0x80; }

}  // namespace

std::string escaped(std::string_view text) {
  constexpr std::string_view digits = "0123456789abcdef";
  std::string result;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '\\' || c == '\'') {
      result += {'\\', c};
    } else if (c == '\n') {
      result += "\\n";
    } else if (byte < 0x20 || byte == 0x7f) {
      result += {'\\', 'x', digits[byte >> 4], digits[byte & 15]};
    } else {
      result += c;
    }
  }
  return result;
}

std::string in_quotes(std::string_view text) {
  std::size_t end = text.size();
  if (end > longest) {
    end = longest;
    while (end > 0 && continues_a_character(text[end])) --end;
  }
  std::string result(1, '\'');
  result += escaped(text.substr(0, end));
  result += end < text.size() ? "...'" : "'";
  return result;
}

}  // namespace wms
