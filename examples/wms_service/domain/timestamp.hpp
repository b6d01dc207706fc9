// SPDX-License-Identifier: MIT
#pragma once
/// \file
/// Points in time: on the calendar for what clients see and the database keeps, on the steady clock for deadlines.

#include <chrono>
#include <string>

namespace wms {

/// UTC, to the millisecond.
using Timestamp = std::chrono::sys_time<std::chrono::milliseconds>;

/// How long a request has waited by now for what may not answer at all, in all its calls together: the next call has no
/// more than the rest, so that it is not each of them that is waited for in full. For one thread.
struct Patience {
  std::chrono::steady_clock::duration used{};
};

/// When whoever asked stops waiting; and whose patience that is, if several calls share it.
struct Deadline : std::chrono::steady_clock::time_point {
  Deadline(std::chrono::steady_clock::time_point end = {}, Patience* shared = nullptr)
      : std::chrono::steady_clock::time_point(end), patience(shared) {}

  Patience* patience;
};

inline Timestamp now() { return std::chrono::floor<std::chrono::milliseconds>(std::chrono::system_clock::now()); }

/// RFC 3339, such as 2026-03-01T07:45:12.034Z.
std::string to_rfc3339(Timestamp time);

}  // namespace wms
