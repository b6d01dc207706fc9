// SPDX-License-Identifier: MIT
#pragma once
/// \file
/// Chunks that small metrics share: a registry of a hundred unlabelled counters takes one chunk, not a hundred.

#include <cstdint>
#include <new>

#include <flowviz_metrics/cells/chain.hpp>
#include <flowviz_metrics/cells/series_table.hpp>

FLOWVIZ_METRICS_BEGIN
namespace cells {

/// Hands out rows of neighbouring cells. Lock-free; what is handed out stays so until the pool ends.
template <Platform P>
class Pool {
 public:
  /// At least so many, and as many as a row needs.
  static constexpr std::uint32_t cells_per_chunk = 256;

  constexpr Pool() noexcept = default;
  Pool(const Pool&) = delete;
  Pool& operator=(const Pool&) = delete;
  ~Pool() {
    rows_.each([](Row& row) {
      if (row.chunk.get() != nullptr) Chunk<P>::destroy(row.chunk.get());
      destroy(&row);
    });
  }

  /// A row of `cells` cells; the chunk is nullptr when memory cannot be had.
  Place<P> take(Slots<P>& leases, std::uint32_t cells) noexcept {
    for (;;) {
      const Place<P> place = take_from_present(cells);
      if (place.chunk != nullptr) return place;
      Row* row = make(leases, cells < cells_per_chunk ? cells_per_chunk : cells);
      if (row == nullptr) return {};
      // Threads that come here at once add a chunk each; the cells are not lost, the next metrics take them.
      rows_.append_unless_there(row, [](Row&) { return false; });
    }
  }

  /// See SeriesTable::retire_chunks.
  void retire_chunks(Graveyard<P>& graveyard) noexcept {
    rows_.each([&](Row& row) {
      graveyard.take(row.chunk.get());
      row.chunk.set(nullptr);
    });
  }

  [[nodiscard]] std::uint64_t allocation_failures() const noexcept {
    std::uint64_t count = 0;
    rows_.each([&](Row& row) { count += row.chunk.get()->allocation_failures(); });
    return count;
  }

 private:
  struct Row {
    typename P::template atomic<Row*> next{nullptr};
    typename P::template plain<Chunk<P>*> chunk;
    typename P::template plain<std::uint32_t> size;
    typename P::template atomic<std::uint32_t> used{0};
  };

  Place<P> take_from_present(std::uint32_t cells) noexcept {
    Place<P> place;
    rows_.each([&](Row& row) {
      std::uint32_t used = row.used.load(std::memory_order_relaxed);
      while (place.chunk == nullptr && used + cells <= row.size.get()) {
        // Relaxed: only one taker gets the cells, and what is in them was published with the row.
        if (row.used.compare_exchange_strong(used, used + cells, std::memory_order_relaxed,
                                             std::memory_order_relaxed)) {
          place = {row.chunk.get(), used};
        }
      }
    });
    return place;
  }

  static Row* make(Slots<P>& leases, std::uint32_t size) noexcept {
    Chunk<P>* chunk = Chunk<P>::make(leases, size);
    if (chunk == nullptr) return nullptr;
    void* memory = P::allocate(sizeof(Row), alignof(Row));
    if (memory == nullptr) {
      Chunk<P>::destroy(chunk);
      return nullptr;
    }
    auto* row = new (memory) Row;
    row->chunk.set(chunk);
    row->size.set(size);
    return row;
  }
  static void destroy(Row* row) noexcept {
    row->~Row();
    P::deallocate(row, sizeof(Row), alignof(Row));
  }

  Chain<P, Row> rows_;
};

}  // namespace cells
FLOWVIZ_METRICS_END
