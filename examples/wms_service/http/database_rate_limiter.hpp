// SPDX-License-Identifier: MIT
#pragma once
/// \file
/// Limits that are counted in the database: they hold across the instances of the service that share it.

#include <array>
#include <atomic>
#include <chrono>
#include <flowviz_metrics/bundles/rate_limit.hpp>
#include <optional>
#include <string>
#include <unordered_map>

#include "background_worker.hpp"
#include "http/auth.hpp"
#include "http/memory_rate_limiter.hpp"
#include "http/rate_limiter.hpp"
#include "storage/storage.hpp"

namespace wms {

/// Who is admitted costs one statement. Who is refused costs two, once: until the time that was told then, this instance
/// needs nobody to know that the answer is still the same, so who keeps asking is no load for the database.
///
/// While the database is away, this instance's own counts stand in: limits are still there, though each instance has them for
/// itself. A limit is no reason to refuse what could be done, and what needs the database will be refused by itself.
class DatabaseRateLimiter final : public RateLimiter {
 public:
  DatabaseRateLimiter(Storage& storage, const Tokens& tokens, const RateLimits& limits,
                      flowviz::bundles::RateLimitStore metrics);

  std::optional<std::chrono::seconds> refuse(const std::string& operator_name, LimitedRoute route, Time now,
                                             Deadline deadline) override;

  /// As it was when `refresh` asked last.
  int near(LimitedRoute route, Time now) override;
  /// Asks the database how many operators are near their limits: what is done every few seconds beside the requests.
  BackgroundWorker::Step refresh();

 private:
  using Until = std::atomic<Time::rep>;  ///< of the steady clock

  Storage& storage_;
  const flowviz::bundles::RateLimitStore metrics_;
  MemoryRateLimiter own_;
  std::unordered_map<std::string, std::array<Until, limited_routes>>
      refused_until_;  ///< its keys stay as they are made
  std::array<std::atomic<int>, limited_routes> near_ = {};
  std::atomic<bool> away_ = false;
};

}  // namespace wms
