// SPDX-License-Identifier: MIT
// Reads texts from stdin, each behind its length in four bytes, and prints a page that has them as label values and in exemplars, with
// their places as values, in the format for the Accept header in its argument. tests/exposition/texts.py has Python read them.

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <string>

#include <flowviz_metrics/flowviz_metrics.hpp>

int main(int argc, char** argv) {
  flowviz::Registry registry;
  const flowviz::Counter shown{registry, "shown_total", "Shown.", flowviz::OpenLabel{"place", 1000}};
  std::uint32_t size = 0;
  for (std::uint64_t place = 0; std::fread(&size, sizeof size, 1, stdin) == 1; ++place) {
    std::string text(size, '\0');
    if (std::fread(text.data(), 1, size, stdin) != size) return 1;
    if (text.find('}') == std::string::npos) {
      shown.with(text).inc(place, {{"text", text}});
    } else {  // at which Python's reader takes an exemplar's labels to end
      shown.with(text).inc(place);
    }
  }
  const std::string page =
      flowviz::scrape(registry, {.accept = argc > 1 ? argv[1] : "", .names = {"shown_total"}}).body;
  std::fwrite(page.data(), 1, page.size(), stdout);
}
