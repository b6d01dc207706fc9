// SPDX-License-Identifier: MIT
#pragma once
/// \file
/// Quality decisions.

#include "background_worker.hpp"
#include "http/call.hpp"
#include "metrics.hpp"
#include "storage/storage.hpp"

namespace wms::routes {

/// POST /api/qc-decisions
///
/// `notifier` sends what is queued for the webhook; null: nothing is.
Handler record_decision(Storage& storage, Metrics& metrics, BackgroundWorker* notifier);

}  // namespace wms::routes
