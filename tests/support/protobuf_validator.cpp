// SPDX-License-Identifier: MIT
// What has to hold of families, metrics, buckets and exemplars once the messages are read. Native buckets are held against what
// Prometheus makes of them when it scrapes: spans, deltas, and which numbers a bucket is for.

#include "support/protobuf_validator.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <set>
#include <string>
#include <utility>

#include "support/characters.hpp"
#include "support/protobuf_page.hpp"
#include "support/sample_names.hpp"

namespace support {
namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();

class Validator {
 public:
  Validator(CounterNames counter_names, Names names) : counter_names_(counter_names), names_(names) {}

  std::vector<Violation> validate(std::string_view page) {
    std::set<std::string> names;
    NameOwners owners;
    for (const ProtobufFamily& family : read_protobuf_families(page, violations_)) {
      family_ = &family;
      if (!names.insert(family.name).second) {
        refuse("duplicate_family", family.name);
      } else if (const auto clash = owners.add(family.name, owned_names(family.name, family.type, Producer::flowviz))) {
        refuse("family_clash", *clash);
      }
      check_family();
    }
    std::stable_sort(violations_.begin(), violations_.end(),
                     [](const Violation& a, const Violation& b) { return a.line < b.line; });
    return std::move(violations_);
  }

 private:
  void refuse(std::string rule, std::string detail) {
    violations_.push_back({std::move(rule), family_->place, std::move(detail)});
  }

  bool may_be_name(const std::string& name, bool colon_allowed) const {
    return names_ == Names::classic ? is_name(name, colon_allowed) : is_any_name(name);
  }
  void check_text(const std::string& text) {
    if (!is_utf8(text)) refuse("utf8", text);
  }

  void check_family() {
    const ProtobufFamily& family = *family_;
    if (!may_be_name(family.name, counter_names_ == CounterNames::any)) refuse("metric_name", family.name);
    if (counter_names_ == CounterNames::end_in_total && family.name.starts_with("__"))
      refuse("reserved_name", family.name);
    check_text(family.help);
    if (family.help.empty()) refuse("empty_help", family.name);
    const bool is_counter = family.type == "counter", ends_in_total = family.name.ends_with("_total");
    if (counter_names_ == CounterNames::end_in_total && is_counter != ends_in_total) {
      refuse("counter_name", family.name + " is a " + family.type);
    }
    const std::string behind_unit = is_counter && ends_in_total ? "_total" : "";
    if (!family.unit.empty() && !family.name.ends_with("_" + family.unit + behind_unit)) {
      refuse("unit", family.name + " does not end in " + family.unit);
    }
    std::set<LabelPairs> seen;
    for (const ProtobufMetric& metric : family.metrics) {
      LabelPairs labels = metric.labels;
      std::sort(labels.begin(), labels.end());
      if (!seen.insert(labels).second) refuse("duplicate_metric", family.name);
      check_labels(metric.labels);
      check_metric(metric);
    }
  }

  void check_labels(const LabelPairs& labels) {
    std::set<std::string> names;
    for (const auto& [name, value] : labels) {
      if (!may_be_name(name, false)) refuse("label_name", name);
      if (name.starts_with("__") || name == "le" || name == "quantile") refuse("reserved_name", name);
      if (!names.insert(name).second) refuse("duplicate_label", name);
      if (value.empty()) refuse("empty_label", name);  // which is an absent one
      check_text(value);
    }
  }

  void check_metric(const ProtobufMetric& metric) {
    if (family_->type == "counter" && !(*metric.value >= 0)) refuse("counter_value", go_number(*metric.value));
    if (metric.exemplar) check_exemplar(*metric.exemplar, -infinity, infinity);
    if (metric.summary) check_summary(*metric.summary);
    if (metric.histogram) check_histogram(*metric.histogram);
  }

  /// One of values above `low` that are at most `high`.
  void check_exemplar(const SampleExemplar& exemplar, double low, double high) {
    check_labels(exemplar.labels);
    std::size_t length = 0;
    for (const auto& [name, value] : exemplar.labels) length += code_points(name) + code_points(value);
    if (length > 128) refuse("exemplar", "more than 128 code points");
    if (!(exemplar.value > low && exemplar.value <= high)) refuse("exemplar", "outside of its bucket");
  }

  void check_summary(const ProtobufSummary& summary) {
    double last = -1;
    for (const ProtobufQuantile& one : summary.quantiles) {
      if (!(one.quantile >= 0 && one.quantile <= 1)) refuse("quantile_value", go_number(one.quantile));
      if (one.quantile <= last) refuse("quantile_order", go_number(one.quantile));
      last = one.quantile;
    }
  }

  void check_histogram(const ProtobufHistogram& histogram) {
    if (histogram.is_native() != histogram.schema.has_value()) {
      refuse("native_mark", histogram.schema ? "an empty one has a span of nothing" : "a native one has a schema");
    }
    if (histogram.buckets.empty() && !histogram.is_native()) refuse("no_buckets", family_->name);
    check_buckets(histogram);
    if (histogram.is_native()) check_native(histogram);
    if (!histogram.exemplars.empty() && !histogram.is_native()) refuse("exemplar", "outside of the buckets");
    for (const SampleExemplar& exemplar : histogram.exemplars) {
      if (!exemplar.timestamp) refuse("exemplar", "beside native buckets, and without a time");
      check_exemplar(exemplar, -infinity, infinity);
    }
  }

  void check_buckets(const ProtobufHistogram& histogram) {
    double last_bound = -infinity;
    std::uint64_t last_count = 0;
    for (const ProtobufBucket& bucket : histogram.buckets) {
      const std::string bound = go_number(bucket.upper_bound);
      if (std::isnan(bucket.upper_bound)) {
        refuse("bucket_bound", bound);
        continue;
      }
      if (!(bucket.upper_bound > last_bound)) refuse("bucket_order", bound);
      if (bucket.cumulative_count < last_count) refuse("bucket_cumulative", bound);
      if (bucket.exemplar) check_exemplar(*bucket.exemplar, last_bound, bucket.upper_bound);
      last_bound = bucket.upper_bound;
      last_count = bucket.cumulative_count;
    }
    // The last one may be left out: it is what all have.
    if (last_bound == infinity && last_count != histogram.count) refuse("count_equals_infinity", family_->name);
    if (last_bound < infinity && last_count > histogram.count) refuse("bucket_cumulative", "+Inf");
  }

  // --- native buckets ---

  void check_native(const ProtobufHistogram& histogram) {
    if (!(histogram.zero_threshold >= 0 && histogram.zero_threshold < infinity)) {
      refuse("native_threshold", go_number(histogram.zero_threshold));
    }
    const std::int64_t schema = histogram.schema.value_or(0);
    if (schema < -4 || schema > 8) return refuse("native_schema", std::to_string(schema));
    const auto count_of = [&](const ProtobufSide& side) {
      return check_side(side, static_cast<int>(schema), histogram.zero_threshold);
    };
    const auto below = count_of(histogram.negative);
    // One span of nothing is what marks one that is empty.
    const auto& spans = histogram.positive.spans;
    const bool marked = spans.size() == 1 && spans[0].offset == 0 && spans[0].length == 0;
    const auto above = count_of(marked ? ProtobufSide{{}, histogram.positive.deltas} : histogram.positive);
    if (!below || !above) return;  // which is said
    const std::uint64_t count = *below + histogram.zero_count + *above;
    if (count != histogram.count) refuse("native_total", std::to_string(count));
  }

  /// How many observations the buckets of a side have. Nothing: they cannot be told.
  std::optional<std::uint64_t> check_side(const ProtobufSide& side, int schema, double zero_threshold) {
    std::uint64_t buckets = 0;
    for (std::size_t i = 0; i < side.spans.size(); ++i) {
      const ProtobufSpan& span = side.spans[i];
      if (i > 0 && span.offset <= 0) refuse("native_span", "nothing between two of them");
      if (span.length == 0) refuse("native_span", "an empty one");
      buckets += span.length;
    }
    if (buckets != side.deltas.size()) {
      refuse("native_deltas", std::to_string(side.deltas.size()) + " for " + std::to_string(buckets) + " buckets");
      return std::nullopt;
    }
    std::uint64_t all = 0;
    std::int64_t index = 0, count = 0;
    auto delta = side.deltas.begin();
    for (const ProtobufSpan& span : side.spans) {
      index += span.offset;
      for (std::uint64_t i = 0; i < span.length; ++i, ++index, ++delta) {
        count += *delta;
        if (count <= 0) refuse("native_bucket", "one of " + std::to_string(count));
        all += static_cast<std::uint64_t>(count);
        check_index(index, schema, zero_threshold);
      }
    }
    return all;
  }

  // A bucket is for numbers that there are, and that are not zero.
  void check_index(std::int64_t index, int schema, double zero_threshold) {
    constexpr int smallest = -1074, largest = 1024;  // what exponents end a bucket of schema 0
    const double exponent = std::ldexp(static_cast<double>(index), -schema);
    if (exponent < smallest || std::ceil(std::ldexp(largest, schema)) < static_cast<double>(index)) {
      refuse("native_index", std::to_string(index));
    } else if (std::exp2(exponent) < zero_threshold * (1 - 1e-12)) {  // less than rounding can make of it
      refuse("native_zero", std::to_string(index));
    }
  }

  CounterNames counter_names_;
  Names names_;
  const ProtobufFamily* family_ = nullptr;
  std::vector<Violation> violations_;
};

}  // namespace

std::vector<Violation> validate_protobuf(std::string_view page, CounterNames counter_names, Names names) {
  return Validator(counter_names, names).validate(page);
}

}  // namespace support
