// SPDX-License-Identifier: MIT
#pragma once
/// \file
/// What the labels of a definition have to be, as the data that they have come to.

#include <cstddef>
#include <cstdint>
#include <string>

#include <flowviz_metrics/cardinality.hpp>
#include <flowviz_metrics/encode/escape.hpp>
#include <flowviz_metrics/family/definition.hpp>

FLOWVIZ_METRICS_BEGIN
namespace rules {

inline constexpr std::size_t max_labels = 16;

// Templates, without a choice, so that only files with a registration compile them.

/// The rules of label number `i` of a definition.
template <class = void>
void label_of(const Definition& definition, std::size_t i) {
  const LabelDefinition& label = definition.labels[i];
  const auto broken = [&](const std::string& rule) {
    fail("'" + definition.name + "', label '" + label.name + "': " + rule);
  };
  for (std::size_t k = 0; k < i; ++k) {
    if (definition.labels[k].name == label.name) broken("a label name occurs once");
  }
  if (label.cap == 0) broken("the cap is at least 1");
  if (label.expires_after.count() < 0) broken("values expire after a time above zero");
  if (label.expires_after.count() > 0 && !label.open) broken("only an open label's values expire");
  if (label.values.size() > label.cap) broken("more values are pinned than the cap lets in");
  known_values(label.values, broken);
  if (is_collected(definition.kind)) {
    if (label.open && (!label.values.empty() || label.others != OtherGauge::refused)) {
      broken("a collector says what there is on each page: nothing is pinned, and nothing shown under _other");
    }
  } else if (is_set(definition.kind) && label.open && label.others == OtherGauge::refused &&
             label.values.size() != label.cap) {
    broken(
        "values that are set cannot be added up in '_other': pin every value, or say "
        ".others(flowviz::OtherGauge::last_set)");
  }
}

/// How many combinations the labels of a definition make, with `_other` among the values of each. Throws `Error` if one of them
/// breaks a rule, or there are too many.
template <class = void>
[[nodiscard]] std::uint32_t combinations(const Definition& definition) {
  if (definition.labels.size() > max_labels) fail("'" + definition.name + "': a metric has at most 16 labels");
  std::uint64_t combinations = 1;
  for (std::size_t i = 0; i < definition.labels.size(); ++i) {
    label_of(definition, i);
    combinations *= std::uint64_t{definition.labels[i].cap} + 1;
    if (combinations > definition.max_series) {
      fail("'" + definition.name + "': its labels make more than " + std::to_string(definition.max_series) +
           " combinations; lower a cap, or raise the bound with flowviz::MaxSeries");
    }
  }
  return static_cast<std::uint32_t>(combinations);
}

}  // namespace rules
FLOWVIZ_METRICS_END
