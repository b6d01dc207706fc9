// SPDX-License-Identifier: MIT
#include <flowviz_metrics/cells/slots.hpp>

#include <doctest/doctest.h>

#include <cstdint>
#include <set>
#include <vector>

#include "test_platform.hpp"

using flowviz::cells::ThreadState;
using Slots = flowviz::cells::Slots<TestPlatform<3, 2>>;

TEST_CASE("columns are laid out as none, own ones, shared ones") {
  static_assert(Slots::first_own == 1 && Slots::first_shared == 4 && Slots::columns == 6);
  for (std::uint32_t column = 0; column < Slots::columns; ++column) {
    CHECK(Slots::is_own(column) == (column >= 1 && column <= 3));
  }
}

TEST_CASE_FIXTURE(TestMachine, "a thread leases the lowest free column at its first write and keeps it") {
  Slots slots;
  CHECK(slots.leased() == 0);
  for (std::uint32_t n = 0; n < 3; ++n) {
    CHECK(slots.settle(threads[n]) == n + 1);
    CHECK(threads[n].column == n + 1);
    CHECK(slots.settle(threads[n]) == n + 1);
    CHECK(slots.leased() == n + 1);
  }
}

TEST_CASE_FIXTURE(TestMachine, "threads beyond the last own column are spread over the shared ones") {
  Slots slots;
  for (std::size_t n = 0; n < 3; ++n) slots.settle(threads[n]);
  CHECK(slots.settle(threads[3]) == 4);
  CHECK(slots.settle(threads[4]) == 5);
  CHECK(slots.settle(threads[5]) == 4);
  CHECK(slots.settle(threads[3]) == 4);
  CHECK(threads[3].column == 0);
  CHECK(slots.leased() == 3);
}

TEST_CASE_FIXTURE(TestMachine, "a column that was given back goes to the next thread") {
  Slots slots;
  for (std::size_t n = 0; n < 3; ++n) slots.settle(threads[n]);
  slots.leave(threads[1]);
  CHECK(slots.leased() == 2);
  CHECK(slots.settle(threads[3]) == 2);
  CHECK(slots.leased() == 3);
}

TEST_CASE_FIXTURE(TestMachine, "a thread on a shared column asks for one of its own again every 256 writes") {
  Slots slots;
  for (std::size_t n = 0; n < 3; ++n) slots.settle(threads[n]);
  for (std::uint32_t write = 0; write < 10; ++write) CHECK(slots.settle(threads[3]) == 4);
  slots.leave(threads[0]);
  for (std::uint32_t write = 10; write < Slots::retry_interval; ++write) CHECK(slots.settle(threads[3]) == 4);
  CHECK(slots.settle(threads[3]) == 1);
  CHECK(threads[3].column == 1);
}

TEST_CASE_FIXTURE(TestMachine, "what a thread writes after its end goes to a shared column for ever") {
  Slots slots;
  slots.settle(threads[0]);
  slots.leave(threads[0]);
  CHECK(slots.leased() == 0);
  for (std::uint32_t write = 0; write < 3 * Slots::retry_interval; ++write) CHECK(slots.settle(threads[0]) == 4);
  CHECK(slots.leased() == 0);
}

TEST_CASE_FIXTURE(TestMachine, "the end of a thread that never had a column changes nothing") {
  Slots slots;
  slots.settle(threads[0]);
  slots.leave(threads[1]);
  slots.leave(threads[1]);
  CHECK(slots.leased() == 1);
  CHECK(slots.settle(threads[1]) == 4);
}

TEST_CASE_FIXTURE(TestMachine, "a thread that ends twice gives its column back once") {
  Slots slots;
  slots.settle(threads[0]);
  slots.leave(threads[0]);
  slots.settle(threads[1]);
  slots.leave(threads[0]);
  CHECK(slots.leased() == 1);
  CHECK(slots.settle(threads[2]) == 2);
}

TEST_CASE_FIXTURE(TestMachine, "a thread whose end cannot be told of uses a shared column and asks again later") {
  Slots slots;
  has_exit_hook = false;
  for (std::uint32_t write = 0; write < Slots::retry_interval; ++write) CHECK(slots.settle(threads[0]) == 4);
  CHECK(slots.leased() == 0);
  has_exit_hook = true;
  CHECK(slots.settle(threads[0]) == 1);
}

TEST_CASE_FIXTURE(TestMachine, "after a fork the child keeps the lease of the thread that forked and no other") {
  Slots slots;
  for (std::size_t n = 0; n < 3; ++n) slots.settle(threads[n]);
  slots.keep_only(threads[1]);
  CHECK(slots.leased() == 1);
  CHECK(slots.settle(threads[1]) == 2);
  CHECK(slots.settle(threads[4]) == 1);
  CHECK(slots.settle(threads[5]) == 3);
}

TEST_CASE_FIXTURE(TestMachine, "after a fork out of a thread without a lease all columns are free") {
  Slots slots;
  for (std::size_t n = 0; n < 3; ++n) slots.settle(threads[n]);
  slots.keep_only(threads[3]);
  CHECK(slots.leased() == 0);
}

TEST_CASE_FIXTURE(TestMachine, "what was ever leased is told from what never was, whoever has ended since") {
  Slots slots;
  CHECK(slots.first_unused() == Slots::first_own);
  for (std::uint32_t n = 0; n < 2; ++n) {
    slots.settle(threads[n]);
    CHECK(slots.first_unused() == n + 2);
  }
  slots.leave(threads[0]);
  slots.settle(threads[2]);  // into the first one's column
  slots.keep_only(threads[2]);
  CHECK(slots.first_unused() == 3);
  slots.settle(threads[3]);
  slots.settle(threads[4]);
  slots.settle(threads[5]);  // shared
  CHECK(slots.first_unused() == Slots::first_shared);
}

TEST_CASE("more columns than a word has bits are all leased, once each") {
  using ManySlots = flowviz::cells::Slots<TestPlatform<130, 1>>;
  ManySlots slots;
  std::vector<ThreadState> threads(131);
  std::set<std::uint32_t> columns;
  for (std::size_t n = 0; n < 130; ++n) columns.insert(slots.settle(threads[n]));
  CHECK(columns.size() == 130);
  CHECK(*columns.begin() == 1);
  CHECK(*columns.rbegin() == 130);
  CHECK(slots.leased() == 130);
  CHECK(slots.settle(threads[130]) == ManySlots::first_shared);
  slots.leave(threads[129]);
  ThreadState late;
  CHECK(slots.settle(late) == threads[128].column + 1);
  slots.keep_only(threads[100]);
  CHECK(slots.leased() == 1);
}
