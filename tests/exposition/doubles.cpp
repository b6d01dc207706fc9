// SPDX-License-Identifier: MIT
// Reads doubles from stdin, eight bytes each, and prints pages that show them in their order, a thousand on each, in the format
// for the Accept header in its argument. tests/exposition/doubles.py has Python read them.

#include <cstddef>
#include <cstdio>
#include <string>
#include <vector>

#include <flowviz_metrics/flowviz_metrics.hpp>

int main(int argc, char** argv) {
  constexpr std::size_t on_a_page = 1000;
  std::vector<double> values(on_a_page);
  std::string page;
  while (const std::size_t read = std::fread(values.data(), sizeof(double), on_a_page, stdin)) {
    flowviz::Registry registry;
    const flowviz::Gauge shown{registry, "shown_values", "Shown.",
                               flowviz::OpenLabel{"place", on_a_page}.others(flowviz::OtherGauge::last_set)};
    for (std::size_t i = 0; i < read; ++i) shown.with(std::to_string(i)).set(values[i]);
    flowviz::scrape_into(page, registry, {.accept = argc > 1 ? argv[1] : "", .names = {"shown_values"}});
    std::fwrite(page.data(), 1, page.size(), stdout);
  }
}
