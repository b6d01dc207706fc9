// SPDX-License-Identifier: MIT
#include <flowviz_metrics/metric.hpp>

#include <doctest/doctest.h>

#include <chrono>
#include <string>

#include <flowviz_metrics/callback.hpp>
#include <flowviz_metrics/counter.hpp>
#include <flowviz_metrics/gauge.hpp>
#include <flowviz_metrics/histogram.hpp>
#include <flowviz_metrics/testing.hpp>
#include <flowviz_metrics/up_down_counter.hpp>

#include "page.hpp"
#include "sample_enums.hpp"

namespace {

using namespace std::chrono_literals;
using flowviz::Buckets;
using flowviz::Counter;
using flowviz::DoubleCounter;
using flowviz::Gauge;
using flowviz::Histogram;
using flowviz::Label;
using flowviz::OpenLabel;
using flowviz::Registry;
using flowviz::UpDownCounter;
using flowviz::testing::FakeClock;
using sample::Colour;

}  // namespace

TEST_CASE("a series that is removed leaves the page until it is counted in again, and goes on from where it was") {
  Registry registry;
  const Counter hits{registry, "hits_total", "Hits.", OpenLabel{"page", 3}};
  const auto kept = hits.with("a");
  kept.inc(2);
  hits.with("b").inc(3);
  CHECK(hits.remove("a"));
  CHECK(samples_of(registry, "hits_total") == "hits_total{page=\"b\"} 3\n");
  CHECK(kept.value() == 2);

  CHECK_FALSE(hits.remove("a"));
  (void)hits.with("a");
  CHECK(samples_of(registry, "hits_total") == "hits_total{page=\"b\"} 3\n");

  SUBCASE("through a handle that was kept") { kept.inc(); }
  SUBCASE("through a new one") { hits.with("a").inc(); }
  SUBCASE("from a signal handler") { kept.inc_from_signal(); }
  CHECK(samples_of(registry, "hits_total") == "hits_total{page=\"a\"} 3\nhits_total{page=\"b\"} 3\n");

  CHECK(hits.remove("a"));
  CHECK(samples_of(registry, "hits_total") == "hits_total{page=\"b\"} 3\n");
  kept.inc(5);
  CHECK(samples_of(registry, "hits_total") == "hits_total{page=\"a\"} 8\nhits_total{page=\"b\"} 3\n");
}

TEST_CASE("a series that nobody has counted in can be removed") {
  Registry registry;
  const Counter hits{registry, "hits_total", "Hits.", Label<Colour>{"colour"}};
  CHECK(hits.remove(Colour::green));
  CHECK(samples_of(registry, "hits_total").find("green") == std::string::npos);
  hits.with(Colour::green).inc();
  CHECK(samples_of(registry, "hits_total").find("hits_total{colour=\"green\"} 1\n") != std::string::npos);
}

TEST_CASE("what there is not, or is counted under _other, is not removed") {
  Registry registry;
  const Counter hits{registry, "hits_total", "Hits.", OpenLabel{"page", 1}, Label<Colour>{"colour"}};
  hits.with("a", Colour::red).inc();
  hits.with("beyond", Colour::red).inc();
  const std::string before = samples_of(registry, "hits_total");
  CHECK_FALSE(hits.remove("never seen", Colour::red));
  CHECK_FALSE(hits.remove("beyond", Colour::red));
  CHECK_FALSE(hits.remove("_other", Colour::red));
  CHECK_FALSE(hits.remove("a", Colour::green));
  CHECK_FALSE(hits.remove("a", static_cast<Colour>(3)));
  CHECK(samples_of(registry, "hits_total") == before);
  CHECK(hits.remove("a", Colour::red));
}

TEST_CASE("to ask for a removal takes no place under the cap") {
  Registry registry;
  const Counter hits{registry, "hits_total", "Hits.", OpenLabel{"page", 1}};
  CHECK_FALSE(hits.remove("a"));
  hits.with("b").inc();
  CHECK(samples_of(registry, "hits_total") == "hits_total{page=\"b\"} 1\n");
  CHECK(hits.remove("b"));
  hits.with("c").inc();
  CHECK(samples_of(registry, "hits_total") == "hits_total{page=\"_other\"} 1\n");  // nor does a removal give it back
}

TEST_CASE("a value that is shown otherwise than it was given is removed by what was given") {
  Registry registry;
  const Counter hits{registry, "hits_total", "Hits.", OpenLabel{"page", 3}};
  const std::string too_long(5000, 'x');
  for (const std::string& text : {std::string("broken \xff"), too_long}) {
    hits.with(text).inc();
    CHECK(hits.remove(text));
    CHECK(samples_of(registry, "hits_total").empty());
  }
}

TEST_CASE("each kind of metric can be told that a series is removed") {
  Registry registry;
  SUBCASE("counters of amounts") {
    const DoubleCounter busy{registry, "busy_seconds_total", "Busy.", OpenLabel{"who", 2}};
    busy.with("a").inc(0.5);
    CHECK(busy.remove("a"));
    CHECK(samples_of(registry, "busy_seconds_total").empty());
    busy.with("a").inc(0.25);
    CHECK(samples_of(registry, "busy_seconds_total") == "busy_seconds_total{who=\"a\"} 0.75\n");
  }
  SUBCASE("histograms") {
    const Histogram times{registry, "times_seconds", "Times.", Buckets{1}, OpenLabel{"who", 2}};
    times.with("a").observe(0);
    times.with("a").observe(5);
    CHECK(times.remove("a"));
    CHECK(samples_of(registry, "times_seconds").empty());
    times.with("a").observe(0);
    CHECK(samples_of(registry, "times_seconds") ==
          "times_seconds_bucket{who=\"a\",le=\"1\"} 2\ntimes_seconds_bucket{who=\"a\",le=\"+Inf\"} 3\n"
          "times_seconds_sum{who=\"a\"} 5\ntimes_seconds_count{who=\"a\"} 3\n");
  }
  SUBCASE("up-down counters, which still know what is to come down") {
    const UpDownCounter busy{registry, "busy", "Busy.", OpenLabel{"who", 2}};
    const auto series = busy.with("a");
    series.inc(3);
    CHECK(busy.remove("a"));
    CHECK(samples_of(registry, "busy").empty());
    series.dec(2);
    CHECK(samples_of(registry, "busy") == "busy{who=\"a\"} 1\n");
    CHECK(busy.remove("a"));
    series.inc();
    CHECK(samples_of(registry, "busy") == "busy{who=\"a\"} 2\n");
    CHECK(busy.remove("a"));
    {
      const auto scope = series.track();
    }
    CHECK(samples_of(registry, "busy") == "busy{who=\"a\"} 2\n");  // it has been in use, whatever it comes to
  }
  SUBCASE("gauges, which begin anew") {
    const Gauge level{registry, "level", "Level.", OpenLabel{"tank", 2}.pin({"a", "b"})};
    level.with("a").set(7);
    CHECK(level.remove("a"));
    CHECK_FALSE(level.remove("a"));
    CHECK(level.with("a").value() == 0);
    CHECK(samples_of(registry, "level") == "level{tank=\"b\"} 0\n");
    SUBCASE("set to what it was") {
      level.with("a").set(7);
      CHECK(samples_of(registry, "level") == "level{tank=\"a\"} 7\nlevel{tank=\"b\"} 0\n");
    }
    SUBCASE("set to zero") {
      level.with("a").set(0);
      CHECK(samples_of(registry, "level") == "level{tank=\"a\"} 0\nlevel{tank=\"b\"} 0\n");
    }
    SUBCASE("added to") {
      level.with("a").add(2);
      CHECK(samples_of(registry, "level") == "level{tank=\"a\"} 2\nlevel{tank=\"b\"} 0\n");
      CHECK(level.with("a").value() == 2);
    }
    SUBCASE("subtracted from") {
      level.with("a").sub(2);
      CHECK(level.with("a").value() == -2);
    }
  }
}

TEST_CASE("a callback removes the series of what is no longer there") {
  Registry registry;
  bool second = true;
  const flowviz::GaugeCallback level{registry, "level", "Level.",
                                     [&](const Gauge<flowviz::Text>& gauge) {
                                       gauge.with("a").set(1);
                                       if (second) {
                                         gauge.with("b").set(2);
                                       } else {
                                         gauge.remove("b");
                                       }
                                     },
                                     OpenLabel{"tank", 2}.pin({"a", "b"})};
  CHECK(samples_of(registry, "level") == "level{tank=\"a\"} 1\nlevel{tank=\"b\"} 2\n");
  second = false;
  CHECK(samples_of(registry, "level") == "level{tank=\"a\"} 1\n");
  second = true;
  CHECK(samples_of(registry, "level") == "level{tank=\"a\"} 1\nlevel{tank=\"b\"} 2\n");
}

TEST_CASE("where label values expire, a series that is removed leaves at once and the value when its time is over") {
  FakeClock clock;
  Registry registry;
  const Counter bytes{registry, "bytes_total", "Bytes.", OpenLabel{"client", 1}.expires_after(10min)};
  bytes.with("a").inc(4);
  CHECK(bytes.remove("a"));
  CHECK(samples_of(registry, "bytes_total").empty());
  bytes.with("b").inc(1);
  CHECK(samples_of(registry, "bytes_total") == "bytes_total{client=\"_other\"} 1\n");
  for (int pages = 0; pages < 3; ++pages) {
    clock.advance(11min);
    (void)valid_page(registry);
  }
  bytes.with("b").inc(2);
  CHECK(samples_of(registry, "bytes_total") ==
        "bytes_total{client=\"_other\"} 1\nbytes_total{client=\"b\"} 2\n");  // with cells that remember no removal
  bytes.with("b").inc(1);
  CHECK(bytes.remove("b"));
  CHECK(samples_of(registry, "bytes_total") == "bytes_total{client=\"_other\"} 1\n");
}
