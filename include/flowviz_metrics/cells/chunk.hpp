// SPDX-License-Identifier: MIT
#pragma once
/// \file
/// A row of cells, once per column: the only place where a metric's number is written.
///
/// A chunk starts with one block of cells, that of the first shared column; the block of any other column is made when
/// a thread first writes there. A thread that owns its column is the only writer of that block: it loads, adds and
/// stores, relaxed. Everybody else uses read-modify-writes on a shared column's block. Readers add the blocks up (columns.hpp) and
/// never stop a writer. If memory for a block cannot be had, the write goes to the block that the chunk was born with.
///
/// One more block, made when first needed, is no column. At a series' first cell it notes how much had been written to the series
/// when it was taken off pages (cells/series_store.hpp); at a sum's cell, that a value below zero has been added to the sum.

#include <bit>
#include <cassert>
#include <cstddef>
#include <cstdint>
#include <new>
#include <span>
#include <string_view>

#include <flowviz_metrics/cells/chain.hpp>
#include <flowviz_metrics/cells/columns.hpp>
#include <flowviz_metrics/cells/exemplars.hpp>
#include <flowviz_metrics/cells/native_blocks.hpp>
#include <flowviz_metrics/cells/slots.hpp>

FLOWVIZ_METRICS_BEGIN
namespace cells {

template <Platform P>
class Graveyard;

/// The cells of some series for all threads. Writes are wait-free on an own column (but for the first one, which
/// allocates) and lock-free on a shared one; all of them are noexcept.
template <Platform P>
class Chunk : public Columns<P> {
 public:
  using typename Columns<P>::Cell;

  /// A chunk that swallows writes: where a handle that belongs to no metric points.
  constexpr Chunk() noexcept = default;

  /// A chunk of `cells` cells, all zero, written by the threads that `leases` knows; nullptr when memory cannot be had.
  static Chunk* make(Slots<P>& leases, std::uint32_t cells) noexcept {
    void* memory = P::allocate(sizeof(Chunk), alignof(Chunk));
    if (memory == nullptr) return nullptr;
    auto* chunk = new (memory) Chunk(leases, cells);
    Cell* block = chunk->new_block();
    if (block == nullptr) {
      chunk->~Chunk();
      P::deallocate(memory, sizeof(Chunk), alignof(Chunk));
      return nullptr;
    }
    chunk->columns_[Slots<P>::first_shared].store(block, std::memory_order_relaxed);  // published with the chunk
    return chunk;
  }

  /// Ends a chunk that nobody writes or reads any more.
  static void destroy(Chunk* chunk) noexcept {
    chunk->free_blocks();
    chunk->~Chunk();
    P::deallocate(chunk, sizeof(Chunk), alignof(Chunk));
  }

  ~Chunk() = default;
  Chunk(const Chunk&) = delete;
  Chunk& operator=(const Chunk&) = delete;

  // ---------------------------------------------------------------------------------------------------- writing

  /// Adds `n` to the count at `at`.
  void add(std::uint32_t at, std::uint64_t n) noexcept {
    write([at, n](auto how, Cell* cells) { how.add(cells[at], n, std::memory_order_relaxed); });
  }

  /// Adds `n` to the count at `at` with release: for a count that a reader reads before others.
  void add_release(std::uint32_t at, std::uint64_t n) noexcept {
    write([at, n](auto how, Cell* cells) { how.add(cells[at], n, std::memory_order_release); });
  }

  /// Adds `v` to the double at `at`.
  void add(std::uint32_t at, double v) noexcept {
    write([at, v](auto how, Cell* cells) { how.add(cells[at], v, std::memory_order_relaxed); });
  }

  /// Counts one observation of `v` in `bucket` and adds it to the sum at `sum`.
  void observe(std::uint32_t bucket, std::uint32_t sum, double v) noexcept {
    write([bucket, sum, v](auto how, Cell* cells) {
      how.add(cells[bucket], std::uint64_t{1}, std::memory_order_relaxed);
      how.add(cells[sum], v, std::memory_order_release);  // release: never seen without its bucket
    });
  }

  /// Counts one observation of `v` in the native histogram whose cells begin at `at`; see NativeBlocks.
  void observe_native(std::uint32_t at, const NativeScale& scale, double v) noexcept {
    write_native(at, scale, v, [](Cell*) { return nullptr; });
  }
  /// The same, and in the classic bucket at `classic`.
  void observe_native(std::uint32_t at, const NativeScale& scale, double v, std::uint32_t classic) noexcept {
    write_native(at, scale, v, [classic](Cell* cells) { return cells + classic; });
  }

  /// Adds to the number at `at` from a signal handler, which may have interrupted this thread in the middle of a write: by
  /// read-modify-write on the block that the chunk was born with, which no lease and no memory is needed for.
  template <class Number>
  void add_from_signal(std::uint32_t at, Number n) noexcept {
    if (Cell* cell = one(at)) Shared::add(*cell, n, std::memory_order_relaxed);
  }

  /// Keeps an exemplar of what was counted at `at`, after that; see Exemplars.
  void keep_exemplar(std::uint32_t at, ExemplarValue of, std::string_view labels) noexcept {
    if constexpr (!metrics_enabled) return;
    if (slots_ == nullptr || retired_) return;
    if (!exemplars_.keep(cells_, at, of, labels)) failures_.fetch_add(1, std::memory_order_relaxed);
  }

  // A gauge has one cell for all threads, in the block that the chunk was born with: the last `set` wins.

  /// Sets the double at `at`: one relaxed store.
  void set_one(std::uint32_t at, double v) noexcept {
    if (Cell* cell = one(at)) cell->store(std::bit_cast<std::uint64_t>(v), std::memory_order_relaxed);
  }

  /// Adds `v` to the double at `at`, atomically.
  void add_one(std::uint32_t at, double v) noexcept {
    if (Cell* cell = one(at)) Shared::add(*cell, v, std::memory_order_relaxed);
  }

  /// Sets the gauge at `at` back to how it was born, but for one thing: `is_unset` says so of what `read_one` returns, until it
  /// is set or added to. False if it was so before.
  bool unset_one(std::uint32_t at) noexcept {
    Cell* cell = one(at);
    return cell != nullptr && cell->exchange(unset, std::memory_order_relaxed) != unset;
  }
  [[nodiscard]] static bool is_unset(double v) noexcept { return std::bit_cast<std::uint64_t>(v) == unset; }

  /// Notes that the series at `at` is removed: `written()`, a number that rises with what is written to it, and one more, so that
  /// 0 notes nothing. Says whether it was this call that removed it.
  enum class Noted : std::uint8_t { no_memory, nothing_new, removed };
  template <class Written>
  Noted note_removed(std::uint32_t at, Written written) noexcept {
    assert(!retired_ && "a series was used after its registry was destroyed");
    if (retired_) return Noted::no_memory;
    Cell* notes = notes_to_write();
    if (notes == nullptr) return Noted::no_memory;
    // Acquire and release, paired with each other: of removals at the same time the last one here counts everything that was
    // written before any of them, and notes most.
    std::uint64_t noted = notes[at].fetch_add(0, std::memory_order_acq_rel);
    const std::uint64_t now = written() + 1;
    while (noted < now) {
      if (notes[at].compare_exchange_strong(noted, now, std::memory_order_relaxed, std::memory_order_relaxed)) {
        return Noted::removed;
      }
    }
    return Noted::nothing_new;
  }
  /// Whether more than `written` had been written to the series at `at` by the time it was removed, if it was, or just that.
  [[nodiscard]] bool is_removed(std::uint32_t at, std::uint64_t written) const noexcept { return noted(at) > written; }

  /// Notes that a value below zero will be added to the sum at `at`, which is no series' first cell. Has no effect if memory is
  /// lacking.
  void note_below_zero(std::uint32_t at) noexcept {
    if (slots_ == nullptr || retired_) return;
    // Relaxed: the sum that the value is then added to is released after it.
    if (Cell* notes = notes_to_write()) notes[at].store(1, std::memory_order_relaxed);
  }
  /// Whether the sum at `at`, which was read before, may have a value below zero in it.
  [[nodiscard]] bool has_below_zero(std::uint32_t at) const noexcept { return noted(at) != 0; }

  /// Sets `count` cells from `at` on to zero for all threads, and what is noted of them. Nobody may be writing them.
  void zero(std::uint32_t at, std::uint32_t count) noexcept {
    for (auto& column : columns_) {
      Cell* cells = column.load(std::memory_order_acquire);
      for (std::uint32_t i = 0; cells != nullptr && i < count; ++i) cells[at + i].store(0, std::memory_order_relaxed);
    }
    exemplars_.clear(at, count);
    native_.clear(at, count);
  }

  // ---------------------------------------------------------------------------------------------------- reading

  /// The double at `at` of a gauge.
  [[nodiscard]] double read_one(std::uint32_t at) const noexcept {
    const Cell* cell = one(at);
    return cell == nullptr ? 0 : std::bit_cast<double>(cell->load(std::memory_order_relaxed));
  }

  /// Adds the sum of the native histogram at `at` to `sum`, the classic buckets that stand before it to `classic`, its
  /// observations that count as zero to `zero`, and then calls `visit(block)` for each block of its buckets.
  template <class Visit>
  void read_native(std::uint32_t at, std::span<std::uint64_t> classic, std::uint64_t& zero, double& sum,
                   Visit visit) const {
    using Native = NativeBlocks<P>;
    const auto first = static_cast<std::uint32_t>(at - classic.size());
    this->each_block([&](const Cell* cells) {
      // Acquire, paired with the releases in NativeBlocks::observe(), as in read_histograms(): every value in this sum is counted
      // in the buckets below, and what is in a classic one of them also in a native one.
      sum += std::bit_cast<double>(cells[at + Native::sum].load(std::memory_order_acquire));
      for (std::uint32_t i = 0; i < classic.size(); ++i) classic[i] += cells[first + i].load(std::memory_order_acquire);
      zero += cells[at + Native::zero].load(std::memory_order_relaxed);
    });
    native_.each(at, visit);
  }

  [[nodiscard]] const Exemplars<P>& exemplars() const noexcept { return exemplars_; }

  /// How many blocks could not be had, whose writes went to the block that the chunk was born with, and exemplars.
  [[nodiscard]] std::uint64_t allocation_failures() const noexcept { return failures_.load(std::memory_order_relaxed); }

 private:
  using Columns<P>::columns_, Columns<P>::slots_;

  // How a cell is written by its only writer, and by one of several.
  struct Own {
    static void add(Cell& cell, std::uint64_t n, std::memory_order order) noexcept {
      cell.store(cell.load(std::memory_order_relaxed) + n, order);
    }
    static void add(Cell& cell, double v, std::memory_order order) noexcept {
      cell.store(std::bit_cast<std::uint64_t>(std::bit_cast<double>(cell.load(std::memory_order_relaxed)) + v), order);
    }
  };
  struct Shared {
    static void add(Cell& cell, std::uint64_t n, std::memory_order order) noexcept { cell.fetch_add(n, order); }
    static void add(Cell& cell, double v, std::memory_order order) noexcept {
      // The bits are added by compare-and-swap: atomic<double>::fetch_add is missing from libc++ 14.
      std::uint64_t seen = cell.load(std::memory_order_relaxed);
      std::uint64_t sum = 0;
      do {
        sum = std::bit_cast<std::uint64_t>((seen == unset ? 0 : std::bit_cast<double>(seen)) + v);
      } while (!cell.compare_exchange_strong(seen, sum, order, std::memory_order_relaxed));
    }
  };

  // A gauge that nobody has set since it was removed: a NaN that no calculation gives.
  static constexpr std::uint64_t unset = 0x7FF8'756E'7365'7400;
  // Where among the columns' blocks the one is that has the notes.
  static constexpr std::uint32_t notes_block = Slots<P>::columns;

  Chunk(Slots<P>& leases, std::uint32_t cells) noexcept : Columns<P>(leases), cells_(cells) {}

  // `classic_of(cells)` is the classic bucket among a column's cells. One function for each kind, for those without pay nothing.
  template <class ClassicOf>
  void write_native(std::uint32_t at, const NativeScale& scale, double v, ClassicOf classic_of) noexcept {
    write([this, at, &scale, v, classic_of](auto how, Cell* cells) FLOWVIZ_METRICS_INLINE {
      if (!native_.observe(how, cells_, at, cells + at, classic_of(cells), scale, v)) {
        failures_.fetch_add(1, std::memory_order_relaxed);
      }
    });
  }

  template <class Write>
  void write(Write how) noexcept {
    if constexpr (!metrics_enabled) return;
    // Relaxed: the block of an own column was put there by this thread, or by the column's last owner, whose lease this
    // thread's claim acquired.
    Cell* cells = columns_[P::this_thread().column].load(std::memory_order_relaxed);
    if (cells != nullptr) [[likely]] {
      how(Own{}, cells);
    } else {
      write_slowly(how);
    }
  }

  // First touch, and every write of a thread without a column of its own.
  template <class Write>
  FLOWVIZ_METRICS_NOINLINE void write_slowly(Write how) noexcept {
    ThreadState& me = P::this_thread();
    if (me.writes_until_retry != 0) [[likely]] {
      // Acquire, paired with the release in make_block(): it may be another thread's.
      if (Cell* cells = columns_[me.shared_column].load(std::memory_order_acquire)) [[likely]] {
        how(Shared{}, cells);
        // Behind it: an atomic addition waits for the stores before it. None may be left by then, if who gave memory has counted.
        if (me.writes_until_retry != 0) --me.writes_until_retry;
        return;
      }
    }
    settle_and_write(how);
  }

  // Apart from the above, whose atomic addition would wait for the registers that this saves.
  template <class Write>
  FLOWVIZ_METRICS_NOINLINE void settle_and_write(Write how) noexcept {
    assert(!retired_ && "a series was used after its registry was destroyed");
    if (slots_ == nullptr || retired_) return;
    const Block block = settle(P::this_thread());
    if (block.is_own) return how(Own{}, block.cells);
    how(Shared{}, block.cells);
  }

  struct Block {
    Cell* cells;
    bool is_own;
  };
  // Where the thread is to write, which may be new to this chunk, or due to ask for a column of its own.
  FLOWVIZ_METRICS_NOINLINE Block settle(ThreadState& me) noexcept {
    const std::uint32_t column = slots_->settle(me);
    Cell* cells = columns_[column].load(std::memory_order_acquire);  // a shared block may be another thread's
    if (cells == nullptr) cells = make_block(column);
    if (cells == nullptr) return {columns_[Slots<P>::first_shared].load(std::memory_order_relaxed), false};
    return {cells, Slots<P>::is_own(column)};
  }

  Cell* notes_to_write() noexcept {
    Cell* notes = columns_[notes_block].load(std::memory_order_acquire);
    return notes != nullptr ? notes : make_block(notes_block);
  }
  [[nodiscard]] std::uint64_t noted(std::uint32_t at) const noexcept {
    const Cell* notes = columns_[notes_block].load(std::memory_order_acquire);
    return notes == nullptr ? 0 : notes[at].load(std::memory_order_relaxed);
  }

  Cell* make_block(std::uint32_t column) noexcept {
    Cell* block = new_block();
    if (block == nullptr) {
      failures_.fetch_add(1, std::memory_order_relaxed);
      return nullptr;
    }
    // Release, paired with the acquire of readers and of others on this column: the zeroes go with the address.
    Cell* other = nullptr;
    if (columns_[column].compare_exchange_strong(other, block, std::memory_order_release, std::memory_order_acquire)) {
      return block;
    }
    free_block(block);
    return other;
  }

  [[nodiscard]] Cell* one(std::uint32_t at) const noexcept {
    if constexpr (!metrics_enabled) return nullptr;
    Cell* cells =
        columns_[Slots<P>::first_shared].load(std::memory_order_relaxed);  // set before the chunk was published
    if (cells != nullptr) [[likely]]
      return cells + at;
    assert(!retired_ && "a series was used after its registry was destroyed");
    return nullptr;
  }

  // Two lines of 64 bytes: the prefetcher of x86 fetches lines in pairs. A constant of our own, since
  // std::hardware_destructive_interference_size changes with compiler flags and would change the layout with them.
  static constexpr std::size_t block_alignment = 128;

  [[nodiscard]] std::size_t block_bytes() const noexcept {
    return (cells_ * sizeof(Cell) + block_alignment - 1) / block_alignment * block_alignment;
  }
  [[nodiscard]] Cell* new_block() const noexcept {
    void* memory = P::allocate(block_bytes(), block_alignment);
    if (memory == nullptr) return nullptr;
    auto* cells = static_cast<Cell*>(memory);
    for (std::uint32_t i = 0; i < cells_; ++i) new (cells + i) Cell(0);
    return cells;
  }
  void free_block(Cell* block) const noexcept {
    for (std::uint32_t i = 0; i < cells_; ++i) block[i].~Cell();
    P::deallocate(block, block_bytes(), block_alignment);
  }
  void free_blocks() noexcept {
    for (auto& column : columns_) {
      Cell* block = column.exchange(nullptr, std::memory_order_relaxed);
      if (block != nullptr) free_block(block);
    }
    exemplars_.destroy(cells_);
    native_.destroy(cells_);
  }

  friend class Graveyard<P>;
  friend class Chain<P, Chunk>;

  Exemplars<P> exemplars_;
  NativeBlocks<P> native_;
  typename P::template atomic<std::uint64_t> failures_{0};
  std::uint32_t cells_ = 0;
  bool retired_ = false;
  typename P::template atomic<Chunk*> next{nullptr};  // in the graveyard
};

}  // namespace cells
FLOWVIZ_METRICS_END
