// SPDX-License-Identifier: MIT
#pragma once
/// \file
/// The blocks of a chunk, one for each column, and how they are added up.
///
/// A total is the sum of the cells at one place of all blocks. Readers stop no writer, and read each cell at a moment of its own.
/// The cells of a block stand side by side, those of two blocks anywhere: so a block is read from one end to the other, and
/// several at a time, for memory answers several questions as fast as one.
///
/// Orders, where relaxed is not enough:
/// - a block's address is read with acquire, paired with the release that it was published with, so its zeroes are seen;
/// - an observation counts its bucket first and adds to the sum with release, both in the block of one column. Of each histogram
///   in each block the sum is read first, with acquire, and the buckets afterwards, so a sum never holds a value whose bucket is
///   not counted. No other two cells of histograms have an order, neither in one block nor in two;
/// - an up-down counter's downs are stored with release, and the downs of all columns are read with acquire before the ups of
///   any. A down that is seen brings with it the up that happened before it, on whichever thread.

#include <bit>
#include <cstddef>
#include <cstdint>
#include <span>

#include <flowviz_metrics/cells/slots.hpp>

FLOWVIZ_METRICS_BEGIN
namespace cells {

/// A row of cells for all threads, as readers see it. Wait-free.
template <Platform P>
class Columns {
 public:
  using Cell = typename P::template atomic<std::uint64_t>;

  /// Adds the counts at `at`, `at` + 1, ... to `totals`.
  void read_counts(std::uint32_t at, std::span<std::uint64_t> totals) const noexcept {
    each_blocks([at, totals](const auto*... cells) {
      for (std::size_t i = 0; i < totals.size(); ++i)
        totals[i] = (totals[i] + ... + cells[at + i].load(std::memory_order_relaxed));
    });
  }

  /// The sum of the `count` counts from `at` on.
  [[nodiscard]] std::uint64_t sum_counts(std::uint32_t at, std::uint32_t count) const noexcept {
    std::uint64_t sum = 0;
    each_block([&](const Cell* cells) {
      for (std::uint32_t i = 0; i < count; ++i) sum += cells[at + i].load(std::memory_order_relaxed);
    });
    return sum;
  }

  /// Adds the doubles at `at`, `at` + 1, ... to `totals`, always column by column in the same order: rounding is
  /// monotone, so a total of growing doubles never goes back.
  void read_doubles(std::uint32_t at, std::span<double> totals) const noexcept {
    each_blocks([at, totals](const auto*... cells) {
      for (std::size_t i = 0; i < totals.size(); ++i)
        totals[i] = (totals[i] + ... + std::bit_cast<double>(cells[at + i].load(std::memory_order_relaxed)));
    });
  }

  /// Adds what the pairs {ups, downs} at `at`, `at` + 2, ... come to, ups minus downs, to `totals`. It wraps as
  /// unsigned numbers do; the result is read as signed.
  void read_up_downs(std::uint32_t at, std::span<std::uint64_t> totals) const noexcept {
    each_blocks([at, totals](const auto*... cells) {
      // Acquire, paired with Chunk::add_release: what is seen to have gone down brings its going up with it.
      for (std::size_t i = 0; i < totals.size(); ++i)
        totals[i] = (totals[i] - ... - cells[at + 2 * i + 1].load(std::memory_order_acquire));
    });
    each_blocks([at, totals](const auto*... cells) {
      for (std::size_t i = 0; i < totals.size(); ++i)
        totals[i] = (totals[i] + ... + cells[at + 2 * i].load(std::memory_order_relaxed));
    });
  }

  /// Adds the histograms that stand side by side from `at` on, each with its buckets and then its sum, to `buckets` and `sums`.
  void read_histograms(std::uint32_t at, std::span<std::uint64_t> buckets, std::span<double> sums) const noexcept {
    const std::size_t of_each = buckets.size() / sums.size();
    each_blocks([=](const auto*... cells) {
      std::size_t from = at;
      std::uint64_t* to = buckets.data();
      for (double& sum : sums) {
        // Acquire, paired with the release in Chunk::observe(): every value in this sum has its bucket counted below.
        sum = (sum + ... + std::bit_cast<double>(cells[from + of_each].load(std::memory_order_acquire)));
        for (std::size_t i = 0; i < of_each; ++i, ++from, ++to)
          *to = (*to + ... + cells[from].load(std::memory_order_relaxed));
        ++from;
      }
    });
  }
  /// The same for one histogram.
  void read_histogram(std::uint32_t at, std::span<std::uint64_t> buckets, double& sum) const noexcept {
    read_histograms(at, buckets, {&sum, 1});
  }

 protected:
  constexpr Columns() noexcept = default;
  explicit Columns(Slots<P>& leases) noexcept : slots_(&leases) {}
  ~Columns() = default;

  template <class Visit>
  void each_block(Visit visit) const noexcept {
    if (slots_ == nullptr) return;
    // In each pass anew: the up that a down brings with it may be on a column that was not in use before.
    const std::uint32_t unused = slots_->first_unused();
    for (std::uint32_t column = Slots<P>::first_own; column < Slots<P>::columns; ++column) {
      if (column == unused) column = Slots<P>::first_shared;
      if (const Cell* cells = columns_[column].load(std::memory_order_acquire)) visit(cells);
    }
  }

  // Several at a time, in the order of columns: `visit(a, b, c, d)`, and those that are left. What `visit` knows is best its own:
  // a loop reads what it refers to in each turn.
  template <class Visit>
  void each_blocks(Visit visit) const noexcept {
    const Cell* four[4] = {};
    std::size_t count = 0;
    each_block([&](const Cell* cells) {
      four[count++] = cells;
      if (count < 4) return;
      visit(four[0], four[1], four[2], four[3]);
      count = 0;
    });
    if (count >= 2) visit(four[0], four[1]);
    if (count % 2 != 0) visit(four[count - 1]);
  }

  typename P::template atomic<Cell*> columns_[Slots<P>::columns + 1]{};  // the last one is a chunk's notes
  Slots<P>* slots_ = nullptr;
};

}  // namespace cells
FLOWVIZ_METRICS_END
