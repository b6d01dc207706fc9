// SPDX-License-Identifier: MIT
#pragma once
/// \file
/// Requests of which an operator may send only so many in some time.

#include <chrono>
#include <string_view>

namespace wms {

struct LimitedRequest {
  std::string_view operator_name;
  std::string_view route;  ///< what has a limit of its own
  int limit;               ///< how many are admitted in any span of `limit_span`; more than 0
};

/// What limits are so many requests in.
inline constexpr std::chrono::minutes limit_span{1};

}  // namespace wms
