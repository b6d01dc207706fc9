// SPDX-License-Identifier: MIT
#pragma once
/// \file
/// Input that was refused, by the field that was wrong: its name, never its value and never a message.

#include <concepts>
#include <cstdint>
#include <string_view>

#include <flowviz_metrics/bundles/entity_enum.hpp>
#include <flowviz_metrics/counter.hpp>
#include <flowviz_metrics/label.hpp>

FLOWVIZ_METRICS_BEGIN
namespace bundles {

/// `validation_failures_total{entity,field}`.
///
/// Each `Field` is the enum of one entity's fields, with an `entity_text` beside it (see EntityEnum). Every field is on the
/// page at 0 from the start, and so is `_other`, which names are that a client made up. One series for every field, and one for every
/// entity.
///
/// Thread-safe; two look-ups of texts, about 12 ns. By name, as many comparisons as the entity has fields, and some 80 ns for
/// one that it has not.
///
///     enum class LotField { lot_code, quantity_kg };
///     constexpr std::string_view entity_text(LotField) { return "lot"; }
///
///     flowviz::bundles::Validation<LotField> validation{registry};
///     validation.failed(LotField::quantity_kg);
///     validation.failed<LotField>(name_in_the_request);
template <EntityEnum... Field>
  requires(sizeof...(Field) > 0)
struct Validation {
  Counter<Text, Text> failures;

  explicit Validation(Registry& registry)
      : failures{registry,
                 "validation_failures_total",
                 "Fields of requests that were refused.",
                 MaxSeries{(sizeof...(Field) + 1) * (fields + 1)},
                 OpenLabel{"entity", sizeof...(Field)}.pin(entity_names<Field...>()),
                 OpenLabel{"field", fields}} {
    (each_value<Field>([&](Field field) { static_cast<void>(series(field)); }), ...);
    (static_cast<void>(failures.with(entity_of<Field>(), other_text)), ...);
  }

  template <class F>
    requires(std::same_as<F, Field> || ...)
  void failed(F field) const noexcept {
    series(field).inc();
  }

  /// By the field's name as a request has it.
  template <class F>
    requires(std::same_as<F, Field> || ...)
  void failed(std::string_view name) const noexcept {
    const auto field = label_value<F>(name);
    failures.with(entity_of<F>(), field ? value_text(*field) : other_text).inc();
  }

 private:
  static constexpr auto fields = static_cast<std::uint32_t>((enums::count<Field> + ...));

  template <class F>
  CounterSeries series(F field) const noexcept {
    return failures.with(entity_of<F>(), value_text(field));
  }
};

}  // namespace bundles
FLOWVIZ_METRICS_END
