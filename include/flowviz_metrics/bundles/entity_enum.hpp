// SPDX-License-Identifier: MIT
#pragma once
/// \file
/// Enums that belong to an entity of the domain: the states of a production run, the fields of a lot. The type alone says
/// which entity is meant, so a state of one cannot be counted for another.

#include <algorithm>
#include <concepts>
#include <cstdint>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include <flowviz_metrics/error.hpp>
#include <flowviz_metrics/label_domain.hpp>

FLOWVIZ_METRICS_BEGIN
namespace bundles {

/// An enum whose namespace declares the label text of the entity that it belongs to:
///
///     enum class RunState { planned, running, completed, aborted };
///     constexpr std::string_view entity_text(RunState) { return "production_run"; }
template <class E>
concept EntityEnum = std::is_enum_v<E> && requires(E value) {
  { entity_text(value) } -> std::convertible_to<std::string_view>;
};

template <EntityEnum E>
[[nodiscard]] constexpr std::string_view entity_of() {
  return entity_text(E{});
}

/// The label text of a value, `_other` for one that is no enumerator.
template <EntityEnum E>
[[nodiscard]] constexpr std::string_view value_text(E value) {
  const std::uint32_t number = enums::number(value);
  return number == 0 ? other_text : enums::text(enums::all<E>[number - 1]);
}

/// What a label of these entities pins, so that metrics of other entities are other metrics, and not registered as the same.
template <EntityEnum... E>
[[nodiscard]] std::vector<std::string> entity_names() {
  std::vector<std::string> names{std::string(entity_of<E>())...};
  std::sort(names.begin(), names.end());
  if (std::adjacent_find(names.begin(), names.end()) != names.end())
    fail("two of a bundle's enums have one entity_text");
  return names;
}

/// Calls `visit` with each enumerator.
template <EntityEnum E, class Visit>
constexpr void each_value(Visit visit) {
  for (const auto& enumerator : enums::all<E>) visit(enumerator.value);
}

}  // namespace bundles
FLOWVIZ_METRICS_END
