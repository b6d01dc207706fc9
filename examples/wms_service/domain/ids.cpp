// SPDX-License-Identifier: MIT
#include "domain/ids.hpp"

#include <sys/random.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdint>
#include <mutex>
#include <span>
#include <system_error>

#include "domain/timestamp.hpp"

namespace wms {
namespace {

void fill_random(std::span<std::uint8_t> bytes) {
  while (!bytes.empty()) {
    const ssize_t n = getrandom(bytes.data(), bytes.size(), 0);
    if (n > 0) {
      bytes = bytes.subspan(static_cast<std::size_t>(n));
    } else if (errno != EINTR) {
      throw std::system_error(errno, std::generic_category(), "getrandom");
    }
  }
}

std::string to_hex(std::span<const std::uint8_t> bytes) {
  constexpr std::string_view digits = "0123456789abcdef";
  std::string text;
  text.reserve(bytes.size() * 2);
  for (const std::uint8_t byte : bytes) {
    text += digits[byte >> 4];
    text += digits[byte & 15];
  }
  return text;
}

/// Milliseconds and a 12 bit counter in one number that only rises: what a version 7 UUID sorts by.
std::uint64_t next_tick() {
  static std::mutex mutex;
  static std::uint64_t last = 0;
  const std::scoped_lock lock(mutex);
  const auto clock = static_cast<std::uint64_t>(now().time_since_epoch().count()) << 12;
  last = std::max(clock, last + 1);
  return last;
}

}  // namespace

std::string new_id() {
  const std::uint64_t tick = next_tick();
  std::array<std::uint8_t, 16> bytes{};
  fill_random(std::span(bytes).subspan(8));
  for (std::size_t i = 0; i < 6; ++i) bytes[i] = static_cast<std::uint8_t>(tick >> (12 + 8 * (5 - i)));
  bytes[6] = static_cast<std::uint8_t>(0x70 | ((tick >> 8) & 0x0f));  // the version
  bytes[7] = static_cast<std::uint8_t>(tick);
  bytes[8] = static_cast<std::uint8_t>(0x80 | (bytes[8] & 0x3f));  // the variant
  std::string text = to_hex(bytes);
  for (const std::size_t hyphen : {8u, 13u, 18u, 23u}) text.insert(hyphen, 1, '-');
  return text;
}

bool is_id(std::string_view text) {
  if (text.size() != 36) return false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const bool hyphen = i == 8 || i == 13 || i == 18 || i == 23;
    const char c = text[i];
    if (hyphen ? c != '-' : !((c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'))) return false;
  }
  return true;
}

std::string random_hex(std::size_t bytes) {
  std::string raw(bytes, '\0');
  const std::span view(reinterpret_cast<std::uint8_t*>(raw.data()), raw.size());
  fill_random(view);
  return to_hex(view);
}

}  // namespace wms
