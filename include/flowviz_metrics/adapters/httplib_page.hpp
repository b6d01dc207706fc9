// SPDX-License-Identifier: MIT
#pragma once
/// \file
/// A registry's page from a server of cpp-httplib, of any release from 0.11 on.

#include <httplib.h>

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <flowviz_metrics/page_request.hpp>
#include <flowviz_metrics/scrape.hpp>

FLOWVIZ_METRICS_BEGIN
namespace httplib {

namespace release {

// The library compresses what is text in whatever coding it finds the letters of in the header, refused or not, and no
// other format; and it sends a page in as many parts as a header asks for. So it sees neither header.
inline void take_wishes(const ::httplib::Request& request) {
  auto& own = const_cast<::httplib::Request&>(request);  // NOLINT: it is the server's own and not const
  own.headers.erase("Accept-Encoding");
  own.ranges.clear();
}

}  // namespace release

/// Compresses `body` with gzip, for a handler that serves a page by itself to who wants it so (`PageRequest::wants_gzip`).
/// False, and the body stays as it is, if the library was built without zlib. Costs some 10 ns a byte, and allocates.
[[nodiscard]] inline bool gzip([[maybe_unused]] std::string& body) {
#ifdef CPPHTTPLIB_ZLIB_SUPPORT
  std::string packed;
  const auto append = [&packed](const char* data, std::size_t size) {
    packed.append(data, size);
    return true;
  };
  if (!::httplib::detail::gzip_compressor().compress(body.data(), body.size(), true, append)) return false;
  body = std::move(packed);
  return true;
#else
  return false;
#endif
}

/// A handler that serves the page of several registries (see `scrape_into`), to GET and, as the library does, to HEAD:
///
///     httplib::Server server;
///     server.Get("/metrics", flowviz::httplib::page({&registry, &flowviz::default_registry()}));
///
/// In the best format that the Accept header allows; with `?name[]=...` only those metrics; with callbacks that answer
/// within the reader's own timeout (see PageRequest); compressed with gzip for who accepts it, if the library was built
/// with zlib. It is served whole, whatever ranges are asked for.
///
/// At most `at_once` pages are made at the same time, and one more is refused with 503, so that callbacks that hang
/// leave threads of the server's to others: it has eight or more. Too many names are refused with 400.
///
/// Thread-safe, as a handler has to be; copies share their limit. The registries outlive it.
[[nodiscard]] inline ::httplib::Server::Handler page(std::vector<const Registry*> registries, unsigned at_once = 4) {
  return [registries = std::move(registries), turns = std::make_shared<PageTurns>(at_once)](
             const ::httplib::Request& request, ::httplib::Response& response) {
    PageRequest asked;
    for (const auto& [name, value] : request.headers) asked.header(name, value);
    for (const auto& [name, value] : request.params) asked.parameter(name, value);
    release::take_wishes(request);
    const auto refuse = [&response](int status, std::string why) {
      response.status = status;
      response.set_content(why += '\n', "text/plain; charset=utf-8");
    };
    if (!asked.refusal().empty()) return refuse(400, std::string(asked.refusal()));
    const auto turn = turns->take();
    if (!turn) {
      response.set_header("Retry-After", "1");
      return refuse(503, "too many pages are being made at once");
    }
    Scrape page;
    if (registries.size() == 1) {
      page = scrape(*registries.front(), asked.options());
    } else {
      page.content_type = scrape_into(page.body, registries, asked.options());
    }
    if (asked.wants_gzip() && gzip(page.body)) response.set_header("Content-Encoding", "gzip");
    response.set_content(std::move(page.body), page.content_type);
  };
}

/// The same of one registry.
///
///     server.Get("/metrics", flowviz::httplib::page(registry));
[[nodiscard]] inline ::httplib::Server::Handler page(const Registry& registry = default_registry(),
                                                     unsigned at_once = 4) {
  return page(std::vector{&registry}, at_once);
}
// The registry has to outlive the handler.
::httplib::Server::Handler page(const Registry&&, unsigned at_once = 4) = delete;

}  // namespace httplib
FLOWVIZ_METRICS_END
