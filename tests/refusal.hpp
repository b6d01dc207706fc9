// SPDX-License-Identifier: MIT
#pragma once

// What the library says when it refuses a definition.

#include <string>
#include <string_view>

#include <flowviz_metrics/error.hpp>

/// The message with which `define()` is refused, or an empty text if it is not.
template <class Define>
std::string refusal(Define define) {
  try {
    define();
  } catch (const flowviz::Error& error) {
    return error.what();
  }
  return {};
}

/// Whether a message names the rule, or whatever else it has to say.
inline bool says(const std::string& message, std::string_view words) {
  return !words.empty() && message.find(words) != std::string::npos;
}
