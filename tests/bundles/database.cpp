// SPDX-License-Identifier: MIT
#include <flowviz_metrics/bundles/database.hpp>

#include <doctest/doctest.h>

#include <cstdint>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>

#include <flowviz_metrics/testing.hpp>

#include "page.hpp"
#include "refusal.hpp"

using flowviz::Registry;
using flowviz::bundles::Database;
using flowviz::bundles::DbOperation;
using flowviz::bundles::QueryOutcome;
using flowviz::bundles::StatementDurations;
using flowviz::bundles::StatementName;
using flowviz::testing::differences;
using flowviz::testing::FakeClock;
using namespace std::chrono_literals;

TEST_CASE("a query is counted by its operation and timed by operation and name") {
  Registry registry;
  FakeClock clock;
  const Database database{registry};
  const auto insert_lot = database.statement("insert_lot", DbOperation::insert);
  auto query = insert_lot.begin();
  clock.advance(20ms);
  query.finish();
  clock.advance(1s);
  query.fail();  // it has ended

  CHECK(differences(registry, R"(
    db_queries_total{operation="select"} 0
    db_queries_total{operation="insert"} 1
    db_queries_total{operation="update"} 0
    db_queries_total{operation="delete"} 0
    db_queries_total{operation="transaction"} 0
    db_queries_total{operation="other"} 0
    db_query_errors_total{operation="select"} 0
    db_query_errors_total{operation="insert"} 0
    db_query_errors_total{operation="update"} 0
    db_query_errors_total{operation="delete"} 0
    db_query_errors_total{operation="transaction"} 0
    db_query_errors_total{operation="other"} 0
  )") == "");
  CHECK(database.query_duration.with(DbOperation::insert).value().count == 1);
  CHECK(database.query_duration.with(DbOperation::insert).value().sum == 0.02);
  CHECK(database.statement_duration->with("insert_lot").value().count == 1);
  CHECK(database.statement_duration->with("insert_lot").value().sum == 0.02);
}

TEST_CASE("each operation is counted under its own label") {
  Registry registry;
  const Database database{registry};
  std::uint64_t times = 0;
  for (const auto operation : {DbOperation::select, DbOperation::insert, DbOperation::update, DbOperation::delete_,
                               DbOperation::transaction, DbOperation::other}) {
    const auto statement = database.statement("a_statement", operation);
    ++times;
    for (std::uint64_t i = 0; i < times; ++i) statement.begin().finish();
    CHECK(database.query_duration.with(operation).value().count == times);
  }
  CHECK(differences(registry, R"(
    db_queries_total{operation="select"} 1
    db_queries_total{operation="insert"} 2
    db_queries_total{operation="update"} 3
    db_queries_total{operation="delete"} 4
    db_queries_total{operation="transaction"} 5
    db_queries_total{operation="other"} 6
  )") == "");
  CHECK(database.statement_duration->with("a_statement").value().count == 21);
}

TEST_CASE("a query that failed is counted and timed as any, and as an error") {
  Registry registry;
  FakeClock clock;
  const Database database{registry};
  auto query = database.statement("lot_by_id", DbOperation::select).begin();
  clock.advance(2s);
  query.fail();
  CHECK(database.queries.with(DbOperation::select).value() == 1);
  CHECK(database.query_errors.with(DbOperation::select).value() == 1);
  CHECK(database.query_duration.with(DbOperation::select).value().sum == 2);
  CHECK(database.statement_duration->with("lot_by_id").value().sum == 2);
}

TEST_CASE("a query that an exception ends has failed") {
  Registry registry;
  const Database database{registry};
  try {
    const auto query = database.statement("commit", DbOperation::transaction).begin();
    throw std::runtime_error("the server closed the connection");
  } catch (const std::runtime_error&) {
  }
  CHECK(database.query_errors.with(DbOperation::transaction).value() == 1);
}

TEST_CASE("a query that is moved ends once") {
  Registry registry;
  const Database database{registry};
  {
    std::optional<Database::Query> first = database.statement("vacuum", DbOperation::other).begin();
    Database::Query second = std::move(*first);
    first.reset();
    CHECK(database.queries.with(DbOperation::other).value() == 0);
    second.finish();
  }
  CHECK(database.queries.with(DbOperation::other).value() == 1);
  CHECK(database.query_errors.with(DbOperation::other).value() == 0);
}

TEST_CASE("what somebody else has timed can be recorded") {
  Registry registry;
  const Database database{registry};
  const auto statement = database.statement("lots_of_run", DbOperation::select);
  statement.record(100ms, QueryOutcome::ok);
  statement.record(200ms, QueryOutcome::error);
  CHECK(database.queries.with(DbOperation::select).value() == 2);
  CHECK(database.query_errors.with(DbOperation::select).value() == 1);
  CHECK(database.query_duration.with(DbOperation::select).value().sum == doctest::Approx(0.3));
}

TEST_CASE("a default-constructed statement counts nothing") {
  Database::Statement().begin().finish();
  Database::Statement().record(1s, QueryOutcome::error);
}

TEST_CASE("waiting for a connection is timed") {
  Registry registry;
  FakeClock clock;
  const Database database{registry};
  {
    const auto waiting = database.connection_wait.time();
    clock.advance(5ms);
  }
  CHECK(database.connection_wait.value().count == 1);
  CHECK(database.connection_wait.value().sum == 0.005);
}

TEST_CASE("durations by name can be left out") {
  Registry registry;
  const Database database{registry, {.statement_durations = StatementDurations::none}};
  database.statement("lot_by_id", DbOperation::select).begin().finish();
  CHECK(database.queries.with(DbOperation::select).value() == 1);
  CHECK(samples_of(registry, "db_statement_duration_seconds") == "");
}

TEST_CASE("the first hundred names have series of their own, all others share one") {
  Registry registry;
  const Database database{registry};
  for (int i = 0; i < 150; ++i) {
    const std::string name = "statement_" + std::to_string(i);
    database.statement(StatementName::checked(name), DbOperation::select).begin().finish();
  }
  CHECK(series_of(registry, "db_statement_duration_seconds") == Database::max_statements + 1);
  CHECK(database.statement_duration->with(flowviz::other_text).value().count == 50);
  CHECK(series_of(registry, "db_queries_total") == 6);
  CHECK(series_of(registry, "db_query_errors_total") == 6);
  CHECK(series_of(registry, "db_query_duration_seconds") == 6);
  CHECK(series_of(registry, "db_connection_wait_seconds") == 1);
  const auto unknown = database.statement("unknown", static_cast<DbOperation>(99));
  unknown.begin().fail();
  CHECK(series_of(registry, "db_queries_total") == 7);
  CHECK(series_of(registry, "db_query_errors_total") == 7);
  CHECK(series_of(registry, "db_query_duration_seconds") == 7);
}

TEST_CASE("a name out of configuration is no SQL text") {
  for (const char* text : {"SELECT 1", "select 1", "insert into lots values ('x')", "lot-by-id", "Lot"}) {
    CAPTURE(text);
    CHECK(says(refusal([&] { static_cast<void>(StatementName::checked(text)); }), "never by its SQL text"));
  }
  CHECK(says(refusal([&] { static_cast<void>(StatementName::checked("")); }), "a name is not empty"));
  CHECK(says(refusal([&] { static_cast<void>(StatementName::checked("lot_")); }), "a name has no empty word"));
  CHECK(refusal([&] { static_cast<void>(StatementName::checked("lot_by_id")); }) == "");
}

TEST_CASE("durations of queries and of waiting have the bounds that dashboards rely on, or others") {
  Registry registry, other;
  const Database database{registry};
  const std::string page = valid_page(registry);
  for (const char* bound :
       {"0.001", "0.0025", "0.005", "0.01", "0.025", "0.05", "0.1", "0.25", "0.5", "1", "2.5", "5", "10", "30"}) {
    CAPTURE(bound);
    const std::string le = std::string("le=\"") + bound + "\"}";
    CHECK(says(page, "db_query_duration_seconds_bucket{operation=\"delete\"," + le));
    CHECK(says(page, "db_connection_wait_seconds_bucket{" + le));
  }
  const Database coarse{other, {.query_duration_buckets = flowviz::Buckets{1}, .connection_wait_buckets{1, 60}}};
  CHECK(coarse.query_duration.with(DbOperation::select).value().buckets.size() == 2);
  CHECK(coarse.connection_wait.value().buckets.size() == 3);
}
