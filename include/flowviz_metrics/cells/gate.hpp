// SPDX-License-Identifier: MIT
#pragma once
/// \file
/// Whether a function of somebody else's may be called: open while its owner lives, and closed only when nobody is inside.
///
/// All of it is one word: whether the gate is open, how many are inside, and in which process they are. A fork
/// leaves behind in the child a count of threads that the child does not have; it is recognised by its process and
/// taken for none.

#include <cstdint>

#include <flowviz_metrics/cells/platform.hpp>

FLOWVIZ_METRICS_BEGIN
namespace cells {

/// A gate in front of what an owner lends. Lock-free; who wants to end what is behind it shuts it and asks until it is left.
template <Platform P>
class Gate {
 public:
  constexpr Gate() noexcept = default;
  Gate(const Gate&) = delete;
  Gate& operator=(const Gate&) = delete;

  /// Takes the gate for an owner, who then prepares what is behind it and opens it; false if somebody has it.
  bool take() noexcept {
    std::uint64_t free = 0;
    return state_.compare_exchange_strong(free, taken, std::memory_order_acquire, std::memory_order_relaxed);
  }
  /// Release, paired with the acquire in enter(): who comes in sees what was prepared.
  void open() noexcept { state_.fetch_or(is_open, std::memory_order_release); }

  /// Goes in, if the gate is open; `process` is the calling one. To be followed by leave().
  bool enter(std::uint32_t process) noexcept {
    std::uint64_t state = state_.load(std::memory_order_relaxed);
    for (;;) {
      if ((state & is_open) == 0) return false;
      const std::uint64_t inside = inside_of(state, process) + 1;
      if (state_.compare_exchange_strong(state, (state & flags) | at(process) | inside << 2, std::memory_order_acquire,
                                         std::memory_order_relaxed)) {
        return true;
      }
    }
  }
  /// Release, paired with the acquire in is_left(): what was done inside is over for the owner.
  void leave() noexcept { state_.fetch_sub(one, std::memory_order_release); }

  /// For the owner: nobody comes in any more.
  void shut() noexcept { state_.fetch_and(~is_open, std::memory_order_relaxed); }
  /// Whether all who came in have left, after which what is behind the gate can end.
  [[nodiscard]] bool is_left(std::uint32_t process) const noexcept {
    return inside_of(state_.load(std::memory_order_acquire), process) == 0;
  }
  /// For the owner who has shut the gate and found it left: another one may take it. Release, paired with the acquire
  /// in take().
  void give_back() noexcept { state_.store(0, std::memory_order_release); }

 private:
  static constexpr std::uint64_t taken = 1, is_open = 2, flags = taken | is_open, one = 4;
  static constexpr std::uint64_t at(std::uint32_t process) noexcept { return std::uint64_t{process} << 32; }
  static constexpr std::uint64_t inside_of(std::uint64_t state, std::uint32_t process) noexcept {
    return state >> 32 == process ? (state & 0xffff'ffffu) >> 2 : 0;
  }

  typename P::template atomic<std::uint64_t> state_{0};
};

}  // namespace cells
FLOWVIZ_METRICS_END
