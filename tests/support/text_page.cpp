// SPDX-License-Identifier: MIT
// Reading a page in the Prometheus text formats 0.0.4 and 1.0.0, line by line. Where the format has one way of writing something
// on our own pages, the line is printed again from what was read and compared, so that no spacing rule has to be
// listed.

#include "support/text_page.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdint>
#include <limits>
#include <system_error>

#include "support/characters.hpp"
#include "support/from_chars.hpp"

namespace support {
namespace {

constexpr std::string_view blanks = " \t";

std::string lower(std::string_view text) {
  std::string result(text);
  for (char& c : result) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return result;
}

class LineReader {
 public:
  LineReader(std::string_view line, std::size_t number, const ValidationOptions& options,
             std::vector<Violation>& violations)
      : line_(line), rest_(line), number_(number), options_(options), violations_(violations) {}

  PageLine read() {
    PageLine result;
    result.number = number_;
    if (line_.find('\r') != std::string_view::npos) refuse("carriage_return", "a CR");
    if (!line_.empty() && line_.back() == '\r') {
      line_.remove_suffix(1);
      rest_ = line_;
    }
    if (!is_utf8(line_)) refuse("utf8", "bytes that are not UTF-8");
    if (line_.find_first_not_of(blanks) == std::string_view::npos) {
      if (ours()) refuse("blank_line", "a blank line");
      result.content = BlankLine{};
    } else if (line_[line_.find_first_not_of(blanks)] == '#') {
      result.content = read_comment();
    } else {
      result.content = read_sample();
    }
    return result;
  }

 private:
  using Content = decltype(PageLine::content);

  bool ours() const { return options_.producer == Producer::flowviz; }
  void refuse(std::string rule, std::string detail) {
    violations_.push_back({std::move(rule), number_, std::move(detail)});
  }
  void refuse_other_layout(const std::string& only_layout) {
    if (ours() && line_ != only_layout) refuse("layout", "should read: " + only_layout);
  }

  void skip_blanks() { rest_.remove_prefix(std::min(rest_.find_first_not_of(blanks), rest_.size())); }
  std::string take_until(std::string_view stops) {
    const std::size_t end = std::min(rest_.find_first_of(stops), rest_.size());
    std::string taken(rest_.substr(0, end));
    rest_.remove_prefix(end);
    return taken;
  }
  std::string take_word() {
    skip_blanks();
    return take_until(blanks);
  }

  void check_metric_name(const std::string& name) {
    if (!is_name(name, !ours())) refuse("metric_name", "'" + name + "'");
    if (ours() && name.rfind("__", 0) == 0) refuse("reserved_name", name);
  }

  bool at_quote() const { return !rest_.empty() && rest_.front() == '"'; }

  /// Takes a text between quotation marks; what stands between them as it is there, or nothing if it does not end.
  std::optional<std::string_view> take_quoted() {
    std::size_t end = 1;
    while (end < rest_.size() && rest_[end] != '"') end += rest_[end] == '\\' ? 2U : 1U;
    if (end >= rest_.size()) return std::nullopt;
    const std::string_view inside = rest_.substr(1, end - 1);
    rest_.remove_prefix(end + 1);
    return inside;
  }

  /// Takes a name between quotation marks, as one of a metric if `colon_allowed`; nothing if it does not end.
  std::optional<std::string> take_quoted_name(bool colon_allowed) {
    const std::optional<std::string_view> inside = take_quoted();
    if (!inside) return std::nullopt;
    const std::string name = unescape(*inside, "\\\"n");
    if (options_.names == Names::classic) refuse("quoted_name", "'" + name + "'");
    if (options_.names == Names::utf8 && is_name(name, colon_allowed)) refuse("needless_quotes", name);
    if (is_utf8(name) && !is_any_name(name)) refuse(colon_allowed ? "metric_name" : "label_name", "'" + name + "'");
    return name;
  }

  /// Takes the name of a family; `layout` receives it as it stands there.
  std::string take_family_name(std::string& layout) {
    skip_blanks();
    const std::string_view before = rest_;
    std::string name;
    if (at_quote()) {
      const std::optional<std::string> quoted = take_quoted_name(true);
      if (!quoted) refuse("metric_name", "a quoted name that does not end");
      name = quoted.value_or("");
    } else {
      name = take_until(blanks);
      check_metric_name(name);
    }
    layout = before.substr(0, before.size() - rest_.size());
    return name;
  }

  /// Undoes the escapes that `allowed` lists after a backslash (n stands for a line feed).
  std::string unescape(std::string_view text, std::string_view allowed) {
    std::string result;
    for (std::size_t i = 0; i < text.size(); ++i) {
      if (text[i] != '\\') {
        result += text[i];
        continue;
      }
      const char next = i + 1 < text.size() ? text[i + 1] : '\0';
      if (next == '\0' || allowed.find(next) == std::string_view::npos) {
        refuse("escape", "a backslash before neither of " + std::string(allowed));
        continue;
      }
      result += next == 'n' ? '\n' : next;
      ++i;
    }
    return result;
  }

  Content read_comment() {
    skip_blanks();
    rest_.remove_prefix(1);  // the #
    const std::string keyword = take_word();
    if (keyword == "HELP") return read_help();
    if (keyword == "TYPE") return read_type();
    if (ours()) refuse("comment", "a comment that is neither HELP nor TYPE");
    return CommentLine{};
  }

  Content read_help() {
    HelpLine help;
    std::string shown;
    help.name = take_family_name(shown);
    if (!rest_.empty()) rest_.remove_prefix(1);
    const std::string escaped(rest_);
    help.text = unescape(escaped, "\\n");
    if (ours() && help.text.find_first_not_of(blanks) == std::string::npos) {
      refuse("empty_help", help.name);
    } else {
      refuse_other_layout("# HELP " + shown + " " + escaped);
    }
    return help;
  }

  Content read_type() {
    TypeLine type;
    std::string shown;
    type.name = take_family_name(shown);
    type.type = take_word();
    skip_blanks();
    constexpr std::string_view known[] = {"counter", "gauge", "histogram", "summary", "untyped"};
    if (std::find(std::begin(known), std::end(known), type.type) == std::end(known)) {
      refuse("unknown_type", "'" + type.type + "'");
    }
    if (!rest_.empty()) refuse("malformed_line", "text after the type");
    if (rest_.empty()) refuse_other_layout("# TYPE " + shown + " " + type.type);
    return type;
  }

  Content malformed(std::string detail) {
    refuse("malformed_line", std::move(detail));
    return UnreadableLine{};
  }

  /// Takes the name of a metric that stands quoted where labels begin; empty if there is none. `layout` receives it with its
  /// brace.
  std::string take_name_in_braces(std::string& layout) {
    skip_blanks();
    const std::string_view before = rest_;
    if (!at_quote() || !take_quoted()) return {};
    const std::string shown(before.substr(0, before.size() - rest_.size()));
    skip_blanks();
    if (rest_.starts_with('=')) {  // the name of a label
      rest_ = before;
      return {};
    }
    rest_ = before;
    std::string name = take_quoted_name(true).value_or("");
    layout = '{' + shown;
    skip_blanks();
    if (rest_.starts_with(',')) rest_.remove_prefix(1);
    return name;
  }

  /// Reads `name="value",...}` into `labels`; `layout` receives it as our own pages write it. False: unreadable.
  bool read_labels(LabelPairs& labels, std::string& layout) {
    for (;;) {
      skip_blanks();
      if (rest_.empty()) return false;
      if (rest_.front() == '}') break;
      const std::string_view before = rest_;
      const bool quoted = at_quote();
      const std::optional<std::string> taken = quoted ? take_quoted_name(false) : take_until(" \t=,{}\"");
      if (!taken) return false;
      std::string name = *taken;
      const std::string shown(before.substr(0, before.size() - rest_.size()));
      skip_blanks();
      if (quoted && (rest_.starts_with(',') || rest_.starts_with('}'))) {
        refuse("second_name", "'" + name + "'");
        return false;
      }
      if (rest_.empty() || rest_.front() != '=') return false;
      rest_.remove_prefix(1);
      skip_blanks();
      if (!at_quote()) return false;
      const std::optional<std::string_view> value = take_quoted();
      if (!value) return false;
      const std::string_view escaped = *value;
      layout += layout.empty() ? '{' : ',';
      layout += shown + "=\"" + std::string(escaped) + '"';
      if (!quoted && !is_name(name, false)) refuse("label_name", "'" + name + "'");
      if (name.rfind("__", 0) == 0) refuse("reserved_name", name);
      if (std::any_of(labels.begin(), labels.end(), [&](const auto& label) { return label.first == name; })) {
        refuse("duplicate_label", name);
      }
      labels.emplace_back(std::move(name), unescape(escaped, "\\\"n"));
      skip_blanks();
      if (rest_.empty() || (rest_.front() != ',' && rest_.front() != '}')) return false;
      if (rest_.front() == ',') rest_.remove_prefix(1);
    }
    rest_.remove_prefix(1);
    if (!layout.empty()) layout += '}';
    return true;
  }

  /// Reads `# {name="value",...} number seconds`, as OpenMetrics has it: of a counter or a bucket whose bound is not less, of
  /// 128 code points at most. False: unreadable.
  bool read_exemplar(Sample& sample) {
    rest_.remove_prefix(3);
    SampleExemplar exemplar;
    std::string layout;
    if (!read_labels(exemplar.labels, layout)) return false;
    const std::optional<double> value = parse_number(take_word());
    const std::string seconds = take_word();
    if (!seconds.empty()) exemplar.timestamp = parse_number(seconds);
    if (!value || exemplar.timestamp.has_value() == seconds.empty()) return false;
    exemplar.value = *value;
    std::string text;
    for (const auto& [name, of] : exemplar.labels) text += name + of;
    if (code_points(text) > 128) refuse("exemplar", "more than 128 code points");
    // The format allows it, but Prometheus refuses the page.
    if (text.find('\0') != std::string::npos) refuse("exemplar", "a NUL");
    const std::string* le = sample.label("le");
    const bool is_bucket = le != nullptr && sample.name.ends_with("_bucket");
    if (!is_bucket && !sample.name.ends_with("_total")) refuse("exemplar", "neither of a counter nor of a bucket");
    if (is_bucket && !(exemplar.value <= parse_number(*le).value_or(0))) refuse("exemplar", "above the bucket's bound");
    sample.exemplar = std::move(exemplar);
    return true;
  }

  Content read_sample() {
    Sample sample;
    sample.line = number_;
    skip_blanks();
    const std::string name = take_until(" \t{");
    sample.name = name;
    skip_blanks();
    std::string labels_layout;
    if (rest_.starts_with('{')) {
      rest_.remove_prefix(1);
      if (name.empty()) sample.name = take_name_in_braces(labels_layout);
      if (!read_labels(sample.labels, labels_layout)) return malformed("labels that cannot be read");
    }
    // A quoted name has been looked at.
    if (!name.empty() || sample.name.empty()) check_metric_name(name);
    sample.value_text = take_word();
    skip_blanks();
    if (!ours() && rest_.starts_with("# {") && !read_exemplar(sample))
      return malformed("an exemplar that cannot be read");
    const std::string timestamp = take_word();
    skip_blanks();
    if (sample.value_text.empty()) return malformed("no value");
    if (!rest_.empty()) return malformed("text after the sample");
    const std::optional<double> value = parse_number(sample.value_text);
    if (!value) {
      refuse("number", "'" + sample.value_text + "'");
      return UnreadableLine{};
    }
    sample.value = *value;
    if (ours() && sample.value_text != go_number(*value) && !is_plain_integer(sample.value_text)) {
      refuse("canonical_number", sample.value_text + " instead of " + go_number(*value));
    }
    if (!timestamp.empty()) {
      if (options_.timestamps == Timestamps::refused) refuse("timestamp", timestamp);
      if (!is_plain_integer(timestamp)) refuse("number", "timestamp '" + timestamp + "'");
    }
    refuse_other_layout(name + labels_layout + " " + sample.value_text + (timestamp.empty() ? "" : " " + timestamp));
    std::sort(sample.labels.begin(), sample.labels.end());
    return sample;
  }

  std::string_view line_;
  std::string_view rest_;
  std::size_t number_;
  const ValidationOptions& options_;
  std::vector<Violation>& violations_;
};

}  // namespace

const std::string* Sample::label(std::string_view label_name) const {
  for (const auto& [name_of_label, value_of_label] : labels) {
    if (name_of_label == label_name) return &value_of_label;
  }
  return nullptr;
}

std::vector<PageLine> read_lines(std::string_view page, const ValidationOptions& options,
                                 std::vector<Violation>& violations) {
  std::vector<PageLine> lines;
  std::size_t number = 0;
  while (!page.empty()) {
    ++number;
    const std::size_t end = page.find('\n');
    lines.push_back(LineReader(page.substr(0, end), number, options, violations).read());
    if (end == std::string_view::npos) {
      violations.push_back({"final_line_feed", number, "the last line does not end in LF"});
      break;
    }
    page.remove_prefix(end + 1);
  }
  return lines;
}

std::optional<double> parse_number(std::string_view text) {
  std::string_view digits = text;
  const bool negative = !digits.empty() && digits.front() == '-';
  if (!digits.empty() && (digits.front() == '-' || digits.front() == '+')) digits.remove_prefix(1);
  const std::string word = lower(digits);
  if (word == "inf" || word == "infinity") {
    return negative ? -std::numeric_limits<double>::infinity() : std::numeric_limits<double>::infinity();
  }
  if (lower(text) == "nan") return std::numeric_limits<double>::quiet_NaN();
  if (digits.empty() || !(is_digit(digits.front()) || digits.front() == '.')) return std::nullopt;
  double value = 0;
  const auto [end, error] = support::from_chars(digits.data(), digits.data() + digits.size(), value);
  if (error != std::errc{} || end != digits.data() + digits.size()) return std::nullopt;
  return negative ? -value : value;
}

std::string go_number(double value) {
  if (std::isnan(value)) return "NaN";
  if (std::isinf(value)) return value < 0 ? "-Inf" : "+Inf";
  if (value == 0) return std::signbit(value) ? "-0" : "0";
  char buffer[64];
  const auto result = std::to_chars(buffer, buffer + sizeof buffer, std::abs(value), std::chars_format::scientific);
  const std::string_view scientific(buffer, static_cast<std::size_t>(result.ptr - buffer));
  const std::size_t e = scientific.find('e');
  int exponent = 0;
  const char* exponent_text = buffer + e + (scientific[e + 1] == '+' ? 2 : 1);
  std::from_chars(exponent_text, result.ptr, exponent);
  const std::string sign = value < 0 ? "-" : "";
  // Go decides with a precision of 6 when it was asked for the shortest digits.
  if (exponent < -4 || exponent >= 6) return sign + std::string(scientific);
  std::string digits(scientific.substr(0, e));
  digits.erase(std::remove(digits.begin(), digits.end(), '.'), digits.end());
  if (exponent < 0) return sign + "0." + std::string(static_cast<std::size_t>(-exponent - 1), '0') + digits;
  const std::size_t whole = static_cast<std::size_t>(exponent) + 1;
  if (digits.size() <= whole) return sign + digits + std::string(whole - digits.size(), '0');
  return sign + digits.substr(0, whole) + "." + digits.substr(whole);
}

bool is_plain_integer(std::string_view text) {
  const auto whole = [&](auto number) {
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    return error == std::errc{} && end == text.data() + text.size() && std::to_string(number) == text;
  };
  return whole(std::int64_t{}) || whole(std::uint64_t{});
}

}  // namespace support
