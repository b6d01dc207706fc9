// SPDX-License-Identifier: MIT
#pragma once
/// \file
/// The enumerators of an enum as label values: how many there are, the number of each, and its text.
///
/// There is no reflection in C++20, so the compiler is asked for the signature of a function template instantiated with
/// each value of a range: it prints the enumerator's name where there is one and a cast where there is none. The range
/// is -64 to 255, for each probed value costs compile time (1,024 of them a quarter of a second per enum).

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <string_view>
#include <type_traits>
#include <utility>

#include <flowviz_metrics/version.hpp>

FLOWVIZ_METRICS_BEGIN

/// The values among which enumerators are looked for. Specialise it for an enum with values outside, or to compile
/// faster:
///
///     template <> struct flowviz::enum_range<Code> { static constexpr int min = 0, max = 600; };
template <class E>
struct enum_range {
  static constexpr int min = -64;
  static constexpr int max = 255;
};

namespace enums {

template <auto Value>
constexpr std::string_view signature() noexcept {
  return __PRETTY_FUNCTION__;
}

/// The name of the enumerator with this value, or an empty text.
template <auto Value>
constexpr std::string_view name() noexcept {
  std::string_view text = signature<Value>();
  text.remove_prefix(text.find("Value = ") + std::string_view("Value = ").size());
  text = text.substr(0, text.find_first_of(";]"));
  // An enumerator reads `raw`, `LotType::raw` or `(anonymous namespace)::LotType::raw`; anything else is a cast such as
  // `(LotType)5`, whose last part holds the closing parenthesis, or a bare number.
  const std::string_view last = text.substr(text.rfind(':') + 1);
  const bool is_name = !last.empty() && last.find(')') == std::string_view::npos && last.front() != '-' &&
                       !(last.front() >= '0' && last.front() <= '9');
  return is_name ? last : std::string_view{};
}

template <class E>
struct Enumerator {
  E value;
  std::string_view name;
};

/// The value of E with this number. A cast would do for enums with a fixed underlying type, but is refused for the others
/// when no enumerator reaches that far.
template <class E>
constexpr E at(int number) noexcept {
  return std::bit_cast<E>(static_cast<std::underlying_type_t<E>>(number));
}

template <class E, int Min, std::size_t... I>
constexpr auto probe(std::index_sequence<I...>) {
  constexpr std::array<std::string_view, sizeof...(I)> names{name<at<E>(Min + static_cast<int>(I))>()...};
  constexpr std::size_t count = [&] {
    std::size_t n = 0;
    for (const auto& text : names) n += text.empty() ? 0u : 1u;
    return n;
  }();
  std::array<Enumerator<E>, count> found{};
  std::size_t n = 0;
  for (std::size_t i = 0; i < names.size(); ++i) {
    if (!names[i].empty()) found[n++] = {at<E>(Min + static_cast<int>(i)), names[i]};
  }
  return found;
}

template <class E>
constexpr auto find_all() {
  if constexpr (std::is_same_v<E, bool>) {
    return std::array<Enumerator<bool>, 2>{{{false, "false"}, {true, "true"}}};
  } else {
    // The range asked for, as far as the underlying type reaches.
    using Reach = std::numeric_limits<std::underlying_type_t<E>>;
    constexpr auto low = static_cast<long long>(Reach::min());
    constexpr auto high = static_cast<unsigned long long>(Reach::max());
    constexpr int min = enum_range<E>::min < low ? static_cast<int>(low) : enum_range<E>::min;
    constexpr int max = enum_range<E>::max > 0 && static_cast<unsigned long long>(enum_range<E>::max) > high
                            ? static_cast<int>(high)
                            : enum_range<E>::max;
    return probe<E, min>(std::make_index_sequence<static_cast<std::size_t>(max - min + 1)>{});
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

}  // namespace enums
FLOWVIZ_METRICS_END
