// SPDX-License-Identifier: MIT
#include <flowviz_metrics/http.hpp>

#include <doctest/doctest.h>

#include <limits>
#include <string>
#include <string_view>

#include <flowviz_metrics/counter.hpp>

#include "page.hpp"
#include "refusal.hpp"

using flowviz::Method;
using flowviz::parse_method;
using flowviz::status_class;
using flowviz::StatusClass;

TEST_CASE("the methods are those of the standards, by their names") {
  struct {
    std::string_view text;
    Method method;
  } const table[] = {{"GET", Method::get},         {"HEAD", Method::head},      {"POST", Method::post},
                     {"PUT", Method::put},         {"DELETE", Method::delete_}, {"CONNECT", Method::connect},
                     {"OPTIONS", Method::options}, {"TRACE", Method::trace},    {"PATCH", Method::patch}};
  static_assert(flowviz::enums::count<Method> == std::size(table));
  for (const auto& row : table) {
    CAPTURE(row.text);
    CHECK(parse_method(row.text) == row.method);
    CHECK(label_text(row.method) == row.text);
  }
}

TEST_CASE("whatever else a client calls a method is none") {
  for (const std::string_view text :
       {"", "get", "Get", "GET ", " GET", "GETT", "GE", "BREW", "_other", "delete_", "M-SEARCH", "\xff"}) {
    CAPTURE(text);
    CHECK(flowviz::enums::number(parse_method(text)) == 0);
  }
}

TEST_CASE("a status belongs to the class of its first digit") {
  struct {
    int status;
    StatusClass expected;
  } const table[] = {{100, StatusClass::s1xx}, {199, StatusClass::s1xx}, {200, StatusClass::s2xx},
                     {302, StatusClass::s3xx}, {404, StatusClass::s4xx}, {500, StatusClass::s5xx},
                     {599, StatusClass::s5xx}};
  for (const auto& row : table) {
    CAPTURE(row.status);
    CHECK(status_class(row.status) == row.expected);
  }
  CHECK(label_text(StatusClass::s1xx) == "1xx");
  CHECK(label_text(StatusClass::s5xx) == "5xx");
}

TEST_CASE("a number outside of 100 to 599 belongs to no class") {
  for (const int status : {-1, 0, 1, 2, 99, 600, 700, 999, 1000, 25'700, 51'200, std::numeric_limits<int>::min(),
                           std::numeric_limits<int>::max()}) {
    CAPTURE(status);
    CHECK(flowviz::enums::number(status_class(status)) == 0);
  }
}

TEST_CASE("the text of what is no method and no class can be asked for") {
  CHECK(label_text(parse_method("BREW")) == "_other");
  CHECK(label_text(status_class(42)) == "_other");
}

TEST_CASE("requests of any method and status are counted in a finite set of series") {
  flowviz::Registry registry;
  const flowviz::Counter requests{registry, "http_requests_total", "Requests.", flowviz::Label<Method>{"method"},
                                  flowviz::Label<StatusClass>{"status"}};
  requests.with(parse_method("GET"), status_class(204)).inc();
  requests.with(parse_method("BREW"), status_class(418)).inc(2);
  requests.with(parse_method("PING"), status_class(42)).inc(3);
  const std::string samples = samples_of(registry, "http_requests_total");
  CHECK(says(samples, "{method=\"GET\",status=\"2xx\"} 1\n"));
  CHECK(says(samples, "{method=\"_other\",status=\"4xx\"} 2\n"));
  CHECK(says(samples, "{method=\"_other\",status=\"_other\"} 3\n"));
}
