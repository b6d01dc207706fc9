// SPDX-License-Identifier: MIT
#pragma once
/// \file
/// The platform that programs run on: std::atomic, operator new, one constinit thread_local, and a pthread key whose
/// destructor ends a thread's lease.
///
/// Why a pthread key and not a thread_local destructor: an increment made in the destructor of somebody else's key runs
/// after all thread_local destructors, would lease a column anew and never give it back. Why constinit: a thread_local
/// with a constructor is reached through a guard, 4 to 6 ns in a shared object.

#include <pthread.h>
#include <unistd.h>

#include <atomic>
#include <cstddef>
#include <cstdint>

#include <flowviz_metrics/cells/chunk.hpp>
#include <flowviz_metrics/cells/grace.hpp>
#include <flowviz_metrics/cells/graveyard.hpp>
#include <flowviz_metrics/cells/heavy_fence.hpp>
#include <flowviz_metrics/cells/memory.hpp>
#include <flowviz_metrics/cells/slots.hpp>

FLOWVIZ_METRICS_BEGIN
namespace cells {

// libstdc++ and libc++ differ in nothing here; what matters is that a counter is never a hidden lock.
static_assert(std::atomic<std::uint64_t>::is_always_lock_free, "flowviz_metrics needs lock-free 64-bit atomics");
static_assert(std::atomic<void*>::is_always_lock_free, "flowviz_metrics needs lock-free pointers");

/// The production platform.
struct StdPlatform {
  template <class T>
  using atomic = std::atomic<T>;
  template <class T>
  using plain = Plain<T>;
  static constexpr std::uint32_t own_columns = FLOWVIZ_METRICS_SLOTS;
  static constexpr std::uint32_t shared_columns = 16;

  static ThreadState& this_thread() noexcept;
  static bool at_thread_exit() noexcept;

  static bool has_heavy_fence() noexcept { return heavy_fence_is_there.load(std::memory_order_relaxed); }
  static void light_fence() noexcept { std::atomic_signal_fence(std::memory_order_seq_cst); }
  static bool heavy_fence() noexcept { return cells::heavy_fence(); }

  static void* allocate(std::size_t bytes, std::size_t align) noexcept { return cells::allocate(bytes, align); }
  static void deallocate(void* memory, std::size_t, std::size_t align) noexcept { cells::deallocate(memory, align); }
};
static_assert(Platform<StdPlatform>);

/// The calling thread's lease.
FLOWVIZ_METRICS_SHARED inline constinit thread_local ThreadState this_thread_state;

/// The leases of this process. Never destroyed, for threads write until the very end.
FLOWVIZ_METRICS_SHARED inline constinit Slots<StdPlatform> process_slots;

/// Who is looking at what may end, in this process.
FLOWVIZ_METRICS_SHARED inline constinit Readers<StdPlatform> process_readers{process_slots};

/// Where a handle that belongs to no metric writes to: nothing is counted, and the hot path needs no test for it.
FLOWVIZ_METRICS_SHARED inline constinit Chunk<StdPlatform> nowhere;

FLOWVIZ_METRICS_SHARED inline constinit Graveyard<StdPlatform> process_graveyard;

/// The pthread key plus one, or 0 before there is one.
FLOWVIZ_METRICS_SHARED inline constinit std::atomic<std::uint64_t> exit_key{0};

/// The process whose leases the bitmap holds. In a child of a fork it is the parent until our handler has run; a thread that
/// somebody else's handler has started before that gets no lease, for the bitmap may be about to be cleared.
FLOWVIZ_METRICS_SHARED inline constinit std::atomic<pid_t> lease_process{0};

static_assert(sizeof(pthread_key_t) <= 4, "exit_key holds a pthread key and a mark");

inline ThreadState& StdPlatform::this_thread() noexcept { return this_thread_state; }

// What registers hooks with the system has a name, is exported and is not inlined, so that in a program with plug-ins all
// modules run the program's copy. The system ties a hook to the module that registered it, and a lambda belongs to the
// module that happened to come first: when a plug-in is unloaded, its fork handler goes with it, and a thread that ends
// afterwards jumps to an address that is gone.

FLOWVIZ_METRICS_SHARED inline void end_lease(void*) noexcept { process_slots.leave(this_thread_state); }
FLOWVIZ_METRICS_SHARED inline void begin_as_child() noexcept {
  // Once in each child, should the handler be registered twice: whoever another handler has started in between has a lease by now.
  if (lease_process.load(std::memory_order_relaxed) == ::getpid()) return;
  process_slots.keep_only(this_thread_state);
  process_readers.keep_only(this_thread_state);
  // Release, paired with the acquire in at_thread_exit(): who leases from now on finds the bitmap as it is left here.
  lease_process.store(::getpid(), std::memory_order_release);
}

/// The pthread key plus one, which is made if there is none; 0 if the system has none left. libc takes a lock for the key and
/// for the handler: a thread that is stopped in here, in the first increment of a process, holds up those of other threads.
FLOWVIZ_METRICS_SHARED FLOWVIZ_METRICS_NOINLINE inline std::uint64_t make_exit_key() noexcept {
  pthread_key_t made;
  if (pthread_key_create(&made, &end_lease) != 0) return 0;
  // The handler is registered before the key is known, hence before any lease. Two threads that race here register it
  // twice, which does no harm: the second run changes nothing.
  pthread_atfork(nullptr, nullptr, &begin_as_child);
  lease_process.store(::getpid(), std::memory_order_relaxed);  // published with the key
  std::uint64_t key = 0;
  if (exit_key.compare_exchange_strong(key, std::uint64_t{made} + 1, std::memory_order_acq_rel,
                                       std::memory_order_acquire)) {
    return std::uint64_t{made} + 1;
  }
  pthread_key_delete(made);  // somebody was faster; no lock, so that a fork in the middle hangs nobody
  return key;
}

/// Makes the calling thread's lease end with it. False if the system has no key or no memory left, or in a child of a fork
/// that has not begun yet; the thread then uses a shared column and asks again later.
inline bool StdPlatform::at_thread_exit() noexcept {
  std::uint64_t key = exit_key.load(std::memory_order_acquire);
  if (key == 0) key = make_exit_key();
  if (lease_process.load(std::memory_order_acquire) != ::getpid()) return false;
  // Any value but nullptr: it only has to make the destructor run.
  return key != 0 && pthread_setspecific(static_cast<pthread_key_t>(key - 1), &process_slots) == 0;
}

}  // namespace cells
FLOWVIZ_METRICS_END
