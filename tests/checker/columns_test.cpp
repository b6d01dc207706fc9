// SPDX-License-Identifier: MIT
/// \file
/// Columns on the simulated machine: how they change hands, who writes which, how their blocks come into being, and what
/// a reader sees of counts, histograms and up-down counters meanwhile.

#include "scenarios.hpp"

#include <doctest/doctest.h>

#include <array>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include <flowviz_metrics/cells/chunk.hpp>
#include <flowviz_metrics/cells/slots.hpp>

#include "sim_platform.hpp"

namespace {

using checker::check;
using checker::Machine;
using checker::Options;
using checker::Result;
using flowviz::cells::Chunk;
using flowviz::cells::Slots;

constexpr std::uint64_t one = 1;

/// A chunk of its own slots on a platform with `Own` and `Shared` columns.
template <std::uint32_t Own, std::uint32_t Shared>
struct Counts {
  using P = checker::SimPlatform<Own, Shared>;

  Counts(Machine& m, std::uint32_t cells) : machine(m), chunk(Chunk<P>::make(slots, cells)) {
    machine.name(slots, "slots");
    machine.name(*chunk, "chunk");
    machine.on_thread_exit([this] { slots.leave(P::this_thread()); });
  }
  ~Counts() { Chunk<P>::destroy(chunk); }
  Counts(const Counts&) = delete;
  Counts& operator=(const Counts&) = delete;

  void add() const { chunk->add(0, one); }
  [[nodiscard]] std::uint64_t total() const {
    std::array<std::uint64_t, 1> totals{};
    chunk->read_counts(0, totals);
    return totals[0];
  }
  /// Reads the total `times` times, which must not go back.
  void watch(int times) const {
    std::uint64_t before = 0;
    for (int i = 0; i < times; ++i) {
      const std::uint64_t now = total();
      machine.require(now >= before, "the total never goes back");
      before = now;
    }
  }
  /// Makes the calling thread write the `n`th shared column, as one that found no column of its own.
  static void share(std::uint32_t n) {
    P::this_thread().ended = true;
    P::this_thread().shared_column = Slots<P>::first_shared + n;
    P::this_thread().writes_until_retry = Slots<P>::retry_interval;
  }

  Machine& machine;
  Slots<P> slots;
  Chunk<P>* chunk;
};

// ------------------------------------------------------------------------------------------------- columns

void hand_over(Machine& machine) {
  Counts<1, 1> counts(machine, 1);
  for (const char* name : {"A", "B"}) {
    machine.thread(name, [&] {
      counts.add();
      counts.add();
    });
  }
  machine.thread("scraper", [&] { counts.watch(2); });
  machine.run();
  machine.require(counts.total() == 4, "no increment is lost");
  machine.require(counts.slots.leased() == 0, "every column was given back");
}

TEST_CASE("a column that changes hands loses no increment and its total never goes back") { check(hand_over); }

void one_after_the_other(Machine& machine) {
  Counts<1, 1> counts(machine, 1);
  Counts<1, 1>::P::atomic<int> first{-1};
  machine.name(first, "first");
  for (const char* name : {"A", "B"}) machine.thread(name, [&] { counts.add(); });
  machine.thread("scraper", [&] { first.store(static_cast<int>(counts.total()), std::memory_order_release); });
  machine.thread("next scraper", [&] {
    const int before = first.load(std::memory_order_acquire);
    machine.require(static_cast<int>(counts.total()) >= before, "the total never goes back");
  });
  machine.run();
}

TEST_CASE("a scrape that begins when another has ended shows no less") {
  check(one_after_the_other, checker::narrow_bounds());
}

void retry(Machine& machine) {
  Counts<1, 1> counts(machine, 1);
  machine.thread("owner", [&] { counts.add(); });
  machine.thread("patient", [&] {
    for (std::uint32_t i = 0; i < counts.slots.retry_interval; ++i) counts.add();
    const bool free = counts.slots.leased() == 0;
    counts.add();  // for which it asks again, unless it was alone from the beginning
    machine.require(!free || counts.slots.leased() == 1, "a column that is free is leased");
  });
  machine.run();
  machine.require(counts.total() == 2 + counts.slots.retry_interval, "no increment is lost");
  machine.require(counts.slots.leased() == 0, "every column was given back");
}

TEST_CASE("a thread on a shared column gets one of its own when one is free, and loses nothing by it") {
  Options bounds;
  bounds.preemptions = 2;  // each execution has as many operations as it takes to ask again
  bounds.stale_reads = 0;
  check(retry, bounds);
}

// Words of the bitmap change for other columns too between one owner and the next.
void neighbours(Machine& machine) {
  Counts<2, 1> counts(machine, 1);
  for (const char* name : {"A", "B", "C"}) machine.thread(name, [&] { counts.add(); });
  machine.run();
  machine.require(counts.total() == 3, "no increment is lost");
}

TEST_CASE("columns are claimed and given back side by side without mixing up their owners") { check(neighbours); }

void sharing(Machine& machine) {
  Counts<1, 1> counts(machine, 1);
  for (const char* name : {"A", "B"}) {
    machine.thread(name, [&] {
      counts.share(0);
      counts.add();
      counts.add();
    });
  }
  machine.thread("scraper", [&] { counts.watch(2); });
  machine.run();
  machine.require(counts.total() == 4, "no increment is lost");
}

TEST_CASE("threads on one shared column lose no increment") { check(sharing); }

void crowd(Machine& machine) {
  Counts<1, 2> counts(machine, 1);
  for (const char* name : {"A", "B", "C"}) {
    machine.thread(name, [&] {
      counts.add();
      counts.add();
    });
  }
  machine.run();
  machine.require(counts.total() == 6, "no increment is lost");
  machine.require(counts.slots.leased() == 0, "every column was given back");
}

TEST_CASE("more threads than columns share what is left and lose nothing") { check(crowd); }

void late_writer(Machine& machine) {
  Counts<1, 1> counts(machine, 1);
  machine.thread("late", [&] { counts.add(); }).after_exit([&] { counts.add(); });
  machine.thread("next", [&] {
    counts.add();
    counts.add();
  });
  machine.run();
  machine.require(counts.total() == 4, "no increment is lost");
}

TEST_CASE("a thread that still writes after its exit hook does not touch the column it gave back") {
  check(late_writer);
}

void last_words(Machine& machine) {
  Counts<1, 1> counts(machine, 1);
  machine.thread("late", [&] { counts.add(); }).after_exit([&] { counts.add(); }, checker::Thread::exit_rounds);
  machine.run();
  machine.require(counts.total() == 1 + checker::Thread::exit_rounds, "no increment is lost");
  machine.require(counts.slots.leased() == 0, "a thread at its end leases no column that nobody would give back");
}

TEST_CASE("a thread that writes in the last destructor of all leases no column any more") { check(last_words); }

void no_exit_hook(Machine& machine) {
  machine.explore_exit_hook_failure();
  Counts<1, 1> counts(machine, 1);
  for (const char* name : {"A", "B"}) machine.thread(name, [&] { counts.add(); });
  machine.run();
  machine.require(counts.total() == 2, "no increment is lost");
  machine.require(counts.slots.leased() == 0, "without an exit hook no column is leased");
}

TEST_CASE("a thread that can have no exit hook leases no column and loses nothing") { check(no_exit_hook); }

void stopped_owner(Machine& machine) {
  Counts<1, 1> counts(machine, 1);
  const auto& mortal = machine.thread("mortal", [&] { counts.add(); }).may_stop();
  machine.thread("A", [&] {
    counts.add();
    counts.add();
  });
  machine.thread("scraper", [&] { counts.watch(2); });
  machine.run();
  const std::uint64_t total = counts.total();
  machine.require(total == 3 || (mortal.stopped() && total == 2), "the others lose nothing");
}

TEST_CASE("a thread that stops in the middle of a write neither hangs nor falsifies the others") {
  check(stopped_owner);
}

// ------------------------------------------------------------------------------------------------- blocks

void first_touch(Machine& machine) {
  Counts<2, 1> counts(machine, 2);
  for (const char* name : {"A", "B"}) machine.thread(name, [&] { counts.add(); });
  machine.thread("scraper", [&] { counts.watch(2); });
  machine.run();
  machine.require(counts.total() == 2, "no increment is lost");
}

TEST_CASE("a block made during a scrape is seen with its zeroes or not at all") { check(first_touch); }

void shared_first_touch(Machine& machine) {
  Counts<1, 2> counts(machine, 1);
  for (const char* name : {"A", "B"}) {
    machine.thread(name, [&] {
      counts.share(1);
      counts.add();
    });
  }
  machine.thread("scraper", [&] { counts.watch(1); });
  machine.run();
  machine.require(counts.total() == 2, "no increment is lost");
}

TEST_CASE("two threads that touch a shared column first agree on one block") { check(shared_first_touch); }

void no_block(Machine& machine) {
  Counts<1, 2> counts(machine, 1);
  machine.explore_allocation_failures(2);
  machine.thread("own", [&] {
    counts.add();
    counts.add();
  });
  machine.thread("shared", [&] {
    counts.share(1);
    counts.add();
  });
  machine.thread("scraper", [&] { counts.watch(2); });
  machine.run();
  machine.require(counts.total() == 3, "what finds no block of its own goes to the one the chunk was born with");
}

TEST_CASE("an increment whose block cannot be had is counted all the same") { check(no_block); }

void no_chunk(Machine& machine) {
  using P = checker::SimPlatform<1, 1>;
  Slots<P> slots;
  machine.explore_allocation_failures(1);
  Chunk<P>* chunk = Chunk<P>::make(slots, 1);
  machine.outcome(chunk == nullptr ? "none" : "made");
  if (chunk != nullptr) Chunk<P>::destroy(chunk);
}

TEST_CASE("a chunk for which memory is lacking is not made and leaks nothing") {
  const Result result = checker::explore({}, no_chunk);
  INFO(result.report());
  CHECK(result.ok());
  CHECK(result.outcomes == std::map<std::string, std::uint64_t>{{"made", 1}, {"none", 2}});
}

// ------------------------------------------------------------------------------------------------- histograms

// Cells: two buckets and the sum. Every observation is 1.0, so the sum is how many observations it holds.
template <class Counts>
void observe(const Counts& counts, std::uint32_t bucket) {
  counts.chunk->observe(bucket, 2, 1.0);
}

struct Page {
  std::uint64_t count;
  double sum;
};
template <class Counts>
Page read_histogram(const Counts& counts) {
  std::array<std::uint64_t, 2> buckets{};
  double sum = 0;
  counts.chunk->read_histogram(0, buckets, sum);
  return {buckets[0] + buckets[1], sum};
}
template <class Counts>
void watch_histogram(const Counts& counts, int times) {
  Page before{0, 0};
  for (int i = 0; i < times; ++i) {
    const Page now = read_histogram(counts);
    counts.machine.require(now.sum <= static_cast<double>(now.count), "the sum holds nothing that the count lacks");
    counts.machine.require(now.count >= before.count && now.sum >= before.sum, "neither goes back");
    before = now;
  }
}
template <class Counts>
void require_exact_histogram(const Counts& counts, std::uint64_t observations) {
  const Page page = read_histogram(counts);
  counts.machine.require(page.count == observations, "no observation is lost from the buckets");
  counts.machine.require(page.sum == static_cast<double>(observations), "no observation is lost from the sum");
}

void own_histogram(Machine& machine) {
  Counts<1, 1> counts(machine, 3);
  for (const char* name : {"A", "B"}) {
    machine.thread(name, [&] {
      observe(counts, 0);
      observe(counts, 1);
    });
  }
  machine.thread("scraper", [&] { watch_histogram(counts, 1); });
  machine.run();
  require_exact_histogram(counts, 4);
}

TEST_CASE("the sum of a histogram never holds what its count lacks, on own columns and across hand-over") {
  check(own_histogram);
}

void shared_histogram(Machine& machine) {
  Counts<1, 1> counts(machine, 3);
  for (const char* name : {"A", "B"}) {
    machine.thread(name, [&] {
      counts.share(0);
      observe(counts, 0);
    });
  }
  machine.thread("scraper", [&] { watch_histogram(counts, 2); });
  machine.run();
  require_exact_histogram(counts, 2);
}

TEST_CASE("the sum of a histogram never holds what its count lacks on a shared column") { check(shared_histogram); }

// With one more column written before there are up to four blocks: those that are added up at a time. Cells: two histograms of a
// bucket and a sum.
void histograms_side_by_side(Machine& machine) {
  Counts<2, 2> counts(machine, 4);
  const auto observe = [&](std::uint32_t histogram) { counts.chunk->observe(2 * histogram, 2 * histogram + 1, 1.0); };
  const auto require_page = [&](bool exact) {
    std::array<std::uint64_t, 2> buckets{};
    std::array<double, 2> sums{};
    counts.chunk->read_histograms(0, buckets, sums);
    for (std::size_t i = 0; i < 2; ++i) {
      machine.require(sums[i] <= static_cast<double>(buckets[i]), "the sum holds nothing that the count lacks");
      machine.require(!exact || (buckets[i] == 2 && sums[i] == 2), "no observation is lost");
    }
  };
  observe(0);
  machine.thread("own", [&] { observe(1); });
  machine.thread("shared", [&] {
    counts.share(1);
    observe(0);
    observe(1);
  });
  machine.thread("scraper", [&] { require_page(false); });
  machine.run();
  require_page(true);
}

TEST_CASE("no sum holds what its count lacks where histograms are read side by side, several columns at a time") {
  check(histograms_side_by_side, checker::narrow_bounds());
}

// ------------------------------------------------------------------------------------------------- up and down

// Cells: ups, downs. `up_column` and `down_column` say where the two threads write: an own column or the shared one.
enum class Where { own, shared };

template <Where up, Where down>
void up_and_down(Machine& machine) {
  Counts<2, 1> counts(machine, 2);
  using P = typename decltype(counts)::P;
  typename P::template atomic<int> handed_over{0};
  machine.name(handed_over, "handed over");
  machine.thread("up", [&] {
    if (up == Where::shared) counts.share(0);
    counts.chunk->add(0, one);
    handed_over.store(1, std::memory_order_release);
  });
  machine.thread("down", [&] {
    if (down == Where::shared) counts.share(0);
    if (handed_over.load(std::memory_order_acquire) == 1) counts.chunk->add_release(1, one);
  });
  machine.thread("scraper", [&] {
    std::array<std::uint64_t, 1> now{};
    counts.chunk->read_up_downs(0, now);
    machine.require(static_cast<std::int64_t>(now[0]) >= 0, "what never was negative is never shown negative");
  });
  machine.run();
}

TEST_CASE("an up-down counter is never shown negative, whichever columns its two threads write") {
  check(up_and_down<Where::own, Where::own>);
  check(up_and_down<Where::shared, Where::shared>);
  check(up_and_down<Where::own, Where::shared>);
  check(up_and_down<Where::shared, Where::own>);
}

}  // namespace

namespace checker {
std::vector<Scenario> column_scenarios() {
  return {hand_over,
          one_after_the_other,
          neighbours,
          sharing,
          crowd,
          late_writer,
          last_words,
          no_exit_hook,
          stopped_owner,
          first_touch,
          shared_first_touch,
          no_block,
          no_chunk,
          own_histogram,
          shared_histogram,
          histograms_side_by_side,
          up_and_down<Where::own, Where::own>,
          up_and_down<Where::shared, Where::shared>,
          up_and_down<Where::own, Where::shared>,
          up_and_down<Where::shared, Where::own>};
}
}  // namespace checker
