// SPDX-License-Identifier: MIT
// Your metrics in a unit test: give the code its metrics, and ask how much each has changed.

#define DOCTEST_CONFIG_IMPLEMENT_WITH_MAIN
#include <doctest/doctest.h>

#include <flowviz_metrics/flowviz_metrics.hpp>
#include <flowviz_metrics/testing.hpp>

enum class LotType { raw, intermediate, finished };

struct WarehouseMetrics {
  flowviz::Counter<LotType> lots;
  flowviz::Histogram<> registration;

  explicit WarehouseMetrics(flowviz::Registry& registry)
      : lots{registry, "lots_registered_total", "Lots registered.", flowviz::Label<LotType>{"lot_type"}},
        registration{registry, "lot_registration_seconds", "Latency of a registration.", flowviz::Buckets{0.1, 1}} {}
};

class Warehouse {
 public:
  explicit Warehouse(const WarehouseMetrics& metrics) : metrics_(metrics) {}

  bool register_lot(LotType type, int kilograms) {
    const auto timing = metrics_.registration.time();
    if (kilograms <= 0) return false;
    metrics_.lots.with(type).inc();
    return true;
  }

 private:
  WarehouseMetrics metrics_;
};

TEST_CASE("a lot is counted once, by its type, when it is registered") {
  flowviz::Registry registry;
  const WarehouseMetrics metrics{registry};
  Warehouse warehouse{metrics};
  warehouse.register_lot(LotType::raw, 5);

  const flowviz::testing::Delta raw{metrics.lots.with(LotType::raw)};
  const flowviz::testing::Delta finished{metrics.lots.with(LotType::finished)};
  const flowviz::testing::Delta durations{metrics.registration};
  CHECK(warehouse.register_lot(LotType::raw, 7));
  CHECK(!warehouse.register_lot(LotType::raw, 0));

  CHECK(raw.value() == 1);
  CHECK(finished.value() == 0);
  CHECK(durations.value().count == 2);  // a refusal takes time, too
}
