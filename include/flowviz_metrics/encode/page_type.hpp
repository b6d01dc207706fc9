// SPDX-License-Identifier: MIT
#pragma once

/// \file
/// What encoders are handed besides names and numbers.

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include <flowviz_metrics/cells/exemplars.hpp>
#include <flowviz_metrics/native_value.hpp>
#include <flowviz_metrics/version.hpp>

FLOWVIZ_METRICS_BEGIN
namespace encode {

/// What a family is to the reader of a page, whatever counts it.
enum class PageType : std::uint8_t { counter, gauge, histogram, summary, info, state_set };

/// Whether it measures something, in a unit.
constexpr bool has_unit(PageType type) noexcept { return type != PageType::info && type != PageType::state_set; }

/// What its sample's name ends with in OpenMetrics, and the family's does not.
constexpr std::string_view ending_of(PageType type) noexcept {
  return type == PageType::counter ? "_total" : type == PageType::info ? "_info" : "";
}

/// The exemplar of a counter or of a bucket, if it has one.
struct PageExemplar {
  bool there = false;
  cells::ExemplarValue of;
  std::string labels;  ///< rendered, without braces
};

/// What one series of a counter may have besides its value.
struct PageExtras {
  const PageExemplar* exemplar = nullptr;
  std::int64_t created = 0;  ///< when it began, in milliseconds since 1970 (UTC); 0 if that is not to be shown
};

/// One series of a histogram, or of a summary, which has one bucket.
struct PageHistogram {
  std::span<const std::uint64_t> buckets;        ///< of each bucket alone, not cumulated; the last one is +Inf
  double sum = 0;                                ///< of the observed values
  bool sum_rises = true;                         ///< whether none of them was below zero
  std::span<const PageExemplar> exemplars{};     ///< of each bucket, or none
  const NativeHistogramValue* native = nullptr;  ///< of a native one
  std::int64_t created = 0;                      ///< as of a counter
};

}  // namespace encode
FLOWVIZ_METRICS_END
