// SPDX-License-Identifier: MIT
#pragma once
/// \file
/// Memory for the hot path: never throws, and never goes in circles when the program's own `operator new` counts.
///
/// Such an `operator new` is called for a thread's first block of cells, counts, finds no block yet, and would call itself
/// for ever. So while a thread is given memory here, it is refused more: what it counts meanwhile goes to cells
/// that exist already, as when memory has run out.

#include <cstddef>
#include <new>
#include <utility>

#include <flowviz_metrics/version.hpp>

FLOWVIZ_METRICS_BEGIN
namespace cells {

FLOWVIZ_METRICS_SHARED inline constinit thread_local bool is_allocating = false;

/// Memory, or nullptr.
inline void* allocate(std::size_t bytes, std::size_t align) noexcept {
  if (is_allocating) return nullptr;
  is_allocating = true;
  void* memory = ::operator new(bytes, std::align_val_t{align}, std::nothrow);
  is_allocating = false;
  return memory;
}
inline void deallocate(void* memory, std::size_t align) noexcept { ::operator delete(memory, std::align_val_t{align}); }

}  // namespace cells
FLOWVIZ_METRICS_END
