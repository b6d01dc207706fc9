// SPDX-License-Identifier: MIT
#pragma once
/// \file
/// What requests are about, and which fields they have: what validation failures are counted by. A field that a client made
/// up has no name here.

#include <string_view>

namespace wms {

enum class Entity { lot, lot_query, qc_decision, trace_query, production_run, run_transition, sync_batch, test_alert };

enum class LotField { lot_code, lot_type, quantity_kg, production_run_id, inputs };
constexpr std::string_view entity_text(LotField) { return "lot"; }

enum class LotQueryField { lot_type, after, limit };
constexpr std::string_view entity_text(LotQueryField) { return "lot_query"; }

enum class QcDecisionField { lot_id, decision, note };
constexpr std::string_view entity_text(QcDecisionField) { return "qc_decision"; }

enum class TraceQueryField { max_depth };
constexpr std::string_view entity_text(TraceQueryField) { return "trace_query"; }

enum class ProductionRunField { product, line };
constexpr std::string_view entity_text(ProductionRunField) { return "production_run"; }

enum class RunTransitionField { to };
constexpr std::string_view entity_text(RunTransitionField) { return "run_transition"; }

enum class SyncBatchField { lots };
constexpr std::string_view entity_text(SyncBatchField) { return "sync_batch"; }

enum class TestAlertField { severity };
constexpr std::string_view entity_text(TestAlertField) { return "test_alert"; }

/// The field of the document that `path` leads into: inputs of inputs[2].quantity_kg.
constexpr std::string_view outermost_field(std::string_view path) { return path.substr(0, path.find_first_of("[.")); }

}  // namespace wms
