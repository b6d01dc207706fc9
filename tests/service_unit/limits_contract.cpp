// SPDX-License-Identifier: MIT
// What every storage has to do with requests that count for limits.

#include <doctest/doctest.h>

#include <atomic>
#include <chrono>
#include <string>
#include <thread>
#include <tuple>
#include <vector>

#include "every_storage.hpp"
#include "storage/admission_log.hpp"

namespace {

using namespace wms;
using namespace std::chrono_literals;

constexpr auto span = std::chrono::milliseconds(limit_span);

LimitedRequest lots(int limit, std::string_view by = "ada") { return {by, "lots", limit}; }

Storage::Wait admit(Storage& storage, const LimitedRequest& request) {
  const auto wait = storage.admit(request, soon());
  REQUIRE(wait);
  return *wait;
}

int near(Storage& storage, int admitted) {
  const auto near = storage.count_near_limit("lots", admitted, soon());
  REQUIRE(near);
  return *near;
}

/// Makes everything that was admitted so much older. The clock is the database's, which tests do not set.
void age(Connection& db, std::chrono::milliseconds by) {
  const Sql all{"all_admissions", DbOperation::select, "SELECT operator, route, times FROM admissions"};
  const Sql set{"set_admissions", DbOperation::update,
                "UPDATE admissions SET times = ?3 WHERE operator = ?1 AND route = ?2"};
  std::vector<std::tuple<std::string, std::string, std::string>> rows;
  for (const auto row = db.query(all); row->next();) rows.emplace_back(row->text(0), row->text(1), row->text(2));
  for (const auto& [name, route, times] : rows) db.run(set, name, route, AdmissionLog{times}.moved_back(by.count()));
}

std::int64_t count(Connection& db) {
  const auto row = db.query({"count_admissions", DbOperation::select, "SELECT count(*) FROM admissions"});
  row->next();
  return row->integer(0);
}

}  // namespace

TEST_CASE_TEMPLATE("so many requests a minute are admitted as the limit says, by whichever instance", Database,
                   STORAGES) {
  Database database;
  const auto first = database.open(), second = database.open();
  const auto db = database.connect();
  CHECK_FALSE(admit(*first, lots(3)));
  age(*db, 20s);
  CHECK_FALSE(admit(*second, lots(3)));
  age(*db, 20s);
  CHECK_FALSE(admit(*first, lots(3)));
  for (Storage* const storage : {first.get(), second.get()}) {
    const auto wait = admit(*storage, lots(3));
    REQUIRE(wait);
    CHECK(*wait > 0ms);
    CHECK(*wait <= 20s);
  }
  age(*db, 20s);  // the first of them is a minute old
  CHECK_FALSE(admit(*second, lots(3)));
  CHECK(admit(*first, lots(3)) > 10ms);
}

TEST_CASE_TEMPLATE("what is refused does not count, and each operator and route has a limit of its own", Database,
                   STORAGES) {
  Database database;
  const auto storage = database.open();
  CHECK_FALSE(admit(*storage, lots(1)));
  for (int i = 0; i < 5; ++i) CHECK(admit(*storage, lots(1)));
  CHECK_FALSE(admit(*storage, lots(1, "bo")));
  CHECK_FALSE(admit(*storage, {"ada", "qc_decisions", 1}));
  age(*database.connect(), span);
  CHECK_FALSE(admit(*storage, lots(1)));
}

TEST_CASE_TEMPLATE("no more is kept than a limit needs, whichever it is by now", Database, STORAGES) {
  Database database;
  const auto storage = database.open();
  const auto db = database.connect();
  for (int i = 0; i < 5; ++i) CHECK_FALSE(admit(*storage, lots(5)));
  CHECK(admit(*storage, lots(5)));
  CHECK(admit(*storage, lots(3)));
  CHECK_FALSE(admit(*storage, lots(6)));
  age(*db, span);
  CHECK_FALSE(admit(*storage, lots(2)));
  const auto row = db->query({"times", DbOperation::select, "SELECT times FROM admissions"});
  REQUIRE(row->next());
  CHECK(AdmissionLog{row->text(0)}.size() == 2);
}

TEST_CASE_TEMPLATE("of many at once, on two instances, as many are admitted as the limit says", Database, STORAGES) {
  Database database;
  const auto first = database.open(), second = database.open();
  std::atomic<int> admitted = 0, refused = 0;
  std::vector<std::thread> clients;
  for (int i = 0; i < 8; ++i) {
    clients.emplace_back([&, storage = i % 2 == 0 ? first.get() : second.get()] {
      for (int j = 0; j < 5; ++j) {
        const auto wait = storage->admit(lots(20), soon());
        if (wait) ++(*wait ? refused : admitted);
      }
    });
  }
  for (std::thread& client : clients) client.join();
  CHECK(admitted == 20);
  CHECK(refused == 20);
}

TEST_CASE_TEMPLATE("a clock that was set back neither lifts a limit nor makes anybody wait longer than a minute",
                   Database, STORAGES) {
  Database database;
  const auto storage = database.open();
  const auto db = database.connect();
  CHECK_FALSE(admit(*storage, lots(3)));
  age(*db, 40s);
  CHECK_FALSE(admit(*storage, lots(3)));
  age(*db, -1h);  // which is what the clock an hour back looks like
  CHECK_FALSE(admit(*storage, lots(3)));
  const auto wait = admit(*storage, lots(3));
  REQUIRE(wait);
  CHECK(*wait > 0ms);
  CHECK(*wait <= 20s);  // the first one is as far from the second as it was
  age(*db, 20s);
  CHECK_FALSE(admit(*storage, lots(3)));
}

TEST_CASE_TEMPLATE("operators are near a limit while they have had most of it within a minute", Database, STORAGES) {
  Database database;
  const auto storage = database.open();
  const auto db = database.connect();
  for (int i = 0; i < 3; ++i) admit(*storage, lots(10));
  age(*db, 30s);
  for (int i = 0; i < 5; ++i) admit(*storage, lots(10, "bo"));
  admit(*storage, {"eve", "qc_decisions", 10});
  CHECK(near(*storage, 1) == 2);
  CHECK(near(*storage, 3) == 2);
  CHECK(near(*storage, 4) == 1);
  CHECK(near(*storage, 6) == 0);
  age(*db, 30s);
  CHECK(near(*storage, 3) == 1);
}

TEST_CASE_TEMPLATE("what limits do not need any more is forgotten", Database, STORAGES) {
  Database database;
  const auto storage = database.open();
  const auto db = database.connect();
  CHECK_FALSE(admit(*storage, lots(2)));
  age(*db, span);
  CHECK_FALSE(admit(*storage, lots(1, "bo")));
  REQUIRE(storage->forget_admissions(soon()));
  CHECK(count(*db) == 1);
  CHECK(admit(*storage, lots(1, "bo")));
}
