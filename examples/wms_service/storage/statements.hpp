// SPDX-License-Identifier: MIT
#pragma once
/// \file
/// Everything that the storage asks its database: one list, with the few places in which SQLite and PostgreSQL differ.
/// The names are those of the metrics; there is no other SQL but that of the schema's steps.

#include <optional>
#include <vector>

#include "storage/sql.hpp"

namespace wms {

enum class Dialect { sqlite, postgresql };

struct Statements {
  explicit Statements(Dialect dialect);

  // The schema.
  std::optional<Sql>
      lock_schema;  ///< until the end of the transaction; where a writer has no lock on everything anyway
  Sql create_schema_migrations;
  Sql schema_version;
  Sql insert_schema_migration;  ///< ?1 number, ?2 name, ?3 time

  // Lots. Those that yield lots have the columns of `lot_from` in sql_storage.cpp.
  Sql lot_by_id;            ///< ?1
  Sql lots_after;           ///< ?1 the last one seen, ?2 how many, ?3 the last one wanted
  Sql lots_of_type_after;   ///< ?4 type
  Sql last_lot_id;          ///< empty: there are none
  Sql inputs_of_lots;       ///< ?1 JSON array of lot_ids, ?2 how many at most
  Sql changes_of_lots;      ///< ?1 JSON array of lot_ids; the sum
  Sql lots_made_from;       ///< ?1 lot, which is the first of them; ?2 how many at most
  Sql lots_gone_into;       ///< the same, towards what a lot was made of
  Sql next_lots_made_from;  ///< ?1 JSON array of lot_ids, ?2 how many at most; a single step
  Sql next_lots_gone_into;  ///< the same, towards what they were made of

  /// The order of identifiers is the order in which lots appear to those who read page after page. Where registrations
  /// go on side by side, each transaction takes a lock of its own by `begin_registration` before it makes an identifier,
  /// and until its commit. `await_registrations` waits for those that have such a lock, and nobody waits for it.
  std::optional<Sql> begin_registration, await_registrations;
  Sql insert_lot;
  Sql lot_id_by_code;  ///< ?1
  Sql lot_to_change;   ///< ?1; what it yields, status and remainder, holds until the end of the transaction
  Sql take_from_lot;   ///< ?1 lot, ?2 how much
  Sql insert_lot_input;

  // Decisions.
  Sql update_qc_status;  ///< ?1 lot, ?2 status
  Sql insert_qc_decision;

  // Production runs. Those that yield runs have the columns of `run_from` in sql_production_runs.cpp.
  Sql insert_run;
  Sql run_by_id;    ///< ?1
  Sql run_to_join;  ///< ?1; the state that it yields holds until the end of the transaction
  Sql run_to_move;  ///< ?1; a run that nobody else moves, or adds a lot to, until then
  Sql insert_run_transition;
  Sql update_run_state;  ///< ?1 run, ?2 state

  // Lots that were recorded offline.
  Sql insert_sync_lot;         ///< ?1 client_id, ?2 job, ?3 the lot, ?4 by whom, ?5 time
  Sql sync_lot_known;          ///< ?1; its job, and the lot
  Sql unknown_sync_lots;       ///< ?1 JSON array of client_ids; those that nobody has sent
  Sql insert_sync_lot_inputs;  ///< ?1 client_id, ?2 JSON array of the client_ids of its inputs
  Sql sync_lot_state;          ///< ?1; status, lot_id, rule, reason
  Sql sync_lot_waits;          ///< whether any is in the queue
  Sql next_sync_lot;           ///< nobody else gets it until the end of the transaction
  Sql end_sync_lot;            ///< ?1 client_id, ?2 status, ?3 lot_id, ?4 rule, ?5 reason, ?6 time

  // Messages about decisions.
  Sql insert_notification;  ///< ?1 decision, ?2 urgency (0 before 1), ?3 when it is due
  Sql notification_waits;   ///< ?1 time, ?2 from when on none can be meant to wait; whether any is due
  Sql next_notification;  ///< the same; its decision and attempts; nobody else gets it until the end of the transaction
  Sql take_notification;  ///< ?1 decision, ?2 when it is due again
  Sql notification_attempts;  ///< ?1 decision
  Sql notified_decision;      ///< ?1; the decision, and the lot's code
  Sql postpone_notification;  ///< ?1 decision, ?2 which attempt it was, ?3 when it is due
  Sql end_notification;       ///< ?1 decision, ?2 status, ?3 time

  // Keys of requests.
  Sql forget_expired_key;  ///< ?1 operator, ?2 route, ?3 key, ?4 claimed before
  Sql insert_key;          ///< ?1 claim, ?2 operator, ?3 route, ?4 key, ?5 fingerprint, ?6 time
  Sql key_state;           ///< ?1 operator, ?2 route, ?3 key; claim, time, fingerprint, and the answer's parts
  Sql take_over_key;       ///< ?1 new claim, ?2 old one, ?3 time
  Sql keep_answer;         ///< ?1 claim, ?2 status, ?3 body, ?4 location
  Sql release_key;         ///< ?1 claim
  Sql forget_keys;         ///< ?1 claimed before, ?2 how many at most

  // Requests that count for limits; admission_log.hpp says how their times are written. The clock is the database's.
  Sql admit_request;  ///< ?1 operator, ?2 route, ?3 limit; changes nothing if there were as many in the minute before
  Sql admissions;     ///< ?1 operator, ?2 route; the log, and what time it is
  Sql replace_admissions;  ///< ?1 operator, ?2 route, ?3 what the log still has to be, ?4 the new one
  Sql count_near_limit;    ///< ?1 route, ?2 how many there were in the minute before
  Sql forget_admissions;   ///< those whose newest is older than a minute

  // How much work there is.
  Sql count_work;  ///< ?1 since when jobs count that have ended

  // Operators.
  Sql upsert_operator_activity;  ///< ?1 name, ?2 time
  Sql count_operators_since;     ///< ?1
  Sql activity_after;            ///< ?1; the latest, which nobody else looks at until the end of the transaction
  Sql move_activity_back;        ///< ?1 by how much

  /// Each of them, so that their series are there before they are first used.
  std::vector<const Sql*> all() const;
};

}  // namespace wms
