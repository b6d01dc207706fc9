// SPDX-License-Identifier: MIT
#pragma once
/// \file
/// What a pool of database connections holds, read when a page is made.

#include <cstddef>
#include <cstdint>
#include <memory>
#include <type_traits>
#include <utility>

#include <flowviz_metrics/callback.hpp>

FLOWVIZ_METRICS_BEGIN
namespace bundles {

/// Where an open connection is: lent, waiting to be lent, or lent beyond the pool's own size. Each is in one of the three,
/// so that they add up to those that are open.
enum class ConnectionState : std::uint8_t { active, idle, overflow };

/// A look at a pool.
struct PoolConnections {
  std::size_t active = 0;
  std::size_t idle = 0;
  std::size_t overflow = 0;
  std::size_t max = 0;  ///< how many there can be, overflow included
};

/// `db_pool_connections{state}`, where `state` is active, idle or overflow, and `db_pool_connections_max`: four series.
///
/// `read` is called twice for each page, on the thread that makes it or on another one, and perhaps on several at once: it
/// locks what it reads, briefly. The metrics are on the page as long as this lives, and its destructor waits for a call
/// that is running; declared after the pool, it is gone before the pool is.
///
///     Pool pool;
///     flowviz::bundles::DatabasePool pool_metrics{registry, [&] { return pool.connections(); }};
class DatabasePool {
 public:
  /// `read` returns a PoolConnections. Throws `Error` if the registry has the metrics with a pool already.
  template <class Read>
    requires std::is_invocable_r_v<PoolConnections, Read&>
  DatabasePool(Registry& registry, Read read) : DatabasePool(registry, std::make_shared<Read>(std::move(read))) {}

 private:
  template <class Read>
  DatabasePool(Registry& registry, const std::shared_ptr<Read>& read)
      : connections_(
            registry, "db_pool_connections", "Open connections of the pool.",
            [read](const Gauge<ConnectionState>& gauge) {
              const PoolConnections now = (*read)();
              gauge.with(ConnectionState::active).set(now.active);
              gauge.with(ConnectionState::idle).set(now.idle);
              gauge.with(ConnectionState::overflow).set(now.overflow);
            },
            Label<ConnectionState>{"state"}),
        max_(registry, "db_pool_connections_max", "Connections that the pool can have at most.",
             [read] { return PoolConnections((*read)()).max; }) {}

  GaugeCallback connections_, max_;
};

}  // namespace bundles
FLOWVIZ_METRICS_END
