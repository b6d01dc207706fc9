// SPDX-License-Identifier: MIT
#pragma once
/// \file
/// Limits that are counted in memory: each instance of the service has counts of its own.

#include <array>
#include <chrono>
#include <cstddef>
#include <mutex>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "http/auth.hpp"
#include "http/rate_limiter.hpp"

namespace wms {

/// The clock is the steady one, which nobody sets.
class MemoryRateLimiter final : public RateLimiter {
 public:
  MemoryRateLimiter(const Tokens& tokens, const RateLimits& limits);

  std::optional<std::chrono::seconds> refuse(const std::string& operator_name, LimitedRoute route, Time now,
                                             Deadline /*it never waits*/ = {}) override;
  int near(LimitedRoute route, Time now) override;

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

  std::unordered_map<std::string, std::array<Log, limited_routes>> logs_;  ///< its keys stay as they are made
};

}  // namespace wms
