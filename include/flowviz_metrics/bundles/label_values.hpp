// SPDX-License-Identifier: MIT
#pragma once
/// \file
/// Labels of bundles whose values every service has of its own: targets, tasks, rules, routes, channels.
///
/// They are template parameters, and stand for what the angle brackets of a metric take. An enum is the first choice: a
/// wrong value does not compile, every series exists at 0 from the start, so that an alert sees its first increase, and a
/// look-up costs next to nothing. Where names come at run time, `flowviz::Text`, or a type of one's own with a member
/// `text`, makes the label an open one: capped, with pinned values that exist from the start. So one bundle serves both,
/// and neither is a text that any caller may invent without bound.

#include <cstdint>
#include <string>
#include <vector>

#include <flowviz_metrics/error.hpp>
#include <flowviz_metrics/label_domain.hpp>

FLOWVIZ_METRICS_BEGIN
namespace bundles {

/// What a bundle takes for a label of the service's own: an enum (or bool), `Text`, or a class with a member `text`.
template <class L>
concept OwnLabel = ClosedValue<L> || OpenValue<L>;

/// What can be said about the values of such a label: of an enum nothing, for the compiler knows them.
template <OwnLabel L>
struct LabelValues {};

/// Of texts, how many there can be, and which exist from the start.
template <OpenValue L>
struct LabelValues<L> {
  std::uint32_t cap = 50;             ///< with the pinned ones; what comes later is counted under `_other`
  std::vector<std::string> pinned{};  ///< never pushed out
};

/// The definition of a label for a counter or a histogram.
template <OwnLabel L>
[[nodiscard]] typename LabelTraits<L>::Definition own_label(OpenLabelName name, const LabelValues<L>& values) {
  if constexpr (is_closed<L>) {
    return Label<L>{name};
  } else if constexpr (StrongText<L>) {
    return OpenLabel{name, values.cap}.pin(values.pinned).template of<L>();
  } else {
    return OpenLabel{name, values.cap}.pin(values.pinned);
  }
}

/// The same for a gauge, which has no `_other`: the values of several cannot be added up. A text has to be pinned.
template <OwnLabel L>
[[nodiscard]] typename LabelTraits<L>::Definition own_gauge_label(OpenLabelName name, LabelValues<L> values) {
  if constexpr (!is_closed<L>) {
    if (values.pinned.empty())
      fail("the gauge's label '" + std::string(name.text()) + "': name its values in LabelValues::pinned");
    values.cap = static_cast<std::uint32_t>(values.pinned.size());
  }
  return own_label<L>(name, values);
}

}  // namespace bundles
FLOWVIZ_METRICS_END
