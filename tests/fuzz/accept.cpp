// SPDX-License-Identifier: MIT
// Any bytes as an Accept header: a page in the format that the content type says, which is one that the header names, or
// text; and what has nothing to say about a format changes nothing.

#include "fuzz/fuzz.hpp"

#include <algorithm>

#include "support/protobuf_validator.hpp"

namespace {

bool names(std::string_view header, std::string_view word) {
  const auto same = [](char a, char b) { return flowviz::encode::accept::lower(a) == b; };
  return std::search(header.begin(), header.end(), word.begin(), word.end(), same) != header.end();
}

const flowviz::Registry& registry() {
  static flowviz::Registry registry;
  [[maybe_unused]] static const flowviz::Gauge level{registry, "level", "Level."};
  return registry;
}

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view header = fuzz::text_of(data, size);
  const flowviz::Scrape page = flowviz::scrape(registry(), header);
  const std::string_view type = page.content_type;
  const bool anything = names(header, "*/*") || names(header, "application/*");
  if (type.starts_with("application/openmetrics-text; version=1.0.0; charset=utf-8")) {
    fuzz::expect(names(header, "application/openmetrics-text") || anything, "OpenMetrics was asked for");
    fuzz::expect(page.body.ends_with("\n# EOF\n"), "OpenMetrics is in the body");
  } else if (type.starts_with("application/vnd.google.protobuf; ")) {
    fuzz::expect(names(header, "application/vnd.google.protobuf") || anything, "protobuf was asked for");
    fuzz::expect(!page.body.empty() && support::validate_protobuf(page.body).empty(), "protobuf is in the body");
  } else {
    const bool newer = type.starts_with("text/plain; version=1.0.0; charset=utf-8; escaping=");
    fuzz::expect(newer || type.starts_with("text/plain; version=0.0.4; charset=utf-8"), "there is no other format");
    fuzz::expect(!newer || names(header, "text/") || anything, "text 1.0.0 was asked for");
    fuzz::expect(support::validate_text(page.body).empty(), "text is in the body");
  }
  const std::size_t scheme = type.find("; escaping=");
  if (scheme != type.npos) {
    const std::string_view named = type.substr(scheme + std::string_view("; escaping=").size());
    fuzz::expect(names(header, named) || type.ends_with("version=1.0.0; charset=utf-8; escaping=underscores"),
                 "a scheme was asked for");
  }
  const auto type_of = [](const std::string& with) { return flowviz::encode::negotiate(with).content_type; };
  fuzz::expect(type_of("image/png," + std::string(header)) == type, "a format that there is not changes nothing");
  fuzz::expect(type_of(" \t" + std::string(header) + " \t") == type, "blanks around it change nothing");
  return 0;
}
