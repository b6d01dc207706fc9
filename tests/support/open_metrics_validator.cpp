// SPDX-License-Identifier: MIT
// The layout of a line is held against the grammar of the specification, with quoted texts taken out; what stands in it is
// then read by the reader of lines that the other text format has, too. A family's lines are together, metadata first, so
// each sample belongs to the family above it.

#include "support/open_metrics_validator.hpp"

#include <algorithm>
#include <limits>
#include <map>
#include <optional>
#include <regex>
#include <set>
#include <string>
#include <utility>

#include "support/sample_names.hpp"

namespace support {
namespace {

struct Family {
  std::string name, type = "unknown", unit;
  std::size_t line = 0;
  std::set<std::string> metadata;  // keywords of the lines seen
  std::vector<Sample> samples;
};

/// What a sample's name has behind its family's, by type.
const std::map<std::string, std::vector<std::string>> suffixes{
    {"counter", {"_total", "_created"}},
    {"gauge", {""}},
    {"histogram", {"_bucket", "_count", "_sum", "_created"}},
    {"gaugehistogram", {"_bucket", "_gcount", "_gsum"}},
    {"stateset", {""}},
    {"info", {"_info"}},
    {"summary", {"", "_count", "_sum", "_created"}},
    {"unknown", {""}},
};

/// The only way that our pages write a double.
std::string open_number(double value) {
  std::string text = go_number(value);
  if (text.find_first_of(".eIN") == std::string::npos) text += ".0";
  return text;
}

LabelPairs without(LabelPairs labels, std::string_view name) {
  std::erase_if(labels, [&](const auto& label) { return label.first == name || label.second.empty(); });
  return labels;
}

class Validator {
 public:
  explicit Validator(Names names) : lenient_{Producer::other, Timestamps::refused, CounterNames::any, names} {}

  std::vector<Violation> validate(std::string_view page) {
    std::size_t number = 0;
    bool ended = false;
    while (!page.empty()) {
      ++number;
      const std::size_t end = page.find('\n');
      const std::string_view line = page.substr(0, end);
      if (end == std::string_view::npos) refuse("final_line_feed", number, "the last line does not end in LF");
      page.remove_prefix(end == std::string_view::npos ? page.size() : end + 1);
      if (ended) refuse("eof", number, "a line behind the end");
      if (line == "# EOF") {
        ended = true;
      } else {
        take(line, number);
      }
    }
    if (!ended) refuse("eof", number, "the page does not end in # EOF");
    finish_family();
    check_clashes();
    std::stable_sort(violations_.begin(), violations_.end(),
                     [](const Violation& a, const Violation& b) { return a.line < b.line; });
    return std::move(violations_);
  }

 private:
  void refuse(std::string rule, std::size_t line, std::string detail) {
    violations_.push_back({std::move(rule), line, std::move(detail)});
  }

  // --- line after line ---

  void take(std::string_view line, std::size_t number) {
    if (line.empty()) return refuse("blank_line", number, "");
    line.front() == '#' ? take_metadata(std::string(line), number) : take_sample(std::string(line), number);
  }

  void take_metadata(const std::string& line, std::size_t number) {
    static const std::regex form("# (HELP|TYPE|UNIT) ([a-zA-Z_:][a-zA-Z0-9_:]*|\"(?:[^\"\\\\]|\\\\.)*\") (.*)");
    std::smatch parts;
    if (!std::regex_match(line, parts, form)) return refuse("metadata", number, line);
    const std::string keyword = parts[1], text = parts[3];
    const std::string name = name_of(parts[2], number);
    if (name.empty()) return;
    if (name != family_.name) begin_family(name, number);
    if (!family_.samples.empty()) refuse("metadata_first", number, line);
    if (!family_.metadata.insert(keyword).second) return refuse("repeated_metadata", number, line);
    if (keyword == "TYPE") {
      if (suffixes.count(text) == 0) return refuse("unknown_type", number, text);
      family_.type = text;
    } else if (keyword == "UNIT") {
      family_.unit = text;
      if (text.empty() || !name.ends_with("_" + text)) refuse("unit", number, name + " does not end in " + text);
    } else {
      take_help(text, number);
    }
  }

  // The name that stands in a line of metadata, quoted or not.
  std::string name_of(const std::string& shown, std::size_t number) {
    if (shown.front() != '"') return shown;
    std::vector<Violation> found;
    const auto lines = read_lines("{" + shown + "} 1\n", lenient_, found);
    for (const Violation& one : found) refuse(one.rule, number, one.detail);
    const auto* sample = std::get_if<Sample>(&lines.front().content);
    return sample == nullptr ? shown : sample->name;
  }

  void take_help(const std::string& text, std::size_t number) {
    if (text.empty()) refuse("empty_help", number, family_.name);
    std::vector<Violation> found;  // of the text's bytes
    read_lines("g{a=\"" + escaped_only(text, number) + "\"} 1\n", lenient_, found);
    for (const Violation& one : found) refuse(one.rule, number, one.detail);
  }

  // The text if nothing in it has to be escaped that is not: quotes, too, in this format.
  std::string escaped_only(const std::string& text, std::size_t number) {
    for (std::size_t i = 0; i < text.size(); ++i) {
      if (text[i] == '"') {
        refuse("escape", number, "a quote that is not escaped");
        return {};
      }
      if (text[i] == '\\') ++i;
    }
    return text;
  }

  void take_sample(const std::string& line, std::size_t number) {
    static const std::string label("([a-zA-Z_][a-zA-Z0-9_]*|\"\")=\"\""), labels(label + "(," + label + ")*");
    static const std::regex form("([a-zA-Z_:][a-zA-Z0-9_:]*(\\{" + labels + "\\})?|\\{\"\"(," + labels +
                                 ")?\\}) [^ #{}\"]+" + "( # \\{(" + labels + ")?\\} [^ #{}\"]+( [0-9]+\\.[0-9]{3})?)?");
    std::string skeleton;
    bool quoted = false;
    for (std::size_t i = 0; i < line.size(); ++i) {
      if (line[i] == '"') quoted = !quoted;
      if (!quoted || line[i] == '"') skeleton += line[i];
      if (quoted && line[i] == '\\') ++i;
    }
    if (!std::regex_match(skeleton, form)) return refuse("layout", number, line);
    std::vector<Violation> found;
    auto lines = read_lines(line + "\n", lenient_, found);
    for (const Violation& one : found) refuse(one.rule, number, one.detail);
    auto* sample = std::get_if<Sample>(&lines.front().content);
    if (sample == nullptr) return;
    sample->line = number;
    check_belongs(*sample);
    // A time has its milliseconds.
    static const std::regex time("[1-9][0-9]*\\.[0-9]{3}");
    if (sample->name == family_.name + "_created") {
      if (!std::regex_match(sample->value_text, time)) refuse("created", number, sample->value_text);
    } else if (sample->value_text != open_number(sample->value) && !is_plain_integer(sample->value_text)) {
      refuse("canonical_number", number, sample->value_text);
    }
    family_.samples.push_back(std::move(*sample));
  }

  void check_belongs(const Sample& sample) {
    if (!family_.name.empty() && sample.name.starts_with(family_.name)) {
      const std::string suffix = sample.name.substr(family_.name.size());
      const auto& own = suffixes.at(family_.type);
      if (std::find(own.begin(), own.end(), suffix) != own.end()) return;
    }
    refuse("stray_sample", sample.line, sample.name + " in the family " + family_.name);
  }

  // --- family after family ---

  void begin_family(const std::string& name, std::size_t line) {
    finish_family();
    if (!families_.emplace(name, "").second) refuse("split_family", line, name);
    family_ = Family{};
    family_.name = name;
    family_.line = line;
  }

  void finish_family() {
    if (family_.name.empty()) return;
    families_[family_.name] = family_.type;
    for (const char* keyword : {"HELP", "TYPE"}) {
      if (family_.metadata.count(keyword) == 0) refuse("missing_metadata", family_.line, keyword);
    }
    if (!family_.unit.empty() && (family_.type == "info" || family_.type == "stateset")) {
      refuse("unit", family_.line, "a family of the type " + family_.type + " has none");
    }
    std::set<std::pair<std::string, LabelPairs>> seen;
    std::set<LabelPairs> metrics;
    std::optional<LabelPairs> current;
    for (const Sample& sample : family_.samples) {
      const LabelPairs metric = without(sample.labels, own_label());
      if (!seen.emplace(sample.name, without(sample.labels, "")).second) refuse_sample("duplicate_sample", sample);
      if (current != metric && !metrics.insert(metric).second) refuse_sample("split_metric", sample);
      current = metric;
      check_sample(sample);
    }
    if (family_.type == "histogram") check_histogram();
  }

  // The label that tells the samples of one metric apart.
  std::string own_label() const {
    return family_.type == "histogram" ? "le" : family_.type == "stateset" ? family_.name : "";
  }
  void refuse_sample(const std::string& rule, const Sample& sample) {
    refuse(rule, sample.line, sample.name + " " + sample.value_text);
  }

  void check_sample(const Sample& sample) {
    const bool is_bucket = family_.type == "histogram" && sample.name.ends_with("_bucket");
    if ((sample.label("le") != nullptr) != is_bucket) refuse_sample("le", sample);
    const bool has_parts = family_.type == "histogram" || family_.type == "summary";
    const bool is_count = is_bucket || (has_parts && sample.name == family_.name + "_count");
    if (is_count && !is_plain_integer(sample.value_text)) refuse_sample("whole_count", sample);
    const bool is_sum = has_parts && sample.name == family_.name + "_sum";
    if ((is_count || is_sum || family_.type == "counter") && !(sample.value >= 0)) {
      refuse_sample("counter_value", sample);
    }
    if (family_.type == "info" && sample.value_text != "1") refuse_sample("info_value", sample);
    if (family_.type == "stateset") {
      if (sample.label(family_.name) == nullptr) refuse_sample("state_label", sample);
      if (sample.value_text != "0" && sample.value_text != "1") refuse_sample("state_value", sample);
    }
  }

  struct Parts {
    std::vector<const Sample*> buckets;
    const Sample *count = nullptr, *sum = nullptr;
    std::size_t line = 0;
  };

  void check_histogram() {
    std::map<LabelPairs, Parts> all;
    for (const Sample& sample : family_.samples) {
      Parts& parts = all[without(sample.labels, "le")];
      if (parts.line == 0) parts.line = sample.line;
      if (sample.name.ends_with("_bucket")) parts.buckets.push_back(&sample);
      if (sample.name.ends_with("_count")) parts.count = &sample;
      if (sample.name.ends_with("_sum")) parts.sum = &sample;
    }
    for (const auto& [labels, parts] : all) {
      double last_bound = -std::numeric_limits<double>::infinity(), last_count = 0;
      bool below_zero = false;
      for (const Sample* bucket : parts.buckets) {
        const std::string* le = bucket->label("le");
        const std::optional<double> bound = le == nullptr ? std::nullopt : parse_number(*le);
        if (!bound || *le != open_number(*bound)) {
          refuse_sample("bucket_bound", *bucket);
          continue;
        }
        if (!(*bound > last_bound)) refuse_sample("bucket_order", *bucket);
        if (bucket->exemplar && !(bucket->exemplar->value > last_bound)) refuse_sample("exemplar", *bucket);
        if (bucket->value < last_count) refuse_sample("bucket_cumulative", *bucket);
        below_zero = below_zero || *bound < 0;
        last_bound = *bound;
        last_count = bucket->value;
      }
      if (parts.buckets.empty() || last_bound != std::numeric_limits<double>::infinity()) {
        refuse("bucket_infinity", parts.line, family_.name);
      }
      // What can go down has no sum, and then no count either. Without bounds below zero only who observes knows whether it can.
      if ((parts.count == nullptr) != (parts.sum == nullptr) || (below_zero && parts.sum != nullptr)) {
        refuse("sum_and_count", parts.line, family_.name);
      }
      if (parts.count != nullptr && !parts.buckets.empty() &&
          parts.count->value_text != parts.buckets.back()->value_text) {
        refuse("count_equals_infinity", parts.count->line, family_.name);
      }
    }
  }

  // --- names that two families would both own ---

  void check_clashes() {
    NameOwners owners;
    for (const auto& [name, type] : families_) {
      std::vector<std::string> names{name};
      for (const std::string& suffix : suffixes.at(type)) names.push_back(name + suffix);
      if (const auto clash = owners.add(name, names)) refuse("family_clash", 0, *clash);
    }
  }

  const ValidationOptions lenient_;
  Family family_;
  std::map<std::string, std::string> families_;  // and their types
  std::vector<Violation> violations_;
};

}  // namespace

std::vector<Violation> validate_open_metrics(std::string_view page, Names names) {
  return Validator(names).validate(page);
}

}  // namespace support
