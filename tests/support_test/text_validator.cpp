// SPDX-License-Identifier: MIT
// The strict validator itself: one broken page for every rule, refused with that rule's name at that line and with
// nothing else, and valid pages that come close to each rule without breaking it.

#include "support/text_validator.hpp"

#include <doctest/doctest.h>

#include <cmath>
#include <limits>
#include <stdexcept>
#include <string>
#include <vector>

using support::CounterNames;
using support::LabelPairs;
using support::Names;
using support::Producer;
using support::Timestamps;
using support::validate_text;
using support::ValidationOptions;
using support::Violation;

namespace {

const ValidationOptions ours{};
const ValidationOptions theirs{Producer::other, Timestamps::refused, CounterNames::any};
const ValidationOptions utf8{.names = Names::utf8};

std::string listed(const std::vector<Violation>& violations) {
  std::string text;
  for (const Violation& violation : violations) {
    text += violation.rule + "@" + std::to_string(violation.line) + " (" + violation.detail + ") ";
  }
  return text;
}

struct BrokenPage {
  std::string rule;
  std::size_t line;
  std::string page;
};

const std::string gauge = "# HELP g G.\n# TYPE g gauge\n";
const std::string counter = "# HELP c_total C.\n# TYPE c_total counter\n";
const std::string histogram = "# HELP h H.\n# TYPE h histogram\n";
const std::string summary = "# HELP s S.\n# TYPE s summary\n";

const std::vector<BrokenPage> broken_pages = {
    // The page and its lines.
    {"final_line_feed", 3, gauge + "g 1"},
    {"carriage_return", 3, gauge + "g 1\r\n"},
    {"carriage_return", 3, gauge + "g{a=\"x\ry\"} 1\n"},
    {"utf8", 3, gauge + "g{a=\"\xff\"} 1\n"},
    {"utf8", 3, gauge + "g{a=\"\xc3\"} 1\n"},
    {"utf8", 3, gauge + "g{a=\"\xc0\xaf\"} 1\n"},
    {"utf8", 3, gauge + "g{a=\"\xe0\x80\xaf\"} 1\n"},
    {"utf8", 3, gauge + "g{a=\"\xed\xa0\x80\"} 1\n"},
    {"utf8", 3, gauge + "g{a=\"\xf4\x90\x80\x80\"} 1\n"},
    {"utf8", 1, "# HELP g \x80\n# TYPE g gauge\n"},
    {"blank_line", 3, gauge + "\ng 1\n"},
    {"blank_line", 4, gauge + "g 1\n\n"},
    {"comment", 1, "# made by hand\n" + gauge},
    {"comment", 4, gauge + "g 1\n# EOF\n"},
    {"malformed_line", 3, gauge + "g\n"},
    {"malformed_line", 3, gauge + "g 1 2 3\n"},
    {"malformed_line", 3, gauge + "g{a=\"x} 1\n"},
    {"malformed_line", 3, gauge + "g{a=x} 1\n"},
    {"malformed_line", 3, gauge + "g{a} 1\n"},
    {"malformed_line", 3, gauge + "g{a=\"x\" b=\"y\"} 1\n"},
    {"malformed_line", 3, gauge + "g{a=\"x\\\"} 1\n"},
    {"malformed_line", 2, "# HELP g G.\n# TYPE g gauge or so\ng 1\n"},
    {"layout", 3, gauge + "g  1\n"},
    {"layout", 3, gauge + "g\t1\n"},
    {"layout", 3, gauge + "g 1 \n"},
    {"layout", 3, gauge + " g 1\n"},
    {"layout", 3, gauge + "g{} 1\n"},
    {"layout", 3, gauge + "g{a=\"x\",} 1\n"},
    {"layout", 3, gauge + "g{a=\"x\", b=\"y\"} 1\n"},
    {"layout", 3, gauge + "g {a=\"x\"} 1\n"},
    {"layout", 1, " # HELP g G.\n# TYPE g gauge\ng 1\n"},
    {"layout", 1, "#  HELP g G.\n# TYPE g gauge\ng 1\n"},
    {"layout", 2, "# HELP g G.\n# TYPE g  gauge\ng 1\n"},
    {"metric_name", 1, "# HELP g.a G.\n# TYPE g.a gauge\n"},
    {"metric_name", 1, "# HELP 1g G.\n# TYPE 1g gauge\n"},
    {"metric_name", 1, "# HELP g:a G.\n# TYPE g:a gauge\ng:a 1\n"},
    {"label_name", 3, gauge + "g{=\"x\"} 1\n"},
    {"label_name", 3, gauge + "g{1a=\"x\"} 1\n"},
    {"label_name", 3, gauge + "g{a.b=\"x\"} 1\n"},
    {"label_name", 3, gauge + "g{a:b=\"x\"} 1\n"},
    {"reserved_name", 1, "# HELP __g G.\n# TYPE __g gauge\n__g 1\n"},
    {"reserved_name", 3, gauge + "g{__name__=\"x\"} 1\n"},
    {"duplicate_label", 3, gauge + "g{a=\"x\",a=\"y\"} 1\n"},
    {"escape", 3, gauge + "g{a=\"\\x\"} 1\n"},
    {"escape", 3, gauge + "g{a=\"\\t\"} 1\n"},
    {"escape", 1, "# HELP g C:\\path.\n# TYPE g gauge\ng 1\n"},
    {"escape", 1, "# HELP g Quoted \\\"G\\\".\n# TYPE g gauge\ng 1\n"},
    {"escape", 1, "# HELP g G\\\n# TYPE g gauge\ng 1\n"},
    {"number", 3, gauge + "g one\n"},
    {"number", 3, gauge + "g 1,5\n"},
    {"number", 3, gauge + "g --1\n"},
    {"number", 3, gauge + "g 1e\n"},
    {"number", 3, gauge + "g 0x10\n"},
    {"canonical_number", 3, gauge + "g 1.0\n"},
    {"canonical_number", 3, gauge + "g +1\n"},
    {"canonical_number", 3, gauge + "g 01\n"},
    {"canonical_number", 3, gauge + "g 1e+05\n"},
    {"canonical_number", 3, gauge + "g 1E+06\n"},
    {"canonical_number", 3, gauge + "g 1e6\n"},
    {"canonical_number", 3, gauge + "g 1234567.5\n"},
    {"canonical_number", 3, gauge + "g 0.1000000000000000055\n"},
    {"canonical_number", 3, gauge + "g nan\n"},
    {"canonical_number", 3, gauge + "g Inf\n"},
    {"canonical_number", 3, histogram + "h_bucket{le=\"1.0\"} 0\nh_bucket{le=\"+Inf\"} 0\nh_sum 0\nh_count 0\n"},
    {"canonical_number", 4, histogram + "h_bucket{le=\"+Inf\"} 1\nh_sum 1000000\nh_count 1\n"},
    {"timestamp", 3, gauge + "g 1 1700000000000\n"},

    // Families.
    {"empty_help", 1, "# HELP g\n# TYPE g gauge\ng 1\n"},
    {"empty_help", 1, "# HELP g  \n# TYPE g gauge\ng 1\n"},
    {"missing_help", 1, "# TYPE g gauge\ng 1\n"},
    {"missing_type", 1, "# HELP g G.\ng 1\n"},
    {"missing_type", 1, "# HELP g_count G.\ng_count 1\n"},
    {"repeated_help", 2, "# HELP g G.\n# HELP g G.\n# TYPE g gauge\ng 1\n"},
    {"repeated_type", 3, gauge + "# TYPE g gauge\ng 1\n"},
    {"help_first", 2, "# TYPE g gauge\n# HELP g G.\ng 1\n"},
    {"type_before_samples", 3, "# HELP g G.\ng 1\n# TYPE g gauge\n"},
    {"unknown_type", 2, "# HELP g G.\n# TYPE g unknown\ng 1\n"},
    {"unknown_type", 2, "# HELP g G.\n# TYPE g Gauge\ng 1\n"},
    {"split_family", 6, gauge + "g{a=\"x\"} 1\n" + counter + "g{a=\"y\"} 1\n"},
    {"split_family", 5, gauge + "# HELP b_total B.\n# TYPE b_total counter\ng 1\n"},
    {"split_family", 3, "# HELP g G.\n# HELP b B.\n# TYPE g gauge\ng 1\n# TYPE b gauge\n"},
    {"duplicate_sample", 4, gauge + "g 1\ng 2\n"},
    {"duplicate_sample", 4, gauge + "g{a=\"x\",b=\"y\"} 1\ng{b=\"y\",a=\"x\"} 2\n"},
    {"duplicate_sample", 4, gauge + "g{a=\"\"} 1\ng 2\n"},
    {"duplicate_sample", 4, gauge + "g{a=\"x\\\\\"} 1\ng{a=\"x\\\\\"} 2\n"},
    {"counter_name", 2, "# HELP c C.\n# TYPE c counter\nc 1\n"},
    {"counter_name", 2, "# HELP g_total G.\n# TYPE g_total gauge\ng_total 1\n"},
    {"counter_name", 2, "# HELP _total G.\n# TYPE _total counter\n_total 1\n"},
    {"counter_value", 3, counter + "c_total -1\n"},
    {"counter_value", 3, counter + "c_total NaN\n"},
    {"counter_value", 3, summary + "s_count -1\ns_sum 0\n"},
    {"le_outside_bucket", 3, gauge + "g{le=\"1\"} 1\n"},
    {"le_outside_bucket", 5, histogram + "h_bucket{le=\"+Inf\"} 0\nh_sum 0\nh_count{le=\"+Inf\"} 0\n"},
    {"quantile_outside_summary", 3, gauge + "g{quantile=\"0.5\"} 1\n"},
    {"stray_sample", 6, histogram + "h_bucket{le=\"+Inf\"} 0\nh_sum 0\nh_count 0\nh 0\n"},

    // Histograms and summaries.
    {"whole_count", 3, summary + "s_count 1.5\ns_sum 0\n"},
    {"whole_count", 3, summary + "s_count 1e+06\ns_sum 0\n"},
    {"bucket_bound", 4, histogram + "h_bucket{le=\"+Inf\"} 0\nh_bucket 0\nh_sum 0\nh_count 0\n"},
    {"bucket_bound", 3, histogram + "h_bucket{le=\"x\"} 0\nh_bucket{le=\"+Inf\"} 0\nh_sum 0\nh_count 0\n"},
    {"bucket_bound", 3, histogram + "h_bucket{le=\"NaN\"} 0\nh_bucket{le=\"+Inf\"} 0\nh_sum 0\nh_count 0\n"},
    {"bucket_order", 4,
     histogram + "h_bucket{le=\"2\"} 0\nh_bucket{le=\"1\"} 0\nh_bucket{le=\"+Inf\"} 0\nh_sum 0\nh_count 0\n"},
    {"bucket_order", 4, histogram + "h_bucket{le=\"+Inf\"} 0\nh_bucket{le=\"1\"} 0\nh_sum 0\nh_count 0\n"},
    {"bucket_cumulative", 4,
     histogram + "h_bucket{le=\"1\"} 2\nh_bucket{le=\"2\"} 1\nh_bucket{le=\"+Inf\"} 2\nh_sum 2\nh_count 2\n"},
    {"bucket_cumulative", 4, histogram + "h_bucket{le=\"1\"} 3\nh_bucket{le=\"+Inf\"} 2\nh_sum 2\nh_count 2\n"},
    {"bucket_infinity", 3, histogram + "h_bucket{le=\"1\"} 0\nh_sum 0\nh_count 0\n"},
    {"bucket_infinity", 3, histogram + "h_sum 0\nh_count 0\n"},
    {"bucket_infinity", 6,
     histogram + "h_bucket{a=\"x\",le=\"+Inf\"} 0\nh_sum{a=\"x\"} 0\nh_count{a=\"x\"} 0\n"
                 "h_bucket{a=\"y\",le=\"1\"} 0\nh_sum{a=\"y\"} 0\nh_count{a=\"y\"} 0\n"},
    {"count_equals_infinity", 3, histogram + "h_bucket{le=\"+Inf\"} 1\nh_sum 1\nh_count 2\n"},
    {"count_equals_infinity", 3,
     histogram + "h_bucket{le=\"+Inf\"} 9007199254740993\nh_sum 1\nh_count 9007199254740992\n"},
    {"missing_count", 3, histogram + "h_bucket{le=\"+Inf\"} 1\nh_sum 1\n"},
    {"missing_count", 6,
     histogram + "h_bucket{le=\"+Inf\"} 1\nh_sum 1\nh_count 1\nh_bucket{a=\"x\",le=\"+Inf\"} 1\nh_sum{a=\"x\"} 1\n"},
    {"missing_sum", 3, histogram + "h_bucket{le=\"+Inf\"} 1\nh_count 1\n"},
    {"missing_count", 3, summary + "s{quantile=\"0.5\"} 1\ns_sum 1\n"},
    {"missing_sum", 3, summary + "s{quantile=\"0.5\"} 1\ns_count 1\n"},
    {"quantile_value", 3, summary + "s{quantile=\"1.5\"} 1\ns_sum 1\ns_count 1\n"},
    {"quantile_value", 3, summary + "s{quantile=\"-0.5\"} 1\ns_sum 1\ns_count 1\n"},
    {"quantile_value", 3, summary + "s{quantile=\"half\"} 1\ns_sum 1\ns_count 1\n"},
    {"quantile_value", 3, summary + "s 1\ns_sum 1\ns_count 1\n"},

    // Names that two families would both own.
    {"family_clash", 6,
     histogram + "h_bucket{le=\"+Inf\"} 0\nh_sum 0\nh_count 0\n# HELP h_count H.\n# TYPE h_count gauge\n"},
    {"family_clash", 3, "# HELP h_sum H.\n# TYPE h_sum gauge\n" + histogram},
    {"family_clash", 3, summary + "# HELP s_sum S.\n# TYPE s_sum gauge\n"},
    {"family_clash", 3, counter + "# HELP c_created C.\n# TYPE c_created gauge\nc_created 1\n"},
    {"family_clash", 3, counter + "# HELP c C.\n# TYPE c gauge\nc 1\n"},
};

const std::string quoted = "# HELP \"g.a\" G.\n# TYPE \"g.a\" gauge\n";

/// Pages with quoted names that are broken where these may be.
const std::vector<BrokenPage> broken_utf8_pages = {
    {"metric_name", 3, gauge + "{\"\"} 1\n"},
    {"metric_name", 1, "# HELP \"\" G.\n"},
    {"metric_name", 1, "# HELP \"g.a G.\n"},
    {"metric_name", 1, "# HELP \"g.a\\n\" G.\n# TYPE \"g.a\\n\" gauge\n"},
    {"metric_name", 3, quoted + "{a=\"x\"} 1\n"},
    {"metric_name", 3, quoted + "g.a 1\n"},
    {"label_name", 3, quoted + "{\"g.a\",\"\"=\"x\"} 1\n"},
    {"label_name", 3, gauge + "g{\"a\t\"=\"x\"} 1\n"},
    {"label_name", 3, gauge + "g{a.b=\"x\"} 1\n"},
    {"reserved_name", 3, gauge + "g{\"__a.b\"=\"x\"} 1\n"},
    {"duplicate_label", 3, gauge + "g{\"a.b\"=\"x\",\"a.b\"=\"y\"} 1\n"},
    {"needless_quotes", 1, "# HELP \"g\" G.\n# TYPE g gauge\ng 1\n"},
    {"needless_quotes", 2, "# HELP g G.\n# TYPE \"g\" gauge\ng 1\n"},
    {"needless_quotes", 3, gauge + "{\"g\",a=\"x\"} 1\n"},
    {"needless_quotes", 3, gauge + "g{\"a\"=\"x\"} 1\n"},
    {"second_name", 3, gauge + "g{\"g.a\"} 1\n"},
    {"second_name", 3, quoted + "{\"g.a\",\"g.b\"} 1\n"},
    {"second_name", 3, gauge + "g{a=\"x\",\"g.a\"} 1\n"},
    {"utf8", 3, quoted + "{\"g.a\",\"a.\xff\"=\"x\"} 1\n"},
    {"escape", 3, quoted + "{\"g.a\",\"a.\\t\"=\"x\"} 1\n"},
    {"malformed_line", 3, quoted + "{\"g.a\"\n"},
    {"malformed_line", 3, quoted + "{\"g.a\",\"a.b\"} 1\n"},
    {"malformed_line", 3, quoted + "{\"g.a\",\"a.b\"=x} 1\n"},
    {"layout", 3, quoted + "{ \"g.a\"} 1\n"},
    {"layout", 3, quoted + "{\"g.a\",} 1\n"},
    {"layout", 3, quoted + "{\"g.a\", a=\"x\"} 1\n"},
    {"layout", 1, "# HELP  \"g.a\" G.\n# TYPE \"g.a\" gauge\n"},
    {"duplicate_sample", 4, quoted + "{\"g.a\",\"a.b\"=\"x\"} 1\n{\"g.a\",\"a.b\"=\"x\"} 2\n"},
    {"counter_name", 2, "# HELP \"c.a\" C.\n# TYPE \"c.a\" counter\n{\"c.a\"} 1\n"},
    {"stray_sample", 6,
     "# HELP \"h.a\" H.\n# TYPE \"h.a\" histogram\n{\"h.a_bucket\",le=\"+Inf\"} 0\n{\"h.a_sum\"} 0\n"
     "{\"h.a_count\"} 0\n{\"h.a\"} 0\n"},
};

/// What must be accepted: by default, or with the options beside it.
struct GoodPage {
  std::string page;
  ValidationOptions options = ours;
};

const std::vector<GoodPage> good_pages = {
    {""},
    {gauge},  // a family may have no sample yet
    {gauge + "g 1\n" + counter + "c_total 0\n"},
    {counter + "c_total{a=\"x\"} 18446744073709551615\nc_total{a=\"y\"} 1.2345678901e+10\nc_total{a=\"z\"} +Inf\n"},
    {gauge + "g{a=\"1\"} 100000\ng{a=\"2\"} 1e+06\ng{a=\"3\"} 0.0001\ng{a=\"4\"} 1e-05\ng{a=\"5\"} -0\n"},
    {gauge + "g{a=\"1\"} NaN\ng{a=\"2\"} +Inf\ng{a=\"3\"} -Inf\ng{a=\"4\"} -1234567\ng{a=\"5\"} 123456.75\n"},
    {gauge + "g{a=\"\\\\ \\\" \\n # } { , =\",b=\"\"} 1\n"},
    {"# HELP g A \"quote\", a \\\\ and a \\n in help.\n# TYPE g gauge\ng 1\n"},
    {gauge + "g{a=\"\xc3\xa9 \xe2\x82\xac \xf0\x9f\xa5\x96\"} 1\n"},
    {gauge + "g{a=\"x\",b=\"y\"} 1\ng{a=\"y\",b=\"x\"} 1\ng{a=\"x\"} 1\ng 1\n"},
    {histogram + "h_bucket{le=\"0.1\"} 0\nh_bucket{le=\"1\"} 3\nh_bucket{le=\"1e+06\"} 3\nh_bucket{le=\"+Inf\"} 4\n"
                 "h_sum 1.5e+06\nh_count 4\n"},
    {histogram +
     "h_bucket{a=\"x\",le=\"-1\"} 0\nh_bucket{a=\"x\",le=\"+Inf\"} 1\nh_sum{a=\"x\"} -0.5\nh_count{a=\"x\"} 1\n"
     "h_bucket{a=\"y\",le=\"-1\"} 7\nh_bucket{a=\"y\",le=\"+Inf\"} 7\nh_sum{a=\"y\"} NaN\nh_count{a=\"y\"} 7\n"},
    {summary + "s{quantile=\"0\"} 1\ns{quantile=\"0.99\"} NaN\ns{quantile=\"1\"} 2\ns_sum 3\ns_count 2\n"},
    {"# HELP g_count G.\n# TYPE g_count gauge\ng_count 1\n" + gauge + "g 1\n"},  // no histogram, so no clash
    {gauge + "g 1 1700000000000\n", {Producer::flowviz, Timestamps::allowed, CounterNames::end_in_total}},
    {"# HELP c C.\n# TYPE c counter\nc 1\n", {Producer::flowviz, Timestamps::refused, CounterNames::any}},

    // What the format leaves open to other producers.
    {"# made by hand\n\n\t# types come later\ng  1.0 \n", theirs},
    {"#TYPE g gauge\ng{ a = \"x\" , } +1E3\n# HELP g\n", theirs},
    {"g{} nan\nrule:g:sum Inf\n", theirs},
    {"# TYPE h histogram\nh_bucket{le=\"1.0\"} 1e0\nh_bucket{le=\"inf\"} 1.0\nh_sum 1\nh_count 1\n", theirs},
    {"g 1\n", theirs},

    // Names between quotation marks.
    {quoted + "{\"g.a\"} 1\n{\"g.a\",a=\"x\"} 1\n{\"g.a\",\"a.b\"=\"}\",c=\"\"} 1\n", utf8},
    {gauge + "g{\"a.b\"=\"x\",a=\"\\\"\",\"a \\\" \\\\ \xc3\xa9\"=\"y\"} 1\n", utf8},
    {"# HELP \"g \\\" # {\" G.\n# TYPE \"g \\\" # {\" gauge\n{\"g \\\" # {\"} 1\n", utf8},
    {"# HELP \"h.a\" H.\n# TYPE \"h.a\" histogram\n{\"h.a_bucket\",le=\"+Inf\"} 0\n{\"h.a_sum\"} 0\n{\"h.a_count\"} "
     "0\n",
     utf8},
    {gauge + "{ \"g\" , \"a\" = \"x\", } 1\n",
     {Producer::other, Timestamps::refused, CounterNames::any, Names::any_quoted}},
};

}  // namespace

TEST_CASE("each rule refuses its broken page by name and line, and no other rule does") {
  for (const BrokenPage& broken : broken_pages) {
    CAPTURE(broken.rule);
    CAPTURE(broken.page);
    const std::vector<Violation> violations = validate_text(broken.page);
    CAPTURE(listed(violations));
    REQUIRE_FALSE(violations.empty());
    CHECK(violations.front().line == broken.line);
    for (const Violation& violation : violations) CHECK(violation.rule == broken.rule);
  }
}

TEST_CASE("where names may be quoted each rule refuses its broken page by name and line") {
  for (const BrokenPage& broken : broken_utf8_pages) {
    CAPTURE(broken.rule);
    CAPTURE(broken.page);
    const std::vector<Violation> violations = validate_text(broken.page, utf8);
    CAPTURE(listed(violations));
    CHECK(listed(violations).find(broken.rule + "@" + std::to_string(broken.line)) != std::string::npos);
  }
}

TEST_CASE("quoted names are refused where a reader has not asked for them") {
  for (const GoodPage& good : good_pages) {
    if (good.options.names != Names::utf8) continue;
    CAPTURE(good.page);
    CHECK(listed(validate_text(good.page)).find("quoted_name@") != std::string::npos);
  }
}

TEST_CASE("a valid page is accepted") {
  for (const GoodPage& good : good_pages) {
    CAPTURE(good.page);
    CHECK(listed(validate_text(good.page, good.options)) == "");
  }
}

TEST_CASE("what other producers may write differently is refused on our own pages") {
  for (const GoodPage& good : good_pages) {
    if (good.options.producer == Producer::flowviz) continue;
    CAPTURE(good.page);
    CHECK_FALSE(validate_text(good.page).empty());
  }
}

TEST_CASE("what is broken for every producer stays refused in a page of another one") {
  const std::vector<std::string> rules = {
      "final_line_feed",  "utf8",
      "malformed_line",   "label_name",
      "duplicate_label",  "escape",
      "number",           "timestamp",
      "repeated_type",    "type_before_samples",
      "unknown_type",     "split_family",
      "duplicate_sample", "le_outside_bucket",
      "counter_value",    "stray_sample",
      "bucket_bound",     "quantile_outside_summary",
      "bucket_order",     "bucket_cumulative",
      "bucket_infinity",  "missing_count",
      "missing_sum",      "quantile_value",
  };
  for (const std::string& rule : rules) {
    for (const BrokenPage& broken : broken_pages) {
      if (broken.rule != rule) continue;
      CAPTURE(rule);
      CAPTURE(broken.page);
      CHECK(listed(validate_text(broken.page, theirs)).find(rule + "@") != std::string::npos);
    }
  }
}

TEST_CASE("a timestamp is a whole number of milliseconds where one is allowed") {
  const ValidationOptions with_timestamps{Producer::flowviz, Timestamps::allowed, CounterNames::end_in_total};
  CHECK(listed(validate_text(gauge + "g 1 1.5\n", with_timestamps)).find("number@3") == 0);
  CHECK(listed(validate_text(gauge + "g 1 now\n", with_timestamps)).find("number@3") == 0);
}

TEST_CASE("a page with several faults has each of them reported in the order of its lines") {
  const std::vector<Violation> violations = validate_text("# TYPE g gauge\ng 1.0\n\ng 1.0\n");
  REQUIRE(violations.size() == 5);
  CHECK(listed(violations).find("missing_help@1") == 0);
  CHECK(violations[1].line == 2);
  CHECK(violations[2].rule == "blank_line");
  CHECK(violations[3].line == 4);
  CHECK(violations[4].line == 4);
}

TEST_CASE("numbers are printed as Go prints them") {
  // Taken from Go's rules: six digits before the exponent appears, four zeros behind the point, two digits of exponent.
  const std::vector<std::pair<double, std::string>> numbers = {
      {0, "0"},
      {-0.0, "-0"},
      {1, "1"},
      {-1.5, "-1.5"},
      {100000, "100000"},
      {999999, "999999"},
      {1e6, "1e+06"},
      {1234567, "1.234567e+06"},
      {123456.5, "123456.5"},
      {0.1, "0.1"},
      {0.0001, "0.0001"},
      {0.00001, "1e-05"},
      {0.000123, "0.000123"},
      {1e21, "1e+21"},
      {1e100, "1e+100"},
      {5e-324, "5e-324"},
      {10, "10"},
      {1200, "1200"},
      {0.3, "0.3"},
      {0.1 + 0.2, "0.30000000000000004"},
      {std::numeric_limits<double>::infinity(), "+Inf"},
      {-std::numeric_limits<double>::infinity(), "-Inf"},
      {std::nan(""), "NaN"},
  };
  for (const auto& [number, text] : numbers) CHECK(support::go_number(number) == text);
}

TEST_CASE("samples are read with unescaped labels sorted by name and with all digits") {
  const auto samples = support::parse_samples(counter + "c_total{b=\"2\",a=\"\\\"\\\\\\n\"} 18446744073709551615\n" +
                                              gauge + "g -0.5\n");
  REQUIRE(samples.size() == 2);
  CHECK(samples[0].name == "c_total");
  CHECK(samples[0].labels == LabelPairs{{"a", "\"\\\n"}, {"b", "2"}});
  CHECK(samples[0].value_text == "18446744073709551615");
  CHECK(samples[0].line == 3);
  REQUIRE(samples[0].label("b") != nullptr);
  CHECK(*samples[0].label("b") == "2");
  CHECK(samples[0].label("c") == nullptr);
  CHECK(support::value_of(samples, "g") == -0.5);
  CHECK(support::value_of(samples, "c_total", {{"b", "2"}, {"a", "\"\\\n"}}) == 18446744073709551615.0);
}

TEST_CASE("quoted names are read as the names that they are") {
  const auto samples = support::parse_samples(quoted + "{\"g.a\",\"a \\\"\\\\.\"=\"x\"} 1\n{\"g.a\"} 2\n");
  REQUIRE(samples.size() == 2);
  CHECK(samples[0].name == "g.a");
  CHECK(samples[0].labels == LabelPairs{{"a \"\\.", "x"}});
  CHECK(support::value_of(samples, "g.a") == 2);
}

TEST_CASE("a sample that is not there is an error and not a zero") {
  const auto samples = support::parse_samples(gauge + "g{a=\"x\"} 1\n");
  CHECK_THROWS_AS(support::value_of(samples, "g"), std::out_of_range);
  CHECK_THROWS_AS(support::value_of(samples, "g", {{"a", "y"}}), std::out_of_range);
  CHECK_THROWS_AS(support::value_of(samples, "f", {{"a", "x"}}), std::out_of_range);
}

TEST_CASE("a page that cannot be read yields no samples but an error") {
  CHECK_THROWS_AS(support::parse_samples(gauge + "g one\n"), std::runtime_error);
  CHECK_THROWS_AS(support::parse_samples(gauge + "g 1"), std::runtime_error);
}
