// SPDX-License-Identifier: MIT
#pragma once
/// \file
/// How the names of metrics and labels are written for a reader. Those of the classic alphabet are so in every format. Others,
/// which are UTF-8, stand between quotation marks for readers who say that they know them; for all others they are escaped, by
/// a scheme that the reader can choose.
///
/// The schemes are those of Prometheus ("UTF-8 metric and label name escaping schemes"). As with Prometheus' own client no scheme
/// changes a name of the classic alphabet, so that to ask for one renames no metric that everybody knows.

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include <flowviz_metrics/encode/utf8.hpp>
#include <flowviz_metrics/version.hpp>

FLOWVIZ_METRICS_BEGIN
namespace encode {

/// What a reader gets for a name beyond the classic alphabet, `http.route` for one.
enum class Escaping : std::uint8_t {
  underscores,  ///< `http_route`; this if it asks for nothing
  dots,         ///< `http_dot_route`; an underscore becomes two, and so does whatever else is not in the alphabet
  values,       ///< `U__http_2e_route`; an underscore becomes two, and the name can be had back
  allow_utf8,   ///< the name itself
};

inline constexpr std::array<Escaping, 4> escapings{Escaping::allow_utf8, Escaping::underscores, Escaping::dots,
                                                   Escaping::values};

/// As it stands in headers.
constexpr std::string_view scheme_of(Escaping escaping) noexcept {
  constexpr std::array<std::string_view, 4> schemes{"underscores", "dots", "values", "allow-utf-8"};
  return schemes[static_cast<std::size_t>(escaping)];
}

/// A name without an ending that some formats leave out, if it has it.
inline std::string_view without(std::string_view name, std::string_view ending) noexcept {
  if (name.size() > ending.size() && name.ends_with(ending)) name.remove_suffix(ending.size());
  return name;
}

/// What a name is of: the classic alphabet has a colon for metrics only.
enum class NameOf : std::uint8_t { metric, label };

constexpr bool is_classic(char c, bool first, NameOf of) noexcept {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || (c >= '0' && c <= '9' && !first) ||
         (c == ':' && of == NameOf::metric);
}

/// Whether a name is of the classic alphabet: letters, digits, `_`, and `:` in those of metrics; no digit first.
constexpr bool is_classic(std::string_view name, NameOf of) noexcept {
  for (std::size_t i = 0; i < name.size(); ++i) {
    if (!is_classic(name[i], i == 0, of)) return false;
  }
  return !name.empty();
}

// Out is what text is appended to with +=, as in escape.hpp.

/// Appends the code point's number in lower-case hexadecimal digits, as few as there can be.
template <class Out>
void append_hexadecimal(Out& out, char32_t code) {
  int shift = 20;
  while (shift > 0 && code >> shift == 0) shift -= 4;
  for (; shift >= 0; shift -= 4) out += "0123456789abcdef"[code >> shift & 15];
}

/// Appends a name, which is UTF-8, as the scheme has it; itself if that is `allow_utf8`, or if it is of the classic alphabet.
template <class Out>
void append_escaped_name(Out& out, std::string_view name, NameOf of, Escaping escaping) {
  if (escaping == Escaping::allow_utf8 || is_classic(name, of)) {
    out += name;
    return;
  }
  if (escaping == Escaping::values) out += "U__";
  for (bool first = true; !name.empty(); first = false) {
    const std::string_view sequence = name.substr(0, sequence_length(name));
    name.remove_prefix(sequence.size());
    if (sequence == "_" && escaping != Escaping::underscores) {
      out += "__";
    } else if (sequence.size() == 1 && is_classic(sequence[0], first, of)) {
      out += sequence;
    } else if (escaping == Escaping::underscores) {
      out += '_';
    } else if (escaping == Escaping::dots) {
      out += sequence == "." ? std::string_view("_dot_") : std::string_view("__");
    } else {
      out += '_';
      append_hexadecimal(out, code_point(sequence));
      out += '_';
    }
  }
}

/// The same as a string.
template <class = void>
[[nodiscard]] std::string escaped_name(std::string_view name, NameOf of, Escaping escaping) {
  std::string text;
  append_escaped_name(text, name, of, escaping);
  return text;
}

/// Whether two names are one in a scheme.
template <class = void>
[[nodiscard]] bool are_one(std::string_view a, std::string_view b, NameOf of, Escaping escaping) {
  if (a == b || (is_classic(a, of) && is_classic(b, of))) return a == b;
  return escaped_name(a, of, escaping) == escaped_name(b, of, escaping);
}
/// The same of any scheme.
template <class = void>
[[nodiscard]] bool are_one(std::string_view a, std::string_view b, NameOf of) {
  for (const Escaping escaping : escapings) {
    if (are_one(a, b, of, escaping)) return true;
  }
  return false;
}

}  // namespace encode
FLOWVIZ_METRICS_END
