// SPDX-License-Identifier: MIT
#pragma once

// What the fuzzers share: each is a function that gets bytes and ends the program when what it expects of them does not hold.
// libFuzzer then prints the bytes, and tests/fuzz/run.py the end of what it said.

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include <flowviz_metrics/flowviz_metrics.hpp>

#include "support/open_metrics_validator.hpp"
#include "support/protobuf_page.hpp"
#include "support/protobuf_validator.hpp"
#include "support/text_validator.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

namespace fuzz {

inline void expect(bool holds, std::string_view what) {
  if (holds) return;
  std::fprintf(stderr, "EXPECTED: %.*s\n", static_cast<int>(what.size()), what.data());
  std::abort();
}

inline void expect_none(const std::vector<support::Violation>& violations) {
  for (const support::Violation& one : violations) {
    expect(false, one.rule + " in line " + std::to_string(one.line) + ": " + one.detail);
  }
}

/// The page of a registry as text, which the strict validator likes.
inline std::string valid_page(const flowviz::Registry& registry, const support::ValidationOptions& options = {}) {
  std::string page = flowviz::scrape(registry).body;
  expect_none(support::validate_text(page, options));
  return page;
}

/// The samples of a registry's pages.
struct Samples {
  std::vector<support::Sample> text, text_1, open_metrics, protobuf;

  /// Expects that all formats say the same.
  void expect_same() const {
    const std::vector<std::string> all = support::sorted_samples(text);
    expect(support::sorted_samples(text_1) == all, "text 1.0.0 says the same");
    expect(support::sorted_samples(open_metrics) == all, "OpenMetrics says the same");
    expect(support::sorted_samples(protobuf) == all, "protobuf says the same");
  }
};

/// Those of the pages in all formats, which their strict validators like.
inline Samples valid_samples(const flowviz::Registry& registry, const support::ValidationOptions& options = {}) {
  const std::string text = valid_page(registry, options);
  const std::string text_1 = flowviz::scrape(registry, "text/plain;version=1.0.0").body;
  const std::string open_metrics = flowviz::scrape(registry, "application/openmetrics-text;version=1.0.0").body;
  const std::string protobuf = flowviz::scrape(registry, support::protobuf_type).body;
  expect_none(support::validate_text(text_1, options));
  expect_none(support::validate_open_metrics(open_metrics));
  expect_none(support::validate_protobuf(protobuf, options.counter_names));
  return {support::parse_samples(text), support::parse_samples(text_1), support::parse_samples(open_metrics),
          support::read_protobuf(protobuf)};
}

/// What stands before the first line feed, which is taken off with it.
inline std::string_view line_of(std::string_view& text) {
  const std::size_t end = text.find('\n');
  const std::string_view line = text.substr(0, end);
  text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
  return line;
}

inline std::string_view text_of(const std::uint8_t* data, std::size_t size) {
  return {reinterpret_cast<const char*>(data), size};
}

}  // namespace fuzz
