// SPDX-License-Identifier: MIT
// What does an increment through a kept handle cost? 32 handles in turn: one cell hammered alone measures how the processor forwards
// a store to the next load, not the work. Only where two threads meet on one counter is there one.

#include <flowviz_metrics/flowviz_metrics.hpp>

#include <prometheus/counter.h>
#include <prometheus/registry.h>

#include <array>
#include <atomic>
#include <memory>
#include <string>

#include "sampling.hpp"

namespace {

constexpr std::size_t in_turn = 32;

// The limit: cells of this thread's own, nothing else.
thread_local std::array<std::uint64_t, in_turn> own_cells;

template <std::size_t Cells>
void add_to_own_cells(std::size_t n) {
  auto* cells = own_cells.data();
  for (std::size_t i = 0; i < n; ++i) {
    auto* cell = reinterpret_cast<volatile std::uint64_t*>(cells + i % Cells);  // one load and one store each
    *cell = *cell + 1;
  }
}

// The same through something that is kept for each, as a handle is.
struct KeptCells {
  std::array<volatile std::uint64_t*, in_turn> kept;
  KeptCells() {
    for (std::size_t i = 0; i < in_turn; ++i) kept[i] = &own_cells[i];
  }
  template <std::size_t Handles>
  void run(std::size_t n) const {
    for (std::size_t i = 0; i < n; ++i) *kept[i % Handles] = *kept[i % Handles] + 1;
  }
};

// The least that a handle can be if threads have cells of their own and some have none: a pointer, and how far from it the thread's
// cell is. A layout that keeps the cells of all threads at one distance would need no more; RESULTS.md says why ours does not.
class CellsAtADistance {
 public:
  CellsAtADistance() {
    for (std::size_t i = 0; i < in_turn; ++i) kept_[i] = &cells_[i];
  }
  template <std::size_t Handles>
  void run(std::size_t n) {
    for (std::size_t i = 0; i < n; ++i) {
      if (distance_ == 0) [[unlikely]]
        settle();
      auto* cell = reinterpret_cast<Cell*>(reinterpret_cast<std::uintptr_t>(kept_[i % Handles]) + distance_);
      cell->store(cell->load(std::memory_order_relaxed) + 1, std::memory_order_relaxed);
    }
  }

 private:
  using Cell = std::atomic<std::uint64_t>;

  [[gnu::noinline]] void settle() {
    distance_ = reinterpret_cast<std::uintptr_t>(own_.data()) - reinterpret_cast<std::uintptr_t>(cells_.data());
  }

  static inline thread_local std::array<Cell, in_turn> own_{};
  static inline constinit thread_local std::uintptr_t distance_ = 0;
  static inline std::array<Cell, in_turn> cells_{};
  std::array<Cell*, in_turn> kept_{};
};

struct Ours {
  flowviz::Registry registry;
  std::array<flowviz::CounterSeries, in_turn> series;
  Ours() {
    flowviz::Counter counter{registry, "turns_total", "Turns.", flowviz::OpenLabel{"turn", in_turn}};
    for (std::size_t i = 0; i < in_turn; ++i) series[i] = counter.with(std::to_string(i));
  }
  template <std::size_t Handles>
  void run(std::size_t n) const {
    for (std::size_t i = 0; i < n; ++i) series[i % Handles].inc();
  }
};

// The same at another place. Where handles and cells lie at one place of their pages, a load of the one waits for a store to the
// other, 3 ns instead of one; where the allocator puts them is chance, and RESULTS.md tells of it.
struct OursElsewhere {
  std::array<char, 1024> apart{};
  Ours ours;
  template <std::size_t Handles>
  void run(std::size_t n) const {
    ours.run<Handles>(n);
  }
};

struct Theirs {
  prometheus::Registry registry;
  std::array<prometheus::Counter*, in_turn> counters;
  Theirs() {
    auto& family = prometheus::BuildCounter().Name("turns_total").Help("Turns.").Register(registry);
    for (std::size_t i = 0; i < in_turn; ++i) counters[i] = &family.Add({{"turn", std::to_string(i)}});
  }
  template <std::size_t Handles>
  void run(std::size_t n) const {
    for (std::size_t i = 0; i < n; ++i) counters[i % Handles]->Increment();
  }
};

struct Atomics {
  std::array<std::atomic<std::uint64_t>, in_turn> cells{};
  template <std::size_t Handles>
  void run(std::size_t n) {
    for (std::size_t i = 0; i < n; ++i) cells[i % Handles].fetch_add(1, std::memory_order_relaxed);
  }
};

template <class Subject, std::size_t Handles = in_turn>
bench::Work all_of() {
  return [subject = std::make_shared<Subject>()](std::size_t n) { subject->template run<Handles>(n); };
}
template <class Subject>
bench::Work one_of() {
  return all_of<Subject, 1>();
}

}  // namespace

namespace bench {

Question increment() {
  constexpr std::size_t chunk = 100'000;
  return {"increment, kept handle, 32 in turn",
          "ns",
          {{"own thread-local cells", alone(chunk, add_to_own_cells<in_turn>)},
           {"own thread-local cells, by kept pointers", alone(chunk, all_of<KeptCells>())},
           {"cells at the thread's distance from kept pointers", alone(chunk, all_of<CellsAtADistance>())},
           {"flowviz_metrics", alone(chunk, all_of<Ours>())},
           {"fetch_add", alone(chunk, all_of<Atomics>())},
           {"prometheus-cpp", alone(chunk, all_of<Theirs>())}},
          {Claim::within(1, "flowviz_metrics", "own thread-local cells", 1.5),
           Claim::faster(1, "flowviz_metrics", "prometheus-cpp", 8)}};
}

Question increment_on_two_threads() {
  constexpr std::size_t chunk = 4'000;
  return {"increment, kept handle, 32 in turn, the same ones on two threads",
          "ns",
          {{"own thread-local cells", together(2, chunk, add_to_own_cells<in_turn>)},
           {"cells at the thread's distance from kept pointers", together(2, chunk, all_of<CellsAtADistance>())},
           {"flowviz_metrics", together(2, chunk, all_of<Ours>())},
           {"fetch_add", together(2, chunk, all_of<Atomics>())},
           {"prometheus-cpp", together(2, chunk, all_of<Theirs>())}},
          {Claim::within(1, "flowviz_metrics", "own thread-local cells", 1.5)}};
}

Question increment_of_one_on_two_threads() {
  constexpr std::size_t chunk = 4'000;
  return {"increment, kept handle, one counter on two threads",
          "ns",
          {{"own thread-local cell", together(2, chunk, add_to_own_cells<1>)},
           {"flowviz_metrics", together(2, chunk, one_of<Ours>())},
           {"fetch_add", together(2, chunk, one_of<Atomics>())},
           {"prometheus-cpp", together(2, chunk, one_of<Theirs>())}},
          {Claim::faster(1, "flowviz_metrics", "prometheus-cpp", 80)}};
}

Question increment_against_threads() {
  Question question{"increment, kept handle, 32 in turn, against threads (CPU time)", "ns", {}, {}};
  const std::vector<std::size_t> threads{1, 2, 4, 8};
  add_curve(question, "own thread-local cells", threads, 4'000, add_to_own_cells<in_turn>);
  add_curve(question, "flowviz_metrics", threads, 4'000, all_of<OursElsewhere>());
  add_curve(question, "fetch_add", threads, 4'000, all_of<Atomics>());
  add_curve(question, "prometheus-cpp", threads, 4'000, all_of<Theirs>());
  question.claims = {
      Claim::within(1, on_threads("flowviz_metrics", 8), on_threads("flowviz_metrics", 1), 1.3),
  };
  question.rounds_at_most = 9;
  return question;
}

}  // namespace bench
