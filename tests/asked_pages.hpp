// SPDX-License-Identifier: MIT
#pragma once

// Pages whose metrics are asked for, and what was left out of them.

#include <doctest/doctest.h>

#include <chrono>
#include <string>

#include <flowviz_metrics/scrape.hpp>

#include "support/text_validator.hpp"

/// A valid page, for which callbacks and collectors may take that long.
inline std::string page_within(const flowviz::Registry& registry, std::chrono::nanoseconds budget) {
  std::string page;
  flowviz::scrape_into(page, registry, {.budget = budget});
  CHECK(support::validate_text(page).empty());
  return page;
}

/// How often pages have left out something so far for that reason.
inline double left_out(const char* reason) {
  return support::value_of(support::parse_samples(flowviz::scrape(flowviz::Registry()).body),
                           "flowviz_metrics_callbacks_left_out_total", {{"reason", reason}});
}
