// SPDX-License-Identifier: MIT
#include <flowviz_metrics/describe.hpp>

#include <doctest/doctest.h>

#include <chrono>
#include <string>
#include <string_view>
#include <vector>

#include <flowviz_metrics/callback.hpp>
#include <flowviz_metrics/counter.hpp>
#include <flowviz_metrics/gauge.hpp>
#include <flowviz_metrics/histogram.hpp>
#include <flowviz_metrics/info.hpp>
#include <flowviz_metrics/process.hpp>
#include <flowviz_metrics/up_down_counter.hpp>

#include "page.hpp"
#include "sample_enums.hpp"

using namespace std::chrono_literals;
using flowviz::Counter;
using flowviz::describe;
using flowviz::Gauge;
using flowviz::Histogram;
using flowviz::Label;
using flowviz::MetricDescription;
using flowviz::OpenLabel;
using flowviz::Registry;
using sample::LotType;

namespace {

MetricDescription described(const Registry& registry, std::string_view name) {
  for (const MetricDescription& metric : describe(registry)) {
    if (metric.name == name) return metric;
  }
  FAIL("no metric ", std::string(name));
  return {};
}

std::size_t lines_with_values(const std::string& page) {
  std::size_t count = 0;
  for (std::size_t at = 0; at < page.size(); at = page.find('\n', at) + 1) count += page[at] == '#' ? 0u : 1u;
  return count;
}

}  // namespace

TEST_CASE("a metric is described by what it was registered with") {
  Registry registry{{{"site", "north"}}};
  Counter lots{registry, "lots_total", "Lots.", Label<LotType>{"lot_type"}};
  Histogram took{registry, "took_seconds", "Took.", flowviz::Buckets{.5, 1}, OpenLabel{"handler", 7}.pin({"/a"})};
  const MetricDescription counter = described(registry, "lots_total");
  CHECK(counter.type == "counter");
  CHECK(counter.unit == "");
  CHECK(counter.help == "Lots.");
  REQUIRE(counter.labels.size() == 1);
  CHECK(counter.labels[0].name == "lot_type");
  CHECK_FALSE(counter.labels[0].open);
  CHECK(counter.labels[0].values == std::vector<std::string>{"raw", "intermediate", "finished"});
  CHECK(counter.max_series == 4);
  CHECK(counter.max_samples() == 4);
  CHECK(counter.constant_labels == std::vector<std::pair<std::string, std::string>>{{"site", "north"}});

  const MetricDescription histogram = described(registry, "took_seconds");
  CHECK(histogram.type == "histogram");
  CHECK(histogram.unit == "seconds");
  CHECK(histogram.bounds == std::vector<double>{.5, 1});
  REQUIRE(histogram.labels.size() == 1);
  CHECK(histogram.labels[0].open);
  CHECK(histogram.labels[0].values == std::vector<std::string>{"/a"});
  CHECK(histogram.labels[0].cap == 7);
  CHECK(histogram.max_series == 8);
  CHECK(histogram.max_samples() == 8 * 5);
}

TEST_CASE("each kind of metric has the type that its page shows") {
  Registry registry;
  Gauge gauge{registry, "fill_ratio", "F."};
  flowviz::UpDownCounter busy{registry, "busy", "B."};
  flowviz::DoubleCounter spent{registry, "spent_seconds_total", "S."};
  flowviz::Info info{registry, "build_info", "B.", {{"version", "1"}}};
  flowviz::GaugeCallback open{registry, "open", "O.", [] { return 1.0; }};
  CHECK(described(registry, "fill_ratio").type == "gauge");
  CHECK(described(registry, "fill_ratio").unit == "ratio");
  CHECK(described(registry, "busy").type == "gauge");
  CHECK(described(registry, "spent_seconds_total").type == "counter");
  CHECK(described(registry, "spent_seconds_total").unit == "seconds");
  CHECK(described(registry, "build_info").type == "info");
  CHECK(described(registry, "build_info").constant_labels.size() == 1);
  CHECK(described(registry, "open").type == "gauge");
}

TEST_CASE("a name is no unit by itself, nor what merely ends like one") {
  Registry registry;
  Gauge seconds{registry, "seconds", "S."};
  Gauge megaseconds{registry, "kiloseconds", "K."};
  Gauge total{registry, flowviz::LegacyName{"waited_seconds_total"}, "W."};
  CHECK(described(registry, "seconds").unit == "");
  CHECK(described(registry, "kiloseconds").unit == "");
  CHECK(described(registry, "waited_seconds_total").unit == "");
}

TEST_CASE("what a page shows at most is in the catalogue, and no page shows more") {
  Registry registry{{{"site", "north"}}};
  Counter lots{registry, "lots_total", "Lots.", Label<LotType>{"lot_type"}, OpenLabel{"zone", 2}};
  Gauge fill{registry, "fill_ratio", "F.", OpenLabel{"tank", 2}.pin({"a", "b"})};
  Histogram took{registry, "took_seconds", "T.", flowviz::Buckets{.5, 1}, OpenLabel{"zone", 1}.expires_after(1h)};
  const auto unknown = static_cast<LotType>(17);
  for (const LotType type : {LotType::raw, LotType::intermediate, LotType::finished, unknown}) {
    for (const std::string_view zone : {"1", "2", "3", "4"}) lots.with(type, zone).inc();
  }
  for (const std::string_view tank : {"a", "b", "c"}) fill.with(tank).set(1);
  for (const std::string_view zone : {"1", "2", "3"}) (void)took.with(zone).observe(.1);

  std::uint64_t most = 0;
  for (const MetricDescription& metric : describe(registry)) most += metric.max_samples();
  // Each combination has been met, so the page is as long as it ever gets.
  CHECK(lines_with_values(valid_page(registry)) == most);
}

TEST_CASE("the process's metrics are described where they are exposed, those that this system does not tell as well") {
  Registry registry;
  const auto of_process = [&] {
    std::size_t count = 0;
    for (const MetricDescription& metric : describe(registry)) count += metric.name.starts_with("process_") ? 1u : 0u;
    return count;
  };
  CHECK(of_process() == 0);
  flowviz::expose_process_metrics(registry);
  CHECK(of_process() == 8);
  CHECK(described(registry, "process_cpu_seconds_total").type == "counter");
  CHECK(described(registry, "process_virtual_memory_max_bytes").type == "gauge");
}

TEST_CASE("a catalogue reads as JSON") {
  Registry registry{{{"site", "n\"o"}}};
  Counter lots{registry, "lots_total", "Of \\ and\nµ.", Label<LotType>{"lot_type"}};
  Histogram took{registry, "took_seconds", "T.", flowviz::Buckets{.5, 1e6}, OpenLabel{"zone", 1}.expires_after(90s)};
  std::vector<MetricDescription> catalogue = describe(registry);
  catalogue.resize(2);
  CHECK(
      flowviz::to_json(catalogue) ==
      "{\"metrics\": [\n"
      "{\"name\": \"lots_total\", \"type\": \"counter\", \"unit\": \"\", \"help\": \"Of \\\\ and\\u000aµ.\", "
      "\"constant_labels\": {\"site\": \"n\\\"o\"}, \"labels\": [{\"name\": \"lot_type\", \"open\": false, "
      "\"values\": [\"raw\", \"intermediate\", \"finished\"], \"cap\": 3, \"expires_after_seconds\": 0}], "
      "\"bounds\": [], \"max_series\": 4, \"max_samples\": 4},\n"
      "{\"name\": \"took_seconds\", \"type\": \"histogram\", \"unit\": \"seconds\", \"help\": \"T.\", "
      "\"constant_labels\": {\"site\": \"n\\\"o\"}, \"labels\": [{\"name\": \"zone\", \"open\": true, \"values\": [], "
      "\"cap\": 1, \"expires_after_seconds\": 90}], \"bounds\": [0.5, 1e+06], \"max_series\": 2, "
      "\"max_samples\": 10}]}\n");
  CHECK(flowviz::to_json({}) == "{\"metrics\": []}\n");
}
