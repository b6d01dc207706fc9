// SPDX-License-Identifier: MIT
// What every storage has to do. The cases run once for each of STORAGES (every_storage.hpp).

#include "storage/storage.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <memory>
#include <set>
#include <string>
#include <thread>
#include <utility>
#include <variant>
#include <vector>

#include "every_storage.hpp"

namespace {

using namespace wms;

std::set<std::string> ids(const std::vector<Lot>& lots) {
  std::set<std::string> found;
  for (const Lot& lot : lots) found.insert(lot.id);
  CHECK(found.size() == lots.size());
  return found;
}

std::set<std::string> arrows(const Trace& trace) {
  std::set<std::string> found;
  for (const TraceEdge& edge : trace.edges) found.insert(edge.from + ">" + edge.to);
  CHECK(found.size() == trace.edges.size());
  return found;
}

}  // namespace

TEST_CASE_TEMPLATE("a registered lot is found again, also after the storage was opened anew", Database, STORAGES) {
  Database database;
  std::string id;
  {
    const auto storage = database.open();
    const Lot lot = Warehouse{*storage}.add(raw("FLOUR-1", 12.345678));
    CHECK(lot.code == "FLOUR-1");
    CHECK(lot.quantity == kg(12.345678));
    CHECK(lot.remaining == lot.quantity);
    CHECK(lot.qc_status == QcStatus::PENDING);
    CHECK(lot.created_by == "olaf");
    CHECK(now() - lot.created_at < std::chrono::minutes(5));
    id = lot.id;
  }
  const auto storage = database.open();
  const Lot found = Warehouse{*storage}.find(id);
  CHECK(found.code == "FLOUR-1");
  CHECK(found.quantity == kg(12.345678));
}

TEST_CASE_TEMPLATE("an unknown lot is not found", Database, STORAGES) {
  Database database;
  const auto storage = database.open();
  CHECK(why<LotNotFound>(storage->find_lot("no-such-lot", soon())).lot_id == "no-such-lot");
}

TEST_CASE_TEMPLATE("a lot code is given once", Database, STORAGES) {
  Database database;
  const auto storage = database.open();
  Warehouse{*storage}.add(raw("FLOUR"));
  CHECK(why<LotCodeTaken>(storage->register_lot(raw("FLOUR"), "olaf", soon())).code == "FLOUR");
}

TEST_CASE_TEMPLATE("texts are stored as they are", Database, STORAGES) {
  Database database;
  const auto storage = database.open();
  Warehouse warehouse{*storage};
  const std::string hostile = "'); DROP TABLE lots; -- \"\\ ?1 \xc3\xa4";
  const Lot lot = warehouse.add(raw(hostile));
  CHECK(warehouse.find(lot.id).code == hostile);
  CHECK_FALSE(storage->find_lot("' OR '1'='1", soon()));
}

TEST_CASE_TEMPLATE("inputs are taken out of their lots and noted in their order", Database, STORAGES) {
  Database database;
  const auto storage = database.open();
  Warehouse warehouse{*storage};
  const Lot flour = warehouse.add(raw("FLOUR", 10)), salt = warehouse.add(raw("SALT", 1));
  const Lot dough = warehouse.add(made("DOUGH", {{salt.id, kg(0.5)}, {flour.id, kg(10)}}));
  CHECK(warehouse.find(flour.id).remaining.milligrams == 0);
  CHECK(warehouse.find(flour.id).quantity == kg(10));
  CHECK(warehouse.find(salt.id).remaining == kg(0.5));
  const auto inputs = warehouse.find(dough.id).inputs;
  REQUIRE(inputs.size() == 2);
  CHECK(inputs[0].lot_id == salt.id);
  CHECK(inputs[1].lot_id == flour.id);
  CHECK(inputs[1].quantity == kg(10));
}

TEST_CASE_TEMPLATE("an input that does not exist is named, and nothing is taken", Database, STORAGES) {
  Database database;
  const auto storage = database.open();
  Warehouse warehouse{*storage};
  const Lot flour = warehouse.add(raw("FLOUR", 10));
  const auto refused = storage->register_lot(made("DOUGH", {{flour.id, kg(1)}, {"missing", kg(1)}}), "olaf", soon());
  CHECK(why<UnknownReference>(refused).field == "inputs[1].lot_id");
  CHECK(warehouse.find(flour.id).remaining == kg(10));
  warehouse.add(made("DOUGH", {{flour.id, kg(1)}}));  // the code was not used up
}

TEST_CASE_TEMPLATE("a production run that does not exist is refused", Database, STORAGES) {
  Database database;
  const auto storage = database.open();
  NewLot lot = raw("FLOUR");
  lot.production_run_id = "run-1";
  CHECK(why<UnknownReference>(storage->register_lot(lot, "olaf", soon())).field == "production_run_id");
}

TEST_CASE_TEMPLATE("what is taken cannot exceed what is left", Database, STORAGES) {
  Database database;
  const auto storage = database.open();
  Warehouse warehouse{*storage};
  const Lot flour = warehouse.add(raw("FLOUR", 10));
  warehouse.add(made("A", {{flour.id, kg(9.999999)}}));
  const auto refused = storage->register_lot(made("B", {{flour.id, kg(0.000002)}}), "olaf", soon());
  CHECK(why<RuleViolated>(refused).rule == BusinessRule::inputs_exceed_remaining);
  warehouse.add(made("C", {{flour.id, kg(0.000001)}}));
  CHECK(warehouse.find(flour.id).remaining.milligrams == 0);
}

TEST_CASE_TEMPLATE("an input on hold or failed is refused until it passes", Database, STORAGES) {
  Database database;
  const auto storage = database.open();
  Warehouse warehouse{*storage};
  const Lot flour = warehouse.add(raw("FLOUR"));
  for (const Decision decision : {Decision::HOLD, Decision::FAIL}) {
    REQUIRE(storage->record_decision({flour.id, decision, std::nullopt}, "ines", soon()));
    const auto refused = storage->register_lot(made("DOUGH", {{flour.id, kg(1)}}), "olaf", soon());
    CHECK(why<RuleViolated>(refused).rule == BusinessRule::input_on_hold_or_failed);
    CHECK(why<RuleViolated>(refused).field == "inputs[0].lot_id");
  }
  REQUIRE(storage->record_decision({flour.id, Decision::PASS, std::nullopt}, "ines", soon()));
  warehouse.add(made("DOUGH", {{flour.id, kg(1)}}));
}

TEST_CASE_TEMPLATE("a raw lot has no inputs", Database, STORAGES) {
  Database database;
  const auto storage = database.open();
  const Lot flour = Warehouse{*storage}.add(raw("FLOUR"));
  const auto refused = storage->register_lot(made("MORE", {{flour.id, kg(1)}}, LotType::raw), "olaf", soon());
  CHECK(why<RuleViolated>(refused).rule == BusinessRule::raw_lot_with_inputs);
}

TEST_CASE_TEMPLATE("of concurrent takers of the last 10 kg one wins", Database, STORAGES) {
  Database database;
  const auto storage = database.open();
  const Lot flour = Warehouse{*storage}.add(raw("FLOUR", 10));
  std::atomic<int> won = 0, lost = 0;
  std::vector<std::thread> takers;
  for (int i = 0; i < 8; ++i) {
    takers.emplace_back([&, i] {
      const auto outcome =
          storage->register_lot(made("TAKER-" + std::to_string(i), {{flour.id, kg(10)}}), "olaf", soon());
      if (outcome) {
        ++won;
      } else if (std::holds_alternative<RuleViolated>(outcome.error())) {
        ++lost;
      }
    });
  }
  for (std::thread& taker : takers) taker.join();
  CHECK(won == 1);
  CHECK(lost == 7);
  CHECK(Warehouse{*storage}.find(flour.id).remaining.milligrams == 0);
}

TEST_CASE_TEMPLATE("lots made at once from the same inputs do not get in each other's way", Database, STORAGES) {
  Database database;
  const auto storage = database.open();
  Warehouse warehouse{*storage};
  const std::string flour = warehouse.add(raw("FLOUR")).id, salt = warehouse.add(raw("SALT")).id;
  constexpr int threads = 4, each = 10;
  std::atomic<int> done = 0;
  std::vector<std::thread> makers;
  for (int t = 0; t < threads; ++t) {
    makers.emplace_back([&, t] {
      for (int i = 0; i < each; ++i) {
        std::vector<LotInput> inputs{{flour, kg(1)}, {salt, kg(2)}};
        if (t % 2 == 1) std::swap(inputs[0], inputs[1]);
        const std::string code = "MADE-" + std::to_string(t) + "-" + std::to_string(i);
        if (storage->register_lot(made(code, inputs), "olaf", soon())) ++done;
      }
    });
  }
  for (std::thread& maker : makers) maker.join();
  CHECK(done == threads * each);
  CHECK(warehouse.find(flour).remaining == kg(60));
  CHECK(warehouse.find(salt).remaining == kg(20));
}

TEST_CASE_TEMPLATE("lots are listed oldest first, page after page", Database, STORAGES) {
  Database database;
  const auto storage = database.open();
  Warehouse warehouse{*storage};
  std::vector<std::string> expected;
  for (int i = 0; i < 7; ++i) {
    expected.push_back(warehouse.add(raw("RAW-" + std::to_string(i))).id);
    warehouse.add(made("MADE-" + std::to_string(i), {{expected.back(), kg(1)}}));
  }
  std::vector<std::string> seen;
  LotQuery query{LotType::raw, std::nullopt, 3};
  std::vector<std::size_t> page_sizes;
  do {
    const auto page = storage->list_lots(query, soon());
    REQUIRE(page);
    page_sizes.push_back(page->lots.size());
    for (const Lot& lot : page->lots) seen.push_back(lot.id);
    query.after = page->next;
  } while (query.after);
  CHECK(seen == expected);
  CHECK(page_sizes == std::vector<std::size_t>{3, 3, 1});

  const auto all = storage->list_lots({std::nullopt, std::nullopt, 14}, soon());
  REQUIRE(all);
  CHECK(all->lots.size() == 14);
  CHECK(all->lots[1].inputs.size() == 1);
  CHECK_FALSE(all->next);  // a full page that is the last one says so
}

TEST_CASE_TEMPLATE("lots of a time that is yet to come, since the clock was set back, are listed", Database, STORAGES) {
  Database database;
  const auto storage = database.open();
  const std::string now_made = Warehouse{*storage}.add(raw("BEFORE")).id;
  const std::string of_later = "fffffff0" + now_made.substr(8);
  (void)database.connect()->run(
      {"test", DbOperation::insert,
       "INSERT INTO lots (lot_id, lot_code, lot_type, quantity_mg, remaining_mg, qc_status, created_by, created_at_ms) "
       "SELECT ?1, 'LATER', lot_type, quantity_mg, remaining_mg, qc_status, created_by, created_at_ms FROM lots"},
      of_later);
  const auto page = storage->list_lots({}, soon());
  REQUIRE(page);
  REQUIRE(page->lots.size() == 2);
  CHECK(page->lots[1].id == of_later);
  CHECK(storage->list_lots({LotType::raw, now_made, 10}, soon())->lots.size() == 1);
}

TEST_CASE_TEMPLATE("whoever reads page after page misses no lot that is registered meanwhile", Database, STORAGES) {
  Database database;
  const auto storage = database.open();
  constexpr int threads = 4, each = 50;
  std::vector<std::thread> writers;
  for (int t = 0; t < threads; ++t) {
    writers.emplace_back([&, t] {
      for (int i = 0; i < each; ++i) {
        (void)storage->register_lot(raw("L-" + std::to_string(t) + "-" + std::to_string(i)), "olaf", soon());
      }
    });
  }
  std::set<std::string> seen;
  LotQuery query{std::nullopt, std::nullopt, 5};
  const auto give_up = std::chrono::steady_clock::now() + std::chrono::seconds(60);
  while (seen.size() < threads * each && std::chrono::steady_clock::now() < give_up) {
    const auto page = storage->list_lots(query, soon());
    REQUIRE(page);
    for (const Lot& lot : page->lots) seen.insert(lot.id);
    if (!page->lots.empty()) query.after = page->lots.back().id;
  }
  for (std::thread& writer : writers) writer.join();
  CHECK(seen.size() == threads * each);
}

TEST_CASE_TEMPLATE("the last decision is the status of a lot, and all are kept", Database, STORAGES) {
  Database database;
  const auto storage = database.open();
  Warehouse warehouse{*storage};
  const Lot flour = warehouse.add(raw("FLOUR"));
  const struct {
    Decision decision;
    QcStatus status;
  } cases[] = {{Decision::HOLD, QcStatus::HOLD}, {Decision::FAIL, QcStatus::FAIL}, {Decision::PASS, QcStatus::PASS}};
  std::set<std::string> decision_ids;
  for (const auto& [decision, status] : cases) {
    const auto recorded = storage->record_decision({flour.id, decision, "looked \xc3\xa4t"}, "ines", soon());
    REQUIRE(recorded);
    CHECK(recorded->decision == decision);
    CHECK(recorded->note == "looked \xc3\xa4t");
    CHECK(recorded->decided_by == "ines");
    decision_ids.insert(recorded->id);
    CHECK(warehouse.find(flour.id).qc_status == status);
  }
  CHECK(decision_ids.size() == 3);
}

TEST_CASE_TEMPLATE("a decision on an unknown lot is refused", Database, STORAGES) {
  Database database;
  const auto storage = database.open();
  CHECK(why<LotNotFound>(storage->record_decision({"missing", Decision::PASS, {}}, "ines", soon())).lot_id ==
        "missing");
}

TEST_CASE_TEMPLATE("traces go both ways through diamonds", Database, STORAGES) {
  Database database;
  const auto storage = database.open();
  Warehouse warehouse{*storage};
  // flour -> dough -> bread -> box, flour -> crumbs -> bread, flour -> box, salt -> dough; other apart
  const std::string flour = warehouse.add(raw("FLOUR")).id, salt = warehouse.add(raw("SALT")).id;
  const std::string dough = warehouse.make("DOUGH", {flour, salt}), crumbs = warehouse.make("CRUMBS", {flour});
  const std::string bread =
      warehouse.add({"BREAD", LotType::intermediate, kg(10), std::nullopt, {{dough, kg(1)}, {crumbs, kg(1)}}}).id;
  const std::string box = warehouse.make("BOX", {bread, flour});
  warehouse.add(raw("OTHER"));

  SUBCASE("forward") {
    const Trace trace = warehouse.trace(flour, Direction::forward);
    CHECK(ids(trace.nodes) == std::set{flour, dough, crumbs, bread, box});
    CHECK(arrows(trace) == std::set{flour + ">" + dough, flour + ">" + crumbs, flour + ">" + box, dough + ">" + bread,
                                    crumbs + ">" + bread, bread + ">" + box});
    CHECK(trace.depth == 2);  // the box is one step away, by the shortest way
    CHECK(trace.nodes.front().id == flour);
  }
  SUBCASE("backward") {
    const Trace trace = warehouse.trace(box, Direction::backward);
    CHECK(ids(trace.nodes) == std::set{box, bread, flour, dough, crumbs, salt});
    CHECK(arrows(trace).contains(salt + ">" + dough));
    CHECK(trace.depth == 3);
  }
  SUBCASE("as far as it is asked for") {
    const Trace trace = warehouse.trace(flour, Direction::forward, 1);
    CHECK(ids(trace.nodes) == std::set{flour, dough, crumbs, box});
    CHECK(arrows(trace) == std::set{flour + ">" + dough, flour + ">" + crumbs, flour + ">" + box});
    CHECK(trace.depth == 1);
    CHECK(ids(warehouse.trace(flour, Direction::forward, 2).nodes) ==
          ids(warehouse.trace(flour, Direction::forward).nodes));
  }
  SUBCASE("a lot by itself") {
    const Trace trace = warehouse.trace(box, Direction::forward);
    CHECK(ids(trace.nodes) == std::set{box});
    CHECK(trace.edges.empty());
    CHECK(trace.depth == 0);
  }
}

TEST_CASE_TEMPLATE("a trace follows a long chain to its end", Database, STORAGES) {
  Database database;
  const auto storage = database.open();
  Warehouse warehouse{*storage};
  std::vector<std::string> chain{warehouse.add(raw("START")).id};
  for (int i = 0; i < 150; ++i) chain.push_back(warehouse.make("LINK-" + std::to_string(i), {chain.back()}));
  CHECK(warehouse.trace(chain.front(), Direction::forward).depth == 150);
  CHECK(warehouse.trace(chain.back(), Direction::backward).nodes.size() == 151);
  CHECK(warehouse.trace(chain.front(), Direction::forward, 100).nodes.size() == 101);
}

TEST_CASE_TEMPLATE("a trace through which many ways lead is found as well", Database, STORAGES) {
  Database database;
  const auto storage = database.open();
  Warehouse warehouse{*storage};
  // Two lots on each floor, each made from both below: 2^30 ways from bottom to top.
  std::vector<std::string> below{warehouse.add(raw("A")).id, warehouse.add(raw("B")).id};
  const std::string bottom = below[0];
  for (int floor = 0; floor < 30; ++floor) {
    std::vector<std::string> made_here;
    for (const char* side : {"-L", "-R"}) {
      std::vector<LotInput> inputs{{below[0], kg(1)}, {below[1], kg(1)}};
      made_here.push_back(
          warehouse.add({"F" + std::to_string(floor) + side, LotType::intermediate, kg(10), {}, inputs}).id);
    }
    below = made_here;
  }
  CHECK(warehouse.trace(bottom, Direction::forward).nodes.size() == 61);
  CHECK(warehouse.trace(bottom, Direction::forward, 100).nodes.size() == 61);
  CHECK(warehouse.trace(below[0], Direction::backward).edges.size() == 118);
}

TEST_CASE_TEMPLATE("a trace up to a depth follows each lot once, at however many distances it is met", Database,
                   STORAGES) {
  Database database;
  const auto storage = database.open();
  Warehouse warehouse{*storage};
  // Each is made from the two before it, so the last one is 250 to 499 steps away from the first one.
  std::vector<std::string> lots{warehouse.add(raw("START")).id};
  while (lots.size() < 500) {
    const std::size_t i = lots.size();
    std::vector<LotInput> inputs{{lots[i - 1], kg(1)}};
    if (i > 1) inputs.push_back({lots[i - 2], kg(1)});
    lots.push_back(warehouse.add({std::to_string(i), LotType::intermediate, kg(10), std::nullopt, inputs}).id);
  }
  for (const Direction direction : {Direction::forward, Direction::backward}) {
    const Trace trace = warehouse.trace(direction == Direction::forward ? lots.front() : lots.back(), direction, 1000);
    CHECK(trace.nodes.size() == 500);
    CHECK(trace.edges.size() == 997);
    CHECK(trace.depth == 250);
  }
  CHECK(warehouse.trace(lots.front(), Direction::forward, 3).nodes.size() == 7);
}

TEST_CASE_TEMPLATE("a trace that is too large is refused, and one that just fits is not", Database, STORAGES) {
  Database database;
  const auto storage = database.open();
  Warehouse warehouse{*storage};
  // One lot in three, and those in one: 5 lots, 6 uses.
  const std::string flour = warehouse.add(raw("FLOUR")).id;
  const std::vector<std::string> doughs{warehouse.make("D1", {flour}), warehouse.make("D2", {flour}),
                                        warehouse.make("D3", {flour})};
  const std::string bread = warehouse.make("BREAD", doughs);
  for (const Direction direction : {Direction::forward, Direction::backward}) {
    for (const std::optional<int> max_depth : {std::optional<int>{}, std::optional(10)}) {
      const auto trace = [&](TraceLimits limits) {
        const std::string& lot = direction == Direction::forward ? flour : bread;
        return storage->trace({lot, direction, max_depth, limits}, soon());
      };
      const auto fits = trace({5, 6});
      REQUIRE(fits);
      CHECK(fits->nodes.size() == 5);
      CHECK(fits->edges.size() == 6);
      CHECK(why<TraceTooLarge>(trace({4, 6})).limits.lots == 4);
      CHECK(why<TraceTooLarge>(trace({1, 6})).limits.lots == 1);
      CHECK(why<TraceTooLarge>(trace({5, 5})).limits.uses == 5);
    }
  }
  const auto near = storage->trace({flour, Direction::forward, 1, {4, 3}}, soon());
  REQUIRE(near);
  CHECK(near->nodes.size() == 4);
}

TEST_CASE_TEMPLATE("a trace of an unknown lot is refused", Database, STORAGES) {
  Database database;
  const auto storage = database.open();
  for (const Direction direction : {Direction::forward, Direction::backward}) {
    for (const std::optional<int> max_depth : {std::optional<int>{}, std::optional(3)}) {
      CHECK(why<LotNotFound>(storage->trace({"missing", direction, max_depth}, soon())).lot_id == "missing");
    }
  }
}

TEST_CASE_TEMPLATE("what a trace says is true until its lots are changed, by whichever instance", Database, STORAGES) {
  Database database;
  const auto storage = database.open(), other = database.open();
  Warehouse warehouse{*storage};
  const std::string flour = warehouse.add(raw("FLOUR")).id, salt = warehouse.add(raw("SALT")).id;
  const std::string dough = warehouse.make("DOUGH", {flour});
  Trace trace = warehouse.trace(flour, Direction::forward);
  const auto is_true = [&] {
    std::vector<std::string> ids;
    for (const Lot& lot : trace.nodes) ids.push_back(lot.id);
    const auto changes = storage->count_changes(ids, soon());
    REQUIRE(changes);
    return *changes == trace.changes();
  };
  const auto traced_again = [&] { trace = warehouse.trace(flour, Direction::forward); };
  CHECK(is_true());
  SUBCASE("a lot that is none of it changes nothing") {
    Warehouse{*other}.make("BRINE", {salt});
    CHECK(is_true());
  }
  SUBCASE("it grows at its end") {
    const std::string bread = Warehouse{*other}.make("BREAD", {dough});
    CHECK_FALSE(is_true());
    traced_again();
    CHECK(trace.nodes.size() == 3);
    CHECK(is_true());
  }
  SUBCASE("one of its lots is decided on, and decided on again") {
    for (const Decision decision : {Decision::HOLD, Decision::PASS, Decision::HOLD}) {
      REQUIRE(other->record_decision({dough, decision, {}}, "ines", soon()));
      CHECK_FALSE(is_true());
      traced_again();
      CHECK(is_true());
    }
  }
  SUBCASE("what is refused changes nothing") {
    why<RuleViolated>(other->register_lot(made("CAKE", {{dough, kg(1000)}}), "olaf", soon()));
    CHECK(is_true());
  }
}

TEST_CASE_TEMPLATE("operators are counted once each, from the time they were last seen", Database, STORAGES) {
  Database database;
  const auto storage = database.open();
  const auto at = [](int minute) { return Timestamp(std::chrono::minutes(minute)); };
  const auto count_since = [&](int minute) { return storage->count_operators_since(at(minute), soon()).value(); };
  REQUIRE(storage->record_activity(std::vector<OperatorSeen>{{"ada", at(10)}, {"bo", at(20)}}, at(20), soon()));
  CHECK(count_since(0) == 2);
  CHECK(count_since(20) == 1);
  CHECK(count_since(21) == 0);
  REQUIRE(storage->record_activity(std::vector<OperatorSeen>{{"ada", at(30)}, {"bo", at(5)}}, at(30), soon()));
  CHECK(count_since(20) == 2);  // later replaces earlier, and not the other way round
  CHECK(count_since(30) == 1);
}

TEST_CASE_TEMPLATE(
    "if the clock was set back, the operator seen last was seen now, and the others as long before as they were",
    Database, STORAGES) {
  Database database;
  const auto storage = database.open();
  const auto at = [](int minute) { return Timestamp(std::chrono::minutes(minute)); };
  const auto count_since = [&](int minute) { return storage->count_operators_since(at(minute), soon()).value(); };
  REQUIRE(storage->record_activity(std::vector<OperatorSeen>{{"ada", at(100)}, {"bo", at(150)}, {"eve", at(160)}},
                                   at(160), soon()));
  // Whichever of two instances sees it first: they move back once.
  std::thread other([&] { CHECK(storage->record_activity({}, at(100), soon())); });
  CHECK(storage->record_activity({}, at(100), soon()));
  other.join();
  CHECK(count_since(101) == 0);
  CHECK(count_since(100) == 1);
  CHECK(count_since(90) == 2);
  CHECK(count_since(41) == 2);
  CHECK(count_since(40) == 3);
  REQUIRE(storage->record_activity(std::vector<OperatorSeen>{{"ada", at(170)}, {"bo", at(101)}}, at(101), soon()));
  CHECK(count_since(102) == 0);  // nobody was seen later than now
  CHECK(count_since(101) == 2);
  REQUIRE(storage->record_activity({}, at(101) - std::chrono::seconds(1), soon()));
  CHECK(count_since(101) == 2);  // clocks of several machines differ by so much
}

TEST_CASE_TEMPLATE("a storage that works answers a ping", Database, STORAGES) {
  Database database;
  const auto storage = database.open();
  CHECK(storage->ping(soon()));
}

TEST_CASE_TEMPLATE("storages that open one new database at the same time share it", Database, STORAGES) {
  Database database;
  std::vector<std::unique_ptr<Storage>> storages(4);
  std::vector<std::thread> openers;
  for (auto& storage : storages) openers.emplace_back([&] { storage = database.open(); });
  for (std::thread& opener : openers) opener.join();
  const Lot lot = Warehouse{*storages[0]}.add(raw("FLOUR"));
  for (const auto& storage : storages) CHECK(storage->find_lot(lot.id, soon()));
}
