// SPDX-License-Identifier: MIT
// The strict validator of protobuf: one broken page for every rule, refused with that rule's name at that family and with nothing
// else, and valid pages that come close to each rule without breaking it.

#include "support/protobuf_validator.hpp"

#include <doctest/doctest.h>

#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <limits>
#include <string>
#include <string_view>
#include <vector>

#include <flowviz_metrics/encode/protobuf.hpp>

using support::CounterNames;
using support::validate_protobuf;
using support::Violation;

namespace {

constexpr double infinity = std::numeric_limits<double>::infinity(),
                 not_a_number = std::numeric_limits<double>::quiet_NaN();

std::string listed(const std::vector<Violation>& violations) {
  std::string text;
  for (const Violation& violation : violations) {
    text += violation.rule + "@" + std::to_string(violation.line) + " (" + violation.detail + ") ";
  }
  return text;
}

// --- Messages, field by field. A page is a text of messages, each behind its length. ---

using flowviz::encode::Message;

std::string text(std::uint32_t number, std::string_view value) {
  Message message;
  message.text(number, value);
  return std::string(message.bytes());
}
std::string real(std::uint32_t number, double value) {
  Message message;
  message.number(number, value);
  return std::string(message.bytes());
}
std::string whole(std::uint32_t number, std::uint64_t value) {
  Message message;
  message.number(number, value);
  return std::string(message.bytes());
}
std::string zigzag(std::uint32_t number, std::int64_t value) {
  Message message;
  message.signed_number(number, value);
  return std::string(message.bytes());
}
std::string deltas(std::uint32_t number, std::initializer_list<std::int64_t> values) {
  Message message;
  for (const std::int64_t value : values) message.signed_varint(value);
  return text(number, message.bytes());
}

enum Type : std::uint64_t { counter_type, gauge_type, summary_type, untyped_type, histogram_type };

std::string sized(const std::string& message) {
  Message size;
  size.varint(message.size());
  return std::string(size.bytes()) + message;
}
std::string family(std::string_view name, Type type, const std::string& rest) {
  return sized(text(1, name) + text(2, "Help.") + whole(3, type) + rest);
}
std::string label(std::string_view name, std::string_view value) { return text(1, text(1, name) + text(2, value)); }

std::string counter(double value, const std::string& labels = "", const std::string& exemplar = "") {
  return text(4, labels + text(3, real(1, value) + exemplar));
}
std::string gauge(double value, const std::string& labels = "") { return text(4, labels + text(2, real(1, value))); }
std::string counters(const std::string& metrics) { return family("c_total", counter_type, metrics); }
std::string gauges(const std::string& metrics) { return family("g", gauge_type, metrics); }

std::string exemplar(std::uint32_t number, double value, const std::string& labels = label("a", "x")) {
  return text(number, labels + real(2, value) + text(3, whole(1, 17) + whole(2, 5)));
}

std::string bucket(std::uint64_t count, double bound, const std::string& more = "") {
  return text(3, whole(1, count) + real(2, bound) + more);
}
/// A family of one histogram of two observations.
std::string histogram(const std::string& rest) {
  return family("h", histogram_type, text(4, text(7, whole(1, 2) + real(2, 3) + rest)));
}
std::string span(std::uint32_t number, std::int64_t offset, std::uint64_t length) {
  return text(number, zigzag(1, offset) + whole(2, length));
}
std::string native(std::int64_t schema, const std::string& rest, double threshold = 0, std::uint64_t zeros = 0) {
  return histogram(zigzag(5, schema) + real(6, threshold) + whole(7, zeros) + rest);
}
std::string empty_native(const std::string& rest) {
  return family("h", histogram_type, text(4, text(7, whole(1, 0) + real(2, 0) + zigzag(5, 3) + rest)));
}

std::string summary(const std::string& quantiles) {
  return family("s", summary_type, text(4, text(4, whole(1, 2) + real(2, 3) + quantiles)));
}
std::string quantile(double of, double value = 1) { return text(3, real(1, of) + real(2, value)); }

struct BrokenPage {
  std::string rule;
  std::size_t place;
  std::string page;
};

const std::string good = counters(counter(1));

const std::vector<BrokenPage> broken_pages = {
    // messages
    {"cut_off", 1, "\x02\x0a"},
    {"cut_off", 2, good + "\x80"},
    {"cut_off", 1, sized("\x0a\x05g")},
    {"cut_off", 1, sized("\x18\x80")},
    {"cut_off", 1, gauges(text(4, text(2, std::string("\x09\0\0", 3))))},
    {"long_number", 1, sized(std::string("\x18\x81\0", 3))},
    {"long_number", 1, sized("\x18\xff\xff\xff\xff\xff\xff\xff\xff\xff\x02")},
    {"long_number", 1, sized("\x18\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01")},
    {"unknown_field", 1, gauges(whole(6, 1))},
    {"unknown_field", 1, gauges(whole(6, 1)) + good},
    {"unknown_field", 1, gauges(text(4, text(2, real(1, 1) + exemplar(2, 1))))},
    {"unknown_field", 1, gauges(gauge(1, label("a", "x")) + text(4, text(2, real(1, 1)) + whole(6, 17)))},
    {"unknown_field", 1, histogram(bucket(2, infinity) + real(4, 2))},
    {"wire_type", 1, gauges(whole(5, 1))},
    {"wire_type", 1, gauges(text(4, text(2, whole(1, 1))))},
    {"repeated_field", 1, gauges(text(2, "Help."))},
    {"repeated_field", 1, counters(text(4, text(3, real(1, 1)) + text(3, real(1, 1))))},
    {"repeated_field", 1, histogram(bucket(2, infinity) + whole(1, 2))},
    {"missing_field", 1, sized(text(2, "Help.") + whole(3, gauge_type))},
    {"missing_field", 1, sized(text(1, "g") + whole(3, gauge_type))},
    {"missing_field", 1, sized(text(1, "g") + text(2, "Help."))},
    {"missing_field", 1, gauges(text(4, text(2, "")))},
    {"missing_field", 1, gauges(gauge(1, text(1, text(1, "a"))))},
    {"missing_field", 1, histogram(text(3, whole(1, 2)))},
    {"missing_field", 1, counters(counter(1, "", text(2, label("a", "x"))))},
    {"missing_field", 1, summary(text(3, real(1, 0.5)))},
    {"missing_field", 1, native(0, text(12, zigzag(1, 0)))},
    {"unknown_type", 1, family("g", Type{5}, "")},
    {"value_type", 1, gauges(counter(1))},
    {"value_type", 1, gauges(text(4, ""))},
    {"value_type", 1, counters(text(4, text(3, real(1, 1)) + text(2, real(1, 1))))},
    {"time", 1, counters(counter(1, "", text(3, whole(1, 17) + whole(2, 1'000'000'000))))},
    {"time", 1, counters(counter(1, "", text(2, real(2, 1) + text(3, whole(1, 17) + whole(2, ~std::uint64_t{})))))},
    // families
    {"duplicate_family", 2, good + good},
    {"duplicate_family", 3, gauges(gauge(1, label("a", "x"))) + good + gauges(gauge(1, label("a", "y")))},
    {"metric_name", 1, family("1g", gauge_type, gauge(1))},
    {"metric_name", 1, family("", gauge_type, gauge(1))},
    {"metric_name", 1, family("a:b", gauge_type, gauge(1))},
    {"metric_name", 1, family("g\xc3\xa4", gauge_type, gauge(1))},
    {"reserved_name", 1, family("__g", gauge_type, gauge(1))},
    {"utf8", 1, sized(text(1, "g") + text(2, "\xff") + whole(3, gauge_type))},
    {"empty_help", 1, sized(text(1, "g") + text(2, "") + whole(3, gauge_type))},
    {"counter_name", 1, family("c", counter_type, counter(1))},
    {"counter_name", 1, family("g_total", gauge_type, gauge(1))},
    {"unit", 1, gauges(text(5, "seconds"))},
    {"unit", 1, family("g_seconds", gauge_type, text(5, "bytes"))},
    {"unit", 1, family("gseconds", gauge_type, text(5, "seconds"))},
    {"unit", 1, family("c_total", counter_type, text(5, "total"))},
    {"family_clash", 2, good + family("c_created", gauge_type, "")},
    {"family_clash", 2, gauges("") + family("g_total", counter_type, "")},
    {"family_clash", 2, histogram(bucket(2, infinity)) + family("h_count", gauge_type, "")},
    // metrics
    {"duplicate_metric", 1, counters(counter(1) + counter(2))},
    {"duplicate_metric", 1,
     gauges(gauge(1, label("a", "x") + label("b", "y")) + gauge(2, label("b", "y") + label("a", "x")))},
    {"label_name", 1, gauges(gauge(1, label("1", "x")))},
    {"label_name", 1, gauges(gauge(1, label("a:b", "x")))},
    {"reserved_name", 1, gauges(gauge(1, label("__a", "x")))},
    {"reserved_name", 1, gauges(gauge(1, label("le", "1")))},
    {"reserved_name", 1, gauges(gauge(1, label("quantile", "1")))},
    {"duplicate_label", 1, gauges(gauge(1, label("a", "x") + label("a", "y")))},
    {"empty_label", 1, gauges(gauge(1, label("a", "")))},
    {"utf8", 1, gauges(gauge(1, label("a", "\xc3")))},
    {"counter_value", 1, counters(counter(-1))},
    {"counter_value", 1, counters(counter(not_a_number))},
    {"quantile_value", 1, summary(quantile(1.5))},
    {"quantile_value", 1, summary(quantile(not_a_number))},
    {"quantile_order", 1, summary(quantile(0.5) + quantile(0.5))},
    // exemplars
    {"exemplar", 1, counters(counter(1, "", exemplar(2, 1, label("a", std::string(128, 'x')))))},
    {"exemplar", 1, counters(counter(1, "", exemplar(2, not_a_number)))},
    {"exemplar", 1, histogram(bucket(1, 1, exemplar(3, 1.5)) + bucket(2, infinity))},
    {"exemplar", 1, histogram(bucket(1, 1) + bucket(2, infinity, exemplar(3, 1)))},
    {"exemplar", 1, histogram(bucket(2, infinity) + exemplar(16, 1))},
    {"exemplar", 1, native(0, span(12, 0, 1) + deltas(13, {2}) + text(16, label("a", "x") + real(2, 1)))},
    {"label_name", 1, counters(counter(1, "", exemplar(2, 1, label("-", "x"))))},
    {"duplicate_label", 1, counters(counter(1, "", exemplar(2, 1, label("a", "x") + label("a", "y"))))},
    {"empty_label", 1, counters(counter(1, "", exemplar(2, 1, label("a", ""))))},
    {"utf8", 1, counters(counter(1, "", exemplar(2, 1, label("a", "\x80"))))},
    // classic buckets
    {"no_buckets", 1, histogram("")},
    {"bucket_bound", 1, histogram(bucket(1, not_a_number) + bucket(2, infinity))},
    {"bucket_order", 1, histogram(bucket(1, 2) + bucket(1, 1) + bucket(2, infinity))},
    {"bucket_order", 1, histogram(bucket(2, infinity) + bucket(2, infinity))},
    {"bucket_cumulative", 1, histogram(bucket(2, 1) + bucket(1, 2) + bucket(2, infinity))},
    {"bucket_cumulative", 1, histogram(bucket(3, 1))},
    {"count_equals_infinity", 1, histogram(bucket(1, infinity))},
    {"count_equals_infinity", 1, histogram(bucket(1, 1) + bucket(3, infinity))},
    // native ones
    {"native_mark", 1, histogram(bucket(2, infinity) + zigzag(5, 0))},
    {"native_mark", 1, empty_native(bucket(0, infinity))},
    {"native_mark", 1, histogram(span(12, 0, 1) + deltas(13, {2}))},
    {"native_schema", 1, native(9, span(12, 0, 1) + deltas(13, {2}))},
    {"native_schema", 1, native(-5, span(12, 0, 1) + deltas(13, {2}))},
    {"native_threshold", 1, native(0, span(12, 0, 1) + deltas(13, {2}), -1)},
    {"native_threshold", 1, native(0, span(12, 0, 1) + deltas(13, {2}), not_a_number)},
    {"native_threshold", 1, native(0, "", infinity, 2)},
    {"native_span", 1, native(0, span(12, 0, 1) + span(12, 0, 1) + deltas(13, {1, 0}))},
    {"native_span", 1, native(0, span(12, 0, 1) + span(12, -1, 1) + deltas(13, {1, 0}))},
    {"native_span", 1, native(0, span(12, 0, 1) + span(12, 1, 0) + deltas(13, {2}))},
    {"native_span", 1, native(0, span(9, 0, 0), 0, 2)},
    {"native_span", 1, empty_native(span(12, 1, 0))},
    {"native_deltas", 1, native(0, span(12, 0, 2) + deltas(13, {2}))},
    {"native_deltas", 1, native(0, span(9, 0, 1) + deltas(10, {1, 1}))},
    {"native_deltas", 1, native(0, deltas(13, {2}), 0.5)},
    {"native_bucket", 1, native(0, span(12, 0, 2) + deltas(13, {2, -2}))},
    {"native_bucket", 1, native(0, span(9, 0, 2) + deltas(10, {3, -4}))},
    {"native_total", 1, native(0, span(12, 0, 1) + deltas(13, {1}))},
    {"native_total", 1, native(0, span(12, 0, 1) + deltas(13, {1}) + span(9, 0, 1) + deltas(10, {1}), 0.5, 1)},
    {"native_index", 1, native(0, span(12, 1025, 1) + deltas(13, {2}))},
    {"native_index", 1, native(0, span(9, -1075, 1) + deltas(10, {2}))},
    {"native_index", 1, native(8, span(12, 256 * 1024 + 1, 1) + deltas(13, {2}))},
    {"native_index", 1, native(-4, span(12, -68, 1) + deltas(13, {2}))},
    {"native_zero", 1, native(0, span(12, -1, 1) + deltas(13, {2}), 0.75)},
    {"native_zero", 1, native(1, span(9, -2, 1) + deltas(10, {2}), 0.75)},
};

}  // namespace

TEST_CASE("each broken page of protobuf is refused by its rule, at its family, and by no other") {
  std::size_t number = 0;
  for (const BrokenPage& broken : broken_pages) {
    ++number;
    CAPTURE(number);
    CAPTURE(broken.rule);
    const auto violations = validate_protobuf(broken.page);
    INFO(listed(violations));
    CHECK(!violations.empty());
    for (const Violation& one : violations) {
      CHECK(one.rule == broken.rule);
      CHECK(one.line == broken.place);
    }
  }
}

TEST_CASE("pages of protobuf that come close to a rule are valid") {
  const std::string classic = bucket(1, 1, exemplar(3, 1)) + bucket(2, infinity, exemplar(3, 1.5));
  std::size_t number = 0;
  for (const std::string& page : std::vector<std::string>{
           "",
           good,
           gauges(""),
           gauges(gauge(not_a_number) + gauge(-infinity, label("a", "x")) + gauge(1, label("a", "\"\\\n\r")) +
                  gauge(1, label("a", "x") + label("b", "x"))),
           family("c_seconds_total", counter_type, counter(0.5) + text(5, "seconds")),
           family("g_seconds", gauge_type, text(5, "seconds")),
           good + gauges("") + summary("") + histogram(classic),
           counters(counter(18446744073709551615.0, "", exemplar(2, 1, label("a", std::string(127, 'x'))))),
           counters(counter(1, "", exemplar(2, 1, label("a", std::string(126, 'x') + "\xf0\x9f\x93\xa6")))),
           counters(counter(1, "", text(2, real(2, -3)) + text(3, whole(1, 17) + whole(2, 999'999'999)))),
           family("u", untyped_type, text(4, text(5, real(1, -1)))),
           summary(quantile(0, not_a_number) + quantile(0.5) + quantile(1) + text(4, whole(1, 17))),
           histogram(classic + text(15, whole(1, 17))),
           histogram(bucket(0, -1) + bucket(2, 1)),  // +Inf is implied
           histogram(bucket(2, infinity)),
           empty_native(span(12, 0, 0)),
           empty_native(real(6, 0.5)),
           native(0, "", 0, 2),
           native(0, span(12, 0, 0), 0, 2),
           native(0, span(12, -1, 1) + deltas(13, {2}), 0.5),  // up to the threshold, where doubles cannot tell
           native(0, span(12, 1024, 1) + deltas(13, {1}) + span(9, -1074, 1) + deltas(10, {1})),
           native(-4, span(12, -67, 1) + span(12, 130, 1) + deltas(13, {1, 0})),
           native(8, span(12, 0, 1) + span(12, 1, 1) + deltas(13, {1, 0}) + exemplar(16, 1)),
           native(3, span(12, 0, 1) + deltas(13, {1}) + classic, 0.5, 1),
       }) {
    ++number;
    CAPTURE(number);
    CHECK(listed(validate_protobuf(page)) == "");
  }
}

TEST_CASE("names that have to stay are let through where they are asked for") {
  for (const std::string& page : {family("oldName", counter_type, ""), family("old_total", gauge_type, ""),
                                  family("a:b", gauge_type, ""), family("__g", gauge_type, "")}) {
    CHECK(listed(validate_protobuf(page)) != "");
    CHECK(listed(validate_protobuf(page, CounterNames::any)) == "");
  }
}

TEST_CASE("an ending _total stands behind the unit of a counter, and of nothing else") {
  const std::string unit = text(5, "seconds");
  CHECK(listed(validate_protobuf(family("g_seconds_total", gauge_type, unit), CounterNames::any)) ==
        "unit@1 (g_seconds_total does not end in seconds) ");
  CHECK(listed(validate_protobuf(family("h_seconds_total", histogram_type, unit), CounterNames::any)) ==
        "unit@1 (h_seconds_total does not end in seconds) ");
  CHECK(listed(validate_protobuf(family("c_seconds", counter_type, unit), CounterNames::any)) == "");
}

TEST_CASE("names beyond the classic alphabet are let through where a reader has asked for them") {
  for (const std::string& page :
       {family("g.a \xc3\xa4", gauge_type, gauge(1)), gauges(gauge(1, label("a.b \"", "x")))}) {
    CHECK(listed(validate_protobuf(page)) != "");
    CHECK(listed(validate_protobuf(page, CounterNames::end_in_total, support::Names::utf8)) == "");
  }
  for (const std::string& name : {std::string(), std::string("a\nb"), std::string("a\x7f"), std::string("\xff")}) {
    CAPTURE(name);
    const std::string of_metric =
        listed(validate_protobuf(family(name, gauge_type, ""), CounterNames::end_in_total, support::Names::utf8));
    const std::string of_label =
        listed(validate_protobuf(gauges(gauge(1, label(name, "x"))), CounterNames::end_in_total, support::Names::utf8));
    CHECK(of_metric.find("metric_name@1") != std::string::npos);
    CHECK(of_label.find("label_name@1") != std::string::npos);
  }
}
