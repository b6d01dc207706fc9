// SPDX-License-Identifier: MIT
// Series that are removed while threads write to them and pages are made: nothing is lost, and no total goes back.

#include <flowviz_metrics/flowviz_metrics.hpp>

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <map>
#include <string>

#include <doctest/doctest.h>

#include "concurrency/threads.hpp"
#include "support/text_validator.hpp"

using concurrency::run_together;
using concurrency::scaled;

namespace {

constexpr std::size_t writers = 3;
const std::string texts[] = {"a", "b", "c"};

}  // namespace

TEST_CASE("counters that are removed while they are counted in lose nothing and never go back") {
  flowviz::Registry registry;
  const flowviz::Counter bytes{registry, "bytes_total", "Bytes.", flowviz::OpenLabel{"client", 3}};
  const std::size_t increments = scaled(200'000);
  std::atomic<std::size_t> writing{writers};
  std::map<std::string, double> seen;
  const auto look = [&] {
    std::size_t shown = 0;
    for (const support::Sample& sample : support::parse_samples(flowviz::scrape(registry).body)) {
      if (sample.name != "bytes_total") continue;
      ++shown;
      double& before = seen[*sample.label("client")];
      if (sample.value < before) FAIL_CHECK(*sample.label("client") << " went back to " << sample.value);
      before = sample.value;
    }
    return shown;
  };
  std::atomic<std::size_t> removed{0};
  std::atomic<std::uint64_t> counted{0};
  run_together(writers + 2, [&](std::size_t i) {
    if (i == writers) {
      while (writing.load() != 0) {
        for (const std::string& text : texts) removed += bytes.remove(text) ? 1U : 0U;
      }
    } else if (i == writers + 1) {
      while (writing.load() != 0) look();
    } else {
      // On a busy machine the one who removes may have had no turn yet.
      std::size_t n = 0;
      for (; n < increments || (removed.load() == 0 && n < 1'000 * increments); ++n)
        bytes.with(texts[(n + i) % 3]).inc();
      counted += n;
      --writing;
    }
  });
  CHECK(removed.load() > 0);
  for (const std::string& text : texts) bytes.remove(text);
  CHECK(look() == 0);
  std::uint64_t total = 0;
  for (const std::string& text : texts) {
    bytes.with(text).inc();
    total += bytes.with(text).value();
  }
  CHECK(total == counted.load() + 3);
  CHECK(look() == 3);
}

TEST_CASE("gauges that are removed while they are set show what was set, or nothing") {
  flowviz::Registry registry;
  const flowviz::Gauge level{registry, "level", "Level.", flowviz::OpenLabel{"tank", 1}.pin({"a"})};
  std::atomic<std::size_t> writing{writers};
  run_together(writers + 2, [&](std::size_t i) {
    if (i == writers) {
      while (writing.load() != 0) level.remove("a");
    } else if (i == writers + 1) {
      while (writing.load() != 0) {
        for (const support::Sample& sample : support::parse_samples(flowviz::scrape(registry).body)) {
          if (sample.name == "level" && sample.value != 0 && sample.value != 7) FAIL_CHECK("shown: " << sample.value);
        }
      }
    } else {
      for (std::size_t n = scaled(200'000); n > 0; --n) level.with("a").set(7);
      --writing;
    }
  });
  level.remove("a");
  run_together(writers, [&](std::size_t) { level.with("a").add(1); });
  CHECK(level.with("a").value() == writers);
}
