// SPDX-License-Identifier: MIT
#include "time_zone.hpp"

#include <cstdlib>
#include <ctime>
#include <fstream>
#include <string_view>

namespace wms {

bool is_time_zone(const std::string& name) {
  if (name == "UTC") return true;
  constexpr std::string_view alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+-_/";
  // No way out of the database: no dot, and no path from the root.
  if (name.empty() || name.front() == '/' || name.find_first_not_of(alphabet) != std::string::npos) return false;
  const char* const elsewhere = std::getenv("TZDIR");
  std::ifstream file((elsewhere != nullptr && *elsewhere != '\0' ? elsewhere : "/usr/share/zoneinfo") + ("/" + name),
                     std::ios::binary);
  // The C library takes a file that it cannot read for UTC, and says nothing.
  std::string magic(4, '\0');
  return file.read(magic.data(), static_cast<std::streamsize>(magic.size())) && magic == "TZif";
}

void set_time_zone(const std::string& name) {
  setenv("TZ", (":" + name).c_str(), 1);  // the colon: a name in the database, not a rule as POSIX writes one
  tzset();
}

WallClock wall_clock(Timestamp time) {
  const std::time_t seconds = std::chrono::system_clock::to_time_t(std::chrono::floor<std::chrono::seconds>(time));
  std::tm local{};
  localtime_r(&seconds, &local);
  return {std::chrono::weekday(static_cast<unsigned>(local.tm_wday)),
          std::chrono::hours(local.tm_hour) + std::chrono::minutes(local.tm_min)};
}

}  // namespace wms
