// SPDX-License-Identifier: MIT
// Any bytes as what a request says of a page, a line each: its query, Accept-Encoding and timeout. What is taken keeps its bounds,
// reads the same when it is sent again, and makes a valid page of nothing else.

#include <flowviz_metrics/page_request.hpp>

#include "fuzz/fuzz.hpp"

#include <algorithm>
#include <chrono>
#include <vector>

namespace {

/// Every byte that could mean something as its number.
std::string encoded(std::string_view text) {
  std::string all;
  for (const char c : text) {
    char number[4];
    std::snprintf(number, sizeof number, "%%%02x", static_cast<unsigned>(static_cast<unsigned char>(c)));
    all += number;
  }
  return all;
}

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string_view rest = fuzz::text_of(data, size);
  const std::string_view query = fuzz::line_of(rest), coding = fuzz::line_of(rest), timeout = fuzz::line_of(rest);
  flowviz::PageRequest asked;
  asked.query(query);
  asked.header("Accept-Encoding", coding);
  asked.header("X-Prometheus-Scrape-Timeout-Seconds", timeout);
  const flowviz::ScrapeOptions options = asked.options();

  fuzz::expect(options.names.size() <= flowviz::PageRequest::max_names, "not too many names");
  fuzz::expect(asked.refusal().empty() || !options.names.empty() || query.size() > flowviz::PageRequest::max_name_bytes,
               "nothing is refused without a reason");
  const auto ends = std::count(query.begin(), query.end(), '&');
  fuzz::expect(options.names.size() <= static_cast<std::size_t>(ends) + 1, "no more names than parameters");
  std::string again;
  for (const std::string_view name : options.names) {
    fuzz::expect(name.size() <= flowviz::PageRequest::max_name_bytes, "no name too long");
    again += "&name%5b%5D=" + encoded(name);
  }
  flowviz::PageRequest same;
  same.query(again);
  fuzz::expect(same.options().names == options.names, "names read the same when they are sent again");

  if (asked.wants_gzip()) {
    std::string small(coding);
    for (char& c : small) c = flowviz::encode::accept::lower(c);
    fuzz::expect(small.find("gzip") != small.npos || small.find('*') != small.npos, "gzip was asked for");
  }
  const auto budget = options.budget;
  fuzz::expect(budget.count() >= 0 && budget < std::chrono::hours(24), "a budget is no more than a day");
  if (timeout.find_first_not_of("0123456789. \t") != timeout.npos)
    fuzz::expect(budget.count() == 0, "no number, no budget");

  static flowviz::Registry registry;
  [[maybe_unused]] static const flowviz::Counter lots{registry, "lots_total", "Lots."};
  [[maybe_unused]] static const flowviz::Gauge level{registry, "level", "Level."};
  if (options.names.empty() || !asked.refusal().empty()) return 0;
  const std::string page = flowviz::scrape(registry, {.names = options.names}).body;
  fuzz::expect(support::validate_text(page).empty(), "the page is valid");
  for (const std::string_view name : {"lots_total", "level"}) {
    const bool wanted = std::count(options.names.begin(), options.names.end(), name) > 0;
    fuzz::expect((page.find("# TYPE " + std::string(name) + " ") != page.npos) == wanted, "the page has what is named");
  }
  return 0;
}
