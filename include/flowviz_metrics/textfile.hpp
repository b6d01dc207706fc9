// SPDX-License-Identifier: MIT
#pragma once
/// \file
/// A registry as a file for node-exporter's textfile collector: for programs that have ended when Prometheus comes by, and
/// for those that cannot listen.

#include <flowviz_metrics/version.hpp>  // first: it says which system this needs

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstddef>
#include <cstdio>
#include <cstdlib>
#include <initializer_list>
#include <span>
#include <string>
#include <string_view>
#include <system_error>

#include <flowviz_metrics/encode/text.hpp>
#include <flowviz_metrics/page/collect.hpp>
#include <flowviz_metrics/scrape.hpp>

FLOWVIZ_METRICS_BEGIN
namespace textfile {

inline bool write_all(int file, std::string_view text) noexcept {
  while (!text.empty()) {
    const ssize_t written = ::write(file, text.data(), text.size());
    if (written < 0 && errno != EINTR) return false;
    if (written > 0) text.remove_prefix(static_cast<std::size_t>(written));
  }
  return true;
}

/// Puts a file with this text in the place of `path`, and gives the system's reason if it cannot.
template <class = void>
std::error_code replace(const std::string& path, std::string_view text) {
  // In the same folder, or it could not be renamed; under a name that no other writer has and the collector does not read.
  std::string draft = path + ".XXXXXX";
  const int file = ::mkostemp(draft.data(), O_CLOEXEC);
  if (file < 0) return {errno, std::generic_category()};
  // The file is on the disk before its name is, so that a machine that goes down has the old page or the new one. Which of
  // them does not matter, and the folder is not waited for.
  const bool done = write_all(file, text) && ::fchmod(file, 0644) == 0 && ::fsync(file) == 0 &&
                    std::rename(draft.c_str(), path.c_str()) == 0;
  const std::error_code error(done ? 0 : errno, std::generic_category());
  ::close(file);
  if (!done) ::unlink(draft.c_str());
  return error;
}

}  // namespace textfile

/// Writes the metrics of several registries now, as `scrape_into` puts them together, to the file at `path`, which node-exporter
/// serves if it lies in its `--collector.textfile.directory`. Of `options`, `accept` has no meaning here: the collector reads
/// the text format 0.0.4 alone.
///
/// The file is there as a whole or not at all: a draft beside it, `path.` and six characters, is written to the disk and takes
/// its place. Its mode is 0644, whatever the umask says. Writers to one path at the same time do not get into each
/// other's way: the last one stays. Who reads through a symbolic link gets a file in the place of the link.
///
/// The metrics of the process and the library's own are left out, unless `options.names` has them: node-exporter has
/// `process_*` itself, another program's file the library's, and what is there twice it drops, with an error in its log at
/// each scrape. What else several programs write under one name needs one help text, and a constant label to tell it apart.
///
/// Returns what kept the file from being written; then the old one is as it was, and no draft is left. (One is if the process is
/// killed, and can be deleted.) Throws `Error` if `path` does not end in `.prom`.
///
/// Thread-safe. Costs a page, its memory and a write to the disk, which it waits for.
template <class = void>
[[nodiscard]] std::error_code write_textfile(const std::string& path, std::span<const Registry* const> registries,
                                             const ScrapeOptions& options = {}) {
  if (!path.ends_with(".prom")) rule_broken(path, "a textfile ends in .prom, or node-exporter does not read it");
  std::string page;
  encode::TextEncoder encoder(page);
  if constexpr (metrics_enabled) {
    using Page = PageWalk<encode::TextEncoder>;
    Page(registries, options.names, encoder).collect(options.budget, Page::Own::if_named);
  }
  encoder.finish();
  return textfile::replace(path, page);
}
template <class = void>
[[nodiscard]] std::error_code write_textfile(const std::string& path, std::initializer_list<const Registry*> registries,
                                             const ScrapeOptions& options = {}) {
  return write_textfile(path, std::span(registries.begin(), registries.size()), options);
}

/// The same of one registry.
///
///     if (const std::error_code error = flowviz::write_textfile("/var/lib/node_exporter/import.prom", registry)) {
///       std::fprintf(stderr, "import.prom: %s\n", error.message().c_str());
///     }
template <class = void>
[[nodiscard]] std::error_code write_textfile(const std::string& path, const Registry& registry,
                                             const ScrapeOptions& options = {}) {
  return write_textfile(path, {&registry}, options);
}

FLOWVIZ_METRICS_END
