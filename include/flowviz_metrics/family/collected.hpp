// SPDX-License-Identifier: MIT
#pragma once
/// \file
/// What a collector's function has shown for one page: the samples of its metrics, each of which has passed the checks that make a
/// page valid whatever the function does.

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <flowviz_metrics/cells/incidents.hpp>
#include <flowviz_metrics/encode/label_text.hpp>
#include <flowviz_metrics/family/callback_slot.hpp>
#include <flowviz_metrics/family/clean_text.hpp>
#include <flowviz_metrics/family/definition.hpp>
#include <flowviz_metrics/family/name_index.hpp>
#include <flowviz_metrics/value.hpp>

FLOWVIZ_METRICS_BEGIN

/// A label's value: its number where the label is closed, 0 for `_other`, and its text where it is open.
struct CollectedValue {
  std::uint32_t number = 0;
  std::string_view text;
};

/// The samples of one metric on one page. One thread at a time.
///
/// A template on the family, as what it is part of is, so that only files with a page or a collector compile it.
template <class Family>
class CollectedFamily {
 public:
  struct Sample {
    std::string labels;
    double value;
  };

  explicit CollectedFamily(const Family& family)
      : family_(&family), texts_(family.definition().labels.size()), seen_(texts_.size()) {}

  [[nodiscard]] const Family& family() const noexcept { return *family_; }
  [[nodiscard]] const std::vector<Sample>& samples() const noexcept { return samples_; }

  /// Adds a sample with these values, one for each label. One that cannot be on the page is left out, and counted.
  void add(std::span<const CollectedValue> values, double value) {
    const Definition& definition = family_->definition();
    if (is_counter(definition.kind) && !is_total(value)) return cells::incidents.callbacks_not_totals.add();
    for (std::size_t i = 0; i < values.size(); ++i) {
      const LabelDefinition& label = definition.labels[i];
      if (label.open) {
        const CleanText clean(values[i].text);
        if (!clean.ok()) return;  // which is counted
        texts_[i] = clean.text();
        if (!seen_[i].has_room(texts_[i], label.cap)) return cells::incidents.callbacks_over_cap.add();
      } else {
        texts_[i] = values[i].number == 0 ? other_text : std::string_view(label.values[values[i].number - 1]);
      }
    }
    std::string labels(family_->constant_labels());
    for (std::size_t i = 0; i < values.size(); ++i) encode::append_label(labels, definition.labels[i].name, texts_[i]);
    if (!all_.add(labels)) return cells::incidents.callbacks_repeated.add();
    for (std::size_t i = 0; i < values.size(); ++i) {
      if (definition.labels[i].open) seen_[i].add(texts_[i]);
    }
    samples_.push_back({std::move(labels), value});
  }

 private:
  /// Texts, each once.
  struct Distinct {
    [[nodiscard]] bool has_room(std::string_view text, std::size_t cap) const noexcept {
      return count < cap || index.find(text) != nullptr;
    }
    // False if it is there already.
    bool add(std::string_view text) {
      if (index.find(text) != nullptr) return false;
      index.add(text, Here());
      ++count;
      return true;
    }
    struct Here {};
    NameIndex<Here> index;
    std::size_t count = 0;
  };

  const Family* family_;
  std::vector<Sample> samples_;
  std::vector<std::string> texts_;  // of the sample that is being added
  std::vector<Distinct> seen_;      // on this page: the values of each label,
  Distinct all_;                    // and the samples' labels
};

/// The samples of all metrics of a collector.
template <class Family>
class CollectedSamples : public CallbackAnswer {
  using One = CollectedFamily<Family>;

 public:
  /// Of one that is shown, from now on.
  One& add(const Family& family) { return families_.emplace_back(family); }
  /// For that many; what `add` returns stays where it is up to then.
  void reserve(std::size_t families) { families_.reserve(families); }

  [[nodiscard]] const One* find(const Family& family) const noexcept {
    for (const One& one : families_) {
      if (&one.family() == &family) return &one;
    }
    return nullptr;
  }

 private:
  std::vector<One> families_;
};

FLOWVIZ_METRICS_END
