// SPDX-License-Identifier: MIT
// validate_page: the strict validators as a program, for scripts and for pages fetched by hand.

#include <fstream>
#include <iostream>
#include <iterator>
#include <string>
#include <string_view>

#include "support/open_metrics_validator.hpp"
#include "support/protobuf_validator.hpp"
#include "support/text_validator.hpp"

namespace {

constexpr std::string_view usage =
    "usage: validate_page [--open-metrics | --protobuf] [--other-producer] [--timestamps] [--any-counter-name]\n"
    "                     [--utf8-names] [FILE]\n"
    "Checks a page in the Prometheus text format 0.0.4 or 1.0.0, from FILE or standard input, and prints every broken\n"
    "rule as\n"
    "  line N: rule: what was found\n"
    "  --open-metrics      the page is OpenMetrics 1.0.0, written by flowviz\n"
    "  --protobuf          the page is delimited protobuf, written by flowviz; a line is a family\n"
    "  --other-producer    a page that flowviz did not write: numbers, spacing, comments and HELP are free\n"
    "  --timestamps        samples may carry timestamps\n"
    "  --any-counter-name  counters need not end in _total\n"
    "  --utf8-names        names beyond the classic alphabet may stand between quotation marks\n"
    "Exit status: 0 the page is valid, 1 it is not, 2 it could not be read or a flag is wrong.\n";

}  // namespace

int main(int argument_count, char** arguments) {
  support::ValidationOptions options;
  bool open_metrics = false, protobuf = false;
  std::string path;
  for (int i = 1; i < argument_count; ++i) {
    const std::string_view argument = arguments[i];
    if (argument == "--help") {
      std::cout << usage;
      return 0;
    }
    if (argument == "--open-metrics") {
      open_metrics = true;
    } else if (argument == "--protobuf") {
      protobuf = true;
    } else if (argument == "--other-producer") {
      options.producer = support::Producer::other;
    } else if (argument == "--timestamps") {
      options.timestamps = support::Timestamps::allowed;
    } else if (argument == "--any-counter-name") {
      options.counter_names = support::CounterNames::any;
    } else if (argument == "--utf8-names") {
      options.names = support::Names::utf8;
    } else if (argument.substr(0, 1) == "-" || !path.empty()) {
      std::cerr << "validate_page: unexpected argument " << argument << "\n" << usage;
      return 2;
    } else {
      path = argument;
    }
  }

  std::ifstream file;
  if (!path.empty()) {
    file.open(path, std::ios::binary);
    if (!file) {
      std::cerr << "validate_page: cannot open " << path << "\n";
      return 2;
    }
  }
  std::istream& input = path.empty() ? std::cin : file;
  const std::string page{std::istreambuf_iterator<char>(input), std::istreambuf_iterator<char>()};
  if (page.empty()) {
    std::cerr << "validate_page: the page is empty\n";  // what a failed download looks like; no metrics page is
    return 2;
  }

  const auto violations = open_metrics ? support::validate_open_metrics(page, options.names)
                          : protobuf   ? support::validate_protobuf(page, options.counter_names, options.names)
                                       : support::validate_text(page, options);
  for (const auto& violation : violations) {
    std::cout << "line " << violation.line << ": " << violation.rule << ": " << violation.detail << "\n";
  }
  return violations.empty() ? 0 : 1;
}
