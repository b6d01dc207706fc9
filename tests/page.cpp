// SPDX-License-Identifier: MIT
#include "page.hpp"

#include <doctest/doctest.h>

#include <cstdlib>
#include <fstream>
#include <functional>
#include <string>
#include <vector>

#include <flowviz_metrics/encode/json.hpp>
#include <flowviz_metrics/scrape.hpp>

#include "support/open_metrics_validator.hpp"
#include "support/protobuf_page.hpp"
#include "support/protobuf_validator.hpp"
#include "support/text_validator.hpp"

std::string page_of(const flowviz::Registry& registry) { return flowviz::scrape(registry).body; }

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

void write_labels(flowviz::encode::JsonWriter& to, const support::LabelPairs& labels) {
  to.object([&] {
    for (const auto& [name, value] : labels) to.member(name).string(value);
  });
}

/// The samples of a page as JSON: name, labels and value of each, and of its exemplar labels, value and time.
std::string samples_as_json(const std::string& page) {
  std::string text;
  flowviz::encode::JsonWriter to(text);
  to.array([&] {
    for (const support::Sample& sample : support::parse_samples(page)) {
      to.array([&] {
        to.string(sample.name);
        write_labels(to, sample.labels);
        to.string(sample.value_text);
        if (!sample.exemplar) return;
        write_labels(to, sample.exemplar->labels);
        to.string(support::go_number(sample.exemplar->value));
        to.string(support::go_number(sample.exemplar->timestamp.value()));
      });
    }
  });
  return text;
}

}  // namespace

void keep_page(const std::string& page, const std::string& ending) {
  const char* folder = std::getenv("FLOWVIZ_PAGES");
  if (folder == nullptr) return;
  // By its hash, so that one that is made again is kept once.
  const std::string path = std::string(folder) + "/" + std::to_string(std::hash<std::string>{}(page)) + ending;
  std::ofstream(path) << page;
  std::ofstream(path + ".samples") << samples_as_json(page);
}

std::string open_metrics_of(const flowviz::Registry& registry) {
  std::string page = flowviz::scrape(registry, "application/openmetrics-text;version=1.0.0").body;
  keep_page(page, ".open_metrics");
  return page;
}

std::string valid_page(const flowviz::Registry& registry) {
  const std::string page = page_of(registry);
  const std::string open_metrics = open_metrics_of(registry);
  const std::string protobuf = flowviz::scrape(registry, support::protobuf_type).body;
  keep_page(page, ".text");
  bool valid = check_valid(page, support::validate_text(page));
  valid &= check_valid(open_metrics, support::validate_open_metrics(open_metrics));
  valid &= check_valid(page, support::validate_protobuf(protobuf));
  return valid ? page : std::string{};
}
