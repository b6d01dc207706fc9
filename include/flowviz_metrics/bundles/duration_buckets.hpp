// SPDX-License-Identifier: MIT
#pragma once
/// \file
/// The bounds that all bundles but that of HTTP give their durations, so that one threshold can be asked of all of them.

#include <flowviz_metrics/buckets.hpp>

FLOWVIZ_METRICS_BEGIN
namespace bundles {

/// In seconds, from 1 ms, which a local database needs, to 30 s, by when whoever waits has given up.
[[nodiscard]] inline Buckets duration_buckets() {
  return Buckets{.001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10, 30};
}

}  // namespace bundles
FLOWVIZ_METRICS_END
