// SPDX-License-Identifier: MIT
// The adapter against SQLite itself, with a file of its own for each test. A function that SQL can call lets the tests'
// clock go on, so that what a statement takes is known exactly.

#include <flowviz_metrics/adapters/sqlite.hpp>

#include <doctest/doctest.h>

#include <memory>
#include <string>

#include <flowviz_metrics/testing.hpp>

#include "page.hpp"
#include "temporary_folder.hpp"

using flowviz::Registry;
using flowviz::bundles::Database;
using flowviz::bundles::DbOperation;
using flowviz::sqlite::exec;
using flowviz::sqlite::Execution;
using flowviz::testing::FakeClock;
using namespace std::chrono_literals;

namespace {

struct Close {
  void operator()(sqlite3* db) const { sqlite3_close(db); }
  void operator()(sqlite3_stmt* statement) const { sqlite3_finalize(statement); }
};
using Connection = std::unique_ptr<sqlite3, Close>;
using Prepared = std::unique_ptr<sqlite3_stmt, Close>;

/// A database with a few lots, and what counts its statements.
struct Fixture {
  Fixture() {
    REQUIRE(sqlite3_exec(db.get(), "CREATE TABLE lots (code TEXT PRIMARY KEY, kg INT)", nullptr, nullptr, nullptr) ==
            0);
    REQUIRE(sqlite3_exec(db.get(), "INSERT INTO lots VALUES ('A', 1), ('B', 2), ('C', 3)", nullptr, nullptr, nullptr) ==
            0);
  }

  Connection open() {
    sqlite3* opened = nullptr;
    REQUIRE(sqlite3_open(folder.file("lots.db").c_str(), &opened) == SQLITE_OK);
    // takes_ms(n): time passes in which SQLite works
    sqlite3_create_function(
        opened, "takes_ms", 1, SQLITE_UTF8, &clock,
        [](sqlite3_context* context, int, sqlite3_value** values) {
          static_cast<FakeClock*>(sqlite3_user_data(context))
              ->advance(std::chrono::milliseconds(sqlite3_value_int(values[0])));
          sqlite3_result_int(context, sqlite3_value_int(values[0]));
        },
        nullptr, nullptr);
    return Connection(opened);
  }
  Prepared prepare(const char* sql) {
    sqlite3_stmt* statement = nullptr;
    REQUIRE(sqlite3_prepare_v2(db.get(), sql, -1, &statement, nullptr) == SQLITE_OK);
    return Prepared(statement);
  }

  std::uint64_t queries(DbOperation operation) const { return database.queries.with(operation).value(); }
  std::uint64_t errors(DbOperation operation) const { return database.query_errors.with(operation).value(); }
  double seconds(std::string_view name) const { return database.statement_duration->with(name).value().sum; }

  TemporaryFolder folder;
  FakeClock clock;
  Connection db = open();
  Registry registry;
  Database database{registry};
  Database::Statement all_lots = database.statement("all_lots", DbOperation::select);
  Database::Statement insert_lot = database.statement("insert_lot", DbOperation::insert);
};

}  // namespace

TEST_CASE_FIXTURE(Fixture, "a statement is one query, however many rows it has, under its registered name") {
  const Prepared statement = prepare("SELECT code, takes_ms(10) FROM lots");
  int rows = 0;
  {
    Execution lots{all_lots, statement.get()};
    while (lots.step() == SQLITE_ROW) ++rows;
    CHECK(queries(DbOperation::select) == 1);  // it ends with its last row, not with the scope
  }
  CHECK(rows == 3);
  CHECK(queries(DbOperation::select) == 1);
  CHECK(errors(DbOperation::select) == 0);
  CHECK(database.query_duration.with(DbOperation::select).value().count == 1);
  CHECK(seconds("all_lots") == doctest::Approx(0.03));
  CHECK(valid_page(registry).find("FROM lots") == std::string::npos);
}

TEST_CASE_FIXTURE(Fixture, "what the caller does between two rows is not the database's time") {
  const Prepared statement = prepare("SELECT takes_ms(10) FROM lots");
  Execution lots{all_lots, statement.get()};
  while (lots.step() == SQLITE_ROW) clock.advance(1h);
  CHECK(seconds("all_lots") == doctest::Approx(0.03));
}

TEST_CASE_FIXTURE(Fixture,
                  "a statement whose rows are not all read is counted when the scope ends, and holds no lock") {
  const Prepared statement = prepare("SELECT takes_ms(10) FROM lots");
  {
    Execution lots{all_lots, statement.get()};
    REQUIRE(lots.step() == SQLITE_ROW);
    CHECK(queries(DbOperation::select) == 0);
    CHECK(sqlite3_stmt_busy(statement.get()) != 0);
  }
  CHECK(sqlite3_stmt_busy(statement.get()) == 0);
  CHECK(queries(DbOperation::select) == 1);
  CHECK(errors(DbOperation::select) == 0);
  CHECK(seconds("all_lots") == doctest::Approx(0.01));
}

TEST_CASE_FIXTURE(Fixture, "a statement that is never stepped is not counted") {
  const Prepared statement = prepare("SELECT code FROM lots");
  {
    Execution lots{all_lots, statement.get()};
    CHECK(lots.reset() == SQLITE_OK);
  }
  CHECK(queries(DbOperation::select) == 0);
}

TEST_CASE_FIXTURE(Fixture, "each execution of a statement is a query") {
  const Prepared statement = prepare("INSERT INTO lots VALUES (?, takes_ms(5))");
  {
    Execution insert{insert_lot, statement.get()};
    for (const char* code : {"D", "E"}) {
      sqlite3_bind_text(statement.get(), 1, code, -1, SQLITE_STATIC);
      CHECK(insert.step() == SQLITE_DONE);
      CHECK(insert.reset() == SQLITE_OK);
    }
  }
  CHECK(queries(DbOperation::insert) == 2);
  CHECK(errors(DbOperation::insert) == 0);
  CHECK(seconds("insert_lot") == doctest::Approx(0.01));

  // Without a reset in between, as the library allows.
  const Prepared count = prepare("SELECT count(*) FROM lots");
  Execution lots{all_lots, count.get()};
  for (int i = 0; i < 2; ++i) {
    CHECK(lots.step() == SQLITE_ROW);
    CHECK(sqlite3_column_int(count.get(), 0) == 5);
    CHECK(lots.step() == SQLITE_DONE);
  }
  CHECK(queries(DbOperation::select) == 2);
}

TEST_CASE_FIXTURE(Fixture, "a statement that SQLite refuses is an error, once") {
  const Prepared statement = prepare("INSERT INTO lots VALUES ('A', takes_ms(20))");
  {
    Execution insert{insert_lot, statement.get()};
    CHECK(insert.step() == SQLITE_CONSTRAINT);
    CHECK(insert.reset() == SQLITE_CONSTRAINT);
  }
  CHECK(queries(DbOperation::insert) == 1);
  CHECK(errors(DbOperation::insert) == 1);
  CHECK(seconds("insert_lot") == doctest::Approx(0.02));
}

TEST_CASE_FIXTURE(Fixture, "who is refused a lock may try again, and has failed only if not") {
  const Connection other = open();
  REQUIRE(sqlite3_exec(other.get(), "BEGIN EXCLUSIVE", nullptr, nullptr, nullptr) == SQLITE_OK);
  const Prepared statement = prepare("INSERT INTO lots VALUES ('D', 4)");
  Execution insert{insert_lot, statement.get()};
  CHECK(insert.step() == SQLITE_BUSY);
  CHECK(insert.step() == SQLITE_BUSY);
  SUBCASE("in the end it is there") {
    REQUIRE(sqlite3_exec(other.get(), "COMMIT", nullptr, nullptr, nullptr) == SQLITE_OK);
    CHECK(insert.step() == SQLITE_DONE);
    CHECK(queries(DbOperation::insert) == 1);
    CHECK(errors(DbOperation::insert) == 0);
  }
  SUBCASE("or is given up") {
    CHECK(insert.reset() == SQLITE_BUSY);
    CHECK(queries(DbOperation::insert) == 1);
    CHECK(errors(DbOperation::insert) == 1);
  }
}

TEST_CASE_FIXTURE(Fixture, "a statement that fails only where it commits is an error") {
  REQUIRE(sqlite3_exec(db.get(),
                       "PRAGMA foreign_keys = ON;"
                       "CREATE TABLE inputs (code TEXT REFERENCES lots (code) DEFERRABLE INITIALLY DEFERRED)",
                       nullptr, nullptr, nullptr) == SQLITE_OK);
  const Prepared statement = prepare("INSERT INTO inputs VALUES ('nowhere') RETURNING code");
  Execution insert{insert_lot, statement.get()};
  CHECK(insert.step() == SQLITE_ROW);
  CHECK((insert.reset() & 0xff) == SQLITE_CONSTRAINT);
  CHECK(queries(DbOperation::insert) == 1);
  CHECK(errors(DbOperation::insert) == 1);
}

TEST_CASE_FIXTURE(Fixture, "statements without values are counted by what they were registered as") {
  const auto begin = database.statement("begin", DbOperation::transaction);
  const auto commit = database.statement("commit", DbOperation::transaction);
  const auto analyze = database.statement("analyze", DbOperation::other);
  CHECK(exec(begin, db.get(), "BEGIN IMMEDIATE") == SQLITE_OK);
  CHECK(exec(insert_lot, db.get(), "INSERT INTO lots VALUES ('D', takes_ms(40))") == SQLITE_OK);
  CHECK(exec(commit, db.get(), "COMMIT") == SQLITE_OK);
  CHECK(exec(analyze, db.get(), "ANALYZE") == SQLITE_OK);
  CHECK(queries(DbOperation::transaction) == 2);
  CHECK(queries(DbOperation::insert) == 1);
  CHECK(queries(DbOperation::other) == 1);
  CHECK(seconds("insert_lot") == doctest::Approx(0.04));

  char* message = nullptr;
  CHECK(exec(commit, db.get(), "COMMIT", &message) == SQLITE_ERROR);
  CHECK(std::string(message).find("no transaction is active") != std::string::npos);
  sqlite3_free(message);
  CHECK(errors(DbOperation::transaction) == 1);
}
