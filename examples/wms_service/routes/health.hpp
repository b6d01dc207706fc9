// SPDX-License-Identifier: MIT
#pragma once
/// \file
/// Whether the service runs, and whether its database does.

#include "http/call.hpp"
#include "storage/storage.hpp"

namespace wms::routes {

/// GET /health
Handler health();
/// GET /health/db
Handler database_health(Storage& storage);

}  // namespace wms::routes
