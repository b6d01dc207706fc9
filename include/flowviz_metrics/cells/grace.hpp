// SPDX-License-Identifier: MIT
#pragma once
/// \file
/// Grace periods: when nobody can be looking any more at what has been taken away.
///
/// Who reads what may end does so inside of a *section*: a count of the thread's column says that it is inside. Who ends
/// something first takes it away, so that nobody can find it any more, and then waits for a grace period: until each column was
/// once seen with nobody inside. Whoever had found it before has left by then; whoever comes later does not find it.
///
/// For that, of a reader who counts itself and then looks, and of an ender who takes away and then reads the counts, at least
/// one has to see what the other did. On a shared column, both read and write the count in one step: whichever is second sees
/// the first. On an own column the reader would have to do the same, for some 6 ns; if the system can have every running thread
/// pass a fence on behalf of the ender (`P::heavy_fence`), a load and a store are enough.

#include <cstddef>
#include <cstdint>

#include <flowviz_metrics/cells/slots.hpp>

FLOWVIZ_METRICS_BEGIN
namespace cells {

/// Who is looking. One for all that ends in a process.
template <Platform P>
class Readers {
 public:
  constexpr explicit Readers(Slots<P>& leases) noexcept : slots_(leases) {}
  Readers(const Readers&) = delete;
  Readers& operator=(const Readers&) = delete;

  /// While it lives, what its thread finds does not end. Sections may lie in one another. Wait-free; must end on the
  /// thread that it began on.
  class [[nodiscard]] Section {
   public:
    explicit Section(Readers& readers) noexcept
        : column_(readers.slots_.settle(P::this_thread())), inside_(readers.counts_[column_].inside) {
      if (is_alone()) {
        inside_.store(inside_.load(std::memory_order_relaxed) + 1, std::memory_order_relaxed);
        P::light_fence();
      } else {
        // Acquire, paired with the release in is_over(): if that was first, what it waits for is not found here.
        inside_.fetch_add(1, std::memory_order_acquire);
      }
    }
    Section(const Section&) = delete;
    Section& operator=(const Section&) = delete;
    // Release, paired with the acquire in is_over(): what was done inside is over and seen by then.
    ~Section() {
      if (is_alone()) {
        inside_.store(inside_.load(std::memory_order_relaxed) - 1, std::memory_order_release);
      } else {
        inside_.fetch_sub(1, std::memory_order_release);
      }
    }

   private:
    [[nodiscard]] bool is_alone() const noexcept { return Slots<P>::is_own(column_) && P::has_heavy_fence(); }

    std::uint32_t column_;
    typename P::template atomic<std::uint64_t>& inside_;
  };

  /// A grace period that somebody waits for, by asking now and then: nobody is held up by a thread that was stopped inside of
  /// its section. One at a time for each `Wait`.
  class Wait {
   public:
    /// Waits for the sections that have begun before this call. False if it has to be called again.
    [[nodiscard]] bool begin() noexcept {
      if (!P::heavy_fence()) return false;
      for (auto& word : left_) word.set(~std::uint64_t{0});
      return true;
    }
    /// Whether each of them has ended.
    [[nodiscard]] bool is_over(Readers& readers) noexcept {
      bool over = true;
      for (std::uint32_t column = Slots<P>::first_own; column < Slots<P>::columns; ++column) {
        const std::uint64_t bit = std::uint64_t{1} << (column % 64);
        auto& left = left_[column / 64];
        if ((left.get() & bit) == 0) continue;
        // Reads and writes in one step: see the section's beginning.
        if (readers.counts_[column].inside.fetch_add(0, std::memory_order_acq_rel) == 0) {
          left.set(left.get() & ~bit);
        } else {
          over = false;
        }
      }
      return over;
    }

   private:
    typename P::template plain<std::uint64_t> left_[(Slots<P>::columns + 63) / 64];  // columns not seen empty yet
  };

  /// After fork, in the child: sections of threads that it does not have are over. Shared columns are left as they are, for
  /// threads that another library's handler has started may be inside.
  void keep_only(const ThreadState& me) noexcept {
    for (std::uint32_t column = Slots<P>::first_own; Slots<P>::is_own(column); ++column) {
      auto& inside = counts_[column].inside;
      // Nobody else is here yet. Only what has to be is written, for every fork does this.
      if (column != me.column && inside.load(std::memory_order_relaxed) != 0)
        inside.store(0, std::memory_order_relaxed);
    }
  }

 private:
  // A line for each, so that threads do not disturb one another.
  struct alignas(64) Count {
    typename P::template atomic<std::uint64_t> inside{0};
  };

  Slots<P>& slots_;
  Count counts_[Slots<P>::columns]{};
};

}  // namespace cells
FLOWVIZ_METRICS_END
