// SPDX-License-Identifier: MIT
// The plan is a weighted table of things people do. What cannot be done yet (nothing to make a lot from, nothing to
// decide on) becomes the registration of a raw lot. Quantities are halves of a kilogram, so that they add up exactly in
// a double.

#include "plant.hpp"

#include <algorithm>
#include <utility>

#include "vocabulary.hpp"

namespace wms_traffic {
namespace {

using nlohmann::json;

constexpr std::size_t working_set = 400;

}  // namespace

Plant::Plant(Crew crew, std::string code_prefix, std::uint64_t seed, unsigned mistakes_percent)
    : crew_(std::move(crew)),
      code_prefix_(std::move(code_prefix)),
      mistakes_percent_(mistakes_percent),
      random_(seed),
      next_mistake_(seed * 11) {}  // which spreads the seeds of neighbours

std::size_t Plant::below(std::size_t limit) {
  return std::uniform_int_distribution<std::size_t>(0, limit - 1)(random_);
}

bool Plant::chance(double probability) { return std::bernoulli_distribution(probability)(random_); }

std::string Plant::new_code(const std::string& type) {
  return std::string(1, static_cast<char>(type[0] - 'a' + 'A')) + "-" + code_prefix_ + "-" + std::to_string(++codes_);
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
      {2, [](Plant& plant) { return plant.offline_batch(); }},
      {5, [](Plant& plant) { return plant.look_up_offline_lot(); }},
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
  const Lot* lot =
      any_lot([](const Lot& candidate) { return candidate.qc_status == "PENDING" && !candidate.promised; });
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

std::string Plant::learn(const Step& step, const std::string& body, std::vector<Acknowledged>& acknowledged) {
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
      acknowledged.push_back({Makes::lot, step.kind, lot.id, ""});
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
      keep(std::move(lot));
      return check_lot(answer, step);
    }
    if (step.makes == Makes::decision) {
      const std::string lot_id = step.touched_lots.front();
      acknowledged.push_back({Makes::decision, step.kind, answer.at("decision_id"), lot_id});
      if (Lot* lot = find(lot_id)) lot->qc_status = step.kind;
      return answer.at("decision") == step.kind && answer.at("lot_id") == lot_id ? "" : "another decision came back";
    }
    if (step.makes == Makes::offline_lots) return learn_batch(step, answer, acknowledged);
    if (!step.offline_lot.empty()) return learn_offline_state(step, answer);
    if (!step.traced_lots.empty()) return check_trace(answer, step);
    if (step.route == lots_route) cursor_ = answer.at("next").is_string() ? answer.at("next") : json("");
    if (step.route == lot_route && "/api/lots/" + std::string(answer.at("lot_id")) != step.path)
      return "another lot came back";
    return "";
  } catch (const json::exception& error) {
    return std::string("the body is not what the contract says: ") + error.what();
  }
}

void Plant::keep(Lot lot) {
  lots_.push_back(std::move(lot));
  if (lots_.size() > working_set) lots_.pop_front();
}

void Plant::forget(const Step& step) {
  if (step.makes == Makes::run) run_.reset();
  for (const std::string& id : step.touched_lots) {
    const auto found = std::find_if(lots_.begin(), lots_.end(), [&](const Lot& lot) { return lot.id == id; });
    if (found != lots_.end()) lots_.erase(found);
  }
}

}  // namespace wms_traffic
