// SPDX-License-Identifier: MIT
#pragma once
/// \file
/// How the domain looks in JSON.

#include <nlohmann/json.hpp>

#include "domain/lot.hpp"
#include "domain/production_run.hpp"
#include "domain/qc_decision.hpp"
#include "domain/sync.hpp"
#include "domain/trace.hpp"

namespace wms {

nlohmann::ordered_json to_json(const LotInput& input);
nlohmann::ordered_json to_json(const Lot& lot);
nlohmann::ordered_json to_json(const LotPage& page);
nlohmann::ordered_json to_json(const QcDecision& decision);
nlohmann::ordered_json to_json(const ProductionRun& run);
nlohmann::ordered_json to_json(const SyncReceipt& receipt);
nlohmann::ordered_json to_json(const SyncState& state);
nlohmann::ordered_json to_json(const TraceEdge& edge);
nlohmann::ordered_json to_json(const Trace& trace);

}  // namespace wms
