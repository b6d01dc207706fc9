// SPDX-License-Identifier: MIT
// The numbers of the fields are those of metrics.proto in prometheus/client_model. What our pages never use is no field here.

#include "support/protobuf_page.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>
#include <stdexcept>
#include <utility>

#include "support/protobuf_wire.hpp"

namespace support {
namespace {

constexpr WireShape an_integer{Wire::varint}, a_double{Wire::fixed64}, bytes{Wire::bytes};

WireShape optional(WireShape shape) { return {shape.wire, Occurs::at_most_once}; }
WireShape repeated(WireShape shape) { return {shape.wire, Occurs::any_times}; }

LabelPairs::value_type label_of(std::string_view message) {
  LabelPairs::value_type label;
  for (const WireField& field : wire_fields(message, {{1, bytes}, {2, bytes}}, "a label")) {
    (field.number == 1 ? label.first : label.second) = field.bytes;
  }
  return label;
}

double time_of(std::string_view message) {
  double seconds = 0;
  for (const WireField& field : wire_fields(message, {{1, an_integer}, {2, optional(an_integer)}}, "a time")) {
    if (field.number == 2 && field.integer > 999'999'999) throw WireFault{"time", "a second has 10^9 nanoseconds"};
    seconds += static_cast<double>(field.integer) / (field.number == 1 ? 1 : 1e9);
  }
  return seconds;
}

SampleExemplar exemplar_of(std::string_view message) {
  const WireShapes shapes{{1, repeated(bytes)}, {2, a_double}, {3, optional(bytes)}};
  SampleExemplar exemplar;
  for (const WireField& field : wire_fields(message, shapes, "an exemplar")) {
    if (field.number == 1) exemplar.labels.push_back(label_of(field.bytes));
    if (field.number == 2) exemplar.value = field.real;
    if (field.number == 3) exemplar.timestamp = time_of(field.bytes);
  }
  return exemplar;
}

ProtobufBucket bucket_of(std::string_view message) {
  ProtobufBucket bucket;
  for (const WireField& field :
       wire_fields(message, {{1, an_integer}, {2, a_double}, {3, optional(bytes)}}, "a bucket")) {
    if (field.number == 1) bucket.cumulative_count = field.integer;
    if (field.number == 2) bucket.upper_bound = field.real;
    if (field.number == 3) bucket.exemplar = exemplar_of(field.bytes);
  }
  return bucket;
}

ProtobufSpan span_of(std::string_view message) {
  ProtobufSpan span;
  for (const WireField& field : wire_fields(message, {{1, an_integer}, {2, an_integer}}, "a span")) {
    if (field.number == 1) span.offset = unzigzag(field.integer);
    if (field.number == 2) span.length = field.integer;
  }
  return span;
}

std::vector<std::int64_t> deltas_of(std::string_view packed) {
  std::vector<std::int64_t> deltas;
  for (WireReader reader(packed); !reader.at_end();) deltas.push_back(unzigzag(reader.varint()));
  return deltas;
}

ProtobufHistogram histogram_of(std::string_view message, std::optional<double>& created) {
  const WireShapes shapes{{1, an_integer},           {2, a_double},           {3, repeated(bytes)},
                          {5, optional(an_integer)}, {6, optional(a_double)}, {7, optional(an_integer)},
                          {9, repeated(bytes)},      {10, optional(bytes)},   {12, repeated(bytes)},
                          {13, optional(bytes)},     {15, optional(bytes)},   {16, repeated(bytes)}};
  ProtobufHistogram histogram;
  for (const WireField& field : wire_fields(message, shapes, "a histogram")) {
    switch (field.number) {
      case 1:
        histogram.count = field.integer;
        break;
      case 2:
        histogram.sum = field.real;
        break;
      case 3:
        histogram.buckets.push_back(bucket_of(field.bytes));
        break;
      case 5:
        histogram.schema = unzigzag(field.integer);
        break;
      case 6:
        histogram.zero_threshold = field.real;
        break;
      case 7:
        histogram.zero_count = field.integer;
        break;
      case 9:
        histogram.negative.spans.push_back(span_of(field.bytes));
        break;
      case 10:
        histogram.negative.deltas = deltas_of(field.bytes);
        break;
      case 12:
        histogram.positive.spans.push_back(span_of(field.bytes));
        break;
      case 13:
        histogram.positive.deltas = deltas_of(field.bytes);
        break;
      case 15:
        created = time_of(field.bytes);
        break;
      default:
        histogram.exemplars.push_back(exemplar_of(field.bytes));
    }
  }
  return histogram;
}

ProtobufSummary summary_of(std::string_view message, std::optional<double>& created) {
  const WireShapes shapes{{1, an_integer}, {2, a_double}, {3, repeated(bytes)}, {4, optional(bytes)}};
  ProtobufSummary summary;
  for (const WireField& field : wire_fields(message, shapes, "a summary")) {
    if (field.number == 1) summary.count = field.integer;
    if (field.number == 2) summary.sum = field.real;
    if (field.number == 4) created = time_of(field.bytes);
    if (field.number != 3) continue;
    const auto parts = wire_fields(field.bytes, {{1, a_double}, {2, a_double}}, "a quantile");
    summary.quantiles.push_back(parts[0].number == 1 ? ProtobufQuantile{parts[0].real, parts[1].real}
                                                     : ProtobufQuantile{parts[1].real, parts[0].real});
  }
  return summary;
}

/// A type of families: its number, and the field of a metric that holds its values.
struct Type {
  std::uint64_t number;
  const char* name;
  std::uint32_t field;
};
constexpr Type types[] = {
    {0, "counter", 3}, {1, "gauge", 2}, {2, "summary", 4}, {3, "untyped", 5}, {4, "histogram", 7}};

void take_value(ProtobufMetric& metric, std::string_view message, const std::string& type) {
  if (type == "histogram") {
    metric.histogram = histogram_of(message, metric.created);
    return;
  }
  if (type == "summary") {
    metric.summary = summary_of(message, metric.created);
    return;
  }
  WireShapes shapes{{1, a_double}};
  if (type == "counter") shapes.insert({{2, optional(bytes)}, {3, optional(bytes)}});
  for (const WireField& field : wire_fields(message, shapes, "a " + type)) {
    if (field.number == 1) metric.value = field.real;
    if (field.number == 2) metric.exemplar = exemplar_of(field.bytes);
    if (field.number == 3) metric.created = time_of(field.bytes);
  }
}

ProtobufMetric metric_of(std::string_view message, const Type& type) {
  WireShapes shapes{{1, repeated(bytes)}};
  for (const Type& one : types) shapes.emplace(one.field, optional(bytes));
  ProtobufMetric metric;
  int values = 0;
  for (const WireField& field : wire_fields(message, shapes, "a metric")) {
    if (field.number == 1) {
      metric.labels.push_back(label_of(field.bytes));
      continue;
    }
    if (field.number != type.field) throw WireFault{"value_type", std::string("not that of a ") + type.name};
    take_value(metric, field.bytes, type.name);
    ++values;
  }
  if (values == 0) throw WireFault{"value_type", std::string("no value of a ") + type.name};
  return metric;
}

// The buckets that spans and deltas are of.
std::map<std::int32_t, std::uint64_t> by_index(const ProtobufSide& side) {
  std::map<std::int32_t, std::uint64_t> buckets;
  auto delta = side.deltas.begin();
  std::int64_t index = 0;
  std::uint64_t count = 0;
  for (const ProtobufSpan& span : side.spans) {
    index += span.offset;
    for (std::uint64_t i = 0; i < span.length && delta != side.deltas.end(); ++i, ++index, ++delta) {
      count += static_cast<std::uint64_t>(*delta);
      buckets[static_cast<std::int32_t>(index)] = count;
    }
  }
  return buckets;
}

/// Adds what a text page would say of the metrics.
class Samples {
 public:
  explicit Samples(ProtobufFamily& family) : family_(family) {}

  void add(const ProtobufMetric& metric) {
    labels_ = metric.labels;
    std::sort(labels_.begin(), labels_.end());
    if (metric.histogram) return add(*metric.histogram);
    if (metric.summary) return add(*metric.summary);
    add("", labels_, *metric.value, metric.exemplar);
  }

 private:
  void add(const ProtobufHistogram& histogram) {
    const double infinity = std::numeric_limits<double>::infinity();
    for (const ProtobufBucket& bucket : histogram.buckets) {
      add("_bucket", with("le", bucket.upper_bound), static_cast<double>(bucket.cumulative_count), bucket.exemplar);
    }
    const double count = static_cast<double>(histogram.count);
    if (histogram.buckets.empty() || histogram.buckets.back().upper_bound != infinity) {  // which is implied
      std::optional<SampleExemplar> last;
      if (histogram.buckets.empty() && !histogram.exemplars.empty()) last = histogram.exemplars.back();
      add("_bucket", with("le", infinity), count, last);
    }
    add("_sum", labels_, histogram.sum);
    add("_count", labels_, count);
    if (histogram.is_native()) add_native(histogram);
  }

  void add_native(const ProtobufHistogram& histogram) {
    ProtobufNative native;
    native.labels = labels_;
    native.schema = static_cast<int>(histogram.schema.value_or(0));
    native.zero_threshold = histogram.zero_threshold;
    native.count = histogram.count;
    native.zero_count = histogram.zero_count;
    native.positive = by_index(histogram.positive);
    native.negative = by_index(histogram.negative);
    family_.natives.push_back(std::move(native));
  }

  void add(const ProtobufSummary& summary) {
    for (const ProtobufQuantile& one : summary.quantiles) add("", with("quantile", one.quantile), one.value);
    add("_sum", labels_, summary.sum);
    add("_count", labels_, static_cast<double>(summary.count));
  }

  void add(const char* suffix, LabelPairs labels, double value, std::optional<SampleExemplar> exemplar = {}) {
    Sample sample;
    sample.name = family_.name + suffix;
    sample.labels = std::move(labels);
    sample.value = value;
    sample.exemplar = std::move(exemplar);
    family_.samples.push_back(std::move(sample));
  }

  LabelPairs with(const char* name, double value) const {
    LabelPairs labels = labels_;
    labels.emplace_back(name, go_number(value));
    std::sort(labels.begin(), labels.end());
    return labels;
  }

  ProtobufFamily& family_;
  LabelPairs labels_;
};

ProtobufFamily family_of(std::string_view message) {
  const WireShapes shapes{{1, bytes}, {2, bytes}, {3, an_integer}, {4, repeated(bytes)}, {5, optional(bytes)}};
  ProtobufFamily family;
  const Type* type = nullptr;
  std::vector<std::string_view> metrics;
  for (const WireField& field : wire_fields(message, shapes, "a family")) {
    if (field.number == 1) family.name = field.bytes;
    if (field.number == 2) family.help = field.bytes;
    if (field.number == 3) {
      type = std::find_if(std::begin(types), std::end(types), [&](const Type& t) { return t.number == field.integer; });
      if (type == std::end(types)) throw WireFault{"unknown_type", std::to_string(field.integer)};
    }
    if (field.number == 4) metrics.push_back(field.bytes);
    if (field.number == 5) family.unit = field.bytes;
  }
  family.type = type->name;
  Samples samples(family);
  for (const std::string_view metric : metrics) {
    family.metrics.push_back(metric_of(metric, *type));
    samples.add(family.metrics.back());
  }
  return family;
}

}  // namespace

bool ProtobufHistogram::is_native() const {
  return zero_threshold > 0 || zero_count > 0 || !negative.spans.empty() || !positive.spans.empty();
}

std::vector<ProtobufFamily> read_protobuf_families(std::string_view page, std::vector<Violation>& violations) {
  std::vector<ProtobufFamily> families;
  WireReader reader(page);
  for (std::size_t place = 1; !reader.at_end(); ++place) {
    bool inside = false;  // a message whose end is known
    try {
      const std::string_view message = reader.text();
      inside = true;
      families.push_back(family_of(message));
      families.back().place = place;
    } catch (const WireFault& fault) {
      violations.push_back({fault.rule, place, fault.detail});
      if (!inside) break;
    }
  }
  return families;
}

std::vector<ProtobufFamily> read_protobuf_families(std::string_view page) {
  std::vector<Violation> violations;
  auto families = read_protobuf_families(page, violations);
  if (!violations.empty()) {
    const Violation& first = violations.front();
    throw std::runtime_error("family " + std::to_string(first.line) + ": " + first.rule + ": " + first.detail);
  }
  return families;
}

std::vector<Sample> read_protobuf(std::string_view page) {
  std::vector<Sample> samples;
  for (ProtobufFamily& family : read_protobuf_families(page)) {
    for (Sample& sample : family.samples) samples.push_back(std::move(sample));
  }
  return samples;
}

std::vector<std::string> sorted_samples(const std::vector<Sample>& samples) {
  std::vector<std::string> lines;
  for (const Sample& sample : samples) {
    std::string line = sample.name + "{";
    for (const auto& [name, value] : sample.labels) {
      if (value.empty()) continue;
      const std::optional<double> bound = name == "le" ? parse_number(value) : std::nullopt;
      line += name + "=" + (bound ? go_number(*bound) : value) + ",";
    }
    lines.push_back(line + "} " + go_number(sample.value));
  }
  std::sort(lines.begin(), lines.end());
  return lines;
}

}  // namespace support
