// SPDX-License-Identifier: MIT
#pragma once
/// \file
/// Exemplars: where one of many observations came from, as labels that lead somewhere, most often to a trace.

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <initializer_list>
#include <span>
#include <string_view>

#include <flowviz_metrics/cells/incidents.hpp>
#include <flowviz_metrics/encode/escape.hpp>
#include <flowviz_metrics/encode/label_text.hpp>
#include <flowviz_metrics/family/series_cells.hpp>
#include <flowviz_metrics/label_domain.hpp>
#include <flowviz_metrics/wall_clock.hpp>

FLOWVIZ_METRICS_BEGIN

class CounterSeries;
class DoubleCounterSeries;
class HistogramSeries;
class NativeHistogramSeries;

/// A label of an exemplar. Its name is checked as a metric's label is, and is of the classic alphabet.
struct ExemplarLabel {
  ExemplarName name;
  std::string_view value;
};

/// The labels of an exemplar, ready to be kept with a number that is counted.
///
///     requests.inc(1, {{"trace_id", trace}});
///     duration.observe(watch.elapsed(), {{"trace_id", trace}, {"span_id", span}});
///
/// Names and values have at most 128 code points together (OpenMetrics 1.0), and no name comes twice: otherwise what is
/// counted has no exemplar, and `flowviz_metrics_values_refused_total` one more of the reason `exemplar`. Bytes that are
/// not UTF-8, carriage returns and NUL are replaced, which is counted, too. Making one copies the texts and allocates nothing.
class Exemplar {
 public:
  static constexpr std::size_t max_code_points = 128;

  Exemplar(std::initializer_list<ExemplarLabel> labels) noexcept : Exemplar(labels.begin(), labels.size()) {}
  explicit Exemplar(std::span<const ExemplarLabel> labels) noexcept : Exemplar(labels.data(), labels.size()) {}

  /// Whether it can be kept.
  [[nodiscard]] bool fits() const noexcept { return fits_; }
  /// The labels as pages show them, without braces; valid as long as this.
  [[nodiscard]] std::string_view labels() const noexcept { return {text_.data, text_.size}; }

 private:
  friend class CounterSeries;
  friend class DoubleCounterSeries;
  friend class HistogramSeries;
  friend class NativeHistogramSeries;

  Exemplar(const ExemplarLabel* labels, std::size_t count) noexcept {
    if constexpr (!metrics_enabled) return;
    std::size_t code_points = 0;
    bool is_one = true;
    for (std::size_t i = 0; i < count && is_one; ++i) {
      const std::string_view name = labels[i].name.text();
      for (std::size_t k = 0; k < i; ++k) is_one = is_one && labels[k].name.text() != name;
      code_points += name.size() + code_points_of(labels[i].value);
      is_one = is_one && code_points <= max_code_points;
      if (is_one) append(name, labels[i].value);
    }
    fits_ = is_one;
    if (!fits_) cells::incidents.exemplars_refused.add();
  }

  // Keeps it with `value`, observed now in the cell at `at`.
  void keep(Chunk& chunk, std::uint32_t at, double value) const noexcept {
    if constexpr (!metrics_enabled) return;
    if (!fits_) return;
    chunk.keep_exemplar(at, {value, unix_milliseconds()}, labels());
  }

  // Each code point is 4 bytes at most, or 2 if it is escaped; a name, of one byte at least, brings 4 characters with it.
  static constexpr std::size_t max_bytes = 5 * max_code_points;

  // What append_label() and others append to. Not cleared: most exemplars are short.
  struct Text {
    [[nodiscard]] bool empty() const noexcept { return size == 0; }
    Text& operator+=(std::string_view more) noexcept {
      if (!more.empty()) std::memcpy(data + size, more.data(), more.size());
      size += more.size();
      return *this;
    }
    Text& operator+=(char c) noexcept { return *this += std::string_view(&c, 1); }

    std::size_t size = 0;
    char data[max_bytes];  // NOLINT: written before it is read
  };

  // As they will be shown: each byte that belongs to no sequence as one.
  static std::size_t code_points_of(std::string_view text) noexcept {
    if (encode::is_ascii(text)) return text.size();
    std::size_t count = 0;
    for (; !text.empty(); ++count) {
      const std::size_t length = encode::sequence_length(text);
      text.remove_prefix(length == 0 ? 1 : length);
    }
    return count;
  }

  // NUL, which other texts keep, is replaced as well: Prometheus refuses a page of OpenMetrics that has one in an exemplar.
  void append(std::string_view name, std::string_view value) noexcept {
    constexpr char nul = '\0';
    if (value.find(nul) == value.npos && encode::is_clean(value)) return encode::append_label(text_, name, value);
    cells::incidents.texts_not_utf8.add();
    Text repaired;
    encode::append_repaired(repaired, value, nul);
    encode::append_label(text_, name, {repaired.data, repaired.size});
  }

  bool fits_ = false;
  Text text_;
};

FLOWVIZ_METRICS_END
