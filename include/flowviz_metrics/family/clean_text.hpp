// SPDX-License-Identifier: MIT
#pragma once
/// \file
/// What a page shows for a label value that was given: UTF-8, and no longer than is kept.

#include <string_view>

#include <flowviz_metrics/cells/incidents.hpp>
#include <flowviz_metrics/encode/escape.hpp>
#include <flowviz_metrics/encode/scratch.hpp>

FLOWVIZ_METRICS_BEGIN

/// A label value, repaired and cut if need be, which is counted.
class CleanText {
 public:
  explicit CleanText(std::string_view given) noexcept : text_(given) {
    if (!encode::is_clean(text_)) {
      cells::incidents.texts_not_utf8.add();
      encode::append_repaired(utf8_, text_);
      text_ = utf8_.view();
    }
    if (text_.size() > encode::max_label_bytes) {
      cells::incidents.texts_too_long.add();
      encode::append_cut(shorter_, text_);
      text_ = shorter_.view();
    }
    if (!ok()) cells::incidents.allocation_failures.add();
  }

  /// Whether there was memory for it.
  [[nodiscard]] bool ok() const noexcept { return utf8_.ok() && shorter_.ok(); }
  /// Valid as long as this, and what was given.
  [[nodiscard]] std::string_view text() const noexcept { return text_; }

 private:
  std::string_view text_;
  encode::Scratch utf8_;
  encode::Scratch shorter_;
};

FLOWVIZ_METRICS_END
