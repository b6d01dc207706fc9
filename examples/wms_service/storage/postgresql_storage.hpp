// SPDX-License-Identifier: MIT
#pragma once
/// \file
/// The storage on PostgreSQL, directly or through PgBouncer.

#include <flowviz_metrics/bundles/database.hpp>

#include "storage/postgresql.hpp"
#include "storage/sql_storage.hpp"

namespace wms {

class PostgresqlStorage : public SqlStorage {
 public:
  /// Connects and brings the schema up to date. `metrics` may be null. Throws std::runtime_error if that cannot be done.
  explicit PostgresqlStorage(const postgresql::Address& address, const flowviz::bundles::Database* metrics = nullptr,
                             const PoolOptions& options = {});
};

}  // namespace wms
