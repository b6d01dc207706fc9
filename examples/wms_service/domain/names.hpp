// SPDX-License-Identifier: MIT
#pragma once
/// \file
/// What the domain's enums are called outside: in JSON and in the database. Each enum has a function `names` beside
/// it that lists its enumerators. (As label values they are called what the source calls them, which is the same.)

#include <array>
#include <cstddef>
#include <optional>
#include <string_view>
#include <type_traits>

namespace wms {

template <class E>
struct Name {
  E value;
  std::string_view text;
};

template <class E, std::size_t N>
using Names = std::array<Name<E>, N>;

/// The name of an enumerator.
template <class E>
  requires std::is_enum_v<E>
constexpr std::string_view text_of(E value) {
  for (const Name<E>& name : names(value)) {
    if (name.value == value) return name.text;
  }
  return {};
}

/// The enumerator with this name.
template <class E>
  requires std::is_enum_v<E>
constexpr std::optional<E> parse(std::string_view text) {
  for (const Name<E>& name : names(E{})) {
    if (name.text == text) return name.value;
  }
  return std::nullopt;
}

}  // namespace wms
