// SPDX-License-Identifier: MIT
#pragma once
/// \file
/// From what a program declares, a name, a help text and typed labels, to a definition as data.

#include <concepts>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include <flowviz_metrics/family/definition.hpp>
#include <flowviz_metrics/label_domain.hpp>

FLOWVIZ_METRICS_BEGIN

/// What a metric is made of besides its name, help text and labels.
struct Traits {
  Kind kind = Kind::counter;
  std::span<const double> bounds;
  MetricOptions options;
  std::span<const std::string_view> states{};  ///< of a state set
  cells::NativeScale native{};                 ///< of a native histogram
};

template <class E>
LabelDefinition define_label(const Label<E>& label) {
  LabelDefinition definition;
  definition.name = label.name();
  definition.cap = static_cast<std::uint32_t>(enums::count<E>);
  for (const auto& enumerator : enums::all<E>) definition.values.emplace_back(enums::text(enumerator));
  return definition;
}
template <std::same_as<OpenLabel> L>  // a template, so that only files with such a label compile it
LabelDefinition define_label(const L& label) {
  return {std::string(label.name()), true, label.pinned(), label.cap(), label.others(), {}};
}
template <StrongText T>
LabelDefinition define_label(const TextLabel<T>& label) {
  return define_label(label.open());
}
template <class Of>
LabelDefinition define_label(const ExpiringLabel<Of>& label) {
  LabelDefinition definition = define_label(label.open());
  definition.expires_after = label.lifetime();
  return definition;
}

/// Whether a label's name is beyond the classic alphabet.
template <class D>
bool has_utf8_name(const D& label) noexcept {
  if constexpr (requires { label.open(); }) {
    return label.open().has_utf8_name();
  } else {
    return label.has_utf8_name();
  }
}

/// The definition of a metric with labels for these values.
template <LabelValue... L, auto Rule>
[[nodiscard]] Definition define(const Traits& traits, const Checked<Rule>& name, const HelpText& help,
                                const typename LabelTraits<L>::Definition&... labels) {
  Definition definition;
  definition.kind = traits.kind;
  definition.name = name.text();
  definition.legacy_name = name.style() == NameStyle::legacy;
  definition.utf8_name = name.style() == NameStyle::utf8;
  definition.help = help.text();
  for (const ConstantLabel& label : traits.options.constant_labels) {
    definition.constant_labels.push_back({std::string(label.name.text()), std::string(label.value)});
    definition.utf8_labels = definition.utf8_labels || label.name.utf8();
  }
  (definition.labels.push_back(define_label(labels)), ...);
  definition.utf8_labels = (definition.utf8_labels || ... || has_utf8_name(labels));
  definition.bounds = Bounds(traits.bounds.data(), traits.bounds.size());
  definition.native = traits.native;
  for (const std::string_view state : traits.states) definition.states.push_back(std::string(state));
  definition.max_series = traits.options.max_series.value;
  return definition;
}

/// The template argument that belongs to a label: what the deduction guides of the metrics use.
template <class E>
E& value_type_of(const Label<E>&);
Text& value_type_of(const OpenLabel&);
template <StrongText T>
T& value_type_of(const TextLabel<T>&);
template <class Of>
Expiring<Of>& value_type_of(const ExpiringLabel<Of>&);
template <class D>
using ValueType = std::remove_reference_t<decltype(value_type_of(std::declval<const D&>()))>;

/// In the place of labels, what is deduced for a metric that is given what none takes, so that a sentence says it, and not a list of
/// all that the compiler has tried. The guides that do so take anything, by `...`, and so are worse than any other.
enum class Misplaced : bool {};

template <class... Arguments>
void misdefined() noexcept {
  static_assert(
      sizeof...(Arguments) == ~std::size_t{0},
      "a metric is made of these, in this order: its Registry, which is not const, or is left out; its name; its help "
      "text; what it counts with, if it is a histogram (Buckets, NativeBuckets) or a state set (States); a MaxSeries "
      "or "
      "MetricOptions, if there are any; its labels, each a Label<Enum>, a Label<bool> or an OpenLabel");
}

FLOWVIZ_METRICS_END
