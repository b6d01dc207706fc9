// SPDX-License-Identifier: MIT
#pragma once
/// \file
/// The routes of an HTTP server by their templates, for adapters of server libraries that do not tell which route took
/// a request.

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <flowviz_metrics/bundles/http_server.hpp>
#include <flowviz_metrics/bundles/path_template.hpp>

FLOWVIZ_METRICS_BEGIN
namespace bundles {

/// A server's routes, and which of them takes a request.
///
/// Routes are added before the server listens; `find` is thread-safe from then on. The metrics outlive it.
class HttpRoutes {
 public:
  struct Route {
    Method method;
    PathTemplate path;
    std::string regex;  ///< the same paths, for the library
    HttpServer::Route metrics;
  };

  /// When a route is asked whether it takes a request: in the order of registration, or before all of those.
  enum class Turn { in_order, before_others };

  explicit HttpRoutes(const HttpServer& metrics) noexcept : metrics_(metrics) {}

  /// Adds a route, which stays where it is; its method and template are on the page from now on.
  ///
  /// Throws `Error` for what is no template, and for a route whose paths another one of the same method takes already,
  /// under whatever names of parameters: its handler would never be called.
  const Route& add(Method method, const std::string& path, Turn turn = Turn::in_order) {
    auto route = std::make_unique<Route>(Route{method, PathTemplate(path), {}, {}});
    route->regex = route->path.regex();
    for (const auto& other : routes_) {
      if (other->method != method || other->regex != route->regex) continue;
      fail("'" + path + "': for " + std::string(label_text(method)) + " it is registered already, as '" +
           other->path.text() + "'");
    }
    route->metrics = metrics_.route(method, route->path.text());
    const auto place = turn == Turn::before_others ? routes_.begin() + before_others_ : routes_.end();
    const Route& added = **routes_.insert(place, std::move(route));
    if (turn == Turn::before_others) ++before_others_;
    return added;
  }

  /// The first route that takes the request; failing that, the first that takes its path with another method; else
  /// nullptr. Those of GET take HEAD. One pass over the routes; never allocates.
  [[nodiscard]] const Route* find(Method method, std::string_view path) const noexcept {
    if (method == Method::head) method = Method::get;
    const Route* other_method = nullptr;
    for (const auto& route : routes_) {
      if (!route->path.matches(path)) continue;
      if (route->method == method) return route.get();
      if (other_method == nullptr) other_method = route.get();
    }
    return other_method;
  }

 private:
  const HttpServer& metrics_;
  std::vector<std::unique_ptr<Route>> routes_;  // in the order in which they are asked
  std::ptrdiff_t before_others_ = 0;            // how many, at the front
};

}  // namespace bundles
FLOWVIZ_METRICS_END
