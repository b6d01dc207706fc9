// SPDX-License-Identifier: MIT
// The names of all metrics: shape, endings, types and units.
#include <flowviz_metrics/gauge.hpp>
#include <flowviz_metrics/histogram.hpp>
#include <flowviz_metrics/up_down_counter.hpp>

void define(flowviz::Registry& registry) {
  flowviz::Gauge operators{registry, "active_operators", "Operators."};
  flowviz::Histogram wait{registry, "wait_seconds", "Wait.", flowviz::Buckets{1}};
  flowviz::UpDownCounter busy{registry, "requests_inprogress", "Busy."};

#ifdef MUST_NOT_COMPILE_total
  // expect: only a counter's name ends in _total
  flowviz::Gauge wrong{registry, "active_operators_total", "Operators."};
#endif

#ifdef MUST_NOT_COMPILE_total_of_a_histogram
  // expect: only a counter's name ends in _total
  flowviz::Histogram wrong{registry, "wait_seconds_total", "Wait.", flowviz::Buckets{1}};
#endif

#ifdef MUST_NOT_COMPILE_total_of_an_up_down_counter
  // expect: only a counter's name ends in _total
  flowviz::UpDownCounter wrong{registry, "requests_inprogress_total", "Busy."};
#endif

#ifdef MUST_NOT_COMPILE_info
  // expect: only the name of an Info ends in _info
  flowviz::Gauge wrong{registry, "operator_info", "Operators."};
#endif

#ifdef MUST_NOT_COMPILE_bucket
  // expect: the endings _bucket, _count, _sum and _created belong to the exposition format
  flowviz::Gauge wrong{registry, "wait_bucket", "Wait."};
#endif

#ifdef MUST_NOT_COMPILE_count
  // expect: the endings _bucket, _count, _sum and _created belong to the exposition format
  flowviz::Gauge wrong{registry, "wait_count", "Wait."};
#endif

#ifdef MUST_NOT_COMPILE_sum
  // expect: the endings _bucket, _count, _sum and _created belong to the exposition format
  flowviz::Gauge wrong{registry, "wait_sum", "Wait."};
#endif

#ifdef MUST_NOT_COMPILE_created
  // expect: the endings _bucket, _count, _sum and _created belong to the exposition format
  flowviz::Gauge wrong{registry, "wait_created", "Wait."};
#endif

#ifdef MUST_NOT_COMPILE_type
  // expect: a metric's type is not part of its name
  flowviz::Gauge wrong{registry, "operators_gauge", "Operators."};
#endif

#ifdef MUST_NOT_COMPILE_milliseconds
  // expect: values are in base units: _seconds, _bytes, _ratio, never _ms, _kb or _percent
  flowviz::Histogram wrong{registry, "wait_ms", "Wait.", flowviz::Buckets{1}};
#endif

#ifdef MUST_NOT_COMPILE_kilobytes
  // expect: values are in base units: _seconds, _bytes, _ratio, never _ms, _kb or _percent
  flowviz::Gauge wrong{registry, "cache_kb_used", "Cache."};
#endif

#ifdef MUST_NOT_COMPILE_upper_case
  // expect: a name is lower-case snake_case: a-z, 0-9 and _ only
  flowviz::Gauge wrong{registry, "activeOperators", "Operators."};
#endif

#ifdef MUST_NOT_COMPILE_colon
  // expect: a name is lower-case snake_case: a-z, 0-9 and _ only
  flowviz::Gauge wrong{registry, "wms:operators", "Operators."};
#endif

#ifdef MUST_NOT_COMPILE_leading_digit
  // expect: a name starts with a lower-case letter
  flowviz::Gauge wrong{registry, "2nd_operators", "Operators."};
#endif

#ifdef MUST_NOT_COMPILE_leading_underscore
  // expect: a name starts with a lower-case letter
  flowviz::Gauge wrong{registry, "_operators", "Operators."};
#endif

#ifdef MUST_NOT_COMPILE_double_underscore
  // expect: a name has no empty word: no _ at its end and no __ inside
  flowviz::Gauge wrong{registry, "active__operators", "Operators."};
#endif

#ifdef MUST_NOT_COMPILE_last_underscore
  // expect: a name has no empty word: no _ at its end and no __ inside
  flowviz::Gauge wrong{registry, "active_operators_", "Operators."};
#endif

#ifdef MUST_NOT_COMPILE_empty
  // expect: a name is not empty
  flowviz::Gauge wrong{registry, "", "Operators."};
#endif

#ifdef MUST_NOT_COMPILE_empty_help
  // expect: a help text is not empty
  flowviz::Gauge wrong{registry, "active_operators", ""};
#endif

#ifdef MUST_NOT_COMPILE_help_of_lines
  // expect: a help text is UTF-8 without carriage returns
  flowviz::Gauge wrong{registry, "active_operators", "Operators\r\non duty."};
#endif
}
