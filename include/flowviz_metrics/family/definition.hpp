// SPDX-License-Identifier: MIT
#pragma once
/// \file
/// A metric as data: what it is called, what it counts with, its labels and bounds; the rules that such data keeps.
///
/// Strings, numbers and vectors: no function and no pointer into the code that registered it, so that definitions can be
/// compared and printed, and outlive a plug-in.

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <flowviz_metrics/bounds.hpp>
#include <flowviz_metrics/cardinality.hpp>
#include <flowviz_metrics/cells/native_index.hpp>
#include <flowviz_metrics/durations.hpp>
#include <flowviz_metrics/encode/escape.hpp>
#include <flowviz_metrics/encode/name_escaping.hpp>
#include <flowviz_metrics/error.hpp>
#include <flowviz_metrics/label_domain.hpp>
#include <flowviz_metrics/name.hpp>
#include <flowviz_metrics/value.hpp>

FLOWVIZ_METRICS_BEGIN

/// What a metric counts with.
enum class Kind : std::uint8_t {
  counter,
  double_counter,
  gauge,
  up_down,
  histogram,
  native_histogram,
  summary,
  info,
  state_set,          ///< which of several states, as one number
  gauge_callback,     ///< a gauge whose values a function sets when a page is made
  counter_callback,   ///< the same, of type counter
  collected_gauge,    ///< one whose series a function shows anew for each page
  collected_counter,  ///< the same, of type counter
};

/// Whether it is a counter on a page, whatever it counts with.
constexpr bool is_counter(Kind kind) noexcept {
  return kind == Kind::counter || kind == Kind::double_counter || kind == Kind::counter_callback ||
         kind == Kind::collected_counter;
}
/// Whether its series are made for each page, by a collector, and not kept.
constexpr bool is_collected(Kind kind) noexcept {
  return kind == Kind::collected_gauge || kind == Kind::collected_counter;
}
/// Whether a function has to be asked for it.
constexpr bool is_callback(Kind kind) noexcept {
  return kind == Kind::gauge_callback || kind == Kind::counter_callback || is_collected(kind);
}
/// Whether a series is a value that is set, and not added up.
constexpr bool is_set(Kind kind) noexcept {
  return kind == Kind::gauge || kind == Kind::state_set || is_callback(kind);
}

/// Whether it is a histogram on a page.
constexpr bool is_histogram(Kind kind) noexcept { return kind == Kind::histogram || kind == Kind::native_histogram; }

/// Whether a series has more samples than one, of names with endings.
constexpr bool has_parts(Kind kind) noexcept { return is_histogram(kind) || kind == Kind::summary; }

/// Whether its series begin at zero and are counted here, so that it can be said when they began.
constexpr bool has_beginning(Kind kind) noexcept {
  return kind == Kind::counter || kind == Kind::double_counter || has_parts(kind);
}

/// A label as data.
struct LabelDefinition {
  std::string name;
  bool open = false;
  std::vector<std::string> values;  ///< all values of a closed label, the pinned ones of an open label
  std::uint32_t cap = 0;            ///< how many values there can be, `_other` not counted
  OtherGauge others = OtherGauge::refused;
  std::chrono::nanoseconds expires_after{};  ///< how long a value stays that is not in use; 0: for ever

  bool operator==(const LabelDefinition&) const = default;
};

/// A metric as data.
struct Definition {
  Kind kind = Kind::counter;
  bool legacy_name = false;  ///< the name breaks rules of naming, and has to stay
  bool utf8_name = false;    ///< the name may be beyond the classic alphabet
  bool utf8_labels = false;  ///< so may those of labels, constant ones among them
  std::uint32_t max_series = default_max_series;
  std::string name;
  std::string help;
  std::vector<std::pair<std::string, std::string>> constant_labels;
  std::vector<LabelDefinition> labels;
  Bounds bounds;                    ///< of a histogram, also of a native one that has classic buckets
  cells::NativeScale native;        ///< of a native histogram
  std::vector<std::string> states;  ///< of a state set, in the order of their numbers, from 1

  bool operator==(const Definition&) const = default;
};

// The functions from here on are templates, without a choice, so that only files with a registration or a page compile them.

/// What all names begin with that a definition puts on a page: its own without the ending that some formats leave out.
template <class = void>
[[nodiscard]] std::string_view stem_of(Kind kind, std::string_view name) noexcept {
  return encode::without(name, is_counter(kind) ? "_total" : kind == Kind::info ? "_info" : "");
}

/// The names of all samples and metric families that a definition puts on a page of any format, for readers who get names
/// by that scheme.
template <class = void>
[[nodiscard]] std::vector<std::string> names_on_page(const Definition& definition,
                                                     encode::Escaping escaping = encode::Escaping::allow_utf8) {
  const std::string name = encode::escaped_name(definition.name, encode::NameOf::metric, escaping);
  const std::string stem(stem_of(definition.kind, name));  // as OpenMetrics names the family
  if (is_counter(definition.kind)) return {name, stem, stem + "_total", stem + "_created"};
  if (is_histogram(definition.kind)) {
    return {name, name + "_bucket", name + "_sum", name + "_count", name + "_created"};
  }
  if (definition.kind == Kind::summary) return {name, name + "_sum", name + "_count", name + "_created"};
  if (definition.kind == Kind::info) return {name, stem, stem + "_info"};
  return {name};
}

namespace rules {

template <class = void>
void metric_of(Kind kind, std::string_view name) {
  if (is_counter(kind)) return counter(name);
  if (kind == Kind::info) return info(name);
  metric(name);
}

template <class = void>
void utf8_metric_of(Kind kind, std::string_view name) {
  if (is_counter(kind)) return utf8_counter(name);
  if (kind == Kind::info) return utf8_info(name);
  utf8_metric(name);
}

/// Why a label cannot stand beside those of the `names`: one of them has its name, or gets it where names are escaped. Empty if
/// none does.
template <class = void>
std::string label_clash(const std::vector<std::string>& names, std::string_view name) {
  for (const std::string& other : names) {
    if (other == name) return "a label name occurs once";
    if (encode::are_one(other, name, encode::NameOf::label))
      return "it and '" + other + "' become one name where UTF-8 names are escaped";
  }
  return {};
}

/// A constant label, as one of `owner`, which has others of the names `taken`.
template <class = void>
void constant_label(std::string_view owner, std::string_view name, std::string_view value,
                    const std::vector<std::string>& taken, bool may_be_utf8 = false) {
  may_be_utf8 ? utf8_label(name) : label(name);
  const auto broken = [&](const std::string& rule) {
    fail(std::string(owner) + ", label '" + std::string(name) + "': " + rule);
  };
  if (const std::string clash = label_clash(taken, name); !clash.empty()) broken(clash);
  if (!encode::is_clean(value)) broken("the value of a constant label is UTF-8 without carriage returns");
  if (value.size() > encode::max_label_bytes) broken("the value of a constant label is too long");
}

/// The values of a label that are known beforehand: those of a closed one, the pinned ones of an open one, the states of a state
/// set. `broken` is told which rule one of them breaks.
template <class Broken>
void known_values(const std::vector<std::string>& values, const Broken& broken) {
  for (std::size_t k = 0; k < values.size(); ++k) {
    const std::string& value = values[k];
    if (value == other_text) broken("'_other' stands for the values beyond the domain and cannot be one of it");
    if (!encode::is_clean(value) || value.size() > encode::max_label_bytes)
      broken("the value '" + value + "' is not UTF-8, has a carriage return, or is too long");
    for (std::size_t m = 0; m < k; ++m) {
      if (values[m] == value) broken("the value '" + value + "' occurs twice");
    }
  }
}

/// The states of a state set. None is empty: its label would be an absent one.
template <class = void>
void states(const Definition& definition) {
  const auto broken = [&](const std::string& rule) { fail("'" + definition.name + "', its states: " + rule); };
  for (const std::string& state : definition.states) {
    if (state.empty()) broken("the text of a state is not empty");
  }
  known_values(definition.states, broken);
}

template <class = void>
void native_scale(std::string_view metric, const cells::NativeScale& scale) {
  if (scale.shift > cells::NativeScale::coarsest) rule_broken(metric, "the schema of a native histogram is -4 to 8");
  if (!is_finite(scale.zero_threshold) || scale.zero_threshold < 0) {
    rule_broken(metric, "the zero threshold of a native histogram is finite and not negative");
  }
  if (scale.max_buckets < 10 || scale.max_buckets > 65'536) {
    rule_broken(metric, "a native histogram has at most 10 to 65,536 buckets");
  }
}

/// What the compiler has checked of metrics that are declared, for those that come as data. Whether the name of an open
/// label reads like an identifier is left to who wrote the data.
template <class = void>
void definition(const Definition& definition, const std::vector<std::string>& labels_of_registry) {
  if (definition.utf8_name) {
    utf8_metric_of(definition.kind, definition.name);
  } else {
    definition.legacy_name ? legacy(definition.name) : metric_of(definition.kind, definition.name);
  }
  if (is_no_help(definition.help)) rule_broken(definition.name, "a help text is not empty");
  if (!encode::is_clean(definition.help)) rule_broken(definition.name, "a help text is UTF-8 without carriage returns");
  if (definition.kind == Kind::histogram || !definition.bounds.empty()) bounds(definition.name, definition.bounds);
  if (definition.kind == Kind::native_histogram) native_scale(definition.name, definition.native);
  if (definition.kind == Kind::info && !definition.labels.empty()) {
    rule_broken(definition.name, "an info metric has constant labels and no others");
  }
  std::vector<std::string> names = labels_of_registry;
  if (definition.kind == Kind::state_set) {
    // The states' own label is called as the metric is.
    definition.utf8_name ? utf8_label(definition.name) : label(definition.name);
    if (!label_clash(names, definition.name).empty()) {
      rule_broken(definition.name, "a state set's name is that of no other label");
    }
    names.push_back(definition.name);
    states(definition);
  }
  for (const auto& [name, value] : definition.constant_labels) {
    constant_label("'" + definition.name + "'", name, value, names, definition.utf8_labels);
    names.push_back(name);
  }
  const std::size_t constants = names.size();
  for (const LabelDefinition& one : definition.labels) {
    definition.utf8_labels ? utf8_label(one.name) : label(one.name);
    for (std::size_t i = 0; i < constants; ++i) {
      if (names[i] == one.name) {
        const bool is_states = definition.kind == Kind::state_set && one.name == definition.name;
        fail("'" + definition.name + "': the label '" + one.name +
             (is_states ? "' is that of the states" : "' is a constant label already"));
      }
    }
    if (const std::string clash = label_clash(names, one.name); !clash.empty()) {
      fail("'" + definition.name + "', label '" + one.name + "': " + clash);
    }
    if (definition.utf8_labels) names.push_back(one.name);  // others are told apart by the family
  }
}

}  // namespace rules

/// In what two definitions of one name differ, for the message that refuses the second: "another help text: 'A.' there, 'B.'
/// here".
template <class = void>
[[nodiscard]] std::string difference(const Definition& there, const Definition& here) {
  const auto both = [](std::string_view a, std::string_view b) {
    return std::string(": ").append(a).append(" there, ").append(b).append(" here");
  };
  const auto quoted = [&](const std::string& a, const std::string& b) { return both("'" + a + "'", "'" + b + "'"); };
  const auto listed = [](const std::vector<std::string>& texts) {
    std::string list;
    for (const std::string& text : texts) list.append(list.empty() ? "" : ", ").append(text);
    return list;
  };
  const auto names = [&](const Definition& of) {
    std::vector<std::string> found;
    for (const LabelDefinition& label : of.labels) found.push_back(label.name);
    return listed(found);
  };
  const auto bounds = [](const Definition& of) {
    std::string list;
    for (const double bound : of.bounds) {
      char number[32];
      std::snprintf(number, sizeof number, "%g", bound);
      if (std::strtod(number, nullptr) != bound) std::snprintf(number, sizeof number, "%.17g", bound);
      list.append(list.empty() ? "" : ", ").append(number);
    }
    return list;
  };
  if (there.kind != here.kind) {
    constexpr std::string_view classes[] = {
        "Counter", "DoubleCounter", "Gauge",         "UpDownCounter",   "Histogram",      "NativeHistogram", "Summary",
        "Info",    "StateSet",      "GaugeCallback", "CounterCallback", "CollectedGauge", "CollectedCounter"};
    return "another type" +
           both(classes[static_cast<std::size_t>(there.kind)], classes[static_cast<std::size_t>(here.kind)]);
  }
  if (there.help != here.help) return "another help text" + quoted(there.help, here.help);
  if (there.constant_labels != here.constant_labels) return "other constant labels";
  if (names(there) != names(here)) return "other labels" + quoted(names(there), names(here));
  for (std::size_t i = 0; i < here.labels.size(); ++i) {
    const LabelDefinition &its = there.labels[i], &mine = here.labels[i];
    if (its == mine) continue;
    const std::string label = " of the label '" + mine.name + "'";
    if (its.open != mine.open)
      return "another kind" + label + both(its.open ? "open" : "closed", mine.open ? "open" : "closed");
    if (its.expires_after != mine.expires_after) return "another lifetime of the values" + label;
    if (its.open && its.cap != mine.cap)
      return "another cap" + label + both(std::to_string(its.cap), std::to_string(mine.cap));
    if (its.others != mine.others) return "another OtherGauge" + label;
    return "other values" + label + quoted(listed(its.values), listed(mine.values));
  }
  if (there.bounds != here.bounds) return "other bounds" + quoted(bounds(there), bounds(here));
  if (there.states != here.states) return "other states" + quoted(listed(there.states), listed(here.states));
  if (there.native != here.native) return "other native buckets";
  if (there.legacy_name != here.legacy_name || there.utf8_name != here.utf8_name ||
      there.utf8_labels != here.utf8_labels) {
    return "names of another type";
  }
  return "another MaxSeries";
}

/// Why two definitions that differ cannot stand on one page: they have one name, or put one on it, whatever its format is and
/// however its names are escaped. Empty if they can.
template <class = void>
[[nodiscard]] std::string clash(const Definition& there, const Definition& here) {
  if (there.name == here.name) return "'" + here.name + "' is registered already, with " + difference(there, here);
  const bool escaped = there.utf8_name || here.utf8_name;  // others look the same in every scheme
  const std::string_view stem = stem_of(here.kind, here.name), its = stem_of(there.kind, there.name);
  // Nearly all are told apart by their stems, without making all names that there are with them.
  if (!escaped && !stem.starts_with(its) && !its.starts_with(stem)) return {};
  for (const encode::Escaping escaping : encode::escapings) {
    const std::vector<std::string> mine = names_on_page(here, escaping);
    for (const std::string& name : names_on_page(there, escaping)) {
      bool both = false;
      for (const std::string& one : mine) both = both || one == name;
      if (!both) continue;
      std::string text = "'" + here.name + "' and '" + there.name + "' would both put '" + name + "' on the page";
      if (escaping != encode::Escaping::allow_utf8) {
        ((text += " of a reader who gets UTF-8 names escaped (escaping=") += encode::scheme_of(escaping)) += ')';
      } else if (name != here.name || name != there.name) {
        text += " of one format or another (OpenMetrics leaves _total and _info out, and adds _created)";
      }
      return text;
    }
    if (!escaped) break;
  }
  return {};
}

FLOWVIZ_METRICS_END
