// SPDX-License-Identifier: MIT
/// \file
/// Native histograms on the simulated machine: blocks that are outgrown while others write and read, and no observation is
/// lost, or counted twice, or in a sum without its bucket.

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
using checker::narrow_bounds;
using flowviz::cells::Chunk;
using flowviz::cells::coarser_index;
using flowviz::cells::finest_index;
using flowviz::cells::NativeBlocks;
using flowviz::cells::NativeScale;
using flowviz::cells::Slots;

/// A native histogram of powers of two, whose blocks hold two buckets: 1 and 2 share one, 4 needs another, which is coarser.
/// There may be two classic buckets beside them, up to 1 and above.
template <std::uint32_t Own, std::uint32_t Shared, std::uint32_t Classic = 0>
struct Native {
  using P = checker::SimPlatform<Own, Shared>;

  explicit Native(Machine& m) : machine(m), chunk(Chunk<P>::make(slots, Classic + NativeBlocks<P>::cells_per_series)) {
    machine.name(slots, "slots");
    machine.name(*chunk, "chunk");
    machine.on_thread_exit([this] { slots.leave(P::this_thread()); });
  }
  ~Native() { Chunk<P>::destroy(chunk); }
  Native(const Native&) = delete;
  Native& operator=(const Native&) = delete;

  void observe(double v) const {
    if constexpr (Classic == 0) {
      chunk->observe_native(0, scale, v);
    } else {
      chunk->observe_native(Classic, scale, v, std::uint32_t{v > 1});
    }
  }

  struct Reading {
    double sum = 0;
    std::uint64_t count = 0;
    std::array<std::uint64_t, Classic> classic{};
    /// What is in the classic buckets.
    [[nodiscard]] std::uint64_t classic_count() const {
      std::uint64_t all = 0;
      for (const std::uint64_t bucket : classic) all += bucket;
      return all;
    }
    std::map<std::int32_t, std::uint64_t> coarse;  // in the buckets of the coarsest block there can be
  };
  [[nodiscard]] Reading read() const {
    Reading now;
    chunk->read_native(Classic, now.classic, now.count, now.sum, [&](const auto& block) {
      block.each([&](std::int32_t index, std::uint64_t count) {
        now.count += count;
        now.coarse[coarser_index(index, coarsest - block.shift())] += count;
      });
    });
    return now;
  }
  /// Reads `times` times, while only values of 1 and 4 are observed, each thread's 1 before its 4.
  void watch(int times) const {
    std::uint64_t before = 0;
    for (int i = 0; i < times; ++i) {
      const Reading now = read();
      // The fewest values that come to this sum.
      const auto sum = static_cast<std::uint64_t>(now.sum);
      const std::uint64_t fewest = sum / 4 + sum % 4;
      machine.require(now.count >= fewest, "a sum never holds what its buckets lack");
      machine.require(Classic == 0 || now.classic_count() >= fewest, "nor what its classic buckets lack");
      machine.require(now.count >= now.classic_count(), "what is in a classic bucket is in a native one");
      machine.require(now.count >= before, "the count never goes back");
      before = now.count;
    }
  }
  /// That `n` ones and `n` fours have been observed, and nothing else.
  void require_all(std::uint64_t n) const {
    const Reading now = read();
    machine.require(now.sum == static_cast<double>(5 * n), "the sum is that of all");
    machine.require(now.count == 2 * n, "each is counted once");
    if constexpr (Classic != 0) {
      machine.require(now.classic == std::array<std::uint64_t, 2>{n, n}, "each is in its classic bucket");
    }
    machine.require(now.coarse == std::map<std::int32_t, std::uint64_t>{{at(1), n}, {at(4), n}},
                    "each is in its bucket");
  }
  static std::int32_t at(double v) { return coarser_index(finest_index(v), coarsest); }
  /// Makes the calling thread write the `n`th shared column, as one that found no column of its own.
  static void share(std::uint32_t n) {
    P::this_thread().ended = true;
    P::this_thread().shared_column = Slots<P>::first_shared + n;
    P::this_thread().writes_until_retry = Slots<P>::retry_interval;
  }

  static constexpr std::uint32_t coarsest = 9;  // schema -1
  static constexpr NativeScale scale{0, 8, 2};

  Machine& machine;
  Slots<P> slots;
  Chunk<P>* chunk;
};

template <std::uint32_t Classic>
void outgrown(Machine& machine) {
  Native<1, 1, Classic> native(machine);
  machine.thread("writer", [&] {
    native.observe(1);
    native.observe(4);
  });
  machine.thread("reader", [&] { native.watch(2); });
  machine.run();
  native.require_all(1);
}

TEST_CASE("a native histogram that outgrows its buckets shows each observation once") { check(outgrown<0>); }

TEST_CASE("classic buckets beside native ones hold nothing that these lack, and lack nothing that the sum holds") {
  check(outgrown<2>, narrow_bounds());
}

void handed_over(Machine& machine) {
  Native<1, 1> native(machine);
  for (const char* name : {"A", "B"}) {
    machine.thread(name, [&] {
      native.observe(1);
      native.observe(4);
    });
  }
  machine.run();
  native.require_all(2);
}

TEST_CASE("the buckets of a column change hands with it") { check(handed_over, narrow_bounds()); }

void two_columns(Machine& machine) {
  Native<2, 1> native(machine);
  machine.thread("A", [&] { native.observe(1); });
  machine.thread("B", [&] { native.observe(4); });
  machine.thread("reader", [&] { native.watch(1); });
  machine.run();
  native.require_all(1);
}

TEST_CASE("threads that make buckets for one series at the same time keep all of them") {
  check(two_columns, narrow_bounds());
}

void one_shared_column(Machine& machine) {
  Native<1, 1> native(machine);
  for (const char* name : {"A", "B"}) {
    machine.thread(name, [&] {
      native.share(0);
      native.observe(1);
      native.observe(4);
    });
  }
  machine.run();
  native.require_all(2);
}

TEST_CASE("threads on one shared column outgrow their buckets together") { check(one_shared_column, narrow_bounds()); }

void shared_and_read(Machine& machine) {
  Native<1, 1, 2> native(machine);
  native.share(0);
  native.observe(1);
  machine.thread("A", [&] {
    native.share(0);
    native.observe(4);
  });
  machine.thread("B", [&] {
    native.share(0);
    native.observe(4);
    native.observe(1);
  });
  machine.thread("reader", [&] { native.watch(1); });
  machine.run();
  native.require_all(2);
}

TEST_CASE("a sum on a shared column never holds what its buckets lack, old, new or classic") {
  check(shared_and_read, narrow_bounds());
}

void without_memory(Machine& machine) {
  Native<1, 1, 2> native(machine);
  native.observe(1);
  machine.explore_allocation_failures(2);
  machine.thread("writer", [&] {
    native.observe(4);
    native.observe(1);
  });
  machine.run();
  machine.explore_allocation_failures(0);
  const auto now = native.read();
  const std::uint64_t ones = now.coarse.count(native.at(1)) == 0 ? 0 : now.coarse.at(native.at(1));
  const std::uint64_t fours = now.coarse.count(native.at(4)) == 0 ? 0 : now.coarse.at(native.at(4));
  machine.require(now.count == ones + fours, "what is counted is in a bucket");
  machine.require(now.classic == std::array<std::uint64_t, 2>{ones, fours}, "and in its classic one");
  machine.require(now.sum == static_cast<double>(ones + 4 * fours),
                  "what is left out of the count is left out of the sum");
  machine.require(native.chunk->allocation_failures() >= 3 - now.count, "what is left out is counted as a failure");
}

TEST_CASE("an observation that no memory can be had for is left out whole, and counted as a failure") {
  check(without_memory);
}

}  // namespace

namespace checker {
std::vector<Scenario> native_scenarios() {
  return {outgrown<0>, outgrown<2>, handed_over, two_columns, one_shared_column, shared_and_read};
}
}  // namespace checker
