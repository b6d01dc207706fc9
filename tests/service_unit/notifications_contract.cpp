// SPDX-License-Identifier: MIT
// What every storage has to do with messages about decisions.

#include <doctest/doctest.h>

#include <set>
#include <string>
#include <thread>
#include <vector>

#include "every_storage.hpp"

namespace {

using namespace wms;
using std::chrono::hours;
using std::chrono::seconds;

/// Decides on a new lot; the decision's identifier.
std::string decide(Storage& storage, const std::string& code, Decision decision = Decision::FAIL,
                   Notify notify = Notify::webhook) {
  const Lot lot = Warehouse{storage}.add(raw(code));
  const auto recorded = storage.record_decision({lot.id, decision, "mouldy"}, "ines", soon(), {}, notify);
  REQUIRE(recorded);
  return recorded->id;
}

/// For ten seconds.
std::optional<Notification> take(Storage& storage, Timestamp time = now()) {
  const auto taken = storage.take_notification(time, time + seconds(10), soon());
  REQUIRE(taken);
  return *taken;
}

std::string taken_id(Storage& storage, Timestamp time = now()) {
  const auto taken = take(storage, time);
  return taken ? taken->decision.id : "";
}

flowviz::bundles::TaskCounts counts(Storage& storage) {
  return storage.count_work(now() - hours(1), soon()).value().webhook;
}

}  // namespace

TEST_CASE_TEMPLATE("a message is queued with its decision, and kept until somebody takes it", Database, STORAGES) {
  Database database;
  std::string decided;
  {
    const auto storage = database.open();
    decided = decide(*storage, "FLOUR");
    CHECK(counts(*storage).queued == 1);
  }
  const auto storage = database.open();
  const auto taken = take(*storage);
  REQUIRE(taken);
  CHECK(taken->decision.id == decided);
  CHECK(taken->decision.decision == Decision::FAIL);
  CHECK(taken->decision.note == "mouldy");
  CHECK(taken->decision.decided_by == "ines");
  CHECK(taken->lot_code == "FLOUR");
  CHECK(taken->attempt == 1);
  CHECK(Warehouse{*storage}.find(taken->decision.lot_id).code == "FLOUR");
  CHECK(counts(*storage).queued == 0);
  CHECK(counts(*storage).running == 1);
  CHECK_FALSE(take(*storage));
}

TEST_CASE_TEMPLATE("a decision that nobody is to be told of queues no message, nor does one that is not recorded",
                   Database, STORAGES) {
  Database database;
  const auto storage = database.open();
  decide(*storage, "FLOUR", Decision::FAIL, Notify::nobody);
  const Lot salt = Warehouse{*storage}.add(raw("SALT"));
  const Keep<QcDecision> lost{"a claim that is gone", [](const QcDecision&) { return KeptAnswer{}; }};
  CHECK_FALSE(storage->record_decision({salt.id, Decision::FAIL, {}}, "ines", soon(), lost, Notify::webhook));
  CHECK_FALSE(take(*storage));
  CHECK(counts(*storage).queued == 0);
}

TEST_CASE_TEMPLATE("messages of lots that failed come first, and then the oldest", Database, STORAGES) {
  Database database;
  const auto storage = database.open();
  const std::string held = decide(*storage, "A", Decision::HOLD), failed = decide(*storage, "B"),
                    failed_later = decide(*storage, "C");
  CHECK(taken_id(*storage) == failed);
  CHECK(taken_id(*storage) == failed_later);
  CHECK(taken_id(*storage) == held);
}

TEST_CASE_TEMPLATE("a message that was put back comes again when it is due, as another attempt", Database, STORAGES) {
  Database database;
  const auto storage = database.open();
  decide(*storage, "FLOUR");
  const Timestamp time = now();
  const auto first = take(*storage, time);
  REQUIRE(first);
  CHECK(storage->postpone_notification(*first, time + seconds(60), soon()).value());
  CHECK(counts(*storage).queued == 1);
  CHECK_FALSE(take(*storage, time + seconds(59)));
  const auto second = take(*storage, time + seconds(60));
  REQUIRE(second);
  CHECK(second->attempt == 2);
}

TEST_CASE_TEMPLATE("a message whose taker has died comes again when its time is over, and the dead change nothing",
                   Database, STORAGES) {
  Database database;
  const auto storage = database.open();
  decide(*storage, "FLOUR");
  const Timestamp time = now();
  const auto first = take(*storage, time);
  REQUIRE(first);
  CHECK_FALSE(take(*storage, time + seconds(9)));
  const auto second = take(*storage, time + seconds(10));
  REQUIRE(second);
  CHECK(second->attempt == 2);
  CHECK_FALSE(storage->postpone_notification(*first, time, soon()).value());
  CHECK_FALSE(take(*storage, time + seconds(19)));
}

TEST_CASE_TEMPLATE("a message ends once, and those that ended lately are counted by how", Database, STORAGES) {
  Database database;
  const auto storage = database.open();
  const std::string sent = decide(*storage, "A"), lost = decide(*storage, "B"), long_ago = decide(*storage, "C");
  const auto end = [&](const std::string& id, NotificationStatus status, Timestamp time) {
    return storage->end_notification(id, status, time, soon()).value();
  };
  const auto first = take(*storage);
  CHECK(end(sent, NotificationStatus::sent, now()));
  CHECK(end(lost, NotificationStatus::given_up, now()));
  CHECK(end(long_ago, NotificationStatus::sent, now() - hours(2)));
  CHECK_FALSE(end(sent, NotificationStatus::given_up, now()));
  CHECK_FALSE(end("missing", NotificationStatus::sent, now()));
  CHECK_FALSE(storage->postpone_notification(*first, now(), soon()).value());
  CHECK_FALSE(take(*storage, now() + hours(1)));
  CHECK(counts(*storage).done == 1);
  CHECK(counts(*storage).failed == 1);
  CHECK(counts(*storage).queued + counts(*storage).running == 0);
}

TEST_CASE_TEMPLATE("a message that was put off is due at once when the clock is set back", Database, STORAGES) {
  Database database;
  const auto storage = database.open();
  const std::string decided = decide(*storage, "FLOUR");
  const Timestamp before = now();
  const auto taken = take(*storage, before);
  REQUIRE(taken);
  REQUIRE(storage->postpone_notification(*taken, before + std::chrono::minutes(5), soon()).value());
  CHECK_FALSE(take(*storage, before - seconds(1)));
  CHECK(taken_id(*storage, before - hours(1)) == decided);
  CHECK_FALSE(take(*storage, before - hours(1)));
}

TEST_CASE_TEMPLATE("whoever takes messages at the same time gets different ones", Database, STORAGES) {
  Database database;
  const auto storage = database.open();
  constexpr std::size_t messages = 24, takers = 4;
  for (std::size_t i = 0; i < messages; ++i) decide(*storage, "LOT-" + std::to_string(i));
  const Timestamp time = now();
  std::vector<std::vector<std::string>> taken(takers);
  {
    std::vector<std::thread> threads;
    for (std::size_t i = 0; i < takers; ++i) {
      threads.emplace_back([&, i] {
        for (std::size_t n = 0; n < messages; ++n) {
          const auto one = storage->take_notification(time, time + std::chrono::minutes(5), soon());
          if (!one || !*one) break;
          taken[i].push_back((*one)->decision.id);
        }
      });
    }
    for (std::thread& thread : threads) thread.join();
  }
  std::multiset<std::string> all;
  for (const auto& each : taken) all.insert(each.begin(), each.end());
  for (std::string left = taken_id(*storage, time); !left.empty(); left = taken_id(*storage, time)) all.insert(left);
  CHECK(all.size() == messages);
  CHECK(std::set<std::string>(all.begin(), all.end()).size() == messages);
}
