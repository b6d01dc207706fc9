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

#include <flowviz_metrics/flowviz_metrics.hpp>

#include "support/text_validator.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

namespace fuzz {

inline void expect(bool holds, std::string_view what) {
  if (holds) return;
  std::fprintf(stderr, "EXPECTED: %.*s\n", static_cast<int>(what.size()), what.data());
  std::abort();
}

/// The page of a registry as text, which the strict validator likes.
inline std::string valid_page(const flowviz::Registry& registry, const support::ValidationOptions& options = {}) {
  std::string page = flowviz::scrape(registry).body;
  for (const support::Violation& violation : support::validate_text(page, options)) {
    expect(false, violation.rule + " in line " + std::to_string(violation.line) + ": " + violation.detail);
  }
  return page;
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
