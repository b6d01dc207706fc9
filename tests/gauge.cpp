// SPDX-License-Identifier: MIT
#include <flowviz_metrics/gauge.hpp>

#include <doctest/doctest.h>

#include <chrono>
#include <cmath>
#include <limits>
#include <string>
#include <type_traits>
#include <vector>

#include <flowviz_metrics/counter.hpp>

#include "page.hpp"
#include "refusal.hpp"
#include "sample_enums.hpp"
#include "support/text_validator.hpp"

using flowviz::Gauge;
using flowviz::GaugeSeries;
using flowviz::Label;
using flowviz::OpenLabel;
using flowviz::OtherGauge;
using flowviz::Registry;
using sample::LotType;

static_assert(std::is_trivially_copyable_v<GaugeSeries> && sizeof(GaugeSeries) <= 16);
static_assert(noexcept(GaugeSeries().set(1)) && noexcept(GaugeSeries().add(1)) && noexcept(GaugeSeries().sub(1)));

TEST_CASE("a gauge is on the page at 0, then shows what was set last") {
  Registry registry;
  const Gauge operators{registry, "active_operators", "Operators."};
  CHECK(family_on(valid_page(registry), "active_operators") ==
        "# HELP active_operators Operators.\n# TYPE active_operators gauge\nactive_operators 0\n");
  operators.set(12);
  operators.set(-0.5);
  CHECK(operators.value() == -0.5);
  CHECK(samples_of(registry, "active_operators") == "active_operators -0.5\n");
}

TEST_CASE("a gauge is added to and subtracted from") {
  Registry registry;
  const Gauge operators{registry, "active_operators", "Operators."};
  operators.set(12);
  operators.add(1.5);
  operators.sub(4);
  CHECK(operators.value() == 9.5);
  operators.inc();
  operators.inc(2);
  operators.dec();
  operators.dec(0.5);
  CHECK(operators.value() == 11);
}

TEST_CASE("a duration is shown in seconds") {
  using namespace std::chrono_literals;
  Registry registry;
  const Gauge age{registry, "age_seconds", "Age."};
  age.set(1500ms);
  age.add(1min);
  age.sub(1s);
  CHECK(age.value() == 60.5);
}

TEST_CASE("a size is shown as a number without a cast") {
  Registry registry;
  const Gauge queue{registry, "queue_lots", "Queue."};
  const std::vector<int> lots(3);
  queue.set(lots.size());
  CHECK(queue.value() == 3);
}

TEST_CASE("a gauge shows what is no finite number, too") {
  Registry registry;
  const Gauge g{registry, "g", "G."};
  g.set(std::numeric_limits<double>::infinity());
  CHECK(samples_of(registry, "g") == "g +Inf\n");
  g.set(-std::numeric_limits<double>::infinity());
  CHECK(samples_of(registry, "g") == "g -Inf\n");
  g.set(std::nan(""));
  CHECK(samples_of(registry, "g") == "g NaN\n");
}

TEST_CASE("each series of a gauge shows its own value") {
  Registry registry;
  const Gauge g{registry, "g", "G.", Label<LotType>{"lot_type"}};
  const GaugeSeries raw = g.with(LotType::raw);
  const GaugeSeries copy = raw;
  raw.set(1);
  copy.inc();
  g.with(LotType::finished).set(3);
  CHECK(samples_of(registry, "g") ==
        "g{lot_type=\"raw\"} 2\ng{lot_type=\"intermediate\"} 0\ng{lot_type=\"finished\"} 3\n");
}

TEST_CASE("a default-constructed series shows nothing") {
  const GaugeSeries nothing;
  nothing.set(5);
  nothing.inc();
  nothing.dec(0.5);
  CHECK(nothing.value() == 0);
}

TEST_CASE("a gauge takes an open label only with a way to treat what is beyond its values") {
  Registry registry;
  const auto define = [&](OpenLabel label) { return refusal([&] { Gauge{registry, "g", "G.", label}; }); };
  const std::string rule =
      "'g', label 'pool': values that are set cannot be added up in '_other': pin every value, or say "
      ".others(flowviz::OtherGauge::last_set)";
  CHECK(define(OpenLabel{"pool", 2}) == rule);
  CHECK(define(OpenLabel{"pool", 2}.pin({"a"})) == rule);
  CHECK(define(OpenLabel{"pool", 2}.pin({"a", "b"})) == "");
}

TEST_CASE("a gauge whose values are all pinned refuses any other, and counts that it did") {
  Registry registry;
  const Gauge g{registry, "g", "G.", OpenLabel{"pool", 2}.pin({"a", "b"})};
  g.with("a").set(1);
  const auto refused = [&] {
    return support::value_of(support::parse_samples(valid_page(registry)), "flowviz_metrics_values_refused_total",
                             {{"reason", "not_pinned"}});
  };
  const double before = refused();
  g.with("c").set(5);
  g.with("d").add(7);
  CHECK(samples_of(registry, "g") == "g{pool=\"a\"} 1\ng{pool=\"b\"} 0\n");
  CHECK(refused() - before == 2);
}

TEST_CASE("_other of a gauge shows what was set last where that was asked for") {
  Registry registry;
  const Gauge g{registry, "g", "G.", OpenLabel{"pool", 1}.others(OtherGauge::last_set)};
  g.with("a").set(1);
  g.with("b").set(5);
  g.with("c").set(7);
  const std::string samples = samples_of(registry, "g");
  CHECK(says(samples, "g{pool=\"a\"} 1\n"));
  CHECK(says(samples, "g{pool=\"_other\"} 7\n"));
}

TEST_CASE("what a gauge shows under _other is no overflow") {
  Registry registry;
  const Gauge g{registry, "g", "G.", OpenLabel{"pool", 1}.others(OtherGauge::last_set)};
  const flowviz::Counter hits{registry, "hits_total", "Hits.", OpenLabel{"page", 1}};
  g.with("a").set(1);
  g.with("b").set(7);
  hits.with("/a").inc();
  const std::string page = valid_page(registry);
  CHECK(says(page, "flowviz_metrics_label_overflow_total{metric=\"hits_total\",label=\"page\"} 0\n"));
  CHECK_FALSE(says(page, "metric=\"g\""));
}

TEST_CASE("a gauge whose registry is left out is on the page of the default one") {
  const Gauge g{"default_registry_lots", "G."};
  const Gauge labelled{"default_registry_types", "G.", flowviz::MaxSeries{4}, Label<LotType>{"lot_type"}};
  g.set(3);
  labelled.with(LotType::raw).set(4);
  const std::string page = valid_page(flowviz::default_registry());
  CHECK(says(page, "\ndefault_registry_lots 3\n"));
  CHECK(says(page, "\ndefault_registry_types{lot_type=\"raw\"} 4\n"));
}
