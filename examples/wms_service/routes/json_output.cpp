// SPDX-License-Identifier: MIT
#include "routes/json_output.hpp"

#include <optional>
#include <string>
#include <vector>

namespace wms {
namespace {

using Json = nlohmann::ordered_json;

Json or_null(const std::optional<std::string>& text) { return text ? Json(*text) : Json(nullptr); }

template <class T>
Json list(const std::vector<T>& items) {
  Json array = Json::array();
  for (const T& item : items) array.push_back(to_json(item));
  return array;
}

}  // namespace

Json to_json(const LotInput& input) { return {{"lot_id", input.lot_id}, {"quantity_kg", input.quantity.kg()}}; }

Json to_json(const TraceEdge& edge) {
  return {{"from", edge.from}, {"to", edge.to}, {"quantity_kg", edge.quantity.kg()}};
}

Json to_json(const Lot& lot) {
  return {{"lot_id", lot.id},
          {"lot_code", lot.code},
          {"lot_type", text_of(lot.type)},
          {"quantity_kg", lot.quantity.kg()},
          {"remaining_kg", lot.remaining.kg()},
          {"qc_status", text_of(lot.qc_status)},
          {"production_run_id", or_null(lot.production_run_id)},
          {"inputs", list(lot.inputs)},
          {"created_by", lot.created_by},
          {"created_at", to_rfc3339(lot.created_at)}};
}

Json to_json(const LotPage& page) { return {{"lots", list(page.lots)}, {"next", or_null(page.next)}}; }

Json to_json(const QcDecision& decision) {
  return {{"decision_id", decision.id},
          {"lot_id", decision.lot_id},
          {"decision", text_of(decision.decision)},
          {"note", or_null(decision.note)},
          {"decided_by", decision.decided_by},
          {"decided_at", to_rfc3339(decision.decided_at)}};
}

Json to_json(const ProductionRun& run) {
  return {{"run_id", run.id},
          {"product", run.product},
          {"line", run.line},
          {"state", text_of(run.state)},
          {"created_by", run.created_by},
          {"created_at", to_rfc3339(run.created_at)}};
}

Json to_json(const SyncReceipt& receipt) {
  return {{"accepted", receipt.accepted}, {"duplicates", receipt.duplicates}};
}

Json to_json(const SyncState& state) {
  Json json{{"client_id", state.client_id}, {"status", text_of(state.status)}, {"lot", nullptr}, {"refusal", nullptr}};
  if (state.lot) json["lot"] = to_json(*state.lot);
  if (state.refusal) json["refusal"] = {{"rule", or_null(state.refusal->rule)}, {"reason", state.refusal->reason}};
  return json;
}

Json to_json(const Trace& trace) {
  return {{"nodes", list(trace.nodes)}, {"edges", list(trace.edges)}, {"depth", trace.depth}};
}

}  // namespace wms
