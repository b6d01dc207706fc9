// SPDX-License-Identifier: MIT
#pragma once
/// \file
/// Labels, and the way back from the text of a label's value. What metrics need of them is in label_domain.hpp, for <optional> and
/// what it brings is a part of what a file with one counter costs to compile.

#include <optional>
#include <string_view>

#include <flowviz_metrics/enum_text.hpp>
#include <flowviz_metrics/label_domain.hpp>

FLOWVIZ_METRICS_BEGIN

/// The enumerator whose label text is `text`, if there is one.
template <ClosedValue E>
[[nodiscard]] constexpr std::optional<E> label_value(std::string_view text) {
  for (const auto& enumerator : enums::all<E>) {
    if (enums::text(enumerator) == text) return enumerator.value;
  }
  return std::nullopt;
}

FLOWVIZ_METRICS_END
