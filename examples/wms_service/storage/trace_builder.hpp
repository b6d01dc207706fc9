// SPDX-License-Identifier: MIT
#pragma once
/// \file
/// From the lots that are connected with a lot to the answer: who is how far away, and by which edges.

#include <vector>

#include "domain/trace.hpp"

namespace wms {

/// `reached` holds at least the lots within the asked depth, each with its inputs, in any order. Lots and edges
/// beyond it are left out.
Trace build_trace(const TraceQuery& query, std::vector<Lot> reached);

}  // namespace wms
