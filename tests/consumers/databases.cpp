// SPDX-License-Identifier: MIT
// A program outside of the library's repository that uses the adapters for SQLite and libpq.

#include <cstdio>
#include <flowviz_metrics/adapters/libpq.hpp>
#include <flowviz_metrics/adapters/sqlite.hpp>
#include <flowviz_metrics/flowviz_metrics.hpp>

int main() {
  flowviz::Registry registry;
  flowviz::bundles::Database database{registry};
  const auto ping = database.statement("ping", flowviz::bundles::DbOperation::select);
  sqlite3* lots = nullptr;
  sqlite3_open(":memory:", &lots);
  flowviz::sqlite::exec(ping, lots, "SELECT 1");
  sqlite3_close(lots);
  PQclear(flowviz::libpq::run(ping, [] { return PQexec(nullptr, "SELECT 1"); }));
  std::fputs(flowviz::scrape(registry, "").body.c_str(), stdout);
}
