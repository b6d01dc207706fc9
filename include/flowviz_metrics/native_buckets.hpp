// SPDX-License-Identifier: MIT
#pragma once
/// \file
/// How fine the buckets of a native histogram are.

#include <cstdint>
#include <optional>

#include <flowviz_metrics/buckets.hpp>
#include <flowviz_metrics/cells/native_index.hpp>

FLOWVIZ_METRICS_BEGIN

/// How fine the buckets of a native histogram are.
///
///     flowviz::NativeBuckets{.schema = 5, .max_buckets = 320}
struct NativeBuckets {
  /// -4 to 8. Each bound is 2^(2^-schema) times the one below: 9 % above it for 3, 4.4 % for 4, twice for 0.
  int schema = 3;
  /// What is no further from zero than this counts as zero.
  double zero_threshold = 0x1p-128;
  /// How many there are at most from the lowest that has counted to the highest, for values above zero and for those below. Where
  /// there would be more the schema goes down by one, as often as it takes. 160 of schema 3 hold 1 ms and 17 minutes. 10 to
  /// 65,536; the coarsest schema needs 132 for all numbers that there are.
  std::uint32_t max_buckets = 160;
  /// Classic buckets beside them, for readers of text formats: those show no others.
  std::optional<Buckets> classic = {};

  /// The same as observations need it, without the classic buckets. Too fine a schema becomes one that is too coarse.
  [[nodiscard]] cells::NativeScale scale() const noexcept {
    return {zero_threshold, std::uint32_t{cells::finest_schema} - static_cast<std::uint32_t>(schema), max_buckets};
  }

  bool operator==(const NativeBuckets&) const = default;
};

FLOWVIZ_METRICS_END
