// SPDX-License-Identifier: MIT
// A legacy name breaks the rules of naming, not those of the formats; and a label has no legacy.
#include <flowviz_metrics/flowviz_metrics.hpp>

flowviz::Counter count{flowviz::LegacyName{"RequestCount"}, "Requests."};

#ifdef MUST_NOT_COMPILE_character
// expect: a name is of a-z, A-Z, 0-9, _ and : only
// start-up: clang < 19
flowviz::Counter bad{flowviz::LegacyName{"Request-Count"}, "Requests."};
#endif

#ifdef MUST_NOT_COMPILE_start
// expect: a name starts with a letter, _ or :
// start-up: clang < 19
flowviz::Gauge bad{flowviz::LegacyName{"1st"}, "First."};
#endif

#ifdef MUST_NOT_COMPILE_label
// expect: LegacyName
flowviz::OpenLabel bad{flowviz::LegacyName{"Handler"}, 10};
#endif
