// SPDX-License-Identifier: MIT
#include <flowviz_metrics/bundles/errors.hpp>

#include <doctest/doctest.h>

#include <flowviz_metrics/testing.hpp>

#include "page.hpp"

using flowviz::Registry;
using flowviz::bundles::Errors;
using flowviz::bundles::ErrorType;
using flowviz::bundles::Severity;
using flowviz::testing::differences;

TEST_CASE("an error is counted by type and severity, and all of them exist from the start") {
  Registry registry;
  const Errors errors{registry};
  CHECK(series_of(registry, "errors_total") == 6 * 3);
  errors.count(ErrorType::database, Severity::error);
  errors.count(ErrorType::validation, Severity::info);
  errors.count(ErrorType::validation, Severity::info);
  CHECK(differences(registry, R"(
    errors_total{type="validation",severity="info"} 2
    errors_total{type="validation",severity="warning"} 0
    errors_total{type="validation",severity="error"} 0
    errors_total{type="auth",severity="info"} 0
    errors_total{type="auth",severity="warning"} 0
    errors_total{type="auth",severity="error"} 0
    errors_total{type="conflict",severity="info"} 0
    errors_total{type="conflict",severity="warning"} 0
    errors_total{type="conflict",severity="error"} 0
    errors_total{type="database",severity="info"} 0
    errors_total{type="database",severity="warning"} 0
    errors_total{type="database",severity="error"} 1
    errors_total{type="outbound",severity="info"} 0
    errors_total{type="outbound",severity="warning"} 0
    errors_total{type="outbound",severity="error"} 0
    errors_total{type="internal",severity="info"} 0
    errors_total{type="internal",severity="warning"} 0
    errors_total{type="internal",severity="error"} 0
  )") == "");
}

namespace {
enum class OwnType { printer, scales };
}

TEST_CASE("a service can have types of errors of its own") {
  Registry registry;
  const Errors<OwnType> errors{registry};
  errors.count(OwnType::scales, Severity::warning);
  CHECK(errors.total.with(OwnType::scales, Severity::warning).value() == 1);
  CHECK(series_of(registry, "errors_total") == 2 * 3);
}
