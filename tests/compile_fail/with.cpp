// SPDX-License-Identifier: MIT
// with() takes one value for each label, of the label's own type.
#include <string>

#include <flowviz_metrics/counter.hpp>
#include <flowviz_metrics/http.hpp>

enum class LotType { raw, finished };
enum class Direction { forward, backward };

void count(const flowviz::Counter<LotType, flowviz::Text>& lots, const flowviz::Counter<bool>& late,
           const flowviz::Counter<>& jobs, const std::string& text) {
  lots.with(LotType::raw, "/a").inc();
  lots.with(LotType::raw, text).inc();
  late.with(true).inc();
  jobs.inc();

#ifdef MUST_NOT_COMPILE_another_enum
  // expect: a value is of its label's own type: an enumerator, a bool, or a text
  // expect: Direction
  // expect: LotType
  lots.with(Direction::forward, "/a").inc();
#endif

#ifdef MUST_NOT_COMPILE_text_for_an_enum
  // expect: a value is of its label's own type: an enumerator, a bool, or a text
  // expect: LotType
  lots.with("raw", "/a").inc();
#endif

#ifdef MUST_NOT_COMPILE_number_for_an_enum
  // expect: LotType
  lots.with(0, "/a").inc();
#endif

#ifdef MUST_NOT_COMPILE_enum_for_a_text
  // expect: a value is of its label's own type: an enumerator, a bool, or a text
  // expect: LotType
  lots.with(LotType::raw, LotType::raw).inc();
#endif

#ifdef MUST_NOT_COMPILE_too_few
  // expect: with(...) and remove(...) take one value for each label, in the order of the definition
  lots.with(LotType::raw).inc();
#endif

#ifdef MUST_NOT_COMPILE_too_many
  // expect: with(...) and remove(...) take one value for each label, in the order of the definition
  lots.with(LotType::raw, "/a", true).inc();
#endif

#ifdef MUST_NOT_COMPILE_no_labels
  // expect: with
  // expect: this metric has no labels: leave with(...) out
  jobs.with().inc();
#endif

#ifdef MUST_NOT_COMPILE_remove_without_labels
  // expect: this metric has no labels: it is on every page
  jobs.remove();
#endif

#ifdef MUST_NOT_COMPILE_remove_too_few
  // expect: with(...) and remove(...) take one value for each label, in the order of the definition
  lots.remove(LotType::raw);
#endif

#ifdef MUST_NOT_COMPILE_remove_another_enum
  // expect: a value is of its label's own type: an enumerator, a bool, or a text
  // expect: Direction
  // expect: LotType
  lots.remove(Direction::forward, "/a");
#endif

#ifdef MUST_NOT_COMPILE_text_for_a_bool
  // expect: bool
  late.with("yes").inc();
#endif

#ifdef MUST_NOT_COMPILE_number_for_a_bool
  // expect: bool
  late.with(2).inc();
#endif
}
