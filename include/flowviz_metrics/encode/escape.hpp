// SPDX-License-Identifier: MIT
#pragma once
/// \file
/// What makes any bytes safe to print: repair of what is not UTF-8 or too long, and the escapes of label values, quoted
/// names and help texts.

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>

#include <flowviz_metrics/cells/hash.hpp>
#include <flowviz_metrics/encode/utf8.hpp>
#include <flowviz_metrics/version.hpp>

FLOWVIZ_METRICS_BEGIN
namespace encode {

inline constexpr std::size_t max_label_bytes = FLOWVIZ_METRICS_MAX_LABEL_BYTES;
static_assert(max_label_bytes >= 32, "a cut label value needs room for its hash");

/// Whether all of `text` is ASCII, as most texts are; eight characters at a time.
inline bool is_ascii(std::string_view text) noexcept {
  std::uint64_t all = 0;
  std::size_t i = 0;
  for (; i + sizeof(all) <= text.size(); i += sizeof(all)) {
    std::uint64_t eight = 0;
    std::memcpy(&eight, text.data() + i, sizeof(eight));
    all |= eight;
  }
  for (; i < text.size(); ++i) all |= static_cast<unsigned char>(text[i]);
  return (all & 0x8080808080808080) == 0;
}

/// Whether all of `text` is UTF-8.
inline bool is_utf8(std::string_view text) noexcept {
  if (is_ascii(text)) return true;
  while (!text.empty()) {
    const std::size_t length = sequence_length(text);
    if (length == 0) return false;
    text.remove_prefix(length);
  }
  return true;
}

/// Whether `text` can stand on a page as it is: UTF-8 without a carriage return, for which no format has an escape and which
/// readers that split a page into lines trip over.
inline bool is_clean(std::string_view text) noexcept {
  return text.find('\r') == std::string_view::npos && is_utf8(text);
}

// Out is what text is appended to with +=: std::string, or Scratch where nothing may throw.

/// Appends `text` with each byte that belongs to no sequence, each carriage return, and each `unwanted`, of ASCII, replaced by U+FFFD.
template <class Out>
void append_repaired(Out& out, std::string_view text, char unwanted = '\r') {
  while (!text.empty()) {
    const bool is_unwanted = text.front() == '\r' || text.front() == unwanted;
    const std::size_t length = is_unwanted ? 0 : sequence_length(text);
    out += length == 0 ? std::string_view("\xef\xbf\xbd") : text.substr(0, length);
    text.remove_prefix(length == 0 ? 1 : length);
  }
}

/// Appends `text`, which is UTF-8 and longer than `max_label_bytes`, cut at a code point, with a hash of the whole
/// behind it: two long texts that begin alike stay two, unless somebody made them to share their 64 bits.
template <class Out>
void append_cut(Out& out, std::string_view text) {
  constexpr std::size_t tail = 17;  // "~" and 16 digits
  std::size_t length = max_label_bytes - tail;
  while (length > 0 && (static_cast<unsigned char>(text[length]) & 0xc0) == 0x80) --length;
  out += text.substr(0, length);
  out += '~';
  const std::uint64_t hash = cells::hash_text(text.data(), text.size());
  for (int shift = 60; shift >= 0; shift -= 4) out += "0123456789abcdef"[(hash >> shift) & 15];
}

/// Appends `text` with the characters that `is_special` says escaped.
template <class Out, class IsSpecial>
void append_escaped(Out& out, std::string_view text, IsSpecial is_special) {
  while (!text.empty()) {
    std::size_t plain = 0;  // find_first_of would call memchr for each character
    while (plain < text.size() && !is_special(text[plain])) ++plain;
    out += text.substr(0, plain);
    if (plain == text.size()) return;
    out += '\\';
    out += text[plain] == '\n' ? 'n' : text[plain];
    text.remove_prefix(plain + 1);
  }
}

/// Appends a label value with `\`, `"` and line feed escaped, as the text format and OpenMetrics both want it.
template <class Out>
void append_escaped_value(Out& out, std::string_view value) {
  append_escaped(out, value, [](char c) { return c == '\\' || c == '"' || c == '\n'; });
}

/// Appends a help text as the text format 0.0.4 wants it: `\` and line feed escaped.
template <class Out>
void append_escaped_help(Out& out, std::string_view help) {
  append_escaped(out, help, [](char c) { return c == '\\' || c == '\n'; });
}

}  // namespace encode
FLOWVIZ_METRICS_END
