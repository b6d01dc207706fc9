// SPDX-License-Identifier: MIT
#pragma once
/// \file
/// A registry as a page in the format that the reader asks for.

#include <cstddef>
#include <string>
#include <string_view>

#include <flowviz_metrics/collect.hpp>
#include <flowviz_metrics/encode/text.hpp>

FLOWVIZ_METRICS_BEGIN

/// A page, and what its format is called in HTTP.
struct Scrape {
  std::string content_type;
  std::string body;
};

/// All metrics of `registry` now, in the best format that `accept`, the value of an Accept header, allows. So far that
/// is the text format 0.0.4, whatever `accept` says.
///
/// Thread-safe. Takes no lock and stops no writer; may run on several threads at once.
///
///     const flowviz::Scrape page = flowviz::scrape(registry, request.accept);
[[nodiscard]] inline Scrape scrape(const Registry& registry, std::string_view accept = {}) {
  static_cast<void>(accept);
  Scrape page{std::string(encode::TextEncoder::content_type), {}};
  const std::size_t expected = registry.last_page_bytes();
  page.body.reserve(expected + expected / 16);  // numbers gain digits
  encode::TextEncoder encoder(page.body);
  Collector(registry, encoder).collect();
  encoder.flush();
  registry.note_page_bytes(page.body.size());
  return page;
}

/// The page of the default registry.
[[nodiscard]] inline Scrape scrape(std::string_view accept = {}) { return scrape(default_registry(), accept); }

FLOWVIZ_METRICS_END
