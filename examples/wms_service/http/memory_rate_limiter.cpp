// SPDX-License-Identifier: MIT
#include "http/memory_rate_limiter.hpp"

#include <algorithm>

#include "domain/limited_request.hpp"

namespace wms {

MemoryRateLimiter::MemoryRateLimiter(const Tokens& tokens, const RateLimits& limits) : RateLimiter(limits) {
  for (const Tokens::Entry& entry : tokens.entries()) logs_.try_emplace(entry.identity.operator_name);
}

std::optional<std::chrono::seconds> MemoryRateLimiter::refuse(const std::string& operator_name, LimitedRoute route,
                                                              Time now, Deadline) {
  const int limit = limits().of(route);
  if (limit == 0) return std::nullopt;
  Log& log = logs_.at(operator_name)[static_cast<std::size_t>(route)];
  const auto wait = log.admit(static_cast<std::size_t>(limit), now);
  if (!wait) return std::nullopt;
  return std::chrono::ceil<std::chrono::seconds>(*wait);  // who comes back then is admitted
}

int MemoryRateLimiter::near(LimitedRoute route, Time now) {
  if (limits().of(route) == 0) return 0;
  const auto most_of_it = static_cast<std::size_t>(limits().near(route));
  return static_cast<int>(std::count_if(logs_.begin(), logs_.end(), [&](auto& entry) {
    return entry.second[static_cast<std::size_t>(route)].has(most_of_it, now);
  }));
}

std::optional<std::chrono::nanoseconds> MemoryRateLimiter::Log::admit(std::size_t limit, Time now) {
  const std::scoped_lock lock(mutex_);
  if (times_.size() < limit) {
    times_.push_back(now);
    return std::nullopt;
  }
  const Time free = times_[oldest_] + limit_span;
  if (now < free) return free - now;
  times_[oldest_] = now;
  oldest_ = (oldest_ + 1) % limit;
  return std::nullopt;
}

bool MemoryRateLimiter::Log::has(std::size_t count, Time now) {
  const std::scoped_lock lock(mutex_);
  return times_.size() >= count && now < times_[(oldest_ + times_.size() - count) % times_.size()] + limit_span;
}

}  // namespace wms
