// SPDX-License-Identifier: MIT
#pragma once

// The enums that the tests use as labels, declared as a program would declare its own.

#include <string_view>

#include <flowviz_metrics/enum_text.hpp>

namespace sample {

enum class LotType { raw, intermediate, finished };
enum class Direction { forward, backward };
enum Colour { red, green, blue };

/// Its enumerators have texts of their own.
enum class Grade { a, b };
constexpr std::string_view label_text(Grade grade) { return grade == Grade::a ? "grade A" : "grade \"B\""; }

/// So have those of an enum inside a class.
struct Cabinet {
  enum class Door { open, shut };
  friend constexpr const char* label_text(Door door) { return door == Door::open ? "open!" : "shut!"; }
};

/// Its enumerators are outside of the range that is looked through.
enum class Code { ok = 200, teapot = 418, last = 600 };

}  // namespace sample

template <>
struct flowviz::enum_range<sample::Code> {
  static constexpr int min = 200, max = 600;
};
