// SPDX-License-Identifier: MIT
#pragma once

// What the cases of every storage have in common: the databases that they run on, and how they talk to one. A new database
// joins by adding to STORAGES a type that opens an empty one.

#include <doctest/doctest.h>

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "on_postgresql.hpp"
#include "storage/sqlite.hpp"
#include "storage/sqlite_storage.hpp"
#include "storage/storage.hpp"
#include "temporary_folder.hpp"

/// An empty SQLite database, which can be opened again.
class OnSqlite {
 public:
  std::unique_ptr<wms::Storage> open() { return std::make_unique<wms::SqliteStorage>(folder_.file("wms.db")); }
  std::unique_ptr<wms::Connection> connect() const {
    return std::make_unique<wms::sqlite::Connection>(folder_.file("wms.db"), wms::Access::write,
                                                     wms::Deadline::clock::now() + std::chrono::seconds(30));
  }

 private:
  TemporaryFolder folder_;
};

#define STORAGES OnSqlite, OnPostgresql

inline wms::Deadline soon() { return std::chrono::steady_clock::now() + std::chrono::seconds(30); }

inline wms::Quantity kg(double amount) { return *wms::Quantity::from_kg(amount); }

inline wms::NewLot raw(const std::string& code, double amount = 100) {
  return {code, wms::LotType::raw, kg(amount), std::nullopt, {}};
}

inline wms::NewLot made(const std::string& code, std::vector<wms::LotInput> inputs,
                        wms::LotType type = wms::LotType::intermediate) {
  return {code, type, kg(1), std::nullopt, std::move(inputs)};
}

/// The storage with shorthands that fail the test when the storage refuses.
struct Warehouse {
  wms::Storage& storage;

  wms::Lot add(const wms::NewLot& lot) {
    auto added = storage.register_lot(lot, "olaf", soon());
    REQUIRE(added);
    return *added;
  }
  std::string make(const std::string& code, const std::vector<std::string>& from) {
    std::vector<wms::LotInput> inputs;
    for (const std::string& id : from) inputs.push_back({id, kg(1)});
    return add(made(code, inputs)).id;
  }
  wms::Lot find(const std::string& id) {
    auto lot = storage.find_lot(id, soon());
    REQUIRE(lot);
    return *lot;
  }
  wms::Trace trace(const std::string& id, wms::Direction direction, std::optional<int> max_depth = std::nullopt) {
    auto found = storage.trace({id, direction, max_depth}, soon());
    REQUIRE(found);
    return *found;
  }
};

template <class Why, class T>
Why why(const wms::Result<T, wms::Refusal>& outcome) {
  REQUIRE_FALSE(outcome);
  REQUIRE(std::holds_alternative<Why>(outcome.error()));
  return std::get<Why>(outcome.error());
}
