// SPDX-License-Identifier: MIT
#pragma once
/// \file
/// Lots that were recorded offline: taking them in, and telling what became of them.

#include "background_worker.hpp"
#include "http/call.hpp"
#include "metrics.hpp"
#include "storage/storage.hpp"

namespace wms::routes {

/// POST /api/sync/lots; `applier` is told that there is work.
Handler queue_sync_lots(Storage& storage, Metrics& metrics, BackgroundWorker& applier);
/// GET /api/sync/{client_id}
Handler get_sync_lot(Storage& storage);

}  // namespace wms::routes
