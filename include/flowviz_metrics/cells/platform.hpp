// SPDX-License-Identifier: MIT
#pragma once
/// \file
/// What the cells need of the machine below them: atomics, published data, memory, and one record per thread.
///
/// Every class in `cells/` takes a platform as its template parameter and reaches the machine through it alone.
/// `StdPlatform` (cells/std_platform.hpp) is the production one. The tests put a simulated machine in its place
/// which owns the schedule and the memory order, and so can walk through interleavings that no stress test meets.

#include <atomic>
#include <concepts>
#include <cstddef>
#include <cstdint>

#include <flowviz_metrics/version.hpp>

FLOWVIZ_METRICS_BEGIN
namespace cells {

/// What a thread knows about its lease of a column. All zero in a thread that has not written yet, so that the
/// thread_local that holds it needs no constructor and no guard.
struct ThreadState {
  /// The column that this thread alone writes, or 0: the column that holds no block in any chunk.
  std::uint32_t column = 0;
  /// The shared column used while `column` is 0; 0 before the first write.
  std::uint32_t shared_column = 0;
  /// Writes left on the shared column before the thread asks for one of its own again; 0 while it has one.
  std::uint32_t writes_until_retry = 0;
  /// Set by the exit hook: whatever this thread still writes goes to a shared column, for nobody would give a
  /// second lease back.
  bool ended = false;
};

/// A value that is written before the object holding it is published, and only read afterwards. Production reads
/// it as the plain member it is; a checker verifies that the publication was ordered.
template <class T>
class Plain {
 public:
  constexpr Plain() noexcept = default;
  constexpr explicit Plain(T value) noexcept : value_(value) {}
  constexpr void set(T value) noexcept { value_ = value; }
  [[nodiscard]] constexpr T get() const noexcept { return value_; }

 private:
  T value_{};
};

/// The requirements, spelled out.
///
/// - `P::atomic<T>`: the interface of `std::atomic<T>` as far as used here: construction from a value, `load`, `store`,
///   `exchange`, `compare_exchange_strong`, `fetch_add`, `fetch_or`, `fetch_and`, each with an explicit order.
/// - `P::plain<T>`: the interface of `Plain<T>`.
/// - `P::own_columns`, `P::shared_columns`: how many columns a chunk has of each kind.
/// - `P::this_thread()`: the calling thread's state.
/// - `P::at_thread_exit()`: arranges that the slots' `leave()` runs when the calling thread ends; false when it cannot.
/// - `P::has_heavy_fence()`: whether `heavy_fence()` has every running thread pass a fence, so that `light_fence()`, which
/// only keeps the compiler from reordering, pairs with it as a fence would. Once true it stays so. `heavy_fence()` returns
/// false if it was to do so and could not.
/// - `P::allocate(bytes, align)`, `P::deallocate(p, bytes, align)`: memory, or nullptr; never throws.
template <class P>
concept Platform = requires(std::size_t n, void* p) {
  typename P::template atomic<std::uint64_t>;
  typename P::template plain<std::uint64_t>;
  { P::own_columns } -> std::convertible_to<std::uint32_t>;
  { P::shared_columns } -> std::convertible_to<std::uint32_t>;
  { P::this_thread() } noexcept -> std::same_as<ThreadState&>;
  { P::at_thread_exit() } noexcept -> std::same_as<bool>;
  { P::has_heavy_fence() } noexcept -> std::same_as<bool>;
  { P::light_fence() } noexcept;
  { P::heavy_fence() } noexcept -> std::same_as<bool>;
  { P::allocate(n, n) } noexcept -> std::same_as<void*>;
  { P::deallocate(p, n, n) } noexcept;
};

}  // namespace cells
FLOWVIZ_METRICS_END
