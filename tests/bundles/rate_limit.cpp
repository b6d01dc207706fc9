// SPDX-License-Identifier: MIT
#include <flowviz_metrics/bundles/rate_limit.hpp>

#include <doctest/doctest.h>

#include <map>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>

#include <flowviz_metrics/testing.hpp>

#include "page.hpp"
#include "refusal.hpp"

using flowviz::Registry;
using flowviz::Text;
using flowviz::bundles::RateLimit;
using flowviz::bundles::RateLimitStore;
using flowviz::testing::differences;
using flowviz::testing::FakeClock;
using namespace std::chrono_literals;

namespace {

enum class Route { create_lot, decide };
[[maybe_unused]] constexpr std::string_view label_text(Route route) {
  return route == Route::create_lot ? "/api/lots" : "/api/qc-decisions";
}

}  // namespace

TEST_CASE("a refusal is counted under the route whose limit was reached") {
  Registry registry;
  const RateLimit<Route> limits{registry};
  limits.refuse(Route::create_lot);
  limits.refuse(Route::create_lot);
  CHECK(differences(registry, R"(
    rate_limit_violations_total{route="/api/lots"} 2
    rate_limit_violations_total{route="/api/qc-decisions"} 0
  )") == "");
  CHECK(samples_of(registry, "rate_limit_near_limit") == "");  // nobody can say it
}

TEST_CASE("clients near their limit are asked for when a page is made") {
  Registry registry;
  const RateLimit<Route> limits{registry};
  std::map<Route, int> near{{Route::create_lot, 2}, {Route::decide, 0}};
  auto gauge = std::optional(limits.near_limit([&](const flowviz::Gauge<Route>& clients) {
    for (const auto& [route, count] : near) clients.with(route).set(count);
  }));
  CHECK(differences(registry, R"(
    rate_limit_near_limit{route="/api/lots"} 2
    rate_limit_near_limit{route="/api/qc-decisions"} 0
  )") == "");
  near = {{Route::create_lot, 0}, {Route::decide, 1}};
  CHECK(differences(registry, R"(
    rate_limit_near_limit{route="/api/lots"} 0
    rate_limit_near_limit{route="/api/qc-decisions"} 1
  )") == "");
  gauge.reset();
  CHECK(samples_of(registry, "rate_limit_near_limit") == "");
}

TEST_CASE("routes can be templates that are known at run time, as many as the cap says") {
  Registry registry;
  const RateLimit<Text> limits{registry, {.routes = {.cap = 2, .pinned = {"/api/lots"}}}};
  CHECK(series_of(registry, "rate_limit_violations_total") == 1);
  for (const std::string route : {"/api/lots", "/a", "/b", "/c"}) limits.refuse(route);
  CHECK(differences(registry, R"(
    rate_limit_violations_total{route="/api/lots"} 1
    rate_limit_violations_total{route="/a"} 1
    rate_limit_violations_total{route="_other"} 2
  )") == "");
  CHECK(series_of(registry, "rate_limit_violations_total") == 2 + 1);
}

TEST_CASE("of routes that are texts the pinned ones can be near their limit") {
  Registry registry;
  const RateLimit<Text> limits{registry, {.routes = {.pinned = {"/api/lots", "/api/sync"}}}};
  const auto near = limits.near_limit([](const flowviz::Gauge<Text>& clients) {
    clients.with("/api/sync").set(4);
    clients.with("/made-up").set(4);
  });
  CHECK(differences(registry, R"(
    rate_limit_near_limit{route="/api/lots"} 0
    rate_limit_near_limit{route="/api/sync"} 4
  )") == "");

  Registry other;
  const RateLimit<Text> none_pinned{other};
  CHECK(says(refusal([&] { static_cast<void>(none_pinned.near_limit([](const flowviz::Gauge<Text>&) {})); }),
             "the gauge's label 'route': name its values in LabelValues::pinned"));
}

TEST_CASE("a call of the store is timed, and counted if it failed") {
  Registry registry;
  FakeClock clock;
  const RateLimitStore store{registry};
  {
    auto call = store.begin();
    clock.advance(5ms);
    call.finish();
    call.fail();  // it has ended
  }
  CHECK(store.errors.value() == 0);
  CHECK(store.duration.value().sum == 0.005);

  auto call = store.begin();
  clock.advance(1s);
  call.fail();
  CHECK(store.errors.value() == 1);
  CHECK(store.duration.value().count == 2);
  CHECK(store.duration.value().sum == 1.005);
}

TEST_CASE("a call of the store that an exception ends has failed") {
  Registry registry;
  const RateLimitStore store{registry};
  try {
    auto call = store.begin();
    const auto moved = std::move(call);
    throw std::runtime_error("the database is away");
  } catch (const std::runtime_error&) {
  }
  CHECK(store.errors.value() == 1);
  CHECK(store.duration.value().count == 1);
  CHECK(series_of(registry, "rate_limit_store_errors_total") == 1);
  CHECK(series_of(registry, "rate_limit_store_duration_seconds") == 1);
}
