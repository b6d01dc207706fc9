// SPDX-License-Identifier: MIT
#include "page.hpp"

#include <doctest/doctest.h>

#include <cstdlib>
#include <fstream>
#include <functional>
#include <string>
#include <vector>

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

/// Writes a page into the folder that FLOWVIZ_PAGES names, if it does, once if it is made again. Other people's readers read them
/// there: tests/exposition/suite_pages.py.
void keep(const std::string& page, const char* ending) {
  const char* folder = std::getenv("FLOWVIZ_PAGES");
  if (folder == nullptr) return;
  std::ofstream(std::string(folder) + "/" + std::to_string(std::hash<std::string>{}(page)) + ending) << page;
}

}  // namespace

std::string valid_page(const flowviz::Registry& registry) {
  const std::string page = page_of(registry);
  const std::string open_metrics = open_metrics_of(registry);
  const std::string protobuf = flowviz::scrape(registry, support::protobuf_type).body;
  keep(page, ".text");
  keep(open_metrics, ".open_metrics");
  bool valid = check_valid(page, support::validate_text(page));
  valid &= check_valid(open_metrics, support::validate_open_metrics(open_metrics));
  valid &= check_valid(page, support::validate_protobuf(protobuf));
  return valid ? page : std::string{};
}
