// SPDX-License-Identifier: MIT
// Lots recorded offline, from request to lot and metric, without a port and without the thread that applies them.

#include "routes/sync.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "app_fixture.hpp"
#include "domain/sync.hpp"

namespace {

using nlohmann::json;
using wms::BackgroundWorker;

json offline(const std::string& client_id, const std::vector<json>& inputs = {}) {
  return {{"client_id", client_id},
          {"lot_code", "CODE-" + client_id},
          {"lot_type", inputs.empty() ? "raw" : "intermediate"},
          {"quantity_kg", 10},
          {"inputs", inputs}};
}

json from_client(const std::string& id, double kg = 1) { return {{"client_id", id}, {"quantity_kg", kg}}; }

struct Fixture : AppFixture {
  Reply send(const std::vector<json>& lots, const std::string& token = "t-operator") {
    return post("/api/sync/lots", json{{"lots", lots}}.dump(), token);
  }
  json state(const std::string& client_id) { return get("/api/sync/" + client_id).json(); }
  void apply_all() {
    while (app.sync_applier().step() == BackgroundWorker::Step::worked) {
    }
  }
  double tasks(const char* outcome) {
    return metric("tasks_completed_total", {{"task", "sync_apply"}, {"outcome", outcome}});
  }
};

}  // namespace

TEST_CASE_FIXTURE(Fixture, "a batch is taken in, applied in the order of its inputs, and counted when it is") {
  const Reply taken =
      send({offline("BREAD", {from_client("DOUGH")}), offline("DOUGH", {from_client("FLOUR", 4)}), offline("FLOUR")});
  CHECK(taken.status == 202);
  CHECK(taken.json() == json{{"accepted", 3}, {"duplicates", 0}});
  CHECK(state("BREAD") == json{{"client_id", "BREAD"}, {"status", "queued"}, {"lot", nullptr}, {"refusal", nullptr}});
  CHECK(metric("tasks_created_total", {{"task", "sync_apply"}, {"priority", "normal"}}) == 3);
  CHECK(metric("flowviz_lots_registered_total", {{"lot_type", "raw"}}) == 0);
  app.database_gauges().refresh(wms::now());
  CHECK(metric("flowviz_pending_sync_lots", {}) == 3);
  CHECK(metric("tasks_by_status", {{"task", "sync_apply"}, {"status", "queued"}}) == 3);

  apply_all();
  const json bread = state("BREAD");
  CHECK(bread["status"] == "applied");
  CHECK(bread["lot"]["created_by"] == "olaf");
  CHECK(get("/api/lots/" + bread["lot"]["lot_id"].get<std::string>()).json() == bread["lot"]);
  CHECK(state("FLOUR")["lot"]["remaining_kg"] == 6);
  CHECK(metric("flowviz_lots_registered_total", {{"lot_type", "raw"}}) == 1);
  CHECK(metric("flowviz_lots_registered_total", {{"lot_type", "intermediate"}}) == 2);
  CHECK(tasks("done") == 3);
  CHECK(tasks("failed") == 0);
  app.database_gauges().refresh(wms::now());
  CHECK(metric("flowviz_pending_sync_lots", {}) == 0);
  CHECK(metric("tasks_by_status", {{"task", "sync_apply"}, {"status", "done"}}) == 3);
}

TEST_CASE_FIXTURE(Fixture, "a batch that is sent again is not applied again") {
  send({offline("FLOUR")});
  CHECK(send({offline("FLOUR")}).json() == json{{"accepted", 0}, {"duplicates", 1}});
  apply_all();
  CHECK(send({offline("FLOUR")}).json() == json{{"accepted", 0}, {"duplicates", 1}});
  apply_all();
  CHECK(metric("tasks_created_total", {{"task", "sync_apply"}, {"priority", "normal"}}) == 1);
  CHECK(metric("flowviz_lots_registered_total", {{"lot_type", "raw"}}) == 1);
  json other = offline("FLOUR");
  other["quantity_kg"] = 11;
  const Reply refused = send({other});
  check_problem(refused, 409);
  CHECK(refused.json()["errors"][0]["field"] == "lots[0].client_id");
}

TEST_CASE_FIXTURE(Fixture, "a lot that breaks a rule is refused with its name and its reason, and counted") {
  send({offline("FLOUR"), offline("DOUGH", {from_client("FLOUR", 11)})});
  apply_all();
  const json dough = state("DOUGH");
  CHECK(dough["status"] == "refused");
  CHECK(dough["refusal"]["rule"] == "inputs_exceed_remaining");
  CHECK(dough["refusal"]["reason"].get<std::string>().starts_with("inputs[0].quantity_kg: 11 kg of lot "));
  CHECK(metric("business_rule_violations_total", {{"rule", "inputs_exceed_remaining"}}) == 1);
  CHECK(tasks("done") == 1);
  CHECK(tasks("failed") == 1);
}

TEST_CASE_FIXTURE(Fixture, "a batch whose inputs form a circle is refused") {
  const Reply refused = send({offline("A"), offline("B", {from_client("C")}), offline("C", {from_client("B")})});
  check_problem(refused, 409);
  CHECK(refused.json()["rule"] == "sync_inputs_form_a_circle");
  CHECK(metric("business_rule_violations_total", {{"rule", "sync_inputs_form_a_circle"}}) == 1);
  CHECK(get("/api/sync/A").status == 404);
  check_problem(send({offline("A", {from_client("A")})}), 409);
}

TEST_CASE_FIXTURE(Fixture, "what a batch has to be like is said, field by field") {
  check_problem(post("/api/sync/lots", "{}"), 422);
  check_problem(send({offline("A"), offline("A")}), 422);
  check_problem(send({offline("A/B")}), 422);
  check_problem(send(std::vector<json>(501, offline("A"))), 422);
  const Reply reply =
      send({offline("A"), offline("B", {from_client("A"), {{"quantity_kg", 1}}, from_client("nobody")})});
  CHECK(reply.json()["errors"][0]["field"] == "lots[1].inputs[1].lot_id");
  const Reply unknown = send({offline("A"), offline("B", {from_client("nobody")})});
  check_problem(unknown, 422);
  CHECK(unknown.json()["errors"][0]["field"] == "lots[1].inputs");
  CHECK(metric("validation_failures_total", {{"entity", "sync_batch"}, {"field", "lots"}}) > 0);
  for (const char* token : {"t-viewer", "t-inspector"}) check_problem(send({offline("A")}, token), 403);
  check_problem(get("/api/sync/A"), 404);
}

TEST_CASE("lots are sorted by their inputs, and stay as they were sent otherwise") {
  const auto lot = [](const std::string& id, const std::vector<std::string>& inputs = {}) {
    wms::SyncLot made{0, id, id, wms::LotType::raw, {1}, std::nullopt, {}};
    for (const std::string& input : inputs) made.inputs.push_back({wms::SyncInput::By::client_id, input, {1}});
    return made;
  };
  const auto sorted = wms::in_order_of_inputs(
      {lot("d", {"b", "c"}), lot("c", {"a"}), lot("x"), lot("b", {"a", "of another batch"}), lot("a"), lot("y")});
  REQUIRE(sorted);
  std::string order;
  for (const wms::SyncLot& one : *sorted) order += one.client_id;
  CHECK(order == "xacbdy");
}
