// SPDX-License-Identifier: MIT
#pragma once
/// \file
/// Production runs: a product is made on a line, from a plan to an end.

#include <string>
#include <string_view>

#include "domain/names.hpp"
#include "domain/timestamp.hpp"

namespace wms {

enum class RunState { planned, running, completed, aborted };
constexpr Names<RunState, 4> names(RunState) {
  return {{{RunState::planned, "planned"},
           {RunState::running, "running"},
           {RunState::completed, "completed"},
           {RunState::aborted, "aborted"}}};
}
/// What runs are called among all that goes through states.
constexpr std::string_view entity_text(RunState) { return "production_run"; }

/// Whether a run may go from one state to the other.
constexpr bool may_follow(RunState from, RunState to) {
  switch (to) {
    case RunState::planned:
      return false;
    case RunState::running:
      return from == RunState::planned;
    case RunState::completed:
    case RunState::aborted:
      return from == RunState::running;
  }
  return false;
}

/// How a run ended.
enum class RunOutcome { completed, aborted };

/// What a client sends to plan a run.
struct NewProductionRun {
  std::string product;
  std::string line;
};

struct ProductionRun {
  std::string id;
  std::string product;
  std::string line;
  RunState state = RunState::planned;
  std::string created_by;
  Timestamp created_at;
};

/// A step that a run has taken.
struct RunTransition {
  ProductionRun run;  ///< as it is now
  RunState from = RunState::planned;
};

}  // namespace wms
