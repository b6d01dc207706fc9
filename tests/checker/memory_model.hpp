// SPDX-License-Identifier: MIT
#pragma once
/// \file
/// The memory of the simulated machine: which store a load may read, and what happens before what, in C++20's terms.
///
/// Every location keeps all of its stores. A thread's view says, for each location, the oldest store that it may still
/// read, and, as a vector clock, which events of the other threads happen before its next one. A release store carries
/// the view of its thread; an acquire load joins the view of the store it reads; read-modify-writes hand on the view of
/// the store they replace (release sequences). So an order that is too weak shows as a load of an old value, on any
/// processor.
///
/// Two kinds of behaviour that the standard permits are not produced, because the modification order of a location is
/// the order in which its stores are executed, and because an instruction is executed in program order: load buffering
/// (a load that reads a store later in the execution) and two threads' crossed stores each losing to the earlier one
/// (2+2W). What is produced is all permitted.

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace checker {

/// Threads of one execution, the main one included.
inline constexpr std::size_t max_threads = 8;

using ThreadId = std::uint32_t;
using LocationId = std::uint32_t;
using Clock = std::array<std::uint32_t, max_threads>;

/// A moment in the life of one thread.
struct Epoch {
  ThreadId thread = 0;
  std::uint32_t time = 0;
};

[[nodiscard]] constexpr bool acquires(std::memory_order order) noexcept {
  return order == std::memory_order_acquire || order == std::memory_order_consume ||
         order == std::memory_order_acq_rel || order == std::memory_order_seq_cst;
}
[[nodiscard]] constexpr bool releases(std::memory_order order) noexcept {
  return order == std::memory_order_release || order == std::memory_order_acq_rel || order == std::memory_order_seq_cst;
}

/// What one thread knows of the others, or what a store hands on of it.
struct View {
  Clock clock{};
  /// The oldest store that may be read, by location; locations past its end are wholly unknown.
  std::vector<std::uint32_t> seen;

  void clear() noexcept;
  void join(const View& other);
  void join_seen(const std::vector<std::uint32_t>& other);
};

/// The locations of one execution and the views of its threads.
class Memory {
 public:
  /// Forgets everything and begins with one thread, the main one.
  void reset();

  LocationId add_location(std::uint64_t initial);

  /// The oldest store that `thread` may read with `order`.
  [[nodiscard]] std::uint32_t oldest(ThreadId thread, LocationId location, std::memory_order order) const;
  [[nodiscard]] std::uint32_t latest(LocationId location) const;
  [[nodiscard]] std::uint64_t value(LocationId location, std::uint32_t store) const;
  [[nodiscard]] ThreadId writer(LocationId location, std::uint32_t store) const;

  void read(ThreadId thread, LocationId location, std::uint32_t store, std::memory_order order);
  void write(ThreadId thread, LocationId location, std::uint64_t value, std::memory_order order);
  /// Reads the latest store and replaces it in one step.
  void read_modify_write(ThreadId thread, LocationId location, std::uint64_t value, std::memory_order order);

  void fence(ThreadId thread, std::memory_order order);
  /// A sequentially consistent fence in every one of the first `threads` threads at once, as membarrier(2) makes.
  void fence_every_thread(ThreadId caller, std::size_t threads);

  /// `child` begins, knowing what `parent` knows.
  void fork(ThreadId parent, ThreadId child);
  /// `parent` learns all that `child` did.
  void join(ThreadId parent, ThreadId child);
  /// `thread` will read nothing but the latest of every location, without being ordered after their writers.
  void see_latest(ThreadId thread);

  [[nodiscard]] Epoch now(ThreadId thread) const noexcept { return {thread, threads_[thread].view.clock[thread]}; }
  [[nodiscard]] bool happened_before(Epoch event, ThreadId thread) const noexcept {
    return event.time <= threads_[thread].view.clock[event.thread];
  }

 private:
  struct Store {
    std::uint64_t value;
    std::uint32_t view;  // of `views_`; 0 is the empty one
    ThreadId writer;
  };
  struct Thread {
    View view;
    View relaxed_reads;  // what an acquire fence would acquire
    View released;       // what a release fence has released
    bool has_released = false;
  };

  std::uint32_t keep(const View& view, std::uint32_t base);
  void append(ThreadId thread, LocationId location, std::uint64_t value, std::memory_order order, std::uint32_t base);

  // All of these keep their capacity from one execution to the next.
  std::array<Thread, max_threads> threads_;
  std::vector<std::vector<Store>> histories_;
  std::size_t locations_ = 0;
  std::vector<View> views_;
  std::size_t views_used_ = 1;
  std::vector<std::uint32_t> seq_cst_;  // the oldest store that a later seq_cst access may read, by location
};

}  // namespace checker
