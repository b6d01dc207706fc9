// SPDX-License-Identifier: MIT
#pragma once
/// \file
/// Names of metrics and labels, checked while the program is compiled: a name that breaks a rule of the exposition
/// format or a convention that dashboards rely on does not build, and the compiler shows the rule. Names out of
/// configuration go through `checked()`, which throws with the same words.

#include <array>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include <flowviz_metrics/encode/utf8.hpp>
#include <flowviz_metrics/error.hpp>

FLOWVIZ_METRICS_BEGIN

/// The rules, each a function that returns or refuses. Sources: the Prometheus data model and naming practices.
namespace rules {

constexpr bool is_lower(char c) noexcept { return c >= 'a' && c <= 'z'; }
constexpr bool is_digit(char c) noexcept { return c >= '0' && c <= '9'; }

/// Calls `visit` with each part of a snake_case name.
template <class Visit>
constexpr void each_word(std::string_view name, Visit visit) {
  while (!name.empty()) {
    const std::size_t end = name.find('_');
    visit(name.substr(0, end));
    name = end < name.size() ? name.substr(end + 1) : std::string_view{};
  }
}

template <std::size_t N>
constexpr bool is_one_of(std::string_view word, const std::array<std::string_view, N>& words) noexcept {
  for (const std::string_view one : words) {
    if (one == word) return true;
  }
  return false;
}

constexpr void snake_case(std::string_view name) {
  if (name.empty()) rule_broken(name, "a name is not empty");
  if (!is_lower(name.front())) rule_broken(name, "a name starts with a lower-case letter");
  for (const char c : name) {
    if (!is_lower(c) && !is_digit(c) && c != '_')
      rule_broken(name, "a name is lower-case snake_case: a-z, 0-9 and _ only");
  }
  if (name.back() == '_' || name.find("__") != std::string_view::npos) {
    rule_broken(name, "a name has no empty word: no _ at its end and no __ inside");
  }
}

constexpr void reserved_ending(std::string_view name) {
  for (const std::string_view ending : {"_bucket", "_count", "_sum", "_created"}) {
    if (name.ends_with(ending))
      rule_broken(name, "the endings _bucket, _count, _sum and _created belong to the exposition format");
  }
}

constexpr void no_type(std::string_view name) {
  constexpr std::array<std::string_view, 4> types{"counter", "gauge", "histogram", "summary"};
  each_word(name, [&](std::string_view word) {
    if (is_one_of(word, types)) rule_broken(name, "a metric's type is not part of its name");
  });
}

/// `word` without the s of a plural.
constexpr std::string_view singular(std::string_view word) noexcept {
  return word.ends_with('s') && word.size() > 2 ? word.substr(0, word.size() - 1) : word;
}

// Hours and days are left out: `business_hours` and its like are subjects, not units.
constexpr void base_unit(std::string_view name) {
  constexpr std::array<std::string_view, 35> others{
      "ms",          "msec",     "milli",    "millisecond", "us",         "usec",     "micro",
      "microsecond", "ns",       "nsec",     "nano",        "nanosecond", "minute",   "kb",
      "mb",          "gb",       "tb",       "kib",         "mib",        "gib",      "tib",
      "kilobyte",    "megabyte", "gigabyte", "terabyte",    "kibibyte",   "mebibyte", "gibibyte",
      "tebibyte",    "kbit",     "mbit",     "gbit",        "bit",        "percent",  "percentage"};
  each_word(name, [&](std::string_view word) {
    if (is_one_of(word, others) || is_one_of(singular(word), others))
      rule_broken(name, "values are in base units: _seconds, _bytes, _ratio, never _ms, _kb or _percent");
  });
}

/// No ending that says to readers what the metric is not.
constexpr void no_ending(std::string_view name) {
  reserved_ending(name);
  if (name.ends_with("_total")) rule_broken(name, "only a counter's name ends in _total");
  if (name.ends_with("_info")) rule_broken(name, "only the name of an Info ends in _info");
}

/// The name without its ending, which it has to have.
constexpr std::string_view before_total(std::string_view name) {
  if (!name.ends_with("_total")) rule_broken(name, "a counter's name ends in _total");
  return name.substr(0, name.size() - std::string_view("_total").size());
}
constexpr std::string_view before_info(std::string_view name) {
  if (!name.ends_with("_info")) rule_broken(name, "the name of an Info ends in _info");
  return name.substr(0, name.size() - std::string_view("_info").size());
}

constexpr void metric(std::string_view name) {
  snake_case(name);
  no_ending(name);
  no_type(name);
  base_unit(name);
}

constexpr void counter(std::string_view name) {
  snake_case(name);
  metric(before_total(name));
}

constexpr void info(std::string_view name) {
  snake_case(name);
  metric(before_info(name));
}

/// Whether a help text is none: one of blanks alone is as good as that, and readers trim it away.
constexpr bool is_no_help(std::string_view text) { return text.find_first_not_of(" \t\n") == text.npos; }

constexpr void help(std::string_view text) {
  if (is_no_help(text)) rule_broken(text, "a help text is not empty");
  while (!text.empty()) {
    const std::size_t length = text.front() == '\r' ? 0 : encode::sequence_length(text);
    if (length == 0) rule_broken({}, "a help text is UTF-8 without carriage returns");
    text.remove_prefix(length);
  }
}

/// What every format can show: for names that were given before there were rules, and have to stay.
constexpr void legacy(std::string_view name) {
  const auto is_letter = [](char c) { return is_lower(c) || (c >= 'A' && c <= 'Z') || c == '_' || c == ':'; };
  if (name.empty() || !is_letter(name.front())) rule_broken(name, "a name starts with a letter, _ or :");
  for (const char c : name) {
    if (!is_letter(c) && !is_digit(c)) rule_broken(name, "a name is of a-z, A-Z, 0-9, _ and : only");
  }
}

constexpr void not_taken(std::string_view name) {
  constexpr std::array<std::string_view, 4> taken{"le", "quantile", "job", "instance"};
  if (name.starts_with("__")) rule_broken(name, "label names that start with __ belong to Prometheus");
  if (is_one_of(name, taken))
    rule_broken(name, "the labels le, quantile, job and instance are set by the format or by Prometheus");
}

constexpr void label(std::string_view name) {
  not_taken(name);
  snake_case(name);
}

/// The same; a rule of its own, for those of exemplars are of the classic alphabet always.
constexpr void exemplar_label(std::string_view name) { label(name); }

/// The part of a name behind the last character that is neither letter nor digit.
constexpr std::string_view last_word(std::string_view name) noexcept {
  std::size_t start = name.size();
  while (start > 0 && (is_lower(name[start - 1]) || is_digit(name[start - 1]))) --start;
  return name.substr(start);
}

/// Names that promise a new value for every customer, call or message: as a label they have no finite domain. The last
/// word counts: `user` and `created_by_user`, not `user_kind`.
constexpr void not_id_like(std::string_view name) {
  constexpr std::array<std::string_view, 28> words{
      "id",    "uuid",  "guid",    "email", "mail",      "user", "username", "assignee", "customer", "person",
      "phone", "token", "session", "ip",    "addr",      "uri",  "url",      "path",     "query",    "message",
      "text",  "date",  "time",    "trace", "timestamp", "run",  "address",  "serial"};
  if (is_one_of(last_word(name), words)) {
    rule_broken(name, "a label that reads like an identifier has no finite domain; or say flowviz::allow_id_like");
  }
}

constexpr void open_label(std::string_view name) {
  label(name);
  not_id_like(name);
}

/// What can stand between quotation marks as a name: for those who ask for it, with a Utf8Name. What conventions say of
/// words does not apply to it, what formats say of endings does.
constexpr void utf8(std::string_view name) {
  if (name.empty()) rule_broken(name, "a name is not empty");
  for (std::string_view rest = name; !rest.empty();) {
    const std::size_t length = encode::sequence_length(rest);
    if (length == 0) rule_broken(name, "a name is UTF-8");
    const char32_t code = encode::code_point(rest.substr(0, length));
    if (code < 0x20 || (code >= 0x7f && code < 0xa0)) rule_broken(name, "a name has no control characters");
    rest.remove_prefix(length);
  }
}

constexpr void utf8_metric(std::string_view name) {
  utf8(name);
  no_ending(name);
}
constexpr void utf8_counter(std::string_view name) { utf8_metric(before_total(name)); }
constexpr void utf8_info(std::string_view name) { utf8_metric(before_info(name)); }

constexpr void utf8_label(std::string_view name) {
  utf8(name);
  not_taken(name);
  // Prometheus drops labels that start with __, and any other character may become an underscore or two.
  const char first = name.front();
  if (!is_lower(first) && !(first >= 'A' && first <= 'Z')) {
    rule_broken(name,
                "the name of a label starts with a letter of a to z, so that no reader gets it escaped to one that "
                "starts with __");
  }
}
constexpr void utf8_open_label(std::string_view name) {
  utf8_label(name);
  not_id_like(name);
}

}  // namespace rules

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
