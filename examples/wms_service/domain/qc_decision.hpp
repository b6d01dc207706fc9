// SPDX-License-Identifier: MIT
#pragma once
/// \file
/// Decisions of the quality control on lots. The last one on a lot is its status.

#include <optional>
#include <string>

#include "domain/names.hpp"
#include "domain/timestamp.hpp"

namespace wms {

enum class Decision { PASS, HOLD, FAIL };
constexpr Names<Decision, 3> names(Decision) {
  return {{{Decision::PASS, "PASS"}, {Decision::HOLD, "HOLD"}, {Decision::FAIL, "FAIL"}}};
}

/// Whether a lot cannot be used any more after it.
constexpr bool stops_lot(Decision decision) { return decision != Decision::PASS; }
/// Whether people are told of it before they are told of others.
constexpr bool is_urgent(Decision decision) { return decision == Decision::FAIL; }

/// What a client sends.
struct NewQcDecision {
  std::string lot_id;
  Decision decision = Decision::PASS;
  std::optional<std::string> note;
};

struct QcDecision {
  std::string id;
  std::string lot_id;
  Decision decision = Decision::PASS;
  std::optional<std::string> note;
  std::string decided_by;
  Timestamp decided_at;
};

}  // namespace wms
