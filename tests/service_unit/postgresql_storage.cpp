// SPDX-License-Identifier: MIT
// What is particular to PostgreSQL: servers that are silent, connections that are lost, and commits of which nobody knows.

#include "storage/postgresql_storage.hpp"

#include <doctest/doctest.h>

#include <chrono>
#include <future>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <variant>

#include "faulty_wire.hpp"
#include "on_postgresql.hpp"
#include "storage/statements.hpp"

namespace {

using namespace wms;
using namespace std::chrono_literals;
using Fault = FaultyWire::Fault;

Deadline in(std::chrono::milliseconds time) { return std::chrono::steady_clock::now() + time; }

Sql sql(std::string text) { return {"test", DbOperation::other, std::move(text)}; }

NewLot raw(const std::string& code) { return {code, LotType::raw, *Quantity::from_kg(1), std::nullopt, {}}; }

template <class Why, class T>
bool is(const Result<T, Refusal>& outcome) {
  return !outcome && std::holds_alternative<Why>(outcome.error());
}

/// A storage whose connections to the server can fail.
struct Fixture {
  OnPostgresql database;
  FaultyWire wire{shared_server().socket()};
  flowviz::Registry registry;
  flowviz::bundles::Database metrics{registry};
  PostgresqlStorage storage{{wire.url(database.name)}, &metrics};

  std::size_t lots() { return storage.list_lots({}, in(10s)).value().lots.size(); }
  postgresql::Connection connect() { return {database.address(), in(10s)}; }
  /// Waits until somebody waits for an advisory lock.
  void wait_for_a_lock(postgresql::Connection& db) {
    const Deadline deadline = in(10s);
    const Sql waiting = sql("SELECT 1 FROM pg_locks WHERE locktype = 'advisory' AND NOT granted");
    while (!db.query(waiting)->next()) REQUIRE(std::chrono::steady_clock::now() < deadline);
  }
};

/// The failure of what `work` throws.
template <class Work>
Failure failure_of(Work&& work) {
  try {
    work();
  } catch (const DatabaseError& error) {
    return error.failure();
  }
  FAIL("nothing failed");
  return {};
}

}  // namespace

TEST_CASE("a URL with a password, or that is none, is refused without being repeated") {
  CHECK_FALSE(postgresql::complaint_about("postgresql://wms@localhost:6432/flowviz"));
  CHECK_FALSE(postgresql::complaint_about("postgresql://wms@localhost/flowviz?sslmode=verify-full"));
  for (const char* url : {"postgresql://wms:sesame@localhost/flowviz", "postgresql:///flowviz?password=sesame",
                          "postgresql://wms:sesame@[::1/flowviz"}) {
    CAPTURE(url);
    const auto complaint = postgresql::complaint_about(url);
    REQUIRE(complaint);
    CHECK(complaint->find("sesame") == std::string::npos);
  }
}

TEST_CASE_FIXTURE(Fixture, "values are parameters, whatever they hold") {
  auto db = connect();
  const std::string texts[] = {"", "'; DROP TABLE lots; --", "\xc3\xa4 $1", std::string(100'000, 'x')};
  for (const std::string& text : texts) {
    const auto row = db.query(sql("SELECT CAST(?1 AS text), CAST(?2 AS text), CAST(?3 AS bigint)"), text,
                              std::optional<std::string>(), -(1LL << 60));
    REQUIRE(row->next());
    CHECK(row->text(0) == text);
    CHECK_FALSE(row->optional_text(1));
    CHECK(row->integer(2) == -(1LL << 60));
    CHECK_FALSE(row->next());
  }
}

TEST_CASE_FIXTURE(Fixture, "what the server refuses is told by what can be done about it") {
  auto db = connect();
  CHECK(failure_of([&] { db.run(sql("SELEKT")); }) == Failure::mistake);
  CHECK(failure_of([&] { db.run(sql("DO $$ BEGIN RAISE SQLSTATE '40001'; END $$")); }) == Failure::conflict);
  CHECK(failure_of([&] { db.run(sql("DO $$ BEGIN RAISE SQLSTATE '53100'; END $$")); }) == Failure::unavailable);
  CHECK(db.is_usable());
  CHECK(failure_of([&] { db.query(sql("SELECT pg_terminate_backend(pg_backend_pid())")); }) == Failure::lost);
  CHECK_FALSE(db.is_usable());
}

TEST_CASE_FIXTURE(Fixture, "a transaction that works for too long is ended by the server, and the connection is kept") {
  auto db = connect();
  db.set_deadline(in(500ms));
  db.begin(Access::read);
  db.set_deadline(in(30s));
  CHECK(failure_of([&] { db.query(sql("SELECT pg_sleep(60)")); }) == Failure::unavailable);
  db.rollback();
  CHECK(db.is_usable());
}

TEST_CASE_FIXTURE(Fixture, "an answer that comes too late is not waited for") {
  auto db = connect();
  db.set_deadline(in(50ms));
  CHECK(failure_of([&] { db.query(sql("SELECT pg_sleep(60)")); }) == Failure::lost);
  CHECK_FALSE(db.is_usable());
}

TEST_CASE_FIXTURE(Fixture, "one who reads cannot write, and sees what was there at first") {
  auto reader = connect(), writer = connect();
  writer.run(sql("CREATE TABLE t (a int)"));
  Transaction snapshot(reader, Access::read);
  const auto count = [&] {
    const auto row = reader.query(sql("SELECT count(*) FROM t"));
    REQUIRE(row->next());
    return row->integer(0);
  };
  CHECK(count() == 0);
  CHECK(writer.run(sql("INSERT INTO t VALUES (1), (2)")) == 2);
  CHECK(count() == 0);
  CHECK(failure_of([&] { reader.run(sql("INSERT INTO t VALUES (3)")); }) == Failure::unavailable);
}

TEST_CASE_FIXTURE(Fixture, "a connection that the server ended while it was idle is replaced before it is used") {
  REQUIRE(storage.ping(in(10s)));
  administer("SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity WHERE datname = '" + database.name + "'");
  const Deadline farewell_is_over = in(60s);  // it is on its way through the wire
  while (!storage.ping(in(10s)) && std::chrono::steady_clock::now() < farewell_is_over) std::this_thread::yield();
  CHECK(storage.register_lot(raw("FLOUR"), "olaf", in(10s)));
}

TEST_CASE_FIXTURE(Fixture, "a silent server is waited for with patience only, and used again when it answers") {
  REQUIRE(storage.register_lot(raw("BEFORE"), "olaf", in(10s)));
  wire.fault = Fault::silence;
  const auto start = std::chrono::steady_clock::now();
  CHECK(is<Unavailable>(storage.register_lot(raw("MEANWHILE"), "olaf", in(60s))));
  CHECK(is<Unavailable>(storage.find_lot("any", in(60s))));
  CHECK(std::chrono::steady_clock::now() - start < 20s);
  wire.fault = Fault::none;
  CHECK(storage.register_lot(raw("AFTER"), "olaf", in(10s)));
}

TEST_CASE_FIXTURE(Fixture, "a server that is away is a refusal at once, and is used again when it is back") {
  REQUIRE(storage.register_lot(raw("BEFORE"), "olaf", in(10s)));
  wire.fault = Fault::refuse;
  CHECK(is<Unavailable>(storage.register_lot(raw("MEANWHILE"), "olaf", in(60s))));
  CHECK(is<Unavailable>(storage.ping(in(60s))));
  CHECK(metrics.query_errors.with(DbOperation::transaction).value() > 0);
  wire.fault = Fault::none;
  CHECK(storage.register_lot(raw("MEANWHILE"), "olaf", in(10s)));
}

TEST_CASE_FIXTURE(Fixture, "a lot whose registration was committed, unheard, is registered, and once") {
  wire.fault = Fault::lose_answer;
  const auto lot = storage.register_lot(raw("FLOUR"), "olaf", in(10s));
  REQUIRE(lot);
  CHECK(storage.find_lot(lot->id, in(10s))->code == "FLOUR");
  CHECK(lots() == 1);
}

TEST_CASE_FIXTURE(Fixture, "a lot whose registration was lost on its way is registered by another try") {
  wire.fault = Fault::lose_commit;
  const auto lot = storage.register_lot(raw("FLOUR"), "olaf", in(10s));
  REQUIRE(lot);
  CHECK(storage.find_lot(lot->id, in(10s)));
  CHECK(lots() == 1);
}

TEST_CASE_FIXTURE(Fixture, "what was taken by a registration that went unheard is taken once") {
  const auto flour = storage.register_lot(raw("FLOUR"), "olaf", in(10s));
  REQUIRE(flour);
  wire.fault = Fault::lose_answer;
  const auto dough = storage.register_lot(
      {"DOUGH", LotType::intermediate, *Quantity::from_kg(1), {}, {{flour->id, *Quantity::from_kg(0.75)}}}, "olaf",
      in(10s));
  REQUIRE(dough);
  CHECK(storage.find_lot(flour->id, in(10s))->remaining == *Quantity::from_kg(0.25));
}

TEST_CASE_FIXTURE(Fixture, "a decision whose commit went unheard is recorded once") {
  const auto lot = storage.register_lot(raw("FLOUR"), "olaf", in(10s));
  REQUIRE(lot);
  for (const Fault fault : {Fault::lose_answer, Fault::lose_commit}) {
    wire.fault = fault;
    REQUIRE(storage.record_decision({lot->id, Decision::HOLD, std::nullopt}, "ines", in(10s)));
  }
  auto db = connect();
  const auto row = db.query(sql("SELECT count(*) FROM qc_decisions"));
  REQUIRE(row->next());
  CHECK(row->integer(0) == 2);
}

TEST_CASE_FIXTURE(Fixture, "when nobody can tell whether it was committed, that is what is said") {
  SUBCASE("for the server is away") {
    wire.then = Fault::refuse;
    wire.fault = Fault::lose_answer;
  }
  SUBCASE("for the server has not decided yet") { wire.fault = Fault::hold_commit; }
  CHECK(is<OutcomeUnknown>(storage.register_lot(raw("FLOUR"), "olaf", in(10s))));
}

TEST_CASE_FIXTURE(Fixture, "a list waits for registrations under way, and no registration for a list") {
  const Statements statements(Dialect::postgresql);
  auto other = connect(), third = connect();
  std::future<std::size_t> list;
  {
    Transaction registration(other, Access::write);
    other.query(*statements.begin_registration)->next();
    CHECK(storage.register_lot(raw("FLOUR"), "olaf", in(10s)));
    CHECK(is<Unavailable>(storage.list_lots({}, in(300ms))));
    list = std::async(std::launch::async, [&] { return lots(); });
    wait_for_a_lock(third);
    CHECK(storage.register_lot(raw("SALT"), "olaf", in(10s)));
    CHECK(list.wait_for(0s) == std::future_status::timeout);
  }
  CHECK(list.get() == 1);  // up to the last one that was there when it was asked for
  CHECK(lots() == 2);
}

TEST_CASE_FIXTURE(Fixture, "a list ends when the last registration does that was under way when it was asked for") {
  const Statements statements(Dialect::postgresql);
  auto one = connect(), two = connect(), third = connect();
  std::optional<Transaction> first(std::in_place, one, Access::write), second(std::in_place, two, Access::write);
  one.query(*statements.begin_registration)->next();
  two.query(*statements.begin_registration)->next();
  two.query(*statements.begin_registration)->next();  // as for a batch of lots
  std::future<std::size_t> list = std::async(std::launch::async, [&] { return lots(); });
  wait_for_a_lock(third);
  first.reset();
  wait_for_a_lock(third);
  CHECK(list.wait_for(0s) == std::future_status::timeout);
  std::optional<Transaction> later(std::in_place, one, Access::write);
  one.query(*statements.begin_registration)->next();
  second.reset();
  CHECK(list.get() == 0);
}
