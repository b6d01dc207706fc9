// SPDX-License-Identifier: MIT
// The names of labels: those that the format or Prometheus sets are refused, and so are those of no snake_case.
#include <flowviz_metrics/counter.hpp>

enum class LotType { raw, finished };

void define(flowviz::Registry& registry) {
  flowviz::Counter lots{registry, "lots_total", "Lots.", flowviz::Label<LotType>{"lot_type"}};
  flowviz::Counter hits{registry, "hits_total", "Hits.", flowviz::OpenLabel{"handler", 100}};
  flowviz::Registry north{{{"site", "north"}}};
  // A closed label may read like an identifier: its enum is finite.
  flowviz::Counter parts{registry, "parts_total", "Parts.", flowviz::Label<LotType>{"part_id"}};

#ifdef MUST_NOT_COMPILE_le
  // expect: the labels le, quantile, job and instance are set by the format or by Prometheus
  flowviz::Counter wrong{registry, "lots_total", "Lots.", flowviz::Label<LotType>{"le"}};
#endif

#ifdef MUST_NOT_COMPILE_quantile
  // expect: the labels le, quantile, job and instance are set by the format or by Prometheus
  flowviz::Counter wrong{registry, "lots_total", "Lots.", flowviz::OpenLabel{"quantile", 5}};
#endif

#ifdef MUST_NOT_COMPILE_job
  // expect: the labels le, quantile, job and instance are set by the format or by Prometheus
  flowviz::Registry wrong{{{"job", "wms"}}};
#endif

#ifdef MUST_NOT_COMPILE_instance
  // expect: the labels le, quantile, job and instance are set by the format or by Prometheus
  flowviz::Counter wrong{registry, "lots_total", "Lots.", flowviz::OpenLabel{"instance", 5, flowviz::allow_id_like}};
#endif

#ifdef MUST_NOT_COMPILE_two_underscores
  // expect: label names that start with __ belong to Prometheus
  flowviz::Counter wrong{registry, "lots_total", "Lots.", flowviz::Label<LotType>{"__lot_type"}};
#endif

#ifdef MUST_NOT_COMPILE_upper_case
  // expect: a name starts with a lower-case letter
  flowviz::Counter wrong{registry, "lots_total", "Lots.", flowviz::Label<LotType>{"LotType"}};
#endif

#ifdef MUST_NOT_COMPILE_camel_case
  // expect: a name is lower-case snake_case: a-z, 0-9 and _ only
  flowviz::Counter wrong{registry, "lots_total", "Lots.", flowviz::Label<LotType>{"lotType"}};
#endif

#ifdef MUST_NOT_COMPILE_empty
  // expect: a name is not empty
  flowviz::Counter wrong{registry, "hits_total", "Hits.", flowviz::OpenLabel{"", 100}};
#endif
}
