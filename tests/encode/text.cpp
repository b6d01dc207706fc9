// SPDX-License-Identifier: MIT
#include <flowviz_metrics/encode/text.hpp>

#include <doctest/doctest.h>

#include <cstdint>
#include <limits>
#include <string>
#include <vector>

#include "support/open_metrics_validator.hpp"
#include "support/text_validator.hpp"

using flowviz::encode::Escaping;
using flowviz::encode::PageType;
using flowviz::encode::TextEncoder;

namespace {

/// What an encoder writes while `write(encoder)` runs; the validator has nothing against it.
template <class Write>
std::string page(Write write) {
  std::string text;
  TextEncoder encoder(text);
  write(encoder);
  encoder.finish();
  std::string faults;
  for (const auto& violation : support::validate_text(text)) faults += violation.rule + ": " + violation.detail + "\n";
  CHECK(faults == "");
  return text;
}

}  // namespace

TEST_CASE("a family begins with its help text and its type") {
  CHECK(page([](TextEncoder& to) {
          to.family("a_total", "A \\ \"b\"\nc.", PageType::counter);
          to.family("b", "B.", PageType::gauge);
          to.family("c_info", "C.", PageType::info);
          to.family("d", "D.", PageType::histogram, std::vector<double>{1});
        }) ==
        "# HELP a_total A \\\\ \"b\"\\nc.\n# TYPE a_total counter\n"
        "# HELP b B.\n# TYPE b gauge\n"
        "# HELP c_info C.\n# TYPE c_info gauge\n"
        "# HELP d D.\n# TYPE d histogram\n");
}

TEST_CASE("a sample is the name, the labels if there are any, and the number") {
  CHECK(page([](TextEncoder& to) {
          to.family("a_total", "A.", PageType::counter);
          to.sample("", std::numeric_limits<std::uint64_t>::max());
          to.sample("x=\"1\"", std::uint64_t{0});
          to.family("b", "B.", PageType::gauge);
          to.sample("", -0.5);
          to.sample("x=\"1\",y=\"\"", std::int64_t{-9});
          to.sample("x=\"2\"", 1e6);
        }) ==
        "# HELP a_total A.\n# TYPE a_total counter\na_total 18446744073709551615\na_total{x=\"1\"} 0\n"
        "# HELP b B.\n# TYPE b gauge\nb -0.5\nb{x=\"1\",y=\"\"} -9\nb{x=\"2\"} 1e+06\n");
}

TEST_CASE("a histogram's buckets are added up, and count equals +Inf") {
  const std::vector<double> bounds{-1, 0.1, 1e6};
  CHECK(page([&](TextEncoder& to) {
          to.family("h", "H.", PageType::histogram, bounds);
          to.histogram("", {std::vector<std::uint64_t>{1, 0, 2, 4}, 7.5});
          to.histogram("x=\"1\"", {std::vector<std::uint64_t>{0, 0, 0, 0}, 0});
        }) ==
        "# HELP h H.\n# TYPE h histogram\n"
        "h_bucket{le=\"-1\"} 1\nh_bucket{le=\"0.1\"} 1\nh_bucket{le=\"1e+06\"} 3\nh_bucket{le=\"+Inf\"} 7\n"
        "h_sum 7.5\nh_count 7\n"
        "h_bucket{x=\"1\",le=\"-1\"} 0\nh_bucket{x=\"1\",le=\"0.1\"} 0\nh_bucket{x=\"1\",le=\"1e+06\"} 0\n"
        "h_bucket{x=\"1\",le=\"+Inf\"} 0\nh_sum{x=\"1\"} 0\nh_count{x=\"1\"} 0\n");
}

TEST_CASE("a histogram's bounds are those of its own family") {
  CHECK(page([](TextEncoder& to) {
          to.family("a", "A.", PageType::histogram, std::vector<double>{1, 2});
          to.histogram("", {std::vector<std::uint64_t>{0, 0, 0}, 0});
          to.family("b", "B.", PageType::histogram, std::vector<double>{3});
          to.histogram("", {std::vector<std::uint64_t>{0, 1}, 5});
        }).ends_with("b_bucket{le=\"3\"} 0\nb_bucket{le=\"+Inf\"} 1\nb_sum 5\nb_count 1\n"));
}

namespace {

/// The same as OpenMetrics, without the mark at the end, which is checked here.
template <class Write>
std::string open_metrics(Write write) {
  std::string text;
  TextEncoder encoder(text, flowviz::encode::TextFormat::open_metrics);
  write(encoder);
  encoder.finish();
  REQUIRE(text.ends_with("# EOF\n"));
  return text.substr(0, text.size() - std::string_view("# EOF\n").size());
}

}  // namespace

TEST_CASE("OpenMetrics names the family of a counter or an info without its ending, and has units") {
  CHECK(open_metrics([](TextEncoder& to) {
          to.family("a_seconds_total", "A \\ \"b\"\nc.", PageType::counter);
          to.sample("", std::uint64_t{3});
          to.family("b_bytes", "B.", PageType::gauge);
          to.family("c_info", "C.", PageType::info);
          to.sample("v=\"1\"", 1.0);
          to.family("legacy", "A counter by a name that has to stay.", PageType::counter);
          to.sample("", 1.0);
          to.family("d_seconds_total", "A gauge by such a name.", PageType::gauge);
        }) ==
        "# HELP a_seconds A \\\\ \\\"b\\\"\\nc.\n# TYPE a_seconds counter\n# UNIT a_seconds seconds\n"
        "a_seconds_total 3\n"
        "# HELP b_bytes B.\n# TYPE b_bytes gauge\n# UNIT b_bytes bytes\n"
        "# HELP c C.\n# TYPE c info\nc_info{v=\"1\"} 1\n"
        "# HELP legacy A counter by a name that has to stay.\n# TYPE legacy counter\nlegacy_total 1.0\n"
        "# HELP d_seconds_total A gauge by such a name.\n# TYPE d_seconds_total gauge\n");
}

TEST_CASE("OpenMetrics' doubles say that they are doubles, its counts do not") {
  CHECK(open_metrics([](TextEncoder& to) {
          to.family("a", "A.", PageType::gauge);
          for (const double value : {0.0, -7.0, 0.5, 1e5, 1e6, 1e21, std::numeric_limits<double>::infinity()})
            to.sample("", value);
          to.sample("", std::numeric_limits<double>::quiet_NaN());
          to.sample("", std::int64_t{-9});
        }) == "# HELP a A.\n# TYPE a gauge\na 0.0\na -7.0\na 0.5\na 100000.0\na 1e+06\na 1e+21\na +Inf\na NaN\na -9\n");
}

TEST_CASE("OpenMetrics shows when series began, in seconds with their milliseconds") {
  const std::vector<std::uint64_t> buckets{3};
  CHECK(open_metrics([&](TextEncoder& to) {
          to.family("a_seconds_total", "A.", PageType::counter);
          to.sample("", std::uint64_t{3}, {nullptr, 1'700'000'000'007});
          to.sample("x=\"1\"", 0.5, {nullptr, 1'700'000'000'000});
          to.sample("x=\"2\"", 0.5, {});
          to.family("h", "H.", PageType::histogram);
          to.histogram("x=\"1\"", {.buckets = buckets, .sum = 7, .created = 1'700'000'000'120});
        }) ==
        "# HELP a_seconds A.\n# TYPE a_seconds counter\n# UNIT a_seconds seconds\n"
        "a_seconds_total 3\na_seconds_created 1700000000.007\n"
        "a_seconds_total{x=\"1\"} 0.5\na_seconds_created{x=\"1\"} 1700000000.000\na_seconds_total{x=\"2\"} 0.5\n"
        "# HELP h H.\n# TYPE h histogram\nh_bucket{x=\"1\",le=\"+Inf\"} 3\nh_sum{x=\"1\"} 7.0\nh_count{x=\"1\"} 3\n"
        "h_created{x=\"1\"} 1700000000.120\n");
}

TEST_CASE("OpenMetrics has no sum that falls, is below zero or NaN; the text format has") {
  const std::vector<std::uint64_t> buckets{1, 2};
  const auto write = [&](TextEncoder& to) {
    to.family("h", "H.", PageType::histogram, std::vector<double>{1});
    to.histogram("x=\"1\"", {.buckets = buckets, .sum = 7, .sum_rises = false});
    to.histogram("x=\"2\"", {.buckets = buckets, .sum = -0.5});
    to.histogram("x=\"3\"", {.buckets = buckets, .sum = std::numeric_limits<double>::quiet_NaN()});
    to.histogram("x=\"4\"", {.buckets = buckets, .sum = std::numeric_limits<double>::infinity()});
  };
  const auto sums_of = [](const std::string& text) {
    std::string lines;
    for (std::size_t at = 0; (at = text.find("\nh_sum", at)) != std::string::npos; ++at) {
      lines += text.substr(at + 1, text.find('\n', at + 1) - at);
    }
    return lines;
  };
  CHECK(sums_of(page(write)) == "h_sum{x=\"1\"} 7\nh_sum{x=\"2\"} -0.5\nh_sum{x=\"3\"} NaN\nh_sum{x=\"4\"} +Inf\n");
  CHECK(sums_of(open_metrics(write)) == "h_sum{x=\"4\"} +Inf\n");
}

TEST_CASE("OpenMetrics' bounds are doubles, and with negative ones there is no sum") {
  CHECK(open_metrics([](TextEncoder& to) {
          to.family("h", "H.", PageType::histogram, std::vector<double>{0.5, 1, 1e5, 1e6});
          to.histogram("x=\"1\"", {std::vector<std::uint64_t>{1, 0, 0, 0, 2}, 7});
          to.family("n", "N.", PageType::histogram, std::vector<double>{-1});
          to.histogram("", {std::vector<std::uint64_t>{1, 2}, 7});
          to.family("p", "P.", PageType::histogram, std::vector<double>{1});
          to.histogram("", {std::vector<std::uint64_t>{0, 0}, 0});
        }) ==
        "# HELP h H.\n# TYPE h histogram\nh_bucket{x=\"1\",le=\"0.5\"} 1\nh_bucket{x=\"1\",le=\"1.0\"} 1\n"
        "h_bucket{x=\"1\",le=\"100000.0\"} 1\nh_bucket{x=\"1\",le=\"1e+06\"} 1\nh_bucket{x=\"1\",le=\"+Inf\"} 3\n"
        "h_sum{x=\"1\"} 7.0\nh_count{x=\"1\"} 3\n"
        "# HELP n N.\n# TYPE n histogram\nn_bucket{le=\"-1.0\"} 1\nn_bucket{le=\"+Inf\"} 3\n"
        "# HELP p P.\n# TYPE p histogram\np_bucket{le=\"1.0\"} 0\np_bucket{le=\"+Inf\"} 0\np_sum 0.0\np_count 0\n");
}

namespace {

/// A counter, a histogram, an info and a state set whose names, and those of some labels, are UTF-8.
std::string page_of_names(flowviz::encode::TextFormat format, Escaping escaping) {
  std::string text;
  TextEncoder to(text, format, escaping);
  const auto shown = [&](std::string_view labels) {
    return to.escapes_labels() ? std::string(to.escaped(labels).text) : std::string(labels);
  };
  const std::vector<double> bounds{1};
  const std::vector<std::uint64_t> buckets{1, 2};
  to.family("http.requests_total", "R.", PageType::counter);
  to.sample("", std::uint64_t{3});
  to.sample(shown("method=\"GET\",\"http.route\"=\"/\""), std::uint64_t{4});
  to.family("took.long_seconds", "T.", PageType::histogram, bounds);
  to.histogram("", flowviz::encode::PageHistogram{.buckets = buckets, .sum = 7, .sum_rises = true});
  to.histogram(shown("\"http.route\"=\"/\""),
               flowviz::encode::PageHistogram{.buckets = buckets, .sum = 7, .sum_rises = true});
  to.family("build.version_info", "B.", PageType::info);
  to.sample("version=\"1\"", 1.0);
  to.family("line.state", "S.", PageType::state_set);
  to.sample(shown("\"line.state\"=\"on\""), std::uint64_t{1});
  to.finish();
  return text;
}

std::string faults_of(const std::vector<support::Violation>& violations) {
  std::string faults;
  for (const auto& one : violations) faults += one.rule + ": " + one.detail + "\n";
  return faults;
}

}  // namespace

TEST_CASE(
    "text 1.0.0 has names that are not of the classic alphabet between quotation marks, a metric's in the braces") {
  const std::string page = page_of_names(flowviz::encode::TextFormat::prometheus, Escaping::allow_utf8);
  CHECK(page ==
        "# HELP \"http.requests_total\" R.\n# TYPE \"http.requests_total\" counter\n{\"http.requests_total\"} 3\n"
        "{\"http.requests_total\",method=\"GET\",\"http.route\"=\"/\"} 4\n"
        "# HELP \"took.long_seconds\" T.\n# TYPE \"took.long_seconds\" histogram\n"
        "{\"took.long_seconds_bucket\",le=\"1\"} 1\n{\"took.long_seconds_bucket\",le=\"+Inf\"} 3\n"
        "{\"took.long_seconds_sum\"} 7\n{\"took.long_seconds_count\"} 3\n"
        "{\"took.long_seconds_bucket\",\"http.route\"=\"/\",le=\"1\"} 1\n"
        "{\"took.long_seconds_bucket\",\"http.route\"=\"/\",le=\"+Inf\"} 3\n"
        "{\"took.long_seconds_sum\",\"http.route\"=\"/\"} 7\n{\"took.long_seconds_count\",\"http.route\"=\"/\"} 3\n"
        "# HELP \"build.version_info\" B.\n# TYPE \"build.version_info\" gauge\n"
        "{\"build.version_info\",version=\"1\"} 1\n"
        "# HELP \"line.state\" S.\n# TYPE \"line.state\" gauge\n{\"line.state\",\"line.state\"=\"on\"} 1\n");
  CHECK(faults_of(support::validate_text(page, {.names = support::Names::utf8})) == "");
}

TEST_CASE(
    "OpenMetrics that allows UTF-8 has the same names, with the endings of samples inside of the quotation marks") {
  const std::string page = page_of_names(flowviz::encode::TextFormat::open_metrics, Escaping::allow_utf8);
  CHECK(page ==
        "# HELP \"http.requests\" R.\n# TYPE \"http.requests\" counter\n{\"http.requests_total\"} 3\n"
        "{\"http.requests_total\",method=\"GET\",\"http.route\"=\"/\"} 4\n"
        "# HELP \"took.long_seconds\" T.\n# TYPE \"took.long_seconds\" histogram\n"
        "# UNIT \"took.long_seconds\" seconds\n"
        "{\"took.long_seconds_bucket\",le=\"1.0\"} 1\n{\"took.long_seconds_bucket\",le=\"+Inf\"} 3\n"
        "{\"took.long_seconds_sum\"} 7.0\n{\"took.long_seconds_count\"} 3\n"
        "{\"took.long_seconds_bucket\",\"http.route\"=\"/\",le=\"1.0\"} 1\n"
        "{\"took.long_seconds_bucket\",\"http.route\"=\"/\",le=\"+Inf\"} 3\n"
        "{\"took.long_seconds_sum\",\"http.route\"=\"/\"} 7.0\n{\"took.long_seconds_count\",\"http.route\"=\"/\"} 3\n"
        "# HELP \"build.version\" B.\n# TYPE \"build.version\" info\n{\"build.version_info\",version=\"1\"} 1\n"
        "# HELP \"line.state\" S.\n# TYPE \"line.state\" stateset\n{\"line.state\",\"line.state\"=\"on\"} 1\n# EOF\n");
  CHECK(faults_of(support::validate_open_metrics(page, support::Names::utf8)) == "");
}

TEST_CASE("for readers that know no UTF-8 names every scheme leaves a page of the classic alphabet") {
  struct Row {
    Escaping escaping;
    std::string_view counter, base, label, state;
  };
  for (const Row& row : std::initializer_list<Row>{
           {Escaping::underscores, "http_requests_total", "http_requests", "http_route", "line_state"},
           {Escaping::dots, "http_dot_requests__total", "http_dot_requests_", "http_dot_route", "line_dot_state"},
           {Escaping::values, "U__http_2e_requests__total", "U__http_2e_requests_", "U__http_2e_route",
            "U__line_2e_state"}}) {
    CAPTURE(row.counter);
    const std::string text = page_of_names(flowviz::encode::TextFormat::prometheus, row.escaping);
    const std::string open = page_of_names(flowviz::encode::TextFormat::open_metrics, row.escaping);
    CHECK(faults_of(support::validate_text(text)) == "");
    CHECK(faults_of(support::validate_open_metrics(open)) == "");
    const std::string counter(row.counter), label(row.label), state(row.state);
    for (const std::string& page : {text, open}) {
      CHECK(page.find("\n" + counter + "{method=\"GET\"," + label + "=\"/\"} 4\n") != std::string::npos);
      CHECK(page.find("_seconds_bucket{" + label + "=\"/\",le=\"+Inf\"} 3\n") != std::string::npos);
      CHECK(page.find("\n" + state + "{" + state + "=\"on\"} 1\n") != std::string::npos);
    }
    CHECK(open.find("# TYPE " + std::string(row.base) + " counter\n") != std::string::npos);
    CHECK(open.find("_seconds seconds\n") != std::string::npos);
  }
}

TEST_CASE("a family whose name is nothing but its ending keeps it") {
  CHECK(open_metrics([](TextEncoder& to) {
          to.family("_total", "A.", PageType::counter);
          to.sample("", std::uint64_t{3});
        }) == "# HELP _total A.\n# TYPE _total counter\n_total_total 3\n");
}
