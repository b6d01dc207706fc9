// SPDX-License-Identifier: MIT
#pragma once
/// \file
/// The Prometheus text format, version 0.0.4.

#include <cstdint>
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

  /// `bounds` are those of a histogram.
  void family(std::string_view name, std::string_view help, PageType type, std::span<const double> bounds = {}) {
    name_ = name;
    sink_.put("# HELP ");
    sink_.put(name);
    sink_.put(' ');
    append_escaped_help(sink_, help);
    sink_.put("\n# TYPE ");
    sink_.put(name);
    // Info has no type of its own in this format.
    sink_.put(type == PageType::counter ? " counter\n" : type == PageType::histogram ? " histogram\n" : " gauge\n");
    le_.clear();
    for (const double bound : bounds) le_.emplace_back(le(bound));
    if (type == PageType::histogram) le_.emplace_back("le=\"+Inf\"} ");
  }

  /// One sample of a counter or a gauge; the value is a double or an integer, which is printed with all its digits.
  template <class Number>
  void sample(std::string_view labels, Number value) {
    put_name("", labels);
    sink_.put_number(value);
    sink_.put('\n');
  }

  /// All samples of one series of a histogram. `buckets` are not cumulated; the last one is +Inf.
  void histogram(std::string_view labels, std::span<const std::uint64_t> buckets, double sum) {
    std::uint64_t count = 0;
    for (std::size_t i = 0; i < buckets.size(); ++i) {
      count += buckets[i];
      sink_.put_all(name_, std::string_view("_bucket{"), labels, std::string_view(labels.empty() ? "" : ","), le_[i]);
      sink_.put_number(count);
      sink_.put('\n');
    }
    put_name("_sum", labels);
    sink_.put_number(sum);
    sink_.put('\n');
    put_name("_count", labels);
    sink_.put_number(count);
    sink_.put('\n');
  }

  /// Hands what is still held back to the page.
  void flush() { sink_.flush(); }

 private:
  static std::string le(double bound) {
    char digits[max_number];
    return "le=\"" + std::string(digits, write_number(digits, bound)) + "\"} ";
  }

  void put_name(std::string_view suffix, std::string_view labels) {
    using namespace std::string_view_literals;
    if (labels.empty()) {
      sink_.put_all(name_, suffix, " "sv);
    } else {
      sink_.put_all(name_, suffix, "{"sv, labels, "} "sv);
    }
  }

  Sink sink_;
  std::string_view name_;
  std::vector<std::string> le_;
};

}  // namespace encode
FLOWVIZ_METRICS_END
