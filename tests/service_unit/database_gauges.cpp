// SPDX-License-Identifier: MIT
#include "database_gauges.hpp"

#include <doctest/doctest.h>

#include <chrono>
#include <string>
#include <thread>
#include <vector>

#include "storage/sqlite_storage.hpp"
#include "temporary_folder.hpp"

namespace {

using namespace wms;
using namespace std::chrono_literals;

Deadline before_long() { return std::chrono::steady_clock::now() + 30s; }

struct Fixture {
  TemporaryFolder folder;
  SqliteStorage storage{folder.file("wms.db")};
  flowviz::Registry registry;
  Metrics metrics{registry};
};

/// A database that is away, or not.
class Unreliable : public SqliteStorage {
 public:
  using SqliteStorage::SqliteStorage;
  bool away = false;

  Outcome<Done> record_activity(std::span<const OperatorSeen> seen, Timestamp time, Deadline deadline) override {
    if (away) return Refusal(Unavailable{"away"});
    return SqliteStorage::record_activity(seen, time, deadline);
  }
  Outcome<int> count_operators_since(Timestamp since, Deadline deadline) override {
    if (away) return Refusal(Unavailable{"away"});
    return SqliteStorage::count_operators_since(since, deadline);
  }
};

}  // namespace

TEST_CASE_FIXTURE(Fixture, "operators count once each, for fifteen minutes") {
  DatabaseGauges operators(storage, metrics);
  operators.refresh(now());
  CHECK(metrics.active_operators.value() == 0);
  for (const char* name : {"ada", "bo", "ada"}) operators.seen(name);
  operators.refresh(now());
  CHECK(metrics.active_operators.value() == 2);
  operators.refresh(now() + 14min);
  CHECK(metrics.active_operators.value() == 2);
  operators.refresh(now() + 16min);
  CHECK(metrics.active_operators.value() == 0);
}

TEST_CASE_FIXTURE(Fixture, "a clock that is set back an hour makes nobody active who is not, or for longer") {
  DatabaseGauges operators(storage, metrics);
  const Timestamp before = now(), after = before - 1h;
  REQUIRE(storage.record_activity(std::vector<OperatorSeen>{{"eve", before - 61min}, {"mia", before - 20min}}, before,
                                  before_long()));
  operators.seen("ada");
  operators.refresh(before);
  CHECK(metrics.active_operators.value() == 1);
  operators.refresh(after);
  CHECK(metrics.active_operators.value() == 1);
  operators.refresh(after + 14min);
  CHECK(metrics.active_operators.value() == 1);
  operators.refresh(after + 16min);
  CHECK(metrics.active_operators.value() == 0);
}

TEST_CASE_FIXTURE(Fixture, "all instances on a database show the same number, also after a restart") {
  {
    DatabaseGauges first(storage, metrics);
    first.seen("ada");
    first.refresh(now());
  }
  flowviz::Registry other_registry;
  Metrics other_metrics(other_registry);
  DatabaseGauges second(storage, other_metrics);
  second.seen("bo");
  second.refresh(now());
  CHECK(other_metrics.active_operators.value() == 2);
}

TEST_CASE("while the database is away the gauge keeps its value, its age is seen, and nobody is forgotten") {
  TemporaryFolder folder;
  Unreliable storage(folder.file("wms.db"));
  flowviz::Registry registry;
  Metrics metrics(registry);
  DatabaseGauges operators(storage, metrics);
  const Timestamp start = now();
  operators.seen("ada");
  operators.refresh(start);
  const double refreshed = metrics.gauges_refreshed.value();
  CHECK(refreshed == std::chrono::duration<double>(start.time_since_epoch()).count());

  storage.away = true;
  operators.seen("bo");
  operators.refresh(start + 5s);
  CHECK(metrics.active_operators.value() == 1);
  CHECK(metrics.gauges_refreshed.value() == refreshed);

  storage.away = false;
  operators.refresh(start + 10s);
  CHECK(metrics.active_operators.value() == 2);
  CHECK(metrics.gauges_refreshed.value() > refreshed);
}

TEST_CASE_FIXTURE(Fixture, "the gauge is refreshed by itself") {
  DatabaseGauges operators(storage, metrics);
  operators.seen("ada");
  operators.start();
  const auto give_up = std::chrono::steady_clock::now() + 60s;
  while (metrics.active_operators.value() != 1 && std::chrono::steady_clock::now() < give_up) std::this_thread::yield();
  CHECK(metrics.active_operators.value() == 1);
}
