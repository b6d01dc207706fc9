// SPDX-License-Identifier: MIT
#pragma once
/// \file
/// How many requests an operator may send to a route in a minute: what every limiter does. memory_rate_limiter.hpp counts
/// for one instance of the service, database_rate_limiter.hpp for all that share a database.

#include <chrono>
#include <optional>
#include <string>

#include "domain/timestamp.hpp"
#include "http/limited_route.hpp"

namespace wms {

/// Requests a minute, for each operator and route; 0: as many as they like.
struct RateLimits {
  int lots = 100;
  int qc_decisions = 100;
  int traceability = 50;  ///< in each direction

  int of(LimitedRoute route) const;
  /// Who was admitted so often is near the limit: from four fifths of it on.
  int near(LimitedRoute route) const { return (4 * of(route) + 4) / 5; }
};

/// Where admissions are counted.
enum class RateLimitStore { memory, database };

/// A sliding log: in no span of a minute are more requests admitted than the limit says. What is refused does not count,
/// so that who keeps asking is not kept out. (A token bucket takes less room, but lets through up to twice the limit in
/// a minute: the bucket, and what flows in meanwhile.)
///
/// Thread-safe. Operators are those that have a token, and each has room for as many times as the limit, so what is kept
/// is bounded whatever is sent.
class RateLimiter {
 public:
  using Time = std::chrono::steady_clock::time_point;

  virtual ~RateLimiter() = default;
  RateLimiter(const RateLimiter&) = delete;
  RateLimiter& operator=(const RateLimiter&) = delete;

  /// Admits a request and counts it; or says after how many seconds the next one will be admitted. `operator_name` is one
  /// of the tokens'. Waits at most until `deadline`.
  virtual std::optional<std::chrono::seconds> refuse(const std::string& operator_name, LimitedRoute route, Time now,
                                                     Deadline deadline) = 0;

  /// How many operators have used up four fifths of their limit or more.
  virtual int near(LimitedRoute route, Time now) = 0;

  const RateLimits& limits() const { return limits_; }

 protected:
  explicit RateLimiter(const RateLimits& limits) : limits_(limits) {}

 private:
  const RateLimits limits_;
};

}  // namespace wms
