// SPDX-License-Identifier: MIT
#pragma once
/// \file
/// Traceability: the lots that were made from a lot, or that went into it.

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "domain/lot.hpp"

namespace wms {

/// Forward: into what did it go? Backward: out of what was it made?
enum class Direction { forward, backward };

/// How much one trace may hold: of 100,000 uses the answer has some 15 MB.
struct TraceLimits {
  int lots = 10'000;
  int uses = 100'000;  ///< how often a lot went into another
};

struct TraceQuery {
  std::string lot_id;
  Direction direction = Direction::forward;
  std::optional<int> max_depth{};  ///< steps to follow; without it, all
  TraceLimits limits{};
};

/// `quantity` of lot `from` went into lot `to`.
struct TraceEdge {
  std::string from;
  std::string to;
  Quantity quantity;
};

struct Trace {
  std::vector<Lot> nodes;  ///< the lot itself first, then by distance
  std::vector<TraceEdge> edges;
  int depth = 0;  ///< the longest distance reached, counted by the shortest way

  /// Of all lots together. What the trace says is true as long as this number is: to become part of it, a lot has to be made
  /// of one that is.
  std::int64_t changes() const {
    std::int64_t sum = 0;
    for (const Lot& lot : nodes) sum += lot.changes;
    return sum;
  }
};

}  // namespace wms
