// SPDX-License-Identifier: MIT
#pragma once
/// \file
/// What pages show of the process and of the library itself.

#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <flowviz_metrics/cells/incidents.hpp>
#include <flowviz_metrics/encode/label_text.hpp>
#include <flowviz_metrics/encode/page_type.hpp>
#include <flowviz_metrics/own_metrics.hpp>
#include <flowviz_metrics/page/overflow.hpp>
#include <flowviz_metrics/process.hpp>
#include <flowviz_metrics/registry.hpp>

FLOWVIZ_METRICS_BEGIN

/// Whether a name is one of those that a page is to show, or all are.
[[nodiscard]] inline bool is_among(std::span<const std::string_view> names, std::string_view name) noexcept {
  for (const std::string_view one : names) {
    if (one == name) return true;
  }
  return names.empty();
}

/// The constant labels of a registry as a page has them; valid until the encoder escapes others.
template <class Encoder>
std::string_view labels_on_page(Encoder& encoder, const Registry& registry) {
  const std::string_view labels = registry.constant_labels();
  return encoder.escapes_labels() && registry.has_utf8_labels() ? encoder.escaped(labels).text : labels;
}

/// Hands it to an encoder; see PageWalk. Labelled as the first registry is.
template <class Encoder>
class OwnPage {
 public:
  OwnPage(std::span<const Registry* const> registries, std::span<const std::string_view> names, Encoder& encoder)
      : registries_(registries), names_(names), encoder_(encoder) {}

  void collect(const std::vector<typename PageOverflow<Encoder>::Line>& overflow) {
    for (const Registry* registry : registries_) {
      if (!registry->shows_process()) continue;
      collect_process();
      break;
    }
    collect_own(overflow);
  }

 private:
  using PageType = encode::PageType;

  [[nodiscard]] bool wanted(std::string_view name) const noexcept { return is_among(names_, name); }
  std::string_view constant_labels() { return labels_on_page(encoder_, *registries_.front()); }

  void collect_process() {
    const std::string labels(constant_labels());
    each_process_metric([&](std::string_view name, std::string_view help, bool rises, double value) {
      if (!wanted(name)) return;
      encoder_.family(name, help, rises ? PageType::counter : PageType::gauge);
      encoder_.sample(labels, value);
    });
  }

  void collect_own(const std::vector<typename PageOverflow<Encoder>::Line>& overflow) {
    if (!overflow.empty() && wanted(own::label_overflow.name)) {
      encoder_.family(own::label_overflow.name, own::label_overflow.help, PageType::counter);
      for (const auto& [labels, amount] : overflow) encoder_.sample(labels, amount);
    }
    const auto& happened = cells::incidents;
    show(own::texts_repaired, {happened.texts_not_utf8.value(), happened.texts_too_long.value()});
    show(own::values_refused, {happened.negative_values.value(), happened.not_finite.value(),
                               happened.values_not_pinned.value(), happened.exemplars_refused.value()});
    if (wanted(own::allocation_failures.name)) {  // before all metrics are walked for it
      std::uint64_t count = happened.allocation_failures.value();
      for (const Registry* registry : registries_) count += registry->allocation_failures();
      show(own::allocation_failures, {count});
    }
    show(own::callbacks_left_out,
         {happened.callbacks_threw.value(), happened.callbacks_late.value(), happened.callbacks_not_totals.value(),
          happened.callbacks_over_cap.value(), happened.callbacks_repeated.value()});
    show(own::families_left_out, {happened.families_left_out.value()});
  }

  // One of the library's own metrics, with a count for each reason, or the only one.
  void show(const own::Metric& metric, std::initializer_list<std::uint64_t> counts) {
    if (!wanted(metric.name)) return;
    encoder_.family(metric.name, metric.help, PageType::counter);
    std::size_t i = 0;
    for (const std::uint64_t count : counts) {
      std::string labels(constant_labels());
      if (metric.reason_count != 0) encode::append_label(labels, "reason", metric.reasons[i++]);
      encoder_.sample(labels, count);
    }
  }

  std::span<const Registry* const> registries_;
  std::span<const std::string_view> names_;
  Encoder& encoder_;
};

FLOWVIZ_METRICS_END
