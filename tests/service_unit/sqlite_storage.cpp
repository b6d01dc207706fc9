// SPDX-License-Identifier: MIT
// What is particular to SQLite: how it is asked to be durable, and what happens when it is locked, full, too new or
// broken.

#include "storage/sqlite_storage.hpp"

#include <doctest/doctest.h>

#include <atomic>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <string>
#include <thread>
#include <utility>
#include <variant>
#include <vector>

#include "storage/migrations.hpp"
#include "storage/sqlite.hpp"
#include "temporary_folder.hpp"

namespace {

using namespace wms;
using namespace std::chrono_literals;

Deadline in(std::chrono::milliseconds time) { return std::chrono::steady_clock::now() + time; }

NewLot raw(const std::string& code) { return {code, LotType::raw, *Quantity::from_kg(1), std::nullopt, {}}; }

template <class T>
bool is_unavailable(const Result<T, Refusal>& outcome) {
  return !outcome && std::holds_alternative<Unavailable>(outcome.error());
}

Sql sql(std::string text) { return {"test", DbOperation::other, std::move(text)}; }

/// Another program that holds the database.
class Blocker {
 public:
  explicit Blocker(const std::string& path) : db_(path, Access::write, in(10s)) { db_.begin(Access::write); }
  void let_go() { db_.rollback(); }

 private:
  sqlite::Connection db_;
};

}  // namespace

TEST_CASE("a write is synced to disk before it is acknowledged") {
  TemporaryFolder folder;
  sqlite::Connection db(folder.file("wms.db"), Access::write, in(10s));
  const auto pragma = [&](const char* text) {
    const auto query = db.query(sql(text));
    REQUIRE(query->next());
    return query->text(0);
  };
  CHECK(pragma("PRAGMA journal_mode") == "wal");
  CHECK(pragma("PRAGMA synchronous") == "2");
  CHECK(pragma("PRAGMA foreign_keys") == "1");
}

TEST_CASE("a connection that reads cannot write") {
  TemporaryFolder folder;
  sqlite::Connection writer(folder.file("wms.db"), Access::write, in(10s));
  writer.run_script(sql("CREATE TABLE t (a)"));
  sqlite::Connection reader(folder.file("wms.db"), Access::read, in(10s));
  CHECK_THROWS_AS(reader.run(sql("INSERT INTO t VALUES (1)")), sqlite::Error);
}

TEST_CASE("a transaction that is not committed leaves nothing behind") {
  TemporaryFolder folder;
  sqlite::Connection db(folder.file("wms.db"), Access::write, in(10s));
  db.run_script(sql("CREATE TABLE t (a)"));
  {
    Transaction transaction(db, Access::write);
    db.run(sql("INSERT INTO t VALUES (1)"));
  }
  CHECK_FALSE(db.in_transaction());
  const auto query = db.query(sql("SELECT count(*) FROM t"));
  REQUIRE(query->next());
  CHECK(query->integer(0) == 0);
}

TEST_CASE("values are parameters, whatever they hold") {
  TemporaryFolder folder;
  sqlite::Connection db(folder.file("wms.db"), Access::write, in(10s));
  const std::string texts[] = {"", "'; DROP TABLE t; --", std::string("a\0b", 3), "\xc3\xa4"};
  for (const std::string& text : texts) {
    const auto query = db.query(sql("SELECT ?1, ?2, ?3"), text, std::optional<std::string>(), 1LL << 60);
    REQUIRE(query->next());
    CHECK(query->text(0) == text);
    CHECK_FALSE(query->optional_text(1));
    CHECK(query->integer(2) == 1LL << 60);
  }
}

TEST_CASE("a statement that works for too long is ended at its deadline") {
  TemporaryFolder folder;
  sqlite::Connection db(folder.file("wms.db"), Access::write, in(10s));
  db.set_deadline(in(50ms));
  try {
    db.query(sql("WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n"))->next();
    FAIL("it came to an end");
  } catch (const sqlite::Error& error) {
    CHECK(error.is_unavailable());
    CHECK_FALSE(error.is_fatal_to_connection());
  }
}

TEST_CASE(
    "while somebody else holds the database all writers are refused in time, readers are served, and then all is "
    "well") {
  TemporaryFolder folder;
  SqliteStorage storage(folder.file("wms.db"));
  const auto lot = storage.register_lot(raw("BEFORE"), "olaf", in(10s));
  REQUIRE(lot);

  Blocker blocker(folder.file("wms.db"));
  std::atomic<int> refused = 0;
  std::atomic<std::int64_t> slowest_ms = 0;
  std::vector<std::thread> writers;
  for (int i = 0; i < 20; ++i) {  // they share one connection, so that without care the last one waits 20 times as long
    writers.emplace_back([&, i] {
      const auto start = std::chrono::steady_clock::now();
      if (is_unavailable(storage.register_lot(raw("L" + std::to_string(i)), "olaf", in(60s)))) ++refused;
      const auto took =
          std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::steady_clock::now() - start).count();
      std::int64_t seen = slowest_ms;
      while (seen < took && !slowest_ms.compare_exchange_weak(seen, took)) {
      }
    });
  }
  CHECK(storage.find_lot(lot->id, in(10s)));
  CHECK(storage.ping(in(10s)));
  for (std::thread& writer : writers) writer.join();
  CHECK(refused == 20);
  CHECK(slowest_ms < 10'000);  // 20 patiences are 30 s; the promise of two seconds is measured on an idle machine

  blocker.let_go();
  CHECK(storage.register_lot(raw("AFTER"), "olaf", in(10s)));
}

TEST_CASE("a full database refuses writes, serves reads, and takes writes again when there is room") {
  TemporaryFolder folder;
  sqlite::Connection db(folder.file("wms.db"), Access::write, in(10s));
  db.run_script(sql("CREATE TABLE IF NOT EXISTS t (a); PRAGMA max_page_count = 10"));
  const auto fill = [&] { return db.run(sql("INSERT INTO t VALUES (zeroblob(1000000))")); };
  try {
    fill();
    FAIL("there was room");
  } catch (const DatabaseError& error) {
    CHECK(error.failure() == Failure::unavailable);
  }
  CHECK(db.is_usable());
  CHECK(db.query(sql("SELECT count(*) FROM t"))->next());
  db.run_script(sql("PRAGMA max_page_count = 100000"));
  CHECK(fill() == 1);
}

TEST_CASE("statements are timed by their names, and those that fail are errors") {
  TemporaryFolder folder;
  flowviz::Registry registry;
  const flowviz::bundles::Database metrics{registry};
  SqliteStorage storage(folder.file("wms.db"), &metrics);
  const auto lot = storage.register_lot(raw("FLOUR"), "olaf", in(10s));
  REQUIRE(lot);
  REQUIRE(storage.find_lot(lot->id, in(10s)));
  REQUIRE_FALSE(storage.register_lot(raw("FLOUR"), "olaf", in(10s)));
  const auto runs = [&](const char* name) { return metrics.statement_duration->with(name).value().count; };
  CHECK(runs("insert_lot") == 2);
  CHECK(runs("lot_by_id") == 1);
  CHECK(runs("begin_write") == 3);  // the schema's among them
  CHECK(runs("commit") == 3);
  CHECK(runs("rollback") == 1);  // of the refused one
  CHECK(metrics.queries.with(DbOperation::insert).value() == 2 + migrations().size());
  CHECK(metrics.queries.with(DbOperation::transaction).value() == 8);
  CHECK(metrics.query_errors.with(DbOperation::transaction).value() == 0);
  CHECK(metrics.connection_wait.value().count == 4);

  Blocker blocker(folder.file("wms.db"));
  REQUIRE_FALSE(storage.register_lot(raw("SALT"), "olaf", in(50ms)));
  CHECK(metrics.query_errors.with(DbOperation::transaction).value() == 1);
}

TEST_CASE("a file that is no database is refused at the start") {
  TemporaryFolder folder;
  std::ofstream(folder.file("wms.db")) << "this is a text, and long enough not to be taken for an empty file"
                                       << std::string(200, '.');
  CHECK_THROWS_AS(SqliteStorage(folder.file("wms.db")), std::runtime_error);
  CHECK_THROWS_AS(SqliteStorage(folder.file("no/such/folder/wms.db")), std::runtime_error);
}

TEST_CASE("a database of a newer program is refused and left alone") {
  TemporaryFolder folder;
  {
    SqliteStorage storage(folder.file("wms.db"));
  }
  sqlite::Connection db(folder.file("wms.db"), Access::write, in(10s));
  db.run(sql("INSERT INTO schema_migrations VALUES (1000, 'from the future', 0)"));
  try {
    SqliteStorage storage(folder.file("wms.db"));
    FAIL("it was opened");
  } catch (const std::runtime_error& error) {
    CHECK(std::string(error.what()).find("1000") != std::string::npos);
  }
}

TEST_CASE("a database that cannot be opened is told with the reason, without SQL and path") {
  TemporaryFolder folder;
  std::filesystem::create_directory(folder.file("folder"));
  std::ofstream(folder.file("letter")) << "Dear database, " << std::string(1000, 'x');
  const struct {
    const char* file;
    const char* reason;
  } cases[] = {{"missing/wms.db", "unable to open database file (No such file or directory)"},
               {"folder", "unable to open database file (Is a directory)"},
               {"letter", "file is not a database"}};
  for (const auto& c : cases) {
    CAPTURE(c.file);
    try {
      SqliteStorage storage(folder.file(c.file));
      FAIL("it was opened");
    } catch (const sqlite::Error& error) {
      CHECK(error.reason() == c.reason);
      CHECK(error.is_fatal_to_connection());
    }
  }
}
