// SPDX-License-Identifier: MIT
// PostgreSQL with metrics: statements are timed by the names that they were registered with.
//
//     example_libpq "host=localhost user=postgres dbname=postgres"

#include <libpq-fe.h>

#include <cstdio>
#include <memory>

#include <flowviz_metrics/adapters/libpq.hpp>
#include <flowviz_metrics/scrape.hpp>

using flowviz::bundles::DbOperation;

struct Close {
  void operator()(PGconn* connection) const { PQfinish(connection); }
  void operator()(PGresult* result) const { PQclear(result); }
};
using Result = std::unique_ptr<PGresult, Close>;

int main(int argc, char** argv) {
  flowviz::Registry registry;
  const flowviz::bundles::Database database{registry};
  const auto create_lots = database.statement("create_lots", DbOperation::other);
  const auto insert_lot = database.statement("insert_lot", DbOperation::insert);
  const auto heavy_lots = database.statement("heavy_lots", DbOperation::select);

  const std::unique_ptr<PGconn, Close> db(PQconnectdb(argc > 1 ? argv[1] : ""));
  if (PQstatus(db.get()) != CONNECTION_OK) {
    std::fputs(PQerrorMessage(db.get()), stderr);
    return 1;
  }
  const char* const table = "CREATE TEMPORARY TABLE lots (code TEXT PRIMARY KEY, kg FLOAT)";
  Result result(flowviz::libpq::run(create_lots, [&] { return PQexec(db.get(), table); }));

  for (const char* code : {"L-1", "L-2", "L-1"}) {  // the last one is refused: the code is taken
    result.reset(flowviz::libpq::run(insert_lot, [&] {
      const char* const sql = "INSERT INTO lots VALUES ($1, 40)";
      return PQexecParams(db.get(), sql, 1, nullptr, &code, nullptr, nullptr, 0);
    }));
  }

  flowviz::libpq::Query query{heavy_lots};  // sent now, answered later
  if (PQsendQuery(db.get(), "SELECT code FROM lots WHERE kg > 10 ORDER BY code") == 0) return 1;
  while (result.reset(query.get_result(db.get())), result) {
    for (int row = 0; row < PQntuples(result.get()); ++row) {
      std::fprintf(stderr, "%s\n", PQgetvalue(result.get(), row, 0));
    }
  }
  std::fputs(flowviz::scrape(registry).body.c_str(), stdout);
}
