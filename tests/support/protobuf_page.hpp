// SPDX-License-Identifier: MIT
#pragma once

// Reading a page in the delimited protobuf format, as strictly as the text validator reads text: every field is one that
// io.prometheus.client has, in its wire type, once unless it repeats.

#include <string>
#include <string_view>
#include <vector>

#include "support/text_page.hpp"

namespace support {

/// The Accept header that asks for it.
inline constexpr const char* protobuf_type =
    "application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited";

/// A MetricFamily, its metrics as the samples that a text page would have for them.
struct ProtobufFamily {
  std::string name, help, unit;
  std::string type;  // counter, gauge or histogram
  std::vector<Sample> samples;
};

/// The families of a page. Throws std::runtime_error for what the format does not allow.
std::vector<ProtobufFamily> read_protobuf_families(std::string_view page);

/// The samples of all of them.
std::vector<Sample> read_protobuf(std::string_view page);

/// The samples as lines in one order, the same for pages of different formats: labels with an empty value left out, bounds
/// and values as doubles.
std::vector<std::string> sorted_samples(const std::vector<Sample>& samples);

}  // namespace support
