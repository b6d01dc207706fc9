// SPDX-License-Identifier: MIT
#include "webhook/options.hpp"

#include <algorithm>

namespace wms {

std::chrono::milliseconds wait_after(const RetryRule& rule, int attempt, double chance,
                                     std::optional<std::chrono::seconds> asked) {
  auto wait = rule.first_wait;
  for (int i = 1; i < attempt && wait < rule.longest; ++i) wait *= 2;
  wait = std::min(wait, rule.longest);
  const auto half = wait / 2;
  wait =
      half + std::chrono::milliseconds(static_cast<std::int64_t>(chance * static_cast<double>((wait - half).count())));
  if (asked) wait = std::max(wait, std::min<std::chrono::milliseconds>(*asked, rule.longest));
  return wait;
}

}  // namespace wms
