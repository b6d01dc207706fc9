// SPDX-License-Identifier: MIT
#define FLOWVIZ_METRICS_DISABLED
#include "counting.hpp"

static_assert(!flowviz::metrics_enabled);

int count_quietly() {
  flowviz::Registry registry;
  return count(registry);
}
