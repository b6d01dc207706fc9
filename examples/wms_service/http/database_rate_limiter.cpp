// SPDX-License-Identifier: MIT
#include "http/database_rate_limiter.hpp"

#include <cstddef>
#include <utility>

#include "http/problem.hpp"
#include "log.hpp"

namespace wms {

DatabaseRateLimiter::DatabaseRateLimiter(Storage& storage, const Tokens& tokens, const RateLimits& limits,
                                         flowviz::bundles::RateLimitStore metrics)
    : RateLimiter(limits), storage_(storage), metrics_(std::move(metrics)), own_(tokens, limits) {
  for (const Tokens::Entry& entry : tokens.entries()) refused_until_.try_emplace(entry.identity.operator_name);
}

std::optional<std::chrono::seconds> DatabaseRateLimiter::refuse(const std::string& operator_name, LimitedRoute route,
                                                                Time now, Deadline deadline) {
  const int limit = limits().of(route);
  if (limit == 0) return std::nullopt;
  Until& refused_until = refused_until_.at(operator_name)[static_cast<std::size_t>(route)];
  if (const Time until{Time::duration(refused_until.load())}; now < until) {
    return std::chrono::ceil<std::chrono::seconds>(until - now);
  }

  auto call = metrics_.begin();
  const auto wait = storage_.admit({operator_name, text_of(route), limit}, deadline);
  if (!wait) {
    call.fail();
    if (!away_.exchange(true)) {
      log::write(log::Level::warning, "limits_of_this_instance", {{"cause", problems::refused(wait.error()).cause}});
    }
    return own_.refuse(operator_name, route, now);
  }
  call.finish();
  if (away_.exchange(false)) log::write(log::Level::info, "limits_of_all_instances");
  if (!*wait) {
    (void)own_.refuse(operator_name, route, now);  // counted, for the time when it is the only one who knows
    return std::nullopt;
  }
  refused_until.store((now + **wait).time_since_epoch().count());
  return std::chrono::ceil<std::chrono::seconds>(**wait);
}

int DatabaseRateLimiter::near(LimitedRoute route, Time) { return near_[static_cast<std::size_t>(route)].load(); }

BackgroundWorker::Step DatabaseRateLimiter::refresh() {
  const Deadline deadline = BackgroundWorker::end_of_step();
  for (const auto& [route, text] : names(LimitedRoute{})) {
    if (limits().of(route) == 0) continue;
    const auto near = storage_.count_near_limit(text, limits().near(route), deadline);
    if (!near) return BackgroundWorker::Step::failed;
    near_[static_cast<std::size_t>(route)].store(*near);
  }
  return BackgroundWorker::Step::nothing_to_do;
}

}  // namespace wms
