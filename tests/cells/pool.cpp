// SPDX-License-Identifier: MIT
#include <flowviz_metrics/cells/pool.hpp>

#include <doctest/doctest.h>

#include <cstdint>
#include <limits>
#include <set>
#include <utility>

#include "test_platform.hpp"

namespace {

using Platform = TestPlatform<2, 1>;
using Chunk = flowviz::cells::Chunk<Platform>;
using Place = flowviz::cells::Place<Platform>;
using Pool = flowviz::cells::Pool<Platform>;
using Slots = flowviz::cells::Slots<Platform>;

struct Machine : TestMachine {
  Slots slots;
};

}  // namespace

TEST_CASE_FIXTURE(Machine, "rows stand behind one another in one chunk as long as they fit") {
  Pool pool;
  const Place a = pool.take(slots, 3);
  const Place b = pool.take(slots, 5);
  REQUIRE(a.chunk != nullptr);
  CHECK(a.at == 0);
  CHECK(b.chunk == a.chunk);
  CHECK(b.at == 3);
}

TEST_CASE_FIXTURE(Machine, "no cell is handed out twice and none beyond a chunk's end") {
  Pool pool;
  std::set<std::pair<Chunk*, std::uint32_t>> cells;
  for (std::uint32_t i = 0; i < 200; ++i) {
    const std::uint32_t size = 1 + i * 7 % 64;
    const Place place = pool.take(slots, size);
    REQUIRE(place.chunk != nullptr);
    CHECK(place.at + size <= Pool::cells_per_chunk);
    for (std::uint32_t c = 0; c < size; ++c) CHECK(cells.emplace(place.chunk, place.at + c).second);
  }
}

TEST_CASE_FIXTURE(Machine, "what is left of a chunk goes to those who fit into it") {
  Pool pool;
  const Place most = pool.take(slots, Pool::cells_per_chunk - 2);
  const Place large = pool.take(slots, 3);
  CHECK(large.chunk != most.chunk);
  const Place small = pool.take(slots, 2);
  CHECK(small.chunk == most.chunk);
  CHECK(small.at == Pool::cells_per_chunk - 2);
}

TEST_CASE_FIXTURE(Machine, "a whole chunk can be taken at once") {
  Pool pool;
  const Place a = pool.take(slots, Pool::cells_per_chunk);
  const Place b = pool.take(slots, Pool::cells_per_chunk);
  REQUIRE(b.chunk != nullptr);
  CHECK(a.at == 0);
  CHECK(b.at == 0);
  CHECK(a.chunk != b.chunk);
}

TEST_CASE_FIXTURE(
    Machine, "a row that no chunk is large enough for gets one that is, and others are not placed behind its end") {
  Pool pool;
  const Place large = pool.take(slots, Pool::cells_per_chunk + 1);
  REQUIRE(large.chunk != nullptr);
  large.chunk->add(large.at + Pool::cells_per_chunk, std::uint64_t{1});
  CHECK(large.chunk->sum_counts(large.at, Pool::cells_per_chunk + 1) == 1);
  CHECK(pool.take(slots, 1).chunk != large.chunk);
}

TEST_CASE_FIXTURE(Machine, "without memory there is no row, and nothing is kept") {
  Pool pool;
  for (std::size_t granted = 0; granted < 3; ++granted) {
    memory.left = granted;
    CHECK(pool.take(slots, 1).chunk == nullptr);
    CHECK(memory.taken == 0);
  }
  memory.left = 3;
  const Place place = pool.take(slots, 1);
  REQUIRE(place.chunk != nullptr);
  place.chunk->add(place.at, std::uint64_t{1});
  CHECK(pool.allocation_failures() == 1);
  memory.left = std::numeric_limits<std::size_t>::max();
}
