// SPDX-License-Identifier: MIT
#include "storage/postgresql_storage.hpp"

#include <memory>

namespace wms {

PostgresqlStorage::PostgresqlStorage(const postgresql::Address& address, const flowviz::bundles::Database* metrics,
                                     const PoolOptions& options)
    : SqlStorage(Dialect::postgresql, metrics,
                 std::make_unique<ConnectionPool>(
                     [address, metrics](Deadline deadline, const std::function<void()>&) {
                       return std::make_unique<postgresql::Connection>(address, deadline, metrics);
                     },
                     options, metrics)) {}

}  // namespace wms
