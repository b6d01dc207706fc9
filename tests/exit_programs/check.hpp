// SPDX-License-Identifier: MIT
#pragma once
/// \file
/// For programs whose exit status is a test's result: they say on stderr what differs, and their status how much did.
/// Usable from static constructors to the last atexit function.

#include <unistd.h>

#include <atomic>
#include <cstdio>
#include <string>

namespace exit_programs {

inline constinit std::atomic<int> differences{0};

/// Notes when a value is not what it has to be.
template <class T, class U>
void expect_equal(const char* what, T got, U wanted) {
  if (got == static_cast<T>(wanted)) return;
  ++differences;
  std::fprintf(stderr, "%s: got %s, wanted %s\n", what, std::to_string(got).c_str(),
               std::to_string(static_cast<T>(wanted)).c_str());
}

/// Notes when something does not hold.
inline void expect(const char* what, bool holds) {
  if (holds) return;
  ++differences;
  std::fprintf(stderr, "does not hold: %s\n", what);
}

/// What the program exits with.
inline int status() { return differences == 0 ? 0 : 1; }

}  // namespace exit_programs

// Threads that are started in the child of a busy process are refused by ThreadSanitizer unless it is told otherwise.
extern "C" __attribute__((used)) const char* __tsan_default_options() { return "die_after_fork=0"; }
