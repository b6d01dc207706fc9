// SPDX-License-Identifier: MIT
// An open label that reads like an identifier is refused, unless the program says that it is finite.
#include <flowviz_metrics/label.hpp>

void define() {
  const flowviz::OpenLabel handler{"handler", 100};
  const flowviz::OpenLabel user{"user_id", 10, flowviz::allow_id_like};
  const flowviz::OpenLabel path{"path", 10, flowviz::allow_id_like};

#ifdef MUST_NOT_COMPILE_1
  // expect: a label that reads like an identifier has no finite domain
  // expect: say flowviz::allow_id_like
  const flowviz::OpenLabel wrong{"user_id", 10};
#endif

#ifdef MUST_NOT_COMPILE_2
  // expect: a label that reads like an identifier has no finite domain
  const flowviz::OpenLabel wrong{"path", 10};
#endif
}
