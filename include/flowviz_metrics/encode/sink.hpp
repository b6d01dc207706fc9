// SPDX-License-Identifier: MIT
#pragma once
/// \file
/// Where encoders write: a string, reached through a block on the stack, so that a page of a million numbers does not
/// check the string's room a million times and a string that is used again is not cleared first.

#include <cstddef>
#include <cstring>
#include <string>
#include <string_view>

#include <flowviz_metrics/encode/number.hpp>
#include <flowviz_metrics/version.hpp>

FLOWVIZ_METRICS_BEGIN
namespace encode {

/// Appends to a string. What was put is in the string once the sink is flushed or gone.
class Sink {
 public:
  explicit Sink(std::string& out) noexcept : out_(out) {}
  ~Sink() { flush(); }
  Sink(const Sink&) = delete;
  Sink& operator=(const Sink&) = delete;

  void put(std::string_view text) { put_all(text); }
  void put(char c) { put(std::string_view(&c, 1)); }
  template <class Number>
  void put_number(Number value) {
    if (sizeof block_ - used_ < max_number) flush();
    used_ = static_cast<std::size_t>(write_number(block_ + used_, value) - block_);
  }

  /// Puts all parts, and checks for room once.
  template <class... Part>
  void put_all(const Part&... part) {
    const std::size_t size = (part.size() + ...);
    if (size > sizeof block_ - used_) flush();
    if (size > sizeof block_) {
      (out_.append(part), ...);
      return;
    }
    const auto copy = [this](std::string_view text) {
      if (text.empty()) return;  // its characters may be nowhere
      std::memcpy(block_ + used_, text.data(), text.size());
      used_ += text.size();
    };
    (copy(part), ...);
  }

  void flush() {
    out_.append(block_, used_);
    used_ = 0;
  }

  /// So that the sink is what text is appended to, like a string.
  Sink& operator+=(std::string_view text) {
    put(text);
    return *this;
  }
  Sink& operator+=(char c) {
    put(c);
    return *this;
  }

 private:
  std::string& out_;
  std::size_t used_ = 0;
  char block_[8192];
};

}  // namespace encode
FLOWVIZ_METRICS_END
