// SPDX-License-Identifier: MIT
// Names beyond the classic alphabet, from their rules to the pages of every format and scheme.

#include <flowviz_metrics/name.hpp>

#include <doctest/doctest.h>

#include <initializer_list>
#include <string>
#include <string_view>
#include <vector>

#include <flowviz_metrics/describe.hpp>
#include <flowviz_metrics/flowviz_metrics.hpp>

#include "page.hpp"
#include "refusal.hpp"
#include "support/open_metrics_validator.hpp"
#include "support/protobuf_page.hpp"
#include "support/protobuf_validator.hpp"
#include "support/text_validator.hpp"

using flowviz::CounterName;
using flowviz::InfoName;
using flowviz::LabelName;
using flowviz::MetricName;
using flowviz::OpenLabel;
using flowviz::OpenLabelName;
using flowviz::Utf8Name;

namespace {

enum class Line { running, stopped };

struct Refused {
  std::string_view name;
  std::string rule;
};

template <class Name>
void check_refused(std::initializer_list<Refused> table) {
  for (const Refused& row : table) {
    CAPTURE(row.name);
    CHECK(says(refusal([&] { static_cast<void>(Name::checked(Utf8Name::checked(row.name))); }), row.rule));
  }
}

template <class Name>
void check_taken(std::initializer_list<std::string_view> names) {
  for (const std::string_view text : names) {
    CAPTURE(text);
    const std::string said = refusal([&] {
      const Name name = Name::checked(Utf8Name::checked(text));
      CHECK(name.text() == text);
      CHECK(name.utf8());
      CHECK_FALSE(name.legacy());
    });
    CHECK(said == "");
  }
}

const std::string control = "a name has no control characters";
const std::string total = "only a counter's name ends in _total";
const std::string letter = "the name of a label starts with a letter of a to z";

/// One metric of each kind, by names that no classic alphabet has, in a registry with such a label.
void fill(flowviz::Registry& registry) {
  const flowviz::Counter requests{registry, Utf8Name{"http.server.requests_total"}, "Requests.",
                                  flowviz::Label<Line>{Utf8Name{"line.state"}}, OpenLabel{Utf8Name{"http.route"}, 2}};
  requests.with(Line::running, "/a\"b\\c\nd").inc(3, {{"trace_id", "x"}});
  const flowviz::DoubleCounter busy{registry, Utf8Name{"busy.time_seconds_total"}, "Busy."};
  busy.inc(0.5);
  const flowviz::Gauge level{registry, "level", "Level.", OpenLabel{Utf8Name{"h\xc3\xb6he \"\\"}, 1}.pin({"x"})};
  level.with("x").set(-1);
  const flowviz::UpDownCounter going{registry, Utf8Name{"\xe8\x8a\xb1\xe7\x81\xab"}, "Going."};
  going.inc();
  const flowviz::Histogram took{registry,
                                Utf8Name{"http.server.duration_seconds"},
                                "Took.",
                                flowviz::Buckets{0.1, 1},
                                OpenLabel{Utf8Name{"http.route"}, 2},
                                flowviz::Label<Line>{"line"}};
  took.with("/", Line::stopped).observe(0.5, {{"trace_id", "y"}});
  const flowviz::NativeHistogram drove{registry, Utf8Name{"drove far_meters"}, "Drove.",
                                       flowviz::NativeBuckets{.classic = flowviz::Buckets{1, 2}},
                                       OpenLabel{Utf8Name{"by-what"}, 2}};
  drove.with("lorry").observe(1.5);
  const flowviz::Summary weighed{registry, Utf8Name{"weighed.in_grams"}, "Weighed.", OpenLabel{Utf8Name{"by-what"}, 2}};
  weighed.with("scale").observe(12);
  const flowviz::StateSet<Line> line{registry, Utf8Name{"line.is"}, "Line.", flowviz::States<Line>()};
  line.set(Line::stopped);
  const flowviz::Info build{
      registry, Utf8Name{"build.of_info"}, "Build.", {{Utf8Name{"git.commit"}, "1a"}, {"os", "l"}}};
  const flowviz::Counter classic{registry, "lots_total", "Lots."};
  classic.inc(7);
}

std::string faults_of(const std::vector<support::Violation>& violations) {
  std::string faults;
  for (const auto& one : violations) faults += one.rule + ": " + one.detail + "\n";
  return faults;
}

const std::string text_1 = "text/plain;version=1.0.0", open_metrics = "application/openmetrics-text;version=1.0.0";

}  // namespace

TEST_CASE("a UTF-8 name is checked while the program is compiled, by itself and as the name of what it is for") {
  constexpr Utf8Name name{"http.server.duration"};
  static_assert(name.text() == "http.server.duration");
  constexpr MetricName metric{name};
  constexpr CounterName counter{Utf8Name{"http.server.requests_total"}};
  constexpr LabelName label{Utf8Name{"http.route"}};
  static_assert(metric.utf8() && counter.utf8() && label.utf8() && !MetricName{"level"}.utf8());
  static_assert(metric.text() == "http.server.duration" && !metric.legacy());
  static_assert(!std::is_convertible_v<Utf8Name, flowviz::HelpText>);
  static_assert(!std::is_convertible_v<Utf8Name, flowviz::ExemplarName>);  // no scheme is for those
}

TEST_CASE("a UTF-8 name is UTF-8 without control characters, and not empty") {
  check_taken<MetricName>({"a", "a.b", ".", " ", "1", "Lots", "a:b", "\"", "\\", "{a=\"b\"} 1 #", "_", "duration_ms",
                           "gauge.x", "\xe8\x8a\xb1\xe7\x81\xab", "\xf0\x9f\x93\xa6", "\xe2\x80\xae"});
  for (const Refused& row :
       std::initializer_list<Refused>{{"", "a name is not empty"},
                                      {"a\n", control},
                                      {"a\r", control},
                                      {std::string_view("a\0b", 3), "'a"},  // where the message ends
                                      {"\t", control},
                                      {"\x7f", control},
                                      {"\xc2\x85", control},
                                      {"\xff", "a name is UTF-8"},
                                      {"a.\xc3", "a name is UTF-8"},
                                      {"\xed\xa0\x80", "a name is UTF-8"},
                                      {"\xc0\xaf", "a name is UTF-8"}}) {
    CAPTURE(row.name);
    CHECK(says(refusal([&row] { static_cast<void>(Utf8Name::checked(row.name)); }), row.rule));
  }
}

TEST_CASE("what formats say of endings holds for UTF-8 names, too") {
  check_taken<CounterName>({"http.requests_total", "._total"});
  check_refused<CounterName>({{"http.requests", "a counter's name ends in _total"},
                              {"http.requests.total", "a counter's name ends in _total"},
                              {"_total", "a name is not empty"},
                              {"a.b_total_total", total},
                              {"a.b_created_total", "the endings _bucket, _count, _sum and _created"}});
  check_refused<MetricName>({{"a.b_total", total},
                             {"a.b_info", "only the name of an Info ends in _info"},
                             {"a.b_bucket", "the endings _bucket"},
                             {"a.b_sum", "the endings _bucket"},
                             {"a.b_count", "the endings _bucket"},
                             {"a.b_created", "the endings _bucket"}});
  check_taken<MetricName>({"a.total", "a.count"});  // which end in no such word for any reader
  check_taken<InfoName>({"a.b_info"});
  check_refused<InfoName>({{"a.b", "the name of an Info ends in _info"}, {"_info", "a name is not empty"}});
}

TEST_CASE(
    "the UTF-8 name of a label starts with a letter, for Prometheus drops labels that start with two underscores") {
  check_taken<LabelName>({"http.route", "Http", "a:b", "h\xc3\xb6he", "user.id", "a b"});
  check_refused<LabelName>({{"\xc3\xb6.x", letter},
                            {".a", letter},
                            {"1a", letter},
                            {"_a", letter},
                            {"\"a", letter},
                            {"__a.b", "label names that start with __ belong to Prometheus"},
                            {"le", "are set by the format or by Prometheus"},
                            {"job", "are set by the format or by Prometheus"}});
  check_taken<OpenLabelName>({"http.route", "user.kind", "path-kind"});
  for (const std::string_view name : {"user.id", "http.url", "request path", "a-user"}) {
    check_refused<OpenLabelName>({{name, "a label that reads like an identifier has no finite domain"}});
  }
  flowviz::Registry registry;
  const flowviz::Counter allowed{registry, "a_total", "A.", OpenLabel{Utf8Name{"user.id"}, 2, flowviz::allow_id_like}};
  allowed.with("7").inc();
  CHECK(samples_of(registry, "a_total") == "a_total{user_id=\"7\"} 1\n");
}

TEST_CASE("pages with UTF-8 names are valid in each format by each scheme, and say the same") {
  flowviz::Registry registry{{{Utf8Name{"service.name"}, "n\"o"}}};
  flowviz::expose_process_metrics(registry);
  flowviz::expose_created_times(registry);
  fill(registry);
  for (const std::string scheme : {"underscores", "dots", "values", "allow-utf-8"}) {
    CAPTURE(scheme);
    const support::Names names = scheme == "allow-utf-8" ? support::Names::utf8 : support::Names::classic;
    const auto page = [&](const std::string& format) {
      return flowviz::scrape(registry, format + ";escaping=" + scheme).body;
    };
    const std::string old_text = page("text/plain;version=0.0.4"), text = page(text_1), open = page(open_metrics);
    // One that is nothing but flowers becomes underscores, which is no name for our own metrics.
    support::ValidationOptions options{.producer = support::Producer::flowviz, .names = names};
    std::string flowers_aside = faults_of(support::validate_text(text, options));
    for (const std::string flowers : {"reserved_name: __\n", "reserved_name: ____\n"}) {
      for (std::size_t at = 0; (at = flowers_aside.find(flowers)) != std::string::npos;) {
        flowers_aside.erase(at, flowers.size());
      }
    }
    CHECK(flowers_aside == "");
    CHECK(faults_of(support::validate_open_metrics(open, names)) == "");
    const std::string quoted = names == support::Names::utf8 ? ".quoted" : "";  // for readers that know such names
    keep_page(text, quoted + ".text");
    keep_page(open, quoted + ".open_metrics");
    const std::string binary = page(std::string(support::protobuf_type));
    std::string binary_faults =
        faults_of(support::validate_protobuf(binary, support::CounterNames::end_in_total, names));
    if (binary_faults.starts_with("reserved_name: __")) binary_faults.erase(0, binary_faults.find('\n') + 1);
    CHECK(binary_faults == "");
    // The process's metrics may change from page to page, and when series began OpenMetrics says alone.
    const auto quiet = [](std::vector<support::Sample> samples) {
      std::erase_if(samples, [](const support::Sample& one) {
        return one.name.starts_with("process_") || one.name.ends_with("_created");
      });
      return support::sorted_samples(samples);
    };
    const auto samples = quiet(support::parse_samples(text));
    CHECK(quiet(support::parse_samples(old_text)) == samples);
    CHECK(quiet(support::parse_samples(open)) == samples);
    CHECK(open.find(names == support::Names::utf8 ? "\n{\"http.server.duration_seconds_created\","
                                                  : "_seconds_created{") != std::string::npos);
    CHECK(quiet(support::read_protobuf(binary)) == samples);
  }
}

TEST_CASE("who asks for nothing gets UTF-8 names with underscores, who asks for a scheme gets them by that") {
  flowviz::Registry registry;
  fill(registry);
  struct Row {
    std::string accept, counter, bucket, state;
  };
  const std::string value = "=\"/a\\\"b\\\\c\\nd\"} 3", bucket_value = "=\"/\",line=\"stopped\",le=\"0.1\"} 0";
  for (const Row& row : std::vector<Row>{
           {"", "http_server_requests_total{line_state=\"running\",http_route" + value,
            "http_server_duration_seconds_bucket{http_route" + bucket_value, "line_is{line_is=\"stopped\"} 1"},
           {open_metrics, "http_server_requests_total{line_state=\"running\",http_route" + value,
            "http_server_duration_seconds_bucket{http_route" + bucket_value, "line_is{line_is=\"stopped\"} 1"},
           {text_1 + ";escaping=dots",
            "http_dot_server_dot_requests__total{line_dot_state=\"running\",http_dot_route" + value,
            "http_dot_server_dot_duration__seconds_bucket{http_dot_route" + bucket_value,
            "line_dot_is{line_dot_is=\"stopped\"} 1"},
           {open_metrics + ";escaping=values",
            "U__http_2e_server_2e_requests__total{U__line_2e_state=\"running\",U__http_2e_route" + value,
            "U__http_2e_server_2e_duration__seconds_bucket{U__http_2e_route" + bucket_value,
            "U__line_2e_is{U__line_2e_is=\"stopped\"} 1"},
           {text_1 + ";escaping=allow-utf-8",
            "{\"http.server.requests_total\",\"line.state\"=\"running\",\"http.route\"" + value,
            "{\"http.server.duration_seconds_bucket\",\"http.route\"" + bucket_value,
            "{\"line.is\",\"line.is\"=\"stopped\"} 1"},
           {open_metrics + ";escaping=allow-utf-8",
            "{\"http.server.requests_total\",\"line.state\"=\"running\",\"http.route\"" + value,
            "{\"http.server.duration_seconds_bucket\",\"http.route\"" + bucket_value,
            "{\"line.is\",\"line.is\"=\"stopped\"} 1"},
       }) {
    CAPTURE(row.accept);
    const std::string page = flowviz::scrape(registry, row.accept).body;
    for (const std::string& line : {row.counter, row.bucket, row.state, std::string("lots_total 7")}) {
      CAPTURE(line);
      CHECK(page.find("\n" + line) != std::string::npos);
    }
  }
}

TEST_CASE("two names that one reader would not tell apart are refused, with the scheme that makes them one") {
  struct Row {
    std::string_view first, second, says;
  };
  for (const Row& row : std::initializer_list<Row>{
           {"a.b", "a_b",
            "'a_b' and 'a.b' would both put 'a_b' on the page of a reader who gets UTF-8 names escaped "
            "(escaping=underscores)"},
           {"a.b", "a-b", "(escaping=underscores)"},
           {"\xe8\x8a\xb1", "\xe7\x81\xab", "(escaping=underscores)"},
           {"a.b", "a_dot_b", "(escaping=dots)"},
           {"a.b", "U__a_2e_b", "(escaping=values)"},
       }) {
    CAPTURE(row.second);
    for (const bool turned : {false, true}) {
      const std::string_view first = turned ? row.second : row.first, second = turned ? row.first : row.second;
      flowviz::Registry registry;
      const flowviz::Gauge level{registry, MetricName::checked(Utf8Name::checked(first)), "A."};
      const std::string said =
          refusal([&] { const flowviz::Gauge other{registry, MetricName::checked(Utf8Name::checked(second)), "A."}; });
      CHECK(says(said, turned ? std::string_view("(escaping=") : row.says));
    }
  }
}

TEST_CASE("samples of histograms and counters clash where they are escaped, and only there") {
  flowviz::Registry registry;
  const flowviz::Histogram took{registry, Utf8Name{"a.b"}, "A.", flowviz::Buckets{1}};
  const flowviz::Counter lots{registry, Utf8Name{"c.d_total"}, "C."};
  const auto refused = [&](std::string_view name) {
    return refusal([&] { const flowviz::Gauge level{registry, flowviz::LegacyName::checked(name), "A."}; });
  };
  CHECK(says(refused("a_b_sum"), "'a_b_sum' and 'a.b' would both put 'a_b_sum' on the page"));
  CHECK(says(refused("a_dot_b_bucket"), "(escaping=dots)"));
  CHECK(says(refused("c_d"), "'c_d'"));
  CHECK(says(refused("c_dot_d__total"), "(escaping=dots)"));
  CHECK(says(refused("U__c_2e_d__created"), "(escaping=values)"));
  for (const std::string_view name : {"a_dot_b_x", "c__d", "U__a_2e_c"}) CHECK(refused(name) == "");
  // What different schemes make of two names is never on one page.
  const flowviz::Gauge one{registry, Utf8Name{"x.y"}, "X."}, other{registry, Utf8Name{"x.dot.y"}, "X."};
  // The same again is the same metric, by the same type of name.
  CHECK(says(refusal([&] {
               const flowviz::Gauge level{registry, flowviz::LegacyName{"a"}, "A."},
                   same{registry, Utf8Name{"a"}, "A."};
             }),
             "'a' is registered already, with names of another type"));
  const flowviz::Counter again{registry, Utf8Name{"c.d_total"}, "C."};
  lots.inc();
  CHECK(again.value() == 1);
}

TEST_CASE("names that are the library's once they are escaped are refused") {
  flowviz::Registry registry;
  CHECK(says(refusal([&] { const flowviz::Gauge level{registry, Utf8Name{"flowviz.metrics.x"}, "A."}; }),
             "names that start with flowviz_metrics_ belong to the library's own metrics"));
  CHECK(says(refusal([&] { const flowviz::Gauge level{registry, Utf8Name{"process.threads"}, "A."}; }),
             "the library exposes this one itself"));
}

TEST_CASE("labels of one metric that one reader would not tell apart are refused") {
  flowviz::Registry registry{{{Utf8Name{"service.name"}, "x"}}};
  const auto refused = [&](Utf8Name first, Utf8Name second) {
    return refusal([&] {
      const flowviz::Counter lots{registry, "lots_total", "Lots.",
                                  OpenLabel{LabelName::checked(first), 1, flowviz::allow_id_like},
                                  OpenLabel{LabelName::checked(second), 1, flowviz::allow_id_like}};
    });
  };
  CHECK(says(refused(Utf8Name{"a.b"}, Utf8Name{"a_b"}), "it and 'a.b' become one name where UTF-8 names are escaped"));
  CHECK(says(refused(Utf8Name{"a.b"}, Utf8Name{"a_dot_b"}), "become one name"));
  CHECK(says(refused(Utf8Name{"c"}, Utf8Name{"service_name"}), "become one name"));
  CHECK(says(refused(Utf8Name{"a.b"}, Utf8Name{"a.b"}), "a label name occurs once"));
  CHECK(says(refused(Utf8Name{"service.name"}, Utf8Name{"c"}), "is a constant label already"));
  CHECK(says(refusal([&] {
               const flowviz::Summary weighed{registry, Utf8Name{"weighed.in_grams"}, "Weighed.",
                                              OpenLabel{Utf8Name{"by-what"}, 2}};
               weighed.with("scale").observe(12);
               const flowviz::StateSet<Line> line{registry, Utf8Name{"service-name"}, "L.", flowviz::States<Line>()};
             }),
             "a state set's name is that of no other label"));
  CHECK(says(refusal([] { const flowviz::Registry other{{{Utf8Name{"a.b"}, "x"}, {Utf8Name{"a-b"}, "y"}}}; }),
             "become one name"));
  CHECK(refused(Utf8Name{"a.b"}, Utf8Name{"a.c"}) == "");
}

TEST_CASE("a metric that comes as data has UTF-8 names where it says so") {
  flowviz::Registry registry;
  flowviz::Definition definition;
  definition.kind = flowviz::Kind::gauge;
  definition.name = "a.b";
  definition.help = "A.";
  definition.constant_labels = {{"c.d", "x"}};
  CHECK(says(refusal([&] { registry.add(definition); }), "'a.b': a name is lower-case snake_case"));
  definition.utf8_name = true;
  CHECK(says(refusal([&] { registry.add(definition); }), "'c.d': a name is lower-case snake_case"));
  definition.utf8_labels = true;
  CHECK(refusal([&] { registry.add(definition); }) == "");
  definition.name = "a.b_total";
  CHECK(says(refusal([&] { registry.add(definition); }), total));
}

TEST_CASE("name[] takes a name as it was given, and not as it is escaped") {
  flowviz::Registry registry;
  fill(registry);
  const auto families = [&](std::vector<std::string_view> names) {
    const std::string page = flowviz::scrape(registry, {.names = std::move(names)}).body;
    std::string found;
    for (std::size_t at = 0; (at = page.find("# TYPE ", at)) != std::string::npos;) {
      at += std::string_view("# TYPE ").size();
      found += page.substr(at, page.find(' ', at) - at) + " ";
    }
    return found;
  };
  CHECK(families({"http.server.requests_total"}) == "http_server_requests_total ");
  CHECK(families({"http.server.duration_seconds_bucket"}) == "http_server_duration_seconds ");
  CHECK(families({"http_server_requests_total"}) == "");
}

TEST_CASE("on a page of several registries what that page would show twice is left out, and counted") {
  flowviz::Registry first{{{"site", "a"}}}, second{{{"site", "b"}}};
  const flowviz::Gauge dotted{first, Utf8Name{"a.b"}, "A."}, plain{second, "a_b", "A."};
  const OpenLabel here = OpenLabel{Utf8Name{"x.y"}, 1}.pin({"z"}), there = OpenLabel{"x_y", 1}.pin({"z"});
  flowviz::Registry third{{{"at", "c"}}}, fourth{{{"at", "c"}}};
  const flowviz::Gauge mine{third, "c", "C.", here}, yours{fourth, "c", "C.", there};
  for (const auto& gauge : {mine, yours}) gauge.with("z").set(1);
  const auto samples = [](const flowviz::Registry& one, const flowviz::Registry& other, const std::string& escaping) {
    std::string page;
    flowviz::scrape_into(page, {&one, &other},
                         {.accept = text_1 + ";escaping=" + escaping, .names = {"a.b", "a_b", "c"}});
    CHECK(faults_of(support::validate_text(page, {.names = support::Names::utf8})) == "");
    if (escaping == "allow-utf-8") keep_page(page, ".quoted.text");
    return support::parse_samples(page).size();
  };
  CHECK(samples(first, second, "allow-utf-8") == 2);
  CHECK(samples(first, second, "values") == 2);
  CHECK(samples(first, second, "underscores") == 1);
  CHECK(samples(third, fourth, "allow-utf-8") == 2);
  CHECK(samples(third, fourth, "underscores") == 1);
}

TEST_CASE("the catalogue has UTF-8 names as they were given") {
  flowviz::Registry registry;
  fill(registry);
  const std::string json = flowviz::to_json(flowviz::describe(registry));
  CHECK(json.find("{\"name\": \"http.server.requests_total\", \"type\": \"counter\"") != std::string::npos);
  CHECK(json.find("{\"name\": \"http.route\", \"open\": true") != std::string::npos);
  CHECK(json.find("\"name\": \"h\xc3\xb6he \\\"\\\\\"") != std::string::npos);
}
