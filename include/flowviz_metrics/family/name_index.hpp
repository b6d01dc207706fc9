// SPDX-License-Identifier: MIT
#pragma once
/// \file
/// Names with a number each, found by hash: what std::unordered_map<std::string, std::size_t> is, in the few lines that a
/// page needs of it: every file that includes the library would have to read <unordered_map>.

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <flowviz_metrics/cells/hash.hpp>

FLOWVIZ_METRICS_BEGIN

/// A map that only grows. One thread at a time.
template <class Number>
class NameIndex {
 public:
  /// The number of a name, or nullptr.
  [[nodiscard]] const Number* find(std::string_view name) const noexcept {
    if (places_.empty()) return nullptr;
    const std::size_t entry = places_[place_of(name)];
    return entry == 0 ? nullptr : &entries_[entry - 1].second;
  }

  /// Adds a name; one that is there keeps its number.
  void add(std::string_view name, Number number) {
    if (2 * (entries_.size() + 1) > places_.size()) grow();
    std::size_t& place = places_[place_of(name)];
    if (place != 0) return;
    entries_.emplace_back(name, number);
    place = entries_.size();
  }

 private:
  // Where a name stands, or would: the first place from its hash on that has it, or nothing. At most half are taken.
  [[nodiscard]] std::size_t place_of(std::string_view name) const noexcept {
    std::size_t place = cells::hash_text(name.data(), name.size()) & (places_.size() - 1);
    while (places_[place] != 0 && entries_[places_[place] - 1].first != name)
      place = (place + 1) & (places_.size() - 1);
    return place;
  }

  void grow() {
    places_.assign(places_.empty() ? 64 : 2 * places_.size(), 0);
    for (std::size_t i = 0; i < entries_.size(); ++i) places_[place_of(entries_[i].first)] = i + 1;
  }

  std::vector<std::pair<std::string, Number>> entries_;
  std::vector<std::size_t> places_;  // a power of two of them; which entry stands there, counted from 1, or 0
};

FLOWVIZ_METRICS_END
