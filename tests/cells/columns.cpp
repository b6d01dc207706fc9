// SPDX-License-Identifier: MIT
#include <flowviz_metrics/cells/columns.hpp>

#include <doctest/doctest.h>

#include <array>
#include <cstddef>
#include <cstdint>

#include <flowviz_metrics/cells/chunk.hpp>

#include "test_platform.hpp"

namespace {

using Platform = TestPlatform<7, 1>;
using Chunk = flowviz::cells::Chunk<Platform>;
using Slots = flowviz::cells::Slots<Platform>;
constexpr std::uint64_t one = 1;
constexpr std::size_t most = Platform::own_columns;

// Cells that `writers` threads have written to, each in a block of its own; one more block is there from the beginning.
template <class Write>
struct Written : TestMachine {
  Slots slots;
  Chunk* chunk = Chunk::make(slots, 12);
  Written(std::size_t writers, Write write) {
    for (std::size_t n = 0; n < writers; ++n) {
      play(n);
      write(*chunk, n);
    }
    CHECK(slots.leased() == writers);
  }
  ~Written() { Chunk::destroy(chunk); }
};

}  // namespace

TEST_CASE("however many blocks there are, each is counted once") {
  for (std::size_t writers = 0; writers <= most; ++writers) {
    CAPTURE(writers);
    const Written written(writers, [](Chunk& chunk, std::size_t n) {
      chunk.add(1, one << (4 * n));
      chunk.add(2, one);
    });
    std::array<std::uint64_t, 4> totals{100, 100, 100, 100};
    written.chunk->read_counts(0, totals);
    CHECK(totals == std::array<std::uint64_t, 4>{100, 100 + 0x1111111 % (one << (4 * writers)), 100 + writers, 100});
    CHECK(written.chunk->sum_counts(1, 2) == totals[1] + totals[2] - 200);
  }
}

TEST_CASE("doubles are added up one after the other, in the order of columns") {
  constexpr std::array<double, most> values{1, 1e16, 1, 1, 1e16, 1, 3};
  for (std::size_t writers = 0; writers <= most; ++writers) {
    CAPTURE(writers);
    const Written written(writers, [&](Chunk& chunk, std::size_t n) {
      chunk.add(1, values[n]);
      chunk.observe(2, 3, values[n]);
    });
    double expected = 0, amount = 0, sum = 0;
    for (std::size_t n = 0; n < writers; ++n) expected += values[n];
    std::uint64_t bucket = 0;
    written.chunk->read_doubles(1, {&amount, 1});
    written.chunk->read_histogram(2, {&bucket, 1}, sum);
    CHECK(amount == expected);
    CHECK(sum == expected);
  }
}

TEST_CASE("ups and downs of all columns come to their difference") {
  for (std::size_t writers = 0; writers <= most; ++writers) {
    CAPTURE(writers);
    const Written written(writers, [](Chunk& chunk, std::size_t n) {
      chunk.add(2, 2 * (n + 1));
      chunk.add_release(3, one);
      chunk.add_release(5, n);
    });
    std::array<std::uint64_t, 2> totals{};
    written.chunk->read_up_downs(2, totals);
    CHECK(totals[0] == writers * writers);
    CHECK(0 - totals[1] == writers * (writers - (writers == 0 ? 0 : 1)) / 2);
  }
}

TEST_CASE("histograms that stand side by side are read at once, each by itself") {
  for (std::size_t writers = 0; writers <= most; ++writers) {
    CAPTURE(writers);
    // Three of two buckets and a sum, from 1 on.
    const Written written(writers, [](Chunk& chunk, std::size_t n) {
      chunk.add(0, one);
      chunk.observe(1, 3, 0.5);
      chunk.observe(5, 6, static_cast<double>(n));
      for (int times = 0; times < 3; ++times) chunk.observe(8, 9, 2);
      chunk.add(10, one);
    });
    std::array<std::uint64_t, 6> buckets{0, 10, 0, 0, 0, 0};
    std::array<double, 3> sums{0, 0, 1};
    written.chunk->read_histograms(1, buckets, sums);
    const auto n = static_cast<double>(writers);
    CHECK(buckets == std::array<std::uint64_t, 6>{writers, 10, 0, writers, 0, 3 * writers});
    CHECK(sums == std::array<double, 3>{n * 0.5, writers == 0 ? 0 : n * (n - 1) / 2, 1 + 6 * n});
  }
}
