// SPDX-License-Identifier: MIT
#pragma once
/// \file
/// What was counted under `_other`, by metric and label: added up while the metrics are walked for a page.

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <flowviz_metrics/encode/label_text.hpp>
#include <flowviz_metrics/family/family.hpp>
#include <flowviz_metrics/own_metrics.hpp>

FLOWVIZ_METRICS_BEGIN

/// The overflow of one page. Read from the `_other` series themselves, for handles onto them are kept and look-ups
/// cannot tell how much is counted through one. A template, so that only files that make a page
/// compile it.
template <class Encoder>
class PageOverflow {
 public:
  struct Line {
    std::string labels;
    double amount;
  };

  /// A metric begins, which several registries may have.
  void begin_metric() noexcept { lines_before_ = lines_.size(); }

  /// Before the series of its family in one registry are read.
  void begin(const Family& family) noexcept {
    for (std::size_t i = 0; i < family.definition().labels.size(); ++i) {
      amounts_[i] = family.expires() ? family.ended_overflow().amount(i) : 0;
    }
  }

  /// One of the series, if it is one.
  template <class Series>
  void add(const Family& family, const Series& series) noexcept {
    std::uint32_t others = series.tag.get();
    if (others == 0) [[likely]]
      return;
    const double amount = family.cells().amount(series.place());
    for (std::size_t label = 0; others != 0; ++label, others >>= 1) {
      if ((others & 1) != 0) amounts_[label] += amount;
    }
  }

  /// After them; `constant_labels` as the page has them.
  void end(const Family& family, std::string_view constant_labels) {
    const Definition& definition = family.definition();
    if (is_set(definition.kind)) return;  // what was set under a gauge's _other is no amount
    for (std::size_t i = 0; i < definition.labels.size(); ++i) {
      if (!definition.labels[i].open) continue;  // a closed label's _other is as good as its other values
      std::string labels(constant_labels);
      encode::append_label(labels, own::overflow_metric, definition.name);
      encode::append_label(labels, own::overflow_label, definition.labels[i].name);
      count(std::move(labels), family.expires() ? family.ended_overflow().shown(i, amounts_[i]) : amounts_[i]);
    }
  }

  [[nodiscard]] const std::vector<Line>& lines() const noexcept { return lines_; }

 private:
  // Registries that have a metric of the same name and labels, but for one, say so once.
  void count(std::string labels, double amount) {
    for (Line& there : std::span(lines_).subspan(lines_before_)) {
      if (there.labels == labels) {
        there.amount += amount;
        return;
      }
    }
    lines_.push_back({std::move(labels), amount});
  }

  std::vector<Line> lines_;
  std::size_t lines_before_ = 0;             // how many when the metric began
  double amounts_[Family::max_labels] = {};  // of the family, by label
};

FLOWVIZ_METRICS_END
