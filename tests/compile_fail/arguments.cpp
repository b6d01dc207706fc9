// SPDX-License-Identifier: MIT
// A metric that is given something else than it takes, or in another order, is refused in a sentence that says the order.
#include <flowviz_metrics/flowviz_metrics.hpp>

enum class Side { left, right };

flowviz::Registry registry;
const flowviz::Registry other;

void in_order() {
  const flowviz::Label<Side> side{"side"};
  const flowviz::Counter counter{registry, "a_total", "A.", flowviz::MaxSeries{5}, side};
  const flowviz::Histogram histogram{registry, "b_seconds", "B.", flowviz::Buckets{1, 2}, side};
  const flowviz::StateSet states{"c", "C.", flowviz::States<Side>(), side};
  const flowviz::Counter copy = counter;
}

#ifdef MUST_NOT_COMPILE_1
// expect: a metric is made of these, in this order
const flowviz::Counter wrong{registry, "a_total", flowviz::Label<Side>{"side"}};
#endif

#ifdef MUST_NOT_COMPILE_2
// expect: a metric is made of these, in this order
const flowviz::DoubleCounter wrong{"a_total", "A.", registry};
#endif

#ifdef MUST_NOT_COMPILE_3
// expect: a metric is made of these, in this order
const flowviz::Gauge wrong{&registry, "a", "A."};
#endif

#ifdef MUST_NOT_COMPILE_4
// expect: a metric is made of these, in this order
const flowviz::UpDownCounter wrong{registry, "a", "A.", "side"};
#endif

#ifdef MUST_NOT_COMPILE_5
// expect: a metric is made of these, in this order
const flowviz::Histogram wrong{registry, "a_seconds", "A."};
#endif

#ifdef MUST_NOT_COMPILE_6
// expect: a metric is made of these, in this order
const flowviz::NativeHistogram wrong{registry, "a_seconds", "A.", flowviz::Label<Side>{"side"},
                                     flowviz::NativeBuckets{}};
#endif

#ifdef MUST_NOT_COMPILE_7
// expect: a metric is made of these, in this order
const flowviz::Summary wrong{registry, "a_seconds", "A.", flowviz::Label<Side>{"side"}, flowviz::MaxSeries{5}};
#endif

#ifdef MUST_NOT_COMPILE_8
// expect: a metric is made of these, in this order
const flowviz::StateSet wrong{registry, "a", flowviz::States<Side>(), "A."};
#endif

#ifdef MUST_NOT_COMPILE_const_registry
// expect: a metric is made of these, in this order
const flowviz::Counter wrong{other, "a_total", "A."};
#endif

#ifdef MUST_NOT_COMPILE_buckets_behind_labels
// expect: a metric is made of these, in this order
const flowviz::Histogram wrong{"a_seconds", "A.", flowviz::Label<Side>{"side"}, flowviz::Buckets{1, 2}};
#endif
