// SPDX-License-Identifier: MIT
// What does the HTTP bundle add to a request?

#include <flowviz_metrics/bundles/http_server.hpp>
#include <flowviz_metrics/flowviz_metrics.hpp>

#include <array>
#include <memory>

#include "allocations.hpp"
#include "sampling.hpp"

namespace bench {

namespace {

struct Server {
  flowviz::Registry registry;
  flowviz::bundles::HttpServer http{registry};
  std::array<flowviz::bundles::HttpServer::Route, 4> routes{
      http.route(flowviz::Method::get, "/api/lots"),
      http.route(flowviz::Method::post, "/api/lots"),
      http.route(flowviz::Method::get, "/api/lots/{lot_id}"),
      http.route(flowviz::Method::post, "/api/qc-decisions"),
  };
  void answer(std::size_t n) const {
    for (std::size_t i = 0; i < n; ++i) {
      auto request = http.begin(routes[i % routes.size()]);
      request.finish(i % 16 == 0 ? 404 : 200, {.request = i % 1'000, .response = i % 10'000});
    }
  }
};

}  // namespace

Question http_request() {
  auto server = std::make_shared<Server>();
  // Two readings of the clock are in it; they are what a bundle cannot do without.
  return {"HTTP bundle, one request",
          "ns",
          {{"two readings of the clock", alone(20'000,
                                               [](std::size_t n) {
                                                 for (std::size_t i = 0; i < 2 * n; ++i) keep(now_ns());
                                               })},
           {"flowviz_metrics", alone(20'000, [server](std::size_t n) { server->answer(n); })}},
          {Claim::at_most(10, "flowviz_metrics", 300)}};
}

Question http_allocations() {
  auto server = std::make_shared<Server>();
  return {"HTTP bundle, allocations of a request",
          "blocks",
          {{"flowviz_metrics", value([server] {
              constexpr std::size_t n = 1'000;
              server->answer(n);
              const Allocations counting;
              server->answer(n);
              return counting.count() / n;
            })}},
          {Claim::at_most(10, "flowviz_metrics", 0)},
          1};
}

}  // namespace bench
