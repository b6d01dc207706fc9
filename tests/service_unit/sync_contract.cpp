// SPDX-License-Identifier: MIT
// What every storage has to do with lots that were recorded offline.

#include <doctest/doctest.h>

#include <atomic>
#include <string>
#include <thread>
#include <vector>

#include "every_storage.hpp"

namespace {

using namespace wms;

SyncLot recorded(const std::string& client_id, std::vector<SyncInput> inputs = {}) {
  const LotType type = inputs.empty() ? LotType::raw : LotType::intermediate;
  return {0, client_id, "CODE-" + client_id, type, kg(10), std::nullopt, std::move(inputs)};
}

SyncInput from_client(const std::string& id, double amount = 1) { return {SyncInput::By::client_id, id, kg(amount)}; }

SyncReceipt queue(Storage& storage, const std::vector<SyncLot>& lots) {
  const auto receipt = storage.queue_sync_lots(lots, "olaf", soon());
  REQUIRE(receipt);
  return *receipt;
}

SyncState state(Storage& storage, const std::string& client_id) {
  const auto found = storage.find_sync_lot(client_id, soon());
  REQUIRE(found);
  return *found;
}

/// What came of the next one; refused for good, if it was.
std::optional<SyncAttempt> apply(Storage& storage) {
  const auto attempt = storage.try_next_sync_lot(soon());
  REQUIRE(attempt);
  if (*attempt && !(*attempt)->outcome) {
    REQUIRE(storage.refuse_sync_lot((*attempt)->client_id, {"a_rule", "a reason"}, soon()).value());
  }
  return *attempt;
}

WorkCounts counts(Storage& storage) { return storage.count_work(now() - std::chrono::hours(1), soon()).value(); }

}  // namespace

TEST_CASE_TEMPLATE("a lot that is being applied is running, and not queued", Database, STORAGES) {
  Database database;
  const auto storage = database.open();
  constexpr std::size_t lots = 50;
  const auto give_up = soon();
  bool seen = false;
  for (int batch = 0; !seen && std::chrono::steady_clock::now() < give_up; ++batch) {
    std::vector<SyncLot> recorded_lots;
    for (std::size_t i = 0; i < lots; ++i) {
      recorded_lots.push_back(recorded(std::to_string(batch) + "-" + std::to_string(i)));
    }
    queue(*storage, recorded_lots);
    std::atomic<bool> done = false;
    std::thread applier([&] {
      while (apply(*storage)) continue;
      done = true;
    });
    while (!seen && !done) {
      const auto now = counts(*storage);
      seen = now.sync_apply.running == 1;
      if (seen) CHECK(now.sync_apply.queued + 1 == static_cast<std::size_t>(now.pending_sync));
    }
    applier.join();
  }
  CHECK(seen);
  CHECK(counts(*storage).sync_apply.running == 0);
  CHECK(counts(*storage).sync_apply.queued == 0);
}

TEST_CASE_TEMPLATE("a lot recorded offline waits, also until the storage is opened anew, and is registered once",
                   Database, STORAGES) {
  Database database;
  {
    const auto storage = database.open();
    CHECK(queue(*storage, {recorded("A")}).accepted == 1);
    CHECK(state(*storage, "A").status == SyncStatus::queued);
    CHECK_FALSE(state(*storage, "A").lot);
    CHECK(counts(*storage).pending_sync == 1);
  }
  const auto storage = database.open();
  const auto applied = apply(*storage);
  REQUIRE(applied);
  REQUIRE(applied->outcome);
  CHECK(applied->client_id == "A");
  CHECK(applied->outcome->code == "CODE-A");
  CHECK(applied->outcome->created_by == "olaf");
  CHECK(state(*storage, "A").status == SyncStatus::applied);
  CHECK(state(*storage, "A").lot->id == applied->outcome->id);
  CHECK_FALSE(apply(*storage));
  CHECK(counts(*storage).pending_sync == 0);
  CHECK(counts(*storage).sync_apply.done == 1);
}

TEST_CASE_TEMPLATE("what is sent again is a duplicate, unless it is another lot", Database, STORAGES) {
  Database database;
  const auto storage = database.open();
  queue(*storage, {recorded("A"), recorded("B", {from_client("A")})});
  REQUIRE(apply(*storage));
  const SyncReceipt again = queue(*storage, {recorded("A"), recorded("B", {from_client("A")}), recorded("C")});
  CHECK(again.accepted == 1);
  CHECK(again.duplicates == 2);
  SyncLot other = recorded("A");
  other.quantity = kg(11);
  const auto refused = storage->queue_sync_lots(std::vector<SyncLot>{recorded("D"), other}, "olaf", soon());
  CHECK(why<ClientIdTaken>(refused).client_id == "A");
  CHECK(why<SyncLotNotFound>(storage->find_sync_lot("D", soon())).client_id == "D");  // all or none
}

TEST_CASE_TEMPLATE("inputs recorded offline are taken from the lots that they have become", Database, STORAGES) {
  Database database;
  const auto storage = database.open();
  Warehouse warehouse{*storage};
  const Lot salt = warehouse.add(raw("SALT", 5));
  queue(*storage, {recorded("FLOUR")});
  queue(*storage, {recorded("DOUGH", {from_client("FLOUR", 4), {SyncInput::By::lot_id, salt.id, kg(2)}})});
  REQUIRE(apply(*storage)->outcome);
  const Lot flour = *state(*storage, "FLOUR").lot;
  // Named in both ways, it is one input.
  queue(*storage, {recorded("CRUMBS", {from_client("FLOUR", 1), {SyncInput::By::lot_id, flour.id, kg(2)}})});
  REQUIRE(apply(*storage)->outcome);
  REQUIRE(apply(*storage)->outcome);
  CHECK(warehouse.find(flour.id).remaining == kg(3));
  CHECK(warehouse.find(salt.id).remaining == kg(3));
  CHECK(state(*storage, "CRUMBS").lot->inputs.size() == 1);
  CHECK(state(*storage, "DOUGH").lot->inputs.size() == 2);
}

TEST_CASE_TEMPLATE("a lot that is refused changes nothing, and those made from it are refused too", Database,
                   STORAGES) {
  Database database;
  const auto storage = database.open();
  Warehouse warehouse{*storage};
  const Lot salt = warehouse.add(raw("SALT", 5));
  queue(*storage,
        {recorded("FLOUR"), recorded("DOUGH", {{SyncInput::By::lot_id, salt.id, kg(1)}, from_client("FLOUR", 100)}),
         recorded("BREAD", {from_client("DOUGH")})});
  CHECK(apply(*storage)->outcome);
  const auto dough = apply(*storage);
  CHECK(why<RuleViolated>(dough->outcome).rule == BusinessRule::inputs_exceed_remaining);
  CHECK(warehouse.find(salt.id).remaining == kg(5));
  const auto bread = apply(*storage);
  CHECK(why<UnknownReference>(bread->outcome).field == "inputs[0].client_id");
  CHECK(state(*storage, "DOUGH").status == SyncStatus::refused);
  CHECK(state(*storage, "DOUGH").refusal->rule == "a_rule");
  CHECK(state(*storage, "DOUGH").refusal->reason == "a reason");
  CHECK_FALSE(apply(*storage));
  CHECK(counts(*storage).sync_apply.failed == 2);
  CHECK_FALSE(storage->refuse_sync_lot("FLOUR", {std::nullopt, "too late"}, soon()).value());
  CHECK(state(*storage, "FLOUR").status == SyncStatus::applied);
}

TEST_CASE_TEMPLATE("an input that nobody has sent is named, and nothing of its batch is kept", Database, STORAGES) {
  Database database;
  const auto storage = database.open();
  const std::vector<SyncLot> batch{recorded("A"), recorded("B", {from_client("A"), from_client("missing")})};
  const auto refused = why<UnknownReference>(storage->queue_sync_lots(batch, "olaf", soon()));
  CHECK(refused.message.find("missing") != std::string::npos);
  CHECK_FALSE(storage->find_sync_lot("A", soon()));
  CHECK(counts(*storage).pending_sync == 0);
}

TEST_CASE_TEMPLATE("instances that apply one queue at the same time apply every lot once, inputs first", Database,
                   STORAGES) {
  Database database;
  const auto first = database.open(), second = database.open();
  constexpr int chains = 10, links = 4;
  std::vector<SyncLot> batch;
  for (int link = 0; link < links; ++link) {
    for (int chain = 0; chain < chains; ++chain) {
      const std::string id = std::to_string(chain) + "-";
      std::vector<SyncInput> inputs;
      if (link > 0) inputs.push_back(from_client(id + std::to_string(link - 1)));
      batch.push_back(recorded(id + std::to_string(link), inputs));
    }
  }
  queue(*first, batch);
  std::atomic<int> applied = 0, refused = 0;
  std::vector<std::thread> appliers;
  for (Storage* const storage : {first.get(), second.get(), first.get(), second.get()}) {
    appliers.emplace_back([&, storage] {
      while (applied + refused < chains * links) {
        const auto attempt = storage->try_next_sync_lot(soon());
        if (!attempt) break;
        if (*attempt) ++((*attempt)->outcome ? applied : refused);
      }
    });
  }
  for (std::thread& applier : appliers) applier.join();
  CHECK(applied == chains * links);
  CHECK(refused == 0);
  CHECK(first->list_lots({std::nullopt, std::nullopt, 500}, soon())->lots.size() == chains * links);
  CHECK(counts(*second).pending_sync == 0);
}
