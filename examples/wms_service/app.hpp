// SPDX-License-Identifier: MIT
#pragma once
/// \file
/// The service without its ports and its database: which routes there are and what they are wired to. Tests use it
/// without a listener.

#include <flowviz_metrics/bundles/database_pool.hpp>
#include <flowviz_metrics/flowviz_metrics.hpp>
#include <memory>
#include <optional>
#include <string>

#include "app_options.hpp"
#include "background_worker.hpp"
#include "database_gauges.hpp"
#include "http/auth.hpp"
#include "http/database_rate_limiter.hpp"
#include "http/dispatcher.hpp"
#include "http/memory_rate_limiter.hpp"
#include "http/routes.hpp"
#include "http/server.hpp"
#include "key_releaser.hpp"
#include "metrics.hpp"
#include "storage/storage.hpp"
#include "sync_applier.hpp"
#include "test_alerts.hpp"
#include "trace_cache.hpp"
#include "webhook/sender.hpp"

namespace wms {

class App {
 public:
  /// Storage and metrics outlive it: whoever opens the storage needs the metrics before.
  App(Storage& storage, Metrics& metrics, Tokens tokens, const std::optional<std::string>& metrics_token,
      const AppOptions& options = {});

  /// Everything.
  Server& api() { return api_server_; }
  /// Health and metrics, for probes and scrapes.
  Server& operations() { return operations_server_; }

  /// What the API answers.
  const RouteTable& routes() const { return api_routes_; }

  Metrics& metrics() { return metrics_; }
  /// What goes on beside the answers to requests, on threads of its own.
  void start_background_work();
  /// No more of it is begun. Does not wait.
  void stop_background_work();

  KeyReleaser& key_releaser() { return key_releaser_; }
  SyncApplier& sync_applier() { return sync_applier_; }
  /// Null, if there is no webhook.
  WebhookSender* webhook_sender() { return webhook_ ? &webhook_->sender : nullptr; }
  DatabaseGauges& database_gauges() { return database_gauges_; }

 private:
  struct Webhook {
    Webhook(Storage& storage, Metrics& metrics, const WebhookOptions& options);
    WebhookSender sender;
    BackgroundWorker worker;
  };

  struct SharedLimits {
    SharedLimits(Storage& storage, const Tokens& tokens, const RateLimits& limits, const Metrics& metrics);
    DatabaseRateLimiter limiter;
    BackgroundWorker worker;
  };

  Metrics& metrics_;
  flowviz::bundles::DatabasePool pool_;
  flowviz::GaugeCallback pool_active_, pool_idle_;  // the pool's, under the names that FlowViz's boards know
  Tokens tokens_;
  std::unique_ptr<SharedLimits> shared_limits_;  // null: each instance has limits of its own
  MemoryRateLimiter own_limits_;
  RateLimiter& rate_limiter_;  // the one of them that is used
  flowviz::GaugeCallback near_limit_;
  TraceCache trace_cache_;
  TestAlerts test_alerts_;
  flowviz::GaugeCallback test_alert_;
  flowviz::GaugeCallback business_hours_;
  DatabaseGauges database_gauges_;
  KeyReleaser key_releaser_;
  SyncApplier sync_applier_;
  BackgroundWorker sync_worker_;
  BackgroundWorker tidy_worker_;
  std::unique_ptr<Webhook> webhook_;  // null: there is none

  RouteTable operations_routes_;
  RouteTable api_routes_;
  Server operations_server_;
  Server api_server_;
  Dispatcher operations_;
  Dispatcher api_;
};

}  // namespace wms
