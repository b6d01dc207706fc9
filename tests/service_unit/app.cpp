// SPDX-License-Identifier: MIT
// The service from request to answer and metric, without a port.

#include "app.hpp"

#include <doctest/doctest.h>
#include <sys/ioctl.h>

#include <atomic>
#include <chrono>
#include <flowviz_metrics/callback.hpp>
#include <set>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "app_fixture.hpp"

namespace {

using namespace wms;

/// A database that fails when it is told to.
class FailingStorage : public SqliteStorage {
 public:
  using SqliteStorage::SqliteStorage;
  enum class Mode { works, away, lost_at_commit, buggy } mode = Mode::works;

  Outcome<Lot> register_lot(const NewLot& lot, std::string_view by, Deadline deadline, const Keep<Lot>& keep) override {
    fail_if_told_to();
    if (mode == Mode::away) return Refusal(Unavailable{"SELECT secret FROM /path"});
    if (mode == Mode::lost_at_commit) return Refusal(OutcomeUnknown{"SELECT secret FROM /path"});
    return SqliteStorage::register_lot(lot, by, deadline, keep);
  }
  Outcome<Done> ping(Deadline deadline) override {
    if (mode == Mode::away) return Refusal(Unavailable{"SELECT secret FROM /path"});
    return SqliteStorage::ping(deadline);
  }

 private:
  void fail_if_told_to() const {
    if (mode == Mode::buggy) throw std::logic_error("SELECT secret FROM /path");
  }
};

struct Fixture : AppOn<FailingStorage> {
  std::string add_lot(const std::string& code, double kg = 10) {
    const Reply reply =
        post("/api/lots", nlohmann::json{{"lot_code", code}, {"lot_type", "raw"}, {"quantity_kg", kg}}.dump());
    REQUIRE(reply.status == 201);
    return reply.json()["lot_id"];
  }
};

}  // namespace

TEST_CASE_FIXTURE(Fixture, "a lot that is registered is found where the answer says, and counted") {
  const Reply made =
      post("/api/lots", R"({"lot_code": "FLOUR", "lot_type": "raw", "quantity_kg": 12.5})", "t-operator");
  CHECK(made.status == 201);
  CHECK(made.json()["quantity_kg"] == 12.5);
  CHECK(made.json()["created_by"] == "olaf");
  const Reply found = get(made.headers.at("Location"));
  CHECK(found.status == 200);
  CHECK(found.json() == made.json());
  CHECK(metric("flowviz_lots_registered_total", {{"lot_type", "raw"}}) == 1);
  CHECK(metric("flowviz_lots_registered_total", {{"lot_type", "finished"}}) == 0);
}

TEST_CASE_FIXTURE(Fixture, "what was refused is not counted as done") {
  add_lot("FLOUR");
  CHECK(post("/api/lots", R"({"lot_code": "FLOUR", "lot_type": "raw", "quantity_kg": 1})").status == 409);
  CHECK(post("/api/lots", R"({"lot_code": "X", "lot_type": "raw", "quantity_kg": -1})").status == 422);
  CHECK(post("/api/qc-decisions", R"({"lot_id": "missing", "decision": "PASS"})").status == 404);
  storage.mode = FailingStorage::Mode::away;
  CHECK(post("/api/lots", R"({"lot_code": "Y", "lot_type": "raw", "quantity_kg": 1})").status == 503);
  CHECK(metric("flowviz_lots_registered_total", {{"lot_type", "raw"}}) == 1);
  CHECK(metric("flowviz_qc_decisions_total", {{"decision", "PASS"}}) == 0);
}

TEST_CASE_FIXTURE(Fixture, "decisions are recorded and counted by kind") {
  const std::string lot = add_lot("FLOUR");
  for (const char* decision : {"HOLD", "FAIL", "FAIL"}) {
    const Reply reply =
        post("/api/qc-decisions", nlohmann::json{{"lot_id", lot}, {"decision", decision}}.dump(), "t-inspector");
    CHECK(reply.status == 201);
    CHECK(reply.json()["decided_by"] == "ines");
    CHECK(get("/api/lots/" + lot).json()["qc_status"] == decision);
  }
  CHECK(metric("flowviz_qc_decisions_total", {{"decision", "HOLD"}}) == 1);
  CHECK(metric("flowviz_qc_decisions_total", {{"decision", "FAIL"}}) == 2);
}

TEST_CASE_FIXTURE(Fixture, "a violated rule is 409 with its name, and counted under it") {
  const std::string flour = add_lot("FLOUR", 10);
  const auto take = [&](const char* type, double kg) {
    return post("/api/lots", nlohmann::json{{"lot_code", "TAKER"},
                                            {"lot_type", type},
                                            {"quantity_kg", 1},
                                            {"inputs", {{{"lot_id", flour}, {"quantity_kg", kg}}}}}
                                 .dump());
  };
  const auto check_rule = [&](const Reply& reply, const char* rule) {
    check_problem(reply, 409);
    CHECK(reply.json()["rule"] == rule);
    CHECK(metric("business_rule_violations_total", {{"rule", rule}}) == 1);
  };
  check_rule(take("finished", 10.5), "inputs_exceed_remaining");
  check_rule(take("raw", 1), "raw_lot_with_inputs");
  post("/api/qc-decisions", nlohmann::json{{"lot_id", flour}, {"decision", "HOLD"}}.dump());
  check_rule(take("finished", 1), "input_on_hold_or_failed");
}

TEST_CASE_FIXTURE(Fixture, "a field that was refused is counted by its name, and one that a client made up is not") {
  const auto failures = [&](const char* entity, const char* field) {
    return metric("validation_failures_total", {{"entity", entity}, {"field", field}});
  };
  CHECK(failures("lot", "quantity_kg") == 0);
  post("/api/lots", R"({"lot_code": "X", "lot_type": "raw", "quantity_kg": -1, "colour": "red", "taste": "sour"})");
  CHECK(failures("lot", "quantity_kg") == 1);
  CHECK(failures("lot", "_other") == 2);
  post("/api/lots", R"({"lot_code": "X", "lot_type": "finished", "quantity_kg": 1,
                        "inputs": [{"lot_id": "no such lot", "quantity_kg": 1}]})");
  CHECK(failures("lot", "inputs") == 1);
  post("/api/qc-decisions", R"({"lot_id": "x", "decision": "MAYBE"})");
  CHECK(failures("qc_decision", "decision") == 1);
  get("/api/lots?limit=0");
  CHECK(failures("lot_query", "limit") == 1);
  get("/api/traceability/x/forward?max_depth=0");
  CHECK(failures("trace_query", "max_depth") == 1);
}

TEST_CASE_FIXTURE(Fixture, "errors are counted by what went wrong, where they become answers") {
  const auto errors = [&](const char* type, const char* severity) {
    return metric("errors_total", {{"type", type}, {"severity", severity}});
  };
  add_lot("FLOUR");
  get("/api/lots");
  for (const char* type : {"validation", "auth", "conflict", "database", "outbound", "internal"}) {
    for (const char* severity : {"info", "warning", "error"}) CHECK(errors(type, severity) == 0);
  }
  get("/api/lots?limit=0");
  get("/nowhere");
  CHECK(errors("validation", "info") == 2);
  get("/api/lots", "t-nobody");
  post("/api/lots", "{}", "t-viewer");
  CHECK(errors("auth", "warning") == 2);
  post("/api/lots", R"({"lot_code": "FLOUR", "lot_type": "raw", "quantity_kg": 1})");
  CHECK(errors("conflict", "info") == 1);
  storage.mode = FailingStorage::Mode::away;
  post("/api/lots", R"({"lot_code": "Y", "lot_type": "raw", "quantity_kg": 1})");
  CHECK(errors("database", "error") == 1);
  storage.mode = FailingStorage::Mode::buggy;
  post("/api/lots", R"({"lot_code": "Y", "lot_type": "raw", "quantity_kg": 1})");
  CHECK(errors("internal", "error") == 1);
}

TEST_CASE_FIXTURE(Fixture, "the pool's connections are read when a page is made") {
  CHECK(metric("db_pool_connections", {{"state", "active"}}) == 0);
  CHECK(metric("db_pool_connections", {{"state", "idle"}}) == 1);  // the one that writes was opened for the schema
  get("/api/lots");
  CHECK(metric("db_pool_connections", {{"state", "idle"}}) == 2);
  CHECK(metric("flowviz_db_pool_connections_idle", {}) == 2);
  CHECK(metric("flowviz_db_pool_connections_active", {}) == 0);
  CHECK(metric("db_pool_connections", {{"state", "overflow"}}) == 0);
  CHECK(metric("db_pool_connections_max", {}) >= 5);
}

TEST_CASE_FIXTURE(Fixture, "traces are timed by direction when they were answered") {
  const std::string flour = add_lot("FLOUR");
  CHECK(get("/api/traceability/" + flour + "/forward").json()["nodes"].size() == 1);
  CHECK(get("/api/traceability/" + flour + "/forward?max_depth=3").status == 200);
  CHECK(get("/api/traceability/" + flour + "/backward").status == 200);
  check_problem(get("/api/traceability/missing/backward"), 404);
  check_problem(get("/api/traceability/" + flour + "/backward?max_depth=0"), 422);
  check_problem(get("/api/traceability/" + flour + "/sideways"), 404);
  CHECK(metric("flowviz_traceability_query_duration_seconds_count", {{"direction", "forward"}}) == 2);
  CHECK(metric("flowviz_traceability_query_duration_seconds_count", {{"direction", "backward"}}) == 1);
}

TEST_CASE_FIXTURE(Fixture, "each route asks for its right") {
  const std::string lot = add_lot("FLOUR");
  const struct {
    const char* method;
    std::string target;
    std::string body;
    std::set<std::string> allowed;
    int status_when_allowed;
  } routes[] = {
      {"GET", "/api/lots", "", {"t-viewer", "t-operator", "t-inspector", "t-admin"}, 200},
      {"GET", "/api/lots/" + lot, "", {"t-viewer", "t-operator", "t-inspector", "t-admin"}, 200},
      {"GET", "/api/traceability/" + lot + "/forward", "", {"t-viewer", "t-operator", "t-inspector", "t-admin"}, 200},
      {"GET", "/api/traceability/" + lot + "/backward", "", {"t-viewer", "t-operator", "t-inspector", "t-admin"}, 200},
      {"POST", "/api/lots", "{}", {"t-operator", "t-admin"}, 422},
      {"POST", "/api/qc-decisions", "{}", {"t-inspector", "t-admin"}, 422},
      {"POST", "/api/admin/test-alert", "{}", {"t-admin"}, 422},
  };
  for (const auto& c : routes) {
    CAPTURE(c.target);
    for (const std::string token : {"t-viewer", "t-operator", "t-inspector", "t-admin"}) {
      const Reply reply = ask(app.api(), c.method, c.target, token, c.body);
      if (c.allowed.contains(token)) {
        CHECK(reply.status == c.status_when_allowed);
      } else {
        check_problem(reply, 403);
      }
    }
    for (const std::string token : {"", "unknown"}) {
      const Reply reply = ask(app.api(), c.method, c.target, token, c.body);
      check_problem(reply, 401);
      CHECK(reply.headers.at("WWW-Authenticate").starts_with("Bearer"));
    }
  }
}

TEST_CASE_FIXTURE(Fixture, "health and metrics are open, on both servers") {
  for (Server* server : {&app.api(), &app.operations()}) {
    for (const char* path : {"/health", "/health/db", "/metrics"}) CHECK(ask(*server, "GET", path).status == 200);
    const Reply head = ask(*server, "HEAD", "/metrics");
    CHECK(head.status == 200);
    CHECK(head.body.empty());
    CHECK(std::stoi(head.headers.at("Content-Length")) > 0);
  }
  check_problem(ask(app.operations(), "GET", "/api/lots", "t-admin"), 404);
}

TEST_CASE("a metrics token guards the metrics and nothing else") {
  TemporaryFolder folder;
  SqliteStorage storage(folder.file("wms.db"));
  flowviz::Registry registry;
  Metrics metrics(registry);
  App app(storage, metrics, tokens(), "s-1");
  for (Server* server : {&app.api(), &app.operations()}) {
    check_problem(ask(*server, "GET", "/metrics"), 401);
    check_problem(ask(*server, "GET", "/metrics", "t-admin"), 401);
    CHECK(ask(*server, "GET", "/metrics", "s-1").status == 200);
    CHECK(ask(*server, "GET", "/health").status == 200);
  }
  check_problem(ask(app.api(), "GET", "/api/lots", "s-1"), 401);
}

TEST_CASE_FIXTURE(Fixture, "the metrics are a valid page") {
  add_lot("FLOUR");
  const Reply reply = ask(app.operations(), "GET", "/metrics");
  CHECK(reply.headers.at("Content-Type") == "text/plain; version=0.0.4; charset=utf-8");
  for (const auto& violation : support::validate_text(reply.body))
    FAIL_CHECK(violation.rule << ": " << violation.detail);
}

TEST_CASE_FIXTURE(Fixture, "a page has the metrics that are asked for by name, as many as may be") {
  const Reply one = ask(app.operations(), "GET", "/metrics?name[]=flowviz_lots_registered_total&nonsense=1");
  CHECK(one.status == 200);
  CHECK(one.body.starts_with("# HELP flowviz_lots_registered_total "));
  CHECK(one.body.find("# HELP", 1) == std::string::npos);
  std::string query = "/metrics?name[]=x";
  for (int i = 0; i < 100; ++i) query += "&name%5B%5D=x" + std::to_string(i);
  const Reply refused = ask(app.operations(), "GET", query);
  check_problem(refused, 400);
  CHECK(refused.json()["detail"] == "name[]: a page has at most 100 names");
}

TEST_CASE_FIXTURE(Fixture, "a page waits for what hangs no longer than its reader") {
  std::atomic<bool> go_on = false;
  const flowviz::GaugeCallback hangs{registry, "hangs", "Hangs.", [&] {
                                       while (!go_on) std::this_thread::sleep_for(std::chrono::milliseconds(1));
                                       return 1.0;
                                     }};
  const Reply page = ask(app.operations(), "GET", "/metrics", "", "", "X-Prometheus-Scrape-Timeout-Seconds: 0.5\r\n");
  go_on = true;
  CHECK(page.status == 200);
  CHECK(page.body.find("# HELP hangs ") == std::string::npos);
}

namespace {

/// As many pages as a server makes at once, none of which is done before it is told to go on.
class PagesUnderWay {
 public:
  PagesUnderWay(flowviz::Registry& registry, Server& server)
      : hangs_(registry, "hangs", "Hangs.", [this] {
          ++inside_;
          while (!go_on_) std::this_thread::sleep_for(std::chrono::milliseconds(1));
          return 1.0;
        }) {
    for (int i = 0; i < 4; ++i) {
      readers_.emplace_back([this, &server] { served_ += ask(server, "GET", "/metrics").status == 200 ? 1 : 0; });
    }
    while (inside_ < 4) std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }

  /// How many were served.
  int go_on() {
    go_on_ = true;
    for (std::thread& reader : readers_) reader.join();
    return served_;
  }

 private:
  std::atomic<int> inside_ = 0, served_ = 0;
  std::atomic<bool> go_on_ = false;
  const flowviz::GaugeCallback hangs_;
  std::vector<std::thread> readers_;
};

}  // namespace

TEST_CASE_FIXTURE(Fixture, "a page more than are made at once is refused, and is no failure of the database") {
  PagesUnderWay pages(registry, app.operations());
  const Reply refused = ask(app.operations(), "GET", "/metrics");
  CHECK(pages.go_on() == 4);
  check_problem(refused, 503);
  CHECK(refused.headers.contains("Retry-After"));
  CHECK(metric("errors_total", {{"type", "database"}, {"severity", "error"}}) == 0);
  CHECK(metric("errors_total", {{"type", "internal"}, {"severity", "warning"}}) == 1);
}

TEST_CASE_FIXTURE(Fixture, "however many pages the clients of the API have made, there is one for the scrape") {
  PagesUnderWay pages(registry, app.api());
  const Reply refused = ask(app.api(), "GET", "/metrics");
  const Reply scrape = ask(app.operations(), "GET", "/metrics", "", "", "X-Prometheus-Scrape-Timeout-Seconds: 0.5\r\n");
  CHECK(pages.go_on() == 4);
  check_problem(refused, 503);
  CHECK(scrape.status == 200);
}

TEST_CASE_FIXTURE(Fixture, "requests are counted under the pattern of their route, and unknown paths under none") {
  add_lot("FLOUR");
  get("/api/lots/one");
  get("/api/lots/two");
  get("/api/lots/two", "");
  get("/nothing/here");
  const auto count = [&](const char* method, const char* handler, const char* status) {
    return metric("http_requests_total", {{"method", method}, {"handler", handler}, {"status", status}});
  };
  CHECK(count("POST", "/api/lots", "2xx") == 1);
  CHECK(count("GET", "/api/lots/{lot_id}", "4xx") == 3);
  CHECK(count("GET", "/api/traceability/{lot_id}/forward", "5xx") == 0);
  CHECK(count("GET", "none", "4xx") == 1);
}

TEST_CASE_FIXTURE(Fixture, "an accepted token makes its operator active") {
  get("/api/lots", "t-viewer");
  get("/api/lots", "t-admin");
  post("/api/lots", "{}", "t-viewer");  // forbidden, but it is somebody at work
  get("/api/lots", "unknown");
  app.database_gauges().refresh(now());
  CHECK(metric("flowviz_active_operators", {}) == 2);
}

TEST_CASE_FIXTURE(Fixture, "who cannot be told whether it was done is told that, and it is not counted") {
  storage.mode = FailingStorage::Mode::lost_at_commit;
  const Reply reply = post("/api/lots", R"({"lot_code": "X", "lot_type": "raw", "quantity_kg": 1})");
  check_problem(reply, 503);
  CHECK(reply.json()["type"] == "urn:wms:problem:outcome-unknown");
  CHECK(reply.headers.at("Retry-After") == "2");
  CHECK(reply.body.find("secret") == std::string::npos);
  CHECK(metric("flowviz_lots_registered_total", {{"lot_type", "raw"}}) == 0);
  CHECK(metric("errors_total", {{"type", "database"}, {"severity", "error"}}) == 1);
}

TEST_CASE_FIXTURE(Fixture, "a database that is away is 503 with Retry-After, and clients learn no more") {
  storage.mode = FailingStorage::Mode::away;
  for (const Reply& reply :
       {post("/api/lots", R"({"lot_code": "A", "lot_type": "raw", "quantity_kg": 1})"), get("/health/db", "")}) {
    check_problem(reply, 503);
    CHECK(std::stoi(reply.headers.at("Retry-After")) > 0);
    CHECK(reply.body.find("secret") == std::string::npos);
  }
  CHECK(get("/health", "").status == 200);
  CHECK(get("/metrics", "").status == 200);
}

TEST_CASE_FIXTURE(Fixture, "a bug is 500, and clients learn no more") {
  storage.mode = FailingStorage::Mode::buggy;
  const Reply reply = post("/api/lots", R"({"lot_code": "A", "lot_type": "raw", "quantity_kg": 1})");
  check_problem(reply, 500);
  CHECK(reply.body.find("secret") == std::string::npos);
  CHECK(metric("http_requests_total", {{"method", "POST"}, {"handler", "/api/lots"}, {"status", "5xx"}}) == 1);
}

TEST_CASE_FIXTURE(Fixture, "a method that a path does not take is 405 with those that it takes") {
  for (const char* method : {"DELETE", "PUT", "PATCH", "OPTIONS", "TRACE", "CONNECT", "FOO"}) {
    CAPTURE(method);
    const Reply reply = ask(app.api(), method, "/api/lots", "t-admin");
    check_problem(reply, 405);
    CHECK(reply.headers.at("Allow") == "POST, GET, HEAD");
  }
  check_problem(ask(app.api(), "FOO", "/nothing"), 404);
}

TEST_CASE_FIXTURE(Fixture, "what is not even a request that can be read is told in the same form") {
  const struct {
    std::string bytes;
    int status;
  } cases[] = {
      {"nonsense\r\n\r\n", 400},
      {"GET / HTTP/3.0\r\n\r\n", 400},
      {"GET /" + std::string(9000, 'a') + " HTTP/1.1\r\n\r\n", 414},
      {"GET /" + std::string(100'000, 'a') + " HTTP/1.1\r\n\r\n", 414},
      {"GET / HTTP/1.1\r\nRange: nonsense\r\n\r\n", 416},
      {"GET / HTTP/1.1\r\n" + std::string(40'000, 'a'), 431},
  };
  for (const auto& c : cases) {
    CAPTURE(c.bytes.substr(0, 60));
    check_problem(talk(app.api(), c.bytes), c.status);
  }
}

TEST_CASE_FIXTURE(Fixture, "a request that does not arrive in time is 408") {
  const ConnectionLimits hasty{std::chrono::milliseconds(50), std::chrono::milliseconds(50),
                               std::chrono::milliseconds(5000)};
  const Reply head = talk(app.api(), "GET / HTTP/1.1\r\nHost", hasty);
  check_problem(head, 408);
  const Reply body =
      talk(app.api(), "POST /api/lots HTTP/1.1\r\nAuthorization: Bearer t-admin\r\nContent-Length: 5\r\n\r\n{", hasty);
  check_problem(body, 408);
  for (const Reply& reply : {head, body}) {
    CHECK_FALSE(reply.goes_on);
    CHECK(reply.headers.at("Connection") == "close");
  }
}

TEST_CASE_FIXTURE(Fixture, "the bodies of all requests together have so much room, which each gives back") {
  ConnectionLimits limits;
  limits.body = 30;
  limits.bodies = 40;
  const std::string head = "POST /api/production-runs HTTP/1.1\r\nAuthorization: Bearer t-admin\r\n";
  const std::string chunked = head + "Transfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n";
  SocketPair slow;
  std::thread other([&] {
    RequestStream stream(slow.service(), limits);
    if (stream.next_request()) app.api().answer(stream, true);
  });
  const auto send = [&](const std::string& bytes) {
    slow.send(bytes);
    for (int unread = 1; unread != 0; std::this_thread::yield()) REQUIRE(ioctl(slow.service(), FIONREAD, &unread) == 0);
  };
  send(head + "Content-Length: 20\r\n\r\n");
  send(" ");  // that a byte of the body was read says that there was room for it
  const std::string two = head + "Content-Length: 21\r\n\r\n" + std::string(21, ' ');
  const Reply refused = talk(app.api(), two, limits);
  check_problem(refused, 503);
  CHECK(refused.headers.at("Retry-After") == "2");
  CHECK(talk(app.api(), chunked, limits).status == 503);  // of unknown length: as long as a body may be
  check_problem(talk(app.api(), head + "Content-Length: 20\r\n\r\n" + std::string(20, ' '), limits), 400);
  slow.send(std::string(19, ' '));
  other.join();
  check_problem(talk(app.api(), two, limits), 400);
  check_problem(talk(app.api(), chunked, limits), 422);
  check_problem(talk(app.api(), two, limits), 400);
}

TEST_CASE_FIXTURE(Fixture, "a body is refused before it is read, whatever it would be unpacked to") {
  const struct {
    std::string headers;
    int status;
  } cases[] = {
      {"Content-Length: 1048577\r\n", 413},
      {"Content-Length: 18446744073709551615\r\n", 413},
      {"Content-Length: -1\r\n", 400},
      {"Content-Length: 1\r\nTransfer-Encoding: chunked\r\n", 400},
      {"", 411},
      {"Content-Length: 0\r\nContent-Encoding: gzip\r\n", 415},
      {"Content-Length: 0\r\nContent-Type: multipart/form-data; boundary=x\r\n", 415},
      {"Content-Length: 1048577\r\nExpect: 100-continue\r\n", 413},
  };
  for (const auto& c : cases) {
    CAPTURE(c.headers);
    check_problem(talk(app.api(), "POST /api/lots HTTP/1.1\r\nAuthorization: Bearer t-admin\r\n" + c.headers + "\r\n"),
                  c.status);
  }
  // Who may not write lots is told so whatever comes: nothing of it is read.
  check_problem(talk(app.api(), "POST /api/lots HTTP/1.1\r\nContent-Length: 1048577\r\n\r\n"), 401);
}

TEST_CASE_FIXTURE(Fixture, "a body in chunks is read, up to the same size") {
  const std::string head =
      "POST /api/lots HTTP/1.1\r\nAuthorization: Bearer t-admin\r\nTransfer-Encoding: chunked\r\n\r\n";
  check_problem(talk(app.api(), head + "2\r\n{}\r\n0\r\n\r\n"), 422);

  SocketPair sockets;
  const ConnectionLimits limits;
  RequestStream stream(sockets.service(), limits);
  std::thread client([&] {
    try {
      sockets.send(head);
      for (;;) sockets.send("1000\r\n" + std::string(4096, ' ') + "\r\n");
    } catch (const std::runtime_error&) {  // it was refused
    }
  });
  REQUIRE(stream.next_request());
  CHECK_FALSE(app.api().answer(stream, false));
  check_problem(parse_reply(sockets.received()), 413);
  shutdown(sockets.service(), SHUT_RDWR);
  client.join();
}

TEST_CASE_FIXTURE(Fixture, "an answer to a body that was not read keeps the connection if the rest is small") {
  const Reply small = ask(app.api(), "POST", "/api/lots", "unknown", "{}");
  CHECK(small.status == 401);
  CHECK(small.goes_on);
  const Reply large = talk(app.api(), "POST /api/lots HTTP/1.1\r\nContent-Length: 5000000\r\n\r\n");
  CHECK(large.headers.at("Connection") == "close");
  CHECK_FALSE(large.goes_on);
}

TEST_CASE_FIXTURE(Fixture, "ranges are left alone, and so is compression but for the page of metrics") {
  std::string ranges;
  for (int i = 0; i < 1000; ++i) ranges += (ranges.empty() ? "0-" : ",0-");
  const Reply reply =
      ask(app.api(), "GET", "/health", "", "", "Range: bytes=" + ranges + "\r\nAccept-Encoding: gzip, br\r\n");
  CHECK(reply.status == 200);
  CHECK(reply.body == R"({"status":"ok"})");
  CHECK_FALSE(reply.headers.contains("Content-Encoding"));
  const auto page = [&](const std::string& headers) {
    return ask(app.operations(), "GET", "/metrics", "", "", headers);
  };
  for (const char* refused : {"", "Accept-Encoding: br\r\n", "Accept-Encoding: gzip;q=0\r\n"}) {
    CAPTURE(refused);
    const Reply plain = page(refused);
    CHECK_FALSE(plain.headers.contains("Content-Encoding"));
    CHECK(plain.body.starts_with("# HELP"));
  }
#ifdef CPPHTTPLIB_ZLIB_SUPPORT
  for (const char* wanted : {"Accept-Encoding: gzip, br\r\n", "Accept-Encoding: br\r\nAccept-Encoding: gzip\r\n"}) {
    CAPTURE(wanted);
    const Reply packed = page(wanted);
    CHECK(packed.headers.at("Content-Encoding") == "gzip");
    CHECK(packed.body.starts_with("\x1f\x8b"));
    CHECK(packed.body.size() * 3 < page("").body.size());
  }
#endif
}

TEST_CASE_FIXTURE(Fixture, "every answer has a request id of its own, not the client's") {
  std::set<std::string> seen;
  for (const Reply& reply :
       {get("/health"), get("/nothing"), get("/api/lots", ""), post("/api/lots", "{"),
        talk(app.api(), "nonsense\r\n\r\n"), ask(app.api(), "GET", "/health", "", "", "X-Request-Id: mine\r\n")}) {
    REQUIRE(reply.headers.contains("X-Request-Id"));
    CHECK(seen.insert(reply.headers.at("X-Request-Id")).second);
  }
  CHECK_FALSE(seen.contains("mine"));
}

TEST_CASE_FIXTURE(Fixture, "whatever clients send, no series appears that the catalogue does not know") {
  const auto series = [&] {
    std::set<std::string> names;
    const std::string page = ask(app.operations(), "GET", "/metrics").body;
    for (const auto& sample : support::parse_samples(page)) {
      std::string name = sample.name;
      for (const auto& [label, value] : sample.labels) name += "," + label + "=" + value;
      names.insert(name);
    }
    return names;
  };
  get("/nothing");
  const auto before = series();
  for (int i = 0; i < 500; ++i) {
    const std::string text = "x" + std::to_string(i);
    get("/" + text);
    get("/api/lots/" + text);
    post("/api/qc-decisions", R"({"lot_id": "A", "decision": ")" + text + "\"}");
    post("/api/lots", "{\"" + text + "\": 1}");
  }
  const auto after = series();
  CHECK(after.size() == before.size());
}
