// SPDX-License-Identifier: MIT
#pragma once
/// \file
/// The buckets of native histograms, of one chunk.
///
/// A series has four cells in each column: the observations that count as zero, the sum, and where this column's buckets for
/// values above zero and below it are: a block of counts for a range of buckets of one schema. What falls outside of it gets a
/// new block, wider, or of a coarser schema if it would become too wide. Nothing is copied or taken along: the old block
/// keeps what it has counted, and pages add up all blocks of a series, in the coarsest schema among them. So no count is
/// ever in two places, and several threads can write the same blocks; and resolution only goes down.
///
/// A block is one of its series before anything is counted in it, and belongs to it until the series ends, or its chunk.
///
/// Orders: a block is published with release, to the column and to the series, and met with acquire, so its range and its
/// zeroes are seen. A bucket is counted before its value is added to the sum, with release; who reads sums with acquire,
/// before the blocks, finds each value's bucket counted, and the block that it is in. A classic bucket beside it is counted
/// between the two, with release, and read between them, with acquire: it holds all that is in the sum, and nothing that is in
/// no native bucket.

#include <bit>
#include <cstddef>
#include <cstdint>
#include <new>
#include <type_traits>

#include <flowviz_metrics/cells/cell_table.hpp>
#include <flowviz_metrics/cells/native_index.hpp>

FLOWVIZ_METRICS_BEGIN
namespace cells {

/// A run of buckets, from `low` to `high`; none if that is lower.
struct NativeRange {
  std::int32_t low = 0, high = -1;

  void add(NativeRange other) noexcept {
    if (other.high < other.low) return;
    if (high < low) *this = other;
    if (other.low < low) low = other.low;
    if (other.high > high) high = other.high;
  }
  [[nodiscard]] NativeRange coarser(std::uint32_t by) const noexcept {
    return high < low ? *this : NativeRange{coarser_index(low, by), coarser_index(high, by)};
  }
  [[nodiscard]] std::uint32_t width() const noexcept { return static_cast<std::uint32_t>(high - low + 1); }
};

template <Platform P>
class NativeBlocks {
 public:
  using Cell = typename P::template atomic<std::uint64_t>;

  /// Where the cells of a series are, counted from its first one.
  static constexpr std::uint32_t zero = 0, sum = 1, positive = 2, negative = 3, cells_per_series = 4;

  /// Counts for a range of buckets, which follow it in memory.
  class alignas(Cell) Block {
   public:
    [[nodiscard]] bool below_zero() const noexcept { return sign_.get() == negative; }
    [[nodiscard]] std::uint32_t shift() const noexcept { return shift_.get(); }

    /// The count of the bucket with this index in the finest schema; nullptr if it is not one of these.
    [[nodiscard]] Cell* find(std::int32_t finest) noexcept {
      const auto i = static_cast<std::uint32_t>(coarser_index(finest, shift_.get()) - first_.get());
      return i < size_.get() ? counts() + i : nullptr;
    }

    /// Calls `visit(index, count)` for each bucket that has counted something.
    template <class Visit>
    void each(Visit visit) const {
      for (std::uint32_t i = 0; i < size_.get(); ++i) {
        if (const std::uint64_t count = counts()[i].load(std::memory_order_relaxed)) {
          visit(first_.get() + static_cast<std::int32_t>(i), count);
        }
      }
    }

   private:
    friend class NativeBlocks;

    static Block* make(std::uint32_t sign, std::uint32_t shift, std::int32_t first, std::uint32_t size) noexcept {
      void* memory = P::allocate(bytes(size), alignof(Block));
      if (memory == nullptr) return nullptr;
      auto* block = new (memory) Block;
      block->sign_.set(sign);
      block->shift_.set(shift);
      block->first_.set(first);
      block->size_.set(size);
      for (std::uint32_t i = 0; i < size; ++i) new (block->counts() + i) Cell(0);
      return block;
    }
    static void destroy(Block* block) noexcept {
      const std::uint32_t size = block->size_.get();
      for (std::uint32_t i = 0; i < size; ++i) block->counts()[i].~Cell();
      block->~Block();
      P::deallocate(block, bytes(size), alignof(Block));
    }
    static std::size_t bytes(std::uint32_t size) noexcept { return sizeof(Block) + size * sizeof(Cell); }

    // The counts follow in memory.
    [[nodiscard]] Cell* counts() noexcept { return reinterpret_cast<Cell*>(this + 1); }
    [[nodiscard]] const Cell* counts() const noexcept { return reinterpret_cast<const Cell*>(this + 1); }

    typename P::template plain<Block*> older_;
    typename P::template plain<std::uint32_t> sign_;
    typename P::template plain<std::uint32_t> shift_;
    typename P::template plain<std::int32_t> first_;
    typename P::template plain<std::uint32_t> size_;
  };

  constexpr NativeBlocks() noexcept = default;

  /// Counts one observation of the finite `v` in the series at `at` of a chunk of `cells` cells, whose cells in the writer's
  /// column begin at `column`, and in the classic bucket beside it, unless that is a nullptr; `how` is how they are written. False
  /// if memory for a block could not be had; then nothing was counted.
  template <class How, class Classic>
  FLOWVIZ_METRICS_INLINE bool observe(How how, std::uint32_t cells, std::uint32_t at, Cell* column, Classic classic,
                                      const NativeScale& scale, double v) noexcept {
    const double size = v < 0 ? -v : v;
    if (size <= scale.zero_threshold) {
      how.add(column[zero], std::uint64_t{1}, std::memory_order_relaxed);
    } else {
      const std::uint32_t sign = v < 0 ? negative : positive;
      const std::int32_t finest = finest_index(size);
      Block* block = block_of(column[sign].load(std::memory_order_acquire));
      Cell* bucket = block == nullptr ? nullptr : block->find(finest);
      if (bucket == nullptr) [[unlikely]]
        bucket = make_bucket(cells, at, column[sign], block, sign, scale, finest);
      if (bucket == nullptr) return false;
      how.add(*bucket, std::uint64_t{1}, std::memory_order_relaxed);
    }
    if constexpr (std::is_pointer_v<Classic>) {
      how.add(*classic, std::uint64_t{1}, std::memory_order_release);  // release: likewise
    }
    how.add(column[sum], v, std::memory_order_release);  // release: never seen without its bucket
    return true;
  }

  /// Calls `visit(block)` for each block of the series at `at`.
  template <class Visit>
  void each(std::uint32_t at, Visit visit) const {
    for (const Block* block = table_.find(at); block != nullptr; block = block->older_.get()) visit(*block);
  }

  /// The cells from `at` on have no blocks any more. Nobody may be writing or reading them.
  void clear(std::uint32_t at, std::uint32_t count) noexcept {
    table_.each(at, count, [](auto& link) {
      for (Block* block = link.exchange(nullptr, std::memory_order_relaxed); block != nullptr;) {
        Block* older = block->older_.get();
        Block::destroy(block);
        block = older;
      }
    });
  }
  /// Frees everything, of a chunk of `cells` cells. Likewise.
  void destroy(std::uint32_t cells) noexcept {
    clear(0, cells);
    table_.destroy(cells);
  }

 private:
  // An address in a cell.
  static Block* block_of(std::uint64_t address) noexcept {
    const std::uintptr_t as_address = address;
    return reinterpret_cast<Block*>(as_address);
  }
  static std::uint64_t address_of(const Block* block) noexcept { return reinterpret_cast<std::uintptr_t>(block); }

  // A count for the bucket in a new block, which is the column's from now on, unless another one was quicker: then it serves
  // for this one observation.
  FLOWVIZ_METRICS_NOINLINE Cell* make_bucket(std::uint32_t cells, std::uint32_t at, Cell& current, const Block* seen,
                                             std::uint32_t sign, const NativeScale& scale,
                                             std::int32_t finest) noexcept {
    auto* link = table_.link(cells, at);
    if (link == nullptr) return nullptr;

    // As coarse and as wide as the series is by now, all threads together.
    std::uint32_t shift = scale.shift;
    NativeRange range{coarser_index(finest, shift), coarser_index(finest, shift)};
    each(at, [&](const Block& block) {
      if (block.shift() > shift) {
        range = range.coarser(block.shift() - shift);
        shift = block.shift();
      }
      if (block.below_zero() != (sign == negative)) return;
      block.each([&](std::int32_t index, std::uint64_t) {
        range.add(NativeRange{index, index}.coarser(shift - block.shift()));
      });
    });
    for (; range.width() > scale.max_buckets && shift < NativeScale::coarsest; ++shift) range = range.coarser(1);

    // And as much again at its ends.
    constexpr std::uint32_t enough = 16;
    const std::uint32_t least = scale.max_buckets < enough ? scale.max_buckets : enough;
    const std::uint32_t size = 2 * range.width() > least ? 2 * range.width() : least;
    const auto first = range.low - static_cast<std::int32_t>((size - range.width()) / 2);
    Block* block = Block::make(sign, shift, first, size);
    if (block == nullptr) return nullptr;
    // Release, paired with the acquire of who walks the blocks, and of who finds it in the column.
    Block* newest = link->load(std::memory_order_relaxed);
    do {
      block->older_.set(newest);
    } while (!link->compare_exchange_strong(newest, block, std::memory_order_release, std::memory_order_relaxed));
    std::uint64_t before = address_of(seen);
    current.compare_exchange_strong(before, address_of(block), std::memory_order_release, std::memory_order_relaxed);
    return block->find(finest);
  }

  CellTable<P, Block> table_;
};

}  // namespace cells
FLOWVIZ_METRICS_END
