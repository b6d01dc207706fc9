// SPDX-License-Identifier: MIT
#pragma once
/// \file
/// For programs whose exit status is a test's result: they say on stderr what differs, and their status how much did.
/// Usable from static constructors to the last atexit function.

#include <unistd.h>

#include <atomic>
#include <cstddef>
#include <cstdio>
#include <string>

namespace exit_programs {

inline constinit std::atomic<int> differences{0};

/// Notes when a number is not what it has to be.
template <class T, class U>
void expect_equal(const char* what, T got, U wanted) {
  if (static_cast<double>(got) == static_cast<double>(wanted)) return;
  ++differences;
  std::fprintf(stderr, "%s: got %.17g, wanted %.17g\n", what, static_cast<double>(got), static_cast<double>(wanted));
}

/// Notes when something does not hold.
inline void expect(const char* what, bool holds) {
  if (holds) return;
  ++differences;
  std::fprintf(stderr, "does not hold: %s\n", what);
}

/// The sum of all samples of a page whose lines begin like this.
inline double sum_of(const std::string& page, const std::string& beginning) {
  double sum = 0;
  for (std::size_t at = 0; (at = page.find("\n" + beginning, at)) != std::string::npos; ++at) {
    const std::size_t end = page.find('\n', at + 1), value = page.rfind(' ', end) + 1;
    sum += std::stod(page.substr(value, end - value));
  }
  return sum;
}

/// What the program exits with.
inline int status() { return differences == 0 ? 0 : 1; }

}  // namespace exit_programs

// Threads that are started in the child of a busy process are refused by ThreadSanitizer unless it is told otherwise.
extern "C" __attribute__((used)) const char* __tsan_default_options() { return "die_after_fork=0"; }
