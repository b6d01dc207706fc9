// SPDX-License-Identifier: MIT
// What can be chosen about the service, from request to answer and metric, without a port.

#include "app_options.hpp"

#include <doctest/doctest.h>

#include <chrono>
#include <string>
#include <string_view>

#include "app.hpp"
#include "http_client.hpp"
#include "storage/sqlite_storage.hpp"
#include "support/text_validator.hpp"
#include "temporary_folder.hpp"

namespace {

using namespace wms;
using nlohmann::json;
using namespace std::chrono_literals;

struct Service {
  TemporaryFolder folder;
  SqliteStorage storage{folder.file("wms.db")};
  flowviz::Registry registry;
  Metrics metrics{registry};
  App app;

  explicit Service(const AppOptions& options)
      : app(storage, metrics,
            Tokens({{"t-viewer", {"vera", Role::viewer}},
                    {"t-operator", {"olaf", Role::operator_}},
                    {"t-inspector", {"ines", Role::inspector}},
                    {"t-admin", {"ada", Role::admin}}}),
            std::nullopt, options) {}

  Reply send(const std::string& method, const std::string& target, const std::string& token,
             const std::string& body = "") {
    return ask(app.api(), method, target, token, body);
  }
  double metric(std::string_view name, support::LabelPairs labels) {
    const std::string page = ask(app.operations(), "GET", "/metrics").body;
    return support::value_of(support::parse_samples(page), name, std::move(labels));
  }
};

}  // namespace

TEST_CASE("who asks too often is told when to come back, and counted by route") {
  Service service({.rate_limits = {.lots = 2, .qc_decisions = 1, .traceability = 1}});
  const struct {
    const char* method;
    std::string target;
    const char* route;
    int admitted;
    int status;
  } cases[] = {{"POST", "/api/lots", "lots", 2, 422},
               {"POST", "/api/qc-decisions", "qc_decisions", 1, 422},
               {"GET", "/api/traceability/x/forward", "trace_forward", 1, 404},
               {"GET", "/api/traceability/x/backward", "trace_backward", 1, 404}};
  for (const auto& c : cases) {
    CAPTURE(c.target);
    const std::string body = c.method == std::string("POST") ? "{}" : "";
    CHECK(service.metric("rate_limit_violations_total", {{"route", c.route}}) == 0);
    CHECK(service.metric("rate_limit_near_limit", {{"route", c.route}}) == 0);
    for (int i = 0; i < 3; ++i) CHECK(service.send(c.method, c.target, "t-nobody", body).status == 401);
    if (!body.empty()) {  // who may not is told so, however often
      for (int i = 0; i < 3; ++i) CHECK(service.send(c.method, c.target, "t-viewer", body).status == 403);
    }
    for (int i = 0; i < c.admitted; ++i) CHECK(service.send(c.method, c.target, "t-admin", body).status == c.status);
    CHECK(service.metric("rate_limit_near_limit", {{"route", c.route}}) == 1);
    const Reply refused = service.send(c.method, c.target, "t-admin", body);
    CHECK(refused.status == 429);
    CHECK(refused.headers.at("Content-Type") == "application/problem+json");
    CHECK(std::stoi(refused.headers.at("Retry-After")) > 0);
    CHECK(std::stoi(refused.headers.at("Retry-After")) <= 60);
    CHECK(refused.goes_on);
    CHECK(service.metric("rate_limit_violations_total", {{"route", c.route}}) == 1);
  }
  // It is this operator's limit, and these routes'.
  CHECK(service.send("POST", "/api/lots", "t-operator", "{}").status == 422);
  for (int i = 0; i < 5; ++i) CHECK(service.send("GET", "/api/lots", "t-admin").status == 200);
  CHECK(service.metric("errors_total", {{"type", "auth"}, {"severity", "info"}}) == 4);
}

TEST_CASE("whether it is open is read when a page is made") {
  const auto shown = [](const char* hours) {
    return Service({.business_hours = BusinessHours::parse(hours).value()}).metric("flowviz_business_hours", {});
  };
  CHECK(shown("Mon-Sun 00:00-24:00") == 1);
  CHECK(shown("none") == 0);
}

TEST_CASE("traces that are kept are answered again until one of their lots changes") {
  Service service({.trace_cache = {.entries = 10}});
  const auto post = [&](const char* target, const json& body) {
    const Reply reply = service.send("POST", target, "t-admin", body.dump());
    REQUIRE(reply.status == 201);
    return reply.json();
  };
  const auto add_lot = [&](const char* code, const char* type, const json& inputs) -> std::string {
    return post("/api/lots",
                {{"lot_code", code}, {"lot_type", type}, {"quantity_kg", 10}, {"inputs", inputs}})["lot_id"];
  };
  const auto trace = [&](const std::string& lot, const char* direction) {
    return service.send("GET", "/api/traceability/" + lot + "/" + direction, "t-viewer").json();
  };
  const auto hits = [&] { return service.metric("cache_operations_total", {{"operation", "get"}, {"result", "hit"}}); };
  const std::string flour = add_lot("FLOUR", "raw", json::array());
  const std::string dough = add_lot("DOUGH", "intermediate", {{{"lot_id", flour}, {"quantity_kg", 1}}});

  CHECK(trace(flour, "forward")["nodes"].size() == 2);
  CHECK(trace(flour, "forward")["nodes"].size() == 2);
  CHECK(hits() == 1);
  CHECK(trace(dough, "backward")["nodes"].size() == 2);
  // A lot that is made of one further down the line belongs to the trace, too.
  const std::string bread = add_lot("BREAD", "finished", {{{"lot_id", dough}, {"quantity_kg", 2}}});
  CHECK(trace(flour, "forward")["nodes"].size() == 3);
  CHECK(trace(dough, "backward")["nodes"][0]["remaining_kg"] == 8);
  CHECK(trace(bread, "backward")["nodes"][2]["qc_status"] == "PENDING");
  CHECK(hits() == 1);
  post("/api/qc-decisions", {{"lot_id", flour}, {"decision", "FAIL"}});
  CHECK(trace(bread, "backward")["nodes"][2]["qc_status"] == "FAIL");
  CHECK(trace(flour, "forward")["nodes"][0]["qc_status"] == "FAIL");
  CHECK(hits() == 1);
  add_lot("SALT", "raw", json::array());
  CHECK(trace(flour, "forward")["nodes"].size() == 3);
  CHECK(hits() == 2);
  // Another instance has caches and connections of its own.
  SqliteStorage other(service.folder.file("wms.db"));
  REQUIRE(other.record_decision({bread, Decision::HOLD, {}}, "ines", std::chrono::steady_clock::now() + 30s));
  CHECK(trace(flour, "forward")["nodes"][2]["qc_status"] == "HOLD");
  CHECK(hits() == 2);
}

TEST_CASE("an admin raises a test alert of a severity, and nobody else") {
  Service service({});
  const auto raised = [&](const char* severity) {
    return service.metric("flowviz_test_alert", {{"severity", severity}});
  };
  const auto raise = [&](const std::string& body, const char* token) {
    return service.send("POST", "/api/admin/test-alert", token, body);
  };
  const std::string body = R"({"severity": "warning"})";
  for (const char* severity : {"critical", "warning", "info"}) CHECK(raised(severity) == 0);
  for (const char* token : {"t-viewer", "t-operator", "t-inspector"}) {
    CHECK(raise(body, token).status == 403);
  }
  CHECK(raise(body, "t-nobody").status == 401);
  for (const char* wrong :
       {"{}", R"({"severity": "fatal"})", R"({"severity": 1})", R"({"severity": "info", "x": 1})"}) {
    CHECK(raise(wrong, "t-admin").status == 422);
  }
  CHECK(service.metric("validation_failures_total", {{"entity", "test_alert"}, {"field", "severity"}}) == 3);
  for (const char* severity : {"critical", "warning", "info"}) CHECK(raised(severity) == 0);

  const Reply reply = raise(body, "t-admin");
  CHECK(reply.status == 202);
  CHECK(reply.json() == json{{"severity", "warning"}, {"duration_seconds", 300}});
  CHECK(raised("warning") == 1);
  CHECK(raised("critical") == 0);
  CHECK(raised("info") == 0);
}
