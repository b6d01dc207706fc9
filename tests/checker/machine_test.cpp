// SPDX-License-Identifier: MIT
/// \file
/// The machine itself: which outcomes of the classic litmus tests it produces and which it never does, what it reports
/// as a failure, and that its count of executions is the one computed by hand. A checker that misses a behaviour would
/// call a broken algorithm correct, and one that invents a behaviour would call a correct one broken.

#include "machine.hpp"

#include <doctest/doctest.h>

#include <initializer_list>
#include <new>
#include <set>
#include <stdexcept>
#include <string>

#include "atomic.hpp"
#include "sim_platform.hpp"

namespace {

using checker::Atomic;
using checker::Machine;
using checker::Options;
using checker::Plain;
using checker::Result;

constexpr auto relaxed = std::memory_order_relaxed;
constexpr auto acquire = std::memory_order_acquire;
constexpr auto release = std::memory_order_release;
constexpr auto acq_rel = std::memory_order_acq_rel;
constexpr auto seq_cst = std::memory_order_seq_cst;

// Bounds that a litmus test never reaches, so that "not reachable" means among all executions.
Options unbounded() {
  Options options;
  options.preemptions = 100;
  options.stale_reads = 100;
  return options;
}

using Outcomes = std::set<std::string>;

// Explores everything and gives the outcomes; the executions themselves must not fail.
Outcomes outcomes_of(const checker::Scenario& scenario) {
  const Result result = checker::explore(unbounded(), scenario);
  INFO(result.report());
  REQUIRE(result.ok());
  REQUIRE(result.exhaustive);
  REQUIRE_FALSE(result.bounded);
  Outcomes found;
  for (const auto& [outcome, count] : result.outcomes) found.insert(outcome);
  return found;
}

std::string show(std::initializer_list<int> values) {
  std::string text;
  for (const int value : values) text += (text.empty() ? "" : ",") + std::to_string(value);
  return text;
}

std::string failure_of(const checker::Scenario& scenario, const Options& options = unbounded()) {
  const Result result = checker::explore(options, scenario);
  CHECK_FALSE(result.ok());
  CHECK_FALSE(result.trace.empty());
  return result.failure;
}

bool has(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

// ------------------------------------------------------------------------------------------------- litmus tests

TEST_CASE("store buffering shows both zeroes unless both threads order store and load sequentially") {
  enum class Between { nothing, seq_cst_fence, acq_rel_fence, fence_every_thread };
  struct Row {
    std::string name;
    std::memory_order store, load;
    Between first, second;
    bool both_zero;
  };
  const Row rows[] = {
      {"relaxed", relaxed, relaxed, Between::nothing, Between::nothing, true},
      {"release and acquire", release, acquire, Between::nothing, Between::nothing, true},
      {"seq_cst", seq_cst, seq_cst, Between::nothing, Between::nothing, false},
      {"seq_cst stores alone", seq_cst, relaxed, Between::nothing, Between::nothing, true},
      {"seq_cst loads alone", relaxed, seq_cst, Between::nothing, Between::nothing, true},
      {"seq_cst fences", relaxed, relaxed, Between::seq_cst_fence, Between::seq_cst_fence, false},
      {"one seq_cst fence", relaxed, relaxed, Between::seq_cst_fence, Between::nothing, true},
      {"acq_rel fences", relaxed, relaxed, Between::acq_rel_fence, Between::acq_rel_fence, true},
      {"a fence in every thread, by one", relaxed, relaxed, Between::fence_every_thread, Between::nothing, false},
  };
  for (const Row& row : rows) {
    CAPTURE(row.name);
    const auto between = [](Between what) {
      if (what == Between::seq_cst_fence) checker::fence(seq_cst);
      if (what == Between::acq_rel_fence) checker::fence(acq_rel);
      if (what == Between::fence_every_thread) checker::fence_every_thread();
    };
    const Outcomes found = outcomes_of([&](Machine& machine) {
      Atomic<int> x{0}, y{0};
      int a = -1, b = -1;
      machine.thread("A", [&] {
        x.store(1, row.store);
        between(row.first);
        a = y.load(row.load);
      });
      machine.thread("B", [&] {
        y.store(1, row.store);
        between(row.second);
        b = x.load(row.load);
      });
      machine.run();
      machine.outcome(show({a, b}));
    });
    Outcomes expected{"0,1", "1,0", "1,1"};
    if (row.both_zero) expected.insert("0,0");
    CHECK(found == expected);
  }
}

TEST_CASE("message passing needs release and acquire, or fences in their place") {
  struct Row {
    std::string name;
    std::memory_order store, load;
    bool release_fence, acquire_fence;
    bool stale;
  };
  const Row rows[] = {
      {"relaxed", relaxed, relaxed, false, false, true},
      {"release alone", release, relaxed, false, false, true},
      {"acquire alone", relaxed, acquire, false, false, true},
      {"release and acquire", release, acquire, false, false, false},
      {"seq_cst", seq_cst, seq_cst, false, false, false},
      {"fences", relaxed, relaxed, true, true, false},
      {"release fence, acquire load", relaxed, acquire, true, false, false},
      {"release store, acquire fence", release, relaxed, false, true, false},
      {"release fence alone", relaxed, relaxed, true, false, true},
  };
  for (const Row& row : rows) {
    CAPTURE(row.name);
    const Outcomes found = outcomes_of([&](Machine& machine) {
      Atomic<int> data{0}, flag{0};
      machine.thread("writer", [&] {
        data.store(1, relaxed);
        if (row.release_fence) checker::fence(release);
        flag.store(1, row.store);
      });
      machine.thread("reader", [&] {
        const int seen = flag.load(row.load);
        if (row.acquire_fence) checker::fence(acquire);
        machine.outcome(show({seen, data.load(relaxed)}));
      });
      machine.run();
    });
    Outcomes expected{"0,0", "0,1", "1,1"};
    if (row.stale) expected.insert("1,0");
    CHECK(found == expected);
  }
}

TEST_CASE("independent readers agree on the order of two writes only under seq_cst") {
  struct Row {
    std::memory_order store, load;
    bool disagree;
  };
  for (const Row row : {Row{release, acquire, true}, Row{seq_cst, seq_cst, false}}) {
    CAPTURE(row.disagree);
    const Outcomes found = outcomes_of([&](Machine& machine) {
      Atomic<int> x{0}, y{0};
      int a = -1, b = -1, c = -1, d = -1;
      machine.thread("X", [&] { x.store(1, row.store); });
      machine.thread("Y", [&] { y.store(1, row.store); });
      machine.thread("xy", [&] {
        a = x.load(row.load);
        b = y.load(row.load);
      });
      machine.thread("yx", [&] {
        c = y.load(row.load);
        d = x.load(row.load);
      });
      machine.run();
      machine.outcome(show({a, b, c, d}));
    });
    CHECK(found.count("1,0,1,0") == (row.disagree ? 1 : 0));
    CHECK(found.size() == (row.disagree ? 16 : 15));
  }
}

TEST_CASE("what a thread acquired it hands on with its own release") {
  for (const bool ordered : {false, true}) {
    CAPTURE(ordered);
    const Outcomes found = outcomes_of([&](Machine& machine) {
      Atomic<int> x{0}, y{0}, z{0};
      machine.thread("A", [&] {
        x.store(1, relaxed);
        y.store(1, release);
      });
      machine.thread("B", [&] {
        if (y.load(acquire) == 1) z.store(1, ordered ? release : relaxed);
      });
      machine.thread("C", [&] { machine.outcome(z.load(acquire) == 1 ? show({x.load(relaxed)}) : "too early"); });
      machine.run();
    });
    CHECK(found == (ordered ? Outcomes{"1", "too early"} : Outcomes{"0", "1", "too early"}));
  }
}

TEST_CASE("a seq_cst load binds the seq_cst loads after it") {
  for (const bool ordered : {false, true}) {
    CAPTURE(ordered);
    const auto order = ordered ? seq_cst : acquire;
    const Outcomes found = outcomes_of([&](Machine& machine) {
      Atomic<int> x{0}, y{0};
      int a = -1, b = -1, c = -1;
      machine.thread("X", [&] { x.store(1, relaxed); });
      machine.thread("A", [&] {
        a = x.load(order);
        b = y.load(order);
      });
      machine.thread("B", [&] {
        y.store(1, order);
        c = x.load(order);
      });
      machine.run();
      machine.outcome(show({a, b, c}));
    });
    // A has seen x = 1 before it misses y = 1, so B, which wrote y, comes after A and sees x = 1 as well.
    CHECK(found.count("1,0,0") == (ordered ? 0 : 1));
  }
}

TEST_CASE("what comes after a release is no part of it") {
  CHECK(has(failure_of([](Machine& machine) {
              Plain<int> data;
              Atomic<bool> flag{false};
              machine.thread("A", [&] {
                flag.store(true, release);
                data.set(1);
              });
              machine.thread("B", [&] {
                if (flag.load(acquire)) static_cast<void>(data.get());
              });
              machine.run();
            }),
            "is read unordered"));
}

TEST_CASE("a relaxed load may read any store that is not older than one already seen") {
  const Outcomes found = outcomes_of([](Machine& machine) {
    Atomic<int> x{0};
    machine.thread("writer", [&] {
      x.store(1, relaxed);
      x.store(2, relaxed);
    });
    machine.thread("reader", [&] {
      const int first = x.load(relaxed);
      machine.outcome(show({first, x.load(relaxed)}));
    });
    machine.run();
  });
  CHECK(found == Outcomes{"0,0", "0,1", "0,2", "1,1", "1,2", "2,2"});  // and never 1,0 or 2,1: coherence
}

TEST_CASE("a thread sees its own stores, and all stores of a thread it has been joined with") {
  const Outcomes found = outcomes_of([](Machine& machine) {
    Atomic<int> x{0};
    machine.thread("other", [&] { x.store(1, relaxed); });
    machine.thread("self", [&] {
      x.store(2, relaxed);
      machine.require(x.load(relaxed) != 0, "nothing older than one's own store is read");
    });
    machine.run();
    machine.outcome(show({x.load(relaxed)}));
  });
  CHECK(found == Outcomes{"1", "2"});
}

TEST_CASE("a release sequence goes on through read-modify-writes of any order and ends with a store") {
  enum class Then {
    nothing,
    relaxed_add,
    relaxed_exchange,
    relaxed_compare_exchange,
    store_of_another,
    store_of_its_own
  };
  struct Row {
    Then then;
    bool stale;
  };
  const Row rows[] = {
      {Then::nothing, false},          {Then::relaxed_add, false},
      {Then::relaxed_exchange, false}, {Then::relaxed_compare_exchange, false},
      {Then::store_of_another, true},  {Then::store_of_its_own, true},  // since C++20
  };
  for (const Row& row : rows) {
    CAPTURE(static_cast<int>(row.then));
    const Outcomes found = outcomes_of([&](Machine& machine) {
      Atomic<int> data{0}, flag{0};
      machine.thread("writer", [&] {
        data.store(1, relaxed);
        flag.store(1, release);
        if (row.then == Then::store_of_its_own) flag.store(2, relaxed);
      });
      machine.thread("other", [&] {
        int one = 1;
        if (row.then == Then::relaxed_add) flag.fetch_add(1, relaxed);
        if (row.then == Then::relaxed_exchange && flag.exchange(2, relaxed) == 0) machine.outcome("first");
        if (row.then == Then::relaxed_compare_exchange) flag.compare_exchange_strong(one, 2, relaxed);
        if (row.then == Then::store_of_another && flag.load(relaxed) == 1) flag.store(2, relaxed);
      });
      machine.thread("reader", [&] {
        if (flag.load(acquire) == 2) machine.outcome(show({data.load(relaxed)}));
      });
      machine.run();
    });
    CHECK(found.count("1") == (row.then == Then::nothing ? 0 : 1));
    // An exchange that came before the release store is no part of its sequence, so there old data are permitted.
    CHECK(found.count("0") == (row.stale || row.then == Then::relaxed_exchange ? 1 : 0));
  }
}

// ------------------------------------------------------------------------------------------ read-modify-writes

TEST_CASE("read-modify-writes lose nothing, a load and a store do") {
  struct Row {
    std::string name;
    void (*add)(Atomic<int>&);
    Outcomes totals;
  };
  const Row rows[] = {
      {"fetch_add", [](Atomic<int>& x) { x.fetch_add(1, relaxed); }, {"2"}},
      {"fetch_sub", [](Atomic<int>& x) { x.fetch_sub(-1, relaxed); }, {"2"}},
      {"compare_exchange",
       [](Atomic<int>& x) {
         int seen = x.load(relaxed);
         while (!x.compare_exchange_strong(seen, seen + 1, relaxed)) {
         }
       },
       {"2"}},
      {"load and store", [](Atomic<int>& x) { x.store(x.load(relaxed) + 1, relaxed); }, {"1", "2"}},
  };
  for (const Row& row : rows) {
    CAPTURE(row.name);
    CHECK(outcomes_of([&](Machine& machine) {
            Atomic<int> x{0};
            machine.thread("A", [&] { row.add(x); });
            machine.thread("B", [&] { row.add(x); });
            machine.run();
            machine.outcome(show({x.load(relaxed)}));
          }) == row.totals);
  }
}

TEST_CASE("one of two compare-and-swaps from the same value succeeds, and the other finds what it wrote") {
  CHECK(outcomes_of([](Machine& machine) {
          Atomic<int> x{0};
          int a = 0, b = 0;
          machine.thread("A", [&] { a = 0, x.compare_exchange_strong(a, 1, acq_rel, acquire); });
          machine.thread("B", [&] { b = 0, x.compare_exchange_strong(b, 2, acq_rel, acquire); });
          machine.run();
          machine.outcome(show({a, b, x.load(relaxed)}));
        }) == Outcomes{"0,1,1", "2,0,2"});
}

TEST_CASE("a failing compare-and-swap may find an older value than the latest, unless it acquired the newer one") {
  for (const bool ordered : {false, true}) {
    CAPTURE(ordered);
    const Outcomes found = outcomes_of([&](Machine& machine) {
      Atomic<int> x{0}, y{0};
      machine.thread("A", [&] {
        x.store(1, relaxed);
        y.store(1, release);
      });
      machine.thread("B", [&] {
        const int seen = y.load(ordered ? acquire : relaxed);
        int expected = 7;
        machine.require(!x.compare_exchange_strong(expected, 8, relaxed), "7 was never there");
        machine.outcome(show({seen, expected}));
      });
      machine.run();
    });
    CHECK(found == (ordered ? Outcomes{"0,0", "0,1", "1,1"} : Outcomes{"0,0", "0,1", "1,0", "1,1"}));
  }
}

TEST_CASE("the bits of every kind of value are kept") {
  CHECK(outcomes_of([](Machine& machine) {
          Atomic<double> number{1.5};
          Atomic<bool> flag{true};
          Atomic<std::int8_t> small{-1};
          Atomic<std::uint64_t> bits{0xF0};
          int target = 0;
          Atomic<int*> pointer{nullptr};
          pointer.store(&target, relaxed);
          machine.require(number.exchange(-2.25, relaxed) == 1.5 && number.load(relaxed) == -2.25, "double");
          machine.require(flag.exchange(false, relaxed) && !flag.load(relaxed), "bool");
          machine.require(small.fetch_add(-1, relaxed) == -1 && small.load(relaxed) == -2, "signed");
          machine.require(bits.fetch_or(0x0F, relaxed) == 0xF0 && bits.fetch_and(0x3C, relaxed) == 0xFF, "or, and");
          machine.require(bits.load(relaxed) == 0x3C, "what or and and left");
          machine.require(pointer.load(relaxed) == &target, "pointer");
          machine.outcome("kept");
        }) == Outcomes{"kept"});
}

// ------------------------------------------------------------------------------------------------- counts

TEST_CASE("the executions explored are as many as there are, and as many as the preemption bound permits") {
  // Two threads of two operations each on locations of their own: C(4, 2) = 6 interleavings, of which two need no
  // preemption (AABB, BBAA), two need one (ABBA, BAAB) and two need two (ABAB, BABA).
  struct Row {
    unsigned preemptions;
    std::uint64_t executions;
    bool bounded;
  };
  for (const Row row : {Row{0, 2, true}, Row{1, 4, true}, Row{2, 6, false}, Row{9, 6, false}}) {
    CAPTURE(row.preemptions);
    Options options;
    options.preemptions = row.preemptions;
    const Result result = checker::explore(options, [](Machine& machine) {
      Atomic<int> x{0}, y{0};
      machine.thread("A", [&] {
        x.store(1, relaxed);
        x.store(2, relaxed);
      });
      machine.thread("B", [&] {
        y.store(1, relaxed);
        y.store(2, relaxed);
      });
      machine.run();
    });
    CHECK(result.ok());
    CHECK(result.exhaustive);
    CHECK(result.executions == row.executions);
    CHECK(result.steps == 4 * row.executions);
    CHECK(result.bounded == row.bounded);
  }
}

TEST_CASE("a load multiplies the executions by the stores it may read, within the bound of stale reads") {
  // One store of one thread, two loads of another. Before the store there is one store to read, after it two:
  // SLL: the loads read 1,1  0,1  0,0. LSL: the second reads 1 or 0. LLS: 1 way.
  struct Row {
    unsigned stale_reads;
    std::uint64_t executions;
  };
  for (const Row row : {Row{0, 3}, Row{1, 5}, Row{2, 6}}) {
    CAPTURE(row.stale_reads);
    Options options;
    options.stale_reads = row.stale_reads;
    const Result result = checker::explore(options, [](Machine& machine) {
      Atomic<int> x{0};
      machine.thread("writer", [&] { x.store(1, relaxed); });
      machine.thread("reader", [&] {
        static_cast<void>(x.load(relaxed));
        static_cast<void>(x.load(relaxed));
      });
      machine.run();
    });
    CHECK(result.exhaustive);
    CHECK(result.executions == row.executions);
  }
}

TEST_CASE("a search that needs more executions than it may use says so") {
  Options options;
  options.executions = 3;
  const Result result = checker::explore(options, [](Machine& machine) { static_cast<void>(machine.choose(4)); });
  CHECK(result.executions == 3);
  CHECK_FALSE(result.exhaustive);
}

// ------------------------------------------------------------------------------------------------- failures

TEST_CASE("a plain member that is not ordered by its publication is reported as a data race") {
  struct Row {
    std::string name;
    std::memory_order publish, look;
    bool race;
  };
  for (const Row& row : {Row{"relaxed store", relaxed, acquire, true}, Row{"relaxed load", release, relaxed, true},
                         Row{"release and acquire", release, acquire, false}}) {
    CAPTURE(row.name);
    const Result result = checker::explore(unbounded(), [&](Machine& machine) {
      Plain<int> data;
      machine.name(data, "data");
      Atomic<bool> ready{false};
      machine.thread("writer", [&] {
        data.set(42);
        ready.store(true, row.publish);
      });
      machine.thread("reader", [&] {
        if (ready.load(row.look)) machine.require(data.get() == 42, "what was written is read");
      });
      machine.run();
    });
    INFO(result.report());
    CHECK(result.ok() == !row.race);
    CHECK(has(result.failure, "data race: data, written by writer, is read unordered at machine_test.cpp:") ==
          row.race);
  }
}

TEST_CASE("two unordered writes of a plain member, and a write after an unordered read, are data races") {
  CHECK(has(failure_of([](Machine& machine) {
              Plain<int> data;
              machine.thread("A", [&] { data.set(1); });
              machine.thread("B", [&] { data.set(2); });
              machine.run();
            }),
            "is written unordered"));
  CHECK(has(failure_of([](Machine& machine) {
              Plain<int> data;
              Atomic<bool> read{false};
              machine.thread("A", [&] {
                static_cast<void>(data.get());
                read.store(true, relaxed);
              });
              machine.thread("B", [&] {
                if (read.load(acquire)) data.set(2);
              });
              machine.run();
            }),
            ", read by A, is written unordered"));
}

using Platform = checker::SimPlatform<2, 1>;

struct Node {
  explicit Node(int n) : value(n) {}
  Platform::atomic<int> value;
};
Node* new_node(int value) {
  void* memory = Platform::allocate(sizeof(Node), alignof(Node));
  return memory == nullptr ? nullptr : new (memory) Node(value);
}
void delete_node(Node* node) {
  node->~Node();
  Platform::deallocate(node, sizeof(Node), alignof(Node));
}

TEST_CASE("an atomic whose construction is not ordered before its use is reported") {
  for (const bool ordered : {false, true}) {
    CAPTURE(ordered);
    const Result result = checker::explore(unbounded(), [&](Machine& machine) {
      Atomic<Node*> published{nullptr};
      machine.thread("writer", [&] { published.store(new_node(1), ordered ? release : relaxed); });
      machine.thread("reader", [&] {
        if (Node* node = published.load(acquire)) static_cast<void>(node->value.load(relaxed));
      });
      machine.run();
      delete_node(published.load(relaxed));
    });
    INFO(result.report());
    CHECK(result.ok() == ordered);
    CHECK(has(result.failure, "use before initialisation: the construction of block 1") == !ordered);
  }
}

TEST_CASE("memory that was never constructed, or was given back, is no atomic") {
  CHECK(has(failure_of([](Machine& machine) {
              machine.permit_leaks();
              auto* node = static_cast<Node*>(Platform::allocate(sizeof(Node), alignof(Node)));
              static_cast<void>(node->value.load(relaxed));
            }),
            "use of an object that is not constructed: block 1"));
  CHECK(has(failure_of([](Machine& machine) {
              Node* node = new_node(1);
              machine.thread("keeper", [&] { static_cast<void>(node->value.load(relaxed)); });
              machine.thread("owner", [&] { delete_node(node); });
              machine.run();
            }),
            "use after free: block 1"));
  CHECK(has(failure_of([](Machine&) {
              alignas(Atomic<int>) std::byte memory[sizeof(Atomic<int>)];
              auto* ended = new (memory) Atomic<int>{1};
              ended->~Atomic<int>();
              static_cast<void>(ended->load(relaxed));
            }),
            "use of an object that is not constructed"));
}

TEST_CASE("an object that was constructed in a former execution is none of this one") {
  alignas(Atomic<int>) std::byte memory[sizeof(Atomic<int>)];
  Atomic<int>* left_over = nullptr;
  const Result result = checker::explore(unbounded(), [&](Machine& machine) {
    if (machine.choose(2) == 0) left_over = new (memory) Atomic<int>{0};
    static_cast<void>(left_over->load(relaxed));
  });
  CHECK(result.executions == 2);
  CHECK(has(result.failure, "not constructed"));
}

TEST_CASE("leaks and wrong returns of memory are reported") {
  struct Row {
    std::string failure;
    void (*run)();
  };
  const Row rows[] = {
      {"leak of block 2 (", [] { delete_node(new_node(1)), static_cast<void>(new_node(2)); }},
      {"gives a block back twice: block 1",
       [] {
         Node* node = new_node(1);
         Platform::deallocate(node, sizeof(Node), alignof(Node));
         Platform::deallocate(node, sizeof(Node), alignof(Node));
       }},
      {"gives a block back with another size", [] { Platform::deallocate(Platform::allocate(64, 8), 32, 8); }},
      {"gives back what is not a block",
       [] { Platform::deallocate(static_cast<std::byte*>(Platform::allocate(64, 8)) + 8, 56, 8); }},
  };
  for (const Row& row : rows) {
    CAPTURE(row.failure);
    CHECK(has(failure_of([&](Machine&) { row.run(); }), row.failure));
  }
}

TEST_CASE("a thread that waits for another is reported by the bound of steps, wherever the other was preempted") {
  const Result result = checker::explore({}, [](Machine& machine) {
    Atomic<bool> locked{false};
    for (const char* name : {"A", "B"}) {
      machine.thread(name, [&] {
        while (locked.exchange(true, acquire)) {
        }
        locked.store(false, release);
      });
    }
    machine.run();
  });
  CHECK(has(result.failure, "did not finish in 2000 steps"));
}

TEST_CASE("a thread may take as many steps as the bound says and no more") {
  for (const unsigned steps : {9U, 10U}) {
    CAPTURE(steps);
    Options options;
    options.steps = steps;
    const Result result = checker::explore(options, [](Machine& machine) {
      Atomic<int> x{0};
      machine.thread("A", [&] {
        for (int i = 0; i < 10; ++i) x.store(i, relaxed);
      });
      machine.run();
    });
    CHECK(result.ok() == (steps == 10));
  }
}

TEST_CASE("a bad access of the code under test, an exception and an abort are failures with a trace") {
  struct Row {
    std::string failure;
    void (*run)();
  };
  const Row rows[] = {
      {"A: crash: access to invalid memory",
       [] {
         volatile int* volatile nothing = nullptr;
         *nothing = 1;  // NOLINT(clang-analyzer-core.NullDereference)
       }},
      {"A: crash: aborted", [] { std::abort(); }},
      {"A: threw oops", [] { throw std::runtime_error("oops"); }},
  };
  for (const Row& row : rows) {
    CAPTURE(row.failure);
    CHECK(failure_of([&](Machine& machine) {
            machine.thread("A", [&] { row.run(); });
            machine.run();
          }) == row.failure);
  }
}

TEST_CASE("more threads than the machine has, and threads that are never run, are failures of the scenario") {
  CHECK(has(failure_of([](Machine& machine) {
              for (std::size_t i = 0; i < checker::max_threads; ++i) machine.thread("one more", [] {});
            }),
            "more threads than the machine has"));
  CHECK(has(failure_of([](Machine& machine) { machine.thread("A", [] {}); }), "thread A was defined and never run"));
}

TEST_CASE("a scenario that depends on something else than the machine's choices is reported") {
  int calls = 0;
  const Result result = checker::explore({}, [&](Machine& machine) {
    ++calls;
    static_cast<void>(machine.choose(2));
    static_cast<void>(machine.choose(calls == 1 ? 3 : 2));
  });
  CHECK(has(result.failure, "depends on something that the machine did not choose"));
}

// ------------------------------------------------------------------------------------------------- what may go wrong

TEST_CASE("failing allocations are explored one by one, within their number") {
  const auto allocate_three = [] {
    std::string text;
    for (int i = 0; i < 3; ++i) {
      Node* node = new_node(i);
      text += node == nullptr ? '-' : '+';
      if (node != nullptr) delete_node(node);
    }
    return text;
  };
  struct Row {
    std::string name;
    void (*arrange)(Machine&);
    Outcomes outcomes;
  };
  const Row rows[] = {
      {"none", [](Machine&) {}, {"+++"}},
      {"up to one", [](Machine& machine) { machine.explore_allocation_failures(1); }, {"+++", "-++", "+-+", "++-"}},
      {"up to two",
       [](Machine& machine) { machine.explore_allocation_failures(2); },
       {"+++", "-++", "+-+", "++-", "--+", "-+-", "+--"}},
      {"the second", [](Machine& machine) { machine.fail_allocation(1); }, {"+-+"}},
      {"all", [](Machine& machine) { machine.fail_all_allocations(); }, {"---"}},
  };
  for (const Row& row : rows) {
    CAPTURE(row.name);
    CHECK(outcomes_of([&](Machine& machine) {
            row.arrange(machine);
            machine.outcome(allocate_three());
          }) == row.outcomes);
  }
}

TEST_CASE("freed memory is used again only if asked for, and then also not") {
  for (const bool reuse : {false, true}) {
    CAPTURE(reuse);
    Options options = unbounded();
    options.reuse_memory = reuse;
    const Result result = checker::explore(options, [](Machine& machine) {
      Node* first = new_node(1);
      delete_node(first);
      Node* second = new_node(2);
      machine.require(second->value.load(relaxed) == 2, "the second node is a new one");
      machine.outcome(first == second ? "same address" : "other address");
      delete_node(second);
    });
    INFO(result.report());
    CHECK(result.ok());
    CHECK(result.outcomes.size() == (reuse ? 2 : 1));
    CHECK(result.outcomes.count("other address") == 1);
  }
}

TEST_CASE("a thread that may stop does so before each of its operations, and the others go on") {
  Options options = unbounded();
  const Result result = checker::explore(options, [](Machine& machine) {
    Atomic<int> x{0};
    const checker::Thread& mortal = machine
                                        .thread("mortal",
                                                [&] {
                                                  x.fetch_add(1, relaxed);
                                                  x.fetch_add(1, relaxed);
                                                })
                                        .may_stop();
    bool other_finished = false;
    machine.thread("other", [&] {
      x.fetch_add(10, relaxed);
      other_finished = true;
    });
    machine.run();
    machine.require(other_finished, "the other thread finishes");
    machine.outcome((mortal.stopped() ? "stopped " : "finished ") + show({x.load(relaxed)}));
  });
  INFO(result.report());
  CHECK(result.ok());
  CHECK(result.exhaustive);
  Outcomes found;
  for (const auto& [outcome, count] : result.outcomes) found.insert(outcome);
  CHECK(found == Outcomes{"finished 12", "stopped 10", "stopped 11"});
}

TEST_CASE("a lock whose holder stops is reported, so what passes holds no lock") {
  Options options;
  options.preemptions = 0;
  const Result result = checker::explore(options, [](Machine& machine) {
    Atomic<bool> locked{false};
    for (const char* name : {"A", "B"}) {
      machine
          .thread(name,
                  [&] {
                    while (locked.exchange(true, acquire)) {
                    }
                    locked.store(false, release);
                  })
          .may_stop();
    }
    machine.run();
  });
  CHECK(has(result.failure, "did not finish in 2000 steps"));
  CHECK(has(result.trace, "stops for ever"));
}

TEST_CASE("what a stopped thread did is seen afterwards, but not ordered") {
  CHECK(has(failure_of([](Machine& machine) {
              Plain<int> data;
              Atomic<int> x{0};
              const checker::Thread& mortal = machine
                                                  .thread("mortal",
                                                          [&] {
                                                            x.store(1, relaxed);
                                                            data.set(1);
                                                            x.store(2, relaxed);
                                                          })
                                                  .may_stop();
              machine.run();
              if (mortal.stopped() && x.load(relaxed) == 1) static_cast<void>(data.get());
            }),
            "data race"));
}

TEST_CASE("the exit hook runs at the end of a thread that arranged it, and again if asked for afterwards") {
  struct Row {
    bool arranges, arranges_late;
    int late_rounds;
    std::string expected;
  };
  for (const Row& row :
       {Row{false, false, 1, "late"}, Row{true, false, 1, "hook late"}, Row{true, true, 1, "hook late hook"},
        Row{false, true, 1, "late hook"}, Row{true, false, 2, "hook late late"},
        Row{true, true, 4, "hook late hook late hook late hook late"}}) {
    CAPTURE(row.expected);
    CHECK(outcomes_of([&](Machine& machine) {
            std::string log;
            const auto note = [&](const char* what) { log += (log.empty() ? "" : " ") + std::string(what); };
            machine.on_thread_exit([&] { note("hook"); });
            machine
                .thread("A",
                        [&] {
                          if (row.arranges) Platform::at_thread_exit();
                        })
                .after_exit(
                    [&] {
                      note("late");
                      if (row.arranges_late) Platform::at_thread_exit();
                    },
                    row.late_rounds);
            machine.run();
            machine.outcome(log);
          }) == Outcomes{row.expected});
  }
}

TEST_CASE("that no exit hook can be had is explored if asked for") {
  for (const bool may_fail : {false, true}) {
    CAPTURE(may_fail);
    CHECK(outcomes_of([&](Machine& machine) {
            machine.explore_exit_hook_failure(may_fail);
            machine.thread("A", [&] { machine.outcome(Platform::at_thread_exit() ? "arranged" : "refused"); });
            machine.run();
          }) == (may_fail ? Outcomes{"arranged", "refused"} : Outcomes{"arranged"}));
  }
}

TEST_CASE("each thread has a state of its own, which is zero at its beginning in every execution") {
  CHECK(outcomes_of([](Machine& machine) {
          for (const char* name : {"A", "B"}) {
            machine.thread(name, [&] {
              machine.require(Platform::this_thread().column == 0, "a new thread's state is zero");
              Platform::this_thread().column = machine.self();
              static_cast<void>(machine.choose(2));
            });
          }
          machine.run();
          machine.require(Platform::this_thread().column == 0, "the main thread's state is its own");
          machine.outcome("done");
        }) == Outcomes{"done"});
}

constinit Atomic<int> static_atomic{5};
constinit Plain<int> static_plain{7};

TEST_CASE("objects of static storage begin every execution with their initial value") {
  CHECK(outcomes_of([](Machine& machine) {
          static_cast<void>(machine.choose(3));
          machine.require(static_atomic.fetch_add(1, relaxed) == 5, "the atomic is as it was constructed");
          machine.require(static_plain.get() == 7, "the plain value is as it was constructed");
          static_plain.set(8);
          machine.require(static_plain.get() == 8, "the plain value can be changed");
          machine.outcome("done");
        }) == Outcomes{"done"});
}

TEST_CASE("threads can be run in turns, the later ones knowing what the earlier ones did") {
  CHECK(outcomes_of([](Machine& machine) {
          Plain<int> data;
          machine.thread("first", [&] { data.set(1); });
          machine.run();
          machine.thread("second", [&] { machine.outcome(show({data.get()})); });
          machine.run();
        }) == Outcomes{"1"});
}

// ------------------------------------------------------------------------------------------------- finding and showing

void racy_increment(Machine& machine) {
  Atomic<int> x{0};
  machine.name(x, "x");
  for (const char* name : {"A", "B"}) {
    machine.thread(name, [&] { x.store(x.load(relaxed) + 1, relaxed); });
  }
  machine.run();
  machine.require(x.load(relaxed) == 2, "no increment is lost");
}

TEST_CASE("a failing execution can be replayed from its choices and reads as a trace") {
  Options options;
  options.stale_reads = 0;
  const Result result = checker::explore(options, racy_increment);
  CHECK(result.failure == "main: not so: no increment is lost");
  const Result again = checker::replay(options, result.choices, racy_increment);
  CHECK(again.failure == result.failure);
  CHECK(again.trace == result.trace);
  std::string operations;
  for (std::size_t at = 0; at < result.trace.size(); at = result.trace.find('\n', at) + 1) {
    const std::string line = result.trace.substr(at, result.trace.find('\n', at) - at);
    if (has(line, "#0 x ")) operations += line.substr(0, 1) + (has(line, "load") ? "l" : "s") + " ";
    if (has(line, "store")) CHECK(has(line, "relaxed <- 1"));
    if (has(line, "store")) CHECK(has(line, "machine_test.cpp:"));
  }
  CHECK(operations == "Al Bl Bs As ml ");  // the only interleaving, but for the names, with one preemption
  CHECK(has(result.trace, "FAILED: not so: no increment is lost"));
}

TEST_CASE("a random search finds the failure too, and the same one for the same seed") {
  Options options;
  options.search = checker::Search::random;
  options.executions = 10'000;
  std::vector<std::uint32_t> first;
  for (int time = 0; time < 2; ++time) {
    const Result result = checker::explore(options, racy_increment);
    CHECK(result.failure == "main: not so: no increment is lost");
    if (time == 0) first = result.choices;
    CHECK(result.choices == first);
  }
  options.seed = 2;
  CHECK_FALSE(checker::explore(options, racy_increment).ok());
}

TEST_CASE("a random search that finds nothing runs as often as it may and is not called exhaustive") {
  Options options;
  options.search = checker::Search::random;
  options.executions = 100;
  const Result result = checker::explore(options, [](Machine& machine) { static_cast<void>(machine.choose(2)); });
  CHECK(result.ok());
  CHECK(result.executions == 100);
  CHECK_FALSE(result.exhaustive);
}

TEST_CASE("the order of an access can be replaced, to see that the algorithm needs it") {
  const auto scenario = [](Machine& machine) {
    Plain<int> data;
    Atomic<bool> ready{false};
    machine.thread("writer", [&] {
      data.set(1);
      ready.store(true, release);
    });
    machine.thread("reader", [&] {
      if (ready.load(acquire)) static_cast<void>(data.get());
    });
    machine.run();
  };
  for (const char* weakened : {"", "store", "load"}) {
    CAPTURE(weakened);
    Options options;
    options.order_of = [&](const checker::Access& access) {
      return access.operation == weakened ? std::memory_order_relaxed : access.order;
    };
    CHECK(checker::explore(options, scenario).ok() == (std::string(weakened).empty()));
  }
}

}  // namespace
