// SPDX-License-Identifier: MIT
#include <flowviz_metrics/bundles/validation.hpp>

#include <doctest/doctest.h>

#include <string>
#include <string_view>

#include <flowviz_metrics/testing.hpp>

#include "page.hpp"

using flowviz::Registry;
using flowviz::bundles::Validation;
using flowviz::testing::differences;

namespace {

enum class LotField { lot_code, quantity_kg };
constexpr std::string_view entity_text(LotField) { return "lot"; }

enum class RunField { line, lot_code };
constexpr std::string_view entity_text(RunField) { return "production_run"; }

}  // namespace

TEST_CASE("a field that was wrong is counted under its entity, and all of them exist from the start") {
  Registry registry;
  const Validation<LotField, RunField> validation{registry};
  CHECK(series_of(registry, "validation_failures_total") == 4 + 2);
  validation.failed(LotField::quantity_kg);
  validation.failed(RunField::lot_code);
  validation.failed(RunField::lot_code);
  CHECK(differences(registry, R"(
    validation_failures_total{entity="lot",field="lot_code"} 0
    validation_failures_total{entity="lot",field="quantity_kg"} 1
    validation_failures_total{entity="lot",field="_other"} 0
    validation_failures_total{entity="production_run",field="_other"} 0
    validation_failures_total{entity="production_run",field="line"} 0
    validation_failures_total{entity="production_run",field="lot_code"} 2
  )") == "");
}

TEST_CASE("a field is known by the name that it has in a request") {
  Registry registry;
  const Validation<LotField, RunField> validation{registry};
  validation.failed<LotField>("lot_code");
  CHECK(validation.failures.with("lot", "lot_code").value() == 1);
  CHECK(validation.failures.with("production_run", "lot_code").value() == 0);
}

TEST_CASE("names that a client made up share one series of each entity") {
  Registry registry;
  const Validation<LotField, RunField> validation{registry};
  for (int i = 0; i < 1000; ++i) validation.failed<LotField>("made_up_" + std::to_string(i));
  for (const std::string_view text : {"line", "", "lot_code\n", "_other", "\xff"}) validation.failed<LotField>(text);
  validation.failed<RunField>("made_up");
  validation.failed(static_cast<RunField>(99));
  CHECK(differences(registry, R"(
    validation_failures_total{entity="lot",field="lot_code"} 0
    validation_failures_total{entity="lot",field="quantity_kg"} 0
    validation_failures_total{entity="lot",field="_other"} 1005
    validation_failures_total{entity="production_run",field="line"} 0
    validation_failures_total{entity="production_run",field="lot_code"} 0
    validation_failures_total{entity="production_run",field="_other"} 2
  )") == "");
  CHECK(series_of(registry, "validation_failures_total") == 4 + 2);
}
