// SPDX-License-Identifier: MIT
#pragma once
/// \file
/// What is in the buckets of a native histogram.

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include <flowviz_metrics/cells/native_blocks.hpp>
#include <flowviz_metrics/version.hpp>

FLOWVIZ_METRICS_BEGIN

/// Buckets of a native histogram side by side.
struct NativeCounts {
  std::int32_t first = 0;               ///< the index of the first one
  std::vector<std::uint64_t> counts{};  ///< of each bucket alone, not cumulated

  bool operator==(const NativeCounts&) const = default;
};

/// What a native histogram's series holds.
struct NativeHistogramValue {
  std::uint64_t count = 0;  ///< all observations
  double sum = 0;           ///< of the observed values
  int schema = 0;           ///< the one it has come to
  double zero_threshold = 0;
  std::uint64_t zero_count = 0;  ///< what counts as zero
  /// Of the values above zero; the bucket of index i holds those from bound(i - 1) to bound(i), this one included.
  NativeCounts positive{};
  NativeCounts negative{};  ///< the same of the values below zero, without their sign

  /// The upper bound of bucket `i`: 2^(i * 2^-schema), +Inf above all doubles, 0 below them.
  [[nodiscard]] double bound(std::int32_t i) const noexcept {
    return cells::finest_bound(std::int64_t{i} << (cells::finest_schema - schema));
  }

  bool operator==(const NativeHistogramValue&) const = default;
};

/// What was observed between two readings, in the buckets of the later one.
// A template, so that only files which use it compile it.
template <class Value>
  requires std::same_as<Value, NativeHistogramValue>
[[nodiscard]] Value operator-(Value now, const Value& before) {
  const auto subtract = [by = static_cast<std::uint32_t>(before.schema - now.schema)](NativeCounts& from,
                                                                                      const NativeCounts& side) {
    for (std::size_t i = 0; i < side.counts.size(); ++i) {
      const std::int32_t index = cells::coarser_index(side.first + static_cast<std::int32_t>(i), by);
      from.counts[static_cast<std::size_t>(index - from.first)] -= side.counts[i];
    }
  };
  subtract(now.positive, before.positive);
  subtract(now.negative, before.negative);
  now.count -= before.count;
  now.zero_count -= before.zero_count;
  now.sum -= before.sum;
  return now;
}

/// Reads the native histogram whose cells begin at `at`, and into `classic`, of as many as there are, the classic buckets beside
/// it. Allocates.
template <class Chunk>
void read_native(const Chunk& chunk, std::uint32_t at, const cells::NativeScale& scale, NativeHistogramValue& value,
                 std::span<std::uint64_t> classic = {}) {
  struct Found {
    bool below_zero;
    std::uint32_t shift;
    std::int32_t index;
    std::uint64_t count;
  };
  std::vector<Found> found;  // each count is read once, or they would not agree
  std::uint32_t shift = scale.shift;
  value.zero_threshold = scale.zero_threshold;
  value.zero_count = 0;
  value.sum = 0;
  for (std::uint64_t& bucket : classic) bucket = 0;
  chunk.read_native(at, classic, value.zero_count, value.sum, [&](const auto& block) {
    if (block.shift() > shift) shift = block.shift();
    block.each([&](std::int32_t index, std::uint64_t count) {
      found.push_back({block.below_zero(), block.shift(), index, count});
    });
  });

  cells::NativeRange positive, negative;
  for (const Found& one : found) {
    (one.below_zero ? negative : positive).add(cells::NativeRange{one.index, one.index}.coarser(shift - one.shift));
  }
  while (shift < cells::NativeScale::coarsest &&
         (positive.width() > scale.max_buckets || negative.width() > scale.max_buckets)) {
    positive = positive.coarser(1);
    negative = negative.coarser(1);
    ++shift;
  }
  value.schema = cells::finest_schema - static_cast<int>(shift);
  value.positive.first = positive.low;
  value.positive.counts.assign(positive.width(), 0);
  value.negative.first = negative.low;
  value.negative.counts.assign(negative.width(), 0);
  value.count = value.zero_count;
  for (const Found& one : found) {
    NativeCounts& side = one.below_zero ? value.negative : value.positive;
    side.counts[static_cast<std::size_t>(cells::coarser_index(one.index, shift - one.shift) - side.first)] += one.count;
    value.count += one.count;
  }
}

FLOWVIZ_METRICS_END
