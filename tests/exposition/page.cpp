// SPDX-License-Identifier: MIT
// Prints one registry with everything that is hard on a page, in the format for the Accept header in its argument; the content
// type goes to stderr. tests/exposition/run.py has other readers read it.

#include <cstdio>
#include <limits>
#include <string>
#include <string_view>

#include <flowviz_metrics/flowviz_metrics.hpp>

enum class LotType { raw, intermediate, finished };

int main(int argc, char** argv) {
  using flowviz::OpenLabel;
  using namespace std::chrono_literals;
  flowviz::Registry registry{{{"site", "n\"o\\r\nth"}}};
  flowviz::expose_created_times(registry);

  const flowviz::Counter lots{registry, "lots_total", "Quotes \" backslashes \\ line\nfeeds and tabs\t.",
                              flowviz::Label<LotType>{"lot_type"}, OpenLabel{"zone", 20}};
  const std::string longest(FLOWVIZ_METRICS_MAX_LABEL_BYTES, 'x');
  for (const std::string_view zone :
       {std::string_view(""), std::string_view("a\"b\\c\nd"), std::string_view("\\n"), std::string_view("}{,=\"x"),
        std::string_view("\xf0\x9f\x93\xa6 \xe2\x80\xae"
                         "bidi"),
        std::string_view("\xff\xfe not UTF-8"), std::string_view("a\rb"), std::string_view("nul\0in it", 9),
        std::string_view(longest)}) {
    lots.with(LotType::raw, zone).inc(9'007'199'254'740'992);  // 2^53, the largest that a double counts to
  }

  const flowviz::Gauge numbers{registry, "number_values", "Numbers.",
                               OpenLabel{"which", 12}.pin({"zero", "minus_zero", "tiny", "huge", "third", "million",
                                                           "below", "nan", "inf", "minus_inf", "hundred", "whole"})};
  using Limits = std::numeric_limits<double>;
  numbers.with("zero").set(0);
  numbers.with("minus_zero").set(-0.0);
  numbers.with("tiny").set(Limits::denorm_min());
  numbers.with("huge").set(Limits::max());
  numbers.with("third").set(1.0 / 3);
  numbers.with("million").set(1e6);
  numbers.with("below").set(999999);
  numbers.with("nan").set(Limits::quiet_NaN());
  numbers.with("inf").set(Limits::infinity());
  numbers.with("minus_inf").set(-Limits::infinity());
  numbers.with("hundred").set(100);
  numbers.with("whole").set(123456789012345680.0);

  const flowviz::DoubleCounter busy{registry, "busy_seconds_total", "Busy."};
  busy.inc(1500ms, {{"trace_id", std::string_view("a\"b\\c\nd \xf0\x9f\x93\xa6\0\r.", 15)}, {"span_id", ""}});
  const flowviz::UpDownCounter going{registry, "going", "Going."};
  going.dec(3);
  const flowviz::Histogram took{registry, "took_seconds", "Took.", flowviz::Buckets{0.005, 0.1, 1, 2.5, 100000, 1e6},
                                OpenLabel{"zone", 2}};
  for (const double value : {0.001, 0.1, 0.5, 3.0}) took.with("a").observe(value);
  took.with("a").observe(2e6, {{"trace_id", "4bf92f3577b34da6a3ce929d0e0e4736"}});
  const flowviz::Histogram drift{registry, "drift_celsius", "Drift.", flowviz::Buckets{-1, 0, 1}};
  for (const double value : {-5.0, -0.5, 0.0}) drift.observe(value);
  const flowviz::Histogram dipped{registry, "dipped_celsius", "Dipped.", flowviz::Buckets{0.5, 1}};
  for (const double value : {-3.0, 0.5}) dipped.observe(value);
  const flowviz::NativeHistogram sank{registry, "sank_celsius", "Sank.", flowviz::NativeBuckets{}};
  for (const double value : {-3.0, 5.0}) sank.observe(value);
  const flowviz::NativeHistogram drove{registry, "drove_seconds", "Drove.", flowviz::NativeBuckets{},
                                       OpenLabel{"zone", 2}};
  drove.with("b").observe(0);
  for (int i = 1; i < 1000; ++i) drove.with("a").observe(0.001 * i * i);
  drove.with("a").observe(1000, {{"trace_id", "last"}});
  const flowviz::NativeHistogram leaned{
      registry, "leaned_celsius", "Leaned.",
      flowviz::NativeBuckets{.schema = 5, .max_buckets = 320, .classic = flowviz::Buckets{1, 20}}};
  for (int i = -50; i <= 100; ++i) leaned.observe(0.25 * i);
  const flowviz::Summary weighed{registry, "weighed_bytes", "Weighed.", OpenLabel{"zone", 2}};
  for (const double value : {1.5, 1e6}) weighed.with("a\"b").observe(value);
  const flowviz::Summary warmed{registry, "warmed_celsius", "Warmed."};
  for (const double value : {-3.0, 5.0}) warmed.observe(value);
  const flowviz::Info build{registry, "build_info", "Build.", {{"version", "1.2.3"}}};
  const flowviz::StateSet<LotType, flowviz::Text> doors{registry, "door_lets_in", "Which lots a door lets in.",
                                                        flowviz::States<LotType>(),
                                                        OpenLabel{"door", 2}.pin({"a\"b", "c"})};
  doors.with("c").set(LotType::intermediate);
  const flowviz::Collector disks{registry,
                                 [](const auto& read, const auto& waiting) {
                                   read.show(4096, "s\"d\\a\n", LotType::raw);
                                   read.show(-1, "sdb", LotType::raw);
                                   waiting.show(0.5, "\xff not UTF-8");
                                   waiting.show(-2, "sdb");
                                 },
                                 flowviz::CollectedCounter{"disk_read_bytes_total", "Bytes read.", OpenLabel{"disk", 9},
                                                           flowviz::Label<LotType>{"lot_type"}},
                                 flowviz::CollectedGauge{"disk_waits", "Requests that wait.", OpenLabel{"disk", 9}}};
  const flowviz::Counter legacy{registry, flowviz::LegacyName{"oldName"}, "A name that has to stay."};
  legacy.inc(7);

  const flowviz::Counter dotted{registry, flowviz::Utf8Name{"http.server.requests_total"}, "Names beyond the alphabet.",
                                OpenLabel{flowviz::Utf8Name{"http.route"}, 2},
                                flowviz::Label<LotType>{flowviz::Utf8Name{"lot-type_\xc3\xa4"}}};
  dotted.with("/a\"b", LotType::raw).inc(5);
  const flowviz::Histogram lasted{registry, flowviz::Utf8Name{"lasted long_seconds"}, "Lasted.", flowviz::Buckets{0.5},
                                  OpenLabel{flowviz::Utf8Name{"http.route"}, 2}};
  lasted.with("/").observe(0.25);

  const flowviz::Scrape page = flowviz::scrape(registry, argc > 1 ? argv[1] : "");
  std::fwrite(page.body.data(), 1, page.body.size(), stdout);
  std::fputs(page.content_type.c_str(), stderr);
}
