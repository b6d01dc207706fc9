// SPDX-License-Identifier: MIT
#pragma once
/// \file
/// How values of the domain are written into a database and read back, and what may be looked for in one.

#include <algorithm>
#include <cstdint>
#include <stdexcept>
#include <string>
#include <string_view>

#include "domain/names.hpp"
#include "domain/timestamp.hpp"

namespace wms {

inline Timestamp timestamp(std::int64_t milliseconds) { return Timestamp(std::chrono::milliseconds(milliseconds)); }
inline std::int64_t in_ms(Timestamp time) { return time.time_since_epoch().count(); }

template <class E>
E enumerator(const std::string& text) {
  const auto value = parse<E>(text);
  if (!value) throw std::runtime_error("the database holds an unknown word: " + text);
  return *value;
}

/// Whether there may be anything with this identifier. A path may hold any bytes, and PostgreSQL refuses texts that are
/// no UTF-8 or hold a NUL.
inline bool may_be_id(std::string_view id) {
  return std::all_of(id.begin(), id.end(), [](char c) { return c >= ' ' && c <= '~'; });
}

}  // namespace wms
