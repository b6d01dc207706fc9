// SPDX-License-Identifier: MIT
#pragma once
/// \file
/// Which paths exist, what each takes, and who may use it.

#include <flowviz_metrics/bundles/path_template.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "http/auth.hpp"
#include "http/call.hpp"
#include "http/limited_route.hpp"

namespace wms {

struct Route {
  std::string method;
  flowviz::PathTemplate path;  ///< such as /api/lots/{lot_id}
  std::optional<Right> right;  ///< what the caller needs; none: open to all
  Handler handler;
  std::optional<LimitedRoute> limit;  ///< what its requests count for; none: no limit
};

class RouteTable {
 public:
  void get(std::string path, std::optional<Right> right, Handler handler, std::optional<LimitedRoute> limit = {});
  void post(std::string path, std::optional<Right> right, Handler handler, std::optional<LimitedRoute> limit = {});

  struct Match {
    const Route* route = nullptr;  ///< null: nothing takes this method at this path
    std::string allowed;           ///< the methods that the path takes; empty: there is no such path
  };
  /// HEAD is answered by what answers GET.
  Match match(std::string_view method, std::string_view path) const;

  const std::vector<Route>& routes() const { return routes_; }

 private:
  std::vector<Route> routes_;
};

}  // namespace wms
