// SPDX-License-Identifier: MIT
#include "storage/sqlite_storage.hpp"

#include <memory>
#include <utility>

#include "storage/sqlite.hpp"

namespace wms {
namespace {

std::unique_ptr<ConnectionPool> pool_of(const std::string& path, Access access, const PoolOptions& options,
                                        const flowviz::bundles::Database* metrics) {
  const auto open = [path, access, metrics](Deadline deadline, std::function<void()> blocked) {
    auto connection = std::make_unique<sqlite::Connection>(path, access, deadline, metrics);
    connection->set_blocked_hook(std::move(blocked));
    return connection;
  };
  return std::make_unique<ConnectionPool>(open, options, metrics);
}

PoolOptions one_of(PoolOptions options) {
  options.size = 1;
  options.overflow = 0;
  return options;
}

}  // namespace

SqliteStorage::SqliteStorage(const std::string& path, const flowviz::bundles::Database* metrics,
                             const PoolOptions& options)
    : SqlStorage(Dialect::sqlite, metrics, pool_of(path, Access::read, options, metrics),
                 pool_of(path, Access::write, one_of(options), metrics)) {}

}  // namespace wms
