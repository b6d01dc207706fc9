// SPDX-License-Identifier: MIT
#include "storage/migrations.hpp"

#include <doctest/doctest.h>

#include <map>
#include <stdexcept>
#include <string>
#include <string_view>
#include <type_traits>

#include "domain/ids.hpp"
#include "every_storage.hpp"

namespace {

using namespace wms;

/// What a service of each release may have left behind, by the step of the schema that made room for it.
const std::map<int, std::string> data_of_step{
    {1, R"sql(
INSERT INTO lots (lot_id, lot_code, lot_type, quantity_mg, remaining_mg, qc_status, created_by, created_at_ms) VALUES
  ('0a-flour', 'FLOUR', 'raw', 100000000, 40000000, 'PASS', 'olaf', 1700000000000),
  ('0b-dough', 'DOUGH', 'intermediate', 60000000, 60000000, 'PENDING', 'olaf', 1700000001000);
INSERT INTO lot_inputs (lot_id, input_lot_id, quantity_mg, position) VALUES ('0b-dough', '0a-flour', 60000000, 0);
INSERT INTO qc_decisions (decision_id, lot_id, decision, note, decided_by, decided_at_ms)
  VALUES ('d-1', '0a-flour', 'PASS', NULL, 'ines', 1700000002000);
INSERT INTO operator_activity (operator, last_seen_ms) VALUES ('olaf', 1700000001000), ('ines', 1700000002000);
)sql"},
    {2, R"sql(
INSERT INTO production_runs (run_id, product, line, state, created_by, created_at_ms)
  VALUES ('r-1', 'rye bread', 'oven 2', 'running', 'olaf', 1700000000000);
INSERT INTO production_run_transitions (transition_id, run_id, from_state, to_state, moved_by, moved_at_ms)
  VALUES ('t-1', 'r-1', 'planned', 'running', 'olaf', 1700000001000);
)sql"},
    {3, R"sql(
INSERT INTO sync_lots (client_id, job_id, status, lot, recorded_by, received_at_ms) VALUES ('c-1', 'j-1', 'queued',
  '{"inputs":[{"lot_id":"0b-dough","quantity_mg":1000000}],"lot_code":"BREAD","lot_type":"finished","quantity_mg":1000000}',
  'olaf', 1700000003000);
)sql"},
    {4, R"sql(
INSERT INTO idempotency_keys (claim, operator, route, key, fingerprint, claimed_at_ms, status, body, location)
  VALUES ('k-1', 'olaf', '/api/lots', 'key', 'asked', 1700000000000, 201, '{}', '/api/lots/0a-flour');
)sql"},
    {5, R"sql(
INSERT INTO qc_notifications (decision_id, status, urgency, attempts, due_at_ms)
  VALUES ('d-1', 'queued', 0, 2, 1700000002000);
)sql"},
    {6, "INSERT INTO admissions (operator, route, times) VALUES ('olaf', 'lots', '1700000000000');"},
    {7, "UPDATE lots SET changes = 2 WHERE lot_id = '0a-flour';"},
};

constexpr Timestamp then{std::chrono::milliseconds(1'700'000'000'000)};

void run(Connection& db, const std::string& script) { db.run_script({"script", DbOperation::other, script}); }

/// A database as the release left it whose newest step was `newest`.
template <class Database>
void leave(Database& database, int newest) {
  const Statements statements(std::is_same_v<Database, OnSqlite> ? Dialect::sqlite : Dialect::postgresql);
  const auto db = database.connect();
  db->run(statements.create_schema_migrations);
  for (const Migration& step : migrations()) {
    if (step.number > newest) return;
    run(*db, step.sql);
    db->run(statements.insert_schema_migration, step.number, std::string_view(step.name), 1'700'000'000'000);
    run(*db, data_of_step.at(step.number));
  }
}

}  // namespace

TEST_CASE("steps are numbered without gaps, and each has data to be tried with") {
  int number = 0;
  for (const Migration& step : migrations()) CHECK(step.number == ++number);
  CHECK(data_of_step.size() == static_cast<std::size_t>(number));
}

TEST_CASE_TEMPLATE("a database of each earlier release is brought up to date with all that it holds", Database,
                   STORAGES) {
  for (const Migration& newest : migrations()) {
    CAPTURE(newest.number);
    Database database;
    leave(database, newest.number);
    const auto storage = database.open();
    const auto db = database.connect();
    const auto row = db->query({"version", DbOperation::select, "SELECT max(number), count(*) FROM schema_migrations"});
    REQUIRE(row->next());
    CHECK(row->integer(0) == migrations().back().number);
    CHECK(row->integer(1) == migrations().back().number);
    REQUIRE_FALSE(row->next());  // which ends it

    Warehouse warehouse{*storage};
    const Lot flour = warehouse.find("0a-flour");
    CHECK(flour.remaining == kg(40));
    CHECK(flour.qc_status == QcStatus::PASS);
    CHECK(to_rfc3339(flour.created_at) == "2023-11-14T22:13:20.000Z");
    CHECK(warehouse.trace("0a-flour", Direction::forward).nodes.size() == 2);
    CHECK(storage->count_operators_since(then, soon()).value() == 2);
    // What it can do now it does with what there was.
    warehouse.make("CAKE", {"0a-flour"});
    CHECK(warehouse.find("0a-flour").remaining == kg(39));
    CHECK(warehouse.trace("0a-flour", Direction::forward).changes() == (newest.number >= 7 ? 3 : 1));
    if (newest.number >= 2) {
      CHECK(storage->find_run("r-1", soon()).value().state == RunState::running);
      CHECK(storage->move_run("r-1", RunState::completed, "olaf", soon()));
    }
    if (newest.number >= 3) {
      const auto applied = storage->try_next_sync_lot(soon());
      REQUIRE(applied.value());
      CHECK((*applied.value()).outcome->code == "BREAD");
    }
    if (newest.number >= 4) {
      const auto claim = storage->claim_key({"olaf", "/api/lots", "key", "asked"}, new_id(), then, soon());
      REQUIRE(claim.value().answer);
      CHECK(claim.value().answer->location == "/api/lots/0a-flour");
    }
    if (newest.number >= 5) CHECK(storage->take_notification(now(), now(), soon()).value()->attempt == 3);
    CHECK_FALSE(storage->admit({"olaf", "lots", 1}, soon()).value());
    CHECK(storage->admit({"olaf", "lots", 1}, soon()).value());
  }
}

TEST_CASE_TEMPLATE("a database that is ahead of the program is left alone", Database, STORAGES) {
  Database database;
  leave(database, migrations().back().number);
  run(*database.connect(),
      "INSERT INTO schema_migrations (number, name, applied_at_ms) VALUES (1000, 'of tomorrow', 0)");
  CHECK_THROWS_AS(database.open(), std::runtime_error);
}
