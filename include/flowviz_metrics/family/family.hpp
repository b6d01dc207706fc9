// SPDX-License-Identifier: MIT
#pragma once
/// \file
/// One metric as a registry keeps it: its definition, the values its labels have taken, and its series.
///
/// A family is plain data and copies every text it is given. Nothing in it points into the code that registered it, so
/// a plug-in that is unloaded leaves nothing that a scrape could fall into.

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include <flowviz_metrics/bounds.hpp>
#include <flowviz_metrics/cells/chain.hpp>
#include <flowviz_metrics/cells/expiring_series.hpp>
#include <flowviz_metrics/cells/incidents.hpp>
#include <flowviz_metrics/cells/lone_series.hpp>
#include <flowviz_metrics/cells/pool.hpp>
#include <flowviz_metrics/cells/series_table.hpp>
#include <flowviz_metrics/cells/std_platform.hpp>
#include <flowviz_metrics/cells/text_set.hpp>
#include <flowviz_metrics/durations.hpp>
#include <flowviz_metrics/encode/escape.hpp>
#include <flowviz_metrics/encode/label_text.hpp>
#include <flowviz_metrics/encode/scratch.hpp>
#include <flowviz_metrics/family/callback_slot.hpp>
#include <flowviz_metrics/family/clean_text.hpp>
#include <flowviz_metrics/family/definition.hpp>
#include <flowviz_metrics/family/ended_overflow.hpp>
#include <flowviz_metrics/family/label_rules.hpp>
#include <flowviz_metrics/family/series_cells.hpp>
#include <flowviz_metrics/owned.hpp>
#include <flowviz_metrics/wall_clock.hpp>

FLOWVIZ_METRICS_BEGIN

/// The parts of the cells, on the production platform.
using SeriesTable = cells::SeriesTable<cells::StdPlatform>;
/// While one lives, what its thread looks up does not end.
using ReadSection = cells::Readers<cells::StdPlatform>::Section;
using Pool = cells::Pool<cells::StdPlatform>;

/// A metric. Made by a registry, which owns it; lives as long as that.
///
/// A template on its platform, as the cells are, so that a file compiles of it what it uses: most files register a metric or
/// two, or only write to one.
template <cells::Platform P>
class BasicFamily {
  using SeriesTable = cells::SeriesTable<P>;
  using TextSet = cells::TextSet<P>;
  using ExpiringSeries = cells::ExpiringSeries<P>;
  using ExpiringTexts = cells::ExpiringTexts<P>;
  using ReadSection = typename cells::Readers<P>::Section;
  using Pool = cells::Pool<P>;
  using Place = cells::Place<P>;

 public:
  using Link = typename cells::Chain<P, BasicFamily>::Link;
  static constexpr std::size_t max_labels = EndedOverflow::max_labels;

  /// Whether its series know when they were made.
  enum class Births : std::uint8_t { forgotten, noted };

  /// Throws `Error` if the definition breaks a rule, or memory is lacking. `constant_labels` is the registry's label text.
  BasicFamily(Definition definition, std::string_view constant_labels, Pool& pool, Births births = Births::forgotten);
  BasicFamily(const BasicFamily&) = delete;
  BasicFamily& operator=(const BasicFamily&) = delete;

  [[nodiscard]] const Definition& definition() const noexcept { return definition_; }
  [[nodiscard]] const Bounds& bounds() const noexcept { return definition_.bounds; }
  /// The cells that hold the value of a series.
  [[nodiscard]] const SeriesCells& cells() const noexcept { return cells_; }

  /// The label text that all its series begin with.
  [[nodiscard]] std::string_view constant_labels() const noexcept {
    return constant_labels_ ? std::string_view(*constant_labels_) : std::string_view();
  }

  /// Visits the series as SeriesTable::each_segment does. Of a collector's metric there are none.
  template <class Visit>
  void each_segment(Visit visit) const {
    if (lone_) return lone_.each_segment(visit);
    if (kept_) return kept_->each_segment(visit);
    const ReadSection section(cells::process_readers);
    expiry_->series.each_segment(expiry_->labels, visit);
  }

  /// Whether its series know when they were made, in milliseconds since 1970 (UTC).
  [[nodiscard]] bool notes_births() const noexcept { return births_ == Births::noted; }

  /// Whether a label's values expire.
  [[nodiscard]] bool expires() const noexcept { return static_cast<bool>(expiry_); }

  /// Ends the series of label values whose lifetime is over at `now`.
  void end_idle(std::chrono::nanoseconds now) const noexcept {
    expiry_->series.round(cells::process_readers, now.count(), expiry_->labels,
                          [this](const typename ExpiringSeries::Series& series) {
                            const double amount = cells_.amount(series.place());
                            for (std::size_t i = 0; i < definition_.labels.size(); ++i) {
                              if ((series.tag.get() >> i & 1) != 0) expiry_->ended_overflow.add(i, amount);
                            }
                          });
  }

  /// Of a metric whose series expire.
  [[nodiscard]] EndedOverflow& ended_overflow() const noexcept { return expiry_->ended_overflow; }

  /// Ends the cells but keeps the chunks, so that a write through a handle that outlived its registry is caught, and the end of a
  /// callback that did.
  void retire() noexcept {
    if (callback_) callback_->retire();
    if (expiry_) expiry_->series.retire_chunks(cells::process_graveyard);
    if (kept_) kept_->retire_chunks(cells::process_graveyard);
  }

  /// If all labels are closed and all series stand side by side: where the first one is. The series of the values v1,
  /// v2, ..., counted from 0, is then number (v1 * count2 + v2) * ... . Otherwise the chunk is nullptr.
  [[nodiscard]] Place first_of_all() const noexcept { return first_of_all_; }

  /// A label's value in a look-up: its number, 0 for `_other`, and the text that open labels keep.
  using Value = typename TextSet::Value;

  /// The value of the open label `label` with just this text, or number 0.
  [[nodiscard]] Value find_open_value(std::size_t label, std::string_view text) const noexcept {
    return text.size() <= encode::max_label_bytes ? texts_[label].kept->find(text) : Value{};
  }
  /// The same of a label whose values expire. Inside of a section.
  [[nodiscard]] Value find_expiring_value(std::size_t label, std::string_view text) const noexcept {
    return text.size() <= encode::max_label_bytes ? texts_[label].expiring->find(text) : Value{};
  }

  /// One of these two, as the label's values stay or expire.
  [[nodiscard]] Value present_value(std::size_t label, std::string_view text) const noexcept {
    return texts_[label].expiring ? find_expiring_value(label, text) : find_open_value(label, text);
  }

  /// The value of the open label `label` that stands for `text`, which is repaired and added if need be. Inside of a section,
  /// if the label's values expire.
  Value open_value(std::size_t label, std::string_view text) noexcept;

  /// What a combination grows by when the number of label `label` grows by one.
  [[nodiscard]] std::uint32_t stride(std::size_t label) const noexcept { return texts_[label].stride; }

  /// The place of a combination that has a series already; otherwise the chunk is nullptr. `find` is for metrics whose series
  /// stay; for others there is `find_expiring`, inside of a section.
  [[nodiscard]] Place find(std::uint32_t combination) const noexcept { return kept_->find(combination); }
  [[nodiscard]] Place find_expiring(std::uint32_t combination) const noexcept {
    return expiry_->series.find(combination);
  }

  /// Where the handles of a series that may expire are counted.
  [[nodiscard]] std::uint32_t handles_of(Place place) const noexcept { return expiry_->series.handles_of(place); }

  /// The place of the series with these values, one for each label. Makes the series if it is new. Inside of a section, if a
  /// label's values expire.
  Place place(std::span<const Value> values) noexcept;

  /// Takes the series of a combination without `_other` off pages until it is written to; false if it is on none, or memory is
  /// lacking. Inside of a section, if a label's values expire.
  bool remove(std::uint32_t combination) noexcept {
    if (is_set(definition_.kind)) {
      const Place place = expiry_ ? find_expiring(combination) : find(combination);
      return place.chunk != nullptr && place.chunk->unset_one(place.at);
    }
    const auto written = [this](Place place) { return cells_.written(place); };
    return expiry_ ? expiry_->series.remove(combination, written) : kept_->remove(combination, written);
  }

  /// How often memory for a series, its cells or a label value could not be had.
  [[nodiscard]] std::uint64_t allocation_failures() const noexcept {
    std::uint64_t count = expiry_ ? expiry_->series.allocation_failures() : kept_ ? kept_->allocation_failures() : 0;
    for (const Texts& texts : texts_) {
      if (texts.kept) count += texts.kept->allocation_failures();
      if (texts.expiring) count += texts.expiring->allocation_failures();
    }
    return count;
  }

  /// Of a metric that a function has to be asked for.
  [[nodiscard]] CallbackSlot& callback() const noexcept { return *callback_; }

  Link next{nullptr};

 private:
  // What look-ups know of a label, side by side: what a combination grows by with it, and the texts of an open label, which stay
  // or expire; neither for a closed label.
  struct Texts {
    std::uint32_t stride = 1;
    Owned<TextSet> kept;
    Owned<ExpiringTexts> expiring;
  };

  // What only a metric has whose series may end.
  struct Expiry {
    ExpiringSeries series;
    std::vector<typename ExpiringSeries::Label> labels;
    EndedOverflow ended_overflow;
  };

  void make_lone(Pool& pool);
  void make_texts(std::uint32_t combinations);
  void make_table(Pool& pool, std::uint32_t combinations);
  void make_first_series();
  [[noreturn]] void no_memory() const { fail("'" + definition_.name + "': no memory"); }
  void append_labels(encode::Scratch& out, std::span<const Value> values) const noexcept;

  // What series carry as their tag: bit i says that label i is `_other`.
  static std::uint16_t others_among(std::span<const Value> values) noexcept {
    static_assert(max_labels <= 16);
    std::uint32_t bits = 0;
    for (std::size_t i = 0; i < values.size(); ++i) bits |= (values[i].number == 0 ? 1u : 0u) << i;
    return static_cast<std::uint16_t>(bits);
  }

  /// A metric whose series take no more cells than this moves into a chunk that it shares with others.
  static constexpr std::uint32_t small_family_cells = 64;

  [[nodiscard]] std::int64_t born_now() const noexcept { return notes_births() ? unix_milliseconds() : 0; }

  Definition definition_;
  Births births_;
  SeriesCells cells_{definition_};
  Owned<std::string> constant_labels_;  // if there are any
  std::vector<Texts> texts_;
  // One of them: there is one series and never more, or all stay, or go with the values of the labels that expire. None if a
  // collector shows them.
  cells::LoneSeries<P> lone_;
  Owned<SeriesTable> kept_;
  Owned<Expiry> expiry_;
  Place first_of_all_;
  Owned<CallbackSlot> callback_;
};

using Family = BasicFamily<cells::StdPlatform>;

// ------------------------------------------------------------------------------------------------------------------

template <cells::Platform P>
BasicFamily<P>::BasicFamily(Definition definition, std::string_view constant_labels, Pool& pool, Births births)
    : definition_(std::move(definition)), births_(has_beginning(definition_.kind) ? births : Births::forgotten) {
  std::string constants(constant_labels);
  for (const auto& [name, value] : definition_.constant_labels) encode::append_label(constants, name, value);
  if (!constants.empty()) constant_labels_ = Owned<std::string>::make(std::move(constants));
  const std::uint32_t combinations = rules::combinations(definition_);
  if (is_callback(definition_.kind)) callback_ = Owned<CallbackSlot>::make();
  if (is_collected(definition_.kind)) return;
  if (definition_.labels.empty()) {
    make_lone(pool);
  } else {
    make_texts(combinations);
    make_table(pool, combinations);
    make_first_series();
  }
}

template <cells::Platform P>
void BasicFamily<P>::make_lone(Pool& pool) {
  first_of_all_ = pool.take(cells::process_slots, cells_.count());
  if (first_of_all_.chunk == nullptr) no_memory();
  if (!lone_.make(first_of_all_, constant_labels(), notes_births(), born_now())) no_memory();
  if (definition_.kind == Kind::info) first_of_all_.chunk->set_one(first_of_all_.at, 1);
}

template <cells::Platform P>
void BasicFamily<P>::make_texts(std::uint32_t combinations) {
  std::uint32_t stride = combinations;
  for (std::size_t i = 0; i < definition_.labels.size(); ++i) {
    const LabelDefinition& label = definition_.labels[i];
    Texts& texts = texts_.emplace_back();
    texts.stride = stride /= label.cap + 1;
    if (!label.open) continue;
    const auto make = [&](auto& set, auto add) {
      set = std::remove_reference_t<decltype(set)>::make(label.cap);
      bool made = set->ready();
      for (const std::string& value : label.values) made = made && add(*set, value).number != 0;
      if (!made) no_memory();
    };
    if (label.expires_after.count() == 0) {
      make(texts.kept, [](TextSet& set, const std::string& value) { return set.find_or_add(value); });
    } else {
      cells::prepare_heavy_fence();
      make(texts.expiring, [](ExpiringTexts& set, const std::string& value) { return set.find_or_add(value, true); });
    }
  }
}

template <cells::Platform P>
void BasicFamily<P>::make_table(Pool& pool, std::uint32_t combinations) {
  const std::uint32_t cells = cells_.count();
  std::vector<typename ExpiringSeries::Label> expiring;
  for (std::size_t i = 0; i < texts_.size(); ++i) {
    if (!texts_[i].expiring) continue;
    expiring.push_back({texts_[i].expiring.get(), stride(i), definition_.labels[i].expires_after.count()});
  }
  if (!expiring.empty()) {
    expiry_ = Owned<Expiry>(
        new Expiry{{cells::process_slots,
                    {combinations, cells + ExpiringSeries::handle_cells, notes_births()},
                    definition_.kind == Kind::up_down ? ExpiringSeries::Ends::even : ExpiringSeries::Ends::any},
                   std::move(expiring),
                   {}});
    if (!expiry_->series.ready()) no_memory();
    return;
  }
  kept_ =
      Owned<SeriesTable>::make(cells::process_slots, typename SeriesTable::Layout{combinations, cells, notes_births()});
  if (!kept_->ready()) no_memory();
  if (std::uint64_t{combinations} * cells <= small_family_cells) {
    const Place place = pool.take(cells::process_slots, combinations * cells);
    if (place.chunk == nullptr || !kept_->start_in(place.chunk, place.at)) no_memory();
  }
}

// The series that exist from the start: every combination of closed and pinned values, then the refuge.
template <cells::Platform P>
void BasicFamily<P>::make_first_series() {
  std::vector<Value> values(definition_.labels.size());
  std::size_t born = 1;
  bool closed = true;
  for (const LabelDefinition& label : definition_.labels) {
    born *= label.values.size();
    closed = closed && !label.open;
  }
  encode::Scratch labels;
  const std::vector<Value> all_other(values.size());
  append_labels(labels, all_other);
  if (kept_) kept_->expect(born + 1, labels.view().size());
  for (std::size_t n = 0; n < born; ++n) {
    std::size_t rest = n;
    for (std::size_t i = values.size(); i-- > 0; rest /= definition_.labels[i].values.size()) {
      const std::vector<std::string>& domain = definition_.labels[i].values;
      const std::size_t k = rest % domain.size();
      // Pinned values were added in their order, so that they have the first numbers, as closed ones do.
      values[i] = Value{static_cast<std::uint32_t>(k) + 1, domain[k]};
    }
    const Place there = place(values);
    if (there.chunk == nullptr) no_memory();
    if (n == 0 && closed && born * cells_.count() <= SeriesTable::cells_per_chunk) first_of_all_ = there;
  }
  const auto add_refuge = [&](auto& table) {
    return table.add_refuge(labels.view(), others_among(all_other), born_now());
  };
  if (!labels.ok() || !(expiry_ ? add_refuge(expiry_->series) : add_refuge(*kept_))) no_memory();
}

template <cells::Platform P>
typename BasicFamily<P>::Value BasicFamily<P>::open_value(std::size_t label, std::string_view text) noexcept {
  const Value there = present_value(label, text);
  if (there.number != 0 || text == other_text) return there;
  const CleanText clean(text);
  if (!clean.ok()) return {};
  const Texts& texts = texts_[label];
  return texts.expiring ? texts.expiring->find_or_add(clean.text()) : texts.kept->find_or_add(clean.text());
}

template <cells::Platform P>
typename BasicFamily<P>::Place BasicFamily<P>::place(std::span<const Value> values) noexcept {
  if (lone_) return first_of_all_;
  std::uint32_t combination = 0;
  for (std::size_t i = 0; i < values.size(); ++i) {
    const LabelDefinition& label = definition_.labels[i];
    if (values[i].number == 0 && is_set(definition_.kind) && label.open && label.others == OtherGauge::refused) {
      cells::incidents.values_not_pinned.add();
      return {&cells::nowhere, 0};
    }
    combination += values[i].number * stride(i);
  }
  const auto in = [&](auto& table) {
    if (const Place there = table.find(combination); there.chunk != nullptr) return there;
    encode::Scratch labels;
    append_labels(labels, values);
    if (labels.ok()) return table.find_or_add(combination, labels.view(), others_among(values), born_now());
    cells::incidents.allocation_failures.add();
    return table.refuge();
  };
  return expiry_ ? in(expiry_->series) : in(*kept_);
}

template <cells::Platform P>
void BasicFamily<P>::append_labels(encode::Scratch& out, std::span<const Value> values) const noexcept {
  out += constant_labels();
  for (std::size_t i = 0; i < values.size(); ++i) {
    const LabelDefinition& label = definition_.labels[i];
    const std::uint32_t number = values[i].number;
    const std::string_view text = label.open    ? values[i].text
                                  : number == 0 ? std::string_view{}
                                                : label.values[number - 1];
    encode::append_label(out, label.name, number == 0 ? other_text : text);
  }
}

FLOWVIZ_METRICS_END
