// SPDX-License-Identifier: MIT
#include "http/routes.hpp"

#include <doctest/doctest.h>

#include <string>

namespace {

using namespace wms;

RouteTable table() {
  const Handler nothing = [](const Call&) -> Result<Answer, Problem> { return Answer{}; };
  RouteTable routes;
  routes.get("/lots", Right::read, nothing);
  routes.post("/lots", Right::write_lots, nothing);
  routes.get("/lots/{lot_id}", Right::read, nothing);
  routes.get("/trace/{lot_id}/{direction}", Right::read, nothing);
  return routes;
}

}  // namespace

TEST_CASE("a path finds its route") {
  const RouteTable routes = table();
  const struct {
    const char* method;
    std::string path;
    const char* found;
  } cases[] = {
      {"GET", "/lots", "/lots"},
      {"HEAD", "/lots", "/lots"},
      {"POST", "/lots", "/lots"},
      {"GET", "/lots/7", "/lots/{lot_id}"},
      {"GET", "/lots/" + std::string(200, '7'), "/lots/{lot_id}"},
      {"GET", "/lots/{lot_id}", "/lots/{lot_id}"},
      {"GET", "/trace/7/up", "/trace/{lot_id}/{direction}"},
  };
  for (const auto& c : cases) {
    CAPTURE(c.path);
    const auto match = routes.match(c.method, c.path);
    REQUIRE(match.route != nullptr);
    CHECK(match.route->path.text() == c.found);
  }
  CHECK(routes.match("POST", "/lots").route->right == Right::write_lots);
}

TEST_CASE("a path that there is not allows nothing") {
  const RouteTable routes = table();
  for (const std::string path : {"", "/", "lots", "/lots/", "/lots/7/", "/lots//", "/LOTS", "/lots/7/8", "//lots",
                                 "/trace//up", "/trace/7", "/lotsx", "/lot"}) {
    CAPTURE(path);
    CHECK(routes.match("GET", path).allowed.empty());
    CHECK(routes.match("GET", path).route == nullptr);
  }
  CHECK(routes.match("GET", "/lots/" + std::string(300, 'x')).allowed.empty());  // nothing has a path that long
}

TEST_CASE("a method that a path does not take is told from the others") {
  const RouteTable routes = table();
  for (const char* method : {"DELETE", "PUT", "get", "", "FOO"}) {
    CHECK(routes.match(method, "/lots").route == nullptr);
    CHECK(routes.match(method, "/lots").allowed == "GET, HEAD, POST");
  }
  CHECK(routes.match("POST", "/lots/7").allowed == "GET, HEAD");
}
