// SPDX-License-Identifier: MIT
// A plant out of reach of the network: lots are recorded under identifiers of its own making and sent in batches later.
// Some batches are sent twice, and some hold a lot that was sent before. What goes into such a lot nobody decides on any
// more, so every one of them is applied in the end.

#include <algorithm>
#include <nlohmann/json.hpp>
#include <string>
#include <utility>
#include <vector>

#include "plant.hpp"
#include "vocabulary.hpp"

namespace wms_traffic {

using nlohmann::json;

namespace {

constexpr double taken_within_batch_kg = 1.5;

}  // namespace

Step Plant::offline_batch() {
  const auto record = [this](const std::string& type, double quantity_kg) {
    return json{{"client_id", "offline-" + code_prefix_ + "-" + std::to_string(++client_ids_)},
                {"lot_code", new_code(type)},
                {"lot_type", type},
                {"quantity_kg", quantity_kg}};
  };
  Step step = as(crew_.next_who_may(Task::register_lots), "POST", batches_route, batches_route);
  std::vector<json> lots;
  for (std::size_t i = 1 + below(3); i > 0; --i)
    lots.push_back(record("raw", static_cast<double>(20 + below(180)) / 2));

  json inputs = json::array({{{"client_id", lots.front().at("client_id")}, {"quantity_kg", taken_within_batch_kg}}});
  double total = taken_within_batch_kg;
  const Lot* from =
      any_lot([](const Lot& lot) { return lot.type == "raw" && usable(lot.qc_status) && lot.remaining_kg >= 1; });
  if (from != nullptr) {
    inputs.push_back({{"lot_id", from->id}, {"quantity_kg", 0.5}});
    total += 0.5;
    step.inputs.emplace_back(from->id, 0.5);
    step.touched_lots.push_back(from->id);
  }
  lots.push_back(record("intermediate", total));
  lots.back()["inputs"] = inputs;
  if (!batch_.empty() && chance(0.3)) {
    lots.push_back(batch_[below(batch_.size())]);
    step.duplicates = 1;
  }
  std::shuffle(lots.begin(), lots.end(), random_);  // what goes into a lot may come after it

  step.body = json{{"lots", lots}}.dump();
  step.expected_status = 202;
  step.makes = Makes::offline_lots;
  return step;
}

Step Plant::look_up_offline_lot() {
  if (queued_.empty()) return offline_batch();
  const std::string client_id = queued_[below(queued_.size())].at("client_id");
  Step step = as(crew_.next_who_may(Task::read), "GET", offline_lot_route, "/api/sync/" + client_id);
  step.offline_lot = client_id;
  return step;
}

std::string Plant::learn_batch(const Step& step, const json& answer, std::vector<Acknowledged>& acknowledged) {
  const std::vector<json> sent = json::parse(step.body).at("lots");
  const std::size_t fresh = sent.size() - step.duplicates;
  const bool as_planned = answer.at("accepted") == fresh && answer.at("duplicates") == step.duplicates;
  if (fresh == 0) return as_planned ? "" : "a batch that was sent again was not all duplicates";

  for (const json& lot : sent) {
    if (std::find(batch_.begin(), batch_.end(), lot) != batch_.end()) continue;
    acknowledged.push_back({Makes::offline_lots, lot.at("lot_type"), lot.at("client_id"), ""});
    queued_.push_back(lot);
  }
  for (const auto& [lot_id, quantity_kg] : step.inputs) {
    if (Lot* lot = find(lot_id)) {
      lot->remaining_kg -= quantity_kg;
      lot->promised = true;
    }
  }
  batch_ = sent;
  if (chance(0.3)) {
    repeat_ = step;
    repeat_->duplicates = sent.size();
  }
  return as_planned ? "" : "another number of lots was accepted";
}

std::string Plant::learn_offline_state(const Step& step, const json& answer) {
  if (answer.at("client_id") != step.offline_lot) return "another offline lot came back";
  if (answer.at("status") == "queued") return "";
  if (answer.at("status") != "applied") return "an offline lot that breaks no rule was refused";
  const auto sent = std::find_if(queued_.begin(), queued_.end(),
                                 [&](const json& lot) { return lot.at("client_id") == step.offline_lot; });
  const json& made = answer.at("lot");
  for (const char* field : {"lot_code", "lot_type", "quantity_kg"}) {
    if (made.at(field) != sent->at(field)) return std::string("the offline lot's ") + field + " is not what was sent";
  }
  Lot lot;
  lot.id = made.at("lot_id");
  lot.code = made.at("lot_code");
  lot.type = made.at("lot_type");
  // A lot of its batch takes from it, and may not be applied yet.
  const double remaining_kg = made.at("remaining_kg"), quantity_kg = made.at("quantity_kg");
  lot.remaining_kg = std::min(remaining_kg, quantity_kg - taken_within_batch_kg);
  lot.promised = true;
  for (const json& input : made.at("inputs")) lot.inputs.push_back(input.at("lot_id"));
  queued_.erase(sent);
  keep(std::move(lot));
  return "";
}

}  // namespace wms_traffic
