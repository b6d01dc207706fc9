// SPDX-License-Identifier: MIT
// Messages that decisions have stopped lots, from the request to the metric: with a receiver that answers what it is
// told to, a clock that is put forward, and without the thread that sends.

#include "webhook/sender.hpp"

#include <doctest/doctest.h>

#include <deque>
#include <string>
#include <vector>

#include "app_fixture.hpp"
#include "webhook/message.hpp"

namespace {

using namespace wms;
using namespace std::chrono_literals;
using flowviz::bundles::CallOutcome;
using nlohmann::json;
using Step = BackgroundWorker::Step;

Deadline soon() { return std::chrono::steady_clock::now() + 30s; }

WebhookAnswer status(int code, std::optional<std::chrono::seconds> retry_after = {}) {
  return {code < 300 ? CallOutcome::ok : CallOutcome::error, code, retry_after, ""};
}

/// A database that is away when it is told to be.
struct Away : SqliteStorage {
  using SqliteStorage::SqliteStorage;
  bool is_away = false;

  Outcome<bool> end_notification(std::string_view id, NotificationStatus end, Timestamp time,
                                 Deadline deadline) override {
    if (is_away) return Refusal(Unavailable{"away"});
    return SqliteStorage::end_notification(id, end, time, deadline);
  }
};

AppOptions with_webhook() {
  AppOptions options{.rate_limits = {0, 0, 0}};
  options.webhook.address = WebhookAddress{"http://127.0.0.1:1", "/a-secret"};
  options.webhook.retry = {.attempts = 3, .first_wait = 1s, .longest = 60s};
  return options;
}

struct Fixture {
  TemporaryFolder folder;
  Away storage{folder.file("wms.db")};
  flowviz::Registry registry;
  Metrics metrics{registry};
  App app{storage, metrics, tokens(), std::nullopt, with_webhook()};

  std::deque<WebhookAnswer> answers;  // 204 after the last one
  std::vector<std::string> sent, keys;
  Timestamp time = now();
  WebhookSender sender{storage, metrics, with_webhook().webhook,
                       [this](const std::string& text, std::string_view key) {
                         sent.push_back(text);
                         keys.emplace_back(key);
                         if (answers.empty()) return status(204);
                         const WebhookAnswer answer = answers.front();
                         answers.pop_front();
                         return answer;
                       },
                       [this] { return time; }};

  /// Decides on a lot of its own; the decision.
  json decide(const std::string& decision, const std::string& headers = "") {
    const std::string code = "LOT-" + std::to_string(++lots_);
    const Reply lot = ask(app.api(), "POST", "/api/lots", "t-operator",
                          json{{"lot_code", code}, {"lot_type", "raw"}, {"quantity_kg", 1}}.dump());
    REQUIRE(lot.status == 201);
    body_ = json{{"lot_id", lot.json()["lot_id"]}, {"decision", decision}, {"note", "@everyone \"mouldy\""}}.dump();
    return decide_again(headers);
  }
  json decide_again(const std::string& headers = "") {
    const Reply decided = ask(app.api(), "POST", "/api/qc-decisions", "t-inspector", body_, headers);
    REQUIRE(decided.status == 201);
    time = std::max(time, now());
    return decided.json();
  }
  void send_all() {
    while (sender.step() == Step::worked) {
    }
  }
  double metric(std::string_view name, support::LabelPairs labels) {
    const std::string page = ask(app.operations(), "GET", "/metrics").body;
    return support::value_of(support::parse_samples(page), name, std::move(labels));
  }
  double created(const char* priority) {
    return metric("tasks_created_total", {{"task", "webhook"}, {"priority", priority}});
  }
  double completed(const char* outcome) {
    return metric("tasks_completed_total", {{"task", "webhook"}, {"outcome", outcome}});
  }
  double notified(const char* channel, const char* how) {
    return metric("notifications_sent_total", {{"channel", channel}, {"status", how}});
  }
  double requests(const char* outcome) {
    return metric("outbound_requests_total", {{"target", "qc_webhook"}, {"outcome", outcome}});
  }

 private:
  int lots_ = 0;
  std::string body_;
};

}  // namespace

TEST_CASE_FIXTURE(Fixture, "a lot that is stopped is told of once, and all of it counted") {
  const json failed = decide("FAIL");
  decide("HOLD");
  decide("PASS");
  CHECK(created("high") == 1);
  CHECK(created("normal") == 1);
  CHECK(notified("log", "ok") == 2);
  app.database_gauges().refresh(now());
  CHECK(metric("tasks_by_status", {{"task", "webhook"}, {"status", "queued"}}) == 2);
  send_all();
  REQUIRE(sent.size() == 2);
  CHECK(failed["decision_id"] == keys.front());
  CHECK(requests("ok") == 2);
  CHECK(metric("outbound_request_duration_seconds_count", {{"target", "qc_webhook"}, {"outcome", "ok"}}) == 2);
  CHECK(notified("webhook", "ok") == 2);
  CHECK(completed("done") == 2);
  app.database_gauges().refresh(now());
  CHECK(metric("tasks_by_status", {{"task", "webhook"}, {"status", "queued"}}) == 0);
  CHECK(metric("tasks_by_status", {{"task", "webhook"}, {"status", "done"}}) == 2);
}

TEST_CASE_FIXTURE(Fixture, "a message is one for Discord, says which lot and why, and calls nobody") {
  const json decision = decide("FAIL");
  send_all();
  REQUIRE(sent.size() == 1);
  const json message = json::parse(sent.front());
  CHECK(message["content"] == "Lot LOT-1 is stopped: quality decision FAIL.");
  CHECK(message["allowed_mentions"] == json{{"parse", json::array()}});
  const json& details = message["embeds"][0];
  CHECK(details["description"] == "@everyone \"mouldy\"");
  CHECK(details["timestamp"] == decision["decided_at"]);
  json fields;
  for (const json& field : details["fields"]) fields[field["name"].get<std::string>()] = field["value"];
  CHECK(fields == json{{"decision", "FAIL"},
                       {"lot_code", "LOT-1"},
                       {"lot_id", decision["lot_id"]},
                       {"decision_id", decision["decision_id"]},
                       {"decided_by", "ines"}});
}

TEST_CASE_FIXTURE(Fixture, "a decision that is sent again with its key tells nobody again") {
  const json first = decide("FAIL", "Idempotency-Key: one\r\n");
  CHECK(decide_again("Idempotency-Key: one\r\n") == first);
  send_all();
  CHECK(sent.size() == 1);
  CHECK(created("high") == 1);
  CHECK(notified("log", "ok") == 1);
}

TEST_CASE_FIXTURE(Fixture, "what may pass is tried again, later each time") {
  answers = {status(500), {CallOutcome::timeout, 0, {}, "late"}};
  decide("FAIL");
  send_all();
  CHECK(sent.size() == 1);
  time += 499ms;
  CHECK(sender.step() == Step::nothing_to_do);
  time += 502ms;
  send_all();
  CHECK(sent.size() == 2);
  time += 999ms;
  CHECK(sender.step() == Step::nothing_to_do);
  time += 1002ms;
  send_all();
  CHECK(sent.size() == 3);
  CHECK(requests("error") == 1);
  CHECK(requests("timeout") == 1);
  CHECK(requests("ok") == 1);
  CHECK(notified("webhook", "ok") == 1);
  CHECK(notified("webhook", "failed") == 0);
  CHECK(completed("done") == 1);
  CHECK(metric("errors_total", {{"type", "outbound"}, {"severity", "warning"}}) == 2);
}

TEST_CASE_FIXTURE(Fixture, "after the last attempt a message is given up and counted") {
  answers = {status(500), status(500), status(500)};
  decide("FAIL");
  for (int i = 0; i < 5; ++i, time += 1min) send_all();
  CHECK(sent.size() == 3);
  CHECK(notified("webhook", "failed") == 1);
  CHECK(notified("webhook", "ok") == 0);
  CHECK(completed("failed") == 1);
  CHECK(metric("errors_total", {{"type", "outbound"}, {"severity", "error"}}) == 1);
  app.database_gauges().refresh(now());
  CHECK(metric("tasks_by_status", {{"task", "webhook"}, {"status", "failed"}}) == 1);
}

TEST_CASE_FIXTURE(Fixture, "what the receiver refuses is given up at once") {
  answers = {status(400)};
  decide("FAIL");
  for (int i = 0; i < 3; ++i, time += 1min) send_all();
  CHECK(sent.size() == 1);
  CHECK(completed("failed") == 1);
}

TEST_CASE_FIXTURE(Fixture, "a receiver that asks for a pause is left alone, by all messages") {
  answers = {status(429, 20s)};
  decide("FAIL");
  decide("FAIL");
  send_all();
  CHECK(sent.size() == 1);
  time += 19999ms;
  send_all();
  CHECK(sent.size() == 1);
  time += 1ms;
  send_all();
  CHECK(sent.size() == 3);
}

TEST_CASE_FIXTURE(Fixture, "a clock that is set back an hour lengthens neither a pause nor the wait for another try") {
  answers = {status(429, 20s), status(500)};
  decide("FAIL");
  send_all();
  CHECK(sent.size() == 1);
  time -= 1h;
  send_all();
  CHECK(sent.size() == 2);
  time -= 1h;
  send_all();
  CHECK(sent.size() == 3);
  CHECK(completed("done") == 1);
}

TEST_CASE_FIXTURE(Fixture, "a receiver that does not ask for a pause holds up one message alone") {
  answers = {status(500, 20s)};
  decide("FAIL");
  decide("FAIL");
  send_all();
  CHECK(sent.size() == 2);
  time += 1001ms;
  send_all();
  CHECK(sent.size() == 3);
}

TEST_CASE_FIXTURE(Fixture,
                  "a message that was sent is not sent again because the database was away when it was noted") {
  decide("FAIL");
  storage.is_away = true;
  CHECK(sender.step() == Step::failed);
  time += 1min;
  CHECK(sender.step() == Step::failed);
  CHECK(completed("done") == 0);
  storage.is_away = false;
  send_all();
  CHECK(sent.size() == 1);
  CHECK(completed("done") == 1);
}

TEST_CASE_FIXTURE(Fixture, "a message at which each attempt was killed is given up without another") {
  decide("FAIL");
  for (int i = 0; i < 3; ++i) REQUIRE(storage.take_notification(time, time, soon()).value());
  send_all();
  CHECK(sent.empty());
  CHECK(completed("failed") == 1);
}

TEST_CASE_FIXTURE(AppFixture, "without a webhook nothing is queued, and the log is told") {
  const Reply lot = post("/api/lots", R"({"lot_code": "A", "lot_type": "raw", "quantity_kg": 1})");
  const json body{{"lot_id", lot.json()["lot_id"]}, {"decision", "FAIL"}};
  CHECK(post("/api/qc-decisions", body.dump()).status == 201);
  CHECK(app.webhook_sender() == nullptr);
  CHECK(metric("tasks_created_total", {{"task", "webhook"}, {"priority", "high"}}) == 0);
  CHECK_FALSE(storage.take_notification(now(), now() + 1min, soon()).value());
  CHECK(metric("notifications_sent_total", {{"channel", "log"}, {"status", "ok"}}) == 1);
}

TEST_CASE("waits grow up to the longest one, are spread over their second half, and heed the receiver within limits") {
  const RetryRule rule{.attempts = 10, .first_wait = 1s, .longest = 60s};
  struct Case {
    int attempt;
    double chance;
    std::optional<std::chrono::seconds> asked;
    std::chrono::milliseconds wait;
  };
  for (const Case& c :
       {Case{1, 0, {}, 500ms}, Case{1, 1, {}, 1s}, Case{2, 1, {}, 2s}, Case{3, 0, {}, 2s}, Case{3, 0.5, {}, 3s},
        Case{7, 1, {}, 60s}, Case{100, 1, {}, 60s}, Case{1, 0, 7s, 7s}, Case{4, 1, 0s, 8s}, Case{1, 0, 3600s, 60s}}) {
    CAPTURE(c.attempt);
    CAPTURE(c.chance);
    CHECK(wait_after(rule, c.attempt, c.chance, c.asked) == c.wait);
  }
}
