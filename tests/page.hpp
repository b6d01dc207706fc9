// SPDX-License-Identifier: MIT
#pragma once

// Pages as tests look at them: what one metric puts there, and what the strict validator holds against the whole.

#include <cstddef>
#include <string>
#include <string_view>

#include <flowviz_metrics/registry.hpp>

/// The page of a registry as text. Made in page.cpp, for whoever includes what makes pages compiles for seconds.
std::string page_of(const flowviz::Registry& registry);

/// The same as OpenMetrics, which is kept.
std::string open_metrics_of(const flowviz::Registry& registry);

/// Keeps a page for other people's readers (tests/exposition/suite_pages.py): in the folder that FLOWVIZ_PAGES names, if it names one,
/// and beside it its samples as the reader of these tests has them. `ending` is .text or .open_metrics, after .quoted if names stand
/// between quotation marks there.
void keep_page(const std::string& page, const std::string& ending);

/// The page as text, empty (and a failed check) if its strict validator refuses it, or the page of OpenMetrics or that of
/// protobuf.
std::string valid_page(const flowviz::Registry& registry);

/// All lines of the metric `name` on a page: help text, type and samples.
inline std::string family_on(const std::string& page, std::string_view name) {
  const std::string help = "# HELP " + std::string(name) + " ";
  const std::size_t begin = page.starts_with(help) ? 0 : page.find("\n" + help) + 1;
  if (begin == 0 && !page.starts_with(help)) return {};
  const std::size_t end = page.find("\n# HELP ", begin);
  return page.substr(begin, end == std::string::npos ? end : end + 1 - begin);
}

/// The samples alone of the metric `name` on the page of a registry, which has to be valid.
inline std::string samples_of(const flowviz::Registry& registry, std::string_view name) {
  std::string text = family_on(valid_page(registry), name);
  while (text.starts_with("# ")) text.erase(0, text.find('\n') + 1);
  return text;
}

/// How many series the metric `name` has on that page, a histogram's counted once.
inline std::size_t series_of(const flowviz::Registry& registry, std::string_view name) {
  const std::string samples = samples_of(registry, name);
  std::size_t series = 0;
  for (std::size_t line = 0; line < samples.size(); line = samples.find('\n', line) + 1) {
    const std::string_view rest = std::string_view(samples).substr(line + name.size());
    if (!rest.starts_with("_bucket{") && !rest.starts_with("_sum")) ++series;
  }
  return series;
}
