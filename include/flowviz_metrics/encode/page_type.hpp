// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>

#include <flowviz_metrics/version.hpp>

FLOWVIZ_METRICS_BEGIN
namespace encode {

/// What a family is to the reader of a page, whatever counts it.
enum class PageType : std::uint8_t { counter, gauge, histogram, info };

}  // namespace encode
FLOWVIZ_METRICS_END
