// SPDX-License-Identifier: MIT
#pragma once

// What the plants' work, what they record offline and their mistakes name alike: routes, identifiers of nothing, states.

#include <string_view>

namespace wms_traffic {

inline constexpr const char* lots_route = "/api/lots";
inline constexpr const char* lot_route = "/api/lots/{lot_id}";
inline constexpr const char* runs_route = "/api/production-runs";
inline constexpr const char* transitions_route = "/api/production-runs/{run_id}/transitions";
inline constexpr const char* decisions_route = "/api/qc-decisions";
inline constexpr const char* batches_route = "/api/sync/lots";
inline constexpr const char* offline_lot_route = "/api/sync/{client_id}";
inline constexpr const char* test_alert_route = "/api/admin/test-alert";
inline constexpr const char* lost_id = "00000000-0000-7000-8000-000000000000";

/// Whether a lot of that status may go into another one.
inline bool usable(std::string_view qc_status) { return qc_status == "PENDING" || qc_status == "PASS"; }

}  // namespace wms_traffic
