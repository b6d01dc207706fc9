// SPDX-License-Identifier: MIT
#include "storage/sql_storage.hpp"

#include <algorithm>
#include <iterator>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <stdexcept>
#include <unordered_map>
#include <unordered_set>
#include <utility>
#include <variant>
#include <vector>

#include "domain/ids.hpp"
#include "domain/names.hpp"
#include "domain/rules.hpp"
#include "storage/migrations.hpp"
#include "storage/row_values.hpp"
#include "storage/trace_builder.hpp"

namespace wms {
namespace {

constexpr std::chrono::seconds start_up_patience{10};

constexpr std::chrono::seconds clocks_differ_by{5};

// Identifiers begin with a hexadecimal digit.
constexpr const char* after_all_ids = "g";

Lot lot_from(const Rows& row) {
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
  lot.changes = row.integer(9);
  return lot;
}

std::vector<Lot> lots_from(std::unique_ptr<Rows> rows) {
  std::vector<Lot> lots;
  while (rows->next()) lots.push_back(lot_from(*rows));
  return lots;
}

}  // namespace

SqlStorage::SqlStorage(Dialect dialect, const flowviz::bundles::Database* metrics, std::unique_ptr<ConnectionPool> pool,
                       std::unique_ptr<ConnectionPool> writers)
    : statements_(dialect), transactions_(std::move(pool), std::move(writers)) {
  if (metrics != nullptr) {
    for (const Sql* sql : statements_.all()) (void)metrics->statement(sql->name, sql->operation);
  }
  const Deadline deadline = std::chrono::steady_clock::now() + start_up_patience;
  transactions_.writers().use(deadline, [&](Connection& db) {
    db.set_deadline(deadline);
    migrate(db, statements_);
    return Done{};
  });
}

/// Adds to each of the `lots` what it was made from. How many inputs they have; if that is `most`, there may be more.
int SqlStorage::read_inputs(Connection& db, std::vector<Lot>& lots, int most) const {
  nlohmann::json ids = nlohmann::json::array();
  std::unordered_map<std::string_view, Lot*> by_id;
  for (Lot& lot : lots) {
    ids.push_back(lot.id);
    by_id.emplace(lot.id, &lot);
  }
  const auto rows = db.query(statements_.inputs_of_lots, ids.dump(), most);
  int read = 0;
  for (; rows->next(); ++read) by_id.at(rows->text(0))->inputs.push_back({rows->text(1), {rows->integer(2)}});
  return read;
}

/// The lots of a trace, the one that is traced among them; none if it is not there, more than it may hold if there are more.
///
/// All that are connected come by a single statement. Up to a depth they come step by step, a statement for each, with those
/// that were met not followed again: so they cost what there is to follow, and not that for each distance a lot is met at.
std::vector<Lot> SqlStorage::read_connected(Connection& db, const TraceQuery& wanted) const {
  const bool forward = wanted.direction == Direction::forward;
  const int too_many = wanted.limits.lots + 1;
  if (!wanted.max_depth) {
    return lots_from(
        db.query(forward ? statements_.lots_made_from : statements_.lots_gone_into, wanted.lot_id, too_many));
  }
  const Sql& next = forward ? statements_.next_lots_made_from : statements_.next_lots_gone_into;
  std::vector<Lot> reached = lots_from(db.query(statements_.lot_by_id, wanted.lot_id));
  std::unordered_set<std::string> seen{wanted.lot_id};
  std::size_t followed = 0;
  const auto has_room = [&] { return reached.size() <= static_cast<std::size_t>(wanted.limits.lots); };
  for (int depth = 0; depth < *wanted.max_depth && followed < reached.size() && has_room(); ++depth) {
    nlohmann::json near = nlohmann::json::array();
    for (; followed < reached.size(); ++followed) near.push_back(reached[followed].id);
    // Whatever comes is a lot of the trace, so those that the limit leaves out are beyond what it may hold.
    for (Lot& lot : lots_from(db.query(next, near.dump(), too_many))) {
      if (seen.insert(lot.id).second) reached.push_back(std::move(lot));
    }
  }
  return reached;
}

/// Sees to it that the run which the lot is added to is running, until the lot is in it.
std::optional<Refusal> SqlStorage::join_run(Connection& db, const Lot& lot) const {
  if (!lot.production_run_id) return std::nullopt;
  const auto row = db.query(statements_.run_to_join, *lot.production_run_id);
  if (!row->next()) {
    return UnknownReference{"production_run_id", "there is no production run " + *lot.production_run_id};
  }
  const auto wrong = violation(*lot.production_run_id, enumerator<RunState>(row->text(0)));
  return wrong ? std::optional<Refusal>(*wrong) : std::nullopt;
}

/// Takes what a new lot is made from out of its inputs, and notes it.
std::optional<Refusal> SqlStorage::take_inputs(Connection& db, const Lot& lot) const {
  struct State {
    QcStatus status;
    Quantity remaining;
  };
  // Locked in one order everywhere, so that two lots made from the same inputs do not wait for each other.
  std::map<std::string_view, std::optional<State>> states;
  for (const LotInput& input : lot.inputs) states.emplace(input.lot_id, std::nullopt);
  for (auto& [lot_id, state] : states) {
    const auto row = db.query(statements_.lot_to_change, lot_id);
    if (row->next()) state = {enumerator<QcStatus>(row->text(0)), Quantity{row->integer(1)}};
  }
  for (std::size_t i = 0; i < lot.inputs.size(); ++i) {
    const LotInput& input = lot.inputs[i];
    const auto& state = states.at(input.lot_id);
    if (!state) {
      return UnknownReference{"inputs[" + std::to_string(i) + "].lot_id", "there is no lot " + input.lot_id};
    }
    if (const auto wrong = violation(input, i, state->status, state->remaining)) return *wrong;
    db.run(statements_.take_from_lot, input.lot_id, input.quantity.milligrams);
    db.run(statements_.insert_lot_input, lot.id, input.lot_id, input.quantity.milligrams, i);
  }
  return std::nullopt;
}

/// Within a transaction; refused, it has to be rolled back.
Storage::Outcome<Lot> SqlStorage::insert_lot(Connection& db, const NewLot& wanted, std::string_view created_by) const {
  if (statements_.begin_registration) db.query(*statements_.begin_registration)->next();
  const Lot lot{new_id(),
                wanted.code,
                wanted.type,
                wanted.quantity,
                wanted.quantity,
                QcStatus::PENDING,
                wanted.production_run_id,
                wanted.inputs,
                std::string(created_by),
                now()};
  // Waits for whoever is about to register this code, an earlier attempt included.
  const auto inserted = db.run(statements_.insert_lot, lot.id, lot.code, text_of(lot.type), lot.quantity.milligrams,
                               lot.remaining.milligrams, text_of(lot.qc_status), lot.production_run_id, lot.created_by,
                               in_ms(lot.created_at));
  if (inserted == 0) return Refusal(LotCodeTaken{lot.code});
  if (auto refused = join_run(db, lot)) return std::move(*refused);
  if (auto refused = take_inputs(db, lot)) return std::move(*refused);
  return lot;
}

Storage::Outcome<Lot> SqlStorage::register_lot(const NewLot& wanted, std::string_view created_by, Deadline deadline,
                                               const Keep<Lot>& keep) {
  if (const auto wrong = violation(wanted)) return Refusal(*wrong);
  std::optional<Lot> earlier;  // that of an attempt before this one, which may have been committed
  return transactions_.write<Lot>(deadline, [&](Connection& db) -> Outcome<Lot> {
    const auto lot = insert_lot(db, wanted, created_by);
    if (lot) earlier = *lot;
    if (!lot && earlier && std::holds_alternative<LotCodeTaken>(lot.error())) {
      const auto row = db.query(statements_.lot_id_by_code, wanted.code);
      if (row->next() && row->text(0) == earlier->id) return kept(db, keep, *earlier);
    }
    return lot ? kept(db, keep, *lot) : lot;
  });
}

std::optional<Lot> SqlStorage::read_lot(Connection& db, std::string_view lot_id) const {
  std::vector<Lot> lots = lots_from(db.query(statements_.lot_by_id, lot_id));
  if (lots.empty()) return std::nullopt;
  read_inputs(db, lots);
  return std::move(lots.front());
}

Storage::Outcome<Lot> SqlStorage::find_lot(std::string_view lot_id, Deadline deadline) {
  if (!may_be_id(lot_id)) return Refusal(LotNotFound{std::string(lot_id)});
  return transactions_.read_snapshot<Lot>(deadline, [&](Connection& db) -> Outcome<Lot> {
    auto lot = read_lot(db, lot_id);
    if (!lot) return Refusal(LotNotFound{std::string(lot_id)});
    return std::move(*lot);
  });
}

/// An identifier up to which all lots are there that ever will be: whoever reads page after page up to it misses none.
///
/// It is that of the last lot that is there, of all that were acknowledged when the list was asked for; and not the time,
/// for the clock may have been set back since lots were registered that are to be listed. A registration has its lock
/// before it makes its identifier. So who has an identifier before this one had the lock when this lot was committed, or
/// before: it is waited for, or has ended already, and what it wrote is seen by whatever is read from here on. Who
/// begins later sorts after this one, as far as the clocks of instances agree, and does not wait for the list.
std::string SqlStorage::all_registered_to(Connection& db) const {
  if (!statements_.await_registrations) return after_all_ids;
  std::string last;
  {
    Transaction turn(db, Access::read);
    const auto row = db.query(statements_.last_lot_id);
    row->next();
    last = row->text(0);
    turn.commit();
  }
  Transaction turn(db, Access::read);  // another, for who waits should have no lock on a table
  const auto locks = db.query(*statements_.await_registrations);
  while (locks->next()) {
  }
  turn.commit();
  return last;
}

Storage::Outcome<LotPage> SqlStorage::list_lots(const LotQuery& wanted, Deadline deadline) {
  return transactions_.read<LotPage>(deadline, [&](Connection& db) -> Outcome<LotPage> {
    const std::string last = all_registered_to(db);
    Transaction snapshot(db, Access::read);
    LotPage page;
    const std::string after = wanted.after.value_or("");
    const int one_more = wanted.limit + 1;  // tells whether there is another page
    page.lots =
        lots_from(wanted.type ? db.query(statements_.lots_of_type_after, after, one_more, last, text_of(*wanted.type))
                              : db.query(statements_.lots_after, after, one_more, last));
    if (page.lots.size() == static_cast<std::size_t>(one_more)) {
      page.lots.pop_back();
      page.next = page.lots.back().id;
    }
    read_inputs(db, page.lots);
    snapshot.commit();
    return page;
  });
}

Storage::Outcome<QcDecision> SqlStorage::record_decision(const NewQcDecision& wanted, std::string_view decided_by,
                                                         Deadline deadline, const Keep<QcDecision>& keep,
                                                         Notify notify) {
  const QcDecision decision{new_id(), wanted.lot_id, wanted.decision, wanted.note, std::string(decided_by), now()};
  return transactions_.write<QcDecision>(deadline, [&](Connection& db) -> Outcome<QcDecision> {
    if (!db.query(statements_.lot_to_change, decision.lot_id)->next()) return Refusal(LotNotFound{decision.lot_id});
    const auto inserted =
        db.run(statements_.insert_qc_decision, decision.id, decision.lot_id, text_of(decision.decision), decision.note,
               decision.decided_by, in_ms(decision.decided_at));
    // None: it was an earlier attempt. The status stays, for there may be a later decision by now.
    if (inserted != 0) {
      db.run(statements_.update_qc_status, decision.lot_id, text_of(decision.decision));
      if (notify == Notify::webhook) queue_notification(db, decision);
    }
    return kept(db, keep, decision);
  });
}

Storage::Outcome<Trace> SqlStorage::trace(const TraceQuery& wanted, Deadline deadline) {
  if (!may_be_id(wanted.lot_id)) return Refusal(LotNotFound{wanted.lot_id});
  return transactions_.read_snapshot<Trace>(deadline, [&](Connection& db) -> Outcome<Trace> {
    std::vector<Lot> reached = read_connected(db, wanted);
    if (reached.empty()) return Refusal(LotNotFound{wanted.lot_id});
    const bool too_large = std::ssize(reached) > wanted.limits.lots ||
                           read_inputs(db, reached, wanted.limits.uses + 1) > wanted.limits.uses;
    if (too_large) return Refusal(TraceTooLarge{wanted.limits});
    return build_trace(wanted, std::move(reached));
  });
}

Storage::Outcome<std::int64_t> SqlStorage::count_changes(std::span<const std::string> lot_ids, Deadline deadline) {
  const std::string ids = nlohmann::json(lot_ids).dump();
  return transactions_.read<std::int64_t>(deadline, [&](Connection& db) -> Outcome<std::int64_t> {
    const auto row = db.query(statements_.changes_of_lots, ids);
    row->next();
    return row->integer(0);
  });
}

Storage::Outcome<Storage::Done> SqlStorage::record_activity(std::span<const OperatorSeen> seen, Timestamp time,
                                                            Deadline deadline) {
  // By how much the latest lies in the future, if that is more than clocks of several machines differ by.
  const auto ahead = [&](Connection& db) -> std::int64_t {
    const auto row = db.query(statements_.activity_after, in_ms(time + clocks_differ_by));
    return row->next() ? row->integer(0) - in_ms(time) : 0;
  };
  if (seen.empty()) {  // without a transaction that writes, for this is asked for ever
    const auto set_back =
        transactions_.read<bool>(deadline, [&](Connection& db) -> Outcome<bool> { return ahead(db) > 0; });
    if (!set_back) return set_back.error();
    if (!*set_back) return Done{};
  }
  // In one order everywhere, so that two that write the same operators do not wait for each other.
  std::vector<OperatorSeen> in_order(seen.begin(), seen.end());
  std::ranges::sort(in_order, {}, &OperatorSeen::name);
  return transactions_.write<Done>(deadline, [&](Connection& db) -> Outcome<Done> {
    if (const std::int64_t by = ahead(db); by > 0) db.run(statements_.move_activity_back, by);
    for (const OperatorSeen& one : in_order) {
      db.run(statements_.upsert_operator_activity, one.name, in_ms(std::min(one.at, time)));
    }
    return Done{};
  });
}

Storage::Outcome<int> SqlStorage::count_operators_since(Timestamp since, Deadline deadline) {
  return transactions_.read<int>(deadline, [&](Connection& db) -> Outcome<int> {
    const auto row = db.query(statements_.count_operators_since, in_ms(since));
    row->next();
    return static_cast<int>(row->integer(0));
  });
}

Storage::Outcome<WorkCounts> SqlStorage::count_work(Timestamp ended_since, Deadline deadline) {
  return transactions_.read<WorkCounts>(deadline, [&](Connection& db) -> Outcome<WorkCounts> {
    const auto row = db.query(statements_.count_work, in_ms(ended_since));
    row->next();
    const auto count = [&](int column) { return static_cast<std::size_t>(row->integer(column)); };
    WorkCounts counts;
    counts.runs_active = static_cast<int>(row->integer(0));
    counts.pending_sync = static_cast<int>(row->integer(1));
    const std::size_t running = std::min(count(1), applying_.load());
    counts.sync_apply = {.queued = count(1) - running, .running = running, .done = count(2), .failed = count(3)};
    counts.webhook = {.queued = count(4), .running = count(5), .done = count(6), .failed = count(7)};
    return counts;
  });
}

flowviz::bundles::PoolConnections SqlStorage::connections() const { return transactions_.connections(); }

Storage::Outcome<Storage::Done> SqlStorage::ping(Deadline deadline) {
  return transactions_.read<Done>(deadline, [&](Connection& db) -> Outcome<Done> {
    db.query(statements_.schema_version)->next();
    return Done{};
  });
}

}  // namespace wms
