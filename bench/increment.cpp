// SPDX-License-Identifier: MIT
// What does an increment through a kept handle cost? 32 handles in turn: one cell hammered alone measures how the processor forwards
// a store to the next load, not the work.

#include <flowviz_metrics/flowviz_metrics.hpp>

#include <prometheus/counter.h>
#include <prometheus/registry.h>

#include <array>
#include <atomic>
#include <memory>
#include <string>

#include "bench.hpp"

namespace {

constexpr std::size_t in_turn = 32;

// The limit: cells of this thread's own, nothing else.
thread_local std::array<std::uint64_t, in_turn> own_cells;

struct Ours {
  flowviz::Registry registry;
  std::array<flowviz::CounterSeries, in_turn> series;
  Ours() {
    flowviz::Counter counter{registry, "turns_total", "Turns.", flowviz::OpenLabel{"turn", in_turn}};
    for (std::size_t i = 0; i < in_turn; ++i) series[i] = counter.with(std::to_string(i));
  }
  void run(std::size_t n) const {
    for (std::size_t i = 0; i < n; ++i) series[i % in_turn].inc();
  }
};

struct Theirs {
  prometheus::Registry registry;
  std::array<prometheus::Counter*, in_turn> counters;
  Theirs() {
    auto& family = prometheus::BuildCounter().Name("turns_total").Help("Turns.").Register(registry);
    for (std::size_t i = 0; i < in_turn; ++i) counters[i] = &family.Add({{"turn", std::to_string(i)}});
  }
  void run(std::size_t n) const {
    for (std::size_t i = 0; i < n; ++i) counters[i % in_turn]->Increment();
  }
};

struct Atomics {
  std::array<std::atomic<std::uint64_t>, in_turn> cells{};
  void run(std::size_t n) {
    for (std::size_t i = 0; i < n; ++i) cells[i % in_turn].fetch_add(1, std::memory_order_relaxed);
  }
};

void run_own_cells(std::size_t n) {
  auto* cells = own_cells.data();
  for (std::size_t i = 0; i < n; ++i) {
    auto* volatile_cell =
        reinterpret_cast<volatile std::uint64_t*>(cells + i % in_turn);  // one load and one store each
    *volatile_cell = *volatile_cell + 1;
  }
}

template <class T>
bench::Contestant alone(std::string name, std::shared_ptr<T> subject) {
  return {std::move(name), [subject](std::size_t n) { subject->run(n); }};
}

template <class T>
bench::Contestant on_two(std::string name, std::shared_ptr<T> subject) {
  return {std::move(name), [subject](std::size_t n) { bench::on_threads(2, [&](std::size_t) { subject->run(n); }); }};
}

}  // namespace

namespace bench {

Question increment() {
  return {"increment, kept handle, 32 in turn",
          "ns",
          4'000'000,
          {{"own thread-local cells", run_own_cells},
           alone("flowviz_metrics", std::make_shared<Ours>()),
           alone("fetch_add", std::make_shared<Atomics>()),
           alone("prometheus-cpp", std::make_shared<Theirs>())},
          {{"flowviz_metrics", "own thread-local cells", 1.5}, {"flowviz_metrics", "prometheus-cpp", 1.0 / 8}}};
}

Question increment_on_two_threads() {
  return {"increment, kept handle, 32 in turn, the same ones on two threads",
          "ns",
          2'000'000,
          {{"own thread-local cells", [](std::size_t n) { on_threads(2, [n](std::size_t) { run_own_cells(n); }); }},
           on_two("flowviz_metrics", std::make_shared<Ours>()),
           on_two("fetch_add", std::make_shared<Atomics>()),
           on_two("prometheus-cpp", std::make_shared<Theirs>())},
          {{"flowviz_metrics", "own thread-local cells", 1.5}}};
}

}  // namespace bench
