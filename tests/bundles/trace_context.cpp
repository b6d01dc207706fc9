// SPDX-License-Identifier: MIT
#include <flowviz_metrics/bundles/trace_context.hpp>

#include <doctest/doctest.h>

#include <string>
#include <string_view>
#include <utility>

#include <flowviz_metrics/bundles/http_server.hpp>
#include <flowviz_metrics/scrape.hpp>

#include "support/text_validator.hpp"

namespace {

using flowviz::bundles::recorded_trace;

constexpr std::string_view trace = "4bf92f3577b34da6a3ce929d0e0e4736";
constexpr std::string_view header = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

TEST_CASE("the trace of a header") {
  REQUIRE(recorded_trace(header));
  CHECK(recorded_trace(header)->text() == trace);
  CHECK(recorded_trace("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-ff"));
}

TEST_CASE("a trace that nobody records leads nowhere") {
  CHECK(!recorded_trace("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-00"));
  CHECK(!recorded_trace("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-fe"));
}

TEST_CASE("later versions may say more") {
  CHECK(recorded_trace("cc-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"));
  CHECK(recorded_trace("cc-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-what-the-future-will-be-like"));
  CHECK(!recorded_trace("cc-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01.what-the-future-will-be-like"));
}

TEST_CASE("what is no such header") {
  for (const std::string_view text : {
           std::string_view(""),
           std::string_view("00"),
           std::string_view("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-0"),
           std::string_view("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-more"),
           std::string_view("ff-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"),
           std::string_view("0x-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"),
           std::string_view("00-00000000000000000000000000000000-00f067aa0ba902b7-01"),
           std::string_view("00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01"),
           std::string_view("00-4BF92F3577B34DA6A3CE929D0E0E4736-00f067aa0ba902b7-01"),
           std::string_view("00-4bf92f3577b34da6a3ce929d0e0e47\"6-00f067aa0ba902b7-01"),
           std::string_view("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902g7-01"),
           std::string_view("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-g1"),
           std::string_view("00_4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"),
           std::string_view("00-4bf92f3577b34da6a3ce929d0e0e4736_00f067aa0ba902b7-01"),
           std::string_view("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7_01"),
       }) {
    INFO(text);
    CHECK(!recorded_trace(text));
  }
}

/// The exemplars on the page of a server that has answered one request with this header.
std::string exemplars(std::string_view traceparent, flowviz::bundles::HttpServerOptions options = {}) {
  flowviz::Registry registry;
  const flowviz::bundles::HttpServer http{registry, std::move(options)};
  const auto lots = http.route(flowviz::Method::get, "/api/lots");
  auto request = http.begin(lots);
  request.trace(traceparent);
  auto moved = std::move(request);
  moved.finish(200);
  std::string found;
  for (const support::Sample& sample :
       support::parse_samples(flowviz::scrape(registry, "application/openmetrics-text").body)) {
    if (!sample.exemplar) continue;
    found += sample.name + " ";
    for (const auto& [name, value] : sample.exemplar->labels) found += name + "=" + value;
  }
  return found;
}

TEST_CASE("the duration of a request is an exemplar of its trace") {
  CHECK(exemplars(header) == "http_request_duration_seconds_bucket trace_id=" + std::string(trace));
  CHECK(exemplars("").empty());
  CHECK(exemplars("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-00").empty());
}

TEST_CASE("a server can do without exemplars") {
  flowviz::bundles::HttpServerOptions options;
  options.trace_exemplars = false;
  CHECK(exemplars(header, options).empty());
}

}  // namespace
