// SPDX-License-Identifier: MIT
#include <flowviz_metrics/up_down_counter.hpp>

#include <doctest/doctest.h>

#include <cstdint>
#include <string>
#include <type_traits>
#include <utility>

#include "page.hpp"
#include "refusal.hpp"
#include "sample_enums.hpp"
#include "support/text_validator.hpp"

using flowviz::Label;
using flowviz::Registry;
using flowviz::UpDownCounter;
using flowviz::UpDownScope;
using flowviz::UpDownSeries;
using sample::LotType;

static_assert(std::is_trivially_copyable_v<UpDownSeries> && sizeof(UpDownSeries) <= 16);
static_assert(noexcept(UpDownSeries().inc()) && noexcept(UpDownSeries().dec()) && noexcept(UpDownSeries().track()));
static_assert(!std::is_copy_constructible_v<UpDownScope> && !std::is_copy_assignable_v<UpDownScope>);

TEST_CASE("an up-down counter is exposed as a gauge") {
  Registry registry;
  const UpDownCounter busy{registry, "requests_inprogress", "Busy."};
  CHECK(family_on(valid_page(registry), "requests_inprogress") ==
        "# HELP requests_inprogress Busy.\n# TYPE requests_inprogress gauge\nrequests_inprogress 0\n");
}

TEST_CASE("what comes is added and what goes is subtracted") {
  Registry registry;
  const UpDownCounter busy{registry, "requests_inprogress", "Busy.", Label<LotType>{"lot_type"}};
  const UpDownSeries raw = busy.with(LotType::raw);
  raw.inc(5);
  raw.dec(2);
  raw.inc();
  raw.dec();
  busy.with(LotType::finished).dec(2);
  CHECK(raw.value() == 3);
  CHECK(busy.with(LotType::finished).value() == -2);
  CHECK(samples_of(registry, "requests_inprogress") ==
        "requests_inprogress{lot_type=\"raw\"} 3\nrequests_inprogress{lot_type=\"intermediate\"} 0\n"
        "requests_inprogress{lot_type=\"finished\"} -2\n");
}

TEST_CASE("a scope counts one while it lives") {
  Registry registry;
  const UpDownCounter busy{registry, "requests_inprogress", "Busy."};
  {
    const auto one = busy.track();
    CHECK(busy.value() == 1);
    const auto two = busy.track();
    CHECK(busy.value() == 2);
  }
  CHECK(busy.value() == 0);
}

TEST_CASE("a scope that was moved ends once") {
  Registry registry;
  const UpDownCounter busy{registry, "requests_inprogress", "Busy."};
  {
    UpDownScope first = busy.track();
    {
      const UpDownScope second = std::move(first);
      CHECK(busy.value() == 1);
    }
    CHECK(busy.value() == 0);
  }
  CHECK(busy.value() == 0);
}

TEST_CASE("a scope that is assigned to counts what it was given until its end") {
  Registry registry;
  const UpDownCounter busy{registry, "requests_inprogress", "Busy.", Label<LotType>{"lot_type"}};
  const UpDownSeries raw = busy.with(LotType::raw), finished = busy.with(LotType::finished);
  {
    UpDownScope kept = raw.track();
    kept = finished.track();
    CHECK(raw.value() == 0);
    CHECK(finished.value() == 1);
    UpDownScope& same = kept;
    kept = std::move(same);
    CHECK(finished.value() == 1);
  }
  CHECK(raw.value() == 0);
  CHECK(finished.value() == 0);
}

#if defined(__cpp_exceptions)
TEST_CASE("a scope ends when an exception leaves it") {
  Registry registry;
  const UpDownCounter busy{registry, "requests_inprogress", "Busy."};
  const auto fail = [&] {
    const auto scope = busy.track();
    throw 1;
  };
  CHECK_THROWS(fail());
  CHECK(busy.value() == 0);
}
#endif

TEST_CASE("a negative step has no effect either way and is counted") {
  Registry registry;
  const UpDownCounter busy{registry, "requests_inprogress", "Busy."};
  const auto refused = [&] {
    return support::value_of(support::parse_samples(valid_page(registry)), "flowviz_metrics_values_refused_total",
                             {{"reason", "negative"}});
  };
  const double before = refused();
  busy.inc(-1);
  busy.dec(-1);
  CHECK(busy.value() == 0);
  CHECK(refused() - before == 2);
}

TEST_CASE("a default-constructed series counts nothing") {
  const UpDownSeries nothing;
  {
    const auto scope = nothing.track();
  }
  nothing.inc();
  CHECK(nothing.value() == 0);
}

TEST_CASE("the overflow of an up-down counter is how many there ever were under _other") {
  Registry registry;
  const UpDownCounter busy{registry, "requests_inprogress", "Busy.", flowviz::OpenLabel{"page", 1}};
  busy.with("/a").inc();
  busy.with("/b").inc(3);
  busy.with("/c").dec(2);
  CHECK(busy.with("/d").value() == 1);
  CHECK(samples_of(registry, "flowviz_metrics_label_overflow_total") ==
        "flowviz_metrics_label_overflow_total{metric=\"requests_inprogress\",label=\"page\"} 3\n");
}

TEST_CASE("an up-down counter whose registry is left out is on the page of the default one") {
  const UpDownCounter busy{"default_registry_busy", "Busy."};
  const UpDownCounter labelled{"default_registry_pairs", "G.", flowviz::MaxSeries{4}, Label<LotType>{"lot_type"}};
  busy.inc();
  labelled.with(LotType::raw).inc(4);
  const std::string page = valid_page(flowviz::default_registry());
  CHECK(says(page, "\ndefault_registry_busy 1\n"));
  CHECK(says(page, "\ndefault_registry_pairs{lot_type=\"raw\"} 4\n"));
}

TEST_CASE("a scope that is assigned to ends what it counted, at once") {
  Registry registry;
  const flowviz::UpDownCounter a{registry, "a", "A."}, b{registry, "b", "B."};
  auto scope = a.track();
  auto other = b.track();
  scope = std::move(other);
  CHECK(a.value() == 0);
  CHECK(b.value() == 1);
  auto& same = scope;
  scope = std::move(same);
  CHECK(b.value() == 1);
}
