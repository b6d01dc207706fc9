// SPDX-License-Identifier: MIT
#pragma once
/// \file
/// How many requests an operator may send to a route in a minute. Counted in memory: each instance of the service has
/// counts of its own.

#include <array>
#include <chrono>
#include <cstddef>
#include <mutex>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "http/auth.hpp"
#include "http/limited_route.hpp"

namespace wms {

/// Requests a minute, for each operator and route; 0: as many as they like.
struct RateLimits {
  int lots = 100;
  int qc_decisions = 100;
  int traceability = 50;  ///< in each direction

  int of(LimitedRoute route) const;
};

/// A sliding log: in no span of a minute are more requests admitted than the limit says. What is refused does not count,
/// so that who keeps asking is not kept out. (A token bucket takes less memory, but lets through up to twice the limit
/// in a minute: the bucket, and what flows in meanwhile.) The clock is the steady one, which nobody sets.
///
/// Thread-safe. Operators are those that have a token, and each has room for as many times as the limit, so memory is
/// bounded whatever is sent.
class RateLimiter {
 public:
  using Time = std::chrono::steady_clock::time_point;

  RateLimiter(const Tokens& tokens, const RateLimits& limits);

  /// Admits a request and counts it; or says after how many seconds the next one will be admitted. `operator_name` is one
  /// of the tokens'.
  std::optional<std::chrono::seconds> refuse(const std::string& operator_name, LimitedRoute route, Time now);

  /// How many operators have used up four fifths of their limit or more.
  int near(LimitedRoute route, Time now);

  const RateLimits& limits() const { return limits_; }

 private:
  /// The latest admissions of one operator to one route.
  class Log {
   public:
    std::optional<std::chrono::nanoseconds> admit(std::size_t limit, Time now);
    /// Whether there were `count` within the minute before `now`.
    bool has(std::size_t count, Time now);

   private:
    std::mutex mutex_;
    std::vector<Time> times_;  ///< a ring once it is full
    std::size_t oldest_ = 0;
  };
  static constexpr std::size_t routes = static_cast<std::size_t>(LimitedRoute::trace_backward) + 1;

  const RateLimits limits_;
  std::unordered_map<std::string, std::array<Log, routes>> logs_;  ///< its keys stay as they are made
};

}  // namespace wms
