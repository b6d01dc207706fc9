// SPDX-License-Identifier: MIT
// What does it cost to name a series by one or two texts at each increment?

#include <flowviz_metrics/flowviz_metrics.hpp>

#include <prometheus/counter.h>
#include <prometheus/registry.h>

#include <array>
#include <memory>
#include <string>
#include <string_view>

#include "allocations.hpp"
#include "sampling.hpp"

namespace {

constexpr std::array<std::string_view, 8> handlers{"/api/lots",          "/api/lots/{lot_id}", "/api/qc-decisions",
                                                   "/api/traceability",  "/api/sync/lots",     "/health",
                                                   "/api/runs/{run_id}", "/openapi.json"};
constexpr std::array<std::string_view, 4> plants{"north", "south", "east", "west"};

struct Ours {
  flowviz::Registry registry;
  flowviz::Counter<flowviz::Text> one{registry, "one_total", "One.", flowviz::OpenLabel{"handler", 100}};
  flowviz::Counter<flowviz::Text, flowviz::Text> two{registry, "two_total", "Two.", flowviz::OpenLabel{"handler", 90},
                                                     flowviz::OpenLabel{"plant", 100}};
};

struct Theirs {
  prometheus::Registry registry;
  prometheus::Family<prometheus::Counter>& one =
      prometheus::BuildCounter().Name("one_total").Help("One.").Register(registry);
  prometheus::Family<prometheus::Counter>& two =
      prometheus::BuildCounter().Name("two_total").Help("Two.").Register(registry);
};

bench::Work our_one() {
  return [ours = std::make_shared<Ours>()](std::size_t n) {
    for (std::size_t i = 0; i < n; ++i) ours->one.with(handlers[i % 8]).inc();
  };
}
bench::Work our_two() {
  return [ours = std::make_shared<Ours>()](std::size_t n) {
    for (std::size_t i = 0; i < n; ++i) ours->two.with(handlers[i % 8], plants[i / 8 % 4]).inc();
  };
}
bench::Work their_one() {
  return [theirs = std::make_shared<Theirs>()](std::size_t n) {
    for (std::size_t i = 0; i < n; ++i) theirs->one.Add({{"handler", std::string(handlers[i % 8])}}).Increment();
  };
}
bench::Work their_two() {
  return [theirs = std::make_shared<Theirs>()](std::size_t n) {
    for (std::size_t i = 0; i < n; ++i) {
      theirs->two.Add({{"handler", std::string(handlers[i % 8])}, {"plant", std::string(plants[i / 8 % 4])}})
          .Increment();
    }
  };
}

// Blocks allocated for one repetition, once the series are there.
bench::Round allocations(bench::Work work) {
  return bench::value([work = std::move(work)] {
    constexpr std::size_t n = 1'000;
    work(n);
    const bench::Allocations counting;
    work(n);
    return counting.count() / n;
  });
}

constexpr auto our_one_name = "flowviz_metrics, one open label";
constexpr auto our_two_name = "flowviz_metrics, two open labels";
constexpr auto their_one_name = "prometheus-cpp, one label";
constexpr auto their_two_name = "prometheus-cpp, two labels";

}  // namespace

namespace bench {

Question open_labels() {
  return {"increment through open labels",
          "ns",
          {{our_one_name, alone(40'000, our_one())},
           {our_two_name, alone(40'000, our_two())},
           {their_one_name, alone(5'000, their_one())},
           {their_two_name, alone(5'000, their_two())}},
          {Claim::at_most(2, our_one_name, 12), Claim::at_most(2, our_two_name, 18),
           Claim::faster(2, our_one_name, their_one_name, 15), Claim::faster(2, our_two_name, their_two_name, 15)}};
}

Question open_labels_on_two_threads() {
  return {"increment through open labels, the same ones on two threads",
          "ns",
          {{our_one_name, together(2, 1'000, our_one())},
           {our_two_name, together(2, 1'000, our_two())},
           {their_one_name, together(2, 200, their_one())},
           {their_two_name, together(2, 200, their_two())}},
          {Claim::at_most(2, our_one_name, 12), Claim::at_most(2, our_two_name, 18),
           Claim::faster(2, our_one_name, their_one_name, 15), Claim::faster(2, our_two_name, their_two_name, 15)}};
}

Question open_labels_against_threads() {
  Question question{"increment through open labels, against threads (CPU time)", "ns", {}, {}};
  const std::vector<std::size_t> threads{1, 2, 4, 8};
  add_curve(question, our_one_name, threads, 1'000, our_one());
  add_curve(question, our_two_name, threads, 1'000, our_two());
  add_curve(question, their_one_name, threads, 500, their_one());
  add_curve(question, their_two_name, threads, 500, their_two());
  // Flat: no more than what a kept handle is allowed to grow by.
  question.claims = {Claim::within(2, on_threads(our_one_name, 8), on_threads(our_one_name, 1), 1.3),
                     Claim::within(2, on_threads(our_two_name, 8), on_threads(our_two_name, 1), 1.3)};
  question.rounds_at_most = 9;
  return question;
}

Question open_labels_allocations() {
  return {"allocations of an increment through open labels",
          "blocks",
          {{our_one_name, allocations(our_one())},
           {our_two_name, allocations(our_two())},
           {their_one_name, allocations(their_one())},
           {their_two_name, allocations(their_two())}},
          {Claim::at_most(2, our_one_name, 0), Claim::at_most(2, our_two_name, 0)},
          1};
}

}  // namespace bench
