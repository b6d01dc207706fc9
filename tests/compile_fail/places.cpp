// SPDX-License-Identifier: MIT
// The rules hold wherever a metric is declared. Compilers that do not evaluate consteval constructors there refuse it when
// the program starts, with the same words.
#include <flowviz_metrics/counter.hpp>
#include <flowviz_metrics/gauge.hpp>

flowviz::Counter requests{"http_requests_total", "Requests."};
const flowviz::Gauge lots{"lots", "Lots.", flowviz::OpenLabel{"page", 1}.pin({"/a"})};

struct Shared {
  static inline flowviz::Counter<> requests{"shared_requests_total", "Requests."};
};

struct Member {
  flowviz::Counter<> requests{"member_requests_total", "Requests."};
};
Member member;

#ifdef MUST_NOT_COMPILE_namespace_scope
// expect: a counter's name ends in _total
// start-up: clang < 15
flowviz::Counter wrong{"http_requests", "Requests."};
#endif

#ifdef MUST_NOT_COMPILE_unnamed_namespace
// expect: values are in base units: _seconds, _bytes, _ratio, never _ms, _kb or _percent
// start-up: clang < 15
namespace {
const flowviz::Gauge wrong{"wait_ms", "Wait."};
}
#endif

#ifdef MUST_NOT_COMPILE_label_at_namespace_scope
// expect: a label that reads like an identifier has no finite domain
// start-up: clang < 15
flowviz::Counter wrong{"hits_total", "Hits.", flowviz::OpenLabel{"user_id", 10}};
#endif

#ifdef MUST_NOT_COMPILE_help_at_namespace_scope
// expect: a help text is not empty
// start-up: clang < 15
flowviz::Counter wrong{"hits_total", ""};
#endif

#ifdef MUST_NOT_COMPILE_static_inline_member
// expect: a counter's name ends in _total
// start-up: clang < 15
struct Wrong {
  static inline flowviz::Counter<> requests{"http_requests", "Requests."};
};
#endif

#ifdef MUST_NOT_COMPILE_default_member_initialiser
// expect: a counter's name ends in _total
// start-up: clang < 15
struct Wrong {
  flowviz::Counter<> requests{"http_requests", "Requests."};
};
Wrong wrong;
#endif

#ifdef MUST_NOT_COMPILE_constructor
// expect: a counter's name ends in _total
struct Wrong {
  flowviz::Counter<> requests;
  Wrong() : requests{"http_requests", "Requests."} {}
};
#endif

#ifdef MUST_NOT_COMPILE_function
// expect: a counter's name ends in _total
void count() { static const flowviz::Counter wrong{"http_requests", "Requests."}; }
#endif
