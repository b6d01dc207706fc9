// SPDX-License-Identifier: MIT
#pragma once
/// \file
/// Threads for tests: many that start at the same moment, and counts that fit the build. A sanitized build is ten times
/// slower and sees a race in one of ten thousand rounds as well as in one of a hundred thousand. An emulated one is
/// slower still, and qemu-user 7.2 keeps 280 KB of each thread that ever was.

#include <pthread.h>

#include <cstddef>
#include <latch>
#include <thread>
#include <vector>

namespace concurrency {

#if defined(__has_feature)
inline constexpr bool under_thread_sanitizer = __has_feature(thread_sanitizer);
inline constexpr bool under_address_sanitizer = __has_feature(address_sanitizer);
#else
#if defined(__SANITIZE_THREAD__)
inline constexpr bool under_thread_sanitizer = true;
#else
inline constexpr bool under_thread_sanitizer = false;
#endif
#if defined(__SANITIZE_ADDRESS__)
inline constexpr bool under_address_sanitizer = true;
#else
inline constexpr bool under_address_sanitizer = false;
#endif
#endif

#if defined(FLOWVIZ_METRICS_EMULATOR)
inline constexpr bool under_emulator = true;
#else
inline constexpr bool under_emulator = false;
#endif

/// `rounds`, or a tenth of them under a sanitizer, a fiftieth under an emulator.
constexpr std::size_t scaled(std::size_t rounds) {
  if (under_emulator) return rounds < 100 ? 2 : rounds / 50;
  return under_thread_sanitizer || under_address_sanitizer ? rounds / 10 : rounds;
}

/// In the child of a fork glibc would give threads the stacks of the parent's, and ThreadSanitizer, which believes those to
/// be running, refuses a second thread in the same place. A smaller stack is a new one.
inline void start_threads_elsewhere() {
  pthread_attr_t attributes;
  pthread_attr_init(&attributes);
  pthread_attr_setstacksize(&attributes, std::size_t{1} << 20);
  pthread_setattr_default_np(&attributes);
  pthread_attr_destroy(&attributes);
}

/// Runs `work(i)` for every i below `count`, each on a thread of its own, all alive and started at the same moment;
/// returns when all of them have ended.
template <class Work>
void run_together(std::size_t count, Work work) {
  std::latch start(static_cast<std::ptrdiff_t>(count));
  std::vector<std::thread> threads;
  threads.reserve(count);
  for (std::size_t i = 0; i < count; ++i) {
    threads.emplace_back([&start, &work, i] {
      start.arrive_and_wait();
      work(i);
    });
  }
  for (std::thread& thread : threads) thread.join();
}

}  // namespace concurrency
