// SPDX-License-Identifier: MIT
#pragma once

// The service without a port, on a database of its own, for tests of what it answers and counts.

#include <doctest/doctest.h>

#include <string>
#include <string_view>
#include <utility>

#include "app.hpp"
#include "http_client.hpp"
#include "storage/sqlite_storage.hpp"
#include "support/text_validator.hpp"
#include "temporary_folder.hpp"

inline wms::Tokens tokens() {
  return wms::Tokens({{"t-viewer", {"vera", wms::Role::viewer}},
                      {"t-operator", {"olaf", wms::Role::operator_}},
                      {"t-inspector", {"ines", wms::Role::inspector}},
                      {"t-admin", {"ada", wms::Role::admin}}});
}

/// The database may be one that fails when it is told to.
template <class Database>
struct AppOn {
  TemporaryFolder folder;
  Database storage{folder.file("wms.db")};
  flowviz::Registry registry;
  wms::Metrics metrics{registry};
  // Hostile clients of these tests send more than an operator may; the limits have a case of their own.
  wms::App app{storage, metrics, tokens(), std::nullopt, {.rate_limits = {0, 0, 0}}};

  Reply post(const std::string& target, const std::string& body, const std::string& token = "t-admin") {
    return ask(app.api(), "POST", target, token, body);
  }
  Reply get(const std::string& target, const std::string& token = "t-viewer") {
    return ask(app.api(), "GET", target, token);
  }

  double metric(std::string_view name, support::LabelPairs labels) {
    const std::string page = ask(app.operations(), "GET", "/metrics").body;
    return support::value_of(support::parse_samples(page), name, std::move(labels));
  }
};

using AppFixture = AppOn<wms::SqliteStorage>;

inline void check_problem(const Reply& reply, int status) {
  CAPTURE(reply.body);
  CHECK(reply.status == status);
  CHECK(reply.headers.at("Content-Type") == "application/problem+json");
  const auto problem = reply.json();
  CHECK(problem["status"] == status);
  for (const char* member : {"type", "title", "detail"}) CHECK_FALSE(problem[member].get<std::string>().empty());
  CHECK(problem["request_id"] == reply.headers.at("X-Request-Id"));
  if (problem["type"] == "about:blank") CHECK(problem["title"] == reply.reason);  // RFC 9457, 4.2.1
}
