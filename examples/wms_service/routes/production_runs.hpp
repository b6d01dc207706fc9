// SPDX-License-Identifier: MIT
#pragma once
/// \file
/// Production runs: planning, reading, and the steps from a plan to an end.

#include "http/call.hpp"
#include "metrics.hpp"
#include "storage/storage.hpp"

namespace wms::routes {

/// POST /api/production-runs
Handler plan_run(Storage& storage);
/// GET /api/production-runs/{run_id}
Handler get_run(Storage& storage);
/// POST /api/production-runs/{run_id}/transitions
Handler move_run(Storage& storage, Metrics& metrics);

}  // namespace wms::routes
