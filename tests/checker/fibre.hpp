// SPDX-License-Identifier: MIT
#pragma once
/// \file
/// A stack to run a function on, and the switch from one such stack to another.
///
/// The simulated threads of the checker are fibres of one operating-system thread, so that the machine alone decides
/// who goes next. The switch is a dozen instructions of assembly on x86-64 and AArch64, because `swapcontext` makes two
/// system calls per switch; other processors use it all the same. Sanitizers cannot follow either, so the checker is
/// built without them; it loses nothing by that, for an execution is deterministic and has no second real thread.

#include <cstddef>

#if !defined(__x86_64__) && !defined(__aarch64__)
#include <ucontext.h>
#endif

namespace checker {

/// Runs one function on a stack of its own, with a guard page below. The stack is reused by each `start`.
class Fibre {
 public:
  using Entry = void (*)(void* argument);

  /// The fibre of the calling thread itself: it has no stack of its own and can only be switched from and back to.
  Fibre() noexcept = default;
  explicit Fibre(std::size_t stack_bytes);
  ~Fibre();
  Fibre(const Fibre&) = delete;
  Fibre& operator=(const Fibre&) = delete;

  /// Makes the next switch to this fibre call `entry(argument)`, which must never return. Whatever the fibre was doing
  /// before is abandoned, without running destructors.
  void start(Entry entry, void* argument) noexcept;

  /// Leaves the running fibre, which must be `from`, and goes on where `to` was left.
  static void change(Fibre& from, Fibre& to) noexcept;

 private:
  static void begin() noexcept;

  std::byte* stack_ = nullptr;
  std::size_t mapped_ = 0;
  Entry entry_ = nullptr;
  void* argument_ = nullptr;
#if defined(__x86_64__) || defined(__aarch64__)
  void* stack_pointer_ = nullptr;
#else
  ucontext_t context_{};
#endif
};

}  // namespace checker
