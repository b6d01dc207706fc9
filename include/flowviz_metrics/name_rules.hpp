// SPDX-License-Identifier: MIT
#pragma once
/// \file
/// What names and help texts keep to: rules of the exposition format, and conventions that dashboards rely on.

#include <array>
#include <cstddef>
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

FLOWVIZ_METRICS_END
