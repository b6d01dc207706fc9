// SPDX-License-Identifier: MIT
#pragma once

// Reading a page in the delimited protobuf format, as strictly as the text validator reads text: every field is one that
// io.prometheus.client has, in its wire type, once unless it repeats.

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "support/text_page.hpp"

namespace support {

/// The Accept header that asks for it.
inline constexpr const char* protobuf_type =
    "application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited";

/// The native buckets of a histogram, those that have counted something by their index.
struct ProtobufNative {
  LabelPairs labels;
  int schema = 0;
  double zero_threshold = 0;
  std::uint64_t count = 0, zero_count = 0;
  std::map<std::int32_t, std::uint64_t> positive, negative;
};

/// A MetricFamily, its metrics as the samples that a text page would have for them.
struct ProtobufFamily {
  std::string name, help, unit;
  std::string type;  // counter, gauge or histogram
  std::vector<Sample> samples;
  std::vector<ProtobufNative> natives;
};

/// The families of a page. Throws std::runtime_error for what the format does not allow.
std::vector<ProtobufFamily> read_protobuf_families(std::string_view page);

/// The samples of all of them.
std::vector<Sample> read_protobuf(std::string_view page);

/// The samples as lines in one order, the same for pages of different formats: labels with an empty value left out, bounds
/// and values as doubles.
std::vector<std::string> sorted_samples(const std::vector<Sample>& samples);

}  // namespace support
