// SPDX-License-Identifier: MIT
// The Idempotency-Key header, from request to answer and metric, without a port.

#include "routes/idempotent.hpp"

#include <doctest/doctest.h>

#include <string>
#include <string_view>
#include <vector>

#include "app_fixture.hpp"

namespace {

using namespace wms;

struct Fixture : AppFixture {
  Reply keyed(const std::string& target, const std::string& body, const std::string& key = "k-1",
              const std::string& token = "t-admin") {
    return ask(app.api(), "POST", target, token, body, "Idempotency-Key: " + key + "\r\n");
  }
  double registered() { return metric("flowviz_lots_registered_total", {{"lot_type", "raw"}}); }
};

constexpr const char* flour = R"({"lot_code": "FLOUR", "lot_type": "raw", "quantity_kg": 1})";

void check_same(const Reply& first, const Reply& again) {
  CHECK(first.status / 100 == 2);
  CHECK(again.status == first.status);
  CHECK(again.body == first.body);
  CHECK(again.headers.contains("Location") == first.headers.contains("Location"));
  if (first.headers.contains("Location")) CHECK(again.headers.at("Location") == first.headers.at("Location"));
  CHECK(again.headers.at("X-Request-Id") != first.headers.at("X-Request-Id"));
}

}  // namespace

TEST_CASE_FIXTURE(Fixture,
                  "a request that is sent again with its key is "
                  "answered again, and neither done nor counted") {
  const Reply first = keyed("/api/lots", flour);
  check_same(first, keyed("/api/lots", flour));
  CHECK(registered() == 1);
  check_problem(keyed("/api/lots", flour, "k-2"),
                409);  // another key, and the code is taken
}

TEST_CASE_FIXTURE(Fixture, "every POST takes a key") {
  const std::string lot = keyed("/api/lots", flour).json()["lot_id"];
  const std::string run =
      keyed("/api/production-runs", R"({"product": "rye bread", "line": "oven 2"})").json()["run_id"];
  const struct {
    std::string target, body;
  } requests[] = {
      {"/api/lots", flour},
      {"/api/qc-decisions", R"({"decision": "PASS", "lot_id": ")" + lot + R"("})"},
      {"/api/production-runs", R"({"product": "rye bread", "line": "oven 2"})"},
      {"/api/production-runs/" + run + "/transitions", R"({"to": "running"})"},
      {"/api/sync/lots", R"({"lots": [{"client_id": "c", "lot_code": "SALT", "lot_type": "raw", "quantity_kg": 1}]})"},
      {"/api/admin/test-alert", R"({"severity": "info"})"},
  };
  for (const auto& [target, body] : requests) {
    CAPTURE(target);
    check_same(keyed(target, body), keyed(target, body));
  }
  CHECK(registered() == 1);
  CHECK(metric("flowviz_qc_decisions_total", {{"decision", "PASS"}}) == 1);
  CHECK(metric("workflow_transitions_total", {{"entity", "production_run"}, {"from", "planned"}, {"to", "running"}}) ==
        1);
  CHECK(metric("tasks_created_total", {{"task", "sync_apply"}, {"priority", "normal"}}) == 1);
}

TEST_CASE_FIXTURE(Fixture, "a key that was used for something else is 422") {
  keyed("/api/lots", flour);
  const Reply reused = keyed("/api/lots", R"({"lot_code": "SALT", "lot_type": "raw", "quantity_kg": 1})");
  check_problem(reused, 422);
  CHECK(reused.json()["type"] == "urn:wms:problem:idempotency-key-reused");
  REQUIRE(reused.json()["errors"].size() == 1);  // as of every 422
  CHECK(reused.json()["errors"][0]["field"] == "Idempotency-Key");
  const auto plan = [&](const char* key) {
    return keyed("/api/production-runs", R"({"product": "rye bread", "line": "oven 2"})", key).json()["run_id"];
  };
  const std::string first = plan("a"), second = plan("b");
  const auto start = [&](const std::string& run) {
    return keyed("/api/production-runs/" + run + "/transitions", R"({"to": "running"})").status;
  };
  CHECK(start(first) == 200);
  CHECK(start(second) == 422);                                          // the same body, and another run
  CHECK(keyed("/api/lots", flour, "k-1", "t-operator").status == 409);  // another operator's key: the code is taken
}

TEST_CASE_FIXTURE(Fixture, "what was refused is asked anew") {
  const std::string run =
      post("/api/production-runs", R"({"product": "rye bread", "line": "oven 2"})").json()["run_id"];
  const std::string transitions = "/api/production-runs/" + run + "/transitions";
  check_problem(keyed(transitions, R"({"to": "completed"})"), 409);
  CHECK(post(transitions, R"({"to": "running"})").status == 200);
  CHECK(keyed(transitions, R"({"to": "completed"})").status == 200);
}

namespace {

/// A database that is lost once a key was claimed, and notes whose patience each call tries.
class LostOnceClaimed : public SqliteStorage {
 public:
  using SqliteStorage::SqliteStorage;
  std::vector<const Patience*> asked;

  Outcome<Wait> admit(const LimitedRequest& request, Deadline deadline) override {
    asked.push_back(deadline.patience);
    return SqliteStorage::admit(request, deadline);
  }
  Outcome<KeyClaim> claim_key(const KeyedRequest& request, const std::string& claim, Timestamp time,
                              Deadline deadline) override {
    asked.push_back(deadline.patience);
    return SqliteStorage::claim_key(request, claim, time, deadline);
  }
  Outcome<Lot> register_lot(const NewLot&, std::string_view, Deadline deadline, const Keep<Lot>&) override {
    asked.push_back(deadline.patience);
    return Refusal(Unavailable{"lost"});
  }
  Outcome<Done> release_key(const std::string&, Deadline deadline) override {
    asked.push_back(deadline.patience);
    return Refusal(Unavailable{"lost"});
  }
};

}  // namespace

TEST_CASE("all calls that a request makes try one patience") {
  TemporaryFolder folder;
  LostOnceClaimed storage(folder.file("wms.db"));
  flowviz::Registry registry;
  Metrics metrics(registry);
  App app(storage, metrics, tokens(), std::nullopt, {.rate_limit_store = RateLimitStore::database});
  check_problem(ask(app.api(), "POST", "/api/lots", "t-admin", flour, "Idempotency-Key: k-1\r\n"), 503);
  REQUIRE(storage.asked.size() == 3);  // the key is given back when nobody waits for it any more
  CHECK(storage.asked.front() != nullptr);
  for (const Patience* patience : storage.asked) CHECK(patience == storage.asked.front());
}

namespace {

/// A database that is lost when a key was claimed, or when it is about to be given back.
class LostWithTheKey : public SqliteStorage {
 public:
  using SqliteStorage::SqliteStorage;
  bool claims_unheard = false, takes_no_lots = false, releases_no_keys = false;

  Outcome<KeyClaim> claim_key(const KeyedRequest& request, const std::string& claim, Timestamp time,
                              Deadline deadline) override {
    auto claimed = SqliteStorage::claim_key(request, claim, time, deadline);
    if (claims_unheard) return Refusal(OutcomeUnknown{"lost"});
    return claimed;
  }
  Outcome<Lot> register_lot(const NewLot& lot, std::string_view by, Deadline deadline, const Keep<Lot>& keep) override {
    if (takes_no_lots) return Refusal(Unavailable{"lost"});
    return SqliteStorage::register_lot(lot, by, deadline, keep);
  }
  Outcome<Done> release_key(const std::string& claim, Deadline deadline) override {
    if (releases_no_keys) return Refusal(Unavailable{"lost"});
    return SqliteStorage::release_key(claim, deadline);
  }
};

struct LostWithTheKeyFixture : AppOn<LostWithTheKey> {
  Reply keyed(const std::string& body = flour) {
    return ask(app.api(), "POST", "/api/lots", "t-admin", body, "Idempotency-Key: k-1\r\n");
  }
  void check_that_it_is_given_back_once_there_is_a_database() {
    storage.claims_unheard = storage.takes_no_lots = false;
    storage.releases_no_keys = true;
    CHECK(app.key_releaser().step() == BackgroundWorker::Step::failed);
    const Reply in_flight = keyed();
    check_problem(in_flight, 409);
    CHECK(in_flight.headers.at("Retry-After") == "2");
    storage.releases_no_keys = false;
    CHECK(app.key_releaser().step() == BackgroundWorker::Step::worked);
    CHECK(app.key_releaser().step() == BackgroundWorker::Step::nothing_to_do);
    CHECK(keyed().status == 201);
  }
};

}  // namespace

TEST_CASE_FIXTURE(LostWithTheKeyFixture,
                  "a key whose request was lost with the database is given back when it is there") {
  storage.takes_no_lots = true;
  check_problem(keyed(), 503);
  check_that_it_is_given_back_once_there_is_a_database();
}

TEST_CASE_FIXTURE(LostWithTheKeyFixture, "a key of which nobody knows whether it was claimed is given back as well") {
  storage.claims_unheard = true;
  const Reply lost = keyed();
  check_problem(lost, 503);
  CHECK(lost.json()["type"] == "urn:wms:problem:database-unavailable");  // for nothing was done
  check_that_it_is_given_back_once_there_is_a_database();
}

TEST_CASE_FIXTURE(LostWithTheKeyFixture, "a key that could not be given back after a refusal is given back as well") {
  storage.releases_no_keys = true;
  check_problem(keyed("{}"), 422);
  CHECK(app.key_releaser().step() == BackgroundWorker::Step::failed);
  storage.releases_no_keys = false;
  CHECK(app.key_releaser().step() == BackgroundWorker::Step::worked);
  CHECK(keyed().status == 201);
}

TEST_CASE_FIXTURE(Fixture, "a key that cannot be one is 400") {
  for (const std::string& key : {std::string("a b"), std::string(256, 'x'), std::string("\xc3\xa4")}) {
    check_problem(keyed("/api/lots", flour, key), 400);
  }
  CHECK(keyed("/api/lots", flour, std::string(255, 'x')).status == 201);
}
