// SPDX-License-Identifier: MIT
// A program of which one file has metrics and one has them compiled out: both use the same names, and neither disturbs the
// other.
#include "counting.hpp"

static_assert(flowviz::metrics_enabled);

int count_quietly();

int main() {
  flowviz::Registry registry;
  const int loud = count(registry);
  const int quiet = count_quietly();
  std::printf("with metrics: %d lines of samples\ncompiled out: %d lines of samples\n", loud, quiet);
  return loud > 0 && quiet == 0 && count(registry) == loud && count_quietly() == 0 ? 0 : 1;
}
