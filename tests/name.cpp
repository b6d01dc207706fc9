// SPDX-License-Identifier: MIT
#include <flowviz_metrics/name.hpp>

#include <doctest/doctest.h>

#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include <flowviz_metrics/flowviz_metrics.hpp>

#include "refusal.hpp"

using flowviz::CounterName;
using flowviz::HelpText;
using flowviz::InfoName;
using flowviz::LabelName;
using flowviz::MetricName;
using flowviz::OpenLabelName;

namespace {

struct Refused {
  std::string_view name;
  std::string rule;
};

/// Every name of the table is refused with a message that holds the name and the rule.
template <class Name>
void check_refused(const std::vector<Refused>& table) {
  for (const Refused& row : table) {
    CAPTURE(row.name);
    const std::string message = refusal([&] { static_cast<void>(Name::checked(row.name)); });
    CHECK(says(message, row.rule));
    CHECK((row.name.empty() || message.starts_with("'")));
  }
}

/// Every name of the table is taken as it is.
template <class Name>
void check_taken(const std::vector<std::string_view>& names) {
  for (const std::string_view name : names) {
    CAPTURE(name);
    CHECK(refusal([&] { CHECK(Name::checked(name).text() == name); }) == "");
  }
}

const std::string shape = "a name is lower-case snake_case: a-z, 0-9 and _ only";
const std::string first_letter = "a name starts with a lower-case letter";
const std::string empty_word = "a name has no empty word";
const std::string not_empty = "a name is not empty";
const std::string endings = "the endings _bucket, _count, _sum and _created belong to the exposition format";
const std::string type = "a metric's type is not part of its name";
const std::string units = "values are in base units: _seconds, _bytes, _ratio, never _ms, _kb or _percent";
const std::string total = "only a counter's name ends in _total";
const std::string info = "only the name of an Info ends in _info";
const std::string taken = "the labels le, quantile, job and instance are set by the format or by Prometheus";
const std::string id_like = "a label that reads like an identifier has no finite domain";

/// Shapes that no name has.
const std::vector<Refused> misshapen = {
    {"", not_empty},
    {"1_a", first_letter},
    {"_a", first_letter},
    {"A", first_letter},
    {":a", first_letter},
    {"-", first_letter},
    {"\xc3\xa4", first_letter},
    {"aB", shape},
    {"a:b", shape},
    {"a-b", shape},
    {"a.b", shape},
    {"a b", shape},
    {"a\n", shape},
    {"a\"", shape},
    {"a{b", shape},
    {"a\xc3\xa4", shape},
    {"a_", empty_word},
    {"a__b", empty_word},
};

}  // namespace

TEST_CASE("a literal becomes a name while the program is compiled") {
  constexpr CounterName counter{"http_requests_total"};
  constexpr MetricName metric{"http_request_duration_seconds"};
  constexpr InfoName build{"wms_build_info"};
  constexpr LabelName label{"lot_type"};
  constexpr OpenLabelName open{"handler"};
  constexpr HelpText help{"Lots registered."};
  static_assert(counter.text() == "http_requests_total");
  static_assert(metric.text() == "http_request_duration_seconds");
  static_assert(build.text() == "wms_build_info");
  static_assert(label.text() == "lot_type");
  static_assert(open.text() == "handler");
  static_assert(help.text() == "Lots registered.");
  CHECK(counter.text().size() == std::string_view("http_requests_total").size());
}

TEST_CASE("the name of a gauge or histogram is lower-case snake_case") { check_refused<MetricName>(misshapen); }

TEST_CASE("a name with a NUL in it is refused") {
  constexpr std::string_view name("a\0b", 3);
  CHECK(refusal([&] { static_cast<void>(MetricName::checked(name)); }) != "");
}

TEST_CASE("the name of a label is lower-case snake_case") {
  std::vector<Refused> table = misshapen;
  table.push_back({"_", first_letter});
  check_refused<LabelName>(table);
  check_refused<OpenLabelName>(table);
}

TEST_CASE("the name of a counter ends in _total") {
  check_refused<CounterName>({{"http_requests", "a counter's name ends in _total"},
                              {"total", "a counter's name ends in _total"},
                              {"requests_total_seconds", "a counter's name ends in _total"},
                              {"_total", first_letter},
                              {"A_total", first_letter},
                              {"a__total", empty_word},
                              {"a_total_total", total}});
}

TEST_CASE("what is before a counter's _total keeps the rules of every name") {
  check_refused<CounterName>({{"a_bucket_total", endings},
                              {"a_count_total", endings},
                              {"a_sum_total", endings},
                              {"a_created_total", endings},
                              {"a_info_total", info},
                              {"request_counter_total", type},
                              {"wait_ms_total", units}});
}

TEST_CASE("only a counter's name ends in _total and only an Info's in _info") {
  check_refused<MetricName>({{"lots_total", total}, {"build_info", info}});
  check_refused<InfoName>({{"build", "the name of an Info ends in _info"},
                           {"info", "the name of an Info ends in _info"},
                           {"build_info_info", info},
                           {"build_total_info", total},
                           {"build_bucket_info", endings}});
}

TEST_CASE("the endings of the exposition format are refused") {
  check_refused<MetricName>({{"a_bucket", endings}, {"a_count", endings}, {"a_sum", endings}, {"a_created", endings}});
}

TEST_CASE("a type in the name is refused, wherever it stands") {
  check_refused<MetricName>({{"gauge", type},
                             {"lots_gauge", type},
                             {"gauge_of_lots", type},
                             {"lots_counter", type},
                             {"latency_histogram_seconds", type},
                             {"latency_summary_seconds", type}});
}

TEST_CASE("units that are no base units are refused, wherever they stand") {
  std::vector<std::string> names;
  for (const std::string unit :
       {"ms",           "msec",        "msecs",       "millis",   "millisecond", "milliseconds", "us",
        "usec",         "usecs",       "micros",      "ns",       "nsec",        "nsecs",        "nanos",
        "microseconds", "nanoseconds", "minutes",     "kb",       "mb",          "gb",           "kib",
        "mib",          "gib",         "bits",        "percent",  "kilobytes",   "megabytes",    "gigabytes",
        "kibibytes",    "minute",      "microsecond", "gibibyte", "tb",          "percentage"}) {
    names.push_back("wait_" + unit);
    names.push_back("wait_" + unit + "_max");
  }
  for (const std::string& name : names) check_refused<MetricName>({{name, units}});
}

TEST_CASE("names that come close to a rule without breaking it are taken") {
  check_taken<MetricName>({"a", "a1", "a_1", "wait_seconds", "page_bytes", "cache_hit_ratio", "buckets", "bucket_lots",
                           "account", "checksum", "lots_counted", "summaries", "gauges_read", "items_in_stock",
                           "business_hours", "information", "totals", "forms", "bus_stops"});
  check_taken<CounterName>({"a_total", "lots_registered_total", "worker_busy_seconds_total"});
  check_taken<InfoName>({"wms_build_info", "a_info"});
  check_taken<LabelName>({"a", "lot_type", "less", "job_kind", "instances", "user_id", "id", "quantiles"});
  check_taken<OpenLabelName>({"handler", "route", "target", "identity", "paths", "id_kind", "grid"});
}

TEST_CASE("labels that the format or Prometheus sets are refused") {
  const std::vector<Refused> table = {{"le", taken},
                                      {"quantile", taken},
                                      {"job", taken},
                                      {"instance", taken},
                                      {"__name__", "label names that start with __ belong to Prometheus"},
                                      {"__x", "label names that start with __ belong to Prometheus"}};
  check_refused<LabelName>(table);
  check_refused<OpenLabelName>(table);
}

TEST_CASE("an open label that reads like an identifier is refused") {
  std::vector<std::string> names;
  for (const std::string word : {"id",       "uuid",    "guid",  "email",     "mail", "user", "username", "assignee",
                                 "customer", "session", "token", "ip",        "addr", "url",  "uri",      "path",
                                 "query",    "message", "text",  "timestamp", "time", "date", "trace",    "address"}) {
    names.emplace_back(word);
    names.push_back("lot_" + word);
  }
  for (const std::string& name : names) check_refused<OpenLabelName>({{name, id_like}});
}

TEST_CASE("a help text is not empty") {
  check_refused<HelpText>(
      {{"", "a help text is not empty"}, {" ", "a help text is not empty"}, {"\t\n ", "a help text is not empty"}});
  CHECK(HelpText::checked(" .").text() == " .");
  check_taken<HelpText>({"Lots registered.", "\\\n\""});
}

TEST_CASE("a legacy name stands for any metric's, and is what formats can show") {
  flowviz::Registry registry;
  const flowviz::Counter requests{registry, flowviz::LegacyName{"RequestCount"}, "Requests."};
  const flowviz::Gauge level{registry, flowviz::LegacyName{"level_total"}, "Level."};
  const flowviz::Histogram size{registry, flowviz::LegacyName::checked("size:ms"), "Size.", flowviz::Buckets{1}};
  const flowviz::Info build{registry, flowviz::LegacyName{"Build"}, "Build.", {}};
  requests.inc(2);
  const std::string page = flowviz::scrape(registry).body;
  for (const char* line : {"RequestCount 2\n", "level_total 0\n", "size:ms_count 0\n", "Build 1\n"}) {
    CAPTURE(line);
    CHECK(page.find(line) != std::string::npos);
  }
  for (const std::string_view name : {"", "1a", "a b", "a-b"}) {
    CAPTURE(name);
    CHECK(refusal([&] { static_cast<void>(flowviz::LegacyName::checked(name)); }) != "");
  }
  static_assert(!std::is_convertible_v<flowviz::LegacyName, LabelName>);
}

TEST_CASE("a text ends where its first NUL character stands") {
  static constexpr char padded[8] = "Hi.";
  CHECK(flowviz::HelpText(padded).text() == "Hi.");
}
