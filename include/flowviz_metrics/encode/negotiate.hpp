// SPDX-License-Identifier: MIT
#pragma once
/// \file
/// Which format a reader gets, and how names beyond the classic alphabet stand in it: the Accept header (RFC 9110, 12.5.1)
/// against the formats that there are.

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

#include <flowviz_metrics/encode/name_escaping.hpp>
#include <flowviz_metrics/version.hpp>

FLOWVIZ_METRICS_BEGIN
namespace encode {

/// The formats of pages. Text 1.0.0 is 0.0.4 whose names may be UTF-8.
enum class Format : std::uint8_t { text, open_metrics, protobuf, text_1 };

/// A format as an answer names it.
struct Negotiated {
  Format format = Format::text;
  Escaping escaping = Escaping::underscores;
  std::string_view content_type = "text/plain; version=0.0.4; charset=utf-8";
};

namespace accept {

constexpr bool is_blank(char c) noexcept { return c == ' ' || c == '\t'; }
constexpr char lower(char c) noexcept { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

constexpr std::string_view trimmed(std::string_view text) noexcept {
  while (!text.empty() && is_blank(text.front())) text.remove_prefix(1);
  while (!text.empty() && is_blank(text.back())) text.remove_suffix(1);
  return text;
}

/// Whether both are the same but for the case of letters.
constexpr bool same(std::string_view a, std::string_view b) noexcept {
  if (a.size() != b.size()) return false;
  for (std::size_t i = 0; i < a.size(); ++i) {
    if (lower(a[i]) != lower(b[i])) return false;
  }
  return true;
}

/// Takes what stands before the first `separator` outside of quotes off `text`.
constexpr std::string_view take(std::string_view& text, char separator) noexcept {
  bool quoted = false;
  std::size_t at = 0;
  for (; at < text.size() && (quoted || text[at] != separator); ++at) {
    if (text[at] == '"') quoted = !quoted;
    if (text[at] == '\\' && quoted) ++at;
  }
  const std::string_view taken = text.substr(0, at);
  text = at < text.size() ? text.substr(at + 1) : std::string_view{};
  return trimmed(taken);
}

/// A value without the quotes around it. Escapes stay: no value that means anything here has one.
constexpr std::string_view unquoted(std::string_view value) noexcept {
  return value.size() >= 2 && value.front() == '"' && value.back() == '"' ? value.substr(1, value.size() - 2) : value;
}

/// A weight in thousandths: `1`, `0.5`, `0.333`. -1 if it is none.
// And no std::optional, which g++ 12 calls uninitialised where AddressSanitizer is on.
constexpr int weight(std::string_view text) noexcept {
  if (text.empty() || text.size() > 5 || (text[0] != '0' && text[0] != '1')) return -1;
  int value = (text[0] - '0') * 1000;
  if (text.size() > 1 && text[1] != '.') return -1;
  for (std::size_t i = 2, unit = 100; i < text.size(); ++i, unit /= 10) {
    if (text[i] < '0' || text[i] > '9') return -1;
    value += (text[i] - '0') * static_cast<int>(unit);
  }
  return value <= 1000 ? value : -1;
}

/// One media range of the header: what it is for, and how much it is wanted.
struct Range {
  std::string_view type;
  std::string_view version, escaping, proto, encoding;
  bool has_others = false;  // parameters that no format has
  int weight = 1000;
  bool legible = true;
};

constexpr Range range_of(std::string_view element) noexcept {
  Range range;
  range.type = take(element, ';');
  while (!element.empty()) {
    std::string_view parameter = take(element, ';');
    if (parameter.empty()) continue;
    const std::string_view name = take(parameter, '=');
    const std::string_view value = unquoted(trimmed(parameter));
    if (same(name, "q")) {
      const int given = weight(value);
      range.weight = given < 0 ? 0 : given;
      range.legible = range.legible && given >= 0;
    } else if (same(name, "version")) {
      range.version = value;
    } else if (same(name, "escaping")) {
      range.escaping = value;
    } else if (same(name, "proto")) {
      range.proto = value;
    } else if (same(name, "encoding")) {
      range.encoding = value;
    } else if (!same(name, "charset")) {
      range.has_others = true;
    }
  }
  return range;
}

/// How closely a range names a format: 0 not at all, 1 `*/*`, 2 `text/*`, 3 the type, 4 with its version or encoding.
constexpr int closeness(const Range& range, Format format) noexcept {
  if (range.type == "*/*") return 1;
  if (range.has_others) return 0;
  switch (format) {
    case Format::text:
    case Format::text_1:
      if (same(range.type, "text/*")) return 2;
      if (!same(range.type, "text/plain")) return 0;
      return range.version.empty() ? 3 : range.version == (format == Format::text ? "0.0.4" : "1.0.0") ? 4 : 0;
    case Format::open_metrics:
      if (same(range.type, "application/*")) return 2;
      if (!same(range.type, "application/openmetrics-text")) return 0;
      return range.version.empty() ? 3 : range.version == "1.0.0" ? 4 : 0;
    case Format::protobuf:
      if (same(range.type, "application/*")) return 2;
      if (!same(range.type, "application/vnd.google.protobuf")) return 0;
      if (range.proto != "io.prometheus.client.MetricFamily") return 0;
      return range.encoding == "delimited" ? 4 : 0;
  }
  return 0;
}

/// The scheme that a parameter names; none if there is no such scheme.
constexpr std::optional<Escaping> scheme(std::string_view asked) noexcept {
  for (const Escaping one : escapings) {
    if (same(asked, scheme_of(one))) return one;
  }
  return std::nullopt;
}

/// A content type, put together while the program is compiled.
struct ContentType {
  char text[120] = {};
  std::size_t size = 0;
  constexpr ContentType& operator+=(std::string_view more) noexcept {
    for (const char c : more) text[size++] = c;
    return *this;
  }
  [[nodiscard]] constexpr std::string_view view() const noexcept { return {text, size}; }
};

/// By format, without a scheme and then with each of them.
// A template, as what uses it: only files that ask have the compiler put them together.
template <class = void>
inline constexpr auto content_types = [] {
  constexpr std::array<std::string_view, 4> formats{
      Negotiated{}.content_type, "application/openmetrics-text; version=1.0.0; charset=utf-8",
      "application/vnd.google.protobuf; proto=io.prometheus.client.MetricFamily; encoding=delimited",
      "text/plain; version=1.0.0; charset=utf-8"};
  std::array<std::array<ContentType, escapings.size() + 1>, formats.size()> all{};
  for (std::size_t i = 0; i < formats.size(); ++i) {
    all[i][0] += formats[i];
    for (const Escaping escaping : escapings) {
      ((all[i][static_cast<std::size_t>(escaping) + 1] += formats[i]) += "; escaping=") += scheme_of(escaping);
    }
  }
  return all;
}();

/// It names the scheme that was asked for. Text 1.0.0 always names one.
template <class = void>
constexpr std::string_view content_type(Format format, std::optional<Escaping> asked) noexcept {
  if (format == Format::text_1 && !asked) asked = Escaping::underscores;
  const auto& types = content_types<>[static_cast<std::size_t>(format)];
  return types[asked ? static_cast<std::size_t>(*asked) + 1 : 0].view();
}

}  // namespace accept

/// The format for an Accept header: of those that it allows the one that it wants most; of equals the one that it names more
/// closely, then the one that it names first. Text 0.0.4 for a header that is empty, asks for nothing that there is, or
/// cannot be read. The scheme of escaping is the one that it names beside that format, else underscores. Any bytes will do;
/// the cost is one pass over them.
template <class = void>
[[nodiscard]] constexpr Negotiated negotiate(std::string_view header) noexcept {
  struct Claim {
    int weight = 0;  // of the range that names the format most closely
    int closeness = 0;
    std::size_t place = 0;
    std::optional<Escaping> escaping;
  };
  // Who does not name the newer text format gets it last of all.
  constexpr std::array formats{Format::text, Format::open_metrics, Format::protobuf, Format::text_1};
  std::array<Claim, formats.size()> claims{};
  for (std::size_t place = 0; !header.empty(); ++place) {
    const accept::Range range = accept::range_of(accept::take(header, ','));
    if (!range.legible) continue;
    for (std::size_t i = 0; i < formats.size(); ++i) {
      const int close = accept::closeness(range, formats[i]);
      // A range that names a format more closely speaks for it, whatever wider ones say; of two alike the greater weight.
      const bool speaks =
          close > claims[i].closeness || (close == claims[i].closeness && range.weight > claims[i].weight);
      if (close > 0 && speaks) claims[i] = {range.weight, close, place, accept::scheme(range.escaping)};
    }
  }
  std::size_t best = 0;
  for (std::size_t i = 1; i < formats.size(); ++i) {
    const Claim &one = claims[i], &other = claims[best];
    if (one.weight == 0 || one.weight < other.weight) continue;
    const bool closer = one.closeness > other.closeness;
    const bool earlier = one.closeness == other.closeness && one.closeness > 2 && one.place < other.place;
    if (one.weight > other.weight || closer || earlier) best = i;
  }
  // A range that is refused says nothing about how names are to be written.
  std::optional<Escaping> asked;
  if (claims[best].weight > 0) asked = claims[best].escaping;
  return {formats[best], asked ? *asked : Escaping::underscores, accept::content_type(formats[best], asked)};
}

}  // namespace encode
FLOWVIZ_METRICS_END
