// SPDX-License-Identifier: MIT
/// \file
/// Is each memory order of the cells needed? One order at a time is weakened while the scenarios run, and one of them has
/// to fail. So a wrong order is found in whatever code a scenario runs through, and so is a scenario that is missing.

#include <doctest/doctest.h>

#include <algorithm>
#include <compare>
#include <cstdint>
#include <fstream>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "machine.hpp"
#include "scenarios.hpp"

namespace {

using checker::Access;
using checker::Options;
using checker::Scenario;

/// An access of the cells, and an order weaker than its own.
struct Weakening {
  std::string file;
  unsigned line;
  std::string operation;
  std::memory_order from, to;

  auto operator<=>(const Weakening&) const = default;  // NOLINT(modernize-use-nullptr): a comparison with 0
  [[nodiscard]] bool concerns(const Access& access) const {
    return access.site.line == line && access.order == from && access.operation == operation &&
           access.site.file == file;
  }
};

constexpr auto relaxed = std::memory_order_relaxed;
constexpr auto acquire = std::memory_order_acquire;
constexpr auto release = std::memory_order_release;

std::vector<std::memory_order> weaker_than(std::memory_order order) {
  switch (order) {
    case std::memory_order_acq_rel:
      return {acquire, release};
    case std::memory_order_seq_cst:
      return {std::memory_order_acq_rel};
    case std::memory_order_relaxed:
      return {};
    default:
      return {relaxed};
  }
}

bool in_cells(const Access& access) {
  return std::string_view(access.site.file).find("/cells/") != std::string_view::npos;
}

std::string line_of(const std::string& file, unsigned number) {
  std::ifstream in(file);
  std::string line;
  while (number > 0 && std::getline(in, line)) --number;
  INFO(file);
  REQUIRE(number == 0);  // the source has to be where it was compiled
  return line;
}

std::string name_of(std::memory_order order) {
  return order == relaxed ? "relaxed" : order == acquire ? "acquire" : order == release ? "release" : "acq_rel";
}

std::string describe(const Weakening& weakening) {
  return weakening.file + ":" + std::to_string(weakening.line) + ": " + weakening.operation + " made " +
         name_of(weakening.to) + ": " + line_of(weakening.file, weakening.line);
}

// Every weakening there is, with the scenarios that run through its access, the quickest first.
std::map<Weakening, std::vector<Scenario>> all_weakenings() {
  std::vector<Scenario> scenarios = checker::column_scenarios();
  for (const auto more : {checker::creation_scenarios, checker::exemplar_scenarios, checker::gate_scenarios,
                          checker::native_scenarios, checker::expiry_scenarios, checker::removal_scenarios}) {
    for (Scenario& scenario : more()) scenarios.push_back(std::move(scenario));
  }

  std::vector<std::uint64_t> steps;
  std::map<Weakening, std::vector<std::size_t>> users;
  for (std::size_t i = 0; i < scenarios.size(); ++i) {
    Options bounds = checker::narrow_bounds();
    bounds.preemptions = 1;
    bounds.order_of = [&](const Access& access) {
      if (!in_cells(access)) return access.order;
      for (const std::memory_order to : weaker_than(access.order)) {
        auto& used_by = users[{access.site.file, access.site.line, std::string(access.operation), access.order, to}];
        if (used_by.empty() || used_by.back() != i) used_by.push_back(i);
      }
      return access.order;
    };
    steps.push_back(checker::explore(bounds, scenarios[i]).steps);
  }
  std::map<Weakening, std::vector<Scenario>> weakenings;
  for (auto& [weakening, used_by] : users) {
    std::sort(used_by.begin(), used_by.end(), [&](std::size_t a, std::size_t b) { return steps[a] < steps[b]; });
    for (const std::size_t i : used_by) weakenings[weakening].push_back(scenarios[i]);
  }
  return weakenings;
}

bool caught(const Weakening& weakening, const std::vector<Scenario>& scenarios) {
  Options bounds = checker::narrow_bounds();
  bounds.order_of = [&](const Access& access) { return weakening.concerns(access) ? weakening.to : access.order; };
  const unsigned preemptions = bounds.preemptions;
  // Most are caught with few preemptions, which are explored in a fraction of the time.
  for (bounds.preemptions = 0; bounds.preemptions <= preemptions; ++bounds.preemptions) {
    if (std::any_of(scenarios.begin(), scenarios.end(),
                    [&](const Scenario& scenario) { return !checker::explore(bounds, scenario).ok(); })) {
      return true;
    }
  }
  return false;
}

TEST_CASE("each memory order of the cells is needed: with a weaker one, some scenario fails") {
  const auto weakenings = all_weakenings();
  REQUIRE(weakenings.size() > 10);  // else the accesses of the cells were not recognised
  for (const auto& [weakening, scenarios] : weakenings) {
    const std::string description = describe(weakening);  // now: doctest asks for it while it holds a lock
    INFO(description);
    CHECK(caught(weakening, scenarios));
  }
}

}  // namespace
