// SPDX-License-Identifier: MIT
#pragma once
/// \file
/// Names of metrics and labels, checked while the program is compiled: a name that breaks a rule of the exposition
/// format or a convention that dashboards rely on does not build, and the compiler shows the rule. Names out of
/// configuration go through `checked()`, which throws with the same words.

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <type_traits>

#include <flowviz_metrics/name_rules.hpp>

FLOWVIZ_METRICS_BEGIN

/// The characters of a literal, or of an array with NUL characters behind them. By index, for g++ compares no pointers in
/// constants under sanitizers.
template <std::size_t N>
constexpr std::string_view literal_text(const char (&literal)[N]) {
  std::size_t length = 0;
  while (length < N && literal[length] != '\0') ++length;
  for (std::size_t i = length; i < N; ++i) {
    if (literal[i] != '\0') length = N;
  }
  if (length == N) rule_broken("", "a text ends where its first NUL character stands");
  return {literal, length};
}

// clang 14 crashes where an immediate function's result is converted; there, and up to where it was seen to work, the check
// runs when the program starts.
#if defined(__clang__) && __clang_major__ < 19
#define FLOWVIZ_METRICS_CONVERTED_CHECK constexpr
#else
#define FLOWVIZ_METRICS_CONVERTED_CHECK consteval
#endif

/// A name that breaks the rules of naming, for any metric, where dashboards know it and it has to stay: letters, digits, `_`
/// and `:`.
///
///     flowviz::Counter requests{registry, flowviz::LegacyName{"RequestCount"}, "Requests."};
class LegacyName {
 public:
  template <std::size_t N>
  FLOWVIZ_METRICS_CONVERTED_CHECK LegacyName(const char (&literal)[N])
      : text_(literal_text(literal)) {  // NOLINT: as of other names
    rules::legacy(text_);
  }
  /// From configuration; see CounterName::checked.
  [[nodiscard]] static LegacyName checked(std::string_view text) {
    rules::legacy(text);
    return LegacyName(text, nullptr);
  }
  [[nodiscard]] constexpr std::string_view text() const noexcept { return text_; }

 private:
  constexpr LegacyName(std::string_view text, std::nullptr_t) noexcept : text_(text) {}
  std::string_view text_;
};

/// A name of a metric or a label beyond the classic alphabet, for readers that know such names: Prometheus 3 and what came after
/// it. Any UTF-8 without control characters; a counter's still ends in `_total`, an Info's in `_info`, nothing else's in these or
/// in an ending of samples, and a label's starts with a letter of a to z.
///
///     flowviz::Counter requests{registry, flowviz::Utf8Name{"http.server.requests_total"}, "Requests.",
///                               flowviz::Label<flowviz::Method>{flowviz::Utf8Name{"http.request.method"}}};
///
/// Readers that do not say that they know them get `http_server_requests_total`, or what another scheme of escaping makes of it if
/// they name one.
class Utf8Name {
 public:
  template <std::size_t N>
  FLOWVIZ_METRICS_CONVERTED_CHECK explicit Utf8Name(const char (&literal)[N]) : text_(literal_text(literal)) {
    rules::utf8(text_);
  }
  /// From configuration. The name of a metric is then made of it by `CounterName::checked(name)`, of a label by
  /// `LabelName::checked(name)`, and so on.
  [[nodiscard]] static Utf8Name checked(std::string_view text) {
    rules::utf8(text);
    return Utf8Name(text, nullptr);
  }
  [[nodiscard]] constexpr std::string_view text() const noexcept { return text_; }

 private:
  constexpr Utf8Name(std::string_view text, std::nullptr_t) noexcept : text_(text) {}
  std::string_view text_;
};

/// What a name keeps to.
enum class NameStyle : std::uint8_t { conventional, legacy, utf8 };

/// Whether a rule is one for names of metrics. By specialisation: under sanitizers the addresses of functions cannot be
/// compared by the compiler.
template <auto Rule>
inline constexpr bool names_metric = false;
template <>
inline constexpr bool names_metric<rules::counter> = true;
template <>
inline constexpr bool names_metric<rules::metric> = true;
template <>
inline constexpr bool names_metric<rules::info> = true;

template <auto Rule>
inline constexpr bool is_label = false;
template <>
inline constexpr bool is_label<rules::label> = true;

/// The rule that takes a rule's place for a Utf8Name; none for texts that are no names.
template <auto Rule>
inline constexpr std::nullptr_t utf8_rule = nullptr;
template <>
inline constexpr auto utf8_rule<rules::counter> = rules::utf8_counter;
template <>
inline constexpr auto utf8_rule<rules::metric> = rules::utf8_metric;
template <>
inline constexpr auto utf8_rule<rules::info> = rules::utf8_info;
template <>
inline constexpr auto utf8_rule<rules::label> = rules::utf8_label;
template <>
inline constexpr auto utf8_rule<rules::open_label> = rules::utf8_open_label;
template <auto Rule>
concept NameRule = requires { utf8_rule<Rule>(std::string_view()); };

/// A text that was checked against a rule of the namespace `rules`. Literals are checked by the compiler.
///
/// It refers to the characters and does not own them: they have to live until the registration returns, which copies
/// them.
template <auto Rule>
class Checked {
 public:
  /// From a literal. What breaks the rule does not compile; the message holds the rule.
  template <std::size_t N>
  consteval Checked(const char (&literal)[N]) : text_(literal_text(literal)) {  // NOLINT: meant to convert
    Rule(text_);
  }

  /// From configuration. Throws `Error` with the name and the rule it breaks.
  [[nodiscard]] static Checked checked(std::string_view text) {
    Rule(text);
    return Checked(text, NameStyle::conventional);
  }

  /// Not from a text that is made when the program runs: this says what to write. So an overload or a concept that asks whether
  /// such a text converts is told that it does.
  template <class Text>
    requires(std::convertible_to<const Text&, std::string_view> && !std::is_array_v<Text> &&
             !std::derived_from<Text, Checked>)
  Checked(const Text& /*text*/) noexcept {  // NOLINT: meant to convert
    static_assert(sizeof(Text) == 0,
                  "only the compiler checks a literal: write CounterName::checked(text), MetricName::checked(text) or "
                  "the like here, which throws flowviz::Error if the text breaks a rule");
  }

  /// In place of the name of a metric a LegacyName will do.
  constexpr Checked(const LegacyName& name) noexcept  // NOLINT: meant to convert
    requires(names_metric<Rule>)
      : text_(name.text()), style_(NameStyle::legacy) {}

  /// In place of a name a Utf8Name will do, a literal of one here, too: what breaks a rule does not compile.
  FLOWVIZ_METRICS_CONVERTED_CHECK Checked(const Utf8Name& name)  // NOLINT: meant to convert
    requires(NameRule<Rule>)
      : text_(name.text()), style_(NameStyle::utf8) {
    utf8_rule<Rule>(text_);
  }
  /// The same from configuration. Throws `Error` with the name and the rule it breaks.
  [[nodiscard]] static Checked checked(std::same_as<Utf8Name> auto name)
    requires(NameRule<Rule>)
  {
    utf8_rule<Rule>(name.text());
    return Checked(name.text(), NameStyle::utf8);
  }

  // Said, for with one rule what follows looks like the first.
  constexpr Checked(const Checked&) noexcept = default;
  constexpr Checked& operator=(const Checked&) noexcept = default;
  /// The name of an open label is one of a label.
  constexpr Checked(const Checked<rules::open_label>& name) noexcept  // NOLINT: meant to convert
    requires(is_label<Rule>)
      : text_(name.text()), style_(name.style()) {}

  [[nodiscard]] constexpr std::string_view text() const noexcept { return text_; }
  [[nodiscard]] constexpr NameStyle style() const noexcept { return style_; }
  [[nodiscard]] constexpr bool legacy() const noexcept { return style_ == NameStyle::legacy; }
  [[nodiscard]] constexpr bool utf8() const noexcept { return style_ == NameStyle::utf8; }

 private:
  constexpr Checked(std::string_view text, NameStyle style) noexcept : text_(text), style_(style) {}
  std::string_view text_;
  NameStyle style_ = NameStyle::conventional;
};

#undef FLOWVIZ_METRICS_CONVERTED_CHECK

using CounterName = Checked<rules::counter>;          ///< snake_case, ends in `_total`
using MetricName = Checked<rules::metric>;            ///< snake_case, of anything but a counter or an Info
using InfoName = Checked<rules::info>;                ///< snake_case, ends in `_info`
using LabelName = Checked<rules::label>;              ///< snake_case, not one of the reserved names
using OpenLabelName = Checked<rules::open_label>;     ///< a LabelName that does not read like an identifier
using ExemplarName = Checked<rules::exemplar_label>;  ///< a LabelName, of the classic alphabet always
using HelpText = Checked<rules::help>;                ///< a sentence

FLOWVIZ_METRICS_END
