// SPDX-License-Identifier: MIT
#include <flowviz_metrics/cells/series_table.hpp>

#include <doctest/doctest.h>

#include <cstdint>
#include <limits>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "test_platform.hpp"

namespace {

using Platform = TestPlatform<2, 1>;
using Chunk = flowviz::cells::Chunk<Platform>;
using Place = flowviz::cells::Place<Platform>;
using SeriesTable = flowviz::cells::SeriesTable<Platform>;
using Slots = flowviz::cells::Slots<Platform>;

struct Machine : TestMachine {
  Slots slots;
};

/// The label texts of the series that are shown, in their order.
std::string shown(const SeriesTable& table) {
  std::string text;
  table.each_segment([&](const Chunk&, std::uint32_t, const auto* links, std::uint32_t count) {
    for (std::uint32_t i = 0; i < count; ++i) {
      const auto* series = links[i].load();
      if (series->shown.load() == SeriesTable::Shown::always) text += std::string(series->labels()) + " ";
    }
  });
  return text;
}

bool same(Place a, Place b) { return a.chunk == b.chunk && a.at == b.at; }

}  // namespace

TEST_CASE_FIXTURE(Machine, "a combination has no series until it is asked for, then one for ever") {
  SeriesTable table(slots, {5, 1});
  CHECK(table.find(3).chunk == nullptr);
  const Place place = table.find_or_add(3, "three");
  REQUIRE(place.chunk != nullptr);
  CHECK(same(table.find(3), place));
  CHECK(same(table.find_or_add(3, "again"), place));
  CHECK(table.find(2).chunk == nullptr);
  CHECK(shown(table) == "three ");
}

TEST_CASE_FIXTURE(Machine, "series are visited in the order of their creation, with their tags and combinations") {
  SeriesTable table(slots, {5, 1});
  table.find_or_add(4, "four", 40);
  table.find_or_add(1, "one", 10);
  table.find_or_add(2, "two", 20);
  CHECK(shown(table) == "four one two ");
  table.each_segment([&](const Chunk&, std::uint32_t, const auto* links, std::uint32_t count) {
    for (std::uint32_t i = 0; i < count; ++i) {
      CHECK(links[i].load()->tag.get() == links[i].load()->combination.get() * 10);
    }
  });
}

TEST_CASE_FIXTURE(Machine, "every series has cells of its own, also when there are more than one chunk holds") {
  for (const std::uint32_t cells : {1u, 2u, 13u, 258u, 600u}) {
    CAPTURE(cells);
    const std::uint32_t combinations = 3 * SeriesTable::cells_per_chunk / cells + 4;
    SeriesTable table(slots, {combinations, cells});
    std::set<std::pair<Chunk*, std::uint32_t>> places;
    std::vector<Place> made;
    for (std::uint32_t c = 1; c < combinations; ++c) {
      const Place place = table.find_or_add(c, std::to_string(c));
      REQUIRE(place.chunk != nullptr);
      for (std::uint32_t i = 0; i < cells; ++i) CHECK(places.emplace(place.chunk, place.at + i).second);
      place.chunk->add(place.at + cells - 1, std::uint64_t{c});
      made.push_back(place);
    }
    std::uint32_t seen = 0;
    table.each_segment([&](const Chunk& chunk, std::uint32_t at, const auto* links, std::uint32_t count) {
      for (std::uint32_t i = 0; i < count; ++i) {
        std::uint64_t total = 0;
        chunk.read_counts(at + i * cells + cells - 1, {&total, 1});
        CHECK(total == ++seen);
        CHECK(links[i].load()->labels() == std::to_string(seen));
        CHECK(same(made[seen - 1], links[i].load()->place()));
      }
    });
    CHECK(seen == combinations - 1);
  }
}

TEST_CASE_FIXTURE(Machine, "series that come one after another stand side by side") {
  SeriesTable table(slots, {40, 3});
  const Place first = table.find_or_add(7, "a");
  const Place second = table.find_or_add(5, "b");
  CHECK(second.chunk == first.chunk);
  CHECK(second.at == first.at + 3);
}

TEST_CASE_FIXTURE(TestMachine, "a thread's first touch of a series takes one block of at most 4 KiB to clear") {
  for (const std::uint32_t cells : {1u, 2u, 13u, 258u}) {
    CAPTURE(cells);
    Slots slots;
    SeriesTable table(slots, {5'000, cells});
    REQUIRE(table.add_refuge("all"));
    for (std::uint32_t n = 1; n < 1'000; ++n) {
      const auto place = table.find_or_add(n, "text");
      const std::size_t requests = memory.requests, bytes = memory.bytes;
      place.chunk->add(place.at, std::uint64_t{1});
      CHECK(memory.requests - requests <= 1);
      CHECK(memory.bytes - bytes <= 4'096);
    }
  }
}

TEST_CASE_FIXTURE(Machine, "the refuge is not shown until it is asked for") {
  SeriesTable table(slots, {5, 1});
  CHECK(table.add_refuge("refuge"));
  CHECK(shown(table) == "");
  CHECK(table.find(0).chunk == nullptr);
  const Place place = table.find_or_add(0, "ignored");
  CHECK(same(place, table.refuge()));
  CHECK(same(place, table.find(0)));
  CHECK(shown(table) == "refuge ");
}

TEST_CASE_FIXTURE(Machine, "a new series that memory cannot be had for is the refuge, and that is counted") {
  // One series per segment, so that each new one takes a node, a segment and its chunk's two parts.
  for (std::size_t granted = 0; granted < 4; ++granted) {
    CAPTURE(granted);
    SeriesTable table(slots, {5, 512});
    REQUIRE(table.add_refuge("refuge"));
    memory.left = granted;
    const Place place = table.find_or_add(3, "three");
    CHECK(same(place, table.refuge()));
    CHECK(table.allocation_failures() == 1);
    CHECK(shown(table) == "refuge ");
    CHECK(table.find(3).chunk == nullptr);
    memory.left = std::numeric_limits<std::size_t>::max();
    CHECK(!same(table.find_or_add(3, "three"), table.refuge()));
    CHECK(shown(table) == "refuge three ");
    CHECK(table.allocation_failures() == 1);
  }
}

TEST_CASE_FIXTURE(Machine, "blocks that memory cannot be had for are counted with the table") {
  SeriesTable table(slots, {5, 1});
  const Place place = table.find_or_add(1, "one");
  memory.left = 0;
  place.chunk->add(place.at, std::uint64_t{1});
  CHECK(table.allocation_failures() == 1);
  memory.left = std::numeric_limits<std::size_t>::max();
}

TEST_CASE_FIXTURE(Machine, "a table that memory cannot be had for has no refuge") {
  memory.left = 0;
  SeriesTable table(slots, {5, 1});
  CHECK(!table.add_refuge("refuge"));
}

TEST_CASE_FIXTURE(Machine, "the first series of a small table move into a chunk that others share") {
  Chunk* chunk = Chunk::make(slots, 20);
  {
    SeriesTable table(slots, {3, 2});
    REQUIRE(table.start_in(chunk, 8));
    CHECK(same(table.find_or_add(2, "two"), {chunk, 8}));
    CHECK(same(table.find_or_add(1, "one"), {chunk, 10}));
    REQUIRE(table.add_refuge("refuge"));
    CHECK(same(table.refuge(), {chunk, 12}));
    CHECK(shown(table) == "two one refuge ");
  }
  chunk->add(0, std::uint64_t{1});  // the chunk outlives the table
  Chunk::destroy(chunk);
}
