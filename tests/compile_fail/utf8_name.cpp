// SPDX-License-Identifier: MIT
// A name beyond the classic alphabet is asked for by its type, and keeps what formats say of endings and of labels.
#include <flowviz_metrics/counter.hpp>
#include <flowviz_metrics/gauge.hpp>

using flowviz::Utf8Name;

flowviz::Registry registry{{{Utf8Name{"service.name"}, "wms"}}};
flowviz::Counter requests{registry, Utf8Name{"http.requests_total"}, "Requests.",
                          flowviz::OpenLabel{Utf8Name{"http.route"}, 5}};

#ifdef MUST_NOT_COMPILE_1
// start-up: clang < 19
// expect: a name is lower-case snake_case
flowviz::Gauge level{registry, "http.level", "Level."};
#endif

#ifdef MUST_NOT_COMPILE_2
// start-up: clang < 19
// expect: a name is UTF-8
flowviz::Gauge level{registry, Utf8Name{"a.\xff"}, "Level."};
#endif

#ifdef MUST_NOT_COMPILE_3
// start-up: clang < 19
// expect: a name has no control characters
flowviz::Gauge level{registry, Utf8Name{"a.\n"}, "Level."};
#endif

#ifdef MUST_NOT_COMPILE_4
// start-up: clang < 19
// expect: a counter's name ends in _total
flowviz::Counter<> lots{registry, Utf8Name{"http.lots"}, "Lots."};
#endif

#ifdef MUST_NOT_COMPILE_5
// start-up: clang < 19
// expect: only a counter's name ends in _total
flowviz::Gauge<> lots{registry, Utf8Name{"http.lots_total"}, "Lots."};
#endif

#ifdef MUST_NOT_COMPILE_6
// start-up: clang < 19
// expect: the name of a label starts with a letter of a to z
flowviz::Counter<flowviz::Text> lots{registry, "lots_total", "Lots.", flowviz::OpenLabel{Utf8Name{"_http.route"}, 5}};
#endif

#ifdef MUST_NOT_COMPILE_7
// start-up: clang < 19
// expect: a label that reads like an identifier has no finite domain
flowviz::Counter<flowviz::Text> lots{registry, "lots_total", "Lots.", flowviz::OpenLabel{Utf8Name{"user.id"}, 5}};
#endif
