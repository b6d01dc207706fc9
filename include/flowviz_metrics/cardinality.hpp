// SPDX-License-Identifier: MIT
#pragma once
/// \file
/// What keeps the number of series finite: the value that stands for all others, the bound on a metric's worst case,
/// and the way to say that one knows better.

#include <cstdint>
#include <string_view>

#include <flowviz_metrics/version.hpp>

FLOWVIZ_METRICS_BEGIN

/// The label value that stands for every value beyond a label's domain.
inline constexpr std::string_view other_text = "_other";

/// The number of label combinations up to which a metric needs no `MaxSeries`.
inline constexpr std::uint32_t default_max_series = 10'000;

/// Raises the bound on a metric's label combinations, the product of its labels' values with `_other` counted for each.
/// It goes before the labels, where a reader of the definition sees what it may cost:
///
///     flowviz::Counter hits{registry, "hits_total", "Hits.", flowviz::MaxSeries{50'000}, flowviz::OpenLabel{"page",
///     20'000}};
struct MaxSeries {
  std::uint32_t value = default_max_series;
  constexpr explicit MaxSeries(std::uint32_t v) noexcept : value(v) {}
};

/// Says that an open label whose name reads like an identifier is finite all the same: `OpenLabel{"user_id", 10,
/// allow_id_like}`.
struct AllowIdLike {};
inline constexpr AllowIdLike allow_id_like;

FLOWVIZ_METRICS_END
