// SPDX-License-Identifier: MIT
#pragma once
/// \file
/// Facts that do not change while the program runs, as the labels of a series that is always 1.

#include <initializer_list>
#include <utility>

#include <flowviz_metrics/registry.hpp>

FLOWVIZ_METRICS_BEGIN

/// Exposes its labels with the value 1.
///
///     flowviz::Info build{registry, "wms_build_info", "What is running.", {{"version", "0.1.0"}, {"compiler",
///     compiler}}};
class Info {
 public:
  // Templates, so that files without one compile no registration.
  template <class = void>
  Info(Registry& registry, InfoName name, HelpText help, std::initializer_list<ConstantLabel> labels) {
    if constexpr (metrics_enabled) {
      Definition definition;
      definition.kind = Kind::info;
      definition.name = name.text();
      definition.legacy_name = name.legacy();
      definition.utf8_name = name.utf8();
      definition.help = help.text();
      for (const ConstantLabel& label : labels) {
        definition.constant_labels.push_back({std::string(label.name.text()), std::string(label.value)});
        definition.utf8_labels = definition.utf8_labels || label.name.utf8();
      }
      registry.add(std::move(definition));
    }
  }
  template <class = void>
  Info(InfoName name, HelpText help, std::initializer_list<ConstantLabel> labels)
      : Info(default_registry(), name, help, labels) {}
};

FLOWVIZ_METRICS_END
