// SPDX-License-Identifier: MIT
// No increment is lost: threads that come and go, more of them than there are own columns, and columns that pass from
// one thread to the next. How threads and processes end is in exit_programs.cpp.

#include <flowviz_metrics/flowviz_metrics.hpp>

#include <pthread.h>
#include <signal.h>

#include <atomic>
#include <barrier>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <thread>
#include <utility>
#include <vector>

#include <doctest/doctest.h>

#include "concurrency/threads.hpp"

using concurrency::run_together;
using concurrency::scaled;

namespace {

enum class Side { left, right };

// One metric of each kind that is written on own cells, and one write to each.
struct Metrics {
  explicit Metrics(flowviz::Registry& registry)
      : whole{registry, "whole_total", "Whole things."},
        amount{registry, "amount_total", "Amounts."},
        sides{registry, "sides_total", "By side.", flowviz::Label<Side>{"side"}},
        texts{registry, "texts_total", "By text.", flowviz::OpenLabel{"handler", 4}},
        sizes{registry, "sizes", "Sizes.", flowviz::Buckets{0.5, 1, 2}},
        busy{registry, "busy", "Up, and down again."} {}

  void write_all() const noexcept {
    whole.inc();
    amount.inc(0.5);
    sides.with(Side::right).inc();
    texts.with("a").inc();
    sizes.observe(1);
    busy.inc();
    busy.dec();
  }

  void check_all(std::uint64_t writes) const {
    CHECK(whole.value() == writes);
    CHECK(amount.value() == 0.5 * static_cast<double>(writes));
    CHECK(sides.with(Side::left).value() == 0);
    CHECK(sides.with(Side::right).value() == writes);
    CHECK(texts.with("a").value() == writes);
    const flowviz::HistogramValue size = sizes.value();
    CHECK(size.count == writes);
    CHECK(size.sum == static_cast<double>(writes));
    CHECK(size.buckets == std::vector<std::uint64_t>{0, writes, 0, 0});
    CHECK(busy.value() == 0);
  }

  flowviz::Counter<> whole;
  flowviz::DoubleCounter<> amount;
  flowviz::Counter<Side> sides;
  flowviz::Counter<flowviz::Text> texts;
  flowviz::Histogram<> sizes;
  flowviz::UpDownCounter<> busy;
};

using Slots = flowviz::cells::Slots<flowviz::cells::StdPlatform>;
constexpr std::size_t own_columns = flowviz::cells::StdPlatform::own_columns;

std::uint32_t leased() { return flowviz::cells::process_slots.leased(); }
std::uint32_t own_column() { return flowviz::cells::this_thread_state.column; }

// A thread that does as it is told, one step at a time, and so stays alive in between.
class Worker {
 public:
  template <class Step>
  explicit Worker(Step step)
      : thread_([this, step] {
          for (;;) {
            turn_.arrive_and_wait();
            if (over_) return;
            step();
            turn_.arrive_and_wait();
          }
        }) {}
  ~Worker() {
    over_ = true;
    turn_.arrive_and_wait();
    thread_.join();
  }
  Worker(const Worker&) = delete;
  Worker& operator=(const Worker&) = delete;

  /// Runs the step once, to its end.
  void step() {
    turn_.arrive_and_wait();
    turn_.arrive_and_wait();
  }

 private:
  bool over_ = false;
  std::barrier<> turn_{2};
  std::thread thread_;
};

// Threads that hold own columns until no more than `left` of them are free. Each has counted one on `counter`.
std::vector<std::unique_ptr<Worker>> hold_own_columns(const flowviz::Counter<>& counter, std::size_t left) {
  std::vector<std::unique_ptr<Worker>> holders;
  while (leased() + left < own_columns) {
    holders.push_back(std::make_unique<Worker>([&counter] { counter.inc(); }));
    holders.back()->step();
  }
  return holders;
}

}  // namespace

TEST_CASE("the increments of a hundred thousand short threads are all counted") {
  flowviz::Registry registry;
  const Metrics metrics(registry);
  const std::size_t at_once = 8, each = scaled(100'000) / at_once;
  std::atomic<std::uint32_t> highest{0};
  run_together(at_once, [&](std::size_t) {
    for (std::size_t i = 0; i < each; ++i) {
      std::thread([&] {
        metrics.write_all();
        std::uint32_t seen = highest.load(std::memory_order_relaxed);
        while (seen < own_column() && !highest.compare_exchange_weak(seen, own_column())) {
        }
      }).join();
    }
  });
  metrics.check_all(at_once * each);
  // The lowest free column is taken: memory follows the threads that are alive, not those that ever were. Besides these
  // there may be the thread that runs the tests.
  CHECK(highest <= at_once + 1);
}

TEST_CASE("every thread gives its column back when it ends") {
  const flowviz::Counter<> counter{"lease_ends_total", "Increments of threads that end."};
  counter.inc();  // this thread's own lease stays
  const std::uint32_t before = leased();
  const std::size_t threads = 3 * own_columns;
  std::size_t with_own = 0;
  for (std::size_t i = 0; i < threads; ++i) {
    std::thread([&] {
      counter.inc();
      if (own_column() != 0) ++with_own;
    }).join();
  }
  CHECK(with_own == threads);
  CHECK(leased() == before);
  CHECK(counter.value() == threads + 1);
}

TEST_CASE("the increments of five hundred live threads are all counted, most of them on shared columns") {
  flowviz::Registry registry;
  const Metrics metrics(registry);
  const std::size_t threads = 500, writes = scaled(2'000);
  std::atomic<std::size_t> with_own{0};
  std::barrier all_have_written(static_cast<std::ptrdiff_t>(threads));
  run_together(threads, [&](std::size_t) {
    metrics.write_all();
    all_have_written.arrive_and_wait();
    if (own_column() != 0) ++with_own;
    for (std::size_t i = 1; i < writes; ++i) metrics.write_all();
    all_have_written.arrive_and_wait();  // nobody takes over a column of one that ended
  });
  metrics.check_all(threads * writes);
  CHECK(with_own <= own_columns);
  CHECK(with_own + 8 > own_columns);  // all but those of threads that the process has besides
}

TEST_CASE("a thread beyond the own columns gets one of its own within 256 writes after another thread has ended") {
  flowviz::Registry registry;
  const flowviz::Counter<> counter{registry, "late_total", "Increments."};
  auto holders = hold_own_columns(counter, 0);
  std::uint64_t expected = holders.size();
  std::uint32_t column = 0;
  Worker late([&] {
    counter.inc();
    column = own_column();
  });
  const auto write = [&] {
    late.step();
    ++expected;
  };
  write();
  CHECK(column == 0);
  holders.pop_back();
  for (std::uint32_t writes = 0; writes < Slots::retry_interval; ++writes) write();
  CHECK(column != 0);
  CHECK(leased() == own_columns);
  CHECK(counter.value() == expected);
}

TEST_CASE("nothing is lost while own columns pass from thread to thread and shared ones are left for them") {
  flowviz::Registry registry;
  const Metrics metrics(registry);
  const flowviz::Counter<> held{registry, "held_total", "Columns held."};
  // Four own columns for many threads, each of which soon ends and is followed by another.
  const auto holders = hold_own_columns(held, 4);
  const std::size_t at_once = 16, generations = scaled(2'000), writes = 300;
  run_together(at_once, [&](std::size_t) {
    for (std::size_t i = 0; i < generations; ++i) {
      std::thread([&] {
        for (std::size_t k = 0; k < writes; ++k) metrics.write_all();
      }).join();
    }
  });
  metrics.check_all(at_once * generations * writes);
}

TEST_CASE("what goes up on one thread and down on another comes to nothing") {
  flowviz::Registry registry;
  const flowviz::UpDownCounter<> busy{registry, "handed_over", "Up here, down there."};
  const std::size_t threads = 16, rounds = scaled(200'000);
  run_together(threads, [&](std::size_t i) {
    for (std::size_t k = 0; k < rounds; ++k) i % 2 == 0 ? busy.inc() : busy.dec();
  });
  CHECK(busy.value() == 0);
}

TEST_CASE("a scope that another thread ends counts down there, and once") {
  flowviz::Registry registry;
  const flowviz::UpDownCounter<> busy{registry, "scopes", "Scopes."};
  auto scope = busy.track();
  CHECK(busy.value() == 1);
  std::thread([ended = std::move(scope)] {}).join();
  CHECK(busy.value() == 0);
}

TEST_CASE("what is added to a gauge on many threads is all there") {
  flowviz::Registry registry;
  const flowviz::Gauge<> level{registry, "level", "Level."};
  const std::size_t threads = 8, rounds = scaled(20'000);
  run_together(threads, [&](std::size_t) {
    for (std::size_t k = 0; k < rounds; ++k) {
      level.add(2);
      level.sub(1);
    }
  });
  CHECK(level.value() == static_cast<double>(threads * rounds));
}

TEST_CASE("a default-constructed series does nothing, on whichever thread") {
  const flowviz::CounterSeries counter;
  const flowviz::DoubleCounterSeries amount;
  const flowviz::GaugeSeries gauge;
  const flowviz::UpDownSeries up_down;
  const flowviz::HistogramSeries histogram;
  run_together(4, [&](std::size_t) {
    for (int i = 0; i < 100; ++i) {
      counter.inc(7);
      amount.inc(0.5);
      gauge.set(3);
      gauge.add(3);
      up_down.inc();
      histogram.observe(1);
    }
  });
  CHECK(counter.value() == 0);
  CHECK(amount.value() == 0);
  CHECK(gauge.value() == 0);
  CHECK(up_down.value() == 0);
  CHECK(histogram.value().count == 0);
  CHECK(histogram.value().sum == 0);
}

namespace {

constinit flowviz::CounterSeries* counted_by_handler = nullptr;
constinit flowviz::DoubleCounterSeries* added_to_by_handler = nullptr;
constinit flowviz::GaugeSeries* raised_by_handler = nullptr;
constinit std::atomic<std::uint64_t> handled{0};

void count_signal(int) {
  counted_by_handler->inc_from_signal();
  added_to_by_handler->inc_from_signal();
  raised_by_handler->add(1);
  ++handled;
}

}  // namespace

TEST_CASE("a signal handler that interrupts writes to the same counters and gauge loses none") {
  flowviz::Registry registry;
  const flowviz::Counter whole{registry, "whole_total", "Whole things.", flowviz::Label<Side>{"side"}};
  flowviz::CounterSeries series = whole.with(Side::left);
  counted_by_handler = &series;
  const flowviz::DoubleCounter amounts{registry, "amounts_total", "Amounts.", flowviz::Label<Side>{"side"}};
  flowviz::DoubleCounterSeries amount = amounts.with(Side::left);
  added_to_by_handler = &amount;
  const flowviz::Gauge level{registry, "level", "Level.", flowviz::Label<Side>{"side"}};
  flowviz::GaugeSeries gauge = level.with(Side::left);
  raised_by_handler = &gauge;
  struct sigaction action = {}, before = {};
  action.sa_handler = count_signal;
  sigaction(SIGUSR1, &action, &before);
  std::atomic<bool> over{false};
  std::uint64_t increments = 0;
  std::thread interrupted([&] {
    for (; !over; ++increments) {
      series.inc();
      amount.inc();
      gauge.add(1);
    }
  });
  const std::uint64_t signals = scaled(20'000);
  for (std::uint64_t n = 1; n <= signals; ++n) {
    REQUIRE(pthread_kill(interrupted.native_handle(), SIGUSR1) == 0);
    while (handled < n) std::this_thread::yield();
  }
  over = true;
  interrupted.join();
  sigaction(SIGUSR1, &before, nullptr);
  CHECK(series.value() == increments + signals);
  CHECK(amount.value() == static_cast<double>(increments + signals));
  CHECK(gauge.value() == static_cast<double>(increments + signals));
}
