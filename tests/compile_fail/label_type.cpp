// SPDX-License-Identifier: MIT
// A closed label is over an enum with enumerators, or over bool.
#include <string>

#include <flowviz_metrics/counter.hpp>

enum class LotType { raw, finished };
enum class Empty {};
enum class Declared : int;
enum class FarAway { first = 1000 };
enum class Code { first = 1000 };
template <>
struct flowviz::enum_range<Code> {
  static constexpr int min = 1000, max = 1001;
};

/// The texts of its values are gone when label_text returns.
enum class Gone { a };
std::string label_text(Gone) { return "a text that is too long to lie in the string itself"; }

/// The texts of its values live as long as the program.
enum class Grade { a, b };
constexpr const char* label_text(Grade grade) { return grade == Grade::a ? "A" : "B"; }

void define() {
  const flowviz::Label<LotType> lot_type{"lot_type"};
  const flowviz::Label<bool> late{"late"};
  const flowviz::Label<Code> code{"code"};
  const flowviz::Counter grades{"grades_total", "Grades.", flowviz::Label<Grade>{"grade"}};

#ifdef MUST_NOT_COMPILE_no_enumerator
  // expect: the enum has no enumerator between -64 and 599: specialise flowviz::enum_range for it
  const flowviz::Label<Empty> wrong{"kind"};
#endif

#ifdef MUST_NOT_COMPILE_only_declared
  // expect: or define it before it becomes a label, if it is only declared here
  const flowviz::Label<Declared> wrong{"kind"};
#endif

#ifdef MUST_NOT_COMPILE_none_in_the_range
  // expect: the enum has no enumerator between -64 and 599: specialise flowviz::enum_range for it
  const flowviz::Label<FarAway> wrong{"kind"};
#endif

#ifdef MUST_NOT_COMPILE_text_that_does_not_live_on
  // expect: label_text returns a text that lives on
  const flowviz::Counter wrong{"gone_total", "Gone.", flowviz::Label<Gone>{"gone"}};
#endif

#ifdef MUST_NOT_COMPILE_number
  // expect: ClosedValue
  const flowviz::Label<int> wrong{"kind"};
#endif

#ifdef MUST_NOT_COMPILE_string
  // expect: LabelValue
  flowviz::Counter<std::string>* wrong = nullptr;
#endif

#ifdef MUST_NOT_COMPILE_closed_label_as_argument
  // expect: what with() takes: enums, bool, flowviz::Text
  flowviz::Counter<flowviz::Label<LotType>> wrong{"lots_total", "Lots.", lot_type};
#endif

#ifdef MUST_NOT_COMPILE_open_label_as_argument
  // expect: what with() takes: enums, bool, flowviz::Text
  flowviz::Counter<flowviz::OpenLabel> wrong{"lots_total", "Lots.", flowviz::OpenLabel{"client", 9}};
#endif
}
