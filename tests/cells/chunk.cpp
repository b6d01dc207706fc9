// SPDX-License-Identifier: MIT
#include <flowviz_metrics/cells/chunk.hpp>

#include <doctest/doctest.h>

#include <array>
#include <cstdint>
#include <limits>

#include "test_platform.hpp"

namespace {

using Platform = TestPlatform<2, 1>;
using Chunk = flowviz::cells::Chunk<Platform>;
using Slots = flowviz::cells::Slots<Platform>;
constexpr std::uint64_t one = 1;

struct Machine : TestMachine {
  Slots slots;
  Chunk* chunk = Chunk::make(slots, 10);
  ~Machine() {
    memory.left = std::numeric_limits<std::size_t>::max();
    Chunk::destroy(chunk);
  }

  std::uint64_t count(std::uint32_t at) const {
    std::uint64_t total = 0;
    chunk->read_counts(at, {&total, 1});
    return total;
  }
};

/// Whose memory is given by somebody who counts that.
struct CountingPlatform : TestPlatform<1, 1> {
  static inline flowviz::cells::Chunk<CountingPlatform>* counted = nullptr;
  static void* allocate(std::size_t bytes, std::size_t align) noexcept {
    if (counted != nullptr) counted->add(0, one);
    return TestPlatform::allocate(bytes, align);
  }
};

}  // namespace

TEST_CASE_FIXTURE(Machine, "cells are zero at first and count what is added") {
  for (std::uint32_t at = 0; at < 10; ++at) CHECK(count(at) == 0);
  chunk->add(3, one);
  chunk->add(3, std::uint64_t{41});
  chunk->add_release(4, std::uint64_t{7});
  CHECK(count(2) == 0);
  CHECK(count(3) == 42);
  CHECK(count(4) == 7);
}

TEST_CASE_FIXTURE(Machine, "a total is what all threads wrote, on own columns and on shared ones") {
  for (std::size_t n = 0; n < 5; ++n) {
    play(n);
    for (std::uint64_t i = 0; i <= n; ++i) chunk->add(1, std::uint64_t{10});
    chunk->add(2, 0.5);
  }
  CHECK(count(1) == 10 * (1 + 2 + 3 + 4 + 5));
  double total = 0;
  chunk->read_doubles(2, {&total, 1});
  CHECK(total == 2.5);
}

TEST_CASE_FIXTURE(Machine, "the next owner of a column goes on where the last one stopped") {
  chunk->add(1, std::uint64_t{5});
  slots.leave(threads[0]);
  play(1);
  chunk->add(1, std::uint64_t{2});
  CHECK(threads[1].column == 1);
  CHECK(count(1) == 7);
  play(0);  // still writes, after its end
  chunk->add(1, one);
  CHECK(count(1) == 8);
}

TEST_CASE_FIXTURE(Machine, "reading adds to what the caller has, for neighbouring cells") {
  for (std::uint32_t at = 0; at < 4; ++at) chunk->add(at, std::uint64_t{at});
  std::array<std::uint64_t, 3> totals{100, 100, 100};
  chunk->read_counts(1, totals);
  CHECK(totals == std::array<std::uint64_t, 3>{101, 102, 103});
}

TEST_CASE_FIXTURE(Machine, "counts wrap at 2^64") {
  for (std::size_t n = 0; n < 2; ++n) {
    play(n);
    chunk->add(0, std::uint64_t{1} << 63);
  }
  CHECK(count(0) == 0);
}

TEST_CASE_FIXTURE(Machine, "an observation counts in its bucket and adds to the sum") {
  // Three buckets at 2, 3, 4 and the sum at 5.
  for (std::size_t n = 0; n < 4; ++n) {
    play(n);
    chunk->observe(2, 5, 0.25);
    chunk->observe(4, 5, 2);
  }
  std::array<std::uint64_t, 3> buckets{};
  double sum = 0;
  chunk->read_histogram(2, buckets, sum);
  CHECK(buckets == std::array<std::uint64_t, 3>{4, 0, 4});
  CHECK(sum == 9);
  CHECK(count(1) == 0);
  CHECK(count(6) == 0);
}

TEST_CASE_FIXTURE(Machine, "pairs of ups and downs are read as their differences") {
  for (std::size_t n = 0; n < 4; ++n) {
    play(n);
    chunk->add(2, std::uint64_t{3});
    chunk->add_release(3, one);
    chunk->add_release(5, one);
  }
  std::array<std::uint64_t, 2> totals{};
  chunk->read_up_downs(2, totals);
  CHECK(static_cast<std::int64_t>(totals[0]) == 8);
  CHECK(static_cast<std::int64_t>(totals[1]) == -4);
}

TEST_CASE_FIXTURE(Machine, "one cell of all threads shows what was set last") {
  CHECK(chunk->read_one(7) == 0);
  for (std::size_t n = 0; n < 4; ++n) {
    play(n);
    chunk->set_one(7, static_cast<double>(n));
  }
  CHECK(chunk->read_one(7) == 3);
  play(0);
  chunk->add_one(7, -0.5);
  CHECK(chunk->read_one(7) == 2.5);
}

TEST_CASE_FIXTURE(Machine, "a thread allocates at its first write into a chunk and never again") {
  const std::size_t before = memory.requests;
  chunk->add(0, one);
  CHECK(memory.requests == before + 1);
  for (std::uint32_t at = 0; at < 10; ++at) chunk->add(at, one);
  chunk->observe(0, 1, 1);
  CHECK(memory.requests == before + 1);
  chunk->set_one(3, 1);
  CHECK(memory.requests == before + 1);
}

TEST_CASE_FIXTURE(Machine, "threads on a shared column need no memory, for the chunk was born with that block") {
  for (std::size_t n = 0; n < 2; ++n) {
    play(n);
    chunk->add(0, one);
  }
  memory.left = 0;
  play(2);
  for (int i = 0; i < 600; ++i) chunk->add(0, one);
  CHECK(count(0) == 602);
  CHECK(chunk->allocation_failures() == 0);
}

TEST_CASE_FIXTURE(Machine, "without memory for a block nothing is lost, and each failure is counted") {
  memory.left = 0;
  chunk->add(0, one);
  chunk->add(1, 0.5);
  chunk->observe(2, 3, 0.5);
  CHECK(count(0) == 1);
  double value = 0;
  chunk->read_doubles(1, {&value, 1});
  CHECK(value == 0.5);
  CHECK(count(2) == 1);
  CHECK(chunk->allocation_failures() == 3);
  memory.left = 1;
  chunk->add(0, one);
  chunk->add(0, one);
  CHECK(count(0) == 3);
  CHECK(chunk->allocation_failures() == 3);
}

TEST_CASE_FIXTURE(TestMachine, "a chunk that memory cannot be had for is none, and nothing is kept") {
  Slots slots;
  for (std::size_t granted = 0; granted < 2; ++granted) {
    memory.left = granted;
    CHECK(Chunk::make(slots, 10) == nullptr);
    CHECK(memory.taken == 0);
  }
  memory.left = 2;
  Chunk* chunk = Chunk::make(slots, 10);
  REQUIRE(chunk != nullptr);
  Chunk::destroy(chunk);
}

TEST_CASE_FIXTURE(TestMachine, "the chunk that handles without a metric point at swallows everything") {
  Chunk nowhere;
  nowhere.add(5, one);
  nowhere.add(5, 1.0);
  nowhere.add_release(5, one);
  nowhere.observe(1, 2, 3);
  nowhere.set_one(4, 1);
  nowhere.add_one(4, 1);
  std::uint64_t total = 0;
  nowhere.read_counts(5, {&total, 1});
  CHECK(total == 0);
  CHECK(nowhere.read_one(4) == 0);
  CHECK(memory.taken == 0);
  CHECK(threads[0].column == 0);
}

TEST_CASE_FIXTURE(TestMachine, "what is written nowhere costs no lease") {
  Chunk nowhere;
  Slots slots;
  for (int i = 0; i < 1000; ++i) nowhere.add(0, one);
  CHECK(slots.leased() == 0);
  CHECK(threads[0].shared_column == 0);
}

TEST_CASE_FIXTURE(TestMachine, "blocks begin on lines of their own") {
  Slots slots;
  std::array<Chunk*, 4> chunks{};
  for (auto& chunk : chunks) {
    const std::size_t before = memory.bytes;
    chunk = Chunk::make(slots, 3);
    CHECK((memory.bytes - before - sizeof(Chunk)) % 128 == 0);
  }
  for (auto& chunk : chunks) Chunk::destroy(chunk);
}

TEST_CASE_FIXTURE(
    TestMachine,
    "a thread asks for a column of its own although its last write before that is counted in the middle of it") {
  using CountingChunk = flowviz::cells::Chunk<CountingPlatform>;
  flowviz::cells::Slots<CountingPlatform> slots;
  CountingChunk* pieces = CountingChunk::make(slots, 1);
  CountingChunk* sizes = CountingChunk::make(slots, 4);
  const flowviz::cells::NativeScale scale{.max_buckets = 160};
  pieces->add(0, one);  // has the only column
  play(1);
  sizes->observe_native(0, scale, 1);
  while (threads[1].writes_until_retry != 1) pieces->add(0, one);
  CountingPlatform::counted = pieces;
  sizes->observe_native(0, scale, 1e9);  // takes memory once
  CountingPlatform::counted = nullptr;
  CHECK(threads[1].column == 0);
  slots.leave(threads[0]);
  for (std::uint32_t i = 0; i < slots.retry_interval; ++i) pieces->add(0, one);
  CHECK(threads[1].column == slots.first_own);
  CountingChunk::destroy(sizes);
  CountingChunk::destroy(pieces);
}
