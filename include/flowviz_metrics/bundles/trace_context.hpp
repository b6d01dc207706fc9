// SPDX-License-Identifier: MIT
#pragma once
/// \file
/// The trace that a request belongs to, as the header `traceparent` says it (W3C Trace Context, 3.2).

#include <algorithm>
#include <array>
#include <cstddef>
#include <optional>
#include <string_view>

#include <flowviz_metrics/version.hpp>

FLOWVIZ_METRICS_BEGIN
namespace bundles {

/// The identifier of a trace: 32 lower-case hexadecimal digits, not all zero.
class TraceId {
 public:
  static constexpr std::size_t digits = 32;

  /// The first 32 characters of `text`, which has as many.
  explicit TraceId(std::string_view text) noexcept { std::copy_n(text.data(), digits, text_.data()); }
  [[nodiscard]] std::string_view text() const noexcept { return {text_.data(), digits}; }

 private:
  std::array<char, digits> text_;
};

/// The trace of a `traceparent` header, such as `00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01`. None if the
/// header is not of that form, and none if the caller does not record the trace (the lowest bit of the flags), for then
/// nobody could look it up. Later versions may have more behind the flags. Allocates nothing; any bytes will do.
[[nodiscard]] inline std::optional<TraceId> recorded_trace(std::string_view traceparent) noexcept {
  constexpr std::size_t version_end = 2, trace = 3, trace_end = 35, parent = 36, parent_end = 52, flags = 53, end = 55;
  if (traceparent.size() < end) return std::nullopt;
  const auto is_hex = [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); };
  const auto is_field = [&](std::size_t from, std::size_t to) {
    return std::all_of(traceparent.begin() + from, traceparent.begin() + to, is_hex);
  };
  const auto is_zero = [&](std::size_t from, std::size_t to) {
    return traceparent.substr(from, to - from).find_first_not_of('0') == std::string_view::npos;
  };
  const std::string_view version = traceparent.substr(0, version_end);
  const bool ends = traceparent.size() == end || (version != "00" && traceparent[end] == '-');
  const bool dashes =
      traceparent[version_end] == '-' && traceparent[trace_end] == '-' && traceparent[parent_end] == '-';
  if (!ends || !dashes || version == "ff" || !is_field(0, version_end) || !is_field(trace, trace_end) ||
      !is_field(parent, parent_end) || !is_field(flags, end) || is_zero(trace, trace_end) ||
      is_zero(parent, parent_end)) {
    return std::nullopt;
  }
  constexpr std::string_view odd = "13579bdf";
  if (odd.find(traceparent[end - 1]) == std::string_view::npos) return std::nullopt;
  return TraceId(traceparent.substr(trace, TraceId::digits));
}

}  // namespace bundles
FLOWVIZ_METRICS_END
