// SPDX-License-Identifier: MIT
#pragma once
/// \file
/// What admins do to the service itself.

#include "http/call.hpp"
#include "storage/storage.hpp"
#include "test_alerts.hpp"

namespace wms::routes {

/// POST /api/admin/test-alert
Handler raise_test_alert(TestAlerts& alerts, Storage& storage);

}  // namespace wms::routes
