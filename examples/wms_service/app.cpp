// SPDX-License-Identifier: MIT
#include "app.hpp"

#include <algorithm>
#include <chrono>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "log.hpp"
#include "routes/admin.hpp"
#include "routes/health.hpp"
#include "routes/idempotent.hpp"
#include "routes/lots.hpp"
#include "routes/metrics_page.hpp"
#include "routes/openapi.hpp"
#include "routes/production_runs.hpp"
#include "routes/qc_decisions.hpp"
#include "routes/sync.hpp"
#include "routes/traceability.hpp"
#include "time_zone.hpp"

namespace wms {
namespace {

constexpr std::nullopt_t open_to_all = std::nullopt;

/// For one listener: the pages that its clients ask for take turns among themselves. Were the turns shared, anybody who
/// reaches the API could keep the scrape on the second listener out.
RouteTable operations_routes(Storage& storage, const flowviz::Registry& registry,
                             const std::optional<std::string>& metrics_token) {
  RouteTable table;
  table.get("/health", open_to_all, routes::health());
  table.get("/health/db", open_to_all, routes::database_health(storage));
  table.get("/metrics", open_to_all, routes::metrics_page(registry, metrics_token));
  return table;
}

RouteTable with_api(RouteTable table, Storage& storage, KeyReleaser& key_releaser, Metrics& metrics, TraceCache& traces,
                    TestAlerts& test_alerts, BackgroundWorker& sync_worker, BackgroundWorker* webhook_worker) {
  const auto post = [&](const char* path, Right right, Handler handler, std::optional<LimitedRoute> limit = {}) {
    table.post(path, right, routes::idempotent(storage, key_releaser, path, std::move(handler)), limit);
  };
  table.get("/openapi.json", open_to_all, routes::openapi_document());
  post("/api/lots", Right::write_lots, routes::register_lot(storage, metrics), LimitedRoute::lots);
  table.get("/api/lots", Right::read, routes::list_lots(storage));
  table.get("/api/lots/{lot_id}", Right::read, routes::get_lot(storage));
  post("/api/qc-decisions", Right::decide_quality, routes::record_decision(storage, metrics, webhook_worker),
       LimitedRoute::qc_decisions);
  post("/api/production-runs", Right::write_lots, routes::plan_run(storage));
  table.get("/api/production-runs/{run_id}", Right::read, routes::get_run(storage));
  post("/api/production-runs/{run_id}/transitions", Right::write_lots, routes::move_run(storage, metrics));
  post("/api/sync/lots", Right::write_lots, routes::queue_sync_lots(storage, metrics, sync_worker));
  table.get("/api/sync/{client_id}", Right::read, routes::get_sync_lot(storage));
  table.get("/api/traceability/{lot_id}/forward", Right::read,
            routes::trace_lot(storage, traces, metrics, Direction::forward), LimitedRoute::trace_forward);
  table.get("/api/traceability/{lot_id}/backward", Right::read,
            routes::trace_lot(storage, traces, metrics, Direction::backward), LimitedRoute::trace_backward);
  post("/api/admin/test-alert", Right::administer, routes::raise_test_alert(test_alerts, storage));
  return table;
}

BackgroundWorker::Step tidy_waits(const Refusal& refusal) {
  log::write(log::Level::warning, "tidy_waits", {{"cause", problems::refused(refusal).cause}});
  return BackgroundWorker::Step::failed;
}

/// Drops what has had its time.
BackgroundWorker::Step tidy(Storage& storage) {
  const auto more = storage.forget_keys(now() - key_lifetime, BackgroundWorker::end_of_step());
  if (!more) return tidy_waits(more.error());
  if (*more) return BackgroundWorker::Step::worked;
  const auto forgotten = storage.forget_admissions(BackgroundWorker::end_of_step());
  return forgotten ? BackgroundWorker::Step::nothing_to_do : tidy_waits(forgotten.error());
}

}  // namespace

// An idle worker looks as often as a message may become due.
App::Webhook::Webhook(Storage& storage, Metrics& metrics, const WebhookOptions& options)
    : sender(storage, metrics, options,
             [client = WebhookClient(*options.address, options.timeout)](
                 const std::string& json, std::string_view key) { return client.post(json, key); }),
      worker("webhook", [this] { return sender.step(); },
             {.idle = std::min<std::chrono::milliseconds>(std::chrono::seconds(1), options.retry.first_wait)}) {}

App::SharedLimits::SharedLimits(Storage& storage, const Tokens& tokens, const RateLimits& limits,
                                const Metrics& metrics)
    : limiter(storage, tokens, limits, metrics.rate_limit_store),
      worker("rate limits", [this] { return limiter.refresh(); }, {.idle = std::chrono::seconds(5)}) {}

/// How both servers count their requests, in the same metrics.
static flowviz::bundles::HttpServerOptions counting(const AppOptions& options) {
  flowviz::bundles::HttpServerOptions counting;
  if (options.native_histograms) counting.duration_highr_native = flowviz::NativeBuckets{};
  return counting;
}

App::App(Storage& storage, Metrics& metrics, Tokens tokens, const std::optional<std::string>& metrics_token,
         const AppOptions& options)
    : metrics_(metrics),
      pool_(metrics.registry, [&storage] { return storage.connections(); }),
      pool_active_(metrics.registry, "flowviz_db_pool_connections_active",
                   "Connections to the database that are in use.", [&storage] { return storage.connections().active; }),
      pool_idle_(metrics.registry, "flowviz_db_pool_connections_idle", "Connections to the database that nobody uses.",
                 [&storage] { return storage.connections().idle; }),
      tokens_(std::move(tokens)),
      shared_limits_(options.rate_limit_store == RateLimitStore::database
                         ? std::make_unique<SharedLimits>(storage, tokens_, options.rate_limits, metrics_)
                         : nullptr),
      own_limits_(tokens_, options.rate_limits),
      rate_limiter_(shared_limits_ ? static_cast<RateLimiter&>(shared_limits_->limiter) : own_limits_),
      near_limit_(metrics_.rate_limits.near_limit([this](const flowviz::Gauge<LimitedRoute>& clients) {
        const auto now = std::chrono::steady_clock::now();
        for (const auto& [route, text] : names(LimitedRoute{})) {
          clients.with(route).set(rate_limiter_.near(route, now));
        }
      })),
      trace_cache_(options.trace_cache, metrics_.trace_cache),
      test_alerts_(options.test_alert_duration),
      test_alert_(metrics_.test_alert([this](const flowviz::Gauge<AlertSeverity>& raised) {
        const auto now = std::chrono::steady_clock::now();
        for (const auto& [severity, text] : names(AlertSeverity{})) {
          raised.with(severity).set(test_alerts_.is_raised(severity, now) ? 1 : 0);
        }
      })),
      business_hours_(metrics_.business_hours(
          [hours = options.business_hours] { return hours.include(wall_clock(now())) ? 1 : 0; })),
      database_gauges_(storage, metrics_),
      key_releaser_(storage),
      sync_applier_(storage, metrics_),
      sync_worker_("sync", [this] { return sync_applier_.step(); }),
      tidy_worker_("tidy", [&storage] { return tidy(storage); }, {.idle = std::chrono::minutes(10)}),
      webhook_(options.webhook.address ? std::make_unique<Webhook>(storage, metrics_, options.webhook) : nullptr),
      operations_routes_(operations_routes(storage, metrics.registry, metrics_token)),
      api_routes_(with_api(operations_routes(storage, metrics.registry, metrics_token), storage, key_releaser_,
                           metrics_, trace_cache_, test_alerts_, sync_worker_, webhook_ ? &webhook_->worker : nullptr)),
      operations_(
          operations_server_, operations_routes_, tokens_, rate_limiter_, metrics_, [](const std::string&) {}, {},
          counting(options)),
      api_(
          api_server_, api_routes_, tokens_, rate_limiter_, metrics_,
          [this](const std::string& name) { database_gauges_.seen(name); }, Cors(options.cors_origins),
          counting(options)) {}

void App::start_background_work() {
  database_gauges_.start();
  key_releaser_.start();
  sync_worker_.start();
  tidy_worker_.start();
  if (shared_limits_) shared_limits_->worker.start();
  if (webhook_) webhook_->worker.start();
}

void App::stop_background_work() {
  key_releaser_.stop_soon();
  sync_worker_.stop_soon();
  tidy_worker_.stop_soon();
  if (shared_limits_) shared_limits_->worker.stop_soon();
  if (webhook_) webhook_->worker.stop_soon();
}

}  // namespace wms
