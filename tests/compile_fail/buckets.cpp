// SPDX-License-Identifier: MIT
// Bounds that a program counts up are checked when it runs, and say so.
#include <span>
#include <vector>

#include <flowviz_metrics/histogram.hpp>

void define(const std::vector<double>& configured, std::span<const float> narrow) {
  const flowviz::Buckets listed{0.1, 0.5, 1};
  const flowviz::Buckets checked = flowviz::Buckets::checked(configured);

#ifdef MUST_NOT_COMPILE_a_vector
  // expect: deleted
  // expect: write flowviz::Buckets::checked(range)
  const flowviz::Buckets wrong{configured};
#endif

#ifdef MUST_NOT_COMPILE_a_span
  // expect: deleted
  // expect: write flowviz::Buckets::checked(range)
  const flowviz::Buckets wrong(narrow);
#endif
  static_cast<void>(narrow);
}
