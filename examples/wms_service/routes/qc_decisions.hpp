// SPDX-License-Identifier: MIT
#pragma once
/// \file
/// Quality decisions.

#include "http/call.hpp"
#include "metrics.hpp"
#include "storage/storage.hpp"

namespace wms::routes {

/// POST /api/qc-decisions
Handler record_decision(Storage& storage, Metrics& metrics);

}  // namespace wms::routes
