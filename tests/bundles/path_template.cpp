// SPDX-License-Identifier: MIT
#include <flowviz_metrics/bundles/path_template.hpp>

#include <doctest/doctest.h>

#include <regex>
#include <string>
#include <vector>

#include "refusal.hpp"

using flowviz::PathTemplate;

namespace {

struct Match {
  std::string path_template;
  std::string path;
  bool matches;
};

const std::vector<Match> table{
    {"/", "/", true},
    {"/", "", false},
    {"/api/lots", "/api/lots", true},
    {"/api/lots", "/api/lots/", false},
    {"/api/lots", "/api/lotsy", false},
    {"/api/lots", "/api/lot", false},
    {"/api/lots/{lot_id}", "/api/lots/L-1", true},
    {"/api/lots/{lot_id}", "/api/lots/", false},
    {"/api/lots/{lot_id}", "/api/lots", false},
    {"/api/lots/{lot_id}", "/api/lots/L-1/", false},
    {"/api/lots/{lot_id}", "/api/lots/L-1/forward", false},
    {"/api/lots/{lot_id}", "/api/lots/{lot_id}", true},
    {"/api/lots/{lot_id}", "/api/lots/\n", true},
    {"/trace/{lot_id}/forward", "/trace/L-1/forward", true},
    {"/trace/{lot_id}/forward", "/trace//forward", false},
    {"/trace/{lot_id}/forward", "/trace/L-1/backward", false},
    {"/trace/{lot_id}/forward", "/trace/L-1/forward/x", false},
    {"/{a}/{b}", "/1/2", true},
    {"/{a}/{b}", "/1", false},
    {"/{a}/{b}", "/1/", false},
    {"/{a}/", "/1/", true},
    {"/openapi.json", "/openapi.json", true},
    {"/openapi.json", "/openapi-json", false},
    // What a path may hold by RFC 3986 stands for itself, also where it would mean something in an expression.
    {"/lots(1)/$count", "/lots(1)/$count", true},
    {"/lots(1)", "/lots1", false},
    {"/a$b", "/a$b", true},
    {"/c++", "/c++", true},
    {"/c++", "/ccc", false},
    {"/lots:batch", "/lots:batch", true},
    {"/-._~!$&'(),;=:@%20", "/-._~!$&'(),;=:@%20", true},
    {"/caf\u00e9 1", "/caf\u00e9 1", true},
};

}  // namespace

TEST_CASE("a template matches the paths that it stands for, and its expression matches the same") {
  for (const Match& match : table) {
    CAPTURE(match.path_template);
    CAPTURE(match.path);
    const PathTemplate path(match.path_template);
    CHECK(path.text() == match.path_template);
    CHECK(path.matches(match.path) == match.matches);
    CHECK(std::regex_match(match.path, std::regex(path.regex())) == match.matches);
  }
}

TEST_CASE("parameters are the groups of the expression, in their order") {
  const PathTemplate path("/sites/{site}/lots/{lot_id}");
  const std::string text = "/sites/north/lots/L-1";
  std::smatch groups;
  REQUIRE(std::regex_match(text, groups, std::regex(path.regex())));
  REQUIRE(path.parameter("site").has_value());
  REQUIRE(path.parameter("lot_id").has_value());
  CHECK(groups[*path.parameter("site") + 1] == "north");
  CHECK(groups[*path.parameter("lot_id") + 1] == "L-1");
  CHECK_FALSE(path.parameter("lot").has_value());
}

TEST_CASE("what other routers take for a pattern is refused, not taken for a path that nobody asks for") {
  for (const std::string text :
       {R"(/api/(\d+))", "/api/([0-9]+)", "/api/(.*)",      "/api/(.+)",     "/api/(a|b)", "/api/(v1)/lots",
        R"(/api/v1\.0)", "/api/[a-z]/x",  "/api/lots/?",    "/api/a|b",      "/api/lots$", "^/api",
        "/^api",         "/api/.*",       "/api/.+",        "/api/*",        "/api/**",    "/*",
        "/api/:id",      "/:id/x",        "/api/{id:[^/]}", "/api/{id:int}", "/api/{id?}", "/api/{*rest}"}) {
    CAPTURE(text);
    const std::string message = refusal([&] { PathTemplate{text}; });
    CHECK(says(message, "'" + text + "'"));
    if (text.front() == '/') CHECK(says(message, "a parameter is written {name}; regular expressions are not taken"));
  }
}

TEST_CASE("what is no template is refused with the rule") {
  struct Refused {
    std::string text, rule;
  };
  const std::vector<Refused> refused{
      {"", "starts with /"},
      {"api/lots", "starts with /"},
      {"/api/{lot_id", "pairs"},
      {"/api/lot_id}", "pairs"},
      {"/api/{lot_id}}", "whole segment"},
      {"/api/{lot_id}/x}", "pairs"},
      {"/api/{{lot_id}}", "has a name"},
      {"/api/{}", "has a name"},
      {"/api/{a/b}", "has a name"},
      {"/api/lot-{lot_id}", "whole segment"},
      {"/api/{lot_id}.json", "whole segment"},
      {"/api/{a}{b}", "whole segment"},
      {"/api/{a}/{a}", "occurs once"},
  };
  for (const Refused& entry : refused) {
    CAPTURE(entry.text);
    const std::string message = refusal([&] { PathTemplate{entry.text}; });
    CHECK(says(message, entry.rule));
    if (!entry.text.empty()) CHECK(says(message, "'" + entry.text + "'"));
  }
}
