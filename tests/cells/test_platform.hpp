// SPDX-License-Identifier: MIT
#pragma once

// A machine for the cells with few columns, on which a single thread plays several and memory runs out when a test says
// so. What happens when threads really meet is explored in tests/checker.

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <new>

#include <doctest/doctest.h>

#include <flowviz_metrics/cells/platform.hpp>

/// The memory of the test that runs: how much is out, and how many requests are still granted.
struct TestMemory {
  std::size_t taken = 0;  // pieces
  std::size_t bytes = 0;
  std::size_t requests = 0;  // granted ever
  std::size_t left = std::numeric_limits<std::size_t>::max();
};
inline TestMemory memory;

/// Who writes now, and whether threads of this machine can be told of their end.
inline flowviz::cells::ThreadState* playing = nullptr;
inline bool has_exit_hook = true;

template <std::uint32_t Own, std::uint32_t Shared>
struct TestPlatform {
  template <class T>
  using atomic = std::atomic<T>;
  template <class T>
  using plain = flowviz::cells::Plain<T>;
  static constexpr std::uint32_t own_columns = Own;
  static constexpr std::uint32_t shared_columns = Shared;

  static flowviz::cells::ThreadState& this_thread() noexcept { return *playing; }
  static bool at_thread_exit() noexcept { return has_exit_hook; }
  static bool has_heavy_fence() noexcept { return false; }
  static void light_fence() noexcept {}
  static bool heavy_fence() noexcept { return true; }

  static void* allocate(std::size_t bytes, std::size_t align) noexcept {
    if (memory.left == 0) return nullptr;
    --memory.left;
    ++memory.requests;
    ++memory.taken;
    memory.bytes += bytes;
    return ::operator new(bytes, std::align_val_t{align});
  }
  static void deallocate(void* p, std::size_t bytes, std::size_t align) noexcept {
    --memory.taken;
    memory.bytes -= bytes;
    ::operator delete(p, std::align_val_t{align});
  }
};

/// A fresh machine for each case. At its end all memory must have been given back, in the sizes it was taken in.
struct TestMachine {
  flowviz::cells::ThreadState threads[8];

  TestMachine() {
    memory = {};
    has_exit_hook = true;
    play(0);
  }
  ~TestMachine() {
    CHECK(memory.taken == 0);
    CHECK(memory.bytes == 0);
  }
  TestMachine(const TestMachine&) = delete;
  TestMachine& operator=(const TestMachine&) = delete;

  /// From now on thread `n` does what is done.
  void play(std::size_t n) { playing = &threads[n]; }
};
