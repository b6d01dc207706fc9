// SPDX-License-Identifier: MIT
#pragma once
/// \file
/// Quality decisions.

#include "http/call.hpp"
#include "metrics.hpp"
#include "storage/storage.hpp"
#include "trace_cache.hpp"

namespace wms::routes {

/// POST /api/qc-decisions
Handler record_decision(Storage& storage, TraceCache& traces, Metrics& metrics);

}  // namespace wms::routes
