// SPDX-License-Identifier: MIT
// A name that is not known to the compiler goes through checked().
#include <string>

#include <flowviz_metrics/counter.hpp>
#include <flowviz_metrics/gauge.hpp>

void define(flowviz::Registry& registry, const std::string& name, const char* help) {
  flowviz::Counter requests{registry, flowviz::CounterName::checked(name), flowviz::HelpText::checked(help)};
  flowviz::Gauge lots{registry, flowviz::MetricName::checked(name), "Lots.",
                      flowviz::OpenLabel{flowviz::OpenLabelName::checked(name), 5}.pin({"a", "b", "c", "d", "e"})};

#ifdef MUST_NOT_COMPILE_name
  // expect: write CounterName::checked(text)
  flowviz::Counter wrong{registry, name, "Requests."};
#endif

#ifdef MUST_NOT_COMPILE_name_in_the_making
  // expect: write CounterName::checked(text)
  flowviz::Counter wrong{registry, name + "_total", "Requests.", flowviz::OpenLabel{"client", 5}};
#endif

#ifdef MUST_NOT_COMPILE_help
  // expect: write CounterName::checked(text)
  flowviz::Counter<> wrong{registry, "requests_total", help};
#endif

#ifdef MUST_NOT_COMPILE_name_of_a_label
  // expect: write CounterName::checked(text)
  const flowviz::OpenLabel wrong{name, 5, flowviz::allow_id_like};
#endif

#ifdef MUST_NOT_COMPILE_array
  // expect: constant expression
  const char text[] = {name[0], '\0'};
  flowviz::Counter<> wrong{registry, text, "Requests."};
#endif
}
