// SPDX-License-Identifier: MIT
#include "http/rate_limiter.hpp"

namespace wms {

int RateLimits::of(LimitedRoute route) const {
  switch (route) {
    case LimitedRoute::lots:
      return lots;
    case LimitedRoute::qc_decisions:
      return qc_decisions;
    case LimitedRoute::trace_forward:
    case LimitedRoute::trace_backward:
      return traceability;
  }
  return 0;
}

}  // namespace wms
