// SPDX-License-Identifier: MIT
#pragma once
/// \file
/// The enumerators of an enum as label values: how many there are, the number of each, and its text.
///
/// There is no reflection in C++20, so the compiler is asked for the signature of a function template instantiated with
/// the values of a range: it prints the enumerator's name where there is one and a cast where there is none. The range
/// is -64 to 599, which takes in the status codes of HTTP and costs 10 to 40 milliseconds of compile time per enum.

#include <array>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <string_view>
#include <type_traits>
#include <utility>

#include <flowviz_metrics/version.hpp>

FLOWVIZ_METRICS_BEGIN

/// The values among which enumerators are looked for; those outside are counted under `_other`, as if they had no
/// name. Specialise it for an enum with values outside:
///
///     template <> struct flowviz::enum_range<Code> { static constexpr int min = 1000, max = 1100; };
template <class E>
struct enum_range {
  static constexpr int min = -64;
  static constexpr int max = 599;
};

namespace enums {

// clang 16 to 19 warn of a value beyond an enum's range, by default with an error, where others just say that there is
// no such constant.
#if defined(__clang__) && defined(__has_warning)
#if __has_warning("-Wenum-constexpr-conversion")
#pragma clang diagnostic push
#pragma clang diagnostic ignored "-Wenum-constexpr-conversion"
#define FLOWVIZ_METRICS_POP_DIAGNOSTIC
#endif
#endif

template <auto... Values>
constexpr std::string_view signature() noexcept {
  return {__PRETTY_FUNCTION__, sizeof(__PRETTY_FUNCTION__) - 1};  // a length that nobody counts
}

/// The name in what a compiler prints for a value of an enum, or an empty text if that is no enumerator's: one reads `raw`,
/// `LotType::raw` or `(anonymous namespace)::LotType::raw`, anything else is a cast such as `(LotType)5`, whose last
/// part holds the closing parenthesis, or a bare number.
constexpr std::string_view name_in(std::string_view printed) noexcept {
  const std::string_view last = printed.substr(printed.rfind(':') + 1);
  const bool is_name = !last.empty() && last.find(')') == std::string_view::npos && last.front() != '-' &&
                       !(last.front() >= '0' && last.front() <= '9');
  return is_name ? last : std::string_view{};
}

/// Takes the first of the values off a signature's list, which ends with a bracket. Commas and brackets inside of the
/// names of templates do not separate.
constexpr std::string_view take_value(std::string_view& list) noexcept {
  int depth = 0;
  std::size_t end = 0;
  for (; end < list.size(); ++end) {
    const char c = list[end];
    if (c == '<' || c == '(' || c == '[' || c == '{') ++depth;
    if ((c == '>' || c == ')' || c == ']' || c == '}') && depth-- == 0) break;
    if (c == ',' && depth == 0) break;
  }
  const std::string_view value = list.substr(0, end);
  list.remove_prefix(end < list.size() ? end + 1 : end);
  while (list.starts_with(' ')) list.remove_prefix(1);
  return value;
}

template <class E>
struct Enumerator {
  E value;
  std::string_view name;
};

template <class E>
constexpr E at(int number) noexcept {
  return static_cast<E>(number);
}

// What a signature has around its list of values is the same for all lists.
inline constexpr std::size_t list_begin = signature<0>().find("Values = ") + std::string_view("Values = {").size();
inline constexpr std::size_t behind_list = signature<0>().size() - list_begin - 1;

template <auto... Values>
constexpr std::string_view printed() noexcept {
  const std::string_view all = signature<Values...>();
  return all.substr(list_begin, all.size() - list_begin - behind_list);
}

/// How long what is printed before the number of a value is that is no enumerator, such as `(LotType)`; 0 if Value is one.
template <auto Value>
constexpr std::size_t cast_size() noexcept {
  const std::string_view value = printed<Value>();
  return name_in(value).empty() ? value.rfind(')') + 1 : 0;
}

constexpr std::size_t digits_of(int value) noexcept {
  std::size_t digits = value < 0 ? 2 : 1;
  while ((value /= 10) != 0) ++digits;
  return digits;
}

/// Whether a list of values with as many digits each is one of casts alone. Nearly all are, and to read them letter by
/// letter would be most of what an enum costs to compile.
constexpr bool only_casts(std::string_view list, std::size_t count, std::size_t cast, std::size_t digits) noexcept {
  const std::size_t stride = cast + digits + 2;
  if (cast == 0 || list.size() + 2 != count * stride) return false;
  for (const char* value = list.data(); count > 0; value += stride, --count) {
    if (*value != '(' || value[cast - 1] != ')') return false;
  }
  return true;
}

template <class E, std::size_t Size>
struct Block {
  std::array<Enumerator<E>, Size> found{};
  std::size_t count = 0;
};

// The enumerators among the values from First on, which have as many digits each. Many values in one signature, for
// instantiations cost compile time.
template <class E, int First, int Max, std::size_t... I>
constexpr auto find_in_block(std::index_sequence<I...>) noexcept {
  constexpr std::string_view values = printed<at<E>(First + static_cast<int>(I))...>();
  if constexpr (only_casts(values, sizeof...(I), cast_size<at<E>(Max)>(), digits_of(First))) {
    return Block<E, 0>{};
  } else {
    Block<E, sizeof...(I)> block;
    std::string_view list = values;
    for (std::size_t i = 0; i < sizeof...(I); ++i) {
      const std::string_view name = name_in(take_value(list));
      if (!name.empty()) block.found[block.count++] = {at<E>(First + static_cast<int>(i)), name};
    }
    return block;
  }
}

/// The last value of the block that begins with `first`: as many digits as this one, and not many of them, for compilers
/// bound the steps that one constant takes to evaluate.
constexpr int end_of_block(int first, int max) noexcept {
  int last = first;
  while (last < max && last - first < 63 && digits_of(last + 1) == digits_of(first)) ++last;
  return last;
}

template <class E, int First, int Max>
inline constexpr auto block = find_in_block<E, First, Max>(
    std::make_index_sequence<static_cast<std::size_t>(end_of_block(First, Max) - First + 1)>{});

/// Where the blocks from Min to Max begin.
template <int Min, int Max>
constexpr auto block_starts() noexcept {
  constexpr std::size_t count = [] {
    std::size_t n = 0;
    for (int first = Min; first <= Max; first = end_of_block(first, Max) + 1) ++n;
    return n;
  }();
  std::array<int, count> starts{};
  int first = Min;
  for (int& start : starts) {
    start = first;
    first = end_of_block(first, Max) + 1;
  }
  return starts;
}

template <int Min, int Max>
inline constexpr auto starts = block_starts<Min, Max>();

template <class E, int Min, int Max, std::size_t... Nth>
constexpr auto probe(std::index_sequence<Nth...>) {
  std::array<Enumerator<E>, (block<E, starts<Min, Max>[Nth], Max>.count + ...)> found{};
  std::size_t n = 0;
  const auto append = [&](const auto& one) {
    for (std::size_t i = 0; i < one.count; ++i) found[n++] = one.found[i];
  };
  (append(block<E, starts<Min, Max>[Nth], Max>), ...);
  return found;
}

template <auto Value>
struct Constant {};
template <class E, int Value>
concept reaches = requires { Constant<static_cast<E>(Value)>{}; };

/// The least and the greatest value to look at: those asked for, as far as E has such values. One without a fixed underlying
/// type has those that fit into the bits of its enumerators, and clang refuses a cast of any other.
template <class E>
constexpr std::array<int, 2> range() noexcept {
  if constexpr (requires { E{0}; }) {
    using Reach = std::numeric_limits<std::underlying_type_t<E>>;
    constexpr auto low = static_cast<long long>(Reach::min());
    constexpr auto high = static_cast<unsigned long long>(Reach::max());
    const bool reaches_high = enum_range<E>::max < 0 || static_cast<unsigned long long>(enum_range<E>::max) <= high;
    return {enum_range<E>::min < low ? static_cast<int>(low) : enum_range<E>::min,
            reaches_high ? enum_range<E>::max : static_cast<int>(high)};
  } else {
    constexpr auto bits = []<int... Bit>(std::integer_sequence<int, Bit...>) {
      return std::array{(int{reaches<E, -(1 << Bit)>} + ...), (int{reaches<E, (2 << Bit) - 1>} + ...)};
    }(std::make_integer_sequence<int, 15>{});
    constexpr int low = bits[0] == 0 ? 0 : -(1 << (bits[0] - 1)), high = (1 << bits[1]) - 1;
    return {enum_range<E>::min < low ? low : enum_range<E>::min, enum_range<E>::max < high ? enum_range<E>::max : high};
  }
}

template <class E>
constexpr auto find_all() {
  if constexpr (std::is_same_v<E, bool>) {
    return std::array<Enumerator<bool>, 2>{{{false, "false"}, {true, "true"}}};
  } else {
    // Asking for any enumerator makes clang look at the definition of an enum that is a member of a class template.
    static_assert(!requires { E::flowviz_metrics_knows_no_such_enumerator; });
    constexpr int min = range<E>()[0], max = range<E>()[1];
    return probe<E, min, max>(std::make_index_sequence<starts<min, max>.size()>{});
  }
}

/// All enumerators of E in the order of their values.
template <class E>
inline constexpr auto all = find_all<E>();

/// How many there are.
template <class E>
inline constexpr std::size_t count = all<E>.size();

/// Whether they follow one another without a gap, as most enums do.
template <class E>
inline constexpr bool contiguous = [] {
  for (std::size_t i = 1; i < count<E>; ++i) {
    if (static_cast<std::int64_t>(all<E>[i].value) != static_cast<std::int64_t>(all<E>[i - 1].value) + 1) return false;
  }
  return true;
}();

/// The number of an enumerator, from 1 to count<E>, or 0 for a value that is none.
template <class E>
constexpr std::uint32_t number(E value) noexcept {
  if constexpr (count<E> == 0) {
    return 0;
  } else if constexpr (contiguous<E>) {
    // Unsigned arithmetic: a value below the first wraps and is refused by the same comparison.
    const auto n = static_cast<std::uint64_t>(value) - static_cast<std::uint64_t>(all<E>[0].value);
    return n < count<E> ? static_cast<std::uint32_t>(n) + 1 : 0;
  } else {
    for (std::size_t i = 0; i < count<E>; ++i) {
      if (all<E>[i].value == value) return static_cast<std::uint32_t>(i) + 1;
    }
    return 0;
  }
}

// label_text is looked for where the enum is declared (ADL); see label.hpp.
template <class E>
constexpr std::string_view text(const Enumerator<E>& enumerator) {
  if constexpr (requires { std::string_view(label_text(enumerator.value)); }) {
    using Text = decltype(label_text(enumerator.value));
    static_assert(std::is_same_v<Text, std::string_view> || std::is_convertible_v<Text, const char*> ||
                      std::is_lvalue_reference_v<Text>,
                  "label_text returns a text that lives on: a std::string_view or a const char*");
    return label_text(enumerator.value);
  } else {
    return enumerator.name;
  }
}

#if defined(FLOWVIZ_METRICS_POP_DIAGNOSTIC)
#pragma clang diagnostic pop
#undef FLOWVIZ_METRICS_POP_DIAGNOSTIC
#endif

}  // namespace enums
FLOWVIZ_METRICS_END
