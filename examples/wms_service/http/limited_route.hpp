// SPDX-License-Identifier: MIT
#pragma once
/// \file
/// The routes on which operators have a limit of requests: what refusals are counted by.

namespace wms {

enum class LimitedRoute { lots, qc_decisions, trace_forward, trace_backward };

}  // namespace wms
