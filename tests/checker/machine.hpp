// SPDX-License-Identifier: MIT
#pragma once
/// \file
/// The simulated machine: it runs a scenario again and again, each time making other choices, until none is left.
///
/// A scenario is a function of a `Machine`. What it does before `run()` is its set-up, what it does after is its final
/// check; in between run the threads it defined. Before each operation on an atomic the machine chooses which thread
/// goes next, and for each load which of the stores it is permitted to read (memory_model.hpp); if asked to, also which
/// allocation fails and where a thread stops for ever. It walks through all choices depth first within the bounds of
/// `Options`, or at random from a seed.
///
///     checker::Result result = checker::explore({}, [](checker::Machine& machine) {
///       checker::Atomic<int> hits{0};
///       for (const char* name : {"first", "second"}) {
///         machine.thread(name, [&] { hits.fetch_add(1, std::memory_order_relaxed); });
///       }
///       machine.run();
///       machine.require(hits.load(std::memory_order_relaxed) == 2, "no hit is lost");
///     });
///
/// A scenario has to be a function of the machine's choices alone: no clock, no random number, no address of the real
/// heap in a decision, and nothing kept from one execution to the next. An execution that fails, or in which a thread
/// was stopped, is abandoned where it stands, so destructors of what lived on its stacks do not run.

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "arena.hpp"
#include "fibre.hpp"
#include "memory_model.hpp"

namespace checker {

/// Where in the source an access stands.
struct Site {
  const char* file = "";
  unsigned line = 0;
};

/// One access to an atomic, as `Options::order_of` sees it.
struct Access {
  std::string_view operation;
  std::memory_order order;
  Site site;
};

enum class Search { exhaustive, random };

/// How far to explore. Each bound is per execution unless it says otherwise.
struct Options {
  Search search = Search::exhaustive;
  /// How often a thread that could go on is made to wait.
  unsigned preemptions = 2;
  /// How many loads read another store than the latest.
  unsigned stale_reads = 2;
  /// How many of the threads that may stop do.
  unsigned stops = 1;
  /// Operations of one thread on atomics; more are a failure, for the thread waits for something.
  unsigned steps = 2'000;
  /// Executions in all. An exhaustive search that needs more ends without being exhaustive.
  std::uint64_t executions = 5'000'000;
  std::uint64_t seed = 1;
  /// Also explore that an allocation gets the block that was freed last.
  bool reuse_memory = false;
  /// Replaces the order of an access by another one: the mutation that no compiler and no processor would show.
  std::function<std::memory_order(const Access&)> order_of;
};

/// What an exploration found.
struct Result {
  /// What went wrong, or empty. The exploration ends with the first failure.
  std::string failure;
  /// The failing execution, one operation per line.
  std::string trace;
  /// Its choices, for `replay`.
  std::vector<std::uint32_t> choices;
  /// How often each text passed to `Machine::outcome` was reported.
  std::map<std::string, std::uint64_t> outcomes;
  std::uint64_t executions = 0;
  std::uint64_t steps = 0;
  /// Whether every choice within the bounds was made.
  bool exhaustive = false;
  /// Whether a bound ever took a choice away; if not, an exhaustive search was one of all executions there are.
  bool bounded = false;

  [[nodiscard]] bool ok() const noexcept { return failure.empty(); }
  /// The failure with its choices and trace, or the statistics.
  [[nodiscard]] std::string report() const;
};

class Machine;
using Scenario = std::function<void(Machine&)>;

/// Runs `scenario` within the bounds of `options`.
[[nodiscard]] Result explore(const Options& options, const Scenario& scenario);
/// Runs the one execution in which `choices` are made, and traces it.
[[nodiscard]] Result replay(const Options& options, const std::vector<std::uint32_t>& choices,
                            const Scenario& scenario);

/// How the bits of a value are to be printed.
enum class Kind : std::uint8_t { unsigned_number, signed_number, floating, pointer, boolean };

/// What the machine keeps inside an object that it watches: its identity is here and not its address.
struct Tracked {
  static constexpr std::uint32_t alive = 0x5AFEC0DE;
  std::uint32_t mark = alive;
  std::uint32_t execution = 0;   // in which it was constructed; 0: before all of them
  std::uint32_t registered = 0;  // the execution that `id` belongs to
  std::uint32_t id = 0;
  Epoch born;
  Kind kind = Kind::unsigned_number;
};

/// Who read and wrote a `checker::Plain` last.
struct Races {
  Epoch written;
  Clock read{};
};

/// A thread of a scenario.
class Thread {
 public:
  Thread(Machine& machine, ThreadId id) : id_(id), machine_(machine) {}
  Thread(const Thread&) = delete;
  Thread& operator=(const Thread&) = delete;

  /// Explores that the thread stops for ever, before any of its operations.
  Thread& may_stop() noexcept {
    may_stop_ = true;
    return *this;
  }
  /// How often the destructors of pthread keys run at most, as long as they set their keys again.
  static constexpr int exit_rounds = 4;
  /// What the thread still does after its exit hook, in each of the first `rounds` rounds, as another key's destructor
  /// would. After the last round no hook runs any more.
  Thread& after_exit(std::function<void()> late, int rounds = 1) {
    late_ = std::move(late);
    late_rounds_ = rounds;
    return *this;
  }
  [[nodiscard]] bool stopped() const noexcept { return state_ == State::stopped; }

 private:
  friend class Machine;
  enum class State : std::uint8_t { defined, ready, finished, stopped };

  ThreadId id_;
  State state_ = State::defined;
  bool may_stop_ = false;
  bool wants_exit_hook_ = false;
  unsigned steps_ = 0;
  std::string name_;
  std::function<void()> function_;
  std::function<void()> late_;
  int late_rounds_ = 0;
  Fibre fibre_{stack_bytes};
  Machine& machine_;

  static constexpr std::size_t stack_bytes = std::size_t{256} * 1024;
};

/// One machine; a scenario gets it as its argument, the code under test reaches it by `current()`.
class Machine {
 public:
  Machine(const Machine&) = delete;
  Machine& operator=(const Machine&) = delete;

  // --- for scenarios ---

  /// Defines a thread, which begins with the next `run()`. The reference is valid to the end of the execution.
  Thread& thread(std::string_view name, std::function<void()> function);
  /// Runs the threads defined so far until each has finished or stopped. What the finished ones did happens before what
  /// follows; of what the stopped ones did the latest is seen, but unordered.
  void run();
  /// Ends the execution as a failure unless `condition` holds.
  void require(bool condition, std::string_view what) {
    if (!condition) [[unlikely]]
      fail("not so: " + std::string(what));
  }
  [[noreturn]] void fail(const std::string& what);
  /// Reports what this execution came to, for tests of what can be reached.
  void outcome(const std::string& text) { ++outcomes_[text]; }
  /// What every thread runs at its end if it called `at_thread_exit()`.
  void on_thread_exit(std::function<void()> hook) { exit_hook_ = std::move(hook); }
  /// Explores that `at_thread_exit()` cannot arrange anything.
  void explore_exit_hook_failure(bool on = true) noexcept { exit_hook_may_fail_ = on; }
  /// Explores that up to `most` of the allocations from here on fail; 0 ends that.
  void explore_allocation_failures(unsigned most) noexcept { allocation_failures_left_ = most; }
  /// Makes the allocation fail that is the `n`th from here on, counted from 0.
  void fail_allocation(unsigned n) noexcept { allocation_to_fail_ = allocations_ + n; }
  /// Makes every allocation from here on fail, or ends that.
  void fail_all_allocations(bool on = true) noexcept { fail_all_allocations_ = on; }
  /// Leaves out the check that all memory was given back, for scenarios whose objects are never destroyed.
  void permit_leaks() noexcept { leaks_permitted_ = true; }
  /// The name of an object in traces.
  template <class T>
  void name(const T& object, std::string_view text) {
    name_range(&object, sizeof object, text);
  }
  /// Makes a number in [0, n) one of the choices to explore.
  std::uint32_t choose(std::uint32_t n);

  // --- for the platform ---

  /// The machine that the calling code runs on, or null.
  [[nodiscard]] static Machine* current() noexcept { return current_machine; }
  [[nodiscard]] static Machine& running();

  [[nodiscard]] ThreadId self() const noexcept { return self_->id_; }
  [[nodiscard]] std::uint32_t execution() const noexcept { return execution_; }
  [[nodiscard]] Epoch now() const noexcept { return memory_.now(self_->id_); }

  std::uint64_t load(Tracked& object, std::uint64_t initial, std::memory_order order, Site site);
  void store(Tracked& object, std::uint64_t initial, std::uint64_t value, std::memory_order order, Site site);
  /// Replaces the value by `change(value)` and returns what was there.
  template <class Change>
  std::uint64_t read_modify_write(Tracked& object, std::uint64_t initial, std::memory_order order, Site site,
                                  const char* operation, Change change) {
    order = begin_access(object, initial, order, site, operation);
    const std::uint64_t before = memory_.value(object.id, memory_.latest(object.id));
    finish_read_modify_write(object, before, change(before), order, site, operation);
    return before;
  }
  bool compare_exchange(Tracked& object, std::uint64_t initial, std::uint64_t& expected, std::uint64_t desired,
                        std::memory_order success, std::memory_order failure, Site site);
  void fence(std::memory_order order, Site site);
  void fence_every_thread(Site site);

  void plain_read(Tracked& object, Races& races, Site site);
  void plain_write(Tracked& object, Races& races, Site site);

  [[nodiscard]] void* allocate(std::size_t bytes, std::size_t align);
  void deallocate(void* p, std::size_t bytes, std::size_t align);
  bool at_thread_exit();

  /// Whether `object`, constructed before all executions, has been reset for this one; says so from now on.
  [[nodiscard]] bool first_use_in_execution(Tracked& object) const noexcept {
    return std::exchange(object.registered, execution_) != execution_;
  }

 private:
  friend Result explore(const Options&, const Scenario&);
  friend Result replay(const Options&, const std::vector<std::uint32_t>&, const Scenario&);

  enum class Purpose : std::uint8_t { thread, schedule, store_to_read, other };
  struct Choice {
    std::uint32_t options;
    std::uint32_t chosen;
  };
  struct Named {
    const std::byte* begin;
    std::size_t bytes;
    std::string name;
  };

  explicit Machine(const Options& options);

  void execute(const Scenario& scenario);
  [[nodiscard]] bool advance();
  void fill(Result& result) const;
  static void crashed(int signal) noexcept;

  void main_body();
  void thread_body(Thread& thread);
  void schedule();
  void leave_thread();
  void change_to(Thread& next);
  [[nodiscard]] std::uint32_t choose(std::uint32_t n, Purpose purpose);
  [[nodiscard]] std::uint32_t choose_at_random(std::uint32_t n, Purpose purpose);

  std::memory_order begin_access(Tracked& object, std::uint64_t initial, std::memory_order order, Site site,
                                 const char* operation);
  void finish_read_modify_write(const Tracked& object, std::uint64_t before, std::uint64_t after,
                                std::memory_order order, Site site, const char* operation);
  void check_alive(const Tracked& object, Site site);
  [[nodiscard]] std::uint32_t choose_store(std::uint32_t oldest, std::uint32_t latest);

  void name_range(const void* begin, std::size_t bytes, std::string_view text);
  [[nodiscard]] std::string describe(const void* address) const;
  [[nodiscard]] std::string describe(const Tracked& object, const char* what) const;
  [[nodiscard]] std::string describe_value(Kind kind, std::uint64_t bits) const;
  [[nodiscard]] std::string describe_age(const Tracked& object, std::uint32_t store) const;
  void trace(const std::string& text, Site site);

  static inline Machine* current_machine = nullptr;
  static inline std::uint32_t executions_ever = 0;

  const Options& options_;
  const Scenario* scenario_ = nullptr;
  Fibre host_;
  std::array<std::unique_ptr<Thread>, max_threads> threads_;
  std::size_t thread_count_ = 0;
  Thread* self_ = nullptr;
  Memory memory_;
  Arena arena_;

  // The choices of this execution, and how far it has come in them.
  std::vector<Choice> choices_;
  std::size_t next_choice_ = 0;
  bool forgetful_ = false;  // do not go beyond `choices_`: a replay
  std::uint64_t random_ = 1;

  // What this execution has used of the bounds, and what the scenario asked for.
  std::uint32_t execution_ = 0;
  unsigned preemptions_ = 0;
  unsigned stale_reads_ = 0;
  unsigned stops_ = 0;
  unsigned allocations_ = 0;
  unsigned allocation_to_fail_ = 0;
  unsigned allocation_failures_left_ = 0;
  bool fail_all_allocations_ = false;
  bool exit_hook_may_fail_ = false;
  bool leaks_permitted_ = false;
  std::function<void()> exit_hook_;

  // What it came to.
  std::vector<Named> names_;
  bool tracing_ = false;
  std::string trace_;
  std::string failure_;
  std::map<std::string, std::uint64_t> outcomes_;
  std::uint64_t executions_ = 0;
  std::uint64_t steps_ = 0;
  bool bounded_ = false;
};

}  // namespace checker
