// SPDX-License-Identifier: MIT
#include "http/database_rate_limiter.hpp"

#include <doctest/doctest.h>

#include <chrono>
#include <string>

#include "storage/sqlite_storage.hpp"
#include "temporary_folder.hpp"

namespace {

using namespace wms;
using namespace std::chrono_literals;

constexpr RateLimiter::Time start{1h};
constexpr RateLimits limits{.lots = 2, .qc_decisions = 0, .traceability = 5};

Tokens two_operators() { return Tokens({{"t-1", {"ada", Role::admin}}, {"t-2", {"bo", Role::admin}}}); }

/// A database that is away, or not, and counts how often it is asked.
class Watched : public SqliteStorage {
 public:
  using SqliteStorage::SqliteStorage;
  bool away = false;
  int asked = 0;

  Outcome<Wait> admit(const LimitedRequest& request, Deadline deadline) override {
    ++asked;
    if (away) return Refusal(Unavailable{"away"});
    return SqliteStorage::admit(request, deadline);
  }
  Outcome<int> count_near_limit(std::string_view route, int admitted, Deadline deadline) override {
    if (away) return Refusal(Unavailable{"away"});
    return SqliteStorage::count_near_limit(route, admitted, deadline);
  }
};

struct Fixture {
  TemporaryFolder folder;
  Watched storage{folder.file("wms.db")};
  flowviz::Registry registry;
  flowviz::bundles::RateLimitStore metrics{registry};
  DatabaseRateLimiter limiter{storage, two_operators(), limits, metrics};

  bool admits(const char* name, LimitedRoute route = LimitedRoute::lots, RateLimiter::Time at = start) {
    return !limiter.refuse(name, route, at, std::chrono::steady_clock::now() + 30s);
  }
};

}  // namespace

TEST_CASE_FIXTURE(Fixture, "a limit holds across limiters that share a database, and each call of it is measured") {
  DatabaseRateLimiter other{storage, two_operators(), limits, metrics};
  const Deadline deadline = std::chrono::steady_clock::now() + 30s;
  CHECK(admits("ada"));
  CHECK_FALSE(other.refuse("ada", LimitedRoute::lots, start, deadline));
  const auto wait = other.refuse("ada", LimitedRoute::lots, start, deadline);
  REQUIRE(wait);
  CHECK(*wait >= 1s);
  CHECK(*wait <= 60s);
  CHECK_FALSE(admits("ada"));
  CHECK(admits("bo"));
  CHECK(metrics.duration.value().count == 5);
  CHECK(metrics.errors.value() == 0);
}

TEST_CASE_FIXTURE(Fixture, "who was refused is refused until then without another question to the database") {
  while (admits("ada")) continue;
  const int before = storage.asked;
  for (auto at = 0s; at < 50s; at += 10s) CHECK_FALSE(admits("ada", LimitedRoute::lots, start + at));
  CHECK(storage.asked == before);
  const auto wait = limiter.refuse("ada", LimitedRoute::lots, start + 50s, {});
  REQUIRE(wait);
  CHECK(*wait <= 10s);
  CHECK_FALSE(admits("ada", LimitedRoute::lots, start + 61s));  // the database, whose clock did not move, is asked
  CHECK(storage.asked == before + 1);
}

TEST_CASE_FIXTURE(Fixture, "while the database is away this instance counts by itself, from what it knows on") {
  CHECK(admits("ada"));
  storage.away = true;
  CHECK(admits("ada"));
  CHECK_FALSE(admits("ada"));
  CHECK(admits("bo"));
  CHECK(metrics.errors.value() == 3);
  CHECK(metrics.duration.value().count == 4);
  storage.away = false;
  CHECK(admits("ada"));  // by the database's count, which has only the first
  CHECK_FALSE(admits("ada"));
  CHECK(metrics.errors.value() == 3);
}

TEST_CASE_FIXTURE(Fixture, "without a limit nobody is asked") {
  for (int i = 0; i < 20; ++i) CHECK(admits("ada", LimitedRoute::qc_decisions));
  CHECK(storage.asked == 0);
}

TEST_CASE_FIXTURE(Fixture,
                  "operators near a limit are counted in the database, and the number is kept while it is away") {
  const auto near = [&](LimitedRoute route) { return limiter.near(route, start); };
  for (int i = 0; i < 4; ++i) admits("ada", LimitedRoute::trace_forward);
  admits("bo", LimitedRoute::trace_forward);
  CHECK(near(LimitedRoute::trace_forward) == 0);
  CHECK(limiter.refresh() == BackgroundWorker::Step::nothing_to_do);
  CHECK(near(LimitedRoute::trace_forward) == 1);
  CHECK(near(LimitedRoute::trace_backward) == 0);
  for (int i = 0; i < 4; ++i) admits("bo", LimitedRoute::trace_forward);
  storage.away = true;
  CHECK(limiter.refresh() == BackgroundWorker::Step::failed);
  CHECK(near(LimitedRoute::trace_forward) == 1);
  storage.away = false;
  limiter.refresh();
  CHECK(near(LimitedRoute::trace_forward) == 2);
}
