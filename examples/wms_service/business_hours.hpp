// SPDX-License-Identifier: MIT
#pragma once
/// \file
/// When somebody is expected to work, by the clock on the plant's wall: what an alert on work that does not happen has to
/// know. PromQL cannot say it: its hour() is UTC and knows no summer time.

#include <bitset>
#include <chrono>
#include <optional>
#include <string_view>

namespace wms {

/// A point in the week, by the clock on the wall.
struct WallClock {
  std::chrono::weekday day;
  std::chrono::minutes since_midnight;
};

class BusinessHours {
 public:
  /// Never.
  BusinessHours() = default;

  /// Out of "Mon-Fri 06:00-22:00", of several such periods with commas between them, or of "none". A period that ends at
  /// or before the time at which it begins ends on the next day.
  static std::optional<BusinessHours> parse(std::string_view text);

  bool include(const WallClock& time) const;

 private:
  static constexpr int day_minutes = 24 * 60;
  static constexpr int week_minutes = 7 * day_minutes;

  bool add_period(std::string_view text);

  std::bitset<week_minutes> minutes_;  ///< from Sunday 00:00 on
};

}  // namespace wms
