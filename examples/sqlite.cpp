// SPDX-License-Identifier: MIT
// SQLite with metrics: statements are timed by the names that they were registered with.

#include <sqlite3.h>

#include <cstdio>

#include <flowviz_metrics/adapters/sqlite.hpp>
#include <flowviz_metrics/scrape.hpp>

using flowviz::bundles::DbOperation;
using flowviz::sqlite::Execution;

int main() {
  flowviz::Registry registry;
  const flowviz::bundles::Database database{registry};
  const auto create_lots = database.statement("create_lots", DbOperation::other);
  const auto insert_lot = database.statement("insert_lot", DbOperation::insert);
  const auto heavy_lots = database.statement("heavy_lots", DbOperation::select);

  sqlite3* db = nullptr;
  if (sqlite3_open(":memory:", &db) != SQLITE_OK) return 1;
  flowviz::sqlite::exec(create_lots, db, "CREATE TABLE lots (code TEXT PRIMARY KEY, kg REAL)");

  sqlite3_stmt* statement = nullptr;
  sqlite3_prepare_v2(db, "INSERT INTO lots VALUES (?, ?)", -1, &statement, nullptr);
  for (const char* code : {"L-1", "L-2", "L-1"}) {  // the last one is refused: the code is taken
    sqlite3_bind_text(statement, 1, code, -1, SQLITE_STATIC);
    sqlite3_bind_double(statement, 2, 40);
    Execution{insert_lot, statement}.step();
  }
  sqlite3_finalize(statement);

  sqlite3_prepare_v2(db, "SELECT code FROM lots WHERE kg > 10", -1, &statement, nullptr);
  {
    Execution lots{heavy_lots, statement};
    while (lots.step() == SQLITE_ROW) std::fprintf(stderr, "%s\n", sqlite3_column_text(statement, 0));
  }
  sqlite3_finalize(statement);
  sqlite3_close(db);
  std::fputs(flowviz::scrape(registry).body.c_str(), stdout);
}
