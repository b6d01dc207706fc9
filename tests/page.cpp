// SPDX-License-Identifier: MIT
#include "page.hpp"

#include <doctest/doctest.h>

#include <flowviz_metrics/scrape.hpp>

#include "support/open_metrics_validator.hpp"
#include "support/protobuf_page.hpp"
#include "support/protobuf_validator.hpp"
#include "support/text_validator.hpp"

std::string page_of(const flowviz::Registry& registry) { return flowviz::scrape(registry).body; }

std::string open_metrics_of(const flowviz::Registry& registry) {
  return flowviz::scrape(registry, "application/openmetrics-text;version=1.0.0").body;
}

namespace {

bool check_valid(const std::string& page, const std::vector<support::Violation>& violations) {
  std::string faults;
  for (const support::Violation& violation : violations) {
    faults += violation.rule + ", line " + std::to_string(violation.line) + ": " + violation.detail + "\n";
  }
  INFO(page);
  CHECK(faults == "");
  return faults.empty();
}

}  // namespace

std::string valid_page(const flowviz::Registry& registry) {
  const std::string page = page_of(registry);
  const std::string open_metrics = open_metrics_of(registry);
  const std::string protobuf = flowviz::scrape(registry, support::protobuf_type).body;
  bool valid = check_valid(page, support::validate_text(page));
  valid &= check_valid(open_metrics, support::validate_open_metrics(open_metrics));
  valid &= check_valid(page, support::validate_protobuf(protobuf));
  return valid ? page : std::string{};
}
