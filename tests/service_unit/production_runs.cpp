// SPDX-License-Identifier: MIT
// Production runs from request to answer and metric, without a port.

#include "routes/production_runs.hpp"

#include <doctest/doctest.h>

#include <string>

#include "app_fixture.hpp"

namespace {

struct Fixture : AppFixture {
  std::string plan() {
    const Reply reply = post("/api/production-runs", R"({"product": "rye bread", "line": "oven 2"})", "t-operator");
    REQUIRE(reply.status == 201);
    return reply.json()["run_id"];
  }
  Reply move(const std::string& run_id, const std::string& to, const std::string& token = "t-operator") {
    return post("/api/production-runs/" + run_id + "/transitions", R"({"to": ")" + to + R"("})", token);
  }
  double transitions(const std::string& from, const std::string& to) {
    return metric("workflow_transitions_total", {{"entity", "production_run"}, {"from", from}, {"to", to}});
  }
};

}  // namespace

TEST_CASE_FIXTURE(Fixture, "a planned run is found where the answer says") {
  const Reply made = post("/api/production-runs", R"({"product": "rye bread", "line": "oven 2"})", "t-operator");
  CHECK(made.status == 201);
  CHECK(made.json()["state"] == "planned");
  CHECK(made.json()["created_by"] == "olaf");
  const Reply found = get(made.headers.at("Location"));
  CHECK(found.status == 200);
  CHECK(found.json() == made.json());
}

TEST_CASE_FIXTURE(Fixture, "the steps of runs are counted once they are taken, and their ends by outcome") {
  CHECK(transitions("planned", "running") == 0);  // there from the start
  const std::string first = plan(), second = plan();
  CHECK(move(first, "running").json()["state"] == "running");
  CHECK(move(second, "running").status == 200);
  CHECK(move(first, "running").status == 409);
  CHECK(move(first, "completed").status == 200);
  CHECK(move(second, "aborted").status == 200);
  CHECK(transitions("planned", "running") == 2);
  CHECK(transitions("running", "completed") == 1);
  CHECK(transitions("running", "aborted") == 1);
  for (const char* outcome : {"completed", "aborted"}) {
    CHECK(metric("flowviz_production_runs_completed_total", {{"outcome", outcome}}) == 1);
  }
}

TEST_CASE_FIXTURE(Fixture, "a step that is not allowed is 409 and says why") {
  const Reply refused = move(plan(), "completed");
  check_problem(refused, 409);
  CHECK(refused.json()["type"] == "urn:wms:problem:transition-not-allowed");
  CHECK(refused.json()["detail"] == "to: a run that is planned cannot become completed");
  CHECK(metric("errors_total", {{"type", "conflict"}, {"severity", "info"}}) == 1);
}

TEST_CASE_FIXTURE(Fixture, "a lot for a run that is not running is 409, and counted as a violated rule") {
  const std::string run = plan();
  const std::string lot =
      R"({"lot_code": "BREAD", "lot_type": "raw", "quantity_kg": 1, "production_run_id": ")" + run + R"("})";
  const Reply refused = post("/api/lots", lot);
  check_problem(refused, 409);
  CHECK(refused.json()["rule"] == "run_not_running");
  CHECK(metric("business_rule_violations_total", {{"rule", "run_not_running"}}) == 1);
  CHECK(metric("flowviz_lots_registered_total", {{"lot_type", "raw"}}) == 0);
  CHECK(move(run, "running").status == 200);
  CHECK(post("/api/lots", lot).json()["production_run_id"] == run);
}

TEST_CASE_FIXTURE(Fixture, "who may plan runs, and what a run has to be, is said") {
  const std::string run = plan();
  for (const char* token : {"t-viewer", "t-inspector"}) {
    check_problem(post("/api/production-runs", R"({"product": "a", "line": "b"})", token), 403);
    check_problem(move(run, "running", token), 403);
    CHECK(get("/api/production-runs/" + run, token).status == 200);
  }
  check_problem(post("/api/production-runs", R"({"product": "", "line": 7, "colour": "red"})"), 422);
  CHECK(metric("validation_failures_total", {{"entity", "production_run"}, {"field", "product"}}) == 1);
  CHECK(metric("validation_failures_total", {{"entity", "production_run"}, {"field", "line"}}) == 1);
  check_problem(move(run, "finished"), 422);
  CHECK(metric("validation_failures_total", {{"entity", "run_transition"}, {"field", "to"}}) == 1);
  check_problem(get("/api/production-runs/missing"), 404);
  check_problem(move("missing", "running"), 404);
}

TEST_CASE_FIXTURE(Fixture, "the gauge of active runs is that of the database") {
  const std::string run = plan();
  move(run, "running");
  app.database_gauges().refresh(wms::now());
  CHECK(metric("flowviz_production_runs_active", {}) == 1);
  move(run, "aborted");
  app.database_gauges().refresh(wms::now());
  CHECK(metric("flowviz_production_runs_active", {}) == 0);
}
