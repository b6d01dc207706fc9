// SPDX-License-Identifier: MIT
#include "business_hours.hpp"

#include <array>
#include <cstddef>
#include <utility>

namespace wms {
namespace {

/// "a-b" as a and b.
std::optional<std::pair<std::string_view, std::string_view>> split_range(std::string_view text) {
  const std::size_t dash = text.find('-');
  if (dash == std::string_view::npos) return std::nullopt;
  return std::pair(text.substr(0, dash), text.substr(dash + 1));
}

std::optional<int> parse_day(std::string_view text) {
  constexpr std::array<std::string_view, 7> days{"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
  for (std::size_t i = 0; i < days.size(); ++i) {
    if (days[i] == text) return static_cast<int>(i);
  }
  return std::nullopt;
}

/// Minutes since midnight, out of HH:MM from 00:00 to 24:00.
std::optional<int> parse_time(std::string_view text) {
  if (text.size() != 5 || text[2] != ':') return std::nullopt;
  for (const char digit : {text[0], text[1], text[3], text[4]}) {
    if (digit < '0' || digit > '9') return std::nullopt;
  }
  const int hour = (text[0] - '0') * 10 + (text[1] - '0');
  const int minute = (text[3] - '0') * 10 + (text[4] - '0');
  if (hour > 24 || minute > 59 || (hour == 24 && minute != 0)) return std::nullopt;
  return hour * 60 + minute;
}

}  // namespace

std::optional<BusinessHours> BusinessHours::parse(std::string_view text) {
  BusinessHours hours;
  if (text == "none") return hours;
  for (;;) {
    const std::size_t comma = text.find(',');
    if (!hours.add_period(text.substr(0, comma))) return std::nullopt;
    if (comma == std::string_view::npos) return hours;
    text.remove_prefix(comma + 1);
    if (text.starts_with(' ')) text.remove_prefix(1);
  }
}

bool BusinessHours::add_period(std::string_view text) {
  const std::size_t space = text.find(' ');
  if (space == std::string_view::npos) return false;
  const std::string_view days = text.substr(0, space);
  const auto [first_day, last_day] = split_range(days).value_or(std::pair(days, days));
  const auto times = split_range(text.substr(space + 1));
  if (!times) return false;
  const auto first = parse_day(first_day), last = parse_day(last_day);
  const auto begin = parse_time(times->first), end = parse_time(times->second);
  if (!first || !last || !begin || !end || *begin == day_minutes) return false;
  const int length = *end > *begin ? *end - *begin : *end + day_minutes - *begin;
  for (int day = *first;; day = (day + 1) % 7) {
    for (int minute = 0; minute < length; ++minute) {
      minutes_.set(static_cast<std::size_t>((day * day_minutes + *begin + minute) % week_minutes));
    }
    if (day == *last) return true;
  }
}

bool BusinessHours::include(const WallClock& time) const {
  const auto minute = static_cast<int>(time.day.c_encoding()) * day_minutes + time.since_midnight.count();
  return minutes_.test(static_cast<std::size_t>(minute));
}

}  // namespace wms
