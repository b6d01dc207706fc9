// SPDX-License-Identifier: MIT
// How long does a page take, and what does it take beside the time?

#include <algorithm>
#include <initializer_list>
#include <memory>
#include <string>

#include "allocations.hpp"
#include "pages.hpp"
#include "sampling.hpp"

namespace bench {

namespace {

template <class Subject>
Round pages(std::shared_ptr<Subject> subject, std::size_t chunk = 1) {
  return milliseconds([subject = std::move(subject)] { subject->scrape(); }, chunk);
}

std::shared_ptr<Floor> floor_of_counters(std::size_t size) {
  auto floor = std::make_shared<Floor>();
  for (std::size_t i = 0; i < size; ++i) floor->add("items_total{item=\"" + item(i) + "\"} ", count_of(i));
  return floor;
}

std::shared_ptr<Floor> floor_of_histograms(std::size_t size) {
  auto floor = std::make_shared<Floor>();
  for (std::size_t i = 0; i < size; ++i) {
    const std::string label = "{item=\"" + item(i) + "\"";
    double sum = 0;
    for (std::size_t k = 0; k < observations; ++k) sum += observed(i, k);
    for (const double bound : bounds) {
      std::uint64_t below = 0;
      for (std::size_t k = 0; k < observations; ++k) below += observed(i, k) <= bound ? 1u : 0u;
      char text[32];
      const char* end = std::to_chars(text, text + sizeof text, bound).ptr;
      floor->add("latency_seconds_bucket" + label + ",le=\"" + std::string(text, static_cast<std::size_t>(end - text)) +
                     "\"} ",
                 below);
    }
    floor->add("latency_seconds_bucket" + label + ",le=\"+Inf\"} ", observations);
    floor->add_double("latency_seconds_sum" + label + "} ", sum);
    floor->add("latency_seconds_count" + label + "} ", observations);
  }
  return floor;
}

constexpr auto floor_name = "floor: copy labels, print numbers";
constexpr auto one_writer = "flowviz_metrics, 1 writer";
constexpr auto sixteen = "flowviz_metrics, 16 writers";
constexpr auto many = "flowviz_metrics, 256 writers";
constexpr auto theirs = "prometheus-cpp";

// `cells` is how many cells each writer has.
std::vector<Claim> claims(double faster, double cells) {
  return {Claim::faster(5, one_writer, theirs, faster), Claim::within(5, one_writer, floor_name, 2),
          Claim::within(5, sixteen, floor_name, 3),
          Claim::more_per(5, many, sixteen, cells * (256 - 16) / 1e6, "ns per cell and writer", 1)};
}

}  // namespace

Question scrape_counters() {
  constexpr std::size_t size = 100'000;
  return {"a page of 100,000 counters",
          "ms",
          {{floor_name, pages(floor_of_counters(size))},
           {one_writer, pages(std::make_shared<OurCounters>(size))},
           {sixteen, pages(std::make_shared<OurCounters>(size, 16))},
           {many, pages(std::make_shared<OurCounters>(size, 256))},
           {theirs, pages(std::make_shared<TheirCounters>(size))}},
          claims(80, size),
          9};
}

Question scrape_histograms() {
  constexpr std::size_t size = 10'000;
  return {"a page of 10,000 histograms of 11 bounds",
          "ms",
          {{floor_name, pages(floor_of_histograms(size))},
           {one_writer, pages(std::make_shared<OurHistograms>(size))},
           {sixteen, pages(std::make_shared<OurHistograms>(size, 16))},
           {many, pages(std::make_shared<OurHistograms>(size, 256))},
           {theirs, pages(std::make_shared<TheirHistograms>(size))}},
          claims(30, size * (bounds.size() + 2)),
          9};
}

Question scrape_against_series() {
  Question question{"a page of counters, against their number", "ms", {}, {}};
  for (const std::size_t size : std::initializer_list<std::size_t>{100, 1'000, 10'000, 100'000}) {
    const std::string suffix = ", " + std::to_string(size) + " series";
    const double x = static_cast<double>(size);
    const std::size_t chunk = 100'000 / size;
    const std::size_t their_chunk = std::max<std::size_t>(1, chunk / 10);
    const std::string ours = "flowviz_metrics";
    question.contestants.push_back({floor_name + suffix, pages(floor_of_counters(size), chunk), floor_name, x});
    question.contestants.push_back({ours + suffix, pages(std::make_shared<OurCounters>(size), chunk), ours, x});
    question.contestants.push_back(
        {theirs + suffix, pages(std::make_shared<TheirCounters>(size), their_chunk), theirs, x});
  }
  question.rounds_at_most = 5;
  return question;
}

Question scrape_against_threads() {
  Question question{"a page of 10,000 counters, against the threads that wrote to all of them", "ms", {}, {}};
  constexpr std::size_t size = 10'000;
  const std::string ours = "flowviz_metrics";
  for (const std::size_t writers : std::initializer_list<std::size_t>{1, 2, 4, 16, 64, 256}) {
    question.contestants.push_back({on_threads(ours, writers), pages(std::make_shared<OurCounters>(size, writers), 3),
                                    ours, static_cast<double>(writers)});
  }
  // It has one cell for all threads: the line is level.
  question.contestants.push_back({theirs, pages(std::make_shared<TheirCounters>(size)), theirs, 1});
  question.rounds_at_most = 5;
  return question;
}

Question scrape_memory() {
  constexpr std::size_t size = 100'000;
  auto ours = std::make_shared<OurCounters>(size);
  auto other = std::make_shared<TheirCounters>(size);
  // In bytes for one series, beyond what the registry holds.
  const auto peak_of = [](auto work) {
    return value([work] {
      const Allocations counting;
      work();
      return counting.peak() / size;
    });
  };
  ours->scrape();
  ours->page.shrink_to_fit();
  return {"the most memory in use while a page of 100,000 counters is made, beyond that of the counters, for each",
          "bytes",
          {{"the page itself", value([ours] { return static_cast<double>(ours->page.size()) / size; })},
           {"flowviz_metrics, scrape", peak_of([ours] { keep(flowviz::scrape(ours->registry).body.size()); })},
           {"flowviz_metrics, scrape_into a page used before", peak_of([ours] { ours->scrape(); })},
           {theirs, peak_of([other] { other->scrape(); })}},
          // The page is there already, and nothing may come beside it: some bytes for all series together.
          {Claim::at_most(5, "flowviz_metrics, scrape_into a page used before", 1),
           Claim::within(5, "flowviz_metrics, scrape", "the page itself", 1.1)},
          3};
}

}  // namespace bench
