// SPDX-License-Identifier: MIT
// Statements by a registered name, and the pool of connections that they run on. What times them by itself, for SQLite and
// libpq: flowviz_metrics/adapters/.

#include <cstdio>

#include <flowviz_metrics/bundles/database.hpp>
#include <flowviz_metrics/bundles/database_pool.hpp>
#include <flowviz_metrics/scrape.hpp>

using flowviz::bundles::DbOperation;
using flowviz::bundles::PoolConnections;

class Pool {
 public:
  void acquire() { ++lent_; }
  void release() { --lent_; }
  PoolConnections connections() const { return {.active = lent_, .idle = 25 - lent_, .overflow = 0, .max = 35}; }

 private:
  std::size_t lent_ = 0;
};

int main() {
  flowviz::Registry registry;
  const flowviz::bundles::Database database{registry};
  const auto insert_lot = database.statement("insert_lot", DbOperation::insert);  // at start, once

  Pool pool;
  const flowviz::bundles::DatabasePool pool_metrics{registry, [&] { return pool.connections(); }};

  {
    const auto waiting = database.connection_wait.time();
    pool.acquire();
  }
  auto query = insert_lot.begin();
  // ... the database executes it; an exception would count as an error ...
  query.finish();

  std::fputs(flowviz::scrape(registry).body.c_str(), stdout);
  pool.release();
}
