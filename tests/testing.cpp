// SPDX-License-Identifier: MIT
#include <flowviz_metrics/testing.hpp>

#include <doctest/doctest.h>

#include <cstdint>
#include <limits>
#include <string>
#include <type_traits>

#include <flowviz_metrics/flowviz_metrics.hpp>

#include "refusal.hpp"
#include "sample_enums.hpp"

using flowviz::Registry;
using flowviz::testing::Delta;
using sample::LotType;

TEST_CASE("a delta is the change since it was made, whatever was counted before") {
  Registry registry;
  const flowviz::Counter lots{registry, "lots_total", "Lots.", flowviz::Label<LotType>{"lot_type"}};
  lots.with(LotType::raw).inc(5);
  const Delta raw{lots.with(LotType::raw)};
  CHECK(raw.value() == 0);
  lots.with(LotType::raw).inc(2);
  lots.with(LotType::finished).inc(7);
  CHECK(raw.value() == 2);
}

TEST_CASE("a delta that is restarted measures from then on") {
  Registry registry;
  const flowviz::Counter jobs{registry, "jobs_total", "Jobs."};
  Delta delta{jobs};
  jobs.inc(2);
  delta.restart();
  jobs.inc(3);
  CHECK(delta.value() == 3);
}

TEST_CASE("a delta is of its metric's own type, for metrics and series of all kinds") {
  Registry registry;
  const flowviz::Counter jobs{registry, "jobs_total", "J."};
  const flowviz::DoubleCounter seconds{registry, "busy_seconds_total", "S."};
  const flowviz::Gauge lots{registry, "lots", "L."};
  const flowviz::UpDownCounter busy{registry, "busy", "B."};
  const flowviz::Histogram trace{registry, "trace_seconds", "T.", flowviz::Buckets{1}};
  lots.set(10);
  const Delta<flowviz::Counter<>> d_jobs{jobs};
  const Delta d_seconds{seconds};
  const Delta d_lots{lots};
  const Delta d_busy{busy};
  const Delta d_trace{trace};
  static_assert(std::is_same_v<decltype(d_jobs.value()), std::uint64_t>);
  static_assert(std::is_same_v<decltype(d_seconds.value()), double>);
  static_assert(std::is_same_v<decltype(d_lots.value()), double>);
  static_assert(std::is_same_v<decltype(d_busy.value()), std::int64_t>);
  static_assert(std::is_same_v<decltype(d_trace.value()), flowviz::HistogramValue>);
  jobs.inc();
  seconds.inc(0.5);
  lots.set(7);
  busy.dec(2);
  trace.observe(4);
  CHECK(d_jobs.value() == 1);
  CHECK(d_seconds.value() == 0.5);
  CHECK(d_lots.value() == -3);
  CHECK(d_busy.value() == -2);
  CHECK(d_trace.value() == flowviz::HistogramValue{1, 4, {0, 1}});
}

TEST_CASE("timers and stopwatches read a fake clock while there is one") {
  using namespace std::chrono_literals;
  Registry registry;
  const flowviz::Histogram trace{registry, "trace_seconds", "Traces.", flowviz::Buckets{0.1, 1}};
  {
    flowviz::testing::FakeClock clock;
    const flowviz::Stopwatch watch;
    {
      auto timing = trace.time();
      clock.advance(250ms);
    }
    clock.advance(1s);
    CHECK(refusal([] { flowviz::testing::FakeClock(); }) == "there is one FakeClock at a time");
    CHECK(watch.elapsed() == 1250ms);
  }
  CHECK(trace.value() == flowviz::HistogramValue{1, 0.25, {0, 1, 0}});
  const flowviz::Stopwatch real;
  while (real.elapsed() == real.elapsed() - real.elapsed()) {
  }
  CHECK(real.elapsed() > 0s);
}

TEST_CASE("a page is compared by the samples of the metrics that are expected") {
  using flowviz::testing::differences;
  Registry registry;
  const flowviz::Counter lots{registry, "lots_total", "Lots.", flowviz::Label<LotType>{"lot_type"}};
  const flowviz::Gauge level{registry, "level", "Level."};
  const flowviz::Histogram size{registry, "size_bytes", "Size.", flowviz::Buckets{1}};
  lots.with(LotType::raw).inc(2);
  CHECK(differences(registry, "") == "");
  CHECK(differences(registry, R"(
    # HELP lots_total is not looked at
    lots_total{lot_type="finished"} 0
    lots_total{lot_type="raw"} 2
      lots_total{lot_type="intermediate"} 0
  )") == "");
  CHECK(differences(registry, "lots_total{lot_type=\"raw\"} 1") ==
        "differs: lots_total{lot_type=\"raw\"} 2, expected 1\n"
        "unexpected: lots_total{lot_type=\"intermediate\"} 0\n"
        "unexpected: lots_total{lot_type=\"finished\"} 0\n");
  CHECK(differences(registry, "size_bytes_count 0\nsize_bytes_sum 0") ==
        "unexpected: size_bytes_bucket{le=\"1\"} 0\nunexpected: size_bytes_bucket{le=\"+Inf\"} 0\n");
  CHECK(differences(registry, "level 0\nlevel 0\nnone 1") == "missing: level 0\nmissing: none 1\n");
  CHECK(differences(registry, "level 1\nlevel 0") == "missing: level 1\n");
  CHECK(differences(registry, "level") == "unexpected: level 0\nmissing: level\n");
}

TEST_CASE("values of a page are compared as numbers") {
  using flowviz::testing::differences;
  Registry registry;
  const flowviz::Gauge level{registry, "level", "Level.", flowviz::OpenLabel{"tank", 1}.pin({"a 1} 2"})};
  const auto tank = level.with("a 1} 2");
  const std::string series = R"(level{tank="a 1} 2"} )";
  tank.set(1e6);
  CHECK(differences(registry, series + "\t1000000") == "");
  CHECK(differences(registry, series + "1e6") == "");
  CHECK(differences(registry, series + "1000001") == "differs: " + series + "1e+06, expected 1000001\n");
  tank.set(0.25);
  CHECK(differences(registry, series + "0.250") == "");
  CHECK(differences(registry, series + "0.25x") == "differs: " + series + "0.25, expected 0.25x\n");
  tank.set(std::numeric_limits<double>::quiet_NaN());
  CHECK(differences(registry, series + "NaN") == "");
}
