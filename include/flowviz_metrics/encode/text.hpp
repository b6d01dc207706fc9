// SPDX-License-Identifier: MIT
#pragma once
/// \file
/// The Prometheus text format, version 0.0.4.

#include <cstdint>
#include <limits>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <flowviz_metrics/encode/escape.hpp>
#include <flowviz_metrics/encode/sink.hpp>
#include <flowviz_metrics/version.hpp>

FLOWVIZ_METRICS_BEGIN
namespace encode {

/// What a family is to the reader of a page, whatever counts it.
enum class PageType : std::uint8_t { counter, gauge, histogram, info };

/// Writes families as they are handed to it: first the family, then its samples. `labels` is rendered label text
/// without braces.
class TextEncoder {
 public:
  static constexpr std::string_view content_type = "text/plain; version=0.0.4; charset=utf-8";

  explicit TextEncoder(std::string& page) noexcept : sink_(page) {}

  /// Starts a family; `bounds` are those of a histogram.
  void family(std::string_view name, std::string_view help, PageType type, std::span<const double> bounds = {}) {
    name_.assign(name);
    sink_ += "# HELP ";
    sink_ += name;
    sink_ += ' ';
    append_escaped_help(sink_, help);
    sink_ += "\n# TYPE ";
    sink_ += name;
    // Info has no type of its own in this format.
    sink_ += type == PageType::counter ? " counter\n" : type == PageType::histogram ? " histogram\n" : " gauge\n";
    open_.assign(name).append("{");
    le_.clear();
    for (const double bound : bounds) add_le(bound);
    if (type == PageType::histogram) add_le(std::numeric_limits<double>::infinity());
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

  /// All samples of one series of a histogram. `buckets` are not cumulated; the last one is +Inf.
  void histogram(std::string_view labels, std::span<const std::uint64_t> buckets, double sum) {
    write_histogram(labels, buckets, sum);
  }
  void histogram(Padded labels, std::span<const std::uint64_t> buckets, double sum) {
    write_histogram(labels, buckets, sum);
  }

  /// Hands what is still held back to the page.
  void flush() { sink_.flush(); }

 private:
  template <class Text, class Number>
  void write_sample(Text labels, Number value) {
    if (labels.size() == 0) {
      sink_.line(value, name_.padded(), std::string_view(" "));
    } else {
      sink_.line(value, open_.padded(), labels, std::string_view("} "));
    }
  }

  template <class Text>
  void write_histogram(Text labels, std::span<const std::uint64_t> buckets, double sum) {
    // All but the bound is the same in all lines of buckets.
    head_.assign(name_.text()).append("_bucket{").append(text_of(labels)).append(labels.size() == 0 ? "" : ",");
    std::uint64_t count = 0;
    for (std::size_t i = 0; i < buckets.size(); ++i) {
      count += buckets[i];
      sink_.line(count, head_.padded(), le_[i].padded());
    }
    const std::string_view open = labels.size() == 0 ? std::string_view("") : std::string_view("{"),
                           close = labels.size() == 0 ? std::string_view(" ") : std::string_view("} ");
    sink_.line(sum, name_.padded(), std::string_view("_sum"), open, labels, close);
    sink_.line(count, name_.padded(), std::string_view("_count"), open, labels, close);
  }

  void add_le(double bound) {
    char digits[max_number];
    const char* end = write_number(digits, bound);
    le_.emplace_back().assign("le=\"").append({digits, static_cast<std::size_t>(end - digits)}).append("\"} ");
  }

  Sink sink_;
  PaddedString name_;
  PaddedString open_;             // the name and an opening brace
  std::vector<PaddedString> le_;  // le="0.5"} and so on
  PaddedString head_;             // the beginning of a series' lines of buckets; kept for its memory
};

}  // namespace encode
FLOWVIZ_METRICS_END
