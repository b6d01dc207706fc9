// SPDX-License-Identifier: MIT
#include "http/memory_rate_limiter.hpp"

#include <doctest/doctest.h>

#include <atomic>
#include <chrono>
#include <thread>
#include <vector>

namespace {

using namespace wms;
using namespace std::chrono_literals;

Tokens tokens() {
  return Tokens({{"t-1", {"ada", Role::admin}}, {"t-2", {"ada", Role::admin}}, {"t-3", {"bo", Role::admin}}});
}

constexpr RateLimiter::Time start{1h};

}  // namespace

TEST_CASE("so many requests a minute are admitted as the limit says, and then one for each that is a minute old") {
  MemoryRateLimiter limiter(tokens(), {.lots = 3});
  for (const auto at : {0s, 10s, 20s}) CHECK_FALSE(limiter.refuse("ada", LimitedRoute::lots, start + at));
  CHECK(limiter.refuse("ada", LimitedRoute::lots, start + 20s) == 40s);
  CHECK(limiter.refuse("ada", LimitedRoute::lots, start + 59s) == 1s);
  CHECK_FALSE(limiter.refuse("ada", LimitedRoute::lots, start + 60s));
  CHECK(limiter.refuse("ada", LimitedRoute::lots, start + 60s) == 10s);
  CHECK_FALSE(limiter.refuse("ada", LimitedRoute::lots, start + 70s));
  CHECK_FALSE(limiter.refuse("ada", LimitedRoute::lots, start + 80s));
  CHECK(limiter.refuse("ada", LimitedRoute::lots, start + 80s) == 40s);
}

TEST_CASE("who comes back after the seconds that it was told is admitted, and a moment earlier is not") {
  MemoryRateLimiter limiter(tokens(), {.lots = 1});
  CHECK_FALSE(limiter.refuse("ada", LimitedRoute::lots, start));
  const auto wait = limiter.refuse("ada", LimitedRoute::lots, start + 1ns);
  CHECK(wait == 60s);  // 59.999999999 s would be told as 60
  CHECK(limiter.refuse("ada", LimitedRoute::lots, start + 60s - 1ns) == 1s);
  CHECK_FALSE(limiter.refuse("ada", LimitedRoute::lots, start + 1ns + *wait));
}

TEST_CASE("what is refused does not count: who keeps asking is not kept out") {
  MemoryRateLimiter limiter(tokens(), {.lots = 1});
  CHECK_FALSE(limiter.refuse("ada", LimitedRoute::lots, start));
  for (auto at = 0s; at < 60s; ++at) CHECK(limiter.refuse("ada", LimitedRoute::lots, start + at));
  CHECK_FALSE(limiter.refuse("ada", LimitedRoute::lots, start + 60s));
}

TEST_CASE("no span of a minute has more than the limit, however requests are spread") {
  constexpr int limit = 7;
  MemoryRateLimiter limiter(tokens(), {.lots = limit});
  std::vector<RateLimiter::Time> admitted;
  std::chrono::milliseconds step = 1ms;
  for (auto at = 0ms; at < 10min; at += step) {
    if (!limiter.refuse("ada", LimitedRoute::lots, start + at)) admitted.push_back(start + at);
    step = step * 7 % 4999 + 1ms;
  }
  REQUIRE(admitted.size() > limit);
  for (std::size_t i = limit; i < admitted.size(); ++i) CHECK(admitted[i] - admitted[i - limit] >= 1min);
}

TEST_CASE("each operator has its own limit on each route, with whichever of its tokens") {
  MemoryRateLimiter limiter(tokens(), {.lots = 1, .qc_decisions = 1, .traceability = 1});
  for (const auto route :
       {LimitedRoute::lots, LimitedRoute::qc_decisions, LimitedRoute::trace_forward, LimitedRoute::trace_backward}) {
    for (const char* name : {"ada", "bo"}) {
      CHECK_FALSE(limiter.refuse(name, route, start));
      CHECK(limiter.refuse(name, route, start));
    }
  }
}

TEST_CASE("a limit of 0 is none") {
  MemoryRateLimiter limiter(tokens(), {.lots = 0});
  for (int i = 0; i < 1000; ++i) CHECK_FALSE(limiter.refuse("ada", LimitedRoute::lots, start));
  CHECK(limiter.near(LimitedRoute::lots, start) == 0);
}

TEST_CASE("operators are near their limit from four fifths of it on, until time takes them away from it") {
  MemoryRateLimiter limiter(tokens(), {.lots = 10, .qc_decisions = 1});
  for (int i = 0; i < 7; ++i) limiter.refuse("ada", LimitedRoute::lots, start);
  CHECK(limiter.near(LimitedRoute::lots, start) == 0);
  limiter.refuse("ada", LimitedRoute::lots, start + 30s);
  CHECK(limiter.near(LimitedRoute::lots, start + 30s) == 1);
  for (int i = 0; i < 20; ++i) limiter.refuse("bo", LimitedRoute::lots, start + 30s);
  CHECK(limiter.near(LimitedRoute::lots, start + 59s) == 2);
  CHECK(limiter.near(LimitedRoute::lots, start + 60s) == 1);
  CHECK(limiter.near(LimitedRoute::lots, start + 90s) == 0);
  CHECK(limiter.near(LimitedRoute::qc_decisions, start) == 0);
  limiter.refuse("bo", LimitedRoute::qc_decisions, start);
  CHECK(limiter.near(LimitedRoute::qc_decisions, start) == 1);
}

TEST_CASE("of many threads together as many are admitted as the limit says") {
  MemoryRateLimiter limiter(tokens(), {.lots = 100});
  std::atomic<int> admitted = 0;
  std::vector<std::thread> threads;
  for (int i = 0; i < 8; ++i) {
    threads.emplace_back([&] {
      for (int j = 0; j < 100; ++j) admitted += !limiter.refuse("ada", LimitedRoute::lots, start);
    });
  }
  for (std::thread& thread : threads) thread.join();
  CHECK(admitted == 100);
}
