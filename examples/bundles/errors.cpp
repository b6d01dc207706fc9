// SPDX-License-Identifier: MIT
// One place where errors become answers, and are counted.

#include <cstdio>
#include <functional>
#include <stdexcept>

#include <flowviz_metrics/bundles/errors.hpp>
#include <flowviz_metrics/scrape.hpp>

using flowviz::bundles::Errors;
using flowviz::bundles::ErrorType;
using flowviz::bundles::Severity;

int answer(const Errors<>& errors, const std::function<void()>& handler) {
  try {
    handler();
    return 200;
  } catch (const std::invalid_argument&) {
    errors.count(ErrorType::validation, Severity::info);
    return 422;
  } catch (const std::exception&) {
    errors.count(ErrorType::internal, Severity::error);
    return 500;
  }
}

int main() {
  flowviz::Registry registry;
  const Errors<> errors{registry};
  answer(errors, [] {});
  answer(errors, [] { throw std::invalid_argument("quantity_kg"); });
  answer(errors, [] { throw std::logic_error("a lot without a code"); });
  std::fputs(flowviz::scrape(registry).body.c_str(), stdout);
}
