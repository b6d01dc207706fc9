// SPDX-License-Identifier: MIT
#pragma once
/// \file
/// What admins do to the service itself.

#include "http/call.hpp"
#include "test_alerts.hpp"

namespace wms::routes {

/// POST /api/admin/test-alert
Handler raise_test_alert(TestAlerts& alerts);

}  // namespace wms::routes
