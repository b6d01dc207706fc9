// SPDX-License-Identifier: MIT
// What every storage has to do with production runs.

#include <doctest/doctest.h>

#include <atomic>
#include <string>
#include <thread>
#include <vector>

#include "every_storage.hpp"

namespace {

using namespace wms;

std::string planned(Storage& storage) {
  const auto run = storage.plan_run({"rye bread", "oven 2"}, "olaf", soon());
  REQUIRE(run);
  CHECK(run->state == RunState::planned);
  return run->id;
}

void move(Storage& storage, const std::string& run_id, RunState to) {
  REQUIRE(storage.move_run(run_id, to, "olaf", soon()));
}

NewLot of_run(const std::string& code, const std::string& run_id) {
  NewLot lot = raw(code);
  lot.production_run_id = run_id;
  return lot;
}

int active(Storage& storage) { return storage.count_work(now(), soon()).value().runs_active; }

}  // namespace

TEST_CASE_TEMPLATE("a planned run is found again, also after the storage was opened anew", Database, STORAGES) {
  Database database;
  std::string id;
  {
    const auto storage = database.open();
    id = planned(*storage);
    move(*storage, id, RunState::running);
  }
  const auto storage = database.open();
  const auto run = storage->find_run(id, soon());
  REQUIRE(run);
  CHECK(run->product == "rye bread");
  CHECK(run->line == "oven 2");
  CHECK(run->state == RunState::running);
  CHECK(run->created_by == "olaf");
}

TEST_CASE_TEMPLATE("a run takes only the steps that lead from its plan to an end", Database, STORAGES) {
  Database database;
  const auto storage = database.open();
  for (const auto& [end, text] : names(RunState{})) {
    CAPTURE(text);
    const std::string id = planned(*storage);
    if (end != RunState::planned) move(*storage, id, RunState::running);
    if (end == RunState::completed || end == RunState::aborted) move(*storage, id, end);
    for (const auto& [to, to_text] : names(RunState{})) {
      if (may_follow(end, to)) continue;
      CAPTURE(to_text);
      const auto refused = why<TransitionNotAllowed>(storage->move_run(id, to, "olaf", soon()));
      CHECK(refused.from == end);
      CHECK(refused.to == to);
      CHECK(storage->find_run(id, soon()).value().state == end);
    }
  }
}

TEST_CASE_TEMPLATE("a step tells where it came from", Database, STORAGES) {
  Database database;
  const auto storage = database.open();
  const std::string id = planned(*storage);
  const auto started = storage->move_run(id, RunState::running, "olaf", soon());
  REQUIRE(started);
  CHECK(started->from == RunState::planned);
  CHECK(started->run.state == RunState::running);
  CHECK(started->run.id == id);
}

TEST_CASE_TEMPLATE("a run that does not exist is neither found nor moved", Database, STORAGES) {
  Database database;
  const auto storage = database.open();
  for (const std::string id : {"missing", "' OR '1'='1", "\xff", ""}) {
    CHECK(why<RunNotFound>(storage->find_run(id, soon())).run_id == id);
    CHECK(why<RunNotFound>(storage->move_run(id, RunState::running, "olaf", soon())).run_id == id);
  }
}

TEST_CASE_TEMPLATE("a lot is added only to a run that is running", Database, STORAGES) {
  Database database;
  const auto storage = database.open();
  const std::string id = planned(*storage);
  const auto check_refused = [&] {
    const auto refused = why<RuleViolated>(storage->register_lot(of_run("LATE", id), "olaf", soon()));
    CHECK(refused.rule == BusinessRule::run_not_running);
    CHECK(refused.field == "production_run_id");
  };
  check_refused();
  move(*storage, id, RunState::running);
  const Lot lot = Warehouse{*storage}.add(of_run("IN-TIME", id));
  CHECK(Warehouse{*storage}.find(lot.id).production_run_id == id);
  move(*storage, id, RunState::completed);
  check_refused();
}

TEST_CASE_TEMPLATE("of concurrent steps of one run one is taken", Database, STORAGES) {
  Database database;
  const auto storage = database.open();
  const std::string id = planned(*storage);
  move(*storage, id, RunState::running);
  std::atomic<int> taken = 0, refused = 0;
  std::vector<std::thread> movers;
  for (int i = 0; i < 6; ++i) {
    movers.emplace_back([&, i] {
      const auto moved = storage->move_run(id, i % 2 == 0 ? RunState::completed : RunState::aborted, "olaf", soon());
      if (moved) {
        ++taken;
      } else if (std::holds_alternative<TransitionNotAllowed>(moved.error())) {
        ++refused;
      }
    });
  }
  for (std::thread& mover : movers) mover.join();
  CHECK(taken == 1);
  CHECK(refused == 5);
}

TEST_CASE_TEMPLATE("runs that are running are counted", Database, STORAGES) {
  Database database;
  const auto storage = database.open();
  CHECK(active(*storage) == 0);
  const std::string first = planned(*storage), second = planned(*storage);
  CHECK(active(*storage) == 0);
  move(*storage, first, RunState::running);
  move(*storage, second, RunState::running);
  CHECK(active(*storage) == 2);
  move(*storage, first, RunState::aborted);
  CHECK(active(*storage) == 1);
}
