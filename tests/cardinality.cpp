// SPDX-License-Identifier: MIT
#include <flowviz_metrics/cardinality.hpp>

#include <doctest/doctest.h>

#include <cstdint>
#include <string>

#include <flowviz_metrics/counter.hpp>
#include <flowviz_metrics/http.hpp>

#include "page.hpp"
#include "refusal.hpp"
#include "sample_enums.hpp"
#include "support/text_validator.hpp"

using flowviz::Counter;
using flowviz::Label;
using flowviz::MaxSeries;
using flowviz::OpenLabel;
using flowviz::Registry;

namespace {

/// What a counter with one open label of this cap and one label of 9 methods is refused with.
std::string with_cap(std::uint32_t cap, MaxSeries max = MaxSeries{flowviz::default_max_series}) {
  Registry registry;
  return refusal(
      [&] { Counter{registry, "a_total", "A.", max, OpenLabel{"page", cap}, Label<flowviz::Method>{"method"}}; });
}

}  // namespace

TEST_CASE("a metric makes at most 10,000 combinations, _other counted for each label") {
  CHECK(with_cap(999) == "");  // (999 + 1) * (9 + 1)
  CHECK(with_cap(1000) ==
        "'a_total': its labels make more than 10000 combinations; lower a cap, or raise the bound with "
        "flowviz::MaxSeries");
}

TEST_CASE("MaxSeries moves the bound, up and down") {
  CHECK(with_cap(1000, MaxSeries{10'010}) == "");
  CHECK(says(with_cap(1000, MaxSeries{10'009}), "more than 10009 combinations"));
  CHECK(says(with_cap(1, MaxSeries{19}), "more than 19 combinations"));
  CHECK(with_cap(1, MaxSeries{20}) == "");
}

TEST_CASE("a product that no 64-bit number holds is refused like any other") {
  Registry registry;
  const std::uint32_t huge = 4'294'967'295;
  CHECK(says(refusal([&] {
               Counter{registry,
                       "a_total",
                       "A.",
                       MaxSeries{huge},
                       OpenLabel{"a", huge},
                       OpenLabel{"b", huge},
                       OpenLabel{"c", huge}};
             }),
             "more than 4294967295 combinations"));
}

TEST_CASE("no more than the cap's texts ever get a series, whatever comes") {
  Registry registry;
  const Counter hits{registry, "hits_total", "Hits.", OpenLabel{"page", 300}, Label<sample::Direction>{"direction"}};
  for (int i = 0; i < 2000; ++i) {
    hits.with(std::to_string(i), i % 2 == 0 ? sample::Direction::forward : sample::Direction::backward).inc();
  }
  std::size_t series = 0;
  double total = 0;
  for (const support::Sample& sample : support::parse_samples(valid_page(registry))) {
    if (sample.name != "hits_total") continue;
    ++series;
    total += sample.value;
  }
  CHECK(series == 300 + 2);  // and _other in both directions
  CHECK(total == 2000);
}
