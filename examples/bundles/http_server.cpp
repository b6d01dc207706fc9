// SPDX-License-Identifier: MIT
// An HTTP server of one's own, which has no router: rules given up front say which template a path is counted under.

#include <cstdio>
#include <string>
#include <string_view>

#include <flowviz_metrics/bundles/http_routes.hpp>
#include <flowviz_metrics/bundles/http_server.hpp>
#include <flowviz_metrics/scrape.hpp>

using flowviz::Method;

struct Answer {
  int status;
  std::string body;
};

Answer answer(std::string_view path) {
  if (path.ends_with("/TASK-123")) return {200, R"({"task_id": "TASK-123"})"};
  return {404, ""};
}

int main() {
  flowviz::Registry registry;
  const flowviz::bundles::HttpServer http{registry};
  flowviz::bundles::HttpRoutes routes{http};
  routes.add(Method::get, "/api/db/tasks/{task_id}");
  routes.add(Method::post, "/api/db/tasks");
  const auto none = http.route(Method::get, "");  // for paths that no rule takes

  for (const char* path : {"/api/db/tasks/TASK-123", "/api/db/tasks/TASK-9", "/favicon.ico"}) {
    const auto* route = routes.find(Method::get, path);
    auto request = http.begin(route == nullptr ? none : route->metrics);
    const Answer given = answer(path);  // if it throws, that is a 500
    request.finish(given.status, {.request = 0, .response = given.body.size()});
  }
  std::fputs(flowviz::scrape(registry).body.c_str(), stdout);
}
