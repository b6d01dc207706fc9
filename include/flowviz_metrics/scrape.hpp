// SPDX-License-Identifier: MIT
#pragma once
/// \file
/// A registry as a page in the format that the reader asks for.

#include <concepts>
#include <cstddef>
#include <initializer_list>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <flowviz_metrics/durations.hpp>
#include <flowviz_metrics/encode/negotiate.hpp>
#include <flowviz_metrics/encode/protobuf.hpp>
#include <flowviz_metrics/encode/text.hpp>
#include <flowviz_metrics/page/collect.hpp>

FLOWVIZ_METRICS_BEGIN

/// A page, and what its format is called in HTTP.
struct Scrape {
  std::string content_type;
  std::string body;
};

/// What a page is to be.
struct ScrapeOptions {
  /// The value of an Accept header. Of the text formats 0.0.4 and 1.0.0, OpenMetrics 1.0.0 and the delimited protobuf format
  /// the page has the one that it wants most; text 0.0.4 if it is empty, cannot be read, or wants none of them.
  std::string_view accept{};
  /// Only metrics of these names, as a reader gives them in `/metrics?name[]=...`; all if it is empty. A histogram has its
  /// own name and those of its samples.
  std::vector<std::string_view> names{};
  /// How long callbacks may take, all together; those that have not answered then are left out. Above zero they are called on
  /// another thread; zero lets them take as long as they do, on the scraping one.
  std::chrono::nanoseconds budget{};
};

/// The metrics of several registries now, in their order, as one page in `page`, whose memory is used again; returns the
/// format's content type.
///
/// A metric that several registries have under one name and type stands on the page once, with the samples of all. One that
/// clashes with a metric of a registry before it, and would make the page invalid, is left out, and counted in
/// `flowviz_metrics_families_left_out_total`: give each registry a constant label of its own. The process and the
/// library itself are labelled as the first registry is.
///
/// Thread-safe. Takes no lock and stops no writer; may run on several threads at once.
// Making a page is the larger part of the library, and most files do not. These functions are templates, with nothing to
// choose, so that the files which make one compile it, and not all that include this.
template <class = void>
std::string_view scrape_into(std::string& page, std::span<const Registry* const> registries,
                             const ScrapeOptions& options = {}) {
  page.clear();
  const encode::Negotiated answer = encode::negotiate(options.accept);
  const auto write = [&](auto&& encoder) {
    if constexpr (metrics_enabled) PageWalk(registries, options.names, encoder).collect(options.budget);
    encoder.finish();
  };
  switch (answer.format) {
    case encode::Format::text:
    case encode::Format::text_1:
      write(encode::TextEncoder(page, encode::TextFormat::prometheus, answer.escaping));
      break;
    case encode::Format::open_metrics:
      write(encode::TextEncoder(page, encode::TextFormat::open_metrics, answer.escaping));
      break;
    case encode::Format::protobuf:
      write(encode::ProtobufEncoder(page, answer.escaping));
      break;
  }
  return answer.content_type;
}
template <class = void>
std::string_view scrape_into(std::string& page, std::initializer_list<const Registry*> registries,
                             const ScrapeOptions& options = {}) {
  return scrape_into(page, std::span(registries.begin(), registries.size()), options);
}

/// The same of one registry.
///
///     std::string page;   // kept from scrape to scrape
///     const std::string_view type = flowviz::scrape_into(page, registry, {.accept = accept, .names = {"lots_total"}});
template <class = void>
std::string_view scrape_into(std::string& page, const Registry& registry, const ScrapeOptions& options = {}) {
  return scrape_into(page, {&registry}, options);
}

/// The metrics of `registry` now, as `options` have them; see `scrape_into`, which uses its memory again.
///
///     const flowviz::Scrape page = flowviz::scrape(registry, {.names = {"lots_total"}});
template <class = void>
[[nodiscard]] Scrape scrape(const Registry& registry, const ScrapeOptions& options) {
  Scrape page;
  if (!options.names.empty()) {
    page.content_type = scrape_into(page.body, registry, options);
    return page;
  }
  const std::size_t expected = registry.last_page_bytes();
  page.body.reserve(expected + expected / 16);  // numbers gain digits
  page.content_type = scrape_into(page.body, registry, options);
  registry.note_page_bytes(page.body.size());
  return page;
}

/// Those of several registries on one page; see `scrape_into`.
///
///     const flowviz::Scrape page = flowviz::scrape({&mine, &theirs}, {.accept = request.accept});
// An array, and not a list, which {} would be, too.
template <std::size_t N>
[[nodiscard]] Scrape scrape(const Registry* const (&registries)[N], const ScrapeOptions& options = {}) {
  Scrape page;
  page.content_type = scrape_into(page.body, std::span(registries), options);
  return page;
}

/// All of them, in the best format that `accept`, the value of an Accept header, allows.
///
///     const flowviz::Scrape page = flowviz::scrape(registry, request.accept);
// Whatever is a text, and not just std::string_view: `{}` is an empty ScrapeOptions then, and does not stand for both.
template <std::convertible_to<std::string_view> Accept = std::string_view>
[[nodiscard]] Scrape scrape(const Registry& registry, const Accept& accept = {}) {
  return scrape(registry, ScrapeOptions{.accept = accept});
}

/// The page of the default registry.
template <class = void>
[[nodiscard]] Scrape scrape(std::string_view accept = {}) {
  return scrape(default_registry(), accept);
}

FLOWVIZ_METRICS_END
