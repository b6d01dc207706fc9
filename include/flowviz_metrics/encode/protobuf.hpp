// SPDX-License-Identifier: MIT
#pragma once
/// \file
/// The protobuf format: a stream of io.prometheus.client.MetricFamily messages, each behind its length. Written by hand, for
/// it is five field types, and the library has no dependency.
///
/// The numbers of the fields are those of metrics.proto in prometheus/client_model.

#include <bit>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <flowviz_metrics/encode/label_text.hpp>
#include <flowviz_metrics/encode/name_escaping.hpp>
#include <flowviz_metrics/encode/page_type.hpp>
#include <flowviz_metrics/encode/sink.hpp>
#include <flowviz_metrics/unit.hpp>
#include <flowviz_metrics/version.hpp>

FLOWVIZ_METRICS_BEGIN
namespace encode {

/// A message that is being written.
class Message {
 public:
  void clear() noexcept { bytes_.clear(); }
  [[nodiscard]] std::string_view bytes() const noexcept { return bytes_; }

  void varint(std::uint64_t value) {
    for (; value >= 0x80; value >>= 7) bytes_ += static_cast<char>(value | 0x80);
    bytes_ += static_cast<char>(value);
  }
  void number(std::uint32_t field, std::uint64_t value) {
    varint(field << 3);
    varint(value);
  }
  void number(std::uint32_t field, double value) {
    varint(field << 3 | 1);
    const auto bits = std::bit_cast<std::uint64_t>(value);
    for (int shift = 0; shift < 64; shift += 8) bytes_ += static_cast<char>(bits >> shift);
  }
  void text(std::uint32_t field, std::string_view value) {
    varint(field << 3 | 2);
    varint(value.size());
    bytes_ += value;
  }
  /// Zigzag, for numbers that may be below zero.
  void signed_varint(std::int64_t value) {
    varint(static_cast<std::uint64_t>(value) << 1 ^ static_cast<std::uint64_t>(value >> 63));
  }
  void signed_number(std::uint32_t field, std::int64_t value) {
    varint(field << 3);
    signed_varint(value);
  }
  void message(std::uint32_t field, const Message& inner) { text(field, inner.bytes()); }

 private:
  std::string bytes_;
};

/// Writes families as they are handed to it; see TextEncoder.
///
/// A template on the page, which is a std::string, so that only files which make one compile it.
template <class Page>
class BasicProtobufEncoder {
 public:
  explicit BasicProtobufEncoder(Page& page, Escaping escaping = Escaping::underscores) noexcept
      : page_(page), escaping_(escaping) {}

  void family(std::string_view name, std::string_view help, PageType type, std::span<const double> bounds = {}) {
    end_family();
    type_ = type;
    bounds_.assign(bounds.begin(), bounds.end());
    text_.clear();
    append_escaped_name(text_, name, NameOf::metric, escaping_);
    family_.text(1, text_);  // counters keep their _total here
    family_.text(2, help);
    constexpr std::uint64_t counter = 0, gauge = 1, summary = 2, histogram = 4;
    family_.number(3, type == PageType::counter     ? counter
                      : type == PageType::summary   ? summary
                      : type == PageType::histogram ? histogram
                                                    : gauge);
    unit_ = has_unit(type) ? unit_of(without(text_, ending_of(type))) : "";
  }

  [[nodiscard]] Escaping escaping() const noexcept { return escaping_; }

  /// Names are escaped as they are read out of a label text; see TextEncoder.
  [[nodiscard]] static bool escapes_labels() noexcept { return false; }
  [[nodiscard]] static Padded escaped(std::string_view labels) noexcept { return {labels}; }

  /// Whether it shows exemplars and when series began.
  [[nodiscard]] static bool shows_extras() noexcept { return true; }

  template <class Labels, class Number>
  void sample(Labels labels, Number value) {
    write_sample(text_of(labels), value, {});
  }
  template <class Labels, class Number>
  void sample(Labels labels, Number value, const PageExtras& extras) {
    write_sample(text_of(labels), value, extras);
  }

  /// One series of a summary or a histogram; a native one has classic buckets beside its own if the family has bounds.
  template <class Labels>
  void histogram(Labels labels, const PageHistogram& series) {
    std::uint64_t count = 0;
    for (const std::uint64_t bucket : series.buckets) count += bucket;
    value_.clear();
    value_.number(1, count);
    value_.number(2, series.sum);
    const bool is_summary = type_ == PageType::summary;
    if (!is_summary && (series.native == nullptr || !bounds_.empty())) add_buckets(series.buckets, series.exemplars);
    if (series.native != nullptr) {
      value_.signed_number(5, series.native->schema);
      value_.number(6, series.native->zero_threshold);
      value_.number(7, series.native->zero_count);
      add_native(9, series.native->negative);
      add_native(12, series.native->positive);
      if (bounds_.empty() && !series.exemplars.empty()) add_exemplar(value_, 16, series.exemplars.front());
    }
    add_created(is_summary ? 4 : 15, series.created);
    metric_.clear();
    add_labels(metric_, text_of(labels));
    metric_.message(is_summary ? 4 : 7, value_);
    family_.message(4, metric_);
  }

  void finish() { end_family(); }

 private:
  template <class Number>
  void write_sample(std::string_view labels, Number value, const PageExtras& extras) {
    value_.clear();
    value_.number(1, static_cast<double>(value));  // all values are doubles here
    if (extras.exemplar != nullptr) add_exemplar(value_, 2, *extras.exemplar);
    add_created(3, extras.created);
    metric_.clear();
    add_labels(metric_, labels);
    metric_.message(type_ == PageType::counter ? 3 : 2, value_);
    family_.message(4, metric_);
  }

  void add_buckets(std::span<const std::uint64_t> buckets, std::span<const PageExemplar> exemplars) {
    std::uint64_t count = 0;
    for (std::size_t i = 0; i < buckets.size(); ++i) {
      count += buckets[i];
      bucket_.clear();
      bucket_.number(1, count);
      bucket_.number(2, i < bounds_.size() ? bounds_[i] : std::numeric_limits<double>::infinity());
      if (i < exemplars.size()) add_exemplar(bucket_, 3, exemplars[i]);
      value_.message(3, bucket_);
    }
  }

  // Spans of buckets that have counted something, in the field `spans`: by how much each is behind the one before, and how many
  // it has. By how much each bucket has more than the one before, in the field after it.
  void add_native(std::uint32_t spans, const NativeCounts& side) {
    bucket_.clear();
    std::int64_t before = 0;
    std::int32_t behind = 0;  // the last span
    for (std::size_t i = 0; i < side.counts.size();) {
      std::size_t length = 0;
      for (; i + length < side.counts.size() && side.counts[i + length] != 0; ++length) {
        const auto count = static_cast<std::int64_t>(side.counts[i + length]);
        bucket_.signed_varint(count - before);
        before = count;
      }
      if (length != 0) {
        add_span(spans, side.first + static_cast<std::int32_t>(i) - behind, length);
        behind = side.first + static_cast<std::int32_t>(i + length);
      }
      i += length == 0 ? 1 : length;
    }
    // A reader takes one without spans for a classic histogram.
    constexpr std::uint32_t positive_spans = 12;
    if (spans == positive_spans && side.counts.empty()) add_span(spans, 0, 0);
    if (!bucket_.bytes().empty()) value_.message(spans + 1, bucket_);
  }
  void add_span(std::uint32_t field, std::int32_t offset, std::size_t length) {
    span_.clear();
    span_.signed_number(1, offset);
    span_.number(2, std::uint64_t{length});
    value_.message(field, span_);
  }

  void add_exemplar(Message& to, std::uint32_t field, const PageExemplar& exemplar) {
    if (!exemplar.there) return;
    exemplar_.clear();
    add_labels(exemplar_, exemplar.labels);
    exemplar_.number(2, exemplar.of.value);
    add_time(exemplar_, 3, exemplar.of.milliseconds);
    to.message(field, exemplar_);
  }
  void add_created(std::uint32_t field, std::int64_t milliseconds) {
    if (milliseconds != 0) add_time(value_, field, milliseconds);
  }
  void add_time(Message& to, std::uint32_t field, std::int64_t milliseconds) {
    time_.clear();
    time_.number(1, static_cast<std::uint64_t>(milliseconds / 1000));
    time_.number(2, static_cast<std::uint64_t>(milliseconds % 1000 * 1'000'000));
    to.message(field, time_);
  }

  // Label text is what cells keep, so it is read back.
  void add_labels(Message& to, std::string_view labels) {
    while (!labels.empty()) {
      const LabelText label = take_label(labels);
      // A label with an empty value is an absent one.
      if (label.value.empty()) continue;
      label_.clear();
      text_.clear();
      append_escaped_name(text_, label, escaping_, name_room_);
      label_.text(1, text_);
      text_.clear();
      append_unescaped(text_, label.value);
      label_.text(2, text_);
      to.message(1, label_);
    }
  }

  void end_family() {
    if (family_.bytes().empty()) return;
    if (!unit_.empty()) family_.text(5, unit_);
    value_.clear();
    value_.varint(family_.bytes().size());
    page_ += value_.bytes();
    page_ += family_.bytes();
    family_.clear();
  }

  Page& page_;
  const Escaping escaping_;
  PageType type_ = PageType::counter;
  std::string_view unit_;  // one of those that unit_of knows
  std::vector<double> bounds_;
  Message family_, metric_, value_, bucket_, span_, label_, exemplar_, time_;  // kept for their memory
  std::string text_, name_room_;
};

using ProtobufEncoder = BasicProtobufEncoder<std::string>;

}  // namespace encode
FLOWVIZ_METRICS_END
