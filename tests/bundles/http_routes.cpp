// SPDX-License-Identifier: MIT
#include <flowviz_metrics/bundles/http_routes.hpp>

#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "page.hpp"
#include "refusal.hpp"

using flowviz::Method;
using flowviz::Registry;
using flowviz::bundles::HttpRoutes;
using flowviz::bundles::HttpServer;
using Turn = HttpRoutes::Turn;

namespace {

struct Fixture {
  Registry registry;
  HttpServer metrics{registry};
  HttpRoutes routes{metrics};

  /// What takes the request: method and template.
  std::string taken(Method method, std::string_view path) const {
    const HttpRoutes::Route* route = routes.find(method, path);
    return route == nullptr ? "nothing" : std::string(label_text(route->method)) + " " + route->path.text();
  }
};

}  // namespace

TEST_CASE("paths with identifiers are counted under the templates that were given up front") {
  Fixture fixture;
  fixture.routes.add(Method::get, "/api/db/tasks");
  fixture.routes.add(Method::get, "/api/db/tasks/{task_id}");
  fixture.routes.add(Method::get, "/api/db/tasks/{task_id}/subtasks/{subtask_id}");
  for (const char* path : {"/api/db/tasks/TASK-123", "/api/db/tasks/TASK-124", "/api/db/tasks"}) {
    fixture.metrics.begin(fixture.routes.find(Method::get, path)->metrics).finish(200);
  }
  const std::string samples = samples_of(fixture.registry, "http_requests_total");
  const auto counted = [&](const std::string& handler, const char* times) {
    return samples.find("{method=\"GET\",handler=\"" + handler + "\",status=\"2xx\"} " + times + "\n") !=
           std::string::npos;
  };
  CHECK(counted("/api/db/tasks/{task_id}", "2"));
  CHECK(counted("/api/db/tasks", "1"));
  CHECK(counted("/api/db/tasks/{task_id}/subtasks/{subtask_id}", "0"));
  CHECK(samples.find("TASK") == std::string::npos);
  CHECK(fixture.taken(Method::get, "/api/db/tasks/TASK-123/subtasks/SUB-1") ==
        "GET /api/db/tasks/{task_id}/subtasks/{subtask_id}");
}

TEST_CASE("the first route that takes a request is found, before those that only take its path") {
  Fixture fixture;
  fixture.routes.add(Method::post, "/lots/new");
  fixture.routes.add(Method::get, "/lots/{lot_id}");
  fixture.routes.add(Method::get, "/lots/new");
  fixture.routes.add(Method::post, "/{table}/{row}", Turn::before_others);
  fixture.routes.add(Method::post, "/{table}/new", Turn::before_others);
  struct Case {
    Method method;
    std::string path, taken;
  };
  const std::vector<Case> table{
      {Method::get, "/lots/7", "GET /lots/{lot_id}"},
      {Method::get, "/lots/new", "GET /lots/{lot_id}"},
      {Method::head, "/lots/7", "GET /lots/{lot_id}"},
      {Method::post, "/lots/new", "POST /{table}/{row}"},
      {Method::put, "/lots/new", "POST /{table}/{row}"},
      {Method::get, "/other/7", "POST /{table}/{row}"},
      {Method{0xff}, "/lots/7", "POST /{table}/{row}"},
      {Method::get, "/lots", "nothing"},
      {Method::get, "", "nothing"},
  };
  for (const Case& entry : table) {
    CAPTURE(entry.path);
    CHECK(fixture.taken(entry.method, entry.path) == entry.taken);
  }
}

TEST_CASE("a route is on the page from when it was added") {
  Fixture fixture;
  const HttpRoutes::Route& route = fixture.routes.add(Method::put, "/lots/{lot_id}");
  CHECK(route.regex == "/lots/([^/]+)");
  CHECK(route.metrics.counted());
  CHECK(says(valid_page(fixture.registry), R"(method="PUT",handler="/lots/{lot_id}")"));
}

TEST_CASE("a route whose paths another takes already is refused, and not on the page") {
  Fixture fixture;
  fixture.routes.add(Method::get, "/lots/{lot_id}");
  for (const Turn turn : {Turn::in_order, Turn::before_others}) {
    CHECK(refusal([&] { fixture.routes.add(Method::get, "/lots/{id}", turn); }) ==
          "'/lots/{id}': for GET it is registered already, as '/lots/{lot_id}'");
  }
  CHECK_FALSE(says(valid_page(fixture.registry), "{id}"));
  CHECK(refusal([&] { fixture.routes.add(Method::put, "/lots/{id}"); }).empty());
  CHECK(refusal([&] { fixture.routes.add(Method::get, "/lots/{id}/"); }).empty());
  CHECK(says(refusal([&] { fixture.routes.add(Method::get, "/lots/*"); }), "a parameter is written {name}"));
}
