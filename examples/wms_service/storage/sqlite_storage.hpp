// SPDX-License-Identifier: MIT
#pragma once
/// \file
/// The storage on SQLite: one connection that writes and some that read, side by side thanks to the write-ahead log.

#include <flowviz_metrics/bundles/database.hpp>
#include <string>

#include "storage/sql_storage.hpp"

namespace wms {

class SqliteStorage : public SqlStorage {
 public:
  /// Opens or creates the file and brings its schema up to date. `options` are those of the connections that read;
  /// `metrics` may be null. Throws std::runtime_error if that cannot be done.
  explicit SqliteStorage(const std::string& path, const flowviz::bundles::Database* metrics = nullptr,
                         const PoolOptions& options = {});
};

}  // namespace wms
