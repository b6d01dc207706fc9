// SPDX-License-Identifier: MIT
// What the storage does with lots that were recorded offline. A lot is taken out of the queue, registered and marked as
// applied in one transaction: however that ends, and whoever else tries, it is registered once.

#include <atomic>
#include <cstddef>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "domain/ids.hpp"
#include "domain/rules.hpp"
#include "storage/row_values.hpp"
#include "storage/sql_storage.hpp"

namespace wms {
namespace {

using nlohmann::json;

constexpr const char* name_of(SyncInput::By by) { return by == SyncInput::By::lot_id ? "lot_id" : "client_id"; }

/// What is kept of a lot until it is applied: the same text for the same lot.
std::string text_of_lot(const SyncLot& lot) {
  json inputs = json::array();
  for (const SyncInput& input : lot.inputs) {
    inputs.push_back({{name_of(input.named_by), input.id}, {"quantity_mg", input.quantity.milligrams}});
  }
  json text{{"lot_code", lot.code},
            {"lot_type", text_of(lot.type)},
            {"quantity_mg", lot.quantity.milligrams},
            {"inputs", std::move(inputs)}};
  if (lot.production_run_id) text["production_run_id"] = *lot.production_run_id;
  return text.dump();
}

SyncLot lot_of_text(const std::string& text) {
  const json kept = json::parse(text);
  SyncLot lot;
  lot.code = kept.at("lot_code");
  lot.type = enumerator<LotType>(kept.at("lot_type"));
  lot.quantity = {kept.at("quantity_mg").get<std::int64_t>()};
  if (kept.contains("production_run_id")) lot.production_run_id = kept["production_run_id"].get<std::string>();
  for (const json& input : kept.at("inputs")) {
    const auto by = input.contains("lot_id") ? SyncInput::By::lot_id : SyncInput::By::client_id;
    lot.inputs.push_back({by, input.at(name_of(by)), {input.at("quantity_mg").get<std::int64_t>()}});
  }
  return lot;
}

json client_ids_among(const std::vector<SyncInput>& inputs) {
  json ids = json::array();
  for (const SyncInput& input : inputs) {
    if (input.named_by == SyncInput::By::client_id) ids.push_back(input.id);
  }
  return ids;
}

/// Counts one more as long as it lives.
class Running {
 public:
  explicit Running(std::atomic<std::size_t>& count) : count_(count) { ++count_; }
  ~Running() { --count_; }
  Running(const Running&) = delete;
  Running& operator=(const Running&) = delete;

 private:
  std::atomic<std::size_t>& count_;
};

bool is_of_the_database(const Refusal& refusal) {
  return std::holds_alternative<Unavailable>(refusal) || std::holds_alternative<OutcomeUnknown>(refusal);
}

}  // namespace

Storage::Outcome<SyncReceipt> SqlStorage::queue_sync_lots(std::span<const SyncLot> lots, std::string_view recorded_by,
                                                          Deadline deadline, const Keep<SyncReceipt>& keep) {
  // In the order of the lots; they tell whether an attempt before this one was committed.
  std::vector<std::string> jobs;
  for (std::size_t i = 0; i < lots.size(); ++i) jobs.push_back(new_id());
  const auto received = in_ms(now());
  return transactions_.write<SyncReceipt>(deadline, [&](Connection& db) -> Outcome<SyncReceipt> {
    SyncReceipt receipt;
    for (std::size_t i = 0; i < lots.size(); ++i) {
      const SyncLot& lot = lots[i];
      const std::string field = "lots[" + std::to_string(lot.place) + "].";
      const std::string text = text_of_lot(lot);
      if (db.run(statements_.insert_sync_lot, lot.client_id, jobs[i], text, recorded_by, received) == 0) {
        const auto row = db.query(statements_.sync_lot_known, lot.client_id);
        if (!row->next() || row->text(1) != text) return Refusal(ClientIdTaken{field + "client_id", lot.client_id});
        ++(row->text(0) == jobs[i] ? receipt.accepted : receipt.duplicates);
        continue;
      }
      ++receipt.accepted;
      const json named = client_ids_among(lot.inputs);
      if (named.empty()) continue;
      const std::string ids = named.dump();
      if (const auto row = db.query(statements_.unknown_sync_lots, ids); row->next()) {
        return Refusal(UnknownReference{field + "inputs", "there is no lot with the client_id " + row->text(0)});
      }
      db.run(statements_.insert_sync_lot_inputs, lot.client_id, ids);
    }
    return kept(db, keep, receipt);
  });
}

Storage::Outcome<SyncState> SqlStorage::find_sync_lot(std::string_view client_id, Deadline deadline) {
  if (!may_be_id(client_id)) return Refusal(SyncLotNotFound{std::string(client_id)});
  return transactions_.read_snapshot<SyncState>(deadline, [&](Connection& db) -> Outcome<SyncState> {
    SyncState state{std::string(client_id), SyncStatus::queued, std::nullopt, std::nullopt};
    std::optional<std::string> lot_id;
    {
      const auto row = db.query(statements_.sync_lot_state, client_id);
      if (!row->next()) return Refusal(SyncLotNotFound{std::string(client_id)});
      state.status = enumerator<SyncStatus>(row->text(0));
      lot_id = row->optional_text(1);
      if (state.status == SyncStatus::refused) state.refusal = SyncRefusal{row->optional_text(2), row->text(3)};
    }
    if (lot_id) state.lot = read_lot(db, *lot_id);
    return state;
  });
}

/// The lot to register, its inputs named by the identifiers that they have got by now.
Storage::Outcome<NewLot> SqlStorage::resolve(Connection& db, const SyncLot& recorded) const {
  std::vector<LotInput> inputs;
  std::map<std::string, std::size_t> known;
  for (std::size_t i = 0; i < recorded.inputs.size(); ++i) {
    const SyncInput& input = recorded.inputs[i];
    std::string lot_id = input.id;
    if (input.named_by == SyncInput::By::client_id) {
      const auto row = db.query(statements_.sync_lot_state, input.id);
      if (!row->next() || row->is_null(1)) {
        return Refusal(UnknownReference{"inputs[" + std::to_string(i) + "].client_id",
                                        "the lot with the client_id " + input.id + " was refused"});
      }
      lot_id = row->text(1);
    }
    // One lot may be named in both ways.
    const auto [same, is_new] = known.emplace(lot_id, inputs.size());
    if (is_new) {
      inputs.push_back({lot_id, input.quantity});
    } else {
      inputs[same->second].quantity.milligrams += input.quantity.milligrams;
    }
  }
  return NewLot{recorded.code, recorded.type, recorded.quantity, recorded.production_run_id, std::move(inputs)};
}

Storage::Outcome<std::optional<SyncAttempt>> SqlStorage::try_next_sync_lot(Deadline deadline) {
  using Attempt = std::optional<SyncAttempt>;
  const auto waiting = transactions_.read<bool>(
      deadline, [&](Connection& db) -> Outcome<bool> { return db.query(statements_.sync_lot_waits)->next(); });
  if (!waiting) return waiting.error();
  if (!*waiting) return Attempt();  // without a transaction that writes, for this is asked for ever

  Attempt earlier;  // an attempt before this one, which may have been committed
  std::string client_id;
  const auto done = transactions_.write<Attempt>(deadline, [&](Connection& db) -> Outcome<Attempt> {
    if (earlier) {
      const auto row = db.query(statements_.sync_lot_state, client_id);
      if (row->next() && row->optional_text(1) == earlier->outcome->id) return earlier;
    }
    std::string by;
    std::optional<SyncLot> recorded;
    if (const auto row = db.query(statements_.next_sync_lot); row->next()) {
      client_id = row->text(0);
      recorded = lot_of_text(row->text(1));
      by = row->text(2);
    }
    if (!recorded) return Attempt();  // somebody else is at it
    const Running running(applying_);
    const auto wanted = resolve(db, *recorded);
    if (!wanted) return wanted.error();
    if (const auto wrong = violation(*wanted)) return Refusal(*wrong);
    const auto lot = insert_lot(db, *wanted, by);
    if (!lot) return lot.error();
    db.run(statements_.end_sync_lot, client_id, text_of(SyncStatus::applied), std::optional(lot->id),
           std::optional<std::string>(), std::optional<std::string>(), in_ms(now()));
    earlier = SyncAttempt{client_id, *lot};
    return earlier;
  });
  if (!done && !is_of_the_database(done.error())) return Attempt(SyncAttempt{client_id, done.error()});
  return done;
}

Storage::Outcome<bool> SqlStorage::refuse_sync_lot(std::string_view client_id, const SyncRefusal& refusal,
                                                   Deadline deadline) {
  return transactions_.write<bool>(deadline, [&](Connection& db) -> Outcome<bool> {
    return db.run(statements_.end_sync_lot, client_id, text_of(SyncStatus::refused), std::optional<std::string>(),
                  refusal.rule, std::optional(refusal.reason), in_ms(now())) != 0;
  });
}

}  // namespace wms
