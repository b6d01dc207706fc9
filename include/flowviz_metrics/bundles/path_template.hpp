// SPDX-License-Identifier: MIT
#pragma once
/// \file
/// Path templates such as `/api/lots/{lot_id}`: what stands for a set of paths in a `handler` label, where the path
/// itself would be a new value for every lot.

#include <algorithm>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <flowviz_metrics/error.hpp>

FLOWVIZ_METRICS_BEGIN

/// A path in which `{name}` stands for one segment that is not empty; everything else stands for itself.
///
/// Patterns in other notations are refused, for taken literally they would be paths that nobody asks for: each of
/// `\ ? | [ ] ^`, which no path holds by RFC 3986, and `*` anywhere; `.+`; `(` or `:` at the start of a segment; `$` at
/// the end; `:` in a parameter. Elsewhere `+ ( ) $ :` are characters like others, as in `/lots(1)/$count`.
class PathTemplate {
 public:
  /// Throws `Error` unless `text` starts with a slash and each parameter is a whole segment with a name of its own, or
  /// if it looks like a pattern in another notation.
  explicit PathTemplate(std::string text) : text_(std::move(text)) {
    if (!text_.starts_with('/')) rule_broken(text_, "a path template starts with /");
    if (text_.find_first_of("\\?|[]^*") != text_.npos || text_.ends_with('$')) rule_broken(text_, other_notation);
    for (const char* start : {".+", "/(", "/:"}) {
      if (text_.find(start) != text_.npos) rule_broken(text_, other_notation);
    }
    std::string_view rest = text_;
    for (std::size_t open = rest.find('{'); open != rest.npos; open = rest.find('{')) {
      const std::size_t close = rest.find('}', open);
      if (close == rest.npos) rule_broken(text_, unpaired);
      add_literal(rest.substr(0, open));
      add_name(rest.substr(open + 1, close - open - 1));
      rest.remove_prefix(close + 1);
      if (!literals_.back().ends_with('/') || !(rest.empty() || rest.starts_with('/'))) {
        rule_broken(text_, "a parameter is a whole segment: /{name}/");
      }
    }
    add_literal(rest);
  }

  [[nodiscard]] const std::string& text() const noexcept { return text_; }

  /// Whether `path` is one of those that the template stands for. Costs one pass over `path`; never allocates.
  [[nodiscard]] bool matches(std::string_view path) const noexcept {
    for (std::size_t i = 0; i < names_.size(); ++i) {
      if (!path.starts_with(literals_[i])) return false;
      path.remove_prefix(literals_[i].size());
      const std::size_t segment = std::min(path.find('/'), path.size());
      if (segment == 0) return false;
      path.remove_prefix(segment);
    }
    return path == literals_.back();
  }

  /// The place of a parameter among the template's parameters, counted from 0.
  [[nodiscard]] std::optional<std::size_t> parameter(std::string_view name) const noexcept {
    const auto found = std::find(names_.begin(), names_.end(), name);
    if (found == names_.end()) return std::nullopt;
    return static_cast<std::size_t>(found - names_.begin());
  }

  /// An ECMAScript expression for just the paths that the template stands for; each parameter is a group.
  [[nodiscard]] std::string regex() const {
    std::string expression;
    for (std::size_t i = 0; i < literals_.size(); ++i) {
      if (i > 0) expression += "([^/]+)";
      for (const char c : literals_[i]) {
        if (std::string_view("$.+()").find(c) != std::string_view::npos) expression += '\\';  // others are refused
        expression += c;
      }
    }
    return expression;
  }

 private:
  static constexpr const char* unpaired = "braces come in pairs, around the name of a parameter";
  static constexpr const char* other_notation = "a parameter is written {name}; regular expressions are not taken";

  void add_literal(std::string_view literal) {
    if (literal.find('}') != literal.npos) rule_broken(text_, unpaired);
    literals_.emplace_back(literal);
  }
  void add_name(std::string_view name) {
    if (name.find(':') != name.npos) rule_broken(text_, other_notation);
    if (name.empty() || name.find_first_of("{/") != name.npos) rule_broken(text_, "a parameter has a name: {lot_id}");
    if (parameter(name)) rule_broken(text_, "a parameter's name occurs once");
    names_.emplace_back(name);
  }

  std::string text_;
  std::vector<std::string> literals_;  // one more than names_: what stands before, between and after the parameters
  std::vector<std::string> names_;
};

FLOWVIZ_METRICS_END
