// SPDX-License-Identifier: MIT
// Gives a registry to another file: where that has metrics compiled out, or another layout, this must not link.
#include <flowviz_metrics/flowviz_metrics.hpp>

void count_in(flowviz::Registry& registry);

int main() {
  flowviz::Registry registry;
  count_in(registry);
}
