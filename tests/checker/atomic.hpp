// SPDX-License-Identifier: MIT
#pragma once
/// \file
/// What code under test uses in place of `std::atomic` and of plain members: every access goes to the machine.
///
/// An object of static storage duration, constructed before all executions, begins each of them with its initial value.

#include <bit>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <type_traits>

#include "machine.hpp"

namespace checker {

/// The identity of a watched object and its construction, shared by `Atomic` and `Plain`.
template <class T>
class Watched {
 public:
  constexpr explicit Watched(T initial) noexcept : initial_(initial) {
    tracked_.kind = kind();
    if (!std::is_constant_evaluated()) {
      if (const Machine* machine = Machine::current()) {
        tracked_.execution = machine->execution();
        tracked_.born = machine->now();
      }
    }
  }
  Watched(const Watched&) = delete;
  Watched& operator=(const Watched&) = delete;
  constexpr ~Watched() {
    // Volatile, or the store to an object at the end of its life would be optimised away.
    if (!std::is_constant_evaluated()) *const_cast<volatile std::uint32_t*>(&tracked_.mark) = 0;
  }

 protected:
  // Reading does not change the value, but the machine takes note of it.
  [[nodiscard]] Tracked& tracked() const noexcept { return tracked_; }
  [[nodiscard]] T initial_value() const noexcept { return initial_; }

 private:
  static constexpr Kind kind() noexcept {
    if constexpr (std::is_pointer_v<T>) return Kind::pointer;
    if constexpr (std::is_same_v<T, bool>) return Kind::boolean;
    if constexpr (std::is_floating_point_v<T>) return Kind::floating;
    if constexpr (std::is_integral_v<T> && std::is_signed_v<T>) return Kind::signed_number;
    return Kind::unsigned_number;
  }

  mutable Tracked tracked_;
  T initial_;
};

/// `std::atomic<T>` as far as `cells/` uses it; for any trivially copyable T of at most 64 bits.
template <class T>
class Atomic : private Watched<T> {
  static constexpr std::size_t bytes = sizeof(T);  // NOLINT(bugprone-sizeof-expression): T may well be a pointer
  static_assert(std::is_trivially_copyable_v<T> && bytes <= sizeof(std::uint64_t));

 public:
  using value_type = T;
  static constexpr bool is_always_lock_free = true;

  constexpr Atomic() noexcept : Watched<T>(T{}) {}
  constexpr Atomic(T initial) noexcept : Watched<T>(initial) {}  // NOLINT(google-explicit-constructor): as std::atomic

  T load(std::memory_order order, const char* file = __builtin_FILE(),
         unsigned line = __builtin_LINE()) const noexcept {
    return from_bits(Machine::running().load(this->tracked(), initial(), order, {file, line}));
  }
  void store(T value, std::memory_order order, const char* file = __builtin_FILE(),
             unsigned line = __builtin_LINE()) noexcept {
    Machine::running().store(this->tracked(), initial(), to_bits(value), order, {file, line});
  }
  T exchange(T value, std::memory_order order, const char* file = __builtin_FILE(),
             unsigned line = __builtin_LINE()) noexcept {
    return change(order, {file, line}, "exchange", [&](T) { return value; });
  }
  bool compare_exchange_strong(T& expected, T desired, std::memory_order success, std::memory_order failure,
                               const char* file = __builtin_FILE(), unsigned line = __builtin_LINE()) noexcept {
    std::uint64_t bits = to_bits(expected);
    const bool done = Machine::running().compare_exchange(this->tracked(), initial(), bits, to_bits(desired), success,
                                                          failure, {file, line});
    if (!done) expected = from_bits(bits);
    return done;
  }
  bool compare_exchange_strong(T& expected, T desired, std::memory_order order, const char* file = __builtin_FILE(),
                               unsigned line = __builtin_LINE()) noexcept {
    const auto failure = order == std::memory_order_acq_rel   ? std::memory_order_acquire
                         : order == std::memory_order_release ? std::memory_order_relaxed
                                                              : order;
    return compare_exchange_strong(expected, desired, order, failure, file, line);
  }
  T fetch_add(T n, std::memory_order order, const char* file = __builtin_FILE(),
              unsigned line = __builtin_LINE()) noexcept
    requires std::integral<T>
  {
    return change(order, {file, line}, "fetch_add", [&](T before) { return static_cast<T>(before + n); });
  }
  T fetch_sub(T n, std::memory_order order, const char* file = __builtin_FILE(),
              unsigned line = __builtin_LINE()) noexcept
    requires std::integral<T>
  {
    return change(order, {file, line}, "fetch_sub", [&](T before) { return static_cast<T>(before - n); });
  }
  T fetch_or(T bits, std::memory_order order, const char* file = __builtin_FILE(),
             unsigned line = __builtin_LINE()) noexcept
    requires std::integral<T>
  {
    return change(order, {file, line}, "fetch_or", [&](T before) { return static_cast<T>(before | bits); });
  }
  T fetch_and(T bits, std::memory_order order, const char* file = __builtin_FILE(),
              unsigned line = __builtin_LINE()) noexcept
    requires std::integral<T>
  {
    return change(order, {file, line}, "fetch_and", [&](T before) { return static_cast<T>(before & bits); });
  }

 private:
  static std::uint64_t to_bits(T value) noexcept {
    std::uint64_t bits = 0;
    __builtin_memcpy(&bits, &value, bytes);
    return bits;
  }
  static T from_bits(std::uint64_t bits) noexcept {
    T value;
    __builtin_memcpy(&value, &bits, bytes);
    return value;
  }
  [[nodiscard]] std::uint64_t initial() const noexcept { return to_bits(this->initial_value()); }

  template <class Change>
  T change(std::memory_order order, Site site, const char* operation, Change change) noexcept {
    return from_bits(
        Machine::running().read_modify_write(this->tracked(), initial(), order, site, operation,
                                             [&](std::uint64_t before) { return to_bits(change(from_bits(before))); }));
  }
};

/// A plain member that is watched: two accesses of which one writes must be ordered, or the execution fails.
template <class T>
class Plain : private Watched<T> {
 public:
  constexpr Plain() noexcept : Watched<T>(T{}), value_{} {}
  constexpr explicit Plain(T value) noexcept : Watched<T>(value), value_(value) {}

  void set(T value, const char* file = __builtin_FILE(), unsigned line = __builtin_LINE()) noexcept {
    refresh();
    Machine::running().plain_write(this->tracked(), races_, {file, line});
    value_ = value;
  }
  [[nodiscard]] T get(const char* file = __builtin_FILE(), unsigned line = __builtin_LINE()) const noexcept {
    refresh();
    Machine::running().plain_read(this->tracked(), races_, {file, line});
    return value_;
  }

 private:
  void refresh() const noexcept {
    Tracked& tracked = this->tracked();
    if (tracked.execution == 0 && Machine::running().first_use_in_execution(tracked)) {
      value_ = this->initial_value();
      races_ = {};
    }
  }

  mutable T value_;
  mutable Races races_;
};

/// `std::atomic_thread_fence`.
inline void fence(std::memory_order order, const char* file = __builtin_FILE(), unsigned line = __builtin_LINE()) {
  Machine::running().fence(order, {file, line});
}
/// A sequentially consistent fence in every thread at once: membarrier(2).
inline void fence_every_thread(const char* file = __builtin_FILE(), unsigned line = __builtin_LINE()) {
  Machine::running().fence_every_thread({file, line});
}

}  // namespace checker
