// SPDX-License-Identifier: MIT
#pragma once
/// \file
/// The times at which an operator's latest requests to a route were admitted, as one text: the newest first, each of 13
/// digits, which are the milliseconds since 1970 until the year 2286. So SQL that both databases take looks at the end of a
/// log of any length, and adds to its front, in one statement, which is atomic.

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace wms {

inline constexpr std::size_t admission_digits = 13;

/// Reads what the database holds; `log` is that text.
struct AdmissionLog {
  std::string_view log;

  std::size_t size() const { return log.size() / admission_digits; }
  /// The time of one of them, counted from the newest, which is 0.
  std::int64_t at(std::size_t index) const {
    std::int64_t time = 0;
    for (const char digit : log.substr(index * admission_digits, admission_digits)) time = 10 * time + (digit - '0');
    return time;
  }
  /// The same log, so much earlier.
  std::string moved_back(std::int64_t milliseconds) const {
    std::string moved;
    for (std::size_t i = 0; i < size(); ++i) {
      const std::string time = std::to_string(at(i) - milliseconds);
      moved += std::string(admission_digits - time.size(), '0') + time;
    }
    return moved;
  }
};

}  // namespace wms
