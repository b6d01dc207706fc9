// SPDX-License-Identifier: MIT
#pragma once
/// \file
/// A weight, counted in whole milligrams. Lots are split and added up; with floating point three thirds of a lot
/// would not be the lot, and the last 10 kg could be 9.999999999.

#include <cmath>
#include <compare>
#include <cstdint>
#include <optional>

namespace wms {

struct Quantity {
  std::int64_t milligrams = 0;

  /// A million tonnes; far below what a double holds exactly in milligrams.
  static constexpr double max_kg = 1e9;
  static constexpr double milligrams_per_kg = 1e6;

  /// `kg` to the nearest milligram, or nothing if that is not above zero or above `max_kg`.
  static std::optional<Quantity> from_kg(double kg) {
    if (!(kg > 0 && kg <= max_kg)) return std::nullopt;
    const Quantity rounded{std::llround(kg * milligrams_per_kg)};
    if (rounded.milligrams == 0) return std::nullopt;
    return rounded;
  }
  double kg() const { return static_cast<double>(milligrams) / milligrams_per_kg; }

  friend auto operator<=>(const Quantity&, const Quantity&) = default;
};

}  // namespace wms
