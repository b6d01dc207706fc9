// SPDX-License-Identifier: MIT
// What do the metrics of a service with a thousand threads take? It is the reference service's set: its own metrics, those of
// HTTP requests on all of its routes, and a histogram of eight databases' queries.

#include <flowviz_metrics/bundles/http_server.hpp>
#include <flowviz_metrics/flowviz_metrics.hpp>

#include <chrono>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "allocations.hpp"
#include "crowd.hpp"
#include "metrics.hpp"
#include "sampling.hpp"

namespace bench {

namespace {

constexpr std::size_t threads = 1'024;

struct Service {
  flowviz::Registry registry;
  wms::Metrics metrics{registry};
  flowviz::bundles::HttpServer http{registry};
  std::vector<flowviz::bundles::HttpServer::Route> routes;
  std::vector<flowviz::bundles::Database::Statement> statements;
  std::string page;

  Service() {
    using flowviz::Method;
    for (const std::string_view handler :
         {"/api/lots", "/api/lots/{lot_id}", "/api/qc-decisions", "/api/traceability/{lot_id}", "/api/runs",
          "/api/runs/{run_id}", "/api/sync", "/api/operators"}) {
      for (const Method method : {Method::get, Method::post}) routes.push_back(http.route(method, handler));
    }
    using flowviz::bundles::DbOperation;
    using flowviz::bundles::StatementName;
    for (const StatementName name : {StatementName("lot"), StatementName("lots"), StatementName("runs"),
                                     StatementName("trace"), StatementName("operators")}) {
      statements.push_back(metrics.database.statement(name, DbOperation::select));
    }
    for (const StatementName name :
         {StatementName("insert_lot"), StatementName("insert_run"), StatementName("insert_decision")}) {
      statements.push_back(metrics.database.statement(name, DbOperation::insert));
    }
  }

  // What a worker does in time: each route, each metric.
  void work() const {
    for (const auto& route : routes) {
      for (const int status : {200, 404, 500}) http.begin(route).finish(status);
    }
    metrics.lots_registered.with(wms::LotType{}).inc();
    metrics.qc_decisions.with(wms::Decision{}).inc();
    metrics.traceability_duration.with(wms::Direction{}).observe(0.02);
    metrics.active_operators.set(3);
    metrics.business_rules.violated(wms::BusinessRule{});
    for (const auto& statement : statements) {
      statement.record(std::chrono::milliseconds(1), flowviz::bundles::QueryOutcome::ok);
    }
  }

  void scrape() {
    flowviz::scrape_into(page, registry);
    keep(page.size());
  }
};

}  // namespace

Question service_memory() {
  return {"memory of a service's metrics with 1,024 threads that have touched all of them",
          "MiB",
          {{"flowviz_metrics", value([] {
              // std::thread allocates, too: the same threads without metrics are taken off.
              double of_threads = 0;
              {
                const Allocations counting;
                const Crowd crowd(threads, [] {});
                of_threads = counting.bytes();
              }
              const Allocations counting;
              const Service service;
              const Crowd crowd(threads, [&] { service.work(); });
              return (counting.bytes() - of_threads + static_cast<double>(sizeof service)) / (1 << 20);
            })}},
          {Claim::at_most(7, "flowviz_metrics", 32)},
          1};
}

Question service_scrape() {
  auto service = std::make_shared<Service>();
  auto crowd = std::make_shared<Crowd>(threads, [&] { service->work(); });
  return {"a page of a service's metrics, 1,024 threads alive",
          "ms",
          {{"flowviz_metrics", milliseconds([service, crowd] { service->scrape(); })}},
          {Claim::at_most(7, "flowviz_metrics", 20)}};
}

}  // namespace bench
