// SPDX-License-Identifier: MIT
#include "support/protobuf_page.hpp"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdint>
#include <limits>
#include <map>
#include <stdexcept>

namespace support {
namespace {

[[noreturn]] void refuse(const std::string& what) { throw std::runtime_error(what); }

/// Bytes that are read from the front.
class Reader {
 public:
  explicit Reader(std::string_view bytes) : bytes_(bytes) {}
  bool at_end() const { return bytes_.empty(); }

  std::uint64_t varint() {
    std::uint64_t value = 0;
    for (int shift = 0; shift < 64; shift += 7) {
      if (bytes_.empty()) refuse("a number is cut off");
      const auto byte = static_cast<unsigned char>(bytes_.front());
      bytes_.remove_prefix(1);
      value |= std::uint64_t{byte & 0x7fu} << shift;
      if (byte < 0x80) {
        if (byte == 0 && shift > 0) refuse("a number is longer than it has to be");
        return value;
      }
    }
    refuse("a number has more than 64 bits");
  }
  std::string_view text() {
    const std::uint64_t size = varint();
    if (size > bytes_.size()) refuse("a text is cut off");
    const std::string_view text = bytes_.substr(0, size);
    bytes_.remove_prefix(size);
    return text;
  }
  double number() {
    if (bytes_.size() < 8) refuse("a double is cut off");
    std::uint64_t bits = 0;
    for (std::size_t i = 0; i < 8; ++i) bits |= std::uint64_t{static_cast<unsigned char>(bytes_[i])} << (8 * i);
    bytes_.remove_prefix(8);
    return std::bit_cast<double>(bits);
  }

 private:
  std::string_view bytes_;
};

enum class Wire : std::uint32_t { varint = 0, fixed64 = 1, bytes = 2 };

/// One field of a message.
struct Field {
  std::uint32_t number = 0;
  std::uint64_t integer = 0;
  double real = 0;
  std::string_view bytes;
};

/// The fields that a message may have: their wire types, and whether they repeat.
struct Shape {
  Wire wire;
  bool repeats = false;
};

std::vector<Field> fields_of(std::string_view message, const std::map<std::uint32_t, Shape>& shapes,
                             const std::string& what) {
  std::vector<Field> fields;
  Reader reader(message);
  while (!reader.at_end()) {
    const std::uint64_t key = reader.varint();
    Field field;
    field.number = static_cast<std::uint32_t>(key >> 3);
    const auto shape = shapes.find(field.number);
    if (shape == shapes.end()) refuse(what + " has no field " + std::to_string(field.number));
    if (static_cast<Wire>(key & 7) != shape->second.wire) {
      refuse(what + ": the field " + std::to_string(field.number) + " is of another type");
    }
    const bool is_there =
        std::any_of(fields.begin(), fields.end(), [&](const Field& f) { return f.number == field.number; });
    if (is_there && !shape->second.repeats)
      refuse(what + ": the field " + std::to_string(field.number) + " occurs twice");
    switch (shape->second.wire) {
      case Wire::varint:
        field.integer = reader.varint();
        break;
      case Wire::fixed64:
        field.real = reader.number();
        break;
      case Wire::bytes:
        field.bytes = reader.text();
        break;
    }
    fields.push_back(field);
  }
  return fields;
}

LabelPairs with(LabelPairs labels, std::string name, std::string value) {
  labels.emplace_back(std::move(name), std::move(value));
  std::sort(labels.begin(), labels.end());
  return labels;
}

class Metric {
 public:
  Metric(ProtobufFamily& family, std::string_view bytes) : family_(family) {
    const std::map<std::uint32_t, Shape> shapes{
        {1, {Wire::bytes, true}}, {2, {Wire::bytes}}, {3, {Wire::bytes}}, {7, {Wire::bytes}}};
    std::vector<Field> values;
    for (const Field& field : fields_of(bytes, shapes, family.name)) {
      if (field.number == 1) {
        take_label(field.bytes);
      } else {
        values.push_back(field);
      }
    }
    if (values.size() != 1) refuse(family.name + ": a metric has one value");
    const std::uint32_t wanted = family.type == "counter" ? 3 : family.type == "gauge" ? 2 : 7;
    if (values[0].number != wanted) refuse(family.name + ": a " + family.type + " with a value of another type");
    wanted == 7 ? take_histogram(values[0].bytes) : take_value(values[0].bytes);
  }

 private:
  static LabelPairs::value_type label_of(std::string_view bytes) {
    std::string name, value;
    for (const Field& field : fields_of(bytes, {{1, {Wire::bytes}}, {2, {Wire::bytes}}}, "a label")) {
      (field.number == 1 ? name : value) = field.bytes;
    }
    if (name.empty() || value.empty()) refuse("a label without a name or a value");
    return {name, value};
  }

  void take_label(std::string_view bytes) {
    auto [name, value] = label_of(bytes);
    for (const auto& [other, _] : labels_) {
      if (other == name) refuse(family_.name + ": the label " + name + " occurs twice");
    }
    labels_ = with(std::move(labels_), std::move(name), std::move(value));
  }

  void take_value(std::string_view bytes) {
    std::map<std::uint32_t, Shape> shapes{{1, {Wire::fixed64}}};
    if (family_.type == "counter") shapes.insert({2, {Wire::bytes}});
    const std::vector<Field> fields = fields_of(bytes, shapes, family_.name);
    if (fields.empty() || fields[0].number != 1) refuse(family_.name + ": no value");
    add(family_.name, labels_, fields[0].real);
    if (fields.size() > 1) family_.samples.back().exemplar = exemplar_of(fields[1].bytes);
  }

  static SampleExemplar exemplar_of(std::string_view bytes) {
    SampleExemplar exemplar;
    for (const Field& field :
         fields_of(bytes, {{1, {Wire::bytes, true}}, {2, {Wire::fixed64}}, {3, {Wire::bytes}}}, "an exemplar")) {
      if (field.number == 1) exemplar.labels.push_back(label_of(field.bytes));
      if (field.number == 2) exemplar.value = field.real;
      if (field.number != 3) continue;
      double seconds = 0;
      for (const Field& one : fields_of(field.bytes, {{1, {Wire::varint}}, {2, {Wire::varint}}}, "a time")) {
        seconds += static_cast<double>(one.integer) / (one.number == 1 ? 1 : 1e9);
      }
      exemplar.timestamp = seconds;
    }
    return exemplar;
  }

  static std::int64_t zigzag(std::uint64_t value) {
    return static_cast<std::int64_t>(value >> 1) ^ -static_cast<std::int64_t>(value & 1);
  }

  // The buckets that spans and deltas are of.
  std::map<std::int32_t, std::uint64_t> native_buckets(const std::vector<Field>& fields, std::uint32_t spans) {
    std::vector<std::int64_t> deltas;
    for (const Field& field : fields) {
      if (field.number != spans + 1) continue;
      for (Reader reader(field.bytes); !reader.at_end();) deltas.push_back(zigzag(reader.varint()));
    }
    std::map<std::int32_t, std::uint64_t> buckets;
    std::size_t next = 0;
    std::int64_t index = 0, count = 0;
    bool first = true;
    for (const Field& field : fields) {
      if (field.number != spans) continue;
      std::int64_t offset = 0;
      std::uint64_t length = 0;
      for (const Field& one : fields_of(field.bytes, {{1, {Wire::varint}}, {2, {Wire::varint}}}, "a span")) {
        if (one.number == 1) offset = zigzag(one.integer);
        if (one.number == 2) length = one.integer;
      }
      if (!first && offset <= 0) refuse(family_.name + ": spans have something between them");
      first = false;
      for (index += offset; length > 0; --length, ++index) {
        if (next == deltas.size()) refuse(family_.name + ": spans of more buckets than there are");
        count += deltas[next++];
        if (count <= 0) refuse(family_.name + ": a native bucket that has counted nothing");
        buckets[static_cast<std::int32_t>(index)] = static_cast<std::uint64_t>(count);
      }
    }
    if (next != deltas.size()) refuse(family_.name + ": buckets in no span");
    return buckets;
  }

  // As Prometheus 2.42 does when it takes one for a native histogram.
  bool take_native(const std::vector<Field>& fields, std::uint64_t count) {
    ProtobufNative native;
    bool is_one = false, has_schema = false;
    for (const Field& field : fields) {
      if (field.number == 5) {
        has_schema = true;
        native.schema = static_cast<int>(zigzag(field.integer));
      }
      if (field.number == 6) native.zero_threshold = field.real;
      if (field.number == 7) native.zero_count = field.integer;
      is_one = is_one || field.number == 9 || field.number == 12;
    }
    is_one = is_one || native.zero_threshold > 0 || native.zero_count > 0;
    if (is_one != has_schema) refuse(family_.name + ": a native histogram is known by its spans, and has a schema");
    if (!is_one) return false;
    if (native.schema < -4 || native.schema > 8) refuse(family_.name + ": a schema of which there is none");
    native.positive = native_buckets(fields, 12);
    native.negative = native_buckets(fields, 9);
    native.labels = labels_;
    native.count = native.zero_count;
    for (const auto& [index, in_it] : native.positive) native.count += in_it;
    for (const auto& [index, in_it] : native.negative) native.count += in_it;
    if (native.count != count) refuse(family_.name + ": the native buckets do not hold all");
    family_.natives.push_back(std::move(native));
    return true;
  }

  void take_histogram(std::string_view bytes) {
    double count = -1, sum = 0, last = -std::numeric_limits<double>::infinity(), cumulated = 0;
    const std::vector<Field> fields = fields_of(bytes,
                                                {{1, {Wire::varint}},
                                                 {2, {Wire::fixed64}},
                                                 {3, {Wire::bytes, true}},
                                                 {5, {Wire::varint}},
                                                 {6, {Wire::fixed64}},
                                                 {7, {Wire::varint}},
                                                 {9, {Wire::bytes, true}},
                                                 {10, {Wire::bytes}},
                                                 {12, {Wire::bytes, true}},
                                                 {13, {Wire::bytes}},
                                                 {16, {Wire::bytes, true}}},
                                                family_.name);
    std::optional<SampleExemplar> last_exemplar;
    for (const Field& field : fields) {
      if (field.number == 16) last_exemplar = exemplar_of(field.bytes);
      if (field.number == 1) count = static_cast<double>(field.integer);
      if (field.number == 2) sum = field.real;
      if (field.number != 3) continue;
      double bound = 0, in_it = 0;
      std::optional<SampleExemplar> exemplar;
      for (const Field& one :
           fields_of(field.bytes, {{1, {Wire::varint}}, {2, {Wire::fixed64}}, {3, {Wire::bytes}}}, "a bucket")) {
        if (one.number == 1) in_it = static_cast<double>(one.integer);
        if (one.number == 2) bound = one.real;
        if (one.number == 3) exemplar = exemplar_of(one.bytes);
      }
      if (!(bound > last) || in_it < cumulated) refuse(family_.name + ": buckets rise, and so do their counts");
      last = bound;
      cumulated = in_it;
      add(family_.name + "_bucket", with(labels_, "le", go_number(bound)), in_it);
      family_.samples.back().exemplar = std::move(exemplar);
    }
    if (take_native(fields, static_cast<std::uint64_t>(count)) && last < 0 && std::isinf(last)) {
      // Without classic buckets, as text shows it.
      last = -last;
      cumulated = count;
      add(family_.name + "_bucket", with(labels_, "le", go_number(last)), count);
      family_.samples.back().exemplar = std::move(last_exemplar);
    }
    if (!std::isinf(last) || cumulated != count) refuse(family_.name + ": the last bucket is +Inf and holds all");
    add(family_.name + "_sum", labels_, sum);
    add(family_.name + "_count", labels_, count);
  }

  void add(std::string name, LabelPairs labels, double value) {
    Sample sample;
    sample.name = std::move(name);
    sample.labels = std::move(labels);
    sample.value = value;
    family_.samples.push_back(std::move(sample));
  }

  ProtobufFamily& family_;
  LabelPairs labels_;
};

ProtobufFamily read_family(std::string_view bytes) {
  ProtobufFamily family;
  std::vector<std::string_view> metrics;
  const std::map<std::uint32_t, Shape> shapes{
      {1, {Wire::bytes}}, {2, {Wire::bytes}}, {3, {Wire::varint}}, {4, {Wire::bytes, true}}, {5, {Wire::bytes}}};
  for (const Field& field : fields_of(bytes, shapes, "a family")) {
    if (field.number == 1) family.name = field.bytes;
    if (field.number == 2) family.help = field.bytes;
    if (field.number == 3) {
      family.type = field.integer == 0   ? "counter"
                    : field.integer == 1 ? "gauge"
                    : field.integer == 4 ? "histogram"
                                         : "";
    }
    if (field.number == 4) metrics.push_back(field.bytes);
    if (field.number == 5) family.unit = field.bytes;
  }
  if (family.name.empty() || family.type.empty()) refuse("a family without a name or a type");
  for (const std::string_view metric : metrics) Metric(family, metric);
  return family;
}

}  // namespace

std::vector<ProtobufFamily> read_protobuf_families(std::string_view page) {
  std::vector<ProtobufFamily> families;
  Reader reader(page);
  while (!reader.at_end()) {
    families.push_back(read_family(reader.text()));
    for (std::size_t i = 0; i + 1 < families.size(); ++i) {
      if (families[i].name == families.back().name) refuse("the family " + families[i].name + " occurs twice");
    }
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
