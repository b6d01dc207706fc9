// SPDX-License-Identifier: MIT
#include <flowviz_metrics/exemplar.hpp>

#include <doctest/doctest.h>

#include <chrono>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <flowviz_metrics/flowviz_metrics.hpp>
#include <flowviz_metrics/testing.hpp>

#include "page.hpp"
#include "sample_enums.hpp"
#include "support/protobuf_page.hpp"
#include "support/text_validator.hpp"

namespace {

using flowviz::Exemplar;
using sample::LotType;
using support::Sample;
using support::SampleExemplar;

constexpr std::string_view open_metrics = "application/openmetrics-text";
constexpr std::string_view trace = "4bf92f3577b34da6a3ce929d0e0e4736";

/// The exemplar of a sample in both formats that have any, which must say the same.
std::optional<SampleExemplar> exemplar_of(const flowviz::Registry& registry, const std::string& name,
                                          const support::LabelPairs& labels = {}) {
  const auto found = [&](const std::vector<Sample>& samples) -> std::optional<SampleExemplar> {
    for (const Sample& sample : samples) {
      support::LabelPairs own = sample.labels;
      for (auto& [label, value] : own) {
        if (label == "le") value = support::go_number(*support::parse_number(value));
      }
      if (sample.name == name && own == labels) return sample.exemplar;
    }
    FAIL("no sample " << name);
    return std::nullopt;
  };
  const auto as_text = found(support::parse_samples(open_metrics_of(registry)));
  const auto as_protobuf = found(support::read_protobuf(flowviz::scrape(registry, support::protobuf_type).body));
  REQUIRE(as_text.has_value() == as_protobuf.has_value());
  if (as_text) {
    CHECK(as_text->labels == as_protobuf->labels);
    CHECK(as_text->value == as_protobuf->value);
    CHECK(as_text->timestamp.value() == doctest::Approx(as_protobuf->timestamp.value()).epsilon(1e-12));
  }
  return as_text;
}

double refused() {
  return support::value_of(support::parse_samples(page_of(flowviz::Registry())), "flowviz_metrics_values_refused_total",
                           {{"reason", "exemplar"}});
}

TEST_CASE("a counter shows its last exemplar, with what was added and when") {
  flowviz::Registry registry;
  const flowviz::Counter lots{registry, "lots_total", "Lots.", flowviz::Label<LotType>{"lot_type"}};
  lots.with(LotType::raw).inc(1, {{"trace_id", "older"}});
  const auto before = std::chrono::system_clock::now();
  lots.with(LotType::raw).inc(3, {{"trace_id", trace}, {"span_id", "00f067aa0ba902b7"}});
  lots.with(LotType::finished).inc();

  const auto shown = exemplar_of(registry, "lots_total", {{"lot_type", "raw"}});
  REQUIRE(shown);
  CHECK(shown->labels == support::LabelPairs{{"trace_id", std::string(trace)}, {"span_id", "00f067aa0ba902b7"}});
  CHECK(shown->value == 3);
  const std::chrono::duration<double> time(shown->timestamp.value()), began = before.time_since_epoch();
  CHECK(time.count() >= began.count() - .001);  // of a millisecond what was complete
  CHECK(time.count() < began.count() + 60);
  CHECK(!exemplar_of(registry, "lots_total", {{"lot_type", "finished"}}));
  CHECK(lots.with(LotType::raw).value() == 4);
}

TEST_CASE("the text format has no exemplars") {
  flowviz::Registry registry;
  const flowviz::Counter lots{registry, "lots_total", "Lots."};
  lots.inc(1, {{"trace_id", trace}});
  CHECK(valid_page(registry).find(trace) == std::string::npos);
  CHECK(flowviz::scrape(registry, open_metrics)
            .body.find("lots_total 1 # {trace_id=\"" + std::string(trace) + "\"} 1.0 ") != std::string::npos);
}

TEST_CASE("a counter of amounts") {
  flowviz::Registry registry;
  const flowviz::DoubleCounter busy{registry, "busy_seconds_total", "Busy."};
  busy.inc(std::chrono::milliseconds(250), {{"trace_id", trace}});
  const auto shown = exemplar_of(registry, "busy_seconds_total");
  REQUIRE(shown);
  CHECK(shown->value == .25);
}

TEST_CASE("a bucket of a histogram keeps its own") {
  flowviz::Registry registry;
  const flowviz::Histogram took{registry, "took_seconds", "Took.", flowviz::Buckets{.1, 1}};
  took.observe(.5, {{"trace_id", "slow"}});
  took.observe(7, {{"trace_id", "slower"}});
  took.observe(.6);  // takes nothing away
  CHECK(!exemplar_of(registry, "took_seconds_bucket", {{"le", "0.1"}}));
  const auto slow = exemplar_of(registry, "took_seconds_bucket", {{"le", "1"}});
  const auto slower = exemplar_of(registry, "took_seconds_bucket", {{"le", "+Inf"}});
  REQUIRE((slow && slower));
  CHECK(slow->labels == support::LabelPairs{{"trace_id", "slow"}});
  CHECK(slow->value == .5);
  CHECK(slower->value == 7);
  CHECK(took.value().count == 3);
}

TEST_CASE("series of a histogram that stand side by side have each their own") {
  flowviz::Registry registry;
  const flowviz::Histogram took{registry, "took_seconds", "Took.", flowviz::Buckets{.1, 1},
                                flowviz::OpenLabel{"where", 3}.pin({"a", "b", "c"})};
  took.with("b").observe(.5, {{"trace_id", "slow"}});
  took.with("c").observe(.05, {{"trace_id", "quick"}});
  for (const char* where : {"a", "b", "c"}) {
    for (const char* le : {"0.1", "1", "+Inf"}) {
      const std::string at = std::string(where) + le;
      CAPTURE(at);
      const auto shown = exemplar_of(registry, "took_seconds_bucket", {{"le", le}, {"where", where}});
      CHECK(shown.has_value() == (at == "b1" || at == "c0.1"));
      if (shown) CHECK(shown->value == (at == "b1" ? .5 : .05));
    }
  }
}

TEST_CASE("metrics beside one with exemplars, in the same chunk of cells, have none and are as before") {
  flowviz::Registry registry;
  const flowviz::Gauge idle{registry, "idle", "Idle.", flowviz::OpenLabel{"which", 2}.pin({"a", "b"})};
  const flowviz::Counter lots{registry, "lots_total", "Lots."};
  const flowviz::UpDownCounter going{registry, "going", "Going."};
  const flowviz::Counter other{registry, "other_total", "Other."};
  lots.inc(2, {{"trace_id", trace}});
  going.dec(3);
  idle.with("a").set(4);
  idle.remove("b");
  const std::string page = open_metrics_of(registry);
  CHECK(page.find("going -3\n") != std::string::npos);
  CHECK(page.find("idle{which=\"a\"} 4.0\n") != std::string::npos);
  CHECK(page.find("idle{which=\"b\"}") == std::string::npos);
  CHECK(page.find("other_total 0\n") != std::string::npos);
}

TEST_CASE("128 code points and no more") {
  flowviz::Registry registry;
  const flowviz::Counter lots{registry, "lots_total", "Lots."};
  const double before = refused();
  std::string longest;
  while (longest.size() < 4 * 120) longest += "\xf0\x9f\x93\xa6";  // 120 of them, and the name's 8
  lots.inc(1, {{"trace_id", longest}});
  auto shown = exemplar_of(registry, "lots_total");
  REQUIRE(shown);
  CHECK(shown->labels == support::LabelPairs{{"trace_id", longest}});
  CHECK(refused() == before);

  lots.inc(1, {{"trace_id", longest + "x"}});
  lots.inc(1, {{"a", std::string(60, 'x')}, {"b", std::string(67, 'y')}});
  CHECK(refused() == before + 2);
  CHECK(lots.value() == 3);  // what is counted is counted
  shown = exemplar_of(registry, "lots_total");
  REQUIRE(shown);
  CHECK(shown->labels.front().second == longest);
  lots.inc(1, {{"a", std::string(60, '"')}, {"b", std::string(66, '\\')}});  // escaped it is longer
  shown = exemplar_of(registry, "lots_total");
  REQUIRE(shown);
  CHECK(shown->labels == support::LabelPairs{{"a", std::string(60, '"')}, {"b", std::string(66, '\\')}});
}

TEST_CASE("no name twice") {
  const double before = refused();
  CHECK(!Exemplar({{"a", "1"}, {"b", "2"}, {"a", "3"}}).fits());
  CHECK(refused() == before + 1);
}

TEST_CASE("any bytes in a value") {
  flowviz::Registry registry;
  const flowviz::Counter lots{registry, "lots_total", "Lots."};
  lots.inc(1, {{"trace_id", "a\"b\\c\nd}\xff"}});
  const auto shown = exemplar_of(registry, "lots_total");
  REQUIRE(shown);
  CHECK(shown->labels == support::LabelPairs{{"trace_id", "a\"b\\c\nd}\xef\xbf\xbd"}});
}

TEST_CASE("NUL and carriage returns in a value are replaced, which counts as one text that was repaired") {
  using namespace std::string_view_literals;
  struct {
    std::string_view value;
    std::string expected;
  } const table[] = {
      {"\0"sv, "\xef\xbf\xbd"},
      {"a\0b"sv,
       "a\xef\xbf\xbd"
       "b"},
      {"\0a\0\0"sv,
       "\xef\xbf\xbd"
       "a\xef\xbf\xbd\xef\xbf\xbd"},
      {"\xc3\xa4\0\xc3\0\r"sv, "\xc3\xa4\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd"},
      {"a\rb"sv,
       "a\xef\xbf\xbd"
       "b"},
  };
  const auto repaired = [](const flowviz::Registry& registry) {
    return support::value_of(support::parse_samples(page_of(registry)), "flowviz_metrics_label_texts_repaired_total",
                             {{"reason", "not_utf8"}});
  };
  for (const auto& row : table) {
    CAPTURE(row.expected);
    flowviz::Registry registry;
    const flowviz::Counter lots{registry, "lots_total", "Lots."};
    const double before = repaired(registry);
    lots.inc(1, {{"trace_id", row.value}});
    CHECK(repaired(registry) == before + 1);
    const auto shown = exemplar_of(registry, "lots_total");
    REQUIRE(shown);
    CHECK(shown->labels == support::LabelPairs{{"trace_id", row.expected}});
  }
  // As many as fit, each of which becomes three bytes.
  flowviz::Registry registry;
  const flowviz::Counter lots{registry, "lots_total", "Lots."};
  lots.inc(1, {{"trace_id", std::string(120, '\0')}});
  const auto shown = exemplar_of(registry, "lots_total");
  REQUIRE(shown);
  CHECK(shown->labels.front().second.size() == 3 * 120);
}

TEST_CASE("a longer exemplar after shorter ones, and a shorter one after that") {
  flowviz::Registry registry;
  const flowviz::Counter lots{registry, "lots_total", "Lots."};
  for (const unsigned length : {1U, 60U, 7U, 119U, 64U, 63U, 96U, 2U}) {
    const std::string value(length, 'x');
    lots.inc(length, {{"trace_id", value}});
    const auto shown = exemplar_of(registry, "lots_total");
    REQUIRE(shown);
    CHECK(shown->labels == support::LabelPairs{{"trace_id", value}});
    CHECK(shown->value == static_cast<double>(length));
  }
}

TEST_CASE("what is refused has no exemplar") {
  flowviz::Registry registry;
  const flowviz::DoubleCounter busy{registry, "busy_seconds_total", "Busy."};
  const flowviz::Histogram took{registry, "took_seconds", "Took.", flowviz::Buckets{1}};
  busy.inc(-1, {{"trace_id", trace}});
  took.observe(std::numeric_limits<double>::quiet_NaN(), {{"trace_id", trace}});
  CHECK(!exemplar_of(registry, "busy_seconds_total"));
  CHECK(!exemplar_of(registry, "took_seconds_bucket", {{"le", "+Inf"}}));
}

TEST_CASE("a handle that belongs to no metric keeps none") {
  flowviz::CounterSeries().inc(1, {{"trace_id", trace}});
  flowviz::HistogramSeries().observe(1, {{"trace_id", trace}});
}

TEST_CASE("a series that ends takes its exemplar along") {
  flowviz::Registry registry;
  flowviz::testing::FakeClock clock;
  const flowviz::Counter<flowviz::Expiring<flowviz::Text>> bytes{
      registry, "upload_bytes_total", "Bytes.", flowviz::OpenLabel{"client", 1}.expires_after(std::chrono::hours(1))};
  bytes.with("first").inc(5, {{"trace_id", trace}});
  CHECK(exemplar_of(registry, "upload_bytes_total", {{"client", "first"}}));
  for (int i = 0; i < 3; ++i) {
    clock.advance(std::chrono::hours(2));
    static_cast<void>(flowviz::scrape(registry));
  }
  bytes.with("second").inc();  // in the same cells
  CHECK(!exemplar_of(registry, "upload_bytes_total", {{"client", "second"}}));
}

}  // namespace
