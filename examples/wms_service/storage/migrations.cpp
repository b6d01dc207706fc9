// SPDX-License-Identifier: MIT
#include "storage/migrations.hpp"

#include <stdexcept>
#include <string>

#include "storage/row_values.hpp"

namespace wms {
namespace {

// Weights in milligrams and times in milliseconds since 1970 (UTC), both whole numbers: exact, and alike in both
// databases. Identifiers sort by the time of their creation, so their order is the order of registration.
constexpr Migration steps[] = {
    {1, "lots, decisions and operators", R"sql(
CREATE TABLE lots (
  lot_id            TEXT NOT NULL PRIMARY KEY,
  lot_code          TEXT NOT NULL UNIQUE,
  lot_type          TEXT NOT NULL CHECK (lot_type IN ('raw', 'intermediate', 'finished')),
  quantity_mg       BIGINT NOT NULL CHECK (quantity_mg > 0),
  remaining_mg      BIGINT NOT NULL CHECK (remaining_mg BETWEEN 0 AND quantity_mg),
  qc_status         TEXT NOT NULL CHECK (qc_status IN ('PENDING', 'PASS', 'HOLD', 'FAIL')),
  production_run_id TEXT,
  created_by        TEXT NOT NULL,
  created_at_ms     BIGINT NOT NULL
);
CREATE INDEX lots_by_type ON lots (lot_type, lot_id);

CREATE TABLE lot_inputs (
  lot_id       TEXT NOT NULL REFERENCES lots (lot_id),
  input_lot_id TEXT NOT NULL REFERENCES lots (lot_id),
  quantity_mg  BIGINT NOT NULL CHECK (quantity_mg > 0),
  position     BIGINT NOT NULL,
  PRIMARY KEY (lot_id, input_lot_id)
);
CREATE INDEX lot_inputs_by_input ON lot_inputs (input_lot_id, lot_id);

CREATE TABLE qc_decisions (
  decision_id   TEXT NOT NULL PRIMARY KEY,
  lot_id        TEXT NOT NULL REFERENCES lots (lot_id),
  decision      TEXT NOT NULL CHECK (decision IN ('PASS', 'HOLD', 'FAIL')),
  note          TEXT,
  decided_by    TEXT NOT NULL,
  decided_at_ms BIGINT NOT NULL
);
CREATE INDEX qc_decisions_by_lot ON qc_decisions (lot_id, decision_id);

CREATE TABLE operator_activity (
  operator     TEXT NOT NULL PRIMARY KEY,
  last_seen_ms BIGINT NOT NULL
);
)sql"},
    {2, "production runs", R"sql(
CREATE TABLE production_runs (
  run_id        TEXT NOT NULL PRIMARY KEY,
  product       TEXT NOT NULL,
  line          TEXT NOT NULL,
  state         TEXT NOT NULL CHECK (state IN ('planned', 'running', 'completed', 'aborted')),
  created_by    TEXT NOT NULL,
  created_at_ms BIGINT NOT NULL
);
CREATE INDEX production_runs_by_state ON production_runs (state);

CREATE TABLE production_run_transitions (
  transition_id TEXT NOT NULL PRIMARY KEY,
  run_id        TEXT NOT NULL REFERENCES production_runs (run_id),
  from_state    TEXT NOT NULL,
  to_state      TEXT NOT NULL,
  moved_by      TEXT NOT NULL,
  moved_at_ms   BIGINT NOT NULL
);
CREATE INDEX production_run_transitions_by_run ON production_run_transitions (run_id, transition_id);
)sql"},
    {3, "lots recorded offline", R"sql(
CREATE TABLE sync_lots (
  client_id      TEXT NOT NULL PRIMARY KEY,
  job_id         TEXT NOT NULL UNIQUE,
  status         TEXT NOT NULL CHECK (status IN ('queued', 'applied', 'refused')),
  lot            TEXT NOT NULL,
  lot_id         TEXT REFERENCES lots (lot_id),
  rule           TEXT,
  reason         TEXT,
  recorded_by    TEXT NOT NULL,
  received_at_ms BIGINT NOT NULL,
  ended_at_ms    BIGINT
);
CREATE INDEX sync_lots_by_status ON sync_lots (status, job_id);
CREATE INDEX sync_lots_by_end ON sync_lots (status, ended_at_ms);

CREATE TABLE sync_lot_inputs (
  client_id       TEXT NOT NULL REFERENCES sync_lots (client_id),
  input_client_id TEXT NOT NULL REFERENCES sync_lots (client_id),
  PRIMARY KEY (client_id, input_client_id)
);
)sql"},
    {4, "keys of requests", R"sql(
CREATE TABLE idempotency_keys (
  claim         TEXT NOT NULL PRIMARY KEY,
  operator      TEXT NOT NULL,
  route         TEXT NOT NULL,
  key           TEXT NOT NULL,
  fingerprint   TEXT NOT NULL,
  claimed_at_ms BIGINT NOT NULL,
  status        BIGINT,
  body          TEXT,
  location      TEXT,
  UNIQUE (operator, route, key)
);
CREATE INDEX idempotency_keys_by_time ON idempotency_keys (claimed_at_ms);
)sql"},
    {5, "messages about decisions", R"sql(
CREATE TABLE qc_notifications (
  decision_id TEXT NOT NULL PRIMARY KEY REFERENCES qc_decisions (decision_id),
  status      TEXT NOT NULL CHECK (status IN ('queued', 'sending', 'sent', 'given_up')),
  urgency     BIGINT NOT NULL,
  attempts    BIGINT NOT NULL,
  due_at_ms   BIGINT NOT NULL,
  ended_at_ms BIGINT
);
CREATE INDEX qc_notifications_by_due ON qc_notifications (status, due_at_ms);
CREATE INDEX qc_notifications_by_end ON qc_notifications (status, ended_at_ms);
)sql"},
    // No index on what each request changes, so that PostgreSQL need not write to one.
    {6, "requests that count for limits", R"sql(
CREATE TABLE admissions (
  operator TEXT NOT NULL,
  route    TEXT NOT NULL,
  times    TEXT NOT NULL,
  PRIMARY KEY (operator, route)
);
)sql"},
    {7, "how often a lot was changed", R"sql(
ALTER TABLE lots ADD COLUMN changes BIGINT NOT NULL DEFAULT 0;
)sql"},
};

}  // namespace

std::span<const Migration> migrations() { return steps; }

void migrate(Connection& db, const Statements& statements) {
  Transaction transaction(db, Access::write);
  if (statements.lock_schema) db.query(*statements.lock_schema)->next();
  db.run(statements.create_schema_migrations);
  std::int64_t version = 0;
  if (const auto row = db.query(statements.schema_version); row->next()) version = row->integer(0);
  const int newest = migrations().back().number;
  if (version > newest) {
    throw std::runtime_error("the database is at schema " + std::to_string(version) + ", this program knows up to " +
                             std::to_string(newest));
  }
  for (const Migration& step : migrations()) {
    if (step.number <= version) continue;
    db.run_script({"migration", DbOperation::other, step.sql});
    db.run(statements.insert_schema_migration, step.number, std::string_view(step.name), in_ms(now()));
  }
  transaction.commit();
}

}  // namespace wms
