// SPDX-License-Identifier: MIT
#include "http/rate_limiter.hpp"

#include <algorithm>

namespace wms {
namespace {

constexpr std::chrono::minutes span{1};

}  // namespace

int RateLimits::of(LimitedRoute route) const {
  switch (route) {
    case LimitedRoute::lots:
      return lots;
    case LimitedRoute::qc_decisions:
      return qc_decisions;
    case LimitedRoute::trace_forward:
    case LimitedRoute::trace_backward:
      return traceability;
  }
  return 0;
}

RateLimiter::RateLimiter(const Tokens& tokens, const RateLimits& limits) : limits_(limits) {
  for (const Tokens::Entry& entry : tokens.entries()) logs_.try_emplace(entry.identity.operator_name);
}

std::optional<std::chrono::seconds> RateLimiter::refuse(const std::string& operator_name, LimitedRoute route,
                                                        Time now) {
  const int limit = limits_.of(route);
  if (limit == 0) return std::nullopt;
  Log& log = logs_.at(operator_name)[static_cast<std::size_t>(route)];
  const auto wait = log.admit(static_cast<std::size_t>(limit), now);
  if (!wait) return std::nullopt;
  return std::chrono::ceil<std::chrono::seconds>(*wait);  // who comes back then is admitted
}

int RateLimiter::near(LimitedRoute route, Time now) {
  const int limit = limits_.of(route);
  if (limit == 0) return 0;
  const auto most_of_it = static_cast<std::size_t>((4 * limit + 4) / 5);
  return static_cast<int>(std::count_if(logs_.begin(), logs_.end(), [&](auto& entry) {
    return entry.second[static_cast<std::size_t>(route)].has(most_of_it, now);
  }));
}

std::optional<std::chrono::nanoseconds> RateLimiter::Log::admit(std::size_t limit, Time now) {
  const std::scoped_lock lock(mutex_);
  if (times_.size() < limit) {
    times_.push_back(now);
    return std::nullopt;
  }
  const Time free = times_[oldest_] + span;
  if (now < free) return free - now;
  times_[oldest_] = now;
  oldest_ = (oldest_ + 1) % limit;
  return std::nullopt;
}

bool RateLimiter::Log::has(std::size_t count, Time now) {
  const std::scoped_lock lock(mutex_);
  return times_.size() >= count && now < times_[(oldest_ + times_.size() - count) % times_.size()] + span;
}

}  // namespace wms
