// SPDX-License-Identifier: MIT
#pragma once
/// \file
/// The catalogue: what a registry's page can show, as data and as JSON, for what is made from it: boards, rules, tables,
/// tests. It says what was registered, not what was counted.

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <flowviz_metrics/durations.hpp>
#include <flowviz_metrics/encode/json.hpp>
#include <flowviz_metrics/own_metrics.hpp>
#include <flowviz_metrics/registry.hpp>
#include <flowviz_metrics/unit.hpp>

FLOWVIZ_METRICS_BEGIN

/// A label as the catalogue has it.
struct LabelDescription {
  std::string name;
  bool open = false;
  std::vector<std::string> values;  ///< all of a closed label, the pinned ones of an open label; without `_other`
  std::uint32_t cap = 0;            ///< how many values there can be, `_other` not counted
  std::chrono::nanoseconds expires_after{};  ///< how long a value stays that is not in use; 0: for ever
};

/// A metric as the catalogue has it.
struct MetricDescription {
  std::string name;
  std::string_view type;  ///< "counter", "gauge", "histogram", "summary", "info" or "stateset"
  std::string_view unit;  ///< the unit that its name ends in, "seconds" for one; or empty
  std::string help;
  std::vector<std::pair<std::string, std::string>> constant_labels;  ///< its own and those of its registry
  std::vector<LabelDescription> labels;  ///< of a state set last the one of its states, which makes no series
  std::vector<double> bounds;            ///< the upper bounds of a histogram's buckets, without +Inf
  std::uint64_t max_series = 1;          ///< how many series there can ever be, those with `_other` among them
  bool created = false;                  ///< whether OpenMetrics shows when each series began

  /// How many lines with a value that makes on a page in a text format.
  [[nodiscard]] std::uint64_t max_samples() const noexcept {
    const std::uint64_t lines = type == "histogram"  ? bounds.size() + 3
                                : type == "summary"  ? 2
                                : type == "stateset" ? labels.back().values.size()
                                                     : 1;
    return max_series * (lines + (created ? 1 : 0));
  }
};

namespace describing {

inline std::string_view type_of(Kind kind) noexcept {
  return is_counter(kind)          ? "counter"
         : is_histogram(kind)      ? "histogram"
         : kind == Kind::summary   ? "summary"
         : kind == Kind::info      ? "info"
         : kind == Kind::state_set ? "stateset"
                                   : "gauge";
}

inline MetricDescription described(std::string_view name, std::string_view type, std::string_view help) {
  MetricDescription metric;
  metric.name = name;
  metric.type = type;
  metric.unit = unit_of(encode::without(name, type == "counter" ? "_total" : ""));
  metric.help = help;
  return metric;
}

inline LabelDescription closed(std::string_view name, std::vector<std::string> values) {
  const auto cap = static_cast<std::uint32_t>(values.size());
  return {std::string(name), false, std::move(values), cap, {}};
}

inline MetricDescription described(const Definition& definition) {
  MetricDescription metric = described(definition.name, type_of(definition.kind), definition.help);
  metric.constant_labels = definition.constant_labels;
  metric.bounds.assign(definition.bounds.begin(), definition.bounds.end());
  for (const LabelDefinition& label : definition.labels) {
    metric.labels.push_back({label.name, label.open, label.values, label.cap, label.expires_after});
    // Where nothing can be added up under `_other`, there is none.
    const bool other = !(label.open && is_set(definition.kind) && label.others == OtherGauge::refused);
    metric.max_series *= std::uint64_t{label.cap} + (other ? 1 : 0);
  }
  if (!definition.states.empty()) metric.labels.push_back(closed(definition.name, definition.states));
  return metric;
}

inline MetricDescription described(const own::Metric& metric) {
  MetricDescription counter = described(metric.name, "counter", metric.help);
  if (metric.reason_count != 0) {
    counter.labels.push_back(closed("reason", {metric.reasons, metric.reasons + metric.reason_count}));
    counter.max_series = metric.reason_count;
  }
  return counter;
}

}  // namespace describing

/// What `registry` can show, in the order of its page: its metrics, the process's if it exposes them, the library's own.
/// Empty when metrics are compiled out.
///
/// Thread-safe; takes no lock; allocates. What is registered later is not in it.
[[nodiscard]] inline std::vector<MetricDescription> describe(const Registry& registry) {
  std::vector<MetricDescription> catalogue;
  if constexpr (!metrics_enabled) return catalogue;
  std::vector<std::string> overflowing, labels;  // the values of the labels of flowviz_metrics_label_overflow_total
  std::uint64_t overflows = 0;
  const auto add_once = [](std::vector<std::string>& to, const std::string& text) {
    for (const std::string& other : to) {
      if (other == text) return;
    }
    to.push_back(text);
  };
  registry.each_family([&](const Family& family) {
    const Definition& definition = family.definition();
    catalogue.push_back(describing::described(definition));
    catalogue.back().created = family.notes_births();
    for (const LabelDefinition& label : definition.labels) {
      if (!label.open || is_set(definition.kind)) continue;
      ++overflows;
      add_once(overflowing, definition.name);
      add_once(labels, label.name);
    }
  });
  if (registry.shows_process()) {
    // All of them, though a page leaves out what this system does not tell.
    for (const own::ProcessMetric& metric : own::process) {
      catalogue.push_back(describing::described(metric.name, metric.rises ? "counter" : "gauge", metric.help));
    }
  }
  if (overflows != 0) {
    catalogue.push_back(describing::described(own::label_overflow));
    catalogue.back().labels = {describing::closed(own::overflow_metric, std::move(overflowing)),
                               describing::closed(own::overflow_label, std::move(labels))};
    catalogue.back().max_series = overflows;
  }
  for (const own::Metric* metric : own::on_every_page) catalogue.push_back(describing::described(*metric));
  for (MetricDescription& metric : catalogue) {
    registry.each_constant_label(
        [&](const std::string& name, const std::string& value) { metric.constant_labels.emplace_back(name, value); });
  }
  return catalogue;
}

/// The catalogue as JSON (RFC 8259), a metric to a line:
///
///     {"metrics": [
///     {"name": "lots_total", "type": "counter", "unit": "", "help": "Lots.", "constant_labels": {}, "labels":
///      [{"name": "lot_type", "open": false, "values": ["raw"], "cap": 1, "expires_after_seconds": 0}], "bounds": [],
///      "max_series": 2, "max_samples": 2}
///     ]}
[[nodiscard]] inline std::string to_json(const std::vector<MetricDescription>& catalogue) {
  std::string text;
  encode::JsonWriter json(text);
  json.object([&] {
    json.member("metrics").array([&] {
      for (const MetricDescription& metric : catalogue) {
        json.line().object([&] {
          json.member("name").string(metric.name);
          json.member("type").string(metric.type);
          json.member("unit").string(metric.unit);
          json.member("help").string(metric.help);
          json.member("constant_labels").object([&] {
            for (const auto& [name, value] : metric.constant_labels) json.member(name).string(value);
          });
          json.member("labels").array([&] {
            for (const LabelDescription& label : metric.labels) {
              json.object([&] {
                json.member("name").string(label.name);
                json.member("open").boolean(label.open);
                json.member("values").array([&] {
                  for (const std::string& value : label.values) json.string(value);
                });
                json.member("cap").number(std::uint64_t{label.cap});
                json.member("expires_after_seconds").number(std::chrono::duration<double>(label.expires_after).count());
              });
            }
          });
          json.member("bounds").array([&] {
            for (const double bound : metric.bounds) json.number(bound);
          });
          json.member("max_series").number(metric.max_series);
          json.member("max_samples").number(metric.max_samples());
        });
      }
    });
  });
  text += '\n';
  return text;
}

FLOWVIZ_METRICS_END
