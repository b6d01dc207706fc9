// SPDX-License-Identifier: MIT
/// \file
/// The gate in front of a callback on the simulated machine: who comes in finds what was prepared, and nobody is inside
/// any more when its owner takes it away.

#include "scenarios.hpp"

#include <doctest/doctest.h>

#include <vector>

#include <flowviz_metrics/cells/gate.hpp>

#include "sim_platform.hpp"

namespace {

using checker::check;
using checker::Machine;
using P = checker::SimPlatform<1, 1>;

// What is behind the gate: a value that its owner writes before and after it is lent.
struct Lent {
  explicit Lent(Machine& machine) { machine.name(gate, "gate"); }

  /// An owner: writes, lends, and writes again when nobody looks any more. Whether it came to that.
  bool own(int value) {
    if (!gate.take()) return false;
    behind.set(value);
    gate.open();
    gate.shut();
    if (!gate.is_left(process)) return false;
    behind.set(-1);
    gate.give_back();
    return true;
  }
  void look(Machine& machine) {
    if (!gate.enter(process)) return;
    machine.require(behind.get() > 0, "who is inside sees what was prepared");
    gate.leave();
  }

  static constexpr std::uint32_t process = 7;
  flowviz::cells::Gate<P> gate;
  P::plain<int> behind;
};

void two_look(Machine& machine) {
  Lent lent(machine);
  machine.thread("owner", [&] { lent.own(1); });
  machine.thread("A", [&] { lent.look(machine); });
  machine.thread("B", [&] { lent.look(machine); });
  machine.run();
}

void two_own(Machine& machine) {
  Lent lent(machine);
  machine.thread("A", [&] { lent.own(1); });
  machine.thread("B", [&] { lent.own(2); });
  machine.thread("C", [&] { lent.look(machine); });
  machine.run();
}

void forked_while_inside(Machine& machine) {
  Lent lent(machine);
  machine.thread("parent's", [&] {
    lent.gate.take();
    lent.gate.open();
    lent.gate.enter(Lent::process);
  });
  machine.run();
  const std::uint32_t child = Lent::process + 1;
  lent.gate.shut();
  machine.require(lent.gate.is_left(child), "the child does not wait for the parent's threads");
  machine.require(!lent.gate.is_left(Lent::process), "the parent does");
}

}  // namespace

namespace checker {
std::vector<Scenario> gate_scenarios() { return {two_look, two_own, forked_while_inside}; }
}  // namespace checker

TEST_CASE("who is behind a gate sees what was prepared, and its owner takes nothing away from under it") {
  check(two_look);
}
TEST_CASE("a gate has one owner at a time, and each sees what the last one left") { check(two_own); }
TEST_CASE("who was inside of a gate when the process forked is not waited for in the child") {
  check(forked_while_inside);
}
