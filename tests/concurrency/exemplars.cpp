// SPDX-License-Identifier: MIT
// Exemplars while threads write them and others scrape: each is shown whole, in the bucket that it belongs to, and none
// takes a count away.

#include <flowviz_metrics/flowviz_metrics.hpp>

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <string>

#include <doctest/doctest.h>

#include "concurrency/threads.hpp"
#include "support/text_validator.hpp"

using concurrency::run_together;
using concurrency::scaled;

namespace {

/// A text by which a number is known again, of another length for other numbers.
std::string text_of(std::uint64_t number) {
  std::string text = std::to_string(number);
  return text + std::string(number % 80, static_cast<char>('a' + number % 26));
}

TEST_CASE("exemplars that threads write at the same time are shown whole") {
  flowviz::Registry registry;
  const flowviz::Counter rises{registry, "rises_total", "Rises."};
  const flowviz::Histogram sizes{registry, "sizes", "Sizes.", flowviz::Buckets{8, 64, 512}};
  constexpr std::size_t writers = 3, scrapers = 2;
  const std::uint64_t writes = scaled(3000);
  std::atomic<std::size_t> going{writers};
  std::atomic<std::size_t> shown{0};

  run_together(writers + scrapers, [&](std::size_t i) {
    if (i < writers) {
      for (std::uint64_t n = 0; n < writes; ++n) {
        const std::uint64_t number = 1 + n * writers + i;
        const std::string text = text_of(number);
        rises.inc(number, {{"trace_id", text}});
        sizes.observe(static_cast<double>(number % 1000), {{"trace_id", text}});
      }
      --going;
      return;
    }
    bool last = false;
    while (!last) {
      last = going == 0;
      const auto page = flowviz::scrape(registry, "application/openmetrics-text").body;
      for (const support::Sample& sample : support::parse_samples(page)) {  // which checks a bucket's bound
        if (!sample.exemplar) continue;
        const std::string& text = sample.exemplar->labels.at(0).second;
        const std::uint64_t number = std::stoull(text);
        const bool is_whole = text == text_of(number);
        const double value = static_cast<double>(sample.name == "rises_total" ? number : number % 1000);
        const bool is_counted = sample.value >= (sample.name == "rises_total" ? value : 1);
        if (!is_whole || sample.exemplar->value != value || !is_counted)
          FAIL(sample.name << ' ' << sample.value << ' ' << text);
        ++shown;
      }
    }
  });

  CHECK(shown > 0);
  const std::uint64_t all = writes * writers;
  CHECK(rises.value() == all * (all + 1) / 2);
  CHECK(sizes.value().count == all);
}

}  // namespace
