// SPDX-License-Identifier: MIT
#pragma once
/// \file
/// What the tests of the cells share: how a scenario is checked, and the list of all of them, by which
/// orders_test.cpp asks of each memory order whether any scenario needs it.

#include <doctest/doctest.h>

#include <cstdlib>
#include <vector>

#include "machine.hpp"

namespace checker {

/// One more in the long run of the tests.
inline unsigned preemptions(unsigned usually) { return usually + (std::getenv("FLOWVIZ_FULL") != nullptr ? 1 : 0); }

/// The bounds that most scenarios are explored within.
inline Options usual_bounds() {
  Options bounds;
  bounds.preemptions = preemptions(3);
  bounds.stale_reads = 2;
  bounds.executions = 100'000'000;
  return bounds;
}

/// Bounds for scenarios of many operations.
inline Options narrow_bounds() {
  Options bounds = usual_bounds();
  bounds.preemptions = preemptions(2);
  return bounds;
}

/// Explores all of a scenario within the bounds; one failing execution fails the test case and is shown.
inline void check(const Scenario& scenario, const Options& bounds = usual_bounds()) {
  const Result result = explore(bounds, scenario);
  INFO(result.report());
  CHECK(result.ok());
  CHECK(result.exhaustive);
}

/// Columns, blocks, histograms, up-down counters: columns_test.cpp.
std::vector<Scenario> column_scenarios();
/// Exemplars: exemplars_test.cpp.
std::vector<Scenario> exemplar_scenarios();
/// The gate in front of callbacks: gate_test.cpp.
std::vector<Scenario> gate_scenarios();
/// Native histograms: native_test.cpp.
std::vector<Scenario> native_scenarios();
/// Series that end: expiry_test.cpp.
std::vector<Scenario> expiry_scenarios();
/// Series that are removed from pages: removal_test.cpp.
std::vector<Scenario> removal_scenarios();
/// Label values, series, chains, pools: creation_test.cpp.
std::vector<Scenario> creation_scenarios();

}  // namespace checker
