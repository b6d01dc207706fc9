// SPDX-License-Identifier: MIT
#pragma once
/// \file
/// What Prometheus scrapes.

#include <flowviz_metrics/registry.hpp>
#include <optional>
#include <string>

#include "http/call.hpp"

namespace wms::routes {

/// GET /metrics; for holders of `token` only, if there is one.
Handler metrics_page(const flowviz::Registry& registry, std::optional<std::string> token);

}  // namespace wms::routes
