// SPDX-License-Identifier: MIT
#include <flowviz_metrics/scrape.hpp>

#include <doctest/doctest.h>

#include <chrono>
#include <limits>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <flowviz_metrics/flowviz_metrics.hpp>

#include "page.hpp"
#include "refusal.hpp"
#include "sample_enums.hpp"
#include "support/protobuf_page.hpp"
#include "support/text_validator.hpp"

using flowviz::Counter;
using flowviz::Gauge;
using flowviz::Histogram;
using flowviz::Registry;
using flowviz::scrape;
using sample::LotType;

TEST_CASE("a page is text 0.0.4 unless another format is asked for") {
  Registry registry;
  const std::string body = scrape(registry).body;
  for (const std::string_view accept :
       {"", "*/*", "text/plain;version=0.0.4", "text/html", "\xff;q=;;,,", "text/plain;q=0"}) {
    CAPTURE(accept);
    const flowviz::Scrape page = scrape(registry, accept);
    CHECK(page.content_type == "text/plain; version=0.0.4; charset=utf-8");
    CHECK(page.body == body);
  }
}

TEST_CASE("what a page is to be is an Accept header in any kind of text, or options") {
  Registry registry;
  const std::string wish = "application/openmetrics-text";
  const std::string type = flowviz::scrape(registry, wish).content_type;
  CHECK(says(type, wish));
  CHECK(flowviz::scrape(registry, std::string_view(wish)).content_type == type);
  CHECK(flowviz::scrape(registry, wish.c_str()).content_type == type);
  CHECK(flowviz::scrape(registry, "application/openmetrics-text").content_type == type);
  CHECK(flowviz::scrape(registry, {.accept = wish}).content_type == type);
  CHECK(flowviz::scrape(registry, {}).content_type == flowviz::scrape(registry).content_type);
}

TEST_CASE("the three formats hold the same samples") {
  Registry registry{{{"site", "n\"o\\r\nth"}}};
  const flowviz::Counter lots{registry, "lots_total", "Lots.", flowviz::Label<LotType>{"lot_type"},
                              flowviz::OpenLabel{"zone", 5}};
  const Gauge fill{registry, "fill_ratio", "F."};
  const Gauge never{registry, "odd_values", "O.", flowviz::OpenLabel{"which", 3}.pin({"nan", "low", "high"})};
  const flowviz::DoubleCounter busy{registry, "busy_seconds_total", "B."};
  const flowviz::UpDownCounter going{registry, "going", "G."};
  const Histogram took{registry, "took_seconds", "T.", flowviz::Buckets{0.1, 1, 100000}, flowviz::OpenLabel{"zone", 5}};
  const flowviz::Info build{registry, "build_info", "B.", {{"version", "1.2"}}};
  for (const std::string_view zone : {"", "a\"b\\c\nd", "\xf0\x9f\x93\xa6", "\xff"}) {
    lots.with(LotType::raw, zone).inc(1'000'000);
    took.with(zone).observe(0.25);
    took.with(zone).observe(1e6);
  }
  fill.set(100000);
  never.with("nan").set(std::numeric_limits<double>::quiet_NaN());
  never.with("low").set(-std::numeric_limits<double>::infinity());
  never.with("high").set(std::numeric_limits<double>::denorm_min());
  busy.inc(2);
  going.dec(3);

  const std::vector<std::string> text = support::sorted_samples(support::parse_samples(valid_page(registry)));
  const flowviz::Scrape open = scrape(registry, "application/openmetrics-text;version=1.0.0");
  CHECK(open.content_type == "application/openmetrics-text; version=1.0.0; charset=utf-8");
  CHECK(support::sorted_samples(support::parse_samples(open.body)) == text);
  const flowviz::Scrape binary = scrape(registry, support::protobuf_type);
  CHECK(binary.content_type ==
        "application/vnd.google.protobuf; proto=io.prometheus.client.MetricFamily; encoding=delimited");
  CHECK(support::sorted_samples(support::read_protobuf(binary.body)) == text);
}

TEST_CASE("a page without a registry is the default one's") {
  const flowviz::Counter here{"default_registry_scrapes_total", "Scrapes."};
  here.inc();
  CHECK(says(scrape().body, "\ndefault_registry_scrapes_total 1\n"));
  CHECK(scrape("*/*").content_type == scrape().content_type);
}

TEST_CASE("a page shows all metrics of a registry, and then the library's own") {
  Registry registry;
  const flowviz::Counter lots{registry, "lots_registered_total", "Lots registered.",
                              flowviz::Label<LotType>{"lot_type"}};
  const flowviz::DoubleCounter busy{registry, "worker_busy_seconds_total", "Busy."};
  const flowviz::Gauge operators{registry, "active_operators", "Operators."};
  const flowviz::UpDownCounter requests{registry, "requests_inprogress", "Requests.", flowviz::OpenLabel{"handler", 9}};
  const flowviz::Histogram trace{registry, "trace_seconds", "Trace.", flowviz::Buckets{0.5, 1}};
  const flowviz::Info build{registry, "build_info", "Build.", {{"version", "1"}}};
  lots.with(LotType::raw).inc(3);
  busy.inc(0.125);
  operators.set(1e6);
  requests.with("/api").inc(2);
  trace.observe(0.75);
  const std::string page = valid_page(registry);
  const std::string expected =
      "# HELP lots_registered_total Lots registered.\n"
      "# TYPE lots_registered_total counter\n"
      "lots_registered_total{lot_type=\"raw\"} 3\n"
      "lots_registered_total{lot_type=\"intermediate\"} 0\n"
      "lots_registered_total{lot_type=\"finished\"} 0\n"
      "# HELP worker_busy_seconds_total Busy.\n"
      "# TYPE worker_busy_seconds_total counter\n"
      "worker_busy_seconds_total 0.125\n"
      "# HELP active_operators Operators.\n"
      "# TYPE active_operators gauge\n"
      "active_operators 1e+06\n"
      "# HELP requests_inprogress Requests.\n"
      "# TYPE requests_inprogress gauge\n"
      "requests_inprogress{handler=\"/api\"} 2\n"
      "# HELP trace_seconds Trace.\n"
      "# TYPE trace_seconds histogram\n"
      "trace_seconds_bucket{le=\"0.5\"} 0\n"
      "trace_seconds_bucket{le=\"1\"} 1\n"
      "trace_seconds_bucket{le=\"+Inf\"} 1\n"
      "trace_seconds_sum 0.75\n"
      "trace_seconds_count 1\n"
      "# HELP build_info Build.\n"
      "# TYPE build_info gauge\n"
      "build_info{version=\"1\"} 1\n"
      "# HELP flowviz_metrics_";
  CHECK(page.substr(0, expected.size()) == expected);
}

TEST_CASE("the library's own metrics are on every page") {
  Registry registry;
  const std::string page = valid_page(registry);
  for (const std::string name : {"flowviz_metrics_values_refused_total{reason=\"negative\"} ",
                                 "flowviz_metrics_values_refused_total{reason=\"not_finite\"} ",
                                 "flowviz_metrics_label_texts_repaired_total{reason=\"not_utf8\"} ",
                                 "flowviz_metrics_label_texts_repaired_total{reason=\"too_long\"} ",
                                 "flowviz_metrics_allocation_failures_total "}) {
    CAPTURE(name);
    CHECK(says(page, "\n" + name));
  }
}

TEST_CASE("each repair of a label text is counted by its reason") {
  Registry registry;
  const flowviz::Counter hits{registry, "hits_total", "Hits.", flowviz::OpenLabel{"page", 9}};
  const auto repaired = [&](const char* reason) {
    return support::value_of(support::parse_samples(valid_page(registry)), "flowviz_metrics_label_texts_repaired_total",
                             {{"reason", reason}});
  };
  const double not_utf8 = repaired("not_utf8"), too_long = repaired("too_long");
  hits.with("fine").inc();
  CHECK(repaired("not_utf8") == not_utf8);
  hits.with("\xff").inc();
  hits.with(std::string(flowviz::encode::max_label_bytes + 1, 'x')).inc();
  hits.with(std::string(flowviz::encode::max_label_bytes, '\xff')).inc();  // longer once repaired
  CHECK(repaired("not_utf8") - not_utf8 == 2);
  CHECK(repaired("too_long") - too_long == 2);
}

TEST_CASE("a page longer than its buffer is whole") {
  Registry registry;
  const flowviz::Counter hits{registry, "hits_total", "Hits.", flowviz::OpenLabel{"page", 900}};
  double n = 0;
  for (int i = 0; i < 900; ++i) hits.with(std::string(static_cast<std::size_t>(i), 'x')).inc(i);
  for (const support::Sample& sample : support::parse_samples(valid_page(registry))) {
    if (sample.name != "hits_total") continue;
    CHECK(sample.label("page")->size() == n);
    CHECK(sample.value == n++);
  }
  CHECK(n == 900);
}

TEST_CASE("two scrapes with nothing between them give the same page") {
  Registry registry;
  const flowviz::Histogram trace{registry, "trace_seconds", "T.", flowviz::Buckets::http(),
                                 flowviz::OpenLabel{"page", 90}};
  for (int i = 0; i < 90; ++i) trace.with(std::to_string(i)).observe(i * 0.1);
  CHECK(scrape(registry).body == scrape(registry).body);
}

TEST_CASE("a page is scraped into memory that is used again") {
  Registry registry;
  const flowviz::Counter jobs{registry, "jobs_total", "Jobs."};
  std::string page = "what was there before";
  CHECK(flowviz::scrape_into(page, registry) == "text/plain; version=0.0.4; charset=utf-8");
  CHECK(page == flowviz::scrape(registry).body);
  const char* memory = page.data();
  jobs.inc();
  flowviz::scrape_into(page, registry);
  CHECK(page.data() == memory);
  CHECK(page == flowviz::scrape(registry).body);
}

TEST_CASE("a page has the metrics of the names that are asked for") {
  Registry registry;
  flowviz::expose_process_metrics(registry);
  const flowviz::Counter jobs{registry, "jobs_total", "Jobs."};
  const flowviz::Histogram size{registry, "size_bytes", "Size.", flowviz::Buckets{1}};
  const auto names = [&](std::vector<std::string_view> wanted) {
    std::string page, found;
    flowviz::scrape_into(page, registry, {.names = std::move(wanted)});
    for (std::size_t at = 0; (at = page.find("# HELP ", at)) != std::string::npos; ++at) {
      found += page.substr(at + 7, page.find(' ', at + 7) - at - 7) + " ";
    }
    return found;
  };
  CHECK(names({"jobs_total"}) == "jobs_total ");
  CHECK(names({"size_bytes"}) == "size_bytes ");
  CHECK(names({"size_bytes_count"}) == "size_bytes ");
  CHECK(names({"process_threads", "flowviz_metrics_allocation_failures_total", "jobs_total"}) ==
        "jobs_total process_threads flowviz_metrics_allocation_failures_total ");
  CHECK(names({"jobs", "none", ""}) == "");
}

TEST_CASE("a page that has what was counted as other by its name says of it what a whole page does") {
  Registry north{{{"site", "north"}}}, south{{{"site", "south"}}};
  int asked = 0;
  const auto count_in = [](Registry& registry) {
    const flowviz::OpenLabel page{"page", 1}, zone{"zone", 1};
    const Counter hits{registry, "hits_total", "Hits.", page};
    const flowviz::DoubleCounter busy{registry, "busy_seconds_total", "Busy.", page, zone};
    const flowviz::UpDownCounter going{registry, "going", "Going.", zone};
    const Histogram took{registry, "took_seconds", "Took.", flowviz::Buckets{1}, page};
    const flowviz::NativeHistogram drove{registry, "drove_seconds", "Drove.", flowviz::NativeBuckets{}, page};
    const flowviz::Summary sent{registry, "sent_bytes", "Sent.", page};
    const Gauge level{registry, "level", "Level.", flowviz::OpenLabel{"page", 1}.others(flowviz::OtherGauge::last_set)};
    const Counter<flowviz::Expiring<flowviz::Text>> sessions{
        registry, "sessions_total", "Sessions.", flowviz::OpenLabel{"client", 1}.expires_after(std::chrono::hours(1))};
    const Counter lots{registry, "lots_total", "Lots."};
    for (const std::string text : {"a", "b", "c"}) {
      hits.with(text).inc(2);
      busy.with(text, "x").inc(0.5);
      busy.with("a", text).inc(4);
      going.with(text).inc();
      took.with(text).observe(1);
      drove.with(text).observe(1);
      sent.with(text).observe(1);
      level.with(text).set(7);
      sessions.with(text).inc();
      lots.inc();
    }
  };
  count_in(north);
  count_in(south);
  const flowviz::GaugeCallback depth{north, "depth", "Depth.", [&] { return ++asked; }};
  const flowviz::Collector disks{
      north, [&](const auto& read) { read.show(++asked, "sda"); },
      flowviz::CollectedCounter{"disk_read_bytes_total", "Read.", flowviz::OpenLabel{"disk", 1}}};
  const auto overflow_on = [](const std::string& page) {
    const auto at = page.find("# HELP flowviz_metrics_label_overflow_total ");
    REQUIRE(at != std::string::npos);
    const auto last = page.rfind("\nflowviz_metrics_label_overflow_total{");
    return page.substr(at, page.find('\n', last + 1) + 1 - at);
  };
  const std::vector<std::string_view> alone{"flowviz_metrics_label_overflow_total"};
  for (const std::vector<const Registry*>& registries : {std::vector<const Registry*>{&north}, {&north, &south}}) {
    std::string page;
    flowviz::scrape_into(page, registries);
    if (registries.size() == 2) {
      const flowviz::Scrape same = flowviz::scrape({&north, &south});
      CHECK(overflow_on(same.body) == overflow_on(page));
      CHECK(same.content_type == "text/plain; version=0.0.4; charset=utf-8");
      CHECK(flowviz::scrape({&north, &south}, {.names = alone}).body == overflow_on(page));
    }
    const std::string overflow = overflow_on(page);
    CHECK(overflow.find("{site=\"north\",metric=\"hits_total\",label=\"page\"} 4\n") != std::string::npos);
    CHECK(overflow.find("{site=\"north\",metric=\"busy_seconds_total\",label=\"zone\"} 12\n") != std::string::npos);
    asked = 0;
    flowviz::scrape_into(page, registries, {.names = alone});
    CHECK(page == overflow);
    CHECK(asked == 0);
    flowviz::scrape_into(page, registries, {.names = {"lots_total", "depth", alone.front(), "took_seconds"}});
    CHECK(page.ends_with(overflow));
    CHECK(page.find("\nhits_total") == std::string::npos);
    CHECK(page.find("\ntook_seconds_sum{") != std::string::npos);
    CHECK(page.find("\ndepth{") != std::string::npos);
    CHECK(asked == 1);
    CHECK(support::validate_text(page).empty());
    flowviz::scrape_into(page, registries, {.names = {"hits_total"}});
    CHECK(page.find("overflow") == std::string::npos);
  }
}

TEST_CASE("each of the library's own metrics and of the process comes by its name, as it is on a whole page") {
  Registry registry;
  flowviz::expose_process_metrics(registry);
  const Counter hits{registry, "hits_total", "Hits.", flowviz::OpenLabel{"page", 1}};
  std::vector<std::string_view> names{flowviz::own::label_overflow.name};
  for (const auto* metric : flowviz::own::on_every_page) names.push_back(metric->name);
  const std::string whole = scrape(registry).body;
  for (const auto& metric : flowviz::own::process) {
    if (whole.find("# HELP " + std::string(metric.name)) != std::string::npos) names.push_back(metric.name);
  }
  for (const std::string_view name : names) {
    CAPTURE(name);
    std::string page;
    flowviz::scrape_into(page, registry, {.names = {name}});
    CHECK(page.starts_with("# HELP " + std::string(name) + " "));
    CHECK(page.find("# HELP ", 1) == std::string::npos);
    CHECK(support::validate_text(page).empty());
  }
}

TEST_CASE("registries stand on one page, a metric that several have once") {
  Registry north{{{"site", "north"}}}, south{{{"site", "south"}}}, plain;
  const flowviz::Counter in_north{north, "jobs_total", "Jobs."}, in_south{south, "jobs_total", "Jobs."};
  const flowviz::Gauge level{plain, "level", "Level."};
  in_north.inc(1);
  in_south.inc(2);
  std::string page;
  flowviz::scrape_into(page, {&north, &plain, &south}, {.names = {"jobs_total", "level"}});
  CHECK(
      page ==
      "# HELP jobs_total Jobs.\n# TYPE jobs_total counter\njobs_total{site=\"north\"} 1\njobs_total{site=\"south\"} 2\n"
      "# HELP level Level.\n# TYPE level gauge\nlevel 0\n");
  flowviz::scrape_into(page, {&north, &plain, &south});
  CHECK(support::validate_text(page).empty());
  flowviz::scrape_into(page, {});
  CHECK(page == "");
}

TEST_CASE("what two registries have counted as other of one label stands on a page once") {
  Registry a, b;
  const Counter here{a, "x_total", "X.", flowviz::OpenLabel{"page", 1}};
  const Counter there{b, "x_total", "X.", flowviz::OpenLabel{"page", 1}, flowviz::Label<bool>{"late"}};
  for (const std::string page : {"1", "2", "3"}) {
    here.with(page).inc();
    there.with(page, true).inc(10);
  }
  std::string page;
  flowviz::scrape_into(page, {&a, &b});
  CHECK(support::validate_text(page).empty());
  CHECK(page.find("\nflowviz_metrics_label_overflow_total{metric=\"x_total\",label=\"page\"} 22\n") !=
        std::string::npos);
}

TEST_CASE("what would make a page of several registries invalid is left out and counted") {
  struct {
    const char* what;
    void (*define)(Registry&, Registry&);
    bool both;
  } const table[] = {
      {"the same samples", [](Registry& a, Registry& b) { Counter{a, "x_total", "X."}, Counter{b, "x_total", "X."}; },
       false},
      {"another type",
       [](Registry& a, Registry& b) { Gauge{a, "x", "X."}, Histogram{b, "x", "X.", flowviz::Buckets{1}}; }, false},
      {"another help text",
       [](Registry& a, Registry& b) {
         Gauge{a, "x", "X."};
         const flowviz::ConstantLabel zone[] = {{"zone", "b"}};
         Gauge{b, "x", "Y.", flowviz::MetricOptions{zone}};
       },
       false},
      {"a name of the other's samples",
       [](Registry& a, Registry& b) { Histogram{a, "x", "X.", flowviz::Buckets{1}}, Counter{b, "x_total", "X."}; },
       false},
      {"a constant label against a value of the same label",
       [](Registry& a, Registry& b) {
         const flowviz::ConstantLabel zone[] = {{"late", "true"}};
         Gauge{a, "x", "X.", flowviz::MetricOptions{zone}};
         Gauge{b, "x", "X.", flowviz::Label<bool>{"late"}};
       },
       false},
      {"other labels",
       [](Registry& a, Registry& b) {
         Gauge{a, "x", "X."};
         Gauge{b, "x", "X.", flowviz::Label<bool>{"late"}};
       },
       true},
      {"a label more, which can be empty and then is none",
       [](Registry& a, Registry& b) {
         Counter{a, "x_total", "X.", flowviz::OpenLabel{"page", 2}}.with("1").inc();
         Counter{b, "x_total", "X.", flowviz::OpenLabel{"page", 2}, flowviz::OpenLabel{"zone", 2}}.with("1", "").inc();
       },
       false},
      {"a constant label more that is empty",
       [](Registry& a, Registry& b) {
         Gauge{a, "x", "X."};
         const flowviz::ConstantLabel zone[] = {{"zone", ""}};
         Gauge{b, "x", "X.", flowviz::MetricOptions{zone}};
       },
       false},
  };
  for (const auto& row : table) {
    CAPTURE(row.what);
    Registry a, b;
    row.define(a, b);
    const auto left_out = [&] {
      std::string page;
      flowviz::scrape_into(page, {&a, &b});
      CHECK(support::validate_text(page).empty());
      return support::value_of(support::parse_samples(page), "flowviz_metrics_families_left_out_total");
    };
    const double before = left_out();
    CHECK(left_out() - before == (row.both ? 0 : 1));
  }
}
