// SPDX-License-Identifier: MIT
#pragma once
/// \file
/// UTF-8, a sequence at a time, also while the program is compiled.

#include <cstddef>
#include <string_view>

#include <flowviz_metrics/version.hpp>

FLOWVIZ_METRICS_BEGIN
namespace encode {

/// The length of the UTF-8 sequence at the start of `text`, or 0 if there is none (RFC 3629: shortest form, no
/// surrogates, at most U+10FFFF).
constexpr std::size_t sequence_length(std::string_view text) noexcept {
  const auto byte = [&](std::size_t i) -> unsigned {
    return i < text.size() ? static_cast<unsigned char>(text[i]) : 0u;
  };
  const auto follows = [&](std::size_t i) { return (byte(i) & 0xc0) == 0x80; };
  const unsigned a = byte(0), b = byte(1);
  if (a < 0x80) return text.empty() ? 0 : 1;
  if (a >= 0xc2 && a <= 0xdf) return follows(1) ? 2 : 0;
  if (a >= 0xe0 && a <= 0xef) {
    const bool legal = follows(1) && !(a == 0xe0 && b < 0xa0) && !(a == 0xed && b > 0x9f);
    return legal && follows(2) ? 3 : 0;
  }
  if (a >= 0xf0 && a <= 0xf4) {
    const bool legal = follows(1) && !(a == 0xf0 && b < 0x90) && !(a == 0xf4 && b > 0x8f);
    return legal && follows(2) && follows(3) ? 4 : 0;
  }
  return 0;
}

/// The code point of a sequence, which is one.
constexpr char32_t code_point(std::string_view sequence) noexcept {
  const auto first = static_cast<unsigned char>(sequence[0]);
  char32_t code = sequence.size() == 1 ? first : first & (0xffu >> (sequence.size() + 1));
  for (const char c : sequence.substr(1)) code = code << 6 | (static_cast<unsigned char>(c) & 0x3fu);
  return code;
}

}  // namespace encode
FLOWVIZ_METRICS_END
