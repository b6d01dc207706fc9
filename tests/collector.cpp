// SPDX-License-Identifier: MIT
#include <flowviz_metrics/collector.hpp>

#include <doctest/doctest.h>

#include <atomic>
#include <chrono>
#include <cstddef>
#include <limits>
#include <optional>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <flowviz_metrics/describe.hpp>
#include <flowviz_metrics/flowviz_metrics.hpp>

#include "asked_pages.hpp"
#include "page.hpp"
#include "refusal.hpp"
#include "sample_enums.hpp"
#include "support/protobuf_page.hpp"
#include "support/text_validator.hpp"

using flowviz::CollectedCounter;
using flowviz::CollectedGauge;
using flowviz::Collector;
using flowviz::Label;
using flowviz::OpenLabel;
using flowviz::Registry;
using flowviz::Samples;
using sample::LotType;
using namespace std::chrono_literals;

namespace {

/// A table of somebody else.
struct Disk {
  std::string name;
  double read = 0;
  int queue = 0;
};
struct Disks {
  std::vector<Disk> table;
  std::atomic<int> looks{0};

  Collector collected(Registry& registry) {
    return {registry,
            [this](const Samples<flowviz::Text>& read, const Samples<flowviz::Text>& queue) {
              ++looks;
              for (const Disk& disk : table) {
                read.show(disk.read, disk.name);
                queue.show(disk.queue, disk.name);
              }
            },
            CollectedCounter{"disk_read_bytes_total", "Bytes read.", OpenLabel{"disk", 3}},
            CollectedGauge{"disk_queue", "Requests that wait.", OpenLabel{"disk", 3}}};
  }
};

}  // namespace

TEST_CASE("a collector shows its metrics from one look for each page, in each format") {
  Registry registry{{{"site", "north"}}};
  Disks disks{{{"sda", 4096, 2}, {"s\"d\\b\n", 0.5, 0}}};
  const Collector collector = disks.collected(registry);
  const std::string page = page_of(registry);
  CHECK(disks.looks == 1);
  CHECK(support::validate_text(page).empty());
  CHECK(family_on(page, "disk_read_bytes_total") ==
        "# HELP disk_read_bytes_total Bytes read.\n# TYPE disk_read_bytes_total counter\n"
        "disk_read_bytes_total{site=\"north\",disk=\"sda\"} 4096\n"
        "disk_read_bytes_total{site=\"north\",disk=\"s\\\"d\\\\b\\n\"} 0.5\n");
  CHECK(samples_of(registry, "disk_queue") ==
        "disk_queue{site=\"north\",disk=\"sda\"} 2\ndisk_queue{site=\"north\",disk=\"s\\\"d\\\\b\\n\"} 0\n");
  CHECK(says(open_metrics_of(registry),
             "# TYPE disk_read_bytes counter\n# UNIT disk_read_bytes bytes\n"
             "disk_read_bytes_total{site=\"north\",disk=\"sda\"} 4096.0\n"));
  CHECK(support::sorted_samples(support::read_protobuf(flowviz::scrape(registry, support::protobuf_type).body)) ==
        support::sorted_samples(support::parse_samples(page_of(registry))));
}

TEST_CASE("what a collector does not show any more is gone, and takes no place under a cap") {
  Registry registry;
  Disks disks{{{"a", 1, 1}, {"b", 1, 1}, {"c", 1, 1}}};
  const Collector collector = disks.collected(registry);
  const double over = left_out("over_cap");
  CHECK(series_of(registry, "disk_queue") == 3);
  disks.table = {{"d", 1, 1}, {"e", 1, 1}, {"f", 1, 1}};
  CHECK(samples_of(registry, "disk_queue") ==
        "disk_queue{disk=\"d\"} 1\ndisk_queue{disk=\"e\"} 1\ndisk_queue{disk=\"f\"} 1\n");
  disks.table.clear();
  CHECK(family_on(valid_page(registry), "disk_queue") ==
        "# HELP disk_queue Requests that wait.\n# TYPE disk_queue gauge\n");
  CHECK(left_out("over_cap") == over);
}

TEST_CASE("no value and no label that a collector shows makes a page invalid: what would is left out, and counted") {
  Registry registry;
  const std::string bad = "\xff", worse = "\xfe", longer(FLOWVIZ_METRICS_MAX_LABEL_BYTES + 1, 'x');
  using Limits = std::numeric_limits<double>;
  const Collector collector{registry,
                            [&](const Samples<flowviz::Text, LotType>& total, const Samples<>& level,
                                const Samples<flowviz::Text, flowviz::Text>& pairs) {
                              total.show(1, "a", LotType::raw);
                              total.show(2, "a", LotType::raw);  // again
                              total.show(3, "a", LotType::finished);
                              total.show(4, bad, LotType::raw);
                              total.show(5, worse, LotType::raw);  // the same once both are repaired
                              for (const double no_total : {-1.0, Limits::quiet_NaN(), Limits::infinity()})
                                total.show(no_total, "b", LotType::raw);
                              total.show(6, longer, static_cast<LotType>(77));  // no enumerator
                              total.show(7, "one more than fits", LotType::raw);
                              total.show(8, "a", LotType::intermediate);  // fits
                              level.show(Limits::quiet_NaN());
                              level.show(1);
                              pairs.show(1, "a", "b");
                              pairs.show(2, "left out", "one more than fits");
                              pairs.show(3, "c", "b");  // the one before took no place
                            },
                            CollectedCounter{"taken_total", "Taken.", OpenLabel{"zone", 3}, Label<LotType>{"lot_type"}},
                            CollectedGauge{"level", "Level."},
                            CollectedGauge{"pairs", "Pairs.", OpenLabel{"one", 2}, OpenLabel{"other", 1}}};
  const double totals = left_out("not_a_total"), over = left_out("over_cap"), again = left_out("repeated");
  const std::string page = page_of(registry);
  CHECK(left_out("not_a_total") - totals == 3);
  CHECK(left_out("over_cap") - over == 2);
  CHECK(left_out("repeated") - again == 3);
  CHECK(says(page, "\ntaken_total{zone=\"a\",lot_type=\"raw\"} 1\n"));
  CHECK(says(page, "\ntaken_total{zone=\"a\",lot_type=\"finished\"} 3\n"));
  CHECK(says(page, "\ntaken_total{zone=\"\xef\xbf\xbd\",lot_type=\"raw\"} 4\n"));
  CHECK(says(page, ",lot_type=\"_other\"} 6\n"));
  CHECK(says(page, "\ntaken_total{zone=\"a\",lot_type=\"intermediate\"} 8\n"));
  CHECK(says(page, "\nlevel NaN\n"));
  CHECK(says(page, "\npairs{one=\"a\",other=\"b\"} 1\npairs{one=\"c\",other=\"b\"} 3\n"));
  CHECK(series_of(registry, "taken_total") == 5);
}

#if defined(__cpp_exceptions)
TEST_CASE("a collector that throws is left out whole and counted, and costs the others nothing") {
  for (const auto budget : {0s, 600s}) {
    CAPTURE(budget.count());
    Registry registry;
    bool throws = true;
    const Collector collector{registry,
                              [&](const Samples<>& a, const Samples<>& b) {
                                a.show(1);
                                if (throws) throw std::runtime_error("no");
                                b.show(2);
                              },
                              CollectedGauge{"a", "A."}, CollectedGauge{"b", "B."}};
    const flowviz::GaugeCallback other{registry, "other", "O.", [] { return 3; }};
    const double threw = left_out("threw");
    const std::string page = page_within(registry, budget);
    CHECK(family_on(page, "a") + family_on(page, "b") == "");
    CHECK(says(page, "\nother 3\n"));
    CHECK(left_out("threw") - threw == 1);
    throws = false;
    CHECK(says(page_within(registry, budget), "\nb 2\n"));
  }
}
#endif

TEST_CASE("a collector that is late is left out whole and counted, whatever it shows afterwards") {
  Registry registry;
  std::atomic<bool> open{false};
  std::atomic<int> inside{0};
  const Collector slow{registry,
                       [&](const Samples<>& a, const Samples<>& b) {
                         a.show(1);
                         ++inside;
                         while (!open) std::this_thread::yield();
                         b.show(2);
                         --inside;
                       },
                       CollectedGauge{"a", "A."}, CollectedGauge{"b", "B."}};
  const double late = left_out("late");
  for (int n = 1; n <= 2; ++n) {
    const std::string page = page_within(registry, 100ms);
    CHECK(family_on(page, "a") + family_on(page, "b") == "");
    CHECK(left_out("late") - late == n);
    CHECK(inside == 1);
  }
  open = true;
  while (family_on(page_within(registry, 600s), "a").empty()) std::this_thread::yield();
  CHECK(says(page_within(registry, 600s), "\nb 2\n"));
}

TEST_CASE("a collector is only asked for a page that shows one of its metrics, and then once") {
  Registry registry;
  Disks disks{{{"a", 1, 2}}};
  const Collector collector = disks.collected(registry);
  const flowviz::Gauge<> other{registry, "other", "O."};
  std::string page;
  flowviz::scrape_into(page, registry, {.names = {"other"}});
  CHECK(disks.looks == 0);
  flowviz::scrape_into(page, registry, {.names = {"disk_queue"}});
  CHECK(disks.looks == 1);
  CHECK(page == "# HELP disk_queue Requests that wait.\n# TYPE disk_queue gauge\ndisk_queue{disk=\"a\"} 2\n");
}

TEST_CASE("the metrics of a collector are on pages as long as it lives, and can then have another one") {
  Registry registry;
  Disks disks{{{"a", 1, 2}}};
  std::optional<Collector> first = disks.collected(registry);
  CHECK(says(refusal([&] { static_cast<void>(disks.collected(registry)); }),
             "'disk_read_bytes_total': this metric has a collector already"));
  // One that is refused for its second metric leaves the first one free.
  const auto overlapping = [&] {
    return Collector{registry, [](const Samples<>& mine, const Samples<flowviz::Text>&) { mine.show(1); },
                     CollectedGauge{"mine", "Mine."},
                     CollectedGauge{"disk_queue", "Requests that wait.", OpenLabel{"disk", 3}}};
  };
  CHECK(says(refusal([&] { static_cast<void>(overlapping()); }), "'disk_queue': this metric has a collector already"));
  Collector moved = std::move(*first);
  first.reset();
  CHECK(series_of(registry, "disk_queue") == 1);
  moved = Collector{registry, [](const Samples<>& mine) { mine.show(3); }, CollectedGauge{"mine", "Mine."}};
  CHECK(family_on(valid_page(registry), "disk_queue") == "");
  CHECK(samples_of(registry, "mine") == "mine 3\n");
  const Collector second = disks.collected(registry);
  CHECK(series_of(registry, "disk_queue") == 1);
}

TEST_CASE("a collector that is assigned over is not called any more, though what it was assigned from lives on") {
  Registry registry;
  Disks old_disks{{{"a", 1, 2}}};
  Collector current = old_disks.collected(registry);
  Collector next{registry, [](const Samples<>& mine) { mine.show(3); }, CollectedGauge{"mine", "Mine."}};
  current = std::move(next);
  const std::string page = valid_page(registry);
  CHECK(old_disks.looks == 0);
  CHECK(family_on(page, "disk_queue") == "");
  CHECK(says(page, "\nmine 3\n"));
}

TEST_CASE("a collector's metrics are held to the rules of all others, before any page") {
  Registry registry;
  const auto collect = [&](auto... metrics) {
    return refusal([&] { const Collector refused{registry, [](const auto&...) {}, metrics...}; });
  };
  const flowviz::Gauge<> queue{registry, "queue", "Q."};
  CHECK(says(collect(CollectedGauge{"queue", "Q."}), "'queue' is registered already, with another type"));
  CHECK(says(collect(CollectedCounter{"queue_total", "Q."}), "would both put 'queue' on the page"));
  CHECK(says(collect(CollectedGauge{"wide", "W.", OpenLabel{"a", 200}, OpenLabel{"b", 200}}),
             "more than 10000 combinations"));
  CHECK(collect(CollectedGauge{"wide", "W.", flowviz::MaxSeries{50'000}, OpenLabel{"a", 200}, OpenLabel{"b", 200}})
            .empty());
  CHECK(says(collect(CollectedGauge{"pinned", "P.", OpenLabel{"a", 2}.pin({"x"})}),
             "'pinned', label 'a': a collector says"));
  CHECK(says(collect(CollectedGauge{"twice", "T."}, CollectedGauge{"twice", "T."}),
             "'twice': this metric has a collector already"));
  CHECK(says(collect(CollectedGauge{"named", "N.", OpenLabel{"a", 2}, OpenLabel{"a", 3}}), "a label name occurs once"));
}

TEST_CASE("the catalogue has what a collector can show") {
  Registry registry;
  Disks disks;
  const Collector collector = disks.collected(registry);
  const auto catalogue = flowviz::describe(registry);
  CHECK(catalogue[0].name == "disk_read_bytes_total");
  CHECK(catalogue[0].type == "counter");
  CHECK(catalogue[1].type == "gauge");
  CHECK(catalogue[1].max_series == 3);
  CHECK(catalogue[1].labels[0].cap == 3);
}

TEST_CASE("collectors come and go while pages are made") {
  Registry registry;
  Disks disks{{{"a", 1, 2}}};
  std::atomic<bool> done{false};
  std::vector<std::thread> scrapers;
  std::atomic<int> shown{0};
  for (int i = 0; i < 3; ++i) {
    scrapers.emplace_back([&] {
      while (!done) {
        const std::string page = page_of(registry);
        if (says(page, "\ndisk_queue{disk=\"a\"} 2\n")) ++shown;
      }
    });
  }
  for (int n = 0; n < 50 || shown < 10; ++n) {
    const Collector collector = disks.collected(registry);
    std::this_thread::yield();
  }
  done = true;
  for (std::thread& scraper : scrapers) scraper.join();
  CHECK(family_on(valid_page(registry), "disk_queue") == "");
}

TEST_CASE("a collector's names may be beyond the classic alphabet, and are escaped as those of others") {
  Registry registry{{{flowviz::Utf8Name{"site.name"}, "north"}}};
  const Collector collector{registry, [](const auto& queue) { queue.show(2, "sda"); },
                            CollectedGauge{flowviz::Utf8Name{"disk.queue"}, "Requests that wait.",
                                           OpenLabel{flowviz::Utf8Name{"disk.name"}, 2}}};
  CHECK(samples_of(registry, "disk_queue") == "disk_queue{site_name=\"north\",disk_name=\"sda\"} 2\n");
  const std::string quoted = flowviz::scrape(registry, "text/plain;version=1.0.0;escaping=allow-utf-8").body;
  keep_page(quoted, ".quoted.text");
  CHECK(says(quoted, "\n{\"disk.queue\",\"site.name\"=\"north\",\"disk.name\"=\"sda\"} 2\n"));
}
