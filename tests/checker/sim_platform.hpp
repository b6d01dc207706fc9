// SPDX-License-Identifier: MIT
#pragma once
/// \file
/// The simulated machine as a `cells::Platform`, with as few columns as a scenario needs.

#include <cstddef>
#include <cstdint>
#include <flowviz_metrics/cells/platform.hpp>

#include "atomic.hpp"
#include "machine.hpp"

namespace checker {

/// One T for each simulated thread, made anew in each execution.
template <class T>
class PerThread {
 public:
  [[nodiscard]] T& get() noexcept {
    const Machine& machine = Machine::running();
    Slot& slot = slots_[machine.self()];
    if (slot.execution != machine.execution()) slot = {T{}, machine.execution()};
    return slot.value;
  }

 private:
  struct Slot {
    T value{};
    std::uint32_t execution = 0;
  };
  std::array<Slot, max_threads> slots_{};
};

/// Whether a machine has a fence that one thread can have all others pass; whether it had one that now fails.
enum class HeavyFence { there, missing, failing };

/// The platform of a machine with `Own` columns for one thread each and `Shared` ones for all others.
template <std::uint32_t Own, std::uint32_t Shared, HeavyFence Fence = HeavyFence::there>
struct SimPlatform {
  template <class T>
  using atomic = Atomic<T>;
  template <class T>
  using plain = Plain<T>;

  static constexpr std::uint32_t own_columns = Own;
  static constexpr std::uint32_t shared_columns = Shared;

  static flowviz::cells::ThreadState& this_thread() noexcept { return state.get(); }
  static bool at_thread_exit() noexcept { return Machine::running().at_thread_exit(); }
  static bool has_heavy_fence() noexcept { return Fence != HeavyFence::missing; }
  static void light_fence() noexcept {}  // the machine runs each thread's operations in their order
  static bool heavy_fence() noexcept {
    if (Fence == HeavyFence::there) fence_every_thread();
    return Fence != HeavyFence::failing;
  }
  static void* allocate(std::size_t bytes, std::size_t align) noexcept {
    return Machine::running().allocate(bytes, align);
  }
  static void deallocate(void* p, std::size_t bytes, std::size_t align) noexcept {
    Machine::running().deallocate(p, bytes, align);
  }

 private:
  static inline constinit PerThread<flowviz::cells::ThreadState> state{};
};

static_assert(flowviz::cells::Platform<SimPlatform<2, 1>>);

}  // namespace checker
