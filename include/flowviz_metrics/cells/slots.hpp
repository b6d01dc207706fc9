// SPDX-License-Identifier: MIT
#pragma once
/// \file
/// Who may write which column.
///
/// A chunk keeps the cells of its series once per column. Columns 1..own are leased: while a thread holds one it is the
/// only writer, so it adds with a load and a store. The columns behind them are shared and written with `fetch_add`;
/// they serve threads beyond the last own column and code that runs after a thread's lease has ended. Column 0 has no
/// block in any chunk: a thread that has no lease points at it, so the hot path needs no other question than
/// "is there a block?".
///
/// The lease is a bit in a fixed bitmap. Claiming it acquires, giving it back releases: that pair is what orders the
/// last plain write of the old owner before the first plain read of the new one. Nothing is folded at hand-over. The
/// new owner goes on adding to the same cells, hence no increment is lost, no total goes back, and memory is bounded by
/// the largest number of threads that were alive at once.

#include <bit>
#include <cstdint>

#include <flowviz_metrics/cells/platform.hpp>

FLOWVIZ_METRICS_BEGIN
namespace cells {

/// The leases of one process. Every operation is lock-free; `settle` costs a scan of the bitmap when it leases.
template <Platform P>
class Slots {
 public:
  static constexpr std::uint32_t first_own = 1;
  static constexpr std::uint32_t first_shared = first_own + P::own_columns;
  static constexpr std::uint32_t columns = first_shared + P::shared_columns;

  /// How many writes a thread makes on a shared column before it looks for one of its own again.
  static constexpr std::uint32_t retry_interval = 256;

  static_assert(P::own_columns > 0, "FLOWVIZ_METRICS_SLOTS is at least 1");
  static_assert(P::shared_columns > 0, "threads beyond the last own column need a shared one");

  constexpr Slots() noexcept = default;
  Slots(const Slots&) = delete;
  Slots& operator=(const Slots&) = delete;

  static constexpr bool is_own(std::uint32_t column) noexcept { return column - first_own < P::own_columns; }

  /// Returns the column that the calling thread, whose state `me` is, writes now: its own if it has or gets one, else a
  /// shared one.
  std::uint32_t settle(ThreadState& me) noexcept {
    if (me.column != 0) return me.column;
    if (me.writes_until_retry == 0) {
      me.writes_until_retry = retry_interval;  // first: the exit hook may ask for memory, and who gives it may count
      if (!me.ended && P::at_thread_exit() && lease(me)) {
        me.writes_until_retry = 0;
        return me.column;
      }
    }
    --me.writes_until_retry;
    if (me.shared_column == 0) {
      // Relaxed: only spreads threads over columns.
      me.shared_column = first_shared + next_shared_.fetch_add(1, std::memory_order_relaxed) % P::shared_columns;
    }
    return me.shared_column;
  }

  /// Gives the lease back for good: the exit hook of the thread whose state `me` is. What the thread still writes (in
  /// destructors that run later) goes to a shared column.
  void leave(ThreadState& me) noexcept {
    const std::uint32_t column = me.column;
    me.ended = true;
    me.column = 0;
    if (column == 0) return;
    const std::uint32_t bit = column - first_own;
    // Release, paired with the acquire in lease(): the next owner's first load sees this thread's last store.
    words_[bit / 64].fetch_and(~(std::uint64_t{1} << (bit % 64)), std::memory_order_release);
  }

  /// After fork, in the child: only the calling thread lives on, so its lease is kept and all others end.
  void keep_only(const ThreadState& me) noexcept {
    for (auto& word : words_) word.store(0, std::memory_order_relaxed);  // no other thread exists yet
    if (me.column == 0) return;
    const std::uint32_t bit = me.column - first_own;
    words_[bit / 64].store(std::uint64_t{1} << (bit % 64), std::memory_order_relaxed);
  }

  /// The first of the own columns that nobody has leased yet, or `first_shared`: readers pass over all from there on that are own.
  // Relaxed. It only rises, and does so before a column is written. So whoever has seen that write, or what came after it on
  // whatever thread, finds by coherence that it has risen so far; for others the write may be yet to come.
  [[nodiscard]] std::uint32_t first_unused() const noexcept { return first_unused_.load(std::memory_order_relaxed); }

  /// How many own columns are leased right now.
  [[nodiscard]] std::uint32_t leased() const noexcept {
    std::uint32_t count = 0;
    for (const auto& word : words_)
      count += static_cast<std::uint32_t>(std::popcount(word.load(std::memory_order_relaxed)));
    return count;
  }

 private:
  static constexpr std::uint32_t word_count = (P::own_columns + 63) / 64;

  // The lowest free bit is taken, so that few columns, and with them few blocks, are ever touched.
  bool lease(ThreadState& me) noexcept {
    for (std::uint32_t w = 0; w < word_count; ++w) {
      const std::uint32_t bits = P::own_columns - w * 64 < 64 ? P::own_columns - w * 64 : 64;
      std::uint64_t taken = words_[w].load(std::memory_order_relaxed);
      for (;;) {
        const auto bit = static_cast<std::uint32_t>(std::countr_one(taken));
        if (bit >= bits) break;
        const std::uint64_t mask = std::uint64_t{1} << bit;
        // Acquire, paired with the release in leave(). Every change of the word is a read-modify-write, so the
        // release sequence of the bit's last owner reaches this one whatever happened to other bits in between.
        const std::uint64_t before = words_[w].fetch_or(mask, std::memory_order_acquire);
        if ((before & mask) == 0) {
          const std::uint32_t column = first_own + w * 64 + bit;
          note_used(column);
          me.column = column;
          return true;
        }
        taken = before;
      }
    }
    return false;
  }

  // Relaxed: see first_unused().
  void note_used(std::uint32_t column) noexcept {
    std::uint32_t before = first_unused_.load(std::memory_order_relaxed);
    while (before <= column && !first_unused_.compare_exchange_strong(before, column + 1, std::memory_order_relaxed,
                                                                      std::memory_order_relaxed)) {
    }
  }

  typename P::template atomic<std::uint64_t> words_[word_count]{};
  typename P::template atomic<std::uint32_t> first_unused_{first_own};
  typename P::template atomic<std::uint32_t> next_shared_{0};
};

}  // namespace cells
FLOWVIZ_METRICS_END
