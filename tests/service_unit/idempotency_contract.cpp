// SPDX-License-Identifier: MIT
// What every storage has to do with the keys of requests.

#include <doctest/doctest.h>

#include <atomic>
#include <chrono>
#include <string>
#include <thread>
#include <vector>

#include "domain/ids.hpp"
#include "every_storage.hpp"

namespace {

using namespace wms;
using namespace std::chrono_literals;

const KeyedRequest request{"olaf", "/api/lots", "key-1", "what was asked"};

KeyClaim claimed(Storage& storage, const KeyedRequest& by = request, Timestamp at = now()) {
  const auto claim = storage.claim_key(by, new_id(), at, soon());
  REQUIRE(claim);
  return *claim;
}

Keep<Lot> keep(const std::string& claim) {
  return {claim, [](const Lot& lot) { return KeptAnswer{201, "made " + lot.code, "/api/lots/" + lot.id}; }};
}

}  // namespace

TEST_CASE_TEMPLATE("what was done under a key is answered again, also after the storage was opened anew", Database,
                   STORAGES) {
  Database database;
  std::string lot_id;
  {
    const auto storage = database.open();
    const KeyClaim claim = claimed(*storage);
    CHECK_FALSE(claim.answer);
    const auto lot = storage->register_lot(raw("FLOUR"), "olaf", soon(), keep(claim.id));
    REQUIRE(lot);
    lot_id = lot->id;
  }
  const auto storage = database.open();
  const auto answer = claimed(*storage).answer;
  REQUIRE(answer);
  CHECK(answer->status == 201);
  CHECK(answer->body == "made FLOUR");
  CHECK(answer->location == "/api/lots/" + lot_id);
}

TEST_CASE_TEMPLATE("a request under way keeps others with its key out, until it comes to nothing", Database, STORAGES) {
  Database database;
  const auto storage = database.open();
  const KeyClaim claim = claimed(*storage);
  why<KeyInFlight>(storage->claim_key(request, new_id(), now(), soon()));
  CHECK_FALSE(storage->register_lot(made("DOUGH", {{"missing", kg(1)}}), "olaf", soon(), keep(claim.id)));
  why<KeyInFlight>(storage->claim_key(request, new_id(), now(), soon()));
  REQUIRE(storage->release_key(claim.id, soon()));
  CHECK_FALSE(claimed(*storage).answer);
}

TEST_CASE_TEMPLATE("a key is one operator's, of one route and of one request", Database, STORAGES) {
  Database database;
  const auto storage = database.open();
  REQUIRE(storage->keep_answer(claimed(*storage).id, {200, "{}", ""}, soon()));
  KeyedRequest other = request;
  other.fingerprint = "something else";
  why<KeyOfAnotherRequest>(storage->claim_key(other, new_id(), now(), soon()));
  other.operator_name = "ada";
  CHECK_FALSE(claimed(*storage, other).answer);
  other = request;
  other.route = "/api/production-runs";
  CHECK_FALSE(claimed(*storage, other).answer);
  CHECK(claimed(*storage).answer);
}

TEST_CASE_TEMPLATE("an answer that was kept is not released", Database, STORAGES) {
  Database database;
  const auto storage = database.open();
  const KeyClaim claim = claimed(*storage);
  REQUIRE(storage->keep_answer(claim.id, {200, "{}", ""}, soon()));
  REQUIRE(storage->release_key(claim.id, soon()));
  CHECK(claimed(*storage).answer);
}

TEST_CASE_TEMPLATE("whoever died with a key is replaced, and does nothing if it lives after all", Database, STORAGES) {
  Database database;
  const auto storage = database.open();
  const KeyClaim dead = claimed(*storage);
  why<KeyInFlight>(storage->claim_key(request, new_id(), now() + longest_claim - 5s, soon()));
  const KeyClaim next = claimed(*storage, request, now() + longest_claim + 5s);
  CHECK_FALSE(next.answer);
  why<KeyInFlight>(storage->register_lot(raw("FLOUR"), "olaf", soon(), keep(dead.id)));
  CHECK(storage->list_lots({}, soon())->lots.empty());
  CHECK(storage->register_lot(raw("FLOUR"), "olaf", soon(), keep(next.id)));
}

TEST_CASE_TEMPLATE("whoever died with a key before the clock was set back is replaced as well", Database, STORAGES) {
  Database database;
  const auto storage = database.open();
  const Timestamp before = now(), after = before - 1h;
  const KeyClaim dead = claimed(*storage, request, before);
  why<KeyInFlight>(storage->claim_key(request, new_id(), before - longest_claim + 5s, soon()));
  const KeyClaim next = claimed(*storage, request, after);
  CHECK_FALSE(next.answer);
  why<KeyInFlight>(storage->claim_key(request, new_id(), after + 1s, soon()));
  why<KeyInFlight>(storage->register_lot(raw("FLOUR"), "olaf", soon(), keep(dead.id)));
  CHECK(storage->register_lot(raw("FLOUR"), "olaf", soon(), keep(next.id)));
  CHECK(claimed(*storage, request, after + 2s).answer);
}

TEST_CASE_TEMPLATE("keys are kept for a day, and then forgotten", Database, STORAGES) {
  Database database;
  const auto storage = database.open();
  const Timestamp start = now();
  REQUIRE(storage->keep_answer(claimed(*storage, request, start).id, {200, "{}", ""}, soon()));
  REQUIRE(storage->forget_keys(start, soon()));
  CHECK(claimed(*storage, request, start + key_lifetime - 1s).answer);
  const KeyClaim anew = claimed(*storage, request, start + key_lifetime + 1s);
  CHECK_FALSE(anew.answer);
  REQUIRE(storage->forget_keys(start + 2 * key_lifetime, soon()));
  why<KeyInFlight>(storage->keep_answer(anew.id, {200, "{}", ""}, soon()));
}

TEST_CASE_TEMPLATE("however many keys there are to forget, a transaction forgets the oldest thousand", Database,
                   STORAGES) {
  Database database;
  const auto storage = database.open();
  const auto db = database.connect();
  db->run_script({"test", DbOperation::insert,
                  "WITH RECURSIVE numbers (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < 2500) "
                  "INSERT INTO idempotency_keys (claim, operator, route, key, fingerprint, claimed_at_ms) "
                  "SELECT n, 'olaf', '/api/lots', n, 'asked', n FROM numbers"});
  const Sql keys{"test", DbOperation::select, "SELECT count(*), min(claimed_at_ms) FROM idempotency_keys"};
  const struct {
    bool more;
    int left, oldest_ms;
  } expected[] = {{true, 1500, 1001}, {true, 500, 2001}, {false, 10, 2491}};
  for (const auto& [more, left, oldest_ms] : expected) {
    const auto forgotten = storage->forget_keys(Timestamp(2491ms), soon());
    REQUIRE(forgotten);
    CHECK(*forgotten == more);
    const auto row = db->query(keys);
    REQUIRE(row->next());
    CHECK(row->integer(0) == left);
    CHECK(row->integer(1) == oldest_ms);
  }
}

TEST_CASE_TEMPLATE("of concurrent requests with one key one goes on", Database, STORAGES) {
  Database database;
  const auto storage = database.open();
  std::atomic<int> on = 0, in_flight = 0;
  std::vector<std::thread> clients;
  for (int i = 0; i < 8; ++i) {
    clients.emplace_back([&] {
      const auto claim = storage->claim_key(request, new_id(), now(), soon());
      if (claim) {
        ++on;
      } else if (std::holds_alternative<KeyInFlight>(claim.error())) {
        ++in_flight;
      }
    });
  }
  for (std::thread& client : clients) client.join();
  CHECK(on == 1);
  CHECK(in_flight == 7);
}
