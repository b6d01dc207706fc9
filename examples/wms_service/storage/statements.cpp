// SPDX-License-Identifier: MIT
#include "storage/statements.hpp"

#include <chrono>
#include <string>
#include <string_view>
#include <utility>

#include "domain/limited_request.hpp"
#include "storage/admission_log.hpp"

namespace wms {
namespace {

const std::string lot_columns =
    "lot_id, lot_code, lot_type, quantity_mg, remaining_mg, qc_status, production_run_id, created_by, created_at_ms, "
    "changes";

const std::string run_columns = "run_id, product, line, state, created_by, created_at_ms";

/// One that has to do with PostgreSQL's advisory locks. In SQLite a transaction that writes is alone. Their numbers are any that nothing
/// else in this database takes: 1 is that of the schema, and 2 with the number of a transaction that of the registrations in it.
std::optional<Sql> locking(Dialect dialect, flowviz::bundles::StatementName name, std::string sql) {
  if (dialect == Dialect::sqlite) return std::nullopt;
  return Sql{name, DbOperation::other, std::move(sql)};
}

/// Lots connected with lot ?1, itself first, ?2 at most. UNION drops one that was there already, so that each comes up once however
/// many ways lead to it; with a distance beside it, it would come up, and be followed, once for each. The limit ends the recursion:
/// in SQLite within it, which PostgreSQL does not know; there by asking for no more, for it makes rows as they are asked for.
std::string connected_lots(Dialect dialect, std::string_view from, std::string_view to) {
  const bool within = dialect == Dialect::sqlite;
  return std::string("WITH RECURSIVE reached (id) AS (SELECT CAST(?1 AS TEXT) UNION SELECT ") + std::string(to) +
         " FROM reached JOIN lot_inputs ON " + std::string(from) + " = id" + (within ? " LIMIT ?2" : "") + ") SELECT " +
         lot_columns + " FROM " + (within ? "reached" : "(SELECT id FROM reached LIMIT ?2) AS found") +
         " JOIN lots ON lot_id = id";
}

std::string json_texts(Dialect dialect, const std::string& parameter = "?1") {
  return dialect == Dialect::sqlite ? "json_each(" + parameter + ")"
                                    : "json_array_elements_text(CAST(" + parameter + " AS json))";
}

/// Lots that are a step away from one of the lots ?1, ?2 at most.
std::string next_lots(Dialect dialect, const std::string& from, const std::string& to) {
  return "SELECT " + lot_columns + " FROM (SELECT DISTINCT " + to + " AS id FROM " + json_texts(dialect) +
         " AS near JOIN lot_inputs ON " + from + " = value LIMIT ?2) AS found JOIN lots ON lot_id = id";
}

/// What time it is by the database's clock, in milliseconds since 1970; in PostgreSQL also after a wait for a lock.
std::string time_now(Dialect dialect) {
  return dialect == Dialect::sqlite ? "CAST(round((julianday('now') - 2440587.5) * 86400000) AS INTEGER)"
                                    : "CAST(extract(epoch FROM clock_timestamp()) * 1000 AS BIGINT)";
}

std::string text_of_time(const std::string& time) { return "CAST(" + time + " AS TEXT)"; }

/// As the logs of limits have it: who was admitted then does not count any more.
std::string a_minute_ago(Dialect dialect) {
  return text_of_time(time_now(dialect) + " - " + std::to_string(std::chrono::milliseconds(limit_span).count()));
}

/// The time of the admission with this number in a log, from the newest, which is 1; empty if there were not so many.
std::string admission(const std::string& log, const std::string& number) {
  const std::string digits = std::to_string(admission_digits);
  return "substr(" + log + ", " + digits + " * (" + number + " - 1) + 1, " + digits + ")";
}

}  // namespace

Statements::Statements(Dialect dialect)
    : lock_schema(locking(dialect, "lock_schema", "SELECT pg_advisory_xact_lock(1)")),
      create_schema_migrations{
          "create_schema_migrations", DbOperation::other,
          "CREATE TABLE IF NOT EXISTS schema_migrations ("
          "number BIGINT NOT NULL PRIMARY KEY, name TEXT NOT NULL, applied_at_ms BIGINT NOT NULL)"},
      schema_version{"schema_version", DbOperation::select, "SELECT coalesce(max(number), 0) FROM schema_migrations"},
      insert_schema_migration{"insert_schema_migration", DbOperation::insert,
                              "INSERT INTO schema_migrations (number, name, applied_at_ms) VALUES (?1, ?2, ?3)"},
      lot_by_id{"lot_by_id", DbOperation::select, "SELECT " + lot_columns + " FROM lots WHERE lot_id = ?1"},
      lots_after{"lots_after", DbOperation::select,
                 "SELECT " + lot_columns + " FROM lots WHERE lot_id > ?1 AND lot_id <= ?3 ORDER BY lot_id LIMIT ?2"},
      lots_of_type_after{
          "lots_of_type_after", DbOperation::select,
          "SELECT " + lot_columns +
              " FROM lots WHERE lot_type = ?4 AND lot_id > ?1 AND lot_id <= ?3 ORDER BY lot_id LIMIT ?2"},
      last_lot_id{"last_lot_id", DbOperation::select, "SELECT coalesce(max(lot_id), '') FROM lots"},
      inputs_of_lots{"inputs_of_lots", DbOperation::select,
                     "SELECT lot_id, input_lot_id, quantity_mg FROM lot_inputs WHERE lot_id IN (SELECT value FROM " +
                         json_texts(dialect) + ") ORDER BY lot_id, position LIMIT ?2"},
      changes_of_lots{"changes_of_lots", DbOperation::select,
                      "SELECT CAST(coalesce(sum(changes), 0) AS BIGINT) FROM lots WHERE lot_id IN (SELECT value FROM " +
                          json_texts(dialect) + ")"},
      lots_made_from{"lots_made_from", DbOperation::select,
                     connected_lots(dialect, "input_lot_id", "lot_inputs.lot_id")},
      lots_gone_into{"lots_gone_into", DbOperation::select,
                     connected_lots(dialect, "lot_inputs.lot_id", "input_lot_id")},
      next_lots_made_from{"next_lots_made_from", DbOperation::select,
                          next_lots(dialect, "input_lot_id", "lot_inputs.lot_id")},
      next_lots_gone_into{"next_lots_gone_into", DbOperation::select,
                          next_lots(dialect, "lot_inputs.lot_id", "input_lot_id")},
      begin_registration(locking(dialect, "begin_registration",
                                 "SELECT pg_advisory_xact_lock(2, CAST(txid_current() % 2147483648 AS INTEGER))")),
      await_registrations(locking(dialect, "await_registrations",
                                  "SELECT pg_advisory_xact_lock_shared(2, CAST(objid AS INTEGER)) FROM pg_locks "
                                  "WHERE locktype = 'advisory' AND classid = 2 AND objsubid = 2 AND granted "
                                  "AND mode = 'ExclusiveLock' "
                                  "AND database = (SELECT oid FROM pg_database WHERE datname = current_database())")),
      insert_lot{"insert_lot", DbOperation::insert,
                 "INSERT INTO lots (lot_id, lot_code, lot_type, quantity_mg, remaining_mg, qc_status, "
                 "production_run_id, created_by, created_at_ms) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9) "
                 "ON CONFLICT (lot_code) DO NOTHING"},
      lot_id_by_code{"lot_id_by_code", DbOperation::select, "SELECT lot_id FROM lots WHERE lot_code = ?1"},
      lot_to_change{"lot_to_change", DbOperation::select,
                    std::string("SELECT qc_status, remaining_mg FROM lots WHERE lot_id = ?1") +
                        (dialect == Dialect::postgresql ? " FOR NO KEY UPDATE" : "")},
      take_from_lot{"take_from_lot", DbOperation::update,
                    "UPDATE lots SET remaining_mg = remaining_mg - ?2, changes = changes + 1 WHERE lot_id = ?1"},
      insert_lot_input{"insert_lot_input", DbOperation::insert,
                       "INSERT INTO lot_inputs (lot_id, input_lot_id, quantity_mg, position) VALUES (?1, ?2, ?3, ?4)"},
      update_qc_status{"update_qc_status", DbOperation::update,
                       "UPDATE lots SET qc_status = ?2, changes = changes + 1 WHERE lot_id = ?1"},
      insert_qc_decision{"insert_qc_decision", DbOperation::insert,
                         "INSERT INTO qc_decisions (decision_id, lot_id, decision, note, decided_by, decided_at_ms) "
                         "VALUES (?1, ?2, ?3, ?4, ?5, ?6) ON CONFLICT (decision_id) DO NOTHING"},
      insert_run{"insert_run", DbOperation::insert,
                 "INSERT INTO production_runs (run_id, product, line, state, created_by, created_at_ms) "
                 "VALUES (?1, ?2, ?3, ?4, ?5, ?6) ON CONFLICT (run_id) DO NOTHING"},
      run_by_id{"run_by_id", DbOperation::select, "SELECT " + run_columns + " FROM production_runs WHERE run_id = ?1"},
      run_to_join{"run_to_join", DbOperation::select,
                  std::string("SELECT state FROM production_runs WHERE run_id = ?1") +
                      (dialect == Dialect::postgresql ? " FOR SHARE" : "")},
      run_to_move{"run_to_move", DbOperation::select,
                  "SELECT " + run_columns + " FROM production_runs WHERE run_id = ?1" +
                      (dialect == Dialect::postgresql ? " FOR NO KEY UPDATE" : "")},
      insert_run_transition{
          "insert_run_transition", DbOperation::insert,
          "INSERT INTO production_run_transitions (transition_id, run_id, from_state, to_state, moved_by, moved_at_ms) "
          "VALUES (?1, ?2, ?3, ?4, ?5, ?6) ON CONFLICT (transition_id) DO NOTHING"},
      update_run_state{"update_run_state", DbOperation::update,
                       "UPDATE production_runs SET state = ?2 WHERE run_id = ?1"},
      insert_sync_lot{"insert_sync_lot", DbOperation::insert,
                      "INSERT INTO sync_lots (client_id, job_id, status, lot, recorded_by, received_at_ms) "
                      "VALUES (?1, ?2, 'queued', ?3, ?4, ?5) ON CONFLICT (client_id) DO NOTHING"},
      sync_lot_known{"sync_lot_known", DbOperation::select, "SELECT job_id, lot FROM sync_lots WHERE client_id = ?1"},
      unknown_sync_lots{"unknown_sync_lots", DbOperation::select,
                        "SELECT value FROM " + json_texts(dialect) +
                            " AS named WHERE NOT EXISTS (SELECT 1 FROM sync_lots WHERE client_id = value)"},
      insert_sync_lot_inputs{
          "insert_sync_lot_inputs", DbOperation::insert,
          "INSERT INTO sync_lot_inputs (client_id, input_client_id) SELECT CAST(?1 AS TEXT), value FROM " +
              json_texts(dialect, "?2") + " AS named"},
      sync_lot_state{"sync_lot_state", DbOperation::select,
                     "SELECT status, lot_id, rule, reason FROM sync_lots WHERE client_id = ?1"},
      sync_lot_waits{"sync_lot_waits", DbOperation::select, "SELECT 1 FROM sync_lots WHERE status = 'queued' LIMIT 1"},
      next_sync_lot{"next_sync_lot", DbOperation::select,
                    std::string("SELECT client_id, lot, recorded_by FROM sync_lots AS job WHERE status = 'queued' AND "
                                "NOT EXISTS (SELECT 1 FROM sync_lot_inputs AS input JOIN sync_lots AS needed "
                                "ON needed.client_id = input.input_client_id "
                                "WHERE input.client_id = job.client_id AND needed.status = 'queued') "
                                "ORDER BY job_id LIMIT 1") +
                        (dialect == Dialect::postgresql ? " FOR UPDATE OF job SKIP LOCKED" : "")},
      end_sync_lot{"end_sync_lot", DbOperation::update,
                   "UPDATE sync_lots SET status = ?2, lot_id = ?3, rule = ?4, reason = ?5, ended_at_ms = ?6 "
                   "WHERE client_id = ?1 AND status = 'queued'"},
      insert_notification{"insert_notification", DbOperation::insert,
                          "INSERT INTO qc_notifications (decision_id, status, urgency, attempts, due_at_ms) "
                          "VALUES (?1, 'queued', ?2, 0, ?3)"},
      notification_waits{"notification_waits", DbOperation::select,
                         "SELECT 1 FROM qc_notifications WHERE status IN ('queued', 'sending') AND (due_at_ms <= ?1 OR "
                         "due_at_ms > ?2) "
                         "LIMIT 1"},
      next_notification{
          "next_notification", DbOperation::select,
          std::string("SELECT decision_id, attempts FROM qc_notifications WHERE status IN ('queued', 'sending') AND "
                      "(due_at_ms <= ?1 OR due_at_ms > ?2) ORDER BY urgency, decision_id LIMIT 1") +
              (dialect == Dialect::postgresql ? " FOR UPDATE SKIP LOCKED" : "")},
      take_notification{"take_notification", DbOperation::update,
                        "UPDATE qc_notifications SET status = 'sending', attempts = attempts + 1, due_at_ms = ?2 "
                        "WHERE decision_id = ?1"},
      notification_attempts{"notification_attempts", DbOperation::select,
                            "SELECT attempts FROM qc_notifications WHERE decision_id = ?1"},
      notified_decision{
          "notified_decision", DbOperation::select,
          "SELECT qc_decisions.lot_id, decision, note, decided_by, decided_at_ms, lot_code FROM qc_decisions "
          "JOIN lots ON lots.lot_id = qc_decisions.lot_id WHERE decision_id = ?1"},
      postpone_notification{"postpone_notification", DbOperation::update,
                            "UPDATE qc_notifications SET status = 'queued', due_at_ms = ?3 "
                            "WHERE decision_id = ?1 AND attempts = ?2 AND status = 'sending'"},
      end_notification{"end_notification", DbOperation::update,
                       "UPDATE qc_notifications SET status = ?2, ended_at_ms = ?3 "
                       "WHERE decision_id = ?1 AND status IN ('queued', 'sending')"},
      forget_expired_key{
          "forget_expired_key", DbOperation::delete_,
          "DELETE FROM idempotency_keys WHERE operator = ?1 AND route = ?2 AND key = ?3 AND claimed_at_ms < ?4"},
      insert_key{"insert_key", DbOperation::insert,
                 "INSERT INTO idempotency_keys (claim, operator, route, key, fingerprint, claimed_at_ms) "
                 "VALUES (?1, ?2, ?3, ?4, ?5, ?6) ON CONFLICT (operator, route, key) DO NOTHING"},
      key_state{"key_state", DbOperation::select,
                "SELECT claim, claimed_at_ms, fingerprint, status, body, location FROM idempotency_keys "
                "WHERE operator = ?1 AND route = ?2 AND key = ?3"},
      take_over_key{"take_over_key", DbOperation::update,
                    "UPDATE idempotency_keys SET claim = ?1, claimed_at_ms = ?3 WHERE claim = ?2 AND status IS NULL"},
      keep_answer{"keep_answer", DbOperation::update,
                  "UPDATE idempotency_keys SET status = ?2, body = ?3, location = ?4 WHERE claim = ?1"},
      release_key{"release_key", DbOperation::delete_,
                  "DELETE FROM idempotency_keys WHERE claim = ?1 AND status IS NULL"},
      forget_keys{"forget_keys", DbOperation::delete_,
                  "DELETE FROM idempotency_keys WHERE claim IN (SELECT claim FROM idempotency_keys "
                  "WHERE claimed_at_ms < ?1 ORDER BY claimed_at_ms LIMIT ?2)"},
      admit_request{"admit_request", DbOperation::insert,
                    "INSERT INTO admissions AS log (operator, route, times) VALUES (?1, ?2, " +
                        text_of_time(time_now(dialect)) +
                        ") ON CONFLICT (operator, route) DO UPDATE SET times = substr(" +
                        text_of_time(time_now(dialect)) + " || log.times, 1, " + std::to_string(admission_digits) +
                        " * ?3) WHERE " + admission("log.times", "1") + " <= " + text_of_time(time_now(dialect)) +
                        " AND " + admission("log.times", "?3") + " <= " + a_minute_ago(dialect)},
      admissions{"admissions", DbOperation::select,
                 "SELECT times, " + time_now(dialect) + " FROM admissions WHERE operator = ?1 AND route = ?2"},
      replace_admissions{"replace_admissions", DbOperation::update,
                         "UPDATE admissions SET times = ?4 WHERE operator = ?1 AND route = ?2 AND times = ?3"},
      count_near_limit{"count_near_limit", DbOperation::select,
                       "SELECT count(*) FROM admissions WHERE route = ?1 AND " + admission("times", "?2") + " > " +
                           a_minute_ago(dialect)},
      forget_admissions{"forget_admissions", DbOperation::delete_,
                        "DELETE FROM admissions WHERE " + admission("times", "1") + " <= " + a_minute_ago(dialect)},
      count_work{"count_work", DbOperation::select,
                 "SELECT (SELECT count(*) FROM production_runs WHERE state = 'running'), "
                 "(SELECT count(*) FROM sync_lots WHERE status = 'queued'), "
                 "(SELECT count(*) FROM sync_lots WHERE status = 'applied' AND ended_at_ms >= ?1), "
                 "(SELECT count(*) FROM sync_lots WHERE status = 'refused' AND ended_at_ms >= ?1), "
                 "(SELECT count(*) FROM qc_notifications WHERE status = 'queued'), "
                 "(SELECT count(*) FROM qc_notifications WHERE status = 'sending'), "
                 "(SELECT count(*) FROM qc_notifications WHERE status = 'sent' AND ended_at_ms >= ?1), "
                 "(SELECT count(*) FROM qc_notifications WHERE status = 'given_up' AND ended_at_ms >= ?1)"},
      upsert_operator_activity{"upsert_operator_activity", DbOperation::insert,
                               "INSERT INTO operator_activity (operator, last_seen_ms) VALUES (?1, ?2) "
                               "ON CONFLICT (operator) DO UPDATE SET last_seen_ms = excluded.last_seen_ms "
                               "WHERE operator_activity.last_seen_ms < excluded.last_seen_ms"},
      count_operators_since{"count_operators_since", DbOperation::select,
                            "SELECT count(*) FROM operator_activity WHERE last_seen_ms >= ?1"},
      activity_after{"activity_after", DbOperation::select,
                     std::string("SELECT last_seen_ms FROM operator_activity WHERE last_seen_ms > ?1 "
                                 "ORDER BY last_seen_ms DESC LIMIT 1") +
                         (dialect == Dialect::postgresql ? " FOR NO KEY UPDATE" : "")},
      move_activity_back{"move_activity_back", DbOperation::update,
                         "UPDATE operator_activity SET last_seen_ms = last_seen_ms - ?1"} {}

std::vector<const Sql*> Statements::all() const {
  std::vector<const Sql*> all{&create_schema_migrations,
                              &schema_version,
                              &insert_schema_migration,
                              &lot_by_id,
                              &lots_after,
                              &lots_of_type_after,
                              &last_lot_id,
                              &inputs_of_lots,
                              &changes_of_lots,
                              &lots_made_from,
                              &lots_gone_into,
                              &next_lots_made_from,
                              &next_lots_gone_into,
                              &insert_lot,
                              &lot_id_by_code,
                              &lot_to_change,
                              &take_from_lot,
                              &insert_lot_input,
                              &update_qc_status,
                              &insert_qc_decision,
                              &insert_run,
                              &run_by_id,
                              &run_to_join,
                              &run_to_move,
                              &insert_run_transition,
                              &update_run_state,
                              &insert_sync_lot,
                              &sync_lot_known,
                              &unknown_sync_lots,
                              &insert_sync_lot_inputs,
                              &sync_lot_state,
                              &sync_lot_waits,
                              &next_sync_lot,
                              &end_sync_lot,
                              &insert_notification,
                              &notification_waits,
                              &next_notification,
                              &take_notification,
                              &notification_attempts,
                              &notified_decision,
                              &postpone_notification,
                              &end_notification,
                              &forget_expired_key,
                              &insert_key,
                              &key_state,
                              &take_over_key,
                              &keep_answer,
                              &release_key,
                              &forget_keys,
                              &admit_request,
                              &admissions,
                              &replace_admissions,
                              &count_near_limit,
                              &forget_admissions,
                              &count_work,
                              &upsert_operator_activity,
                              &count_operators_since,
                              &activity_after,
                              &move_activity_back};
  for (const std::optional<Sql>* sql : {&lock_schema, &begin_registration, &await_registrations}) {
    if (*sql) all.push_back(&**sql);
  }
  return all;
}

}  // namespace wms
