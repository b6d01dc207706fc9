// SPDX-License-Identifier: MIT
// What a value of FLOWVIZ_METRICS_DISABLED means: run.py gives both.
#include <flowviz_metrics/version.hpp>

static_assert(flowviz::metrics_enabled == ENABLED);
