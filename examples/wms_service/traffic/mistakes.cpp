// SPDX-License-Identifier: MIT
// What goes wrong at a plant: requests that the service has to refuse, each with one mistake. One that cannot be made yet
// (nothing is on hold, nobody lacks the right) becomes the registration of a raw lot.

#include <iterator>
#include <nlohmann/json.hpp>
#include <string>
#include <utility>

#include "plant.hpp"
#include "vocabulary.hpp"

namespace wms_traffic {

using nlohmann::json;

Step Plant::mistake() {
  using Mistake = Step (Plant::*)();
  static constexpr Mistake mistakes[] = {&Plant::wrong_fields,
                                         &Plant::unknown_field,
                                         &Plant::broken_json,
                                         &Plant::taken_code,
                                         &Plant::not_allowed,
                                         &Plant::wrong_token,
                                         &Plant::lost_lot,
                                         &Plant::blocked_input,
                                         &Plant::too_much,
                                         &Plant::raw_with_input,
                                         &Plant::wrong_method,
                                         &Plant::no_such_route,
                                         &Plant::wrong_decision,
                                         &Plant::decision_on_lost_lot,
                                         &Plant::skipped_state,
                                         &Plant::wrong_state,
                                         &Plant::lost_run,
                                         &Plant::run_without_product,
                                         &Plant::run_not_allowed,
                                         &Plant::lot_for_run_that_waits,
                                         &Plant::batch_with_unknown_field,
                                         &Plant::batch_in_a_circle,
                                         &Plant::batch_not_allowed,
                                         &Plant::batch_of_unknown_input,
                                         &Plant::taken_client_id,
                                         &Plant::lost_offline_lot,
                                         &Plant::alert_not_allowed,
                                         &Plant::wrong_severity};
  // In turn, and each plant begins elsewhere: a short run has all kinds, where drawing them leaves some out.
  return (this->*mistakes[next_mistake_++ % std::size(mistakes)])();
}

namespace {

/// A registration that the service has to refuse with `status`.
Step refused(Step step, int status) {
  step.expected_status = status;
  step.makes = Makes::nothing;
  step.touched_lots.clear();
  return step;
}

Step with_body(Step step, const json& body, int status) {
  step.body = body.dump();
  return refused(std::move(step), status);
}

}  // namespace

Step Plant::wrong_fields() {
  Step step = raw_lot();
  json body = json::parse(step.body);
  body["quantity_kg"] = -static_cast<double>(below(50));
  if (chance(0.5)) body["lot_type"] = "cooked";
  return with_body(std::move(step), body, 422);
}

Step Plant::unknown_field() {
  Step step = raw_lot();
  json body = json::parse(step.body);
  body["colour"] = "green";
  return with_body(std::move(step), body, 422);
}

Step Plant::broken_json() {
  Step step = refused(raw_lot(), 400);
  step.body.resize(1 + below(step.body.size() - 1));
  return step;
}

Step Plant::taken_code() {
  const Lot* lot = any_lot([](const Lot&) { return true; });
  Step step = raw_lot();
  if (lot == nullptr) return step;
  json body = json::parse(step.body);
  body["lot_code"] = lot->code;
  return with_body(std::move(step), body, 409);
}

Step Plant::not_allowed() {
  if (chance(0.5)) {
    const Lot* lot = any_lot([](const Lot&) { return true; });
    const Operator* who = crew_.next_who_may_not(Task::decide);
    if (lot == nullptr || who == nullptr) return raw_lot();
    return with_body(as(who, "POST", decisions_route, decisions_route), {{"lot_id", lot->id}, {"decision", "PASS"}},
                     403);
  }
  const Operator* who = crew_.next_who_may_not(Task::register_lots);
  Step step = raw_lot();
  if (who == nullptr) return step;
  step.token = who->token;
  return refused(std::move(step), 403);
}

Step Plant::wrong_token() {
  Step step = refused(raw_lot(), 401);
  step.token = chance(0.5) ? "" : "not-a-token-" + std::to_string(below(1'000'000));
  return step;
}

Step Plant::lost_lot() {
  Step step = as(crew_.next_who_may(Task::read), "GET", lot_route, std::string("/api/lots/") + lost_id);
  return refused(std::move(step), 404);
}

Step Plant::blocked_input() {
  const Lot* lot =
      any_lot([](const Lot& candidate) { return !usable(candidate.qc_status) && candidate.remaining_kg >= 1; });
  if (lot == nullptr) return raw_lot();
  return refused(register_lot("intermediate", {{{"lot_id", lot->id}, {"quantity_kg", 0.5}}}, 0.5), 409);
}

Step Plant::too_much() {
  const Lot* lot = any_lot([](const Lot& candidate) { return usable(candidate.qc_status) && !candidate.promised; });
  if (lot == nullptr) return raw_lot();
  const double quantity = lot->remaining_kg + 0.5;
  return refused(register_lot("finished", {{{"lot_id", lot->id}, {"quantity_kg", quantity}}}, quantity), 409);
}

Step Plant::raw_with_input() {
  const Lot* lot =
      any_lot([](const Lot& candidate) { return usable(candidate.qc_status) && candidate.remaining_kg >= 1; });
  if (lot == nullptr) return raw_lot();
  return refused(register_lot("raw", {{{"lot_id", lot->id}, {"quantity_kg", 0.5}}}, 0.5), 409);
}

Step Plant::wrong_method() {
  return refused(as(crew_.next_who_may(Task::read), "DELETE", lots_route, lots_route), 405);
}

Step Plant::no_such_route() {
  const std::string path = "/api/recipes/" + std::to_string(below(1'000'000));
  return refused(as(crew_.next_who_may(Task::read), "GET", no_route, path), 404);
}

Step Plant::wrong_decision() {
  const Lot* lot = any_lot([](const Lot&) { return true; });
  if (lot == nullptr) return raw_lot();
  return with_body(as(crew_.next_who_may(Task::decide), "POST", decisions_route, decisions_route),
                   {{"lot_id", lot->id}, {"decision", "MAYBE"}}, 422);
}

Step Plant::decision_on_lost_lot() {
  return with_body(as(crew_.next_who_may(Task::decide), "POST", decisions_route, decisions_route),
                   {{"lot_id", lost_id}, {"decision", "PASS"}}, 404);
}

// --- with production runs ---

Step Plant::skipped_state() {
  if (!run_) return raw_lot();
  const char* const to = run_->state == "planned" ? "completed" : "planned";
  return with_body(as(crew_.next_who_may(Task::register_lots), "POST", transitions_route,
                      "/api/production-runs/" + run_->id + "/transitions"),
                   {{"to", to}}, 409);
}

Step Plant::wrong_state() {
  if (!run_) return raw_lot();
  return with_body(as(crew_.next_who_may(Task::register_lots), "POST", transitions_route,
                      "/api/production-runs/" + run_->id + "/transitions"),
                   {{"to", "burnt"}}, 422);
}

Step Plant::lost_run() {
  return with_body(as(crew_.next_who_may(Task::register_lots), "POST", transitions_route,
                      std::string("/api/production-runs/") + lost_id + "/transitions"),
                   {{"to", "running"}}, 404);
}

Step Plant::run_without_product() {
  return with_body(as(crew_.next_who_may(Task::register_lots), "POST", runs_route, runs_route), {{"line", "oven 1"}},
                   422);
}

Step Plant::run_not_allowed() {
  const Operator* who = crew_.next_who_may_not(Task::register_lots);
  if (who == nullptr) return raw_lot();
  return with_body(as(who, "POST", runs_route, runs_route), {{"line", "oven 1"}, {"product", "rye bread"}}, 403);
}

Step Plant::lot_for_run_that_waits() {
  Step step = raw_lot();
  if (!run_ || run_->state != "planned") return step;
  json body = json::parse(step.body);
  body["production_run_id"] = run_->id;
  return with_body(std::move(step), body, 409);
}

// --- with lots that were recorded offline ---

namespace {

json offline_raw_lot(const std::string& client_id, const std::string& code) {
  return {{"client_id", client_id}, {"lot_code", code}, {"lot_type", "raw"}, {"quantity_kg", 10}};
}

json made_of(json lot, const std::string& client_id) {
  lot["lot_type"] = "intermediate";
  lot["inputs"] = json::array({{{"client_id", client_id}, {"quantity_kg", 1}}});
  return lot;
}

}  // namespace

Step Plant::batch_with_unknown_field() {
  json lot = offline_raw_lot(code_prefix_ + "-x", new_code("raw"));
  lot["colour"] = "green";
  return with_body(as(crew_.next_who_may(Task::register_lots), "POST", batches_route, batches_route),
                   {{"lots", json::array({lot})}}, 422);
}

Step Plant::batch_in_a_circle() {
  const std::string one = code_prefix_ + "-x", other = code_prefix_ + "-y";
  const json lots = json::array(
      {made_of(offline_raw_lot(one, new_code("raw")), other), made_of(offline_raw_lot(other, new_code("raw")), one)});
  return with_body(as(crew_.next_who_may(Task::register_lots), "POST", batches_route, batches_route), {{"lots", lots}},
                   409);
}

Step Plant::batch_not_allowed() {
  const Operator* who = crew_.next_who_may_not(Task::register_lots);
  if (who == nullptr) return raw_lot();
  return with_body(as(who, "POST", batches_route, batches_route),
                   {{"lots", json::array({offline_raw_lot(code_prefix_ + "-x", new_code("raw"))})}}, 403);
}

Step Plant::batch_of_unknown_input() {
  const json lot =
      made_of(offline_raw_lot(code_prefix_ + "-x", new_code("intermediate")), code_prefix_ + "-never-sent");
  return with_body(as(crew_.next_who_may(Task::register_lots), "POST", batches_route, batches_route),
                   {{"lots", json::array({lot})}}, 422);
}

Step Plant::taken_client_id() {
  if (batch_.empty()) return raw_lot();
  const json lot = offline_raw_lot(batch_.front().at("client_id"), new_code("raw"));
  return with_body(as(crew_.next_who_may(Task::register_lots), "POST", batches_route, batches_route),
                   {{"lots", json::array({lot})}}, 409);
}

Step Plant::lost_offline_lot() {
  return refused(
      as(crew_.next_who_may(Task::read), "GET", offline_lot_route, "/api/sync/" + code_prefix_ + "-never-sent"), 404);
}

// --- with the test alert ---

Step Plant::alert_not_allowed() {
  const Operator* who = crew_.next_who_may_not(Task::administer);
  if (who == nullptr) return raw_lot();
  return with_body(as(who, "POST", test_alert_route, test_alert_route), {{"severity", "info"}}, 403);
}

Step Plant::wrong_severity() {
  const Operator* who = crew_.next_who_may(Task::administer);
  if (who == nullptr) return raw_lot();
  return with_body(as(who, "POST", test_alert_route, test_alert_route), {{"severity", "disaster"}}, 422);
}

}  // namespace wms_traffic
