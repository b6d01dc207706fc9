// SPDX-License-Identifier: MIT
// How much memory does a series take?

#include <memory>
#include <string>
#include <utility>

#include "allocations.hpp"
#include "pages.hpp"
#include "sampling.hpp"

namespace bench {

namespace {

constexpr std::size_t counters = 100'000, histograms = 10'000, unlabelled = 1'000;

// What an object of this kind takes: for each of `things`, without what the benchmark itself keeps.
template <class Make>
Round bytes_for_each(std::size_t things, Make make) {
  return value([things, make] {
    const Allocations counting;
    const auto subject = make();
    return (counting.bytes() - subject.second) / static_cast<double>(things);
  });
}

template <class Subject>
auto with_kept(std::size_t size, std::size_t writers) {
  return [size, writers] {
    auto subject = std::make_unique<Subject>(size, writers);
    const auto kept = static_cast<double>(subject->series.capacity() * sizeof(subject->series[0]));
    return std::pair(std::move(subject), kept);
  };
}

template <class Subject>
auto theirs(std::size_t size) {
  return [size] { return std::pair(std::make_unique<Subject>(size), 0.0); };
}

auto many_unlabelled() {
  auto registry = std::make_unique<flowviz::Registry>();
  for (std::size_t i = 0; i < unlabelled; ++i) {
    const std::string name = "plain_" + std::to_string(i) + "_total";
    flowviz::Counter<>(*registry, flowviz::CounterName::checked(name), "Plain.").inc();
  }
  return std::pair(std::move(registry), 0.0);
}

}  // namespace

Question series_memory() {
  constexpr auto per_cell = "bytes per cell and writer";
  constexpr auto untouched = "counter, no writer";
  constexpr auto one = "counter, 1 writer";
  constexpr auto sixteen = "counter, 16 writers";
  constexpr auto histogram = "histogram of 11 bounds, no writer";
  constexpr auto histogram_1 = "histogram of 11 bounds, 1 writer";
  constexpr auto histogram_16 = "histogram of 11 bounds, 16 writers";
  constexpr auto plain = "unlabelled counter, 1 writer";
  return {"memory of a series with one open label",
          "bytes",
          {{untouched, bytes_for_each(counters, with_kept<OurCounters>(counters, 0))},
           {one, bytes_for_each(counters, with_kept<OurCounters>(counters, 1))},
           {sixteen, bytes_for_each(counters, with_kept<OurCounters>(counters, 16))},
           {"counter of prometheus-cpp", bytes_for_each(counters, theirs<TheirCounters>(counters))},
           {histogram, bytes_for_each(histograms, with_kept<OurHistograms>(histograms, 0))},
           {histogram_1, bytes_for_each(histograms, with_kept<OurHistograms>(histograms, 1))},
           {histogram_16, bytes_for_each(histograms, with_kept<OurHistograms>(histograms, 16))},
           {"histogram of prometheus-cpp", bytes_for_each(histograms, theirs<TheirHistograms>(histograms))},
           {plain, bytes_for_each(unlabelled, many_unlabelled)}},
          {Claim::at_most(7, untouched, 150), Claim::more_per(7, sixteen, one, 15, per_cell, 8.5),
           Claim::at_most(7, histogram, 300),
           Claim::more_per(7, histogram_16, histogram_1, 15 * (bounds.size() + 2), per_cell, 8.5),
           Claim::at_most(7, plain, 400)},
          1};
}

}  // namespace bench
