// SPDX-License-Identifier: MIT
#pragma once
/// \file
/// The two text formats: Prometheus' 0.0.4 and OpenMetrics 1.0.

#include <cstdint>
#include <limits>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include <flowviz_metrics/encode/escape.hpp>
#include <flowviz_metrics/encode/page_type.hpp>
#include <flowviz_metrics/encode/sink.hpp>
#include <flowviz_metrics/unit.hpp>
#include <flowviz_metrics/version.hpp>

FLOWVIZ_METRICS_BEGIN
namespace encode {

/// The formats of lines.
enum class TextFormat : std::uint8_t { prometheus, open_metrics };

/// Writes families as they are handed to it: first the family, then its samples. `labels` is rendered label text
/// without braces.
///
/// A template on the page, which is a std::string, so that only files which make one compile it.
template <class Page>
class BasicTextEncoder {
 public:
  explicit BasicTextEncoder(Page& page, TextFormat format = TextFormat::prometheus) noexcept
      : sink_(page), open_metrics_(format == TextFormat::open_metrics) {}

  /// Starts a family; `bounds` are those of a histogram.
  void family(std::string_view name, std::string_view help, PageType type, std::span<const double> bounds = {}) {
    // OpenMetrics gives a counter its ending sample by sample, and an info; the family goes without.
    std::string_view base = name, ending = "";
    if (open_metrics_ && type == PageType::counter) base = without(name, ending = "_total");
    if (open_metrics_ && type == PageType::info) base = without(name, ending = "_info");
    sink_ += "# HELP ";
    sink_ += base;
    sink_ += ' ';
    open_metrics_ ? append_escaped_value(sink_, help) : append_escaped_help(sink_, help);
    sink_ += "\n# TYPE ";
    sink_ += base;
    sink_ += type_text(type);
    if (const std::string_view unit =
            open_metrics_ && type != PageType::info && type != PageType::state_set ? unit_of(base) : "";
        !unit.empty()) {
      sink_ += "# UNIT ";
      sink_ += base;
      sink_ += ' ';
      sink_ += unit;
      sink_ += '\n';
    }
    name_.assign(base).append(ending);
    open_.assign(name_.text()).append("{");
    le_.clear();
    for (const double bound : bounds) add_le(bound);
    if (type == PageType::histogram) add_le(std::numeric_limits<double>::infinity());
    is_info_ = type == PageType::info;
    no_sum_ = !bounds.empty() && bounds.front() < 0;  // not even before something below zero is observed
  }

  /// One sample of a counter or a gauge; the value is a double or an integer, which is printed with all its digits.
  template <class Number>
  void sample(std::string_view labels, Number value) {
    write_sample(labels, value);
  }
  template <class Number>
  void sample(Padded labels, Number value) {
    write_sample(labels, value);
  }

  /// Whether it shows exemplars; only OpenMetrics has them.
  [[nodiscard]] bool shows_exemplars() const noexcept { return open_metrics_; }

  /// A sample with an exemplar.
  template <class Number>
  void sample(std::string_view labels, Number value, const PageExemplar& exemplar) {
    sink_ += labels.empty() ? name_.text() : open_.text();
    sink_ += labels;
    sink_ += labels.empty() ? " " : "} ";
    char digits[max_number + 2];
    if constexpr (std::is_same_v<Number, double>) {
      sink_ += text_between(digits, write_number(digits, OpenDouble{value}));
    } else {
      sink_ += text_between(digits, write_number(digits, value));
    }
    write_exemplar(exemplar);
  }

  /// All samples of one series of a histogram. These formats cannot show native buckets.
  void histogram(std::string_view labels, const PageHistogram& series) { write_histogram(labels, series); }
  void histogram(Padded labels, const PageHistogram& series) { write_histogram(labels, series); }

  /// Ends the page.
  void finish() {
    if (open_metrics_) sink_ += "# EOF\n";
    sink_.flush();
  }

 private:
  template <class Text, class Number>
  void write_sample(Text labels, Number value) {
    if constexpr (std::is_same_v<Number, double>) {
      if (open_metrics_) return write_open_sample(text_of(labels), value);
    }
    if (labels.size() == 0) {
      sink_.line(value, name_.padded(), std::string_view(" "));
    } else {
      sink_.line(value, open_.padded(), labels, std::string_view("} "));
    }
  }

  // Apart from the above, which is inlined where a page's counters are written.
  FLOWVIZ_METRICS_NOINLINE void write_open_sample(std::string_view labels, double value) {
    sink_ += labels.empty() ? name_.text() : open_.text();
    sink_ += labels;
    sink_ += labels.empty() ? " " : "} ";
    char digits[max_number + 3];
    char* end = write_number(digits, OpenDouble{value});
    // An info is 1, and nothing that was measured.
    if (is_info_) end = digits + 1;
    *end++ = '\n';
    sink_ += std::string_view(digits, static_cast<std::size_t>(end - digits));
  }

  template <class Text>
  void write_histogram(Text labels, const PageHistogram& series) {
    // All but the bound is the same in all lines of buckets.
    head_.assign(name_.text()).append("_bucket{").append(text_of(labels)).append(labels.size() == 0 ? "" : ",");
    std::uint64_t count = 0;
    for (std::size_t i = 0; i < series.buckets.size(); ++i) {
      count += series.buckets[i];
      if (i < series.exemplars.size() && series.exemplars[i].there) [[unlikely]] {
        write_bucket(count, i, series.exemplars[i]);
      } else {
        sink_.line(count, head_.padded(), le_[i].padded());
      }
    }
    const std::string_view open = labels.size() == 0 ? std::string_view("") : std::string_view("{"),
                           close = labels.size() == 0 ? std::string_view(" ") : std::string_view("} ");
    // In OpenMetrics sums are counters, which neither fall nor are NaN, as one that was infinite may be.
    if (open_metrics_ && (no_sum_ || !series.sum_rises || !(series.sum >= 0))) return;
    open_metrics_ ? sink_.line(OpenDouble{series.sum}, name_.padded(), std::string_view("_sum"), open, labels, close)
                  : sink_.line(series.sum, name_.padded(), std::string_view("_sum"), open, labels, close);
    sink_.line(count, name_.padded(), std::string_view("_count"), open, labels, close);
  }

  FLOWVIZ_METRICS_NOINLINE void write_bucket(std::uint64_t count, std::size_t i, const PageExemplar& exemplar) {
    sink_ += head_.text();
    sink_ += le_[i].text();
    char digits[max_number];
    sink_ += text_between(digits, write_number(digits, count));
    write_exemplar(exemplar);
  }

  // The rest of a line behind its number.
  void write_exemplar(const PageExemplar& exemplar) {
    char digits[max_number + 2];
    sink_ += " # {";
    sink_ += exemplar.labels;
    sink_ += "} ";
    sink_ += text_between(digits, write_number(digits, OpenDouble{exemplar.of.value}));
    sink_ += ' ';
    char* end = write_number(digits, exemplar.of.milliseconds / 1000);
    *end++ = '.';
    for (const int unit : {100, 10, 1}) *end++ = static_cast<char>('0' + exemplar.of.milliseconds / unit % 10);
    *end++ = '\n';
    sink_ += text_between(digits, end);
  }

  static std::string_view text_between(const char* begin, const char* end) noexcept {
    return {begin, static_cast<std::size_t>(end - begin)};
  }

  void add_le(double bound) {
    char digits[max_number];
    const char* end = open_metrics_ ? write_number(digits, OpenDouble{bound}) : write_number(digits, bound);
    le_.emplace_back().assign("le=\"").append({digits, static_cast<std::size_t>(end - digits)}).append("\"} ");
  }

  static std::string_view without(std::string_view name, std::string_view ending) noexcept {
    return name.ends_with(ending) ? name.substr(0, name.size() - ending.size()) : name;
  }
  [[nodiscard]] std::string_view type_text(PageType type) const noexcept {
    switch (type) {
      case PageType::counter:
        return " counter\n";
      case PageType::histogram:
        return " histogram\n";
      case PageType::info:
        return open_metrics_ ? " info\n" : " gauge\n";  // which has no type of its own in the older format
      case PageType::state_set:
        return open_metrics_ ? " stateset\n" : " gauge\n";  // likewise
      default:
        return " gauge\n";
    }
  }

  Sink sink_;
  const bool open_metrics_;
  bool is_info_ = false;
  bool no_sum_ = false;
  PaddedString name_;             // of samples
  PaddedString open_;             // the name and an opening brace
  std::vector<PaddedString> le_;  // le="0.5"} and so on
  PaddedString head_;             // the beginning of a series' lines of buckets; kept for its memory
};

using TextEncoder = BasicTextEncoder<std::string>;

}  // namespace encode
FLOWVIZ_METRICS_END
