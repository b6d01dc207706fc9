// SPDX-License-Identifier: MIT
// The name of an Info ends in _info.
#include <flowviz_metrics/info.hpp>

void define(flowviz::Registry& registry) {
  flowviz::Info build{registry, "wms_build_info", "Build.", {{"version", "0.1.0"}}};

#ifdef MUST_NOT_COMPILE_1
  // expect: the name of an Info ends in _info
  flowviz::Info wrong{registry, "wms_build", "Build.", {{"version", "0.1.0"}}};
#endif

#ifdef MUST_NOT_COMPILE_2
  // expect: the labels le, quantile, job and instance are set by the format or by Prometheus
  flowviz::Info wrong{registry, "wms_build_info", "Build.", {{"job", "wms"}}};
#endif
}
