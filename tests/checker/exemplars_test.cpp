// SPDX-License-Identifier: MIT
/// \file
/// Exemplars on the simulated machine: whoever writes at the same time, a reader gets one of them whole, or none.

#include "scenarios.hpp"

#include <doctest/doctest.h>

#include <cstdint>
#include <string>
#include <vector>

#include <flowviz_metrics/cells/exemplars.hpp>

#include "sim_platform.hpp"

namespace {

using checker::check;
using checker::Machine;
using checker::narrow_bounds;
using flowviz::cells::ExemplarValue;
using P = checker::SimPlatform<1, 1>;

/// The exemplars of a chunk of one cell. Each is known by its number, which its value, its time and its text all say.
struct One {
  explicit One(Machine& m) : machine(m) { machine.name(exemplars, "exemplars"); }
  ~One() { exemplars.destroy(1); }

  // Their lengths differ, too.
  void keep(int number) { keep(number, static_cast<std::size_t>(number)); }
  void keep(int number, std::size_t length) {
    exemplars.keep(1, 0, {static_cast<double>(number), number}, text(number, length));
  }
  /// The number of the exemplar, 0 if there is none.
  int look() {
    ExemplarValue of;
    std::string labels;
    if (!exemplars.read(0, of, labels)) return 0;
    const int number = static_cast<int>(of.milliseconds);
    machine.require(number > 0 && of.value == number && labels == text(number, labels.size()) && !labels.empty(),
                    "an exemplar is read whole");
    return number;
  }
  static std::string text(int number, std::size_t length) {
    return std::string(length, static_cast<char>('0' + number));
  }

  Machine& machine;
  flowviz::cells::Exemplars<P> exemplars;
};

void overtaken(Machine& machine) {
  One one(machine);
  one.keep(1);
  machine.thread("writer", [&] {
    one.keep(2);
    one.keep(3);
  });
  machine.thread("reader", [&] {
    const int seen = one.look();
    machine.require(one.look() >= seen, "exemplars do not go back");
  });
  machine.run();
  machine.require(one.look() == 3, "the last one stays");
}

TEST_CASE("a reader that writers overtake does not mix two exemplars") { check(overtaken); }

void two_writers(Machine& machine) {
  One one(machine);
  one.keep(1);
  machine.thread("A", [&] { one.keep(2); });
  machine.thread("B", [&] { one.keep(3); });
  machine.thread("reader", [&] { one.look(); });
  machine.run();
  machine.require(one.look() > 1, "of writers at the same time one keeps his");
}

TEST_CASE("two writers do not mix theirs, and a writer knows how far the one before came") { check(two_writers); }

void first_ones(Machine& machine) {
  One one(machine);
  for (const int number : {1, 2}) {
    machine.thread(number == 1 ? "A" : "B", [&one, number] { one.keep(number); });
  }
  machine.thread("reader", [&] { one.look(); });
  machine.run();
  machine.require(one.look() != 0, "one of them is kept");
}

TEST_CASE("the first exemplars of a chunk are made once") { check(first_ones, narrow_bounds()); }

void longer_ones(Machine& machine) {
  One one(machine);
  one.keep(1);
  constexpr std::size_t longer = 70;  // than what the first one made room for
  machine.thread("A", [&] { one.keep(2, longer); });
  machine.thread("B", [&] { one.keep(3, longer); });
  machine.thread("reader", [&] { machine.require(one.look() > 0, "there was one before"); });
  machine.run();
  machine.require(one.look() > 1, "a longer one takes the place of a shorter");
}

TEST_CASE("room for a longer exemplar is made while others read") { check(longer_ones, narrow_bounds()); }

// As in the child of a fork, which does not have the thread that wrote.
void cleared(Machine& machine) {
  One one(machine);
  one.keep(1);
  machine.thread("mortal", [&] { one.keep(2); }).may_stop();
  machine.run();
  one.exemplars.clear(0, 1);
  machine.require(one.look() == 0, "a cleared cell has no exemplar");
  one.keep(3);
  machine.require(one.look() == 3, "and gets one again");
}

TEST_CASE("a cleared cell has no exemplar, though a writer has stopped in the middle of it") { check(cleared); }

}  // namespace

namespace checker {
std::vector<Scenario> exemplar_scenarios() { return {overtaken, two_writers, first_ones, longer_ones, cleared}; }
}  // namespace checker
