// SPDX-License-Identifier: MIT
/// \file
/// Series that are taken off pages, on the simulated machine: whoever writes, removes and looks at the same time, what was
/// written after a removal is shown, what was not is not, and nothing is lost.

#include "scenarios.hpp"

#include <doctest/doctest.h>

#include <cmath>
#include <cstdint>
#include <string>

#include <flowviz_metrics/cells/chunk.hpp>
#include <flowviz_metrics/cells/series_table.hpp>

#include "sim_platform.hpp"

namespace {

using checker::check;
using checker::Machine;
using checker::narrow_bounds;
using flowviz::cells::Chunk;
using flowviz::cells::Place;
using flowviz::cells::SeriesTable;
using flowviz::cells::Slots;

using P = checker::SimPlatform<2, 1>;
constexpr std::uint64_t one = 1;

/// Counters, of which series 1 and 2 are there from the start.
struct Counters {
  using Table = SeriesTable<P>;

  explicit Counters(Machine& m) : machine(m), table(slots, {4, 1}) {
    machine.name(slots, "slots");
    machine.name(table, "table");
    machine.on_thread_exit([this] { slots.leave(P::this_thread()); });
    machine.require(table.add_refuge("other"), "the table is born with its refuge");
    for (const std::uint32_t series : {1U, 2U}) static_cast<void>(place(series));
  }

  [[nodiscard]] Place<P> place(std::uint32_t series) { return table.find_or_add(series, "c" + std::to_string(series)); }
  void add(std::uint32_t series) {
    const Place<P> there = place(series);
    there.chunk->add(there.at, one);
  }
  static std::uint64_t total(Place<P> place) {
    std::uint64_t total = 0;
    place.chunk->read_counts(place.at, {&total, 1});
    return total;
  }
  bool remove(std::uint32_t series) { return table.remove(series, total); }
  [[nodiscard]] std::uint64_t total_of(std::uint32_t series) { return total(place(series)); }

  /// Whether a page shows a series.
  [[nodiscard]] bool shows(std::uint32_t combination) const {
    bool shown = false;
    table.each_segment([&](Chunk<P>&, std::uint32_t, const Table::Link* links, std::uint32_t n) {
      for (std::uint32_t i = 0; i < n; ++i) {
        const Table::Series& series = *links[i].load(std::memory_order_relaxed);
        if (series.combination.get() == combination) shown = Table::is_shown(series, total);
      }
    });
    return shown;
  }

  Machine& machine;
  Slots<P> slots;
  Table table;
};

void write_after_removal(Machine& machine) {
  Counters counters(machine);
  machine.thread("A", [&] {
    machine.require(counters.remove(1), "a series that is shown can be removed");
    counters.add(1);
    machine.require(counters.shows(1), "what is written after the removal is shown");
  });
  machine.thread("B", [&] { counters.add(1); });
  machine.thread("scraper", [&] { static_cast<void>(counters.shows(1)); });
  machine.run();
  machine.require(counters.shows(1), "what was written after the removal is shown");
  machine.require(counters.total_of(1) == 2, "nothing is lost");
}

TEST_CASE("a series that is written to after its removal is shown, whoever else writes") {
  check(write_after_removal, narrow_bounds());
}

void two_removals(Machine& machine) {
  Counters counters(machine);
  counters.add(1);
  machine.thread("A", [&] { counters.remove(1); });
  machine.thread("B", [&] {
    counters.add(1);
    counters.remove(1);
    machine.require(!counters.shows(1), "what was removed after the last write is not shown");
  });
  machine.run();
  machine.require(!counters.shows(1), "what was removed after the last write is not shown");
  machine.require(counters.total_of(1) == 2, "nothing is lost");
  counters.add(1);
  machine.require(counters.shows(1), "but is with the next write");
}

TEST_CASE("a removal is not undone by one that had seen less") { check(two_removals); }

void write_and_remove(Machine& machine) {
  Counters counters(machine);
  counters.remove(2);  // so that nothing has to be made any more, which would put the others in order
  for (const char* name : {"A", "B"}) {
    machine.thread(name, [&] {
      counters.add(1);
      counters.remove(1);
    });
  }
  machine.run();
  machine.require(!counters.shows(1), "after each write there was a removal");
  machine.require(counters.total_of(1) == 2, "nothing is lost");
}

TEST_CASE("of removals at the same time one has seen all that was written before any of them") {
  check(write_and_remove);
}

void one_remover(Machine& machine) {
  Counters counters(machine);
  P::atomic<int> removed{0};
  machine.name(removed, "removed");
  for (const char* name : {"A", "B"}) {
    machine.thread(name, [&] {
      if (counters.remove(1)) removed.fetch_add(1, std::memory_order_relaxed);
    });
  }
  machine.run();
  machine.require(removed.load(std::memory_order_relaxed) == 1, "one of them is told that it has removed the series");
}

TEST_CASE("of threads that remove a series at the same time one is told so") { check(one_remover); }

void removal_and_pages(Machine& machine) {
  Counters counters(machine);
  P::atomic<bool> gone{false};
  machine.name(gone, "gone");
  machine.thread("A", [&] {
    counters.add(1);
    counters.remove(1);
  });
  machine.thread("scraper", [&] {
    if (!counters.shows(1)) gone.store(true, std::memory_order_release);
  });
  machine.thread("next scraper", [&] {
    const bool was_gone = gone.load(std::memory_order_acquire);
    const bool shown = counters.shows(1);
    machine.require(!was_gone || !shown, "a series that has left pages and is not written to stays away");
  });
  machine.run();
  machine.require(!counters.shows(1), "what was removed after the last write is not shown");
}

TEST_CASE("a series that one page does not show any more is not on the next one, unless it was written to") {
  check(removal_and_pages, narrow_bounds());
}

void neighbours(Machine& machine) {
  Counters counters(machine);
  machine.thread("A", [&] {
    counters.add(1);
    counters.remove(1);
  });
  machine.thread("B", [&] {
    counters.add(2);
    counters.remove(2);
  });
  machine.run();
  machine.require(!counters.shows(1) && !counters.shows(2), "both have left");
}

TEST_CASE("series that stand side by side are removed at the same time") { check(neighbours); }

void remove_newborn(Machine& machine) {
  Counters counters(machine);
  machine.thread("A", [&] { counters.add(3); });
  machine.thread("B", [&] { counters.remove(3); });
  machine.run();
  machine.require(counters.total_of(3) == 1, "nothing is lost");
}

TEST_CASE("a series can be removed while it is made") { check(remove_newborn); }

void remove_without_memory(Machine& machine) {
  Counters counters(machine);
  counters.add(1);
  machine.explore_allocation_failures(1);
  machine.thread("A", [&] {
    const bool removed = counters.remove(1);
    machine.require(removed != counters.shows(1), "a removal that found no memory has no effect");
  });
  machine.run();
}

TEST_CASE("a removal for which memory is lacking says so, and the series stays") { check(remove_without_memory); }

void gauges(Machine& machine) {
  Counters counters(machine);
  const Place<P> gauge = counters.place(1);
  const auto value = [&] { return gauge.chunk->read_one(gauge.at); };
  gauge.chunk->set_one(gauge.at, 4);
  machine.thread("A", [&] { gauge.chunk->add_one(gauge.at, 1); });
  machine.thread("B", [&] {
    gauge.chunk->unset_one(gauge.at);
    gauge.chunk->add_one(gauge.at, 2);
  });
  machine.thread("scraper", [&] {
    const double now = value();
    machine.require(Chunk<P>::is_unset(now) || (now >= 1 && now <= 5), "a value is shown that it had, or none");
  });
  machine.run();
  machine.require(value() == 2 || value() == 3, "a gauge that was removed begins at zero, and loses no addition");
}

TEST_CASE("a gauge that is added to while it is removed begins anew") { check(gauges); }

void cells_used_again(Machine& machine) {
  Counters counters(machine);
  counters.add(1);
  counters.add(1);
  counters.remove(1);
  const Place<P> place = counters.place(1);
  place.chunk->zero(place.at, 1);
  counters.add(1);
  machine.require(counters.shows(1), "cells that another series has now remember no removal");
}

TEST_CASE("cells that are set to zero remember no removal") { check(cells_used_again); }

// The other thing that is noted beside cells.
void below_zero(Machine& machine) {
  Slots<P> slots;
  Chunk<P>* chunk = Chunk<P>::make(slots, 2);
  machine.name(slots, "slots");
  machine.name(*chunk, "chunk");
  machine.on_thread_exit([&] { slots.leave(P::this_thread()); });
  for (const char* name : {"A", "B"}) {
    machine.thread(name, [&] {
      chunk->note_below_zero(1);
      chunk->observe(0, 1, -1);
    });
  }
  machine.thread("scraper", [&] {
    std::uint64_t bucket = 0;
    double sum = 0;
    chunk->read_histogram(0, {&bucket, 1}, sum);
    machine.require(sum == 0 || chunk->has_below_zero(1), "who sees the value knows of it");
  });
  machine.run();
  Chunk<P>::destroy(chunk);
}

TEST_CASE("a page that has a value below zero in a sum knows of it") { check(below_zero, narrow_bounds()); }

}  // namespace

namespace checker {
std::vector<Scenario> removal_scenarios() {
  return {write_after_removal, two_removals,          write_and_remove, one_remover,      removal_and_pages, neighbours,
          remove_newborn,      remove_without_memory, gauges,           cells_used_again, below_zero};
}
}  // namespace checker
