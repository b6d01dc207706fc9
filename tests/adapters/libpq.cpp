// SPDX-License-Identifier: MIT
// The adapter against a PostgreSQL server. The tests' clock says how long a query took.

#include <flowviz_metrics/adapters/libpq.hpp>

#include <doctest/doctest.h>

#include <poll.h>

#include <memory>
#include <optional>
#include <string>
#include <utility>

#include <flowviz_metrics/testing.hpp>

#include "page.hpp"
#include "postgres_server.hpp"

using flowviz::Registry;
using flowviz::bundles::Database;
using flowviz::bundles::DbOperation;
using flowviz::libpq::Query;
using flowviz::libpq::run;
using flowviz::testing::FakeClock;
using namespace std::chrono_literals;

namespace {

struct Finish {
  void operator()(PGconn* connection) const { PQfinish(connection); }
  void operator()(PGresult* result) const { PQclear(result); }
};
using Connection = std::unique_ptr<PGconn, Finish>;
using Result = std::unique_ptr<PGresult, Finish>;

constexpr int deadline_ms = 60'000;

/// A connection to the server that all tests share, and what counts its statements.
struct Fixture {
  static Connection connect() {
    static const PostgresServer server;
    Connection connection(PQconnectdb(server.address().c_str()));
    REQUIRE_MESSAGE(PQstatus(connection.get()) == CONNECTION_OK, PQerrorMessage(connection.get()));
    return connection;
  }

  /// Executes a statement that is not counted.
  static void prepare(PGconn* connection, const char* sql) {
    const Result result(PQexec(connection, sql));
    REQUIRE_FALSE(flowviz::libpq::is_error(result.get()));
  }

  /// Waits until the next result can be had.
  void wait_for_answer() const {
    while (PQisBusy(db.get()) != 0) {
      pollfd socket{PQsocket(db.get()), POLLIN, 0};
      REQUIRE(poll(&socket, 1, deadline_ms) == 1);
      if (PQconsumeInput(db.get()) == 0) return;
    }
  }

  /// Waits until the server executes the `pg_sleep` that was sent.
  void wait_until_it_sleeps() const {
    const std::string wait =
        "DO $$ BEGIN WHILE NOT EXISTS (SELECT FROM pg_stat_activity WHERE wait_event = 'PgSleep' AND pid = " +
        std::to_string(PQbackendPID(db.get())) +
        ") LOOP PERFORM pg_sleep(0.001), pg_stat_clear_snapshot(); END LOOP; END $$";
    const Connection other = connect();
    prepare(other.get(), ("SET statement_timeout = " + std::to_string(deadline_ms)).c_str());
    prepare(other.get(), wait.c_str());
  }

  std::uint64_t queries(DbOperation operation) const { return database.queries.with(operation).value(); }
  std::uint64_t errors(DbOperation operation) const { return database.query_errors.with(operation).value(); }
  double seconds(std::string_view name) const { return database.statement_duration->with(name).value().sum; }

  Connection db = connect();
  FakeClock clock;
  Registry registry;
  Database database{registry};
  Database::Statement lot_by_id = database.statement("lot_by_id", DbOperation::select);
  Database::Statement insert_lot = database.statement("insert_lot", DbOperation::insert);
};

}  // namespace

TEST_CASE_FIXTURE(Fixture, "a call that waits is counted and timed under its registered name") {
  const char* values[] = {"7"};
  const Result result(run(lot_by_id, [&] {
    clock.advance(30ms);
    return PQexecParams(db.get(), "SELECT $1::int * 6", 1, nullptr, values, nullptr, nullptr, 0);
  }));
  CHECK(std::string(PQgetvalue(result.get(), 0, 0)) == "42");
  CHECK(queries(DbOperation::select) == 1);
  CHECK(errors(DbOperation::select) == 0);
  CHECK(database.query_duration.with(DbOperation::select).value().sum == doctest::Approx(0.03));
  CHECK(seconds("lot_by_id") == doctest::Approx(0.03));
  CHECK(valid_page(registry).find("int * 6") == std::string::npos);
}

TEST_CASE_FIXTURE(Fixture, "statements of each kind succeed under the operation that they were registered with") {
  const auto execute = [&](const char* name, DbOperation operation, const char* sql) {
    const auto statement = database.statement(flowviz::bundles::StatementName::checked(name), operation);
    const Result result(run(statement, [&] { return PQexec(db.get(), sql); }));
    CHECK_FALSE(flowviz::libpq::is_error(result.get()));
    CHECK(errors(operation) == 0);
  };
  execute("create_lots", DbOperation::other, "CREATE TEMPORARY TABLE lots (code text PRIMARY KEY, kg int)");
  execute("begin", DbOperation::transaction, "BEGIN");
  execute("insert_lot", DbOperation::insert, "INSERT INTO lots VALUES ('A', 1)");
  execute("update_lot", DbOperation::update, "UPDATE lots SET kg = 2");
  execute("commit", DbOperation::transaction, "COMMIT");
  execute("delete_lot", DbOperation::delete_, "DELETE FROM lots");
  execute("nothing", DbOperation::other, "");
  CHECK(queries(DbOperation::transaction) == 2);
  CHECK(queries(DbOperation::insert) == 1);
  CHECK(queries(DbOperation::update) == 1);
  CHECK(queries(DbOperation::delete_) == 1);
  CHECK(queries(DbOperation::other) == 2);
}

TEST_CASE_FIXTURE(Fixture, "what the server refuses is an error, and so is a connection that is gone") {
  const Result refused(run(lot_by_id, [&] { return PQexec(db.get(), "SELECT no_such_column"); }));
  CHECK(PQresultStatus(refused.get()) == PGRES_FATAL_ERROR);
  CHECK(errors(DbOperation::select) == 1);
  const Result gone(run(lot_by_id, [&] { return PQexec(db.get(), "SELECT pg_terminate_backend(pg_backend_pid())"); }));
  CHECK(errors(DbOperation::select) == 2);
  const Result none(run(lot_by_id, [&] { return PQexec(nullptr, "SELECT 1"); }));
  CHECK(none == nullptr);
  CHECK(errors(DbOperation::select) == 3);
  CHECK(queries(DbOperation::select) == 3);
}

TEST_CASE_FIXTURE(Fixture, "a query that is sent is timed until its last result was taken") {
  Query query{lot_by_id};
  REQUIRE(PQsendQueryParams(db.get(), "SELECT 1", 0, nullptr, nullptr, nullptr, nullptr, 0) == 1);
  clock.advance(50ms);
  wait_for_answer();
  const Result answer(query.get_result(db.get()));
  CHECK(std::string(PQgetvalue(answer.get(), 0, 0)) == "1");
  CHECK(queries(DbOperation::select) == 0);
  clock.advance(10ms);
  wait_for_answer();
  CHECK(query.get_result(db.get()) == nullptr);
  CHECK(queries(DbOperation::select) == 1);
  CHECK(errors(DbOperation::select) == 0);
  CHECK(seconds("lot_by_id") == doctest::Approx(0.06));
  clock.advance(1h);
  query.fail();  // it has ended
  CHECK(errors(DbOperation::select) == 0);
  CHECK(seconds("lot_by_id") == doctest::Approx(0.06));
}

TEST_CASE_FIXTURE(Fixture, "a query of several results or rows is one query") {
  {
    Query query{lot_by_id};
    REQUIRE(PQsendQuery(db.get(), "SELECT 1; SELECT 2") == 1);
    int results = 0;
    while (const Result result{query.get_result(db.get())}) ++results;
    CHECK(results == 2);
  }
  CHECK(queries(DbOperation::select) == 1);
  {
    Query query{lot_by_id};
    REQUIRE(PQsendQuery(db.get(), "SELECT generate_series(1, 5)") == 1);
    REQUIRE(PQsetSingleRowMode(db.get()) == 1);
    int results = 0;
    while (const Result result{query.get_result(db.get())}) ++results;
    CHECK(results == 6);  // and one that says that there are no more
  }
  CHECK(queries(DbOperation::select) == 2);
  CHECK(errors(DbOperation::select) == 0);
}

TEST_CASE_FIXTURE(Fixture, "copying is a query, which ends with its last result") {
  prepare(db.get(), "CREATE TEMPORARY TABLE lots (code text)");
  Query query{insert_lot};
  REQUIRE(PQsendQuery(db.get(), "COPY lots FROM STDIN") == 1);
  const Result begun(query.get_result(db.get()));
  REQUIRE(PQresultStatus(begun.get()) == PGRES_COPY_IN);
  REQUIRE(PQputCopyData(db.get(), "A\nB\n", 4) == 1);
  REQUIRE(PQputCopyEnd(db.get(), nullptr) == 1);
  CHECK(queries(DbOperation::insert) == 0);
  const Result done(query.get_result(db.get()));
  CHECK(std::string(PQcmdTuples(done.get())) == "2");
  CHECK(query.get_result(db.get()) == nullptr);
  CHECK(queries(DbOperation::insert) == 1);
  CHECK(errors(DbOperation::insert) == 0);
}

TEST_CASE_FIXTURE(Fixture, "a query that the server refuses has failed, whatever results there were before") {
  Query query{lot_by_id};
  REQUIRE(PQsendQuery(db.get(), "SELECT 1; SELECT 1 / 0") == 1);
  while (const Result result{query.get_result(db.get())}) {
  }
  CHECK(queries(DbOperation::select) == 1);
  CHECK(errors(DbOperation::select) == 1);
}

TEST_CASE_FIXTURE(Fixture,
                  "in a pipeline each query ends by itself, and one that is not tried after an error has failed") {
  const auto send = [&](const Database::Statement& name, const char* sql) {
    Query query{name};
    REQUIRE(PQsendQueryParams(db.get(), sql, 0, nullptr, nullptr, nullptr, nullptr, 0) == 1);
    return query;
  };
  REQUIRE(PQenterPipelineMode(db.get()) == 1);
  Query queries_in_order[] = {send(lot_by_id, "SELECT 1"), send(lot_by_id, "SELECT 1 / 0"),
                              send(insert_lot, "SELECT 2")};
  REQUIRE(PQpipelineSync(db.get()) == 1);
  for (Query& query : queries_in_order) {
    while (const Result result{query.get_result(db.get())}) {
    }
  }
  CHECK(queries(DbOperation::select) == 2);
  CHECK(errors(DbOperation::select) == 1);
  CHECK(queries(DbOperation::insert) == 1);
  CHECK(errors(DbOperation::insert) == 1);
  const Result synchronised(PQgetResult(db.get()));
  CHECK_FALSE(flowviz::libpq::is_error(synchronised.get()));
}

TEST_CASE_FIXTURE(Fixture, "a query whose deadline passes has failed when its connection is dropped") {
  {
    Query query{lot_by_id};
    REQUIRE(PQsendQueryParams(db.get(), "SELECT pg_sleep(3600)", 0, nullptr, nullptr, nullptr, nullptr, 0) == 1);
    clock.advance(2s);
    CHECK(PQisBusy(db.get()) == 1);
    CHECK(queries(DbOperation::select) == 0);
    db.reset();
  }
  CHECK(queries(DbOperation::select) == 1);
  CHECK(errors(DbOperation::select) == 1);
  CHECK(seconds("lot_by_id") == 2);
}

TEST_CASE_FIXTURE(Fixture, "a query that is cancelled has failed") {
  Query query{lot_by_id};
  REQUIRE(PQsendQueryParams(db.get(), "SELECT pg_sleep(3600)", 0, nullptr, nullptr, nullptr, nullptr, 0) == 1);
  wait_until_it_sleeps();  // a server that has not begun with a query yet does not cancel it
  char reason[256];
  PGcancel* cancel = PQgetCancel(db.get());
  CHECK(PQcancel(cancel, reason, sizeof reason) == 1);
  PQfreeCancel(cancel);
  wait_for_answer();
  while (const Result result{query.get_result(db.get())}) {
  }
  CHECK(queries(DbOperation::select) == 1);
  CHECK(errors(DbOperation::select) == 1);
}

TEST_CASE_FIXTURE(Fixture, "a query whose server goes away in the middle has failed") {
  Query query{lot_by_id};
  REQUIRE(PQsendQueryParams(db.get(), "SELECT pg_sleep(3600)", 0, nullptr, nullptr, nullptr, nullptr, 0) == 1);
  const std::string end = "SELECT pg_terminate_backend(" + std::to_string(PQbackendPID(db.get())) + ")";
  prepare(connect().get(), end.c_str());
  wait_for_answer();
  while (const Result result{query.get_result(db.get())}) {
  }
  CHECK(queries(DbOperation::select) == 1);
  CHECK(errors(DbOperation::select) == 1);
}

TEST_CASE_FIXTURE(Fixture, "a query that could not be sent has failed") {
  {
    Query first{lot_by_id};
    REQUIRE(PQsendQuery(db.get(), "SELECT 1") == 1);
    const Query second{insert_lot};
    CHECK(PQsendQuery(db.get(), "SELECT 2") == 0);  // another command is already in progress
    while (const Result result{first.get_result(db.get())}) {
    }
  }
  CHECK(errors(DbOperation::select) == 0);
  CHECK(queries(DbOperation::insert) == 1);
  CHECK(errors(DbOperation::insert) == 1);

  Query nothing_sent{insert_lot};
  CHECK(nothing_sent.get_result(db.get()) == nullptr);
  CHECK(errors(DbOperation::insert) == 2);
}

TEST_CASE_FIXTURE(Fixture, "a query can be moved to where its answer is waited for") {
  std::optional<Query> sent(lot_by_id);
  REQUIRE(PQsendQuery(db.get(), "SELECT 1") == 1);
  {
    Query waiting = std::move(*sent);
    sent.reset();
    CHECK(queries(DbOperation::select) == 0);
    while (const Result result{waiting.get_result(db.get())}) {
    }
  }
  CHECK(queries(DbOperation::select) == 1);
  CHECK(errors(DbOperation::select) == 0);
}
