// SPDX-License-Identifier: MIT
#include <flowviz_metrics/bundles/database_pool.hpp>

#include <doctest/doctest.h>

#include <memory>
#include <optional>

#include <flowviz_metrics/testing.hpp>

#include "page.hpp"
#include "refusal.hpp"

using flowviz::Registry;
using flowviz::bundles::DatabasePool;
using flowviz::bundles::PoolConnections;
using flowviz::testing::differences;

TEST_CASE("a pool is read when a page is made") {
  Registry registry;
  PoolConnections now{.active = 3, .idle = 22, .overflow = 0, .max = 35};
  const DatabasePool pool{registry, [&] { return now; }};
  CHECK(differences(registry, R"(
    db_pool_connections{state="active"} 3
    db_pool_connections{state="idle"} 22
    db_pool_connections{state="overflow"} 0
    db_pool_connections_max 35
  )") == "");

  now = {.active = 25, .idle = 0, .overflow = 7, .max = 40};
  CHECK(differences(registry, R"(
    db_pool_connections{state="active"} 25
    db_pool_connections{state="idle"} 0
    db_pool_connections{state="overflow"} 7
    db_pool_connections_max 40
  )") == "");
  CHECK(series_of(registry, "db_pool_connections") == 3);
  CHECK(series_of(registry, "db_pool_connections_max") == 1);
}

TEST_CASE("what reads a pool may own something, and keep count") {
  Registry registry;
  const DatabasePool pool{registry, [owned = std::make_unique<std::size_t>(2), looks = 0]() mutable {
                            return PoolConnections{.active = *owned, .max = static_cast<std::size_t>(++looks)};
                          }};
  CHECK(differences(registry, R"(
    db_pool_connections{state="active"} 2
    db_pool_connections{state="idle"} 0
    db_pool_connections{state="overflow"} 0
    db_pool_connections_max 2
  )") == "");
}

TEST_CASE("a pool's metrics are gone with it, and a second pool is refused as long as they are there") {
  Registry registry;
  const auto read = [] { return PoolConnections{.active = 1}; };
  std::optional<DatabasePool> pool;
  pool.emplace(registry, read);
  CHECK(says(refusal([&] { DatabasePool{registry, read}; }), "this metric has a callback already"));
  pool.reset();
  CHECK(samples_of(registry, "db_pool_connections") == "");
  CHECK(samples_of(registry, "db_pool_connections_max") == "");
  pool.emplace(registry, read);
  CHECK(series_of(registry, "db_pool_connections") == 3);
}
