// SPDX-License-Identifier: MIT
// Any doubles under any bytes as what a collector shows: pages of all formats are valid and say the same, and they have what a reading
// of its own makes of the collector's rules.

#include "fuzz/fuzz.hpp"

#include <array>
#include <cstring>
#include <map>
#include <set>
#include <vector>

#include "support/open_metrics_validator.hpp"
#include "support/protobuf_page.hpp"
#include "support/protobuf_validator.hpp"

namespace {

enum class Line { one, two };

struct Shown {
  double value = 0;
  bool counts = false;  // it is for the counter, and else for the gauge
  Line line{};
  std::string_view zone, place;
};

// How many values its labels have, but for the line.
constexpr std::size_t zones = 2, places = 3;

/// A number, which metric and which line, and two texts with an eighth of their sizes before them, as often as they fit.
std::vector<Shown> read(std::string_view bytes) {
  std::vector<Shown> all;
  constexpr std::size_t head = sizeof(double) + 3;
  while (bytes.size() >= head) {
    Shown one;
    std::memcpy(&one.value, bytes.data(), sizeof(double));
    const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(bytes[sizeof(double) + i]); };
    one.counts = byte(0) % 2 == 0;
    one.line = static_cast<Line>(byte(0) / 2 % 3);  // the third is none of them
    const std::size_t zone = 8u * byte(1), place = 8u * byte(2);
    bytes.remove_prefix(head);
    one.zone = bytes.substr(0, zone);
    bytes.remove_prefix(one.zone.size());
    one.place = bytes.substr(0, place);
    bytes.remove_prefix(one.place.size());
    all.push_back(one);
  }
  return all;
}

/// Label values, the metric before them, and the number as a page prints it.
using Page = std::map<std::array<std::string, 4>, std::string>;

Page expected_of(const std::vector<Shown>& all) {
  Page page;
  std::array<std::set<std::string, std::less<>>, 2> zones_of, places_of;
  for (const Shown& one : all) {
    if (one.counts && !flowviz::is_total(one.value)) continue;
    const flowviz::CleanText zone(one.zone), place(one.place);
    auto& its_zones = zones_of[one.counts];
    auto& its_places = places_of[one.counts];
    if (!its_zones.contains(zone.text()) && its_zones.size() == zones) continue;
    if (!its_places.contains(place.text()) && its_places.size() == places) continue;
    its_zones.emplace(zone.text());
    its_places.emplace(place.text());
    const char* line = !one.counts ? "" : one.line == Line::one ? "one" : one.line == Line::two ? "two" : "_other";
    page.emplace(std::array<std::string, 4>{one.counts ? "taken_total" : "level", std::string(zone.text()),
                                            std::string(place.text()), line},
                 support::go_number(one.value));
  }
  return page;
}

Page page_of(const std::vector<support::Sample>& samples) {
  Page page;
  for (const support::Sample& sample : samples) {
    const auto label = [&](std::string_view name) {
      const std::string* value = sample.label(name);
      return value == nullptr ? std::string() : *value;
    };
    if (sample.name != "taken_total" && sample.name != "level") continue;
    page[{sample.name, label("zone"), label("place"), label("line")}] = sample.value_text;
  }
  return page;
}

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::vector<Shown> all = read(fuzz::text_of(data, size));
  flowviz::Registry registry;
  using flowviz::OpenLabel;
  const flowviz::Collector collector{
      registry,
      [&](const auto& taken, const auto& level) {
        for (const Shown& one : all) {
          if (one.counts) {
            taken.show(one.value, one.zone, one.place, one.line);
          } else {
            level.show(one.value, one.zone, one.place);
          }
        }
      },
      flowviz::CollectedCounter{"taken_total", "Taken.", OpenLabel{"zone", zones}, OpenLabel{"place", places},
                                flowviz::Label<Line>{"line"}},
      flowviz::CollectedGauge{"level", "Level.", OpenLabel{"zone", zones}, OpenLabel{"place", places}}};

  const auto samples = support::parse_samples(fuzz::valid_page(registry));
  fuzz::expect(page_of(samples) == expected_of(all),
               "the page has what may be shown, and the first of what is shown twice");
  // What was left out so far is counted on the page; the two metrics alone stay as they are.
  const auto page = [&](std::string_view accept) {
    return flowviz::scrape(registry, {.accept = accept, .names = {"taken_total", "level"}}).body;
  };
  const auto as_text = support::sorted_samples(support::parse_samples(page("")));
  const std::string open_metrics = page("application/openmetrics-text;version=1.0.0"),
                    protobuf = page(support::protobuf_type);
  fuzz::expect(support::validate_open_metrics(open_metrics).empty(), "a page of OpenMetrics is valid");
  fuzz::expect(support::sorted_samples(support::parse_samples(open_metrics)) == as_text, "OpenMetrics says the same");
  fuzz::expect(support::validate_protobuf(protobuf).empty(), "a page of protobuf is valid");
  fuzz::expect(support::sorted_samples(support::read_protobuf(protobuf)) == as_text, "protobuf says the same");
  return 0;
}
