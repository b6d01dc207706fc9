// SPDX-License-Identifier: MIT
// The rules of the text format that span lines: what belongs to a family and in which order, one sample per label set,
// the arithmetic of histograms and summaries, and names that would clash. A family is resolved as a server does it: by
// its own name first, then by the suffixes of a histogram or summary.

#include "support/text_validator.hpp"

#include <algorithm>
#include <cmath>
#include <map>
#include <set>
#include <stdexcept>
#include <string>

#include "support/sample_names.hpp"

namespace support {
namespace {

bool ends_with(std::string_view text, std::string_view suffix) {
  return text.size() > suffix.size() && text.substr(text.size() - suffix.size()) == suffix;
}

struct Family {
  std::string name;
  std::size_t help_line = 0;  // 0: not seen
  std::size_t type_line = 0;
  std::size_t first_line = 0;
  std::string type = "untyped";
  std::vector<Sample> samples;
};

/// Labels without those of an empty value, which are absent ones, and without `left_out`.
LabelPairs identity(const Sample& sample, std::string_view left_out = {}) {
  LabelPairs labels;
  for (const auto& pair : sample.labels) {
    if (!pair.second.empty() && pair.first != left_out) labels.push_back(pair);
  }
  return labels;
}

std::string show(const std::string& name, const LabelPairs& labels) {
  std::string text = name + "{";
  for (const auto& [label, value] : labels) text += (text.back() == '{' ? "" : ",") + label + "=\"" + value + "\"";
  return text + "}";
}

class Validator {
 public:
  explicit Validator(const ValidationOptions& options) : options_(options) {}

  std::vector<Violation> validate(std::string_view page) {
    for (const PageLine& line : read_lines(page, options_, violations_)) {
      std::visit([&](const auto& content) { take(line.number, content); }, line.content);
    }
    for (const std::string& name : order_) check_family(families_.at(name));
    check_clashes();
    std::stable_sort(violations_.begin(), violations_.end(),
                     [](const Violation& a, const Violation& b) { return a.line < b.line; });
    return std::move(violations_);
  }

 private:
  bool ours() const { return options_.producer == Producer::flowviz; }
  void refuse(std::string rule, std::size_t line, std::string detail) {
    violations_.push_back({std::move(rule), line, std::move(detail)});
  }

  // --- line after line ---

  void take(std::size_t, const UnreadableLine&) {}
  void take(std::size_t, const BlankLine&) {}
  void take(std::size_t, const CommentLine&) {}

  void take(std::size_t line, const HelpLine& help) {
    Family& family = enter(help.name, line);
    if (family.help_line != 0) refuse("repeated_help", line, help.name);
    if (ours() && (family.type_line != 0 || !family.samples.empty()) && family.help_line == 0) {
      refuse("help_first", line, help.name);
    }
    if (family.help_line == 0) family.help_line = line;
  }

  void take(std::size_t line, const TypeLine& type) {
    Family& family = enter(type.name, line);
    if (family.type_line != 0) {
      refuse("repeated_type", line, type.name);
      return;
    }
    if (!family.samples.empty()) refuse("type_before_samples", line, type.name);
    family.type_line = line;
    family.type = type.type;
  }

  void take(std::size_t line, const Sample& sample) {
    Family& family = enter(family_of(sample.name), line);
    family.samples.push_back(sample);
    if (!seen_.emplace(sample.name, identity(sample)).second) {
      refuse("duplicate_sample", line, show(sample.name, sample.labels));
    }
  }

  std::string family_of(const std::string& sample_name) const {
    if (families_.count(sample_name) != 0) return sample_name;
    for (const std::string_view suffix : {"_bucket", "_count", "_sum"}) {
      if (!ends_with(sample_name, suffix)) continue;
      std::string base = sample_name.substr(0, sample_name.size() - suffix.size());
      const auto found = families_.find(base);
      if (found == families_.end()) continue;
      const std::string& type = found->second.type;
      if (type == "histogram" || (type == "summary" && suffix != "_bucket")) return base;
    }
    return sample_name;
  }

  Family& enter(const std::string& name, std::size_t line) {
    const auto [found, added] = families_.try_emplace(name);
    Family& family = found->second;
    if (added) {
      order_.push_back(name);
      family.name = name;
      family.first_line = line;
    } else if (name != current_) {
      refuse("split_family", line, name);
    }
    current_ = name;
    return family;
  }

  // --- family after family ---

  void check_family(const Family& family) {
    if (ours() && family.help_line == 0) refuse("missing_help", family.first_line, family.name);
    if (ours() && family.type_line == 0) refuse("missing_type", family.first_line, family.name);
    if (options_.counter_names == CounterNames::end_in_total && family.type_line != 0 &&
        (family.type == "counter") != ends_with(family.name, "_total")) {
      refuse("counter_name", family.type_line, family.name + " is a " + family.type);
    }
    for (const Sample& sample : family.samples) check_sample(family, sample);
    if (family.type == "histogram") check_histogram(family);
    if (family.type == "summary") check_summary(family);
  }

  void check_sample(const Family& family, const Sample& sample) {
    const bool is_bucket = family.type == "histogram" && sample.name == family.name + "_bucket";
    const bool is_quantile = family.type == "summary" && sample.name == family.name;
    const bool is_count = is_bucket || ((family.type == "histogram" || family.type == "summary") &&
                                        sample.name == family.name + "_count");
    const bool is_sum = sample.name != family.name && sample.name == family.name + "_sum";
    if (sample.label("le") != nullptr && !is_bucket && family.type != "untyped") {
      refuse("le_outside_bucket", sample.line, sample.name);
    }
    if (sample.label("quantile") != nullptr && !is_quantile && family.type != "untyped") {
      refuse("quantile_outside_summary", sample.line, sample.name);
    }
    if (family.type == "histogram" && sample.name == family.name) refuse("stray_sample", sample.line, sample.name);
    if ((family.type == "counter" || is_count) && !(sample.value >= 0)) {
      refuse("counter_value", sample.line, sample.name + " " + sample.value_text);
    }
    if (is_count && ours() && !is_plain_integer(sample.value_text)) {
      refuse("whole_count", sample.line, sample.name + " " + sample.value_text);
    }
    // Sums are doubles by nature; whole digits are for what is counted.
    if (is_sum && ours() && sample.value_text != go_number(sample.value)) {
      refuse("canonical_number", sample.line, sample.value_text + " instead of " + go_number(sample.value));
    }
  }

  /// The value of a label that holds a number (`le`, `quantile`), NaN after a refusal.
  double label_number(const Sample& sample, std::string_view label, const std::string& rule) {
    const std::string* text = sample.label(label);
    const std::optional<double> number = text == nullptr ? std::nullopt : parse_number(*text);
    if (!number || std::isnan(*number)) {
      refuse(rule, sample.line, text == nullptr ? "no " + std::string(label) : *text);
      return std::nan("");
    }
    if (ours() && *text != go_number(*number)) {
      refuse("canonical_number", sample.line, *text + " instead of " + go_number(*number));
    }
    return *number;
  }

  struct Parts {
    std::vector<const Sample*> points;  // buckets or quantiles
    const Sample* count = nullptr;
    const Sample* sum = nullptr;
    std::size_t line = 0;
  };

  std::map<LabelPairs, Parts> parts_of(const Family& family, const std::string& point_name, std::string_view label) {
    std::map<LabelPairs, Parts> all;
    for (const Sample& sample : family.samples) {
      Parts& parts = all[identity(sample, label)];
      if (parts.line == 0) parts.line = sample.line;
      if (sample.name == point_name) parts.points.push_back(&sample);
      if (sample.name == family.name + "_count") parts.count = &sample;
      if (sample.name == family.name + "_sum") parts.sum = &sample;
    }
    for (const auto& [labels, parts] : all) {
      if (parts.count == nullptr) refuse("missing_count", parts.line, show(family.name, labels));
      if (parts.sum == nullptr) refuse("missing_sum", parts.line, show(family.name, labels));
    }
    return all;
  }

  void check_histogram(const Family& family) {
    for (const auto& [labels, parts] : parts_of(family, family.name + "_bucket", "le")) {
      const Sample* previous = nullptr;
      double previous_bound = 0;
      bool has_infinity = false;
      for (const Sample* bucket : parts.points) {
        const double bound = label_number(*bucket, "le", "bucket_bound");
        if (std::isnan(bound)) continue;
        if (previous != nullptr && !(bound > previous_bound)) {
          refuse("bucket_order", bucket->line, show(bucket->name, bucket->labels));
        }
        if (previous != nullptr && bucket->value < previous->value) {
          refuse("bucket_cumulative", bucket->line, show(bucket->name, bucket->labels));
        }
        if (std::isinf(bound) && bound > 0) {
          has_infinity = true;
          // Compared as text on our pages: two integers above 2^53 may be one double.
          const bool equal = parts.count == nullptr || (ours() ? bucket->value_text == parts.count->value_text
                                                               : bucket->value == parts.count->value);
          if (!equal) refuse("count_equals_infinity", bucket->line, show(family.name, labels));
        }
        previous = bucket;
        previous_bound = bound;
      }
      if (!has_infinity) refuse("bucket_infinity", parts.line, show(family.name, labels));
    }
  }

  void check_summary(const Family& family) {
    for (const auto& [labels, parts] : parts_of(family, family.name, "quantile")) {
      for (const Sample* point : parts.points) {
        const double quantile = label_number(*point, "quantile", "quantile_value");
        if (quantile < 0 || quantile > 1) refuse("quantile_value", point->line, show(point->name, point->labels));
      }
    }
  }

  // --- names of samples that two families would both own ---

  void check_clashes() {
    NameOwners owners;
    for (const std::string& name : order_) {
      const Family& family = families_.at(name);
      if (family.type_line == 0) continue;
      const auto clash = owners.add(name, owned_names(name, family.type, options_.producer));
      if (clash) refuse("family_clash", family.first_line, *clash);
    }
  }

  ValidationOptions options_;
  std::vector<Violation> violations_;
  std::map<std::string, Family> families_;
  std::vector<std::string> order_;
  std::string current_;
  std::set<std::pair<std::string, LabelPairs>> seen_;
};

}  // namespace

std::vector<Violation> validate_text(std::string_view page, const ValidationOptions& options) {
  return Validator(options).validate(page);
}

std::vector<Sample> parse_samples(std::string_view page) {
  const ValidationOptions lenient{Producer::other, Timestamps::allowed, CounterNames::any, Names::any_quoted};
  std::vector<Violation> violations;
  std::vector<Sample> samples;
  std::set<std::size_t> metadata;  // lines of it, which another format has by other rules
  for (PageLine& line : read_lines(page, lenient, violations)) {
    if (auto* sample = std::get_if<Sample>(&line.content)) samples.push_back(std::move(*sample));
    if (std::holds_alternative<HelpLine>(line.content) || std::holds_alternative<TypeLine>(line.content)) {
      metadata.insert(line.number);
    }
  }
  std::erase_if(violations, [&](const Violation& one) { return metadata.contains(one.line); });
  if (!violations.empty()) {
    const Violation& first = violations.front();
    throw std::runtime_error("line " + std::to_string(first.line) + ": " + first.rule + ": " + first.detail);
  }
  return samples;
}

double value_of(const std::vector<Sample>& samples, std::string_view name, LabelPairs labels) {
  std::sort(labels.begin(), labels.end());
  for (const Sample& sample : samples) {
    if (sample.name == name && sample.labels == labels) return sample.value;
  }
  throw std::out_of_range("no sample " + show(std::string(name), labels));
}

}  // namespace support
