// SPDX-License-Identifier: MIT
#pragma once
/// \file
/// A fence for all running threads at once, where the system has one: membarrier(2), since Linux 4.14.
///
/// With it, who reads often pays nothing, and who ends something rarely pays some microseconds. Without it (an older kernel, a
/// sandbox that forbids the call) readers use atomic additions, see cells/grace.hpp. If it is forbidden only after the first metric
/// with labels that expire was made, readers rely on it already, and nothing ends any more.

#include <sys/syscall.h>
#include <unistd.h>

#include <atomic>

#include <flowviz_metrics/version.hpp>

FLOWVIZ_METRICS_BEGIN
namespace cells {

/// Whether this process has registered for the fence.
FLOWVIZ_METRICS_SHARED inline constinit std::atomic<bool> heavy_fence_is_there{false};

#if defined(SYS_membarrier)

// From linux/membarrier.h, which not every system that has the call installs.
inline constexpr int membarrier_private_expedited = 1 << 3;
inline constexpr int membarrier_register_private_expedited = 1 << 4;

/// To be called before the first reader that relies on it. Cheap when repeated.
inline void prepare_heavy_fence() noexcept {
  if (heavy_fence_is_there.load(std::memory_order_relaxed)) return;
  if (::syscall(SYS_membarrier, membarrier_register_private_expedited, 0) == 0)
    heavy_fence_is_there.store(true, std::memory_order_relaxed);
}

/// Every running thread of this process passes a fence, if `heavy_fence_is_there`; false if that failed.
inline bool heavy_fence() noexcept {
  if (!heavy_fence_is_there.load(std::memory_order_relaxed)) return true;
  const auto pass = [] { return ::syscall(SYS_membarrier, membarrier_private_expedited, 0) == 0; };
  // Should the child of a fork not have inherited what its parent registered, it registers itself.
  return pass() || (::syscall(SYS_membarrier, membarrier_register_private_expedited, 0) == 0 && pass());
}

#else

inline void prepare_heavy_fence() noexcept {}
inline bool heavy_fence() noexcept { return true; }

#endif

}  // namespace cells
FLOWVIZ_METRICS_END
