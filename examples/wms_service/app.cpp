// SPDX-License-Identifier: MIT
#include "app.hpp"

#include <utility>

#include "routes/health.hpp"
#include "routes/lots.hpp"
#include "routes/metrics_page.hpp"
#include "routes/qc_decisions.hpp"
#include "routes/traceability.hpp"

namespace wms {
namespace {

constexpr std::nullopt_t open_to_all = std::nullopt;

RouteTable operations_routes(Storage& storage, const flowviz::Registry& registry,
                             const std::optional<std::string>& metrics_token) {
  RouteTable table;
  table.get("/health", open_to_all, routes::health());
  table.get("/health/db", open_to_all, routes::database_health(storage));
  table.get("/metrics", open_to_all, routes::metrics_page(registry, metrics_token));
  return table;
}

RouteTable with_api(RouteTable table, Storage& storage, Metrics& metrics) {
  table.post("/api/lots", Right::write_lots, routes::register_lot(storage, metrics));
  table.get("/api/lots", Right::read, routes::list_lots(storage));
  table.get("/api/lots/{lot_id}", Right::read, routes::get_lot(storage));
  table.post("/api/qc-decisions", Right::decide_quality, routes::record_decision(storage, metrics));
  table.get("/api/traceability/{lot_id}/forward", Right::read, routes::trace_lot(storage, metrics, Direction::forward));
  table.get("/api/traceability/{lot_id}/backward", Right::read,
            routes::trace_lot(storage, metrics, Direction::backward));
  return table;
}

}  // namespace

App::App(Storage& storage, Metrics& metrics, Tokens tokens, const std::optional<std::string>& metrics_token)
    : metrics_(metrics),
      pool_(metrics.registry, [&storage] { return storage.connections(); }),
      pool_active_(metrics.registry, "flowviz_db_pool_connections_active",
                   "Connections to the database that are in use.", [&storage] { return storage.connections().active; }),
      pool_idle_(metrics.registry, "flowviz_db_pool_connections_idle", "Connections to the database that nobody uses.",
                 [&storage] { return storage.connections().idle; }),
      tokens_(std::move(tokens)),
      active_operators_(storage, metrics_),
      operations_routes_(operations_routes(storage, metrics.registry, metrics_token)),
      api_routes_(with_api(operations_routes_, storage, metrics_)),
      operations_(operations_server_, operations_routes_, tokens_, metrics_, [](const std::string&) {}),
      api_(api_server_, api_routes_, tokens_, metrics_,
           [this](const std::string& name) { active_operators_.seen(name); }) {}

}  // namespace wms
