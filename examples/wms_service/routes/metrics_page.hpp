// SPDX-License-Identifier: MIT
#pragma once
/// \file
/// What Prometheus scrapes.

#include <flowviz_metrics/registry.hpp>
#include <optional>
#include <string>

#include "http/call.hpp"

namespace wms::routes {

/// GET /metrics; for holders of `token` only, if there is one. Takes `name[]` and the reader's timeout; refuses more than a
/// few pages at once of those that this handler makes.
Handler metrics_page(const flowviz::Registry& registry, std::optional<std::string> token);

}  // namespace wms::routes
