// SPDX-License-Identifier: MIT
// The plan is a weighted table of things people do. What cannot be done yet (nothing to make a lot from, nothing to
// decide on) becomes the registration of a raw lot. Quantities are halves of a kilogram, so that they add up exactly in
// a double.

#include "plant.hpp"

#include <algorithm>
#include <utility>

namespace wms_traffic {
namespace {

using nlohmann::json;

constexpr std::size_t working_set = 400;
constexpr const char* lots_route = "/api/lots";
constexpr const char* lot_route = "/api/lots/{lot_id}";
constexpr const char* runs_route = "/api/production-runs";
constexpr const char* transitions_route = "/api/production-runs/{run_id}/transitions";
constexpr const char* decisions_route = "/api/qc-decisions";
constexpr const char* lost_lot_id = "00000000-0000-7000-8000-000000000000";

bool usable(const std::string& qc_status) { return qc_status == "PENDING" || qc_status == "PASS"; }

}  // namespace

Plant::Plant(Crew crew, std::string code_prefix, std::uint64_t seed, unsigned mistakes_percent)
    : crew_(std::move(crew)),
      code_prefix_(std::move(code_prefix)),
      mistakes_percent_(mistakes_percent),
      random_(seed) {}

std::size_t Plant::below(std::size_t limit) {
  return std::uniform_int_distribution<std::size_t>(0, limit - 1)(random_);
}

bool Plant::chance(double probability) { return std::bernoulli_distribution(probability)(random_); }

std::string Plant::new_code(const std::string& type) {
  return std::string(1, static_cast<char>(type[0] - 'a' + 'A')) + "-" + code_prefix_ + "-" + std::to_string(++codes_);
}

template <typename Condition>
const Plant::Lot* Plant::any_lot(Condition condition) {
  if (lots_.empty()) return nullptr;
  const std::size_t first = below(lots_.size());
  for (std::size_t i = 0; i < lots_.size(); ++i) {
    const Lot& lot = lots_[(first + i) % lots_.size()];
    if (condition(lot)) return &lot;
  }
  return nullptr;
}

Plant::Lot* Plant::find(const std::string& id) {
  const auto found = std::find_if(lots_.begin(), lots_.end(), [&](const Lot& lot) { return lot.id == id; });
  return found == lots_.end() ? nullptr : &*found;
}

Step Plant::as(const Operator* who, std::string method, std::string route, std::string path) const {
  Step step;
  step.method = std::move(method);
  step.route = std::move(route);
  step.path = std::move(path);
  if (who != nullptr) step.token = who->token;
  return step;
}

// --- the work ---

Step Plant::next() {
  if (repeat_) {
    Step again = std::move(*repeat_);
    repeat_.reset();
    return again;
  }
  struct Activity {
    unsigned weight;
    Step (*begin)(Plant&);
  };
  static constexpr Activity activities[] = {
      {16, [](Plant& plant) { return plant.raw_lot(); }},
      {10, [](Plant& plant) { return plant.made_lot("intermediate", "raw"); }},
      {8, [](Plant& plant) { return plant.made_lot("finished", "intermediate"); }},
      {18, [](Plant& plant) { return plant.decide(); }},
      {4, [](Plant& plant) { return plant.production_run(); }},
      {14, [](Plant& plant) { return plant.read_lot(); }},
      {6, [](Plant& plant) { return plant.list_lots(); }},
      {16, [](Plant& plant) { return plant.trace(); }},
  };
  if (below(100) < mistakes_percent_) return mistake();
  std::size_t total = 0;
  for (const Activity& activity : activities) total += activity.weight;
  std::size_t drawn = below(total);
  for (const Activity& activity : activities) {
    if (drawn < activity.weight) return activity.begin(*this);
    drawn -= activity.weight;
  }
  return raw_lot();
}

Step Plant::register_lot(const std::string& type, const json& inputs, double quantity_kg) {
  Step step = as(crew_.next_who_may(Task::register_lots), "POST", lots_route, lots_route);
  json body{{"lot_code", new_code(type)}, {"lot_type", type}, {"quantity_kg", quantity_kg}};
  if (!inputs.empty()) body["inputs"] = inputs;
  step.body = body.dump();
  step.expected_status = 201;
  step.makes = Makes::lot;
  step.kind = type;
  step.quantity_kg = quantity_kg;
  for (const json& input : inputs) {
    step.inputs.emplace_back(input.at("lot_id"), input.at("quantity_kg"));
    step.touched_lots.push_back(input.at("lot_id"));
  }
  return step;
}

Step Plant::raw_lot() {
  Step step = register_lot("raw", json::array(), static_cast<double>(200 + below(1'800)) / 2);
  if (chance(0.1)) step.idempotency_key = "raw-" + code_prefix_ + "-" + std::to_string(codes_);
  return step;
}

Step Plant::made_lot(const std::string& type, const std::string& from) {
  json inputs = json::array();
  double total = 0;
  for (std::size_t wanted = 1 + below(3); wanted > 0; --wanted) {
    const Lot* lot = any_lot([&](const Lot& candidate) {
      const bool taken = std::any_of(inputs.begin(), inputs.end(),
                                     [&](const json& input) { return input.at("lot_id") == candidate.id; });
      return candidate.type == from && usable(candidate.qc_status) && candidate.remaining_kg >= 1 && !taken;
    });
    if (lot == nullptr) break;
    const double available = std::min(lot->remaining_kg, 50.0);
    const double quantity = static_cast<double>(1 + below(static_cast<std::size_t>(available * 2))) / 2;
    inputs.push_back({{"lot_id", lot->id}, {"quantity_kg", quantity}});
    total += quantity;
  }
  return inputs.empty() ? raw_lot() : register_lot(type, inputs, total);
}

Step Plant::decide() {
  const Lot* lot = any_lot([](const Lot& candidate) { return candidate.qc_status == "PENDING"; });
  if (lot == nullptr) lot = any_lot([](const Lot& candidate) { return candidate.qc_status == "HOLD"; });
  if (lot == nullptr) return raw_lot();
  const std::size_t drawn = below(100);
  Step step = as(crew_.next_who_may(Task::decide), "POST", decisions_route, decisions_route);
  step.kind = drawn < 84 ? "PASS" : drawn < 92 ? "HOLD" : "FAIL";
  json body{{"lot_id", lot->id}, {"decision", step.kind}};
  if (chance(0.3)) body["note"] = "Seen by the line; sample kept.";
  step.body = body.dump();
  step.expected_status = 201;
  step.makes = Makes::decision;
  step.touched_lots = {lot->id};
  return step;
}

Step Plant::production_run() {
  const Operator* who = crew_.next_who_may(Task::register_lots);
  Step step = run_ ? as(who, "POST", transitions_route, "/api/production-runs/" + run_->id + "/transitions")
                   : as(who, "POST", runs_route, runs_route);
  step.makes = Makes::run;
  if (!run_) {
    step.kind = "planned";
    step.expected_status = 201;
    step.body = json{{"line", "oven " + std::to_string(1 + below(3))}, {"product", "rye bread"}}.dump();
  } else {
    step.kind = run_->state == "planned" ? "running" : chance(0.85) ? "completed" : "aborted";
    step.body = json{{"to", step.kind}}.dump();
  }
  return step;
}

Step Plant::read_lot() {
  const Lot* lot = any_lot([](const Lot&) { return true; });
  if (lot == nullptr) return raw_lot();
  return as(crew_.next_who_may(Task::read), "GET", lot_route, "/api/lots/" + lot->id);
}

Step Plant::list_lots() {
  std::string path = "/api/lots?limit=20";
  if (!cursor_.empty()) path += "&after=" + cursor_;
  return as(crew_.next_who_may(Task::read), "GET", lots_route, path);
}

Step Plant::trace() {
  const bool backward = chance(0.5);
  const Lot* lot = any_lot([&](const Lot& candidate) { return backward != candidate.inputs.empty(); });
  if (lot == nullptr) return raw_lot();
  const std::string direction = backward ? "/backward" : "/forward";
  Step step = as(crew_.next_who_may(Task::read), "GET", "/api/traceability/{lot_id}" + direction,
                 "/api/traceability/" + lot->id + direction);
  step.traced_lots = {lot->id};
  if (backward) step.traced_lots.insert(step.traced_lots.end(), lot->inputs.begin(), lot->inputs.end());
  return step;
}

// --- mistakes ---

Step Plant::mistake() {
  using Mistake = Step (Plant::*)();
  static constexpr Mistake mistakes[] = {&Plant::wrong_fields,   &Plant::unknown_field,       &Plant::broken_json,
                                         &Plant::taken_code,     &Plant::not_allowed,         &Plant::wrong_token,
                                         &Plant::lost_lot,       &Plant::blocked_input,       &Plant::too_much,
                                         &Plant::raw_with_input, &Plant::wrong_method,        &Plant::no_such_route,
                                         &Plant::wrong_decision, &Plant::decision_on_lost_lot};
  return (this->*mistakes[below(std::size(mistakes))])();
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
  Step step = as(crew_.next_who_may(Task::read), "GET", lot_route, std::string("/api/lots/") + lost_lot_id);
  return refused(std::move(step), 404);
}

Step Plant::blocked_input() {
  const Lot* lot =
      any_lot([](const Lot& candidate) { return !usable(candidate.qc_status) && candidate.remaining_kg >= 1; });
  if (lot == nullptr) return raw_lot();
  return refused(register_lot("intermediate", {{{"lot_id", lot->id}, {"quantity_kg", 0.5}}}, 0.5), 409);
}

Step Plant::too_much() {
  const Lot* lot = any_lot([](const Lot& candidate) { return usable(candidate.qc_status); });
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
                   {{"lot_id", lost_lot_id}, {"decision", "PASS"}}, 404);
}

// --- answers ---

namespace {

std::string check_lot(const json& lot, const Step& step) {
  const json sent = json::parse(step.body);
  for (const char* field : {"lot_code", "lot_type", "quantity_kg"}) {
    if (lot.at(field) != sent.at(field)) return std::string("the lot's ") + field + " is not what was sent";
  }
  if (lot.at("qc_status") != "PENDING") return "a new lot is not PENDING";
  if (lot.at("remaining_kg") != lot.at("quantity_kg")) return "a new lot has not all its quantity left";
  return "";
}

std::string check_trace(const json& trace, const Step& step) {
  for (const std::string& id : step.traced_lots) {
    const auto& nodes = trace.at("nodes");
    const bool present =
        std::any_of(nodes.begin(), nodes.end(), [&](const json& lot) { return lot.at("lot_id") == id; });
    if (!present) return "the trace lacks lot " + id;
  }
  return "";
}

std::string check_problem(const json& problem, const Step& step) {
  if (problem.at("status") != step.expected_status) return "the problem document has another status";
  for (const char* field : {"type", "title", "detail", "request_id"}) {
    if (!problem.at(field).is_string()) return std::string("the problem document's ") + field + " is no text";
  }
  if (step.expected_status == 422 && problem.at("errors").empty()) return "the problem document lists no errors";
  return "";
}

}  // namespace

std::string Plant::learn(const Step& step, const std::string& body, std::optional<Acknowledged>& acknowledged) {
  try {
    const json answer = json::parse(body);
    if (step.expected_status >= 400) return check_problem(answer, step);
    if (!step.repeated_lot.empty()) {
      return answer.at("lot_id") == step.repeated_lot ? "" : "a request that was sent again made another lot";
    }
    if (step.makes == Makes::run) {
      run_ = Run{answer.at("run_id"), step.kind};
      if (step.kind == "completed" || step.kind == "aborted") run_.reset();
      return answer.at("state") == step.kind ? "" : "the run is in another state";
    }
    if (step.makes == Makes::lot) {
      Lot lot;
      lot.id = answer.at("lot_id");
      acknowledged = Acknowledged{Makes::lot, step.kind, lot.id, ""};
      lot.code = answer.at("lot_code");
      lot.type = step.kind;
      lot.remaining_kg = step.quantity_kg;
      for (const auto& [input_id, quantity] : step.inputs) {
        lot.inputs.push_back(input_id);
        if (Lot* input = find(input_id)) input->remaining_kg -= quantity;
      }
      if (!step.idempotency_key.empty()) {
        repeat_ = step;
        repeat_->repeated_lot = lot.id;
      }
      lots_.push_back(std::move(lot));
      if (lots_.size() > working_set) lots_.pop_front();
      return check_lot(answer, step);
    }
    if (step.makes == Makes::decision) {
      const std::string lot_id = step.touched_lots.front();
      acknowledged = Acknowledged{Makes::decision, step.kind, answer.at("decision_id"), lot_id};
      if (Lot* lot = find(lot_id)) lot->qc_status = step.kind;
      return answer.at("decision") == step.kind && answer.at("lot_id") == lot_id ? "" : "another decision came back";
    }
    if (!step.traced_lots.empty()) return check_trace(answer, step);
    if (step.route == lots_route) cursor_ = answer.at("next").is_string() ? answer.at("next") : json("");
    if (step.route == lot_route && "/api/lots/" + std::string(answer.at("lot_id")) != step.path)
      return "another lot came back";
    return "";
  } catch (const json::exception& error) {
    return std::string("the body is not what the contract says: ") + error.what();
  }
}

void Plant::forget(const Step& step) {
  if (step.makes == Makes::run) run_.reset();
  for (const std::string& id : step.touched_lots) {
    const auto found = std::find_if(lots_.begin(), lots_.end(), [&](const Lot& lot) { return lot.id == id; });
    if (found != lots_.end()) lots_.erase(found);
  }
}

}  // namespace wms_traffic
