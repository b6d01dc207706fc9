// SPDX-License-Identifier: MIT
#include <flowviz_metrics/bundles/cache.hpp>

#include <doctest/doctest.h>

#include <flowviz_metrics/testing.hpp>

#include "page.hpp"

using flowviz::Registry;
using flowviz::bundles::Cache;
using flowviz::testing::differences;

TEST_CASE("each operation on a cache is counted by what came of it") {
  Registry registry;
  const Cache cache{registry};
  cache.hit();
  for (int i = 0; i < 2; ++i) cache.miss();
  for (int i = 0; i < 3; ++i) cache.put();
  cache.evict();
  cache.evict(3);
  CHECK(differences(registry, R"(
    cache_operations_total{operation="get",result="hit"} 1
    cache_operations_total{operation="get",result="miss"} 2
    cache_operations_total{operation="get",result="ok"} 0
    cache_operations_total{operation="put",result="hit"} 0
    cache_operations_total{operation="put",result="miss"} 0
    cache_operations_total{operation="put",result="ok"} 3
    cache_operations_total{operation="evict",result="hit"} 0
    cache_operations_total{operation="evict",result="miss"} 0
    cache_operations_total{operation="evict",result="ok"} 4
  )") == "");
  CHECK(series_of(registry, "cache_operations_total") == 9);
}
