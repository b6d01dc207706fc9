// SPDX-License-Identifier: MIT
// The OpenAPI document and the routes that there are, their rights and their limits; and the names of the domain in it.
// That answers are as it says is held by tests/service.

#include "routes/openapi.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <flowviz_metrics/version.hpp>
#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <utility>
#include <vector>

#include "app.hpp"
#include "http_client.hpp"
#include "storage/sqlite_storage.hpp"
#include "temporary_folder.hpp"

namespace {

using namespace wms;
using nlohmann::json;

struct Fixture {
  TemporaryFolder folder;
  SqliteStorage storage{folder.file("wms.db")};
  flowviz::Registry registry;
  Metrics metrics{registry};
  App app{storage, metrics, Tokens({}), std::nullopt};
  json document = ask(app.api(), "GET", "/openapi.json").json();

  /// Method and path of each operation.
  std::map<std::pair<std::string, std::string>, json> operations() const {
    std::map<std::pair<std::string, std::string>, json> found;
    for (const auto& [path, methods] : document["paths"].items()) {
      for (const auto& [method, operation] : methods.items()) {
        if (method == "get") found[{"GET", path}] = operation;
        if (method == "post") found[{"POST", path}] = operation;
      }
    }
    return found;
  }
};

template <class E>
json all_names() {
  json list = json::array();
  for (const Name<E>& name : names(E{})) list.push_back(name.text);
  return list;
}

}  // namespace

TEST_CASE_FIXTURE(Fixture, "every route is in the document, and nothing else is") {
  std::vector<std::pair<std::string, std::string>> routes, documented;
  for (const Route& route : app.routes().routes()) routes.emplace_back(route.method, route.path.text());
  for (const auto& [operation, content] : operations()) documented.push_back(operation);
  std::sort(routes.begin(), routes.end());
  CHECK(routes == documented);
}

TEST_CASE_FIXTURE(Fixture, "the document says who may use a route, and where there are limits") {
  const auto operations = this->operations();
  for (const Route& route : app.routes().routes()) {
    const std::string path(route.path.text());
    CAPTURE(path);
    const json& operation = operations.at({route.method, path});
    const json& responses = operation["responses"];
    const bool asks_for_a_token = !operation.contains("security");  // what stands for the whole document
    CHECK(asks_for_a_token == route.right.has_value());
    CHECK(responses.contains("403") == (route.right && *route.right != Right::read));
    CHECK(responses.contains("429") == route.limit.has_value());
  }
}

TEST_CASE_FIXTURE(Fixture, "what the domain's values are called is what the document says") {
  const json& schemas = document["components"]["schemas"];
  CHECK(schemas["LotType"]["enum"] == all_names<LotType>());
  CHECK(schemas["Lot"]["properties"]["qc_status"]["enum"] == all_names<QcStatus>());
  CHECK(schemas["Decision"]["enum"] == all_names<Decision>());
  CHECK(schemas["SyncState"]["properties"]["status"]["enum"] == all_names<SyncStatus>());
  CHECK(schemas["RunState"]["enum"] == all_names<RunState>());
  CHECK(schemas["AlertSeverity"]["enum"] == all_names<AlertSeverity>());
  CHECK(schemas["Problem"]["properties"]["rule"]["enum"] == all_names<BusinessRule>());
}

TEST_CASE_FIXTURE(Fixture, "the document is of this version") {
  CHECK(document["info"]["version"] == FLOWVIZ_METRICS_VERSION);
}
