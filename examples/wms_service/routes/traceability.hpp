// SPDX-License-Identifier: MIT
#pragma once
/// \file
/// Traceability, in both directions.

#include "http/call.hpp"
#include "metrics.hpp"
#include "storage/storage.hpp"

namespace wms::routes {

/// GET /api/traceability/{lot_id}/forward and /backward
Handler trace_lot(Storage& storage, Metrics& metrics, Direction direction);

}  // namespace wms::routes
