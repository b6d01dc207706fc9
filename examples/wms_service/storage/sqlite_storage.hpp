// SPDX-License-Identifier: MIT
#pragma once
/// \file
/// The storage on SQLite: one connection that writes and some that read, side by side thanks to the write-ahead log.

#include <string>

#include "storage/sqlite_pool.hpp"
#include "storage/storage.hpp"

namespace wms {

class SqliteStorage : public Storage {
 public:
  /// Opens or creates the file and brings its schema up to date. Throws std::runtime_error if that cannot be done.
  explicit SqliteStorage(const std::string& path);

  Outcome<Lot> register_lot(const NewLot& lot, std::string_view created_by, Deadline deadline) override;
  Outcome<Lot> find_lot(std::string_view lot_id, Deadline deadline) override;
  Outcome<LotPage> list_lots(const LotQuery& query, Deadline deadline) override;
  Outcome<QcDecision> record_decision(const NewQcDecision& decision, std::string_view decided_by,
                                      Deadline deadline) override;
  Outcome<Trace> trace(const TraceQuery& query, Deadline deadline) override;
  Outcome<Done> record_activity(std::span<const OperatorSeen> seen, Deadline deadline) override;
  Outcome<int> count_operators_since(Timestamp since, Deadline deadline) override;
  flowviz::bundles::PoolConnections connections() const override;
  Outcome<Done> ping(Deadline deadline) override;

 private:
  sqlite::Pool writer_;
  sqlite::Pool readers_;
};

}  // namespace wms
