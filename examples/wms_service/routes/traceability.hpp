// SPDX-License-Identifier: MIT
#pragma once
/// \file
/// Traceability, in both directions.

#include "http/call.hpp"
#include "metrics.hpp"
#include "storage/storage.hpp"
#include "trace_cache.hpp"

namespace wms::routes {

/// GET /api/traceability/{lot_id}/forward and /backward
Handler trace_lot(Storage& storage, TraceCache& traces, Metrics& metrics, Direction direction);

}  // namespace wms::routes
