// SPDX-License-Identifier: MIT
#pragma once

// Reading a page in the delimited protobuf format as what io.prometheus.client says in it. Every field is one that its message
// has (protobuf_wire.hpp); protobuf_validator.hpp adds the rules of what stands in them.

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "support/text_page.hpp"

namespace support {

/// The Accept header that asks for it.
inline constexpr const char* protobuf_type =
    "application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited";

struct ProtobufBucket {
  std::uint64_t cumulative_count = 0;
  double upper_bound = 0;
  std::optional<SampleExemplar> exemplar{};
};

struct ProtobufSpan {
  std::int64_t offset = 0;
  std::uint64_t length = 0;
};

/// The native buckets of one sign as the page has them.
struct ProtobufSide {
  std::vector<ProtobufSpan> spans;
  std::vector<std::int64_t> deltas;
};

struct ProtobufHistogram {
  std::uint64_t count = 0;
  double sum = 0;
  std::vector<ProtobufBucket> buckets;
  std::optional<std::int64_t> schema{};
  double zero_threshold = 0;
  std::uint64_t zero_count = 0;
  ProtobufSide negative, positive;
  std::vector<SampleExemplar> exemplars;

  /// Whether a Prometheus takes it for a native one.
  bool is_native() const;
};

struct ProtobufQuantile {
  double quantile = 0, value = 0;
};

struct ProtobufSummary {
  std::uint64_t count = 0;
  double sum = 0;
  std::vector<ProtobufQuantile> quantiles;
};

/// One series. Which values are there depends on the type of its family.
struct ProtobufMetric {
  LabelPairs labels;  // in the order of the page
  std::optional<double> value{};
  std::optional<SampleExemplar> exemplar{};
  std::optional<ProtobufSummary> summary{};
  std::optional<ProtobufHistogram> histogram{};
  std::optional<double> created{};  // seconds since 1970 (UTC)
};

/// The native buckets of a histogram, those that have counted something by their index.
struct ProtobufNative {
  LabelPairs labels;
  int schema = 0;
  double zero_threshold = 0;
  std::uint64_t count = 0, zero_count = 0;
  std::map<std::int32_t, std::uint64_t> positive, negative;
};

/// A MetricFamily; its metrics also as the samples that a text page would have for them, and their native buckets by index.
struct ProtobufFamily {
  std::string name, help, unit;
  std::string type;       // as text pages name it
  std::size_t place = 0;  // on the page, from 1
  std::vector<ProtobufMetric> metrics;
  std::vector<Sample> samples;
  std::vector<ProtobufNative> natives;
};

/// The families of a page. Every message that is none is appended to `violations`, whose lines are places of families, and what
/// is behind it is read.
std::vector<ProtobufFamily> read_protobuf_families(std::string_view page, std::vector<Violation>& violations);

/// The same. Throws std::runtime_error for the first message that is none.
std::vector<ProtobufFamily> read_protobuf_families(std::string_view page);

/// The samples of all of them.
std::vector<Sample> read_protobuf(std::string_view page);

/// The samples as lines in one order, the same for pages of different formats: labels with an empty value left out, bounds
/// and values as doubles.
std::vector<std::string> sorted_samples(const std::vector<Sample>& samples);

}  // namespace support
