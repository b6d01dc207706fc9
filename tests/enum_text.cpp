// SPDX-License-Identifier: MIT
#include <flowviz_metrics/enum_text.hpp>

#include <doctest/doctest.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "sample_enums.hpp"

namespace enums = flowviz::enums;
using sample::Colour;
using sample::LotType;

namespace {

enum class Hidden { one, two };

/// The names of all enumerators, in their order.
template <class E>
std::string names() {
  std::string text;
  for (const auto& enumerator : enums::all<E>) text += std::string(enumerator.name) + " ";
  return text;
}

struct Machine {
  enum class State { idle, running };
};

template <class T>
std::string names_of_a_local_enum() {
  enum class Local : T { first, second };
  return names<Local>();
}

}  // namespace

TEST_CASE("an enum's enumerators are known to the compiler, in the order of their values") {
  static_assert(enums::count<LotType> == 3);
  static_assert(enums::all<LotType>[0].value == LotType::raw);
  CHECK(names<LotType>() == "raw intermediate finished ");
  enum class Shuffled { b = 2, a = 1, c = 3 };
  CHECK(names<Shuffled>() == "a b c ");
}

TEST_CASE("enumerators are found wherever the enum is declared") {
  enum class Local { x, y };
  CHECK(names<Hidden>() == "one two ");
  CHECK(names<Local>() == "x y ");
  CHECK(names<Machine::State>() == "idle running ");
  CHECK(names_of_a_local_enum<int>() == "first second ");
}

TEST_CASE("enumerators are found whatever the underlying type is") {
  enum class Narrow : std::int8_t { low = -128, minus = -1, zero, high = 127 };
  enum class Byte : std::uint8_t { zero, high = 255 };
  enum class Wide : std::uint64_t { zero, high = 255 };
  enum class Letter : char { a = 'a', z = 'z' };
  CHECK(names<Narrow>() == "minus zero high ");  // the range begins at -64
  CHECK(names<Byte>() == "zero high ");
  CHECK(names<Wide>() == "zero high ");
  CHECK(names<Letter>() == "a z ");
}

TEST_CASE("an enum over bool has two enumerators") {
  enum class Switch : bool { off, on };
  CHECK(names<Switch>() == "off on ");
}

TEST_CASE("an enum without an underlying type is as good as any other") {
  CHECK(names<Colour>() == "red green blue ");
  CHECK(enums::number(sample::blue) == 3);
}

TEST_CASE("enumerators of one value are one, under the first name") {
  enum class Alias { a = 1, also_a = 1, b = 2 };
  static_assert(enums::count<Alias> == 2);
  CHECK(names<Alias>() == "a b ");
}

TEST_CASE("names with digits and underscores are whole") {
  enum class Odd { _leading, s2xx, x_1_y, Upper };
  CHECK(names<Odd>() == "_leading s2xx x_1_y Upper ");
}

TEST_CASE("enumerators are looked for between -64 and 599") {
  enum class Edges { below = -65, lowest = -64, highest = 599, above = 600 };
  CHECK(names<Edges>() == "lowest highest ");
}

TEST_CASE("names are found that are as long as the casts of values without one") {
  enum class Cast { a = 5, bb = 17, mm = -7, ccc = 130, nnn = -42, ddd = 599 };
  CHECK(names<Cast>() == "nnn mm a bb ccc ddd ");
  enum class All { a, b, c, d, e, f, g, h, i, j };
  CHECK(names<All>() == "a b c d e f g h i j ");
}

TEST_CASE("an enum_range says where else enumerators are") { CHECK(names<sample::Code>() == "ok teapot last "); }

TEST_CASE("an enum without enumerators in the range has none") {
  enum class Empty {};
  enum class FarAway { x = 100'000 };
  static_assert(enums::count<Empty> == 0);
  static_assert(enums::count<FarAway> == 0);
  CHECK(enums::number(FarAway::x) == 0);
}

TEST_CASE("false and true are the values of a bool") {
  static_assert(enums::count<bool> == 2);
  CHECK(names<bool>() == "false true ");
  CHECK(enums::number(false) == 1);
  CHECK(enums::number(true) == 2);
}

TEST_CASE("an enumerator's number counts from 1, and whatever is none has number 0") {
  enum class Dense { a = -1, b, c };
  enum class Gaps { a = -1, b = 5, c = 100 };
  enum class Large : std::uint64_t { a = 3, b = 4 };
  static_assert(enums::contiguous<Dense> && !enums::contiguous<Gaps> && enums::contiguous<Large>);
  static_assert(enums::number(Dense::c) == 3);
  struct {
    std::int64_t value;
    std::uint32_t dense, gaps, large;
  } const table[] = {{-2, 0, 0, 0},  {-1, 1, 1, 0},  {0, 2, 0, 0},          {1, 3, 0, 0},
                     {2, 0, 0, 0},   {3, 0, 0, 1},   {4, 0, 0, 2},          {5, 0, 2, 0},
                     {100, 0, 3, 0}, {101, 0, 0, 0}, {2147483647, 0, 0, 0}, {-2147483647, 0, 0, 0}};
  for (const auto& row : table) {
    CAPTURE(row.value);
    CHECK(enums::number(static_cast<Dense>(row.value)) == row.dense);
    CHECK(enums::number(static_cast<Gaps>(row.value)) == row.gaps);
    CHECK(enums::number(static_cast<Large>(row.value)) == row.large);
  }
}

TEST_CASE("a label_text beside the enum gives the texts, without one they are the names") {
  std::vector<std::string> texts;
  for (const auto& enumerator : enums::all<sample::Grade>) texts.emplace_back(enums::text(enumerator));
  CHECK(texts == std::vector<std::string>{"grade A", "grade \"B\""});
  CHECK(enums::text(enums::all<LotType>[1]) == "intermediate");
  CHECK(enums::text(enums::all<sample::Cabinet::Door>[0]) == "open!");
}

namespace {

template <class T>
struct Pool {
  enum class State { idle, busy = 5 };
};
template <class T, class U>
struct Pair {
  enum class Side : unsigned char { left, right = 255 };
};
enum Plain { first = 1, second };
enum Signed { minus = -3, plus = 2 };

}  // namespace

TEST_CASE("enumerators are found in enums of class templates, whatever their arguments look like") {
  static_assert(flowviz::enums::count<Pool<int>::State> == 2);
  static_assert(flowviz::enums::count<Pool<int[3]>::State> == 2);
  using Side = Pair<int[3], Pool<Pool<char>>>::Side;
  static_assert(flowviz::enums::count<Side> == 2);
  CHECK(flowviz::enums::all<Side>[1].name == "right");
}

TEST_CASE("enumerators are found in enums without a fixed underlying type") {
  static_assert(flowviz::enums::count<Plain> == 2 && flowviz::enums::count<Signed> == 2);
  CHECK(flowviz::enums::all<Plain>[1].name == "second");
  CHECK(flowviz::enums::all<Signed>[0].name == "minus");
}
