// SPDX-License-Identifier: MIT
#pragma once
/// \file
/// Which cells a series has, by what its metric counts with, and what all kinds have in common to say about them.

#include <bit>
#include <cstdint>

#include <flowviz_metrics/cells/series_store.hpp>
#include <flowviz_metrics/cells/std_platform.hpp>
#include <flowviz_metrics/family/definition.hpp>
#include <flowviz_metrics/value.hpp>

FLOWVIZ_METRICS_BEGIN

using Chunk = cells::Chunk<cells::StdPlatform>;
using Place = cells::Place<cells::StdPlatform>;

/// Whether an observation that is not `is_total` counts: one that is not finite does not, and is counted elsewhere; one below
/// zero does, and pages know from then on that its sum, at `sum`, does not only rise.
FLOWVIZ_METRICS_NOINLINE inline bool admit(Chunk& chunk, std::uint32_t sum, double v) noexcept {
  if (!is_finite(v)) {
    cells::incidents.not_finite.add();
    return false;
  }
  chunk.note_below_zero(sum);
  return true;
}

/// The cells of the series of one metric.
class SeriesCells {
 public:
  explicit SeriesCells(const Definition& definition) noexcept : kind_(definition.kind), count_(count_of(definition)) {}

  /// How many a series has.
  [[nodiscard]] std::uint32_t count() const noexcept { return count_; }

  /// How many of them stand before those of the buckets of a native histogram: its classic buckets.
  [[nodiscard]] std::uint32_t before_native() const noexcept { return count_ - Native::cells_per_series; }

  /// How much was counted in a series: its count, its amount, its observations, or how often it went up; nothing for what is set.
  // Not inlined: only `_other` series are asked, and the loops that print all others are better off without it. A template, as the
  // next, so that only files that ask compile it.
  template <class = void>
  [[nodiscard]] FLOWVIZ_METRICS_NOINLINE double amount(Place place) const noexcept {
    if (is_set(kind_)) return 0;
    if (kind_ == Kind::double_counter) return double_at(place);
    if (kind_ == Kind::native_histogram) return static_cast<double>(observations(place));
    return static_cast<double>(place.chunk->sum_counts(place.at, kind_ == Kind::up_down ? 1 : counts()));
  }

  /// A number that rises with what is counted in a series that is not set: its count, the bits of its amount, its observations,
  /// or how often it went up and down.
  template <class = void>
  [[nodiscard]] FLOWVIZ_METRICS_NOINLINE std::uint64_t written(Place place) const noexcept {
    if (kind_ == Kind::native_histogram) return observations(place);
    // As long as they are not negative, doubles are in the order of their bits.
    return kind_ == Kind::double_counter ? std::bit_cast<std::uint64_t>(double_at(place))
                                         : place.chunk->sum_counts(place.at, counts());
  }

 private:
  using Native = cells::NativeBlocks<cells::StdPlatform>;

  static std::uint32_t count_of(const Definition& definition) noexcept {
    switch (definition.kind) {
      case Kind::up_down:
        return 2;  // ups, downs
      case Kind::summary:
        return 2;  // count, sum
      case Kind::histogram:
        return definition.bounds.size() + 2;  // buckets with +Inf, sum
      case Kind::native_histogram:
        return Native::cells_per_series + (definition.bounds.empty() ? 0 : definition.bounds.size() + 1);
      default:
        return 1;
    }
  }

  // How many of the cells are counts, the first ones.
  [[nodiscard]] std::uint32_t counts() const noexcept {
    return kind_ == Kind::histogram || kind_ == Kind::summary ? count_ - 1 : count_;
  }
  template <class = void>
  static double double_at(Place place) noexcept {
    double amount = 0;
    place.chunk->read_doubles(place.at, {&amount, 1});
    return amount;
  }

  template <class = void>
  [[nodiscard]] std::uint64_t observations(Place place) const noexcept {
    std::uint64_t count = 0;
    double sum = 0;
    place.chunk->read_native(place.at + before_native(), {}, count, sum, [&](const Native::Block& block) {
      block.each([&](std::int32_t, std::uint64_t bucket) { count += bucket; });
    });
    return count;
  }

  Kind kind_;
  std::uint32_t count_;
};

FLOWVIZ_METRICS_END
