// SPDX-License-Identifier: MIT
#include "page.hpp"

#include <doctest/doctest.h>

#include <flowviz_metrics/scrape.hpp>

#include "support/text_validator.hpp"

std::string page_of(const flowviz::Registry& registry) { return flowviz::scrape(registry).body; }

std::string valid_page(const flowviz::Registry& registry) {
  std::string page = page_of(registry);
  std::string faults;
  for (const support::Violation& violation : support::validate_text(page)) {
    faults += violation.rule + ", line " + std::to_string(violation.line) + ": " + violation.detail + "\n";
  }
  INFO(page);
  CHECK(faults == "");
  return faults.empty() ? page : std::string{};
}
