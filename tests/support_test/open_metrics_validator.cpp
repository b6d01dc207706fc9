// SPDX-License-Identifier: MIT
// The strict validator of OpenMetrics: one broken page for every rule, refused with that rule's name at that line and with
// nothing else, and valid pages that come close to each rule without breaking it.

#include "support/open_metrics_validator.hpp"

#include <doctest/doctest.h>

#include <string>
#include <vector>

using support::Names;
using support::validate_open_metrics;
using support::Violation;

namespace {

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

const std::string end = "# EOF\n";
const std::string gauge = "# HELP g G.\n# TYPE g gauge\n";
const std::string counter = "# HELP c C.\n# TYPE c counter\n";
const std::string info = "# HELP i I.\n# TYPE i info\n";
const std::string states = "# HELP s S.\n# TYPE s stateset\n";
const std::string histogram = "# HELP h H.\n# TYPE h histogram\n";
const std::string summary = "# HELP s S.\n# TYPE s summary\n";
const std::string rest = "h_sum 3.0\nh_count 2\n";

const std::vector<BrokenPage> broken_pages = {
    {"eof", 3, gauge + "g 1\n"},
    {"eof", 5, gauge + "g 1\n" + end + "g{a=\"x\"} 2\n"},
    {"eof", 5, gauge + "g 1\n" + end + end},
    {"eof", 0, ""},
    {"final_line_feed", 4, gauge + "g 1\n# EOF"},
    {"blank_line", 3, gauge + "\n" + end},
    {"metadata", 3, gauge + "# made by hand\n" + end},
    {"metadata", 1, "#  HELP g G.\n# TYPE g gauge\n# HELP g G.\n" + end},
    {"metadata", 1, "# HELP 1g G.\n" + gauge + end},
    {"metadata_first", 4, "# HELP g_seconds G.\n# TYPE g_seconds gauge\ng_seconds 1\n# UNIT g_seconds seconds\n" + end},
    {"repeated_metadata", 3, gauge + "# HELP g G.\n" + end},
    {"repeated_metadata", 3, gauge + "# TYPE g gauge\n" + end},
    {"missing_metadata", 1, "# TYPE g gauge\n" + end},
    {"missing_metadata", 1, "# HELP g G.\n" + end},
    {"unknown_type", 2, "# HELP g G.\n# TYPE g untyped\n" + end},
    {"empty_help", 1, "# HELP g \n# TYPE g gauge\n" + end},
    {"escape", 1, "# HELP g a \"quote\"\n# TYPE g gauge\n" + end},
    {"escape", 1, "# HELP g a tab \\t\n# TYPE g gauge\n" + end},
    {"utf8", 1, "# HELP g \xff\n# TYPE g gauge\n" + end},
    {"utf8", 3, gauge + "g{a=\"\xc3\"} 1\n" + end},
    {"carriage_return", 3, gauge + "g{a=\"x\ry\"} 1\n" + end},
    {"unit", 3, gauge + "# UNIT g seconds\n" + end},
    {"unit", 3, "# HELP g_seconds G.\n# TYPE g_seconds gauge\n# UNIT g_seconds bytes\n" + end},
    {"unit", 3, "# HELP g_s_total G.\n# TYPE g_s_total gauge\n# UNIT g_s_total s\n" + end},
    {"unit", 1, "# HELP i_bytes I.\n# TYPE i_bytes info\n# UNIT i_bytes bytes\n" + end},
    {"layout", 3, gauge + "g  1\n" + end},
    {"layout", 3, gauge + "g 1 \n" + end},
    {"layout", 3, gauge + "g{} 1\n" + end},
    {"layout", 3, gauge + "g{a=\"x\",} 1\n" + end},
    {"layout", 3, gauge + "g{a=\"x\", b=\"y\"} 1\n" + end},
    {"layout", 3, gauge + "g 1 1700000000\n" + end},
    {"layout", 3, gauge + "g\n" + end},
    {"layout", 3, counter + "c_total 1 # {} 1.0 17\n" + end},
    {"layout", 3, counter + "c_total 1 #{a=\"x\"} 1.0 17.000\n" + end},
    {"number", 3, gauge + "g one\n" + end},
    {"canonical_number", 3, gauge + "g 01\n" + end},
    {"canonical_number", 3, gauge + "g 1.50\n" + end},
    {"canonical_number", 3, gauge + "g inf\n" + end},
    {"duplicate_label", 3, gauge + "g{a=\"x\",a=\"y\"} 1\n" + end},
    {"reserved_name", 3, gauge + "g{__a=\"x\"} 1\n" + end},
    {"escape", 3, gauge + "g{a=\"\\t\"} 1\n" + end},
    {"stray_sample", 3, gauge + "x 1\n" + end},
    {"stray_sample", 3, counter + "c 1\n" + end},
    {"stray_sample", 3, info + "i 1\n" + end},
    {"stray_sample", 1, "g 1\n" + end},
    {"split_family", 7, gauge + "g{a=\"x\"} 1\n" + counter + "c_total 1\n" + gauge + "g{a=\"y\"} 1\n" + end},
    {"duplicate_sample", 4, gauge + "g{a=\"x\"} 1\ng{a=\"x\"} 2\n" + end},
    {"duplicate_sample", 4, gauge + "g 1\ng{a=\"\"} 2\n" + end},
    {"split_metric", 6,
     states + "s{s=\"a\",x=\"1\"} 1\ns{s=\"a\",x=\"2\"} 1\ns{s=\"b\",x=\"2\"} 0\ns{s=\"b\",x=\"1\"} 0\n" + end},
    {"counter_value", 3, counter + "c_total -1\n" + end},
    {"counter_value", 3, counter + "c_total NaN\n" + end},
    {"counter_value", 4, histogram + "h_bucket{le=\"+Inf\"} 2\nh_sum -3.0\nh_count 2\n" + end},
    {"counter_value", 4, histogram + "h_bucket{le=\"+Inf\"} 2\nh_sum NaN\nh_count 2\n" + end},
    {"counter_value", 3, summary + "s_sum -3.0\ns_count 2\n" + end},
    {"counter_value", 3, summary + "s_sum NaN\ns_count 2\n" + end},
    {"whole_count", 4, summary + "s_sum 3.0\ns_count 2.0\n" + end},
    {"stray_sample", 3, summary + "s_total 2\n" + end},
    {"created", 4, counter + "c_total 1\nc_created 1.7e+09\n" + end},
    {"created", 4, counter + "c_total 1\nc_created 1700000000.5\n" + end},
    {"split_metric", 5, counter + "c_total{a=\"x\"} 1\nc_total{a=\"y\"} 1\nc_created{a=\"x\"} 17.000\n" + end},
    {"stray_sample", 4, gauge + "g 1\ng_created 17.000\n" + end},
    {"info_value", 3, info + "i_info{a=\"x\"} 2\n" + end},
    {"state_label", 3, states + "s{a=\"x\"} 1\n" + end},
    {"state_value", 3, states + "s{s=\"x\"} 2\n" + end},
    {"le", 3, gauge + "g{le=\"1.0\"} 1\n" + end},
    {"le", 4, histogram + "h_bucket{le=\"+Inf\"} 2\nh_sum{le=\"+Inf\"} 3.0\nh_count 2\n" + end},
    {"whole_count", 3, histogram + "h_bucket{le=\"1.0\"} 1.5\nh_bucket{le=\"+Inf\"} 2\n" + rest + end},
    {"bucket_bound", 3, histogram + "h_bucket{le=\"1\"} 1\nh_bucket{le=\"+Inf\"} 2\n" + rest + end},
    {"bucket_bound", 3, histogram + "h_bucket{le=\"x\"} 1\nh_bucket{le=\"+Inf\"} 2\n" + rest + end},
    {"bucket_order", 4,
     histogram + "h_bucket{le=\"2.0\"} 1\nh_bucket{le=\"1.0\"} 1\nh_bucket{le=\"+Inf\"} 2\n" + rest + end},
    {"bucket_cumulative", 4, histogram + "h_bucket{le=\"1.0\"} 3\nh_bucket{le=\"+Inf\"} 2\n" + rest + end},
    {"bucket_infinity", 3, histogram + "h_bucket{le=\"1.0\"} 2\n" + rest + end},
    {"sum_and_count", 3, histogram + "h_bucket{le=\"+Inf\"} 2\nh_count 2\n" + end},
    {"sum_and_count", 3, histogram + "h_bucket{le=\"+Inf\"} 2\nh_sum 3.0\n" + end},
    {"sum_and_count", 3, histogram + "h_bucket{le=\"-1.0\"} 1\nh_bucket{le=\"+Inf\"} 2\n" + rest + end},
    {"count_equals_infinity", 5, histogram + "h_bucket{le=\"+Inf\"} 1\n" + rest + end},
    {"exemplar", 3, gauge + "g 1 # {a=\"x\"} 1.0 17.000\n" + end},
    {"exemplar", 3,
     histogram + "h_bucket{le=\"1.0\"} 2 # {a=\"x\"} 1.5 17.000\nh_bucket{le=\"+Inf\"} 2\n" + rest + end},
    {"exemplar", 4,
     histogram + "h_bucket{le=\"1.0\"} 1\nh_bucket{le=\"+Inf\"} 2 # {a=\"x\"} 1.0 17.000\n" + rest + end},
    {"exemplar", 3, counter + "c_total 1 # {a=\"" + std::string(128, 'x') + "\"} 1.0 17.000\n" + end},
    {"exemplar", 3, counter + "c_total 1 # {a=\"" + std::string(1, '\0') + "\"} 1.0 17.000\n" + end},
    {"family_clash", 0, counter + "c_total 1\n# HELP c_total G.\n# TYPE c_total gauge\nc_total 1\n" + end},
};

const std::string quoted = "# HELP \"g.a\" G.\n# TYPE \"g.a\" gauge\n";

/// Pages with quoted names that are broken where these may be.
const std::vector<BrokenPage> broken_utf8_pages = {
    {"needless_quotes", 1, "# HELP \"g\" G.\n# TYPE g gauge\n" + end},
    {"needless_quotes", 3, gauge + "{\"g\"} 1\n" + end},
    {"needless_quotes", 3, gauge + "g{\"a\"=\"x\"} 1\n" + end},
    {"needless_quotes", 3, counter + "c_total 1 # {\"a\"=\"x\"} 1.0 17.000\n" + end},
    {"metadata", 1, "# HELP \"g.a G.\n" + quoted + end},
    {"metadata", 1, "# HELP g.a G.\n" + quoted + end},
    {"metric_name", 4, quoted + "{\"g.a\"} 1\n# HELP \"\" G.\n# TYPE \"\" gauge\n" + end},
    {"layout", 3, quoted + "{\"g.a\",} 1\n" + end},
    {"layout", 3, quoted + "{\"g.a\", a=\"x\"} 1\n" + end},
    {"layout", 3, quoted + "{a=\"x\",\"g.a\"} 1\n" + end},
    {"layout", 3, quoted + "{\"g.a\",\"g.b\"} 1\n" + end},
    {"layout", 3, gauge + "g{\"g.a\"} 1\n" + end},
    {"layout", 3, gauge + "{a=\"x\"} 1\n" + end},
    {"label_name", 3, quoted + "{\"g.a\",\"\"=\"x\"} 1\n" + end},
    {"utf8", 3, quoted + "{\"g.a\",\"a.\xff\"=\"x\"} 1\n" + end},
    {"escape", 3, quoted + "{\"g.a\",\"a.\\t\"=\"x\"} 1\n" + end},
    {"stray_sample", 3, quoted + "{\"g.b\"} 1\n" + end},
    {"unit", 3, quoted + "# UNIT \"g.a\" a\n" + end},
    {"split_family", 6, quoted + "{\"g.a\"} 1\n" + gauge + quoted + end},
    {"duplicate_sample", 4, quoted + "{\"g.a\",\"a.b\"=\"x\"} 1\n{\"g.a\",\"a.b\"=\"x\"} 2\n" + end},
};

}  // namespace

TEST_CASE("where names may be quoted each broken page of OpenMetrics is refused by its rule, at its line") {
  for (const BrokenPage& broken : broken_utf8_pages) {
    CAPTURE(broken.rule);
    CAPTURE(broken.page);
    const auto violations = listed(validate_open_metrics(broken.page, Names::utf8));
    CAPTURE(violations);
    CHECK(violations.find(broken.rule + "@" + std::to_string(broken.line)) != std::string::npos);
  }
}

TEST_CASE("quoted names are valid in OpenMetrics where a reader has asked for them, and nowhere else") {
  for (const std::string& page : std::vector<std::string>{
           quoted + "{\"g.a\"} 1\n{\"g.a\",a=\"x\",\"a.b\"=\"}\"} 1\n" + end,
           gauge + "g{\"a \\\" \\\\ # {\"=\"x\"} 1\n" + end,
           "# HELP \"c.a\" C.\n# TYPE \"c.a\" counter\n{\"c.a_total\"} 1 # {\"a.b\"=\"x\"} 1.0 17.000\n" + end,
           "# HELP \"g.a_bytes\" G.\n# TYPE \"g.a_bytes\" gauge\n# UNIT \"g.a_bytes\" bytes\n" + end,
           "# HELP \"s.a\" S.\n# TYPE \"s.a\" stateset\n{\"s.a\",\"s.a\"=\"x\"} 1\n" + end,
       }) {
    CAPTURE(page);
    CHECK(listed(validate_open_metrics(page, Names::utf8)) == "");
    CHECK(listed(validate_open_metrics(page)).find("quoted_name@") != std::string::npos);
  }
}

TEST_CASE("each broken page of OpenMetrics is refused by its rule, at its line, and by no other") {
  for (const BrokenPage& broken : broken_pages) {
    CAPTURE(broken.page);
    const auto violations = validate_open_metrics(broken.page);
    INFO(listed(violations));
    REQUIRE(!violations.empty());
    for (const Violation& one : violations) {
      CHECK(one.rule == broken.rule);
      CHECK(one.line == broken.line);
    }
  }
}

TEST_CASE("pages of OpenMetrics that come close to a rule are valid") {
  for (const std::string& page : std::vector<std::string>{
           end,
           gauge + end,
           gauge + "g 1\n" + end,
           gauge + "g{a=\"}{,=\\\"x # \",b=\"\\\\\\n\"} -1.5e-07\n" + end,
           gauge + "g{a=\"x\"} NaN\ng{a=\"y\"} +Inf\n" + end,
           gauge + "g{a=\"" + std::string(1, '\0') + "\"} 1\n" + end,
           "# HELP g_seconds G \\\"q\\\" \\\\ \\n.\n# TYPE g_seconds gauge\n# UNIT g_seconds seconds\ng_seconds 0.5\n" +
               end,
           counter + "c_total 18446744073709551615\n" + end,
           counter + "c_total 1 # {trace_id=\"x\"} 1.0 1700000000.123\n" + end,
           counter + "c_total 1 # {a=\"" + std::string(127, 'x') + "\"} 1.0\n" + end,
           counter + "c_total 1\nc_created 1700000000.123\n" + end,
           histogram + "h_bucket{le=\"+Inf\"} 2\n" + rest + "h_created 1700000000.123\n" + end,
           summary + "s_sum 3.0\ns_count 2\ns_created 1700000000.123\n" + end,
           summary + "s_count 2\n" + end,
           info + "i_info{a=\"x\"} 1\n" + end,
           states + "s{s=\"a\"} 1\ns{s=\"b\"} 0\n" + end,
           histogram + "h_bucket{le=\"1.0\"} 2 # {a=\"x\"} 1.0 17.000\nh_bucket{le=\"+Inf\"} 2\n" + rest + end,
           histogram + "h_bucket{le=\"-1.0\"} 1\nh_bucket{le=\"+Inf\"} 2\n" + end,
           histogram + "h_bucket{le=\"1.0\"} 1\nh_bucket{le=\"+Inf\"} 2\n" + end,
           histogram + "h_bucket{le=\"+Inf\"} 2\nh_sum +Inf\nh_count 2\n" + end,
       }) {
    CAPTURE(page);
    CHECK(listed(validate_open_metrics(page)) == "");
  }
}
