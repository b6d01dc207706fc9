// SPDX-License-Identifier: MIT
#pragma once
/// \file
/// What can be chosen about the service beside its database and its ports; these are the defaults.

#include "http/rate_limiter.hpp"

namespace wms {

struct AppOptions {
  RateLimits rate_limits;
};

}  // namespace wms
