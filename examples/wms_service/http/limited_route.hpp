// SPDX-License-Identifier: MIT
#pragma once
/// \file
/// The routes on which operators have a limit of requests: what refusals are counted by.

#include <cstddef>

#include "domain/names.hpp"

namespace wms {

enum class LimitedRoute { lots, qc_decisions, trace_forward, trace_backward };
constexpr Names<LimitedRoute, 4> names(LimitedRoute) {
  return {{{LimitedRoute::lots, "lots"},
           {LimitedRoute::qc_decisions, "qc_decisions"},
           {LimitedRoute::trace_forward, "trace_forward"},
           {LimitedRoute::trace_backward, "trace_backward"}}};
}
inline constexpr std::size_t limited_routes = names(LimitedRoute{}).size();

}  // namespace wms
