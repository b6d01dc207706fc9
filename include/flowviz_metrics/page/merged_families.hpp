// SPDX-License-Identifier: MIT
#pragma once
/// \file
/// The metrics of several registries as they stand on one page: those of one name and type together.

#include <cstddef>
#include <string>
#include <vector>

#include <flowviz_metrics/encode/name_escaping.hpp>
#include <flowviz_metrics/family/name_index.hpp>
#include <flowviz_metrics/registry.hpp>

FLOWVIZ_METRICS_BEGIN

/// A template on the encoder, so that only files that make a page compile it.
template <class Encoder>
class MergedFamilies {
 public:
  /// A metric of one of the registries.
  struct Member {
    const Registry* registry;
    const Family* family;
  };
  using Group = std::vector<Member>;

  /// For a page of this encoder, by whose scheme names are escaped.
  explicit MergedFamilies(const Encoder& encoder) noexcept : escaping_(encoder.escaping()) {}

  /// Puts a family to those of its name. False if it clashes with one that is there already.
  bool add(const Registry& registry, const Family& family) {
    const std::vector<std::string> names = names_on_page(family.definition(), escaping_);
    const std::size_t* met = nullptr;
    for (std::size_t i = 0; i < names.size() && met == nullptr; ++i) met = by_name_.find(names[i]);
    if (met == nullptr) {
      for (const std::string& name : names) by_name_.add(name, groups_.size());
      groups_.emplace_back().push_back({&registry, &family});
      return true;
    }
    Group& group = groups_[*met];
    if (!fits(group, registry, family)) return false;
    group.push_back({&registry, &family});
    return true;
  }

  /// In the order in which the first of each was added.
  [[nodiscard]] const std::vector<Group>& groups() const noexcept { return groups_; }

 private:
  // Whether the samples of a family can stand beside those of a group: of one type, and none of them twice.
  bool fits(const Group& group, const Registry& registry, const Family& family) const {
    const Definition& first = group.front().family->definition();
    const Definition& definition = family.definition();
    if (first.name != definition.name || first.kind != definition.kind || first.help != definition.help ||
        first.bounds != definition.bounds || first.states != definition.states || first.native != definition.native) {
      return false;
    }
    const Labels own(registry, definition);
    for (const auto& [other_registry, other] : group) {
      if (!own.is_apart_from(Labels(*other_registry, other->definition()), escaping_)) return false;
    }
    return true;
  }

  // The labels of all samples of a metric, no name twice: those that are constant with their values.
  struct Labels {
    Labels(const Registry& registry, const Definition& definition) {
      registry.each_constant_label(
          [this](const std::string& name, const std::string& value) { add_constant(name, value); });
      for (const auto& [name, value] : definition.constant_labels) add_constant(name, value);
      for (const LabelDefinition& label : definition.labels) {
        bool can_be_empty = label.values.size() < label.cap;
        for (const std::string& value : label.values) can_be_empty = can_be_empty || value.empty();
        all.push_back({&label.name, nullptr, can_be_empty});
      }
    }
    void add_constant(const std::string& name, const std::string& value) {
      all.push_back({&name, &value, value.empty()});
    }
    [[nodiscard]] bool is_apart_from(const Labels& other, encode::Escaping escaping) const {
      return has_what_lacks(other, escaping) || other.has_what_lacks(*this, escaping);
    }
    // Whether a label has no value here that it can have there. One that is empty is none at all.
    [[nodiscard]] bool has_what_lacks(const Labels& other, encode::Escaping escaping) const {
      for (const One& label : all) {
        const One* there = nullptr;
        for (const One& one : other.all) {
          if (encode::are_one(*one.name, *label.name, encode::NameOf::label, escaping)) there = &one;
        }
        if (there == nullptr ? !label.can_be_empty : label.value && there->value && *label.value != *there->value) {
          return true;
        }
      }
      return false;
    }
    struct One {
      const std::string* name;
      const std::string* value;  // if it is constant
      bool can_be_empty;
    };
    std::vector<One> all;
  };

  encode::Escaping escaping_;
  std::vector<Group> groups_;
  NameIndex<std::size_t> by_name_;  // all names that a group puts on the page
};

FLOWVIZ_METRICS_END
