// SPDX-License-Identifier: MIT
#include "storage/sqlite_storage.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <optional>
#include <stdexcept>
#include <thread>
#include <unordered_map>
#include <unordered_set>
#include <utility>
#include <vector>

#include "domain/ids.hpp"
#include "domain/names.hpp"
#include "domain/rules.hpp"
#include "storage/migrations.hpp"
#include "storage/trace_builder.hpp"

namespace wms {
namespace {

using sqlite::Access;
using sqlite::Connection;
using sqlite::Query;
using sqlite::Transaction;

constexpr std::chrono::seconds start_up_patience{10};

// How many lots a trace may hold, and how many (lot, distance) pairs may be looked at for it: a lot that is reached
// by ways of different lengths comes up once for each.
constexpr int max_trace_lots = 10'000;
constexpr int max_trace_steps = 50'000;

/// The one place where SQLite's failures become the storage's.
template <class Work>
auto answering(sqlite::Pool& pool, Deadline deadline, Work&& work) -> decltype(work(std::declval<Connection&>())) {
  try {
    return pool.use(deadline, std::forward<Work>(work));
  } catch (const sqlite::Error& error) {
    if (!error.is_unavailable()) throw;
    return Refusal(Unavailable{error.what()});
  }
}

void migrate(Connection& db) {
  Transaction transaction(db, Access::write);  // the lock: a second process waits here and then finds nothing to do
  db.run_script(
      "CREATE TABLE IF NOT EXISTS schema_migrations ("
      "number BIGINT NOT NULL PRIMARY KEY, name TEXT NOT NULL, applied_at_ms BIGINT NOT NULL)");
  std::int64_t version = 0;
  {
    Query query = db.query("SELECT coalesce(max(number), 0) FROM schema_migrations");
    if (query.next()) version = query.integer(0);
  }
  if (version > migrations().back().number) {
    throw std::runtime_error("the database is at schema " + std::to_string(version) + ", this program knows up to " +
                             std::to_string(migrations().back().number));
  }
  for (const Migration& step : migrations()) {
    if (step.number <= version) continue;
    db.run_script(step.sql);
    db.run("INSERT INTO schema_migrations (number, name, applied_at_ms) VALUES (?1, ?2, ?3)", step.number,
           std::string_view(step.name), now().time_since_epoch().count());
  }
  transaction.commit();
}

Timestamp timestamp(std::int64_t milliseconds) { return Timestamp(std::chrono::milliseconds(milliseconds)); }

template <class E>
E enumerator(const std::string& text) {
  const auto value = parse<E>(text);
  if (!value) throw std::runtime_error("the database holds an unknown word: " + text);
  return *value;
}

// The columns of a lot, as lot_from reads them.
const std::string lot_columns =
    "lot_id, lot_code, lot_type, quantity_mg, remaining_mg, qc_status, production_run_id, created_by, created_at_ms";

const std::string lot_by_id = "SELECT " + lot_columns + " FROM lots WHERE lot_id = ?1";
const std::string lots_after = "SELECT " + lot_columns + " FROM lots WHERE lot_id > ?1 ORDER BY lot_id LIMIT ?2";
const std::string lots_of_type_after =
    "SELECT " + lot_columns + " FROM lots WHERE lot_type = ?3 AND lot_id > ?1 ORDER BY lot_id LIMIT ?2";

// Lots connected with lot ?1 within ?2 steps. UNION drops a pair that was there already; with a step of 0 (?3)
// distances do not count, so that each lot comes up once however many ways lead to it.
std::string connected_lots(std::string_view from, std::string_view to) {
  return std::string("WITH RECURSIVE reached (id, depth) AS (SELECT ?1, 0 UNION SELECT ") + std::string(to) +
         ", depth + ?3 FROM reached JOIN lot_inputs ON " + std::string(from) +
         " = id WHERE depth < ?2 LIMIT ?4) SELECT " + lot_columns + " FROM reached JOIN lots ON lot_id = id";
}
const std::string lots_made_from = connected_lots("input_lot_id", "lot_inputs.lot_id");
const std::string lots_gone_into = connected_lots("lot_inputs.lot_id", "input_lot_id");

Lot lot_from(const Query& row) {
  Lot lot;
  lot.id = row.text(0);
  lot.code = row.text(1);
  lot.type = enumerator<LotType>(row.text(2));
  lot.quantity = {row.integer(3)};
  lot.remaining = {row.integer(4)};
  lot.qc_status = enumerator<QcStatus>(row.text(5));
  lot.production_run_id = row.optional_text(6);
  lot.created_by = row.text(7);
  lot.created_at = timestamp(row.integer(8));
  return lot;
}

void read_lots(Query& query, std::vector<Lot>& lots) {
  while (query.next()) lots.push_back(lot_from(query));
}

void read_inputs(Connection& db, std::vector<Lot>& lots) {
  nlohmann::json ids = nlohmann::json::array();
  std::unordered_map<std::string_view, Lot*> by_id;
  for (Lot& lot : lots) {
    ids.push_back(lot.id);
    by_id.emplace(lot.id, &lot);
  }
  Query query = db.query(
      "SELECT lot_id, input_lot_id, quantity_mg FROM lot_inputs WHERE lot_id IN (SELECT value FROM json_each(?1)) "
      "ORDER BY lot_id, position",
      ids.dump());
  while (query.next()) by_id.at(query.text(0))->inputs.push_back({query.text(1), {query.integer(2)}});
}

/// Takes what a new lot is made from out of its inputs, and notes it.
std::optional<Refusal> take_inputs(Connection& db, const Lot& lot) {
  for (std::size_t i = 0; i < lot.inputs.size(); ++i) {
    const LotInput& input = lot.inputs[i];
    {
      Query query = db.query("SELECT qc_status, remaining_mg FROM lots WHERE lot_id = ?1", input.lot_id);
      if (!query.next()) {
        return UnknownReference{"inputs[" + std::to_string(i) + "].lot_id", "there is no lot " + input.lot_id};
      }
      const auto wrong = violation(input, i, enumerator<QcStatus>(query.text(0)), Quantity{query.integer(1)});
      if (wrong) return *wrong;
    }
    db.run("UPDATE lots SET remaining_mg = remaining_mg - ?2 WHERE lot_id = ?1", input.lot_id,
           input.quantity.milligrams);
    db.run("INSERT INTO lot_inputs (lot_id, input_lot_id, quantity_mg, position) VALUES (?1, ?2, ?3, ?4)", lot.id,
           input.lot_id, input.quantity.milligrams, i);
  }
  return std::nullopt;
}

}  // namespace

SqliteStorage::SqliteStorage(const std::string& path)
    : writer_(path, Access::write, 1), readers_(path, Access::read, std::max(4u, std::thread::hardware_concurrency())) {
  writer_.use(std::chrono::steady_clock::now() + start_up_patience, [](Connection& db) {
    db.set_deadline(std::chrono::steady_clock::now() + start_up_patience);
    migrate(db);
    return Done{};
  });
}

Storage::Outcome<Lot> SqliteStorage::register_lot(const NewLot& wanted, std::string_view created_by,
                                                  Deadline deadline) {
  if (const auto wrong = violation(wanted)) return Refusal(*wrong);
  if (wanted.production_run_id) {  // nothing makes production runs yet
    return Refusal(UnknownReference{"production_run_id", "there is no production run " + *wanted.production_run_id});
  }
  return answering(writer_, deadline, [&](Connection& db) -> Outcome<Lot> {
    Transaction transaction(db, Access::write);
    // The identifier is made while the write lock is held: the order of identifiers is the order of commits, and
    // whoever reads page after page misses nothing.
    Lot lot{new_id(),
            wanted.code,
            wanted.type,
            wanted.quantity,
            wanted.quantity,
            QcStatus::PENDING,
            wanted.production_run_id,
            wanted.inputs,
            std::string(created_by),
            now()};
    const int inserted = db.run(
        "INSERT INTO lots (lot_id, lot_code, lot_type, quantity_mg, remaining_mg, qc_status, production_run_id, "
        "created_by, "
        "created_at_ms) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9) ON CONFLICT (lot_code) DO NOTHING",
        lot.id, lot.code, text_of(lot.type), lot.quantity.milligrams, lot.remaining.milligrams, text_of(lot.qc_status),
        lot.production_run_id, lot.created_by, lot.created_at.time_since_epoch().count());
    if (inserted == 0) return Refusal(LotCodeTaken{lot.code});
    if (auto refused = take_inputs(db, lot)) return std::move(*refused);
    transaction.commit();
    return lot;
  });
}

Storage::Outcome<Lot> SqliteStorage::find_lot(std::string_view lot_id, Deadline deadline) {
  return answering(readers_, deadline, [&](Connection& db) -> Outcome<Lot> {
    Transaction snapshot(db, Access::read);
    std::vector<Lot> lots;
    {
      Query query = db.query(lot_by_id.c_str(), lot_id);
      read_lots(query, lots);
    }
    if (lots.empty()) return Refusal(LotNotFound{std::string(lot_id)});
    read_inputs(db, lots);
    return std::move(lots.front());
  });
}

Storage::Outcome<LotPage> SqliteStorage::list_lots(const LotQuery& wanted, Deadline deadline) {
  return answering(readers_, deadline, [&](Connection& db) -> Outcome<LotPage> {
    Transaction snapshot(db, Access::read);
    LotPage page;
    const std::string after = wanted.after.value_or("");
    const int one_more = wanted.limit + 1;  // tells whether there is another page
    if (wanted.type) {
      Query query = db.query(lots_of_type_after.c_str(), after, one_more, text_of(*wanted.type));
      read_lots(query, page.lots);
    } else {
      Query query = db.query(lots_after.c_str(), after, one_more);
      read_lots(query, page.lots);
    }
    if (page.lots.size() == static_cast<std::size_t>(one_more)) {
      page.lots.pop_back();
      page.next = page.lots.back().id;
    }
    read_inputs(db, page.lots);
    return page;
  });
}

Storage::Outcome<QcDecision> SqliteStorage::record_decision(const NewQcDecision& wanted, std::string_view decided_by,
                                                            Deadline deadline) {
  return answering(writer_, deadline, [&](Connection& db) -> Outcome<QcDecision> {
    Transaction transaction(db, Access::write);
    const int updated =
        db.run("UPDATE lots SET qc_status = ?2 WHERE lot_id = ?1", wanted.lot_id, text_of(wanted.decision));
    if (updated == 0) return Refusal(LotNotFound{wanted.lot_id});
    QcDecision decision{new_id(), wanted.lot_id, wanted.decision, wanted.note, std::string(decided_by), now()};
    db.run(
        "INSERT INTO qc_decisions (decision_id, lot_id, decision, note, decided_by, decided_at_ms) "
        "VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
        decision.id, decision.lot_id, text_of(decision.decision), decision.note, decision.decided_by,
        decision.decided_at.time_since_epoch().count());
    transaction.commit();
    return decision;
  });
}

Storage::Outcome<Trace> SqliteStorage::trace(const TraceQuery& wanted, Deadline deadline) {
  return answering(readers_, deadline, [&](Connection& db) -> Outcome<Trace> {
    Transaction snapshot(db, Access::read);
    std::vector<Lot> reached;
    int steps = 0;
    {
      const std::string& sql = wanted.direction == Direction::forward ? lots_made_from : lots_gone_into;
      const int max_depth = wanted.max_depth.value_or(1);
      const int step = wanted.max_depth ? 1 : 0;
      Query query = db.query(sql.c_str(), wanted.lot_id, max_depth, step, max_trace_steps);
      std::unordered_set<std::string> seen;
      for (; query.next(); ++steps) {
        if (seen.insert(query.text(0)).second) reached.push_back(lot_from(query));
      }
    }
    if (reached.empty()) return Refusal(LotNotFound{wanted.lot_id});
    if (steps == max_trace_steps || reached.size() > max_trace_lots) return Refusal(TraceTooLarge{max_trace_lots});
    read_inputs(db, reached);
    return build_trace(wanted, std::move(reached));
  });
}

Storage::Outcome<Storage::Done> SqliteStorage::record_activity(std::span<const OperatorSeen> seen, Deadline deadline) {
  return answering(writer_, deadline, [&](Connection& db) -> Outcome<Done> {
    Transaction transaction(db, Access::write);
    for (const OperatorSeen& one : seen) {
      db.run(
          "INSERT INTO operator_activity (operator, last_seen_ms) VALUES (?1, ?2) "
          "ON CONFLICT (operator) DO UPDATE SET last_seen_ms = max(last_seen_ms, excluded.last_seen_ms)",
          one.name, one.at.time_since_epoch().count());
    }
    transaction.commit();
    return Done{};
  });
}

Storage::Outcome<int> SqliteStorage::count_operators_since(Timestamp since, Deadline deadline) {
  return answering(readers_, deadline, [&](Connection& db) -> Outcome<int> {
    Query query =
        db.query("SELECT count(*) FROM operator_activity WHERE last_seen_ms >= ?1", since.time_since_epoch().count());
    query.next();
    return static_cast<int>(query.integer(0));
  });
}

flowviz::bundles::PoolConnections SqliteStorage::connections() const {
  const auto writing = writer_.connections(), reading = readers_.connections();
  return {
      .active = writing.active + reading.active, .idle = writing.idle + reading.idle, .max = writing.max + reading.max};
}

Storage::Outcome<Storage::Done> SqliteStorage::ping(Deadline deadline) {
  return answering(readers_, deadline, [&](Connection& db) -> Outcome<Done> {
    Query query = db.query("SELECT max(number) FROM schema_migrations");
    query.next();
    return Done{};
  });
}

}  // namespace wms
