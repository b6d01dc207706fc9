// SPDX-License-Identifier: MIT
#pragma once
/// \file
/// Points in time: on the calendar for what clients see and the database keeps, on the steady clock for deadlines.

#include <chrono>
#include <string>

namespace wms {

/// UTC, to the millisecond.
using Timestamp = std::chrono::sys_time<std::chrono::milliseconds>;

/// When whoever asked stops waiting.
using Deadline = std::chrono::steady_clock::time_point;

inline Timestamp now() { return std::chrono::floor<std::chrono::milliseconds>(std::chrono::system_clock::now()); }

/// RFC 3339, such as 2026-03-01T07:45:12.034Z.
std::string to_rfc3339(Timestamp time);

}  // namespace wms
