// SPDX-License-Identifier: MIT
#include <flowviz_metrics/held.hpp>

#include <doctest/doctest.h>

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include <flowviz_metrics/counter.hpp>
#include <flowviz_metrics/gauge.hpp>
#include <flowviz_metrics/histogram.hpp>
#include <flowviz_metrics/testing.hpp>
#include <flowviz_metrics/up_down_counter.hpp>

#include "page.hpp"
#include "refusal.hpp"
#include "sample_enums.hpp"

namespace {

using namespace std::chrono_literals;
using flowviz::Buckets;
using flowviz::Counter;
using flowviz::CounterSeries;
using flowviz::Expiring;
using flowviz::Gauge;
using flowviz::Held;
using flowviz::Histogram;
using flowviz::Label;
using flowviz::OpenLabel;
using flowviz::Registry;
using flowviz::Text;
using flowviz::UpDownCounter;
using flowviz::testing::differences;
using flowviz::testing::FakeClock;
using sample::Colour;

// The series that a page shows of a metric, without their values.
std::vector<std::string> shown(const Registry& registry, const std::string& metric) {
  std::vector<std::string> series;
  const std::string page = page_of(registry);
  for (std::size_t at = 0; (at = page.find("\n" + metric + "{", at)) != std::string::npos;) {
    const std::size_t begin = page.find('"', at) + 1;
    series.push_back(page.substr(begin, page.find('"', begin) - begin));
    at = begin;
  }
  return series;
}
using Shown = std::vector<std::string>;

struct Handler {
  std::string_view text;
};

TEST_CASE("a label that expires changes the type of the metric, and of its handles, and of nothing else") {
  Registry registry;
  const Counter bytes{registry, "bytes_total", "Bytes.", OpenLabel{"client", 3}.expires_after(1h)};
  static_assert(std::is_same_v<decltype(bytes), const Counter<Expiring<Text>>>);
  static_assert(std::is_same_v<decltype(bytes.with("a")), Held<CounterSeries>>);
  const Counter requests{registry, "requests_total", "Requests.",
                         OpenLabel{"handler", 3}.of<Handler>().expires_after(1h)};
  static_assert(std::is_same_v<decltype(requests), const Counter<Expiring<Handler>>>);
  static_assert(!std::is_invocable_v<decltype([](const auto& r) -> decltype(r.with("a")) { return r.with("a"); }),
                                     const Counter<Expiring<Handler>>&>);
  static_assert(std::is_same_v<decltype(Counter{registry, "plain_total", "P.", OpenLabel{"client", 3}}.with("a")),
                               CounterSeries>);
  static_assert(!std::is_convertible_v<Held<CounterSeries>, CounterSeries>, "a handle that does not count itself");
  requests.with(Handler{"/a"}).inc();
  CHECK(requests.with(Handler{"/a"}).value() == 1);
}

TEST_CASE("a value that has not been in use for its lifetime leaves the page, and its place to another") {
  FakeClock clock;
  Registry registry;
  const Counter bytes{registry, "bytes_total", "Bytes.", OpenLabel{"client", 2}.expires_after(10min)};
  bytes.with("a").inc(1);
  bytes.with("b").inc(2);
  bytes.with("c").inc(4);
  CHECK(shown(registry, "bytes_total") == Shown{"_other", "a", "b"});

  clock.advance(9min);
  bytes.with("b").inc(2);
  CHECK(shown(registry, "bytes_total") == Shown{"_other", "a", "b"});

  clock.advance(1min);
  CHECK(shown(registry, "bytes_total") == Shown{"_other", "b"});
  bytes.with("c").inc(4);
  CHECK(differences(registry, R"(
    bytes_total{client="b"} 4
    bytes_total{client="c"} 4
    bytes_total{client="_other"} 4
  )") == "");
  bytes.with("a").inc(100);
  CHECK(bytes.with("_other").value() == 104);  // no place is free
}

TEST_CASE("a value that comes again begins at zero") {
  FakeClock clock;
  Registry registry;
  const Counter bytes{registry, "bytes_total", "Bytes.", OpenLabel{"client", 2}.expires_after(1min)};
  for (int i = 0; i < 3; ++i) {
    bytes.with("a").inc(7);
    CHECK(differences(registry, "bytes_total{client=\"a\"} 7") == "");
    clock.advance(1min);
    CHECK(shown(registry, "bytes_total").empty());
  }
}

TEST_CASE("what was counted is on a page before it ends, however long no page was made") {
  FakeClock clock;
  Registry registry;
  const Counter bytes{registry, "bytes_total", "Bytes.", OpenLabel{"client", 2}.expires_after(1min)};
  bytes.with("a").inc();
  clock.advance(24h);
  CHECK(shown(registry, "bytes_total") == Shown{"a"});
  bytes.with("a").inc();
  clock.advance(24h);
  CHECK(differences(registry, "bytes_total{client=\"a\"} 2") == "");
  clock.advance(1min);
  CHECK(shown(registry, "bytes_total").empty());
}

TEST_CASE("a handle keeps its series, and so do its copies") {
  FakeClock clock;
  Registry registry;
  const Counter bytes{registry, "bytes_total", "Bytes.", OpenLabel{"client", 2}.expires_after(1min)};
  const auto is_shown = [&] {
    page_of(registry);
    clock.advance(2min);
    return !shown(registry, "bytes_total").empty();
  };
  std::optional kept(bytes.with("a"));
  CHECK(is_shown());
  std::optional<Held<CounterSeries>> copy(kept);
  kept.reset();
  CHECK(is_shown());
  Held<CounterSeries> moved(*std::exchange(copy, std::nullopt));
  CHECK(is_shown());
  Held<CounterSeries> assigned;
  assigned.inc();  // of no metric
  assigned = moved;
  moved = Held<CounterSeries>();
  CHECK(is_shown());
  assigned.inc(3);
  CHECK(assigned.value() == 3);
  assigned = Held<CounterSeries>();
  CHECK_FALSE(is_shown());
}

TEST_CASE("what was counted through a handle that is gone is on a page before it ends") {
  FakeClock clock;
  Registry registry;
  const Counter bytes{registry, "bytes_total", "Bytes.", OpenLabel{"client", 2}.expires_after(1min)};
  {
    const auto kept = bytes.with("a");
    kept.inc(1);
    CHECK(shown(registry, "bytes_total") == Shown{"a"});
    clock.advance(59s);
    kept.inc(100);
  }
  clock.advance(1s);
  CHECK(differences(registry, "bytes_total{client=\"a\"} 101") == "");
  clock.advance(1min);
  CHECK(shown(registry, "bytes_total").empty());
}

TEST_CASE("an up-down counter ends when what it counted has gone down again, and is never negative") {
  FakeClock clock;
  Registry registry;
  const UpDownCounter busy{registry, "busy", "Busy.", OpenLabel{"client", 2}.expires_after(1min)};
  busy.with("a").inc();
  for (int page = 0; page < 3; ++page) {
    CHECK(differences(registry, "busy{client=\"a\"} 1") == "");
    clock.advance(1h);
  }
  busy.with("a").dec();
  CHECK(differences(registry, "busy{client=\"a\"} 0") == "");
  clock.advance(1min);
  CHECK(shown(registry, "busy").empty());
}

TEST_CASE("what was counted under _other stays counted as such when its series end") {
  FakeClock clock;
  Registry registry;
  const auto client = [] { return OpenLabel{"client", 1}.expires_after(1min); };
  const Counter hits{registry, "hits_total", "Hits.", client(), OpenLabel{"page", 1}.pin({"/"})};
  const Histogram sizes{registry, "sizes_bytes", "Sizes.", Buckets{1}, client(), OpenLabel{"page", 1}.pin({"/"})};
  const UpDownCounter busy{registry, "busy", "Busy.", client(), OpenLabel{"page", 1}.pin({"/"})};
  const std::string overflow = R"(
    flowviz_metrics_label_overflow_total{metric="hits_total",label="client"} 0
    flowviz_metrics_label_overflow_total{metric="hits_total",label="page"} 5
    flowviz_metrics_label_overflow_total{metric="sizes_bytes",label="client"} 0
    flowviz_metrics_label_overflow_total{metric="sizes_bytes",label="page"} 2
    flowviz_metrics_label_overflow_total{metric="busy",label="client"} 0
    flowviz_metrics_label_overflow_total{metric="busy",label="page"} 1
  )";
  hits.with("a", "/").inc(7);
  hits.with("a", "/x").inc(5);
  sizes.with("a", "/x").observe(1);
  sizes.with("a", "/x").observe(2);
  {
    const auto scope = busy.with("a", "/x").track();
  }
  CHECK(differences(registry, overflow) == "");
  clock.advance(1min);
  CHECK(differences(registry, overflow) == "");
  CHECK(shown(registry, "hits_total").empty());
  CHECK(differences(registry, overflow) == "");
  hits.with("b", "/x").inc(3);
  CHECK(page_of(registry).find("{metric=\"hits_total\",label=\"page\"} 8\n") != std::string::npos);
}

TEST_CASE("a lifetime may be longer than any clock runs") {
  Registry registry;
  const Counter bytes{registry, "bytes_total", "Bytes.",
                      OpenLabel{"client", 2}.expires_after(std::chrono::nanoseconds::max())};
  bytes.with("a").inc();
  page_of(registry);
  CHECK(shown(registry, "bytes_total") == Shown{"a"});
}

TEST_CASE("pinned values do not end") {
  FakeClock clock;
  Registry registry;
  const Counter bytes{registry, "bytes_total", "Bytes.", OpenLabel{"client", 2}.pin({"big"}).expires_after(1min)};
  bytes.with("small").inc();
  page_of(registry);
  clock.advance(1h);
  CHECK(shown(registry, "bytes_total") == Shown{"big"});
}

TEST_CASE("a value ends with all its series, and with no series of another value") {
  FakeClock clock;
  Registry registry;
  const Counter requests{registry,
                         "requests_total",
                         "Requests.",
                         Label<Colour>{"colour"},
                         OpenLabel{"client", 3}.expires_after(1min),
                         OpenLabel{"page", 3}};
  const auto count = [&](const char* client, const char* page) {
    for (const Colour colour : {Colour::red, Colour::green}) requests.with(colour, client, page).inc();
  };
  count("a", "/1");
  count("a", "/2");
  count("b", "/1");
  page_of(registry);
  clock.advance(59s);
  requests.with(Colour::green, "b", "/1").inc();
  page_of(registry);
  clock.advance(1s);
  CHECK(differences(registry, R"(
    requests_total{colour="red",client="b",page="/1"} 1
    requests_total{colour="green",client="b",page="/1"} 2
  )") == "");
}

TEST_CASE("two labels of one metric may expire, each in its own time") {
  FakeClock clock;
  Registry registry;
  const Counter requests{registry, "requests_total", "Requests.", OpenLabel{"client", 3}.expires_after(1min),
                         OpenLabel{"page", 3}.expires_after(1h)};
  requests.with("a", "/1").inc();
  requests.with("b", "/2").inc();
  page_of(registry);
  clock.advance(1min);
  CHECK(shown(registry, "requests_total").empty());
  requests.with("c", "/1").inc();
  CHECK(differences(registry, "requests_total{client=\"c\",page=\"/1\"} 1") == "");
}

TEST_CASE("every kind of metric can have labels that expire") {
  FakeClock clock;
  Registry registry;
  const auto client = [] { return OpenLabel{"client", 1}; };
  const Histogram size{registry, "size_bytes", "Sizes.", Buckets{1, 2}, client().expires_after(1min)};
  const UpDownCounter busy{registry, "busy", "Busy.", client().expires_after(1min)};
  const Gauge level{registry, "level", "Level.", client().others(flowviz::OtherGauge::last_set).expires_after(1min)};
  const flowviz::DoubleCounter time{registry, "time_seconds_total", "Time.", client().expires_after(1min)};
  const auto use = [&](const char* name) {
    size.with(name).observe(1.5);
    {
      const auto timer = size.with(name).time();
    }
    const auto scope = busy.with(name).track();
    CHECK(busy.with(name).value() == 1);
    level.with(name).set(7);
    level.with(name).add(1);
    level.with(name).sub(2);
    time.with(name).inc(250ms);
  };
  const std::string of_a = R"(
    size_bytes_bucket{client="a",le="1"} 1
    size_bytes_bucket{client="a",le="2"} 2
    size_bytes_bucket{client="a",le="+Inf"} 2
    size_bytes_sum{client="a"} 1.5
    size_bytes_count{client="a"} 2
    busy{client="a"} 0
    level{client="a"} 6
    time_seconds_total{client="a"} 0.25
  )";
  std::string of_b = of_a;
  for (std::size_t at = 0; (at = of_b.find("\"a\"", at)) != std::string::npos;) of_b[at + 1] = 'b';
  use("a");
  CHECK(differences(registry, of_a) == "");
  clock.advance(1min);
  page_of(registry);
  use("b");
  CHECK(differences(registry, of_b) == "");
}

TEST_CASE("a scope and a timer keep the series that they count in") {
  FakeClock clock;
  Registry registry;
  const UpDownCounter busy{registry, "busy", "Busy.", OpenLabel{"client", 2}.expires_after(1min)};
  const Histogram took{registry, "took_seconds", "Took.", Buckets{1}, OpenLabel{"client", 2}.expires_after(1min)};
  {
    const auto scope = busy.with("a").track();
    auto timer = took.with("a").time();
    page_of(registry);
    clock.advance(1h);
    CHECK(differences(registry, "busy{client=\"a\"} 1") == "");
  }
  CHECK(took.with("a").value().sum == 3600);
  CHECK(busy.with("a").value() == 0);
}

TEST_CASE("a lifetime is above zero") {
  Registry registry;
  CHECK(refusal([&] { Counter{registry, "a_total", "A.", OpenLabel{"client", 1}.expires_after(0s)}; }) ==
        "'a_total', label 'client': values expire after a time above zero");
  CHECK(refusal([&] { Counter{registry, "a_total", "A.", OpenLabel{"client", 1}.expires_after(-1s)}; }) ==
        "'a_total', label 'client': values expire after a time above zero");
}

TEST_CASE("a metric whose values expire is another one than one whose values stay") {
  Registry registry;
  const Counter kept{registry, "a_total", "A.", OpenLabel{"client", 1}};
  CHECK(refusal([&] { Counter{registry, "a_total", "A.", OpenLabel{"client", 1}.expires_after(1s)}; }) ==
        "'a_total' is registered already, with another lifetime of the values of the label 'client'");
  const Counter expires{registry, "b_total", "B.", OpenLabel{"client", 1}.expires_after(1s)};
  const Counter again{registry, "b_total", "B.", OpenLabel{"client", 1}.expires_after(1s)};
  expires.with("x").inc();
  CHECK(again.with("x").value() == 1);
}

TEST_CASE("texts of labels that expire are repaired and cut as others are") {
  Registry registry;
  const Counter bytes{registry, "bytes_total", "Bytes.", OpenLabel{"client", 5}.expires_after(1h)};
  bytes.with("\xff").inc();
  bytes.with("\xff").inc();
  CHECK(bytes.with("\xEF\xBF\xBD").value() == 2);
  const std::string long_text(3000, 'x');
  bytes.with(long_text).inc();
  CHECK(bytes.with(long_text).value() == 1);
}

}  // namespace
