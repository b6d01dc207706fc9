// SPDX-License-Identifier: MIT
#pragma once
/// \file
/// Lots: registering, reading, listing.

#include "http/call.hpp"
#include "metrics.hpp"
#include "storage/storage.hpp"

namespace wms::routes {

/// POST /api/lots
Handler register_lot(Storage& storage, Metrics& metrics);
/// GET /api/lots/{lot_id}
Handler get_lot(Storage& storage);
/// GET /api/lots
Handler list_lots(Storage& storage);

}  // namespace wms::routes
