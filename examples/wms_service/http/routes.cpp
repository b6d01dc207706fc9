// SPDX-License-Identifier: MIT
#include "http/routes.hpp"

#include <utility>

namespace wms {
namespace {

// cpp-httplib matches paths by regular expressions, on the stack; nothing that exists has a longer path.
constexpr std::size_t longest_path = 256;

}  // namespace

void RouteTable::get(std::string path, std::optional<Right> right, Handler handler, std::optional<LimitedRoute> limit) {
  routes_.push_back({"GET", flowviz::PathTemplate(std::move(path)), right, std::move(handler), limit});
}

void RouteTable::post(std::string path, std::optional<Right> right, Handler handler,
                      std::optional<LimitedRoute> limit) {
  routes_.push_back({"POST", flowviz::PathTemplate(std::move(path)), right, std::move(handler), limit});
}

RouteTable::Match RouteTable::match(std::string_view method, std::string_view path) const {
  Match match;
  if (path.size() > longest_path) return match;
  for (const Route& route : routes_) {
    if (!route.path.matches(path)) continue;
    const bool is_get = route.method == "GET";
    match.allowed += (match.allowed.empty() ? "" : ", ") + route.method + (is_get ? ", HEAD" : "");
    if (route.method == method || (is_get && method == "HEAD")) match.route = &route;
  }
  return match;
}

}  // namespace wms
