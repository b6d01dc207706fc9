// SPDX-License-Identifier: MIT
#pragma once
/// \file
/// The text formats: Prometheus' 0.0.4 and 1.0.0, which differ in names alone, and OpenMetrics 1.0.

#include <cstdint>
#include <limits>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include <flowviz_metrics/encode/escape.hpp>
#include <flowviz_metrics/encode/label_text.hpp>
#include <flowviz_metrics/encode/name_escaping.hpp>
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
  explicit BasicTextEncoder(Page& page, TextFormat format = TextFormat::prometheus,
                            Escaping escaping = Escaping::underscores) noexcept
      : sink_(page), open_metrics_(format == TextFormat::open_metrics), escaping_(escaping) {}

  /// Starts a family; `bounds` are those of a histogram.
  void family(std::string_view name, std::string_view help, PageType type, std::span<const double> bounds = {}) {
    family_.clear();
    append_escaped_name(family_, name, NameOf::metric, escaping_);
    // OpenMetrics gives a counter its ending sample by sample, and an info; the family goes without.
    const std::string_view ending = open_metrics_ ? ending_of(type) : "", base = without(family_, ending);
    title_.clear();
    append_name(title_, base, NameOf::metric);
    const bool quoted = title_.size() != base.size();
    sink_ += "# HELP ";
    sink_ += title_;
    sink_ += ' ';
    open_metrics_ ? append_escaped_value(sink_, help) : append_escaped_help(sink_, help);
    sink_ += "\n# TYPE ";
    sink_ += title_;
    sink_ += type_text(type);
    if (const std::string_view unit = open_metrics_ && has_unit(type) ? unit_of(base) : ""; !unit.empty()) {
      sink_ += "# UNIT ";
      sink_ += title_;
      sink_ += ' ';
      sink_ += unit;
      sink_ += '\n';
    }
    name_.assign(base, ending, quoted);
    if (open_metrics_) created_.assign(base, "_created", quoted);
    if (type == PageType::histogram || type == PageType::summary) {
      bucket_.assign(base, "_bucket", quoted);
      sum_.assign(base, "_sum", quoted);
      count_.assign(base, "_count", quoted);
    }
    le_.clear();
    for (const double bound : bounds) add_le(bound);
    if (type == PageType::histogram) add_le(std::numeric_limits<double>::infinity());
    is_info_ = type == PageType::info;
    is_summary_ = type == PageType::summary;
    no_sum_ = !bounds.empty() && bounds.front() < 0;  // not even before something below zero is observed
  }

  /// One sample of a counter or a gauge; the value is a double or an integer, which is printed with all its digits.
  template <class Number>
  void sample(std::string_view labels, Number value) {
    write_sample(labels, value);
  }
  template <class Number>
  FLOWVIZ_METRICS_INLINE void sample(Padded labels, Number value) {
    write_sample(labels, value);
  }

  /// How names stand on the page.
  [[nodiscard]] Escaping escaping() const noexcept { return escaping_; }

  /// Whether label text with quoted names has to go through `escaped` before it is handed over.
  [[nodiscard]] bool escapes_labels() const noexcept { return escaping_ != Escaping::allow_utf8; }

  /// The same label text with its names as the page has them; valid until the next call.
  [[nodiscard]] Padded escaped(std::string_view labels) {
    room_.clear();
    append_escaped_labels(room_, labels, escaping_, name_room_);
    return labels_.assign(room_).padded();
  }

  /// Whether it shows exemplars and when series began; only OpenMetrics does.
  [[nodiscard]] bool shows_extras() const noexcept { return open_metrics_; }

  /// A sample of a counter with these.
  template <class Number>
  void sample(std::string_view labels, Number value, const PageExtras& extras) {
    write_head(name_, labels);
    char digits[max_number + 2];
    if constexpr (std::is_same_v<Number, double>) {
      sink_ += text_between(digits, write_number(digits, OpenDouble{value}));
    } else {
      sink_ += text_between(digits, write_number(digits, value));
    }
    if (extras.exemplar != nullptr) write_exemplar(*extras.exemplar);
    sink_ += '\n';
    if (extras.created != 0) write_created(labels, extras.created);
  }

  /// All samples of one series of a histogram or a summary. These formats cannot show native buckets.
  void histogram(std::string_view labels, const PageHistogram& series) { write_histogram(labels, series); }
  void histogram(Padded labels, const PageHistogram& series) { write_histogram(labels, series); }

  /// Ends the page.
  void finish() {
    if (open_metrics_) sink_ += "# EOF\n";
    sink_.flush();
  }

 private:
  // What a sample's line has before its value if there are no labels, and before its labels.
  struct SampleName {
    void assign(std::string_view base, std::string_view ending, bool quoted) {
      open.assign(quoted ? "{\"" : "");
      quoted ? append_escaped_value(open, base) : void(open += base);
      open += ending;
      if (quoted) open += '"';
      bare.assign(open.text()).append(quoted ? "} " : " ");
      open += quoted ? ',' : '{';
    }
    PaddedString bare, open;
  };

  template <class Text, class Number>
  FLOWVIZ_METRICS_INLINE void write_sample(Text labels, Number value) {
    if constexpr (std::is_same_v<Number, double>) {
      if (open_metrics_) return write_open_sample(text_of(labels), value);
    }
    write_line(name_, labels, value);
  }
  template <class Text, class Number>
  FLOWVIZ_METRICS_INLINE void write_line(const SampleName& name, Text labels, Number number) {
    static constexpr char close[Padded::least] = "} ";
    if (labels.size() == 0) [[unlikely]]
      return write_bare_line(name, number);
    sink_.line(number, name.open.padded(), labels, Padded{{close, 2}});
  }
  // Of a metric without labels, which has one.
  template <class Number>
  FLOWVIZ_METRICS_NOINLINE void write_bare_line(const SampleName& name, Number number) {
    sink_.line(number, name.bare.padded());
  }
  void write_head(const SampleName& name, std::string_view labels) {
    sink_ += (labels.empty() ? name.bare : name.open).text();
    sink_ += labels;
    if (!labels.empty()) sink_ += "} ";
  }

  // Apart from the above, which is inlined where a page's counters are written.
  FLOWVIZ_METRICS_NOINLINE void write_open_sample(std::string_view labels, double value) {
    write_head(name_, labels);
    char digits[max_number + 3];
    char* end = write_number(digits, OpenDouble{value});
    // An info is 1, and nothing that was measured.
    if (is_info_) end = digits + 1;
    *end++ = '\n';
    sink_ += std::string_view(digits, static_cast<std::size_t>(end - digits));
  }

  template <class Text>
  void write_histogram(Text labels, const PageHistogram& series) {
    const std::uint64_t count = is_summary_ ? series.buckets.front() : write_buckets(labels, series);
    const bool has_sum = shows_sum(series);
    if (has_sum && open_metrics_) write_line(sum_, labels, OpenDouble{series.sum});
    if (has_sum && !open_metrics_) write_line(sum_, labels, series.sum);
    // A histogram has both or neither.
    if (has_sum || is_summary_) write_line(count_, labels, count);
    if (open_metrics_ && series.created != 0) write_created(text_of(labels), series.created);
  }

  // Returns what is in all of them.
  template <class Text>
  std::uint64_t write_buckets(Text labels, const PageHistogram& series) {
    // All but the bound is the same in all lines of buckets.
    head_.assign(bucket_.open.text()).append(text_of(labels)).append(labels.size() == 0 ? "" : ",");
    std::uint64_t count = 0;
    for (std::size_t i = 0; i < series.buckets.size(); ++i) {
      count += series.buckets[i];
      if (i < series.exemplars.size() && series.exemplars[i].there) [[unlikely]] {
        write_bucket(count, i, series.exemplars[i]);
      } else {
        sink_.line(count, head_.padded(), le_[i].padded());
      }
    }
    return count;
  }

  // In OpenMetrics sums are counters, which neither fall nor are NaN, as one that was infinite may be.
  [[nodiscard]] bool shows_sum(const PageHistogram& series) const noexcept {
    return !open_metrics_ || (!no_sum_ && series.sum_rises && series.sum >= 0);
  }

  FLOWVIZ_METRICS_NOINLINE void write_bucket(std::uint64_t count, std::size_t i, const PageExemplar& exemplar) {
    sink_ += head_.text();
    sink_ += le_[i].text();
    char digits[max_number];
    sink_ += text_between(digits, write_number(digits, count));
    write_exemplar(exemplar);
    sink_ += '\n';
  }

  // Behind a line's number.
  void write_exemplar(const PageExemplar& exemplar) {
    char digits[max_number + 2];
    sink_ += " # {";
    sink_ += exemplar.labels;
    sink_ += "} ";
    sink_ += text_between(digits, write_number(digits, OpenDouble{exemplar.of.value}));
    sink_ += ' ';
    write_time(exemplar.of.milliseconds);
  }

  FLOWVIZ_METRICS_NOINLINE void write_created(std::string_view labels, std::int64_t milliseconds) {
    write_head(created_, labels);
    write_time(milliseconds);
    sink_ += '\n';
  }

  // As seconds.
  void write_time(std::int64_t milliseconds) {
    char digits[max_number + 2];
    char* end = write_number(digits, milliseconds / 1000);
    *end++ = '.';
    for (const int unit : {100, 10, 1}) *end++ = static_cast<char>('0' + milliseconds / unit % 10);
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

  [[nodiscard]] std::string_view type_text(PageType type) const noexcept {
    switch (type) {
      case PageType::counter:
        return " counter\n";
      case PageType::histogram:
        return " histogram\n";
      case PageType::summary:
        return " summary\n";
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
  const Escaping escaping_;
  bool is_info_ = false;
  bool is_summary_ = false;
  bool no_sum_ = false;
  std::string family_, title_;  // its name as the page has it, and how that stands there
  SampleName name_;             // of samples
  SampleName bucket_, sum_, count_, created_;
  std::vector<PaddedString> le_;  // le="0.5"} and so on
  // Kept for their memory:
  PaddedString head_;    // the beginning of a series' lines of buckets
  PaddedString labels_;  // those that are escaped
  std::string room_, name_room_;
};

using TextEncoder = BasicTextEncoder<std::string>;

}  // namespace encode
FLOWVIZ_METRICS_END
