// SPDX-License-Identifier: MIT
#pragma once
/// \file
/// Connections to one SQLite file, lent to one thread at a time. Waiting for a connection because the service is busy
/// is fine as long as the request lives; waiting because the database does not answer is not, and ends early.

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <flowviz_metrics/bundles/database_pool.hpp>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "storage/sqlite.hpp"

namespace wms::sqlite {

class Pool {
 public:
  /// At most `size` connections, opened when they are needed. `patience`: how long a database that does not answer is
  /// waited for; clients are promised an answer within two seconds.
  Pool(std::string path, Access access, std::size_t size,
       std::chrono::milliseconds patience = std::chrono::milliseconds(1500));

  /// How many connections are lent and idle, and how many there can be.
  flowviz::bundles::PoolConnections connections() const;

  /// Calls `work(Connection&)` with a connection whose deadline is set, and returns what it returns. Thread-safe.
  /// Throws Error if there is no connection in time, or what `work` throws.
  template <class Work>
  auto use(Deadline deadline, Work&& work) {
    Lease lease(*this, deadline);
    try {
      auto outcome = work(*lease.connection);
      lease.answered = true;
      return outcome;
    } catch (const Error& error) {
      if (error.is_fatal_to_connection()) lease.connection.reset();
      throw;
    }
  }

 private:
  struct Lease {
    Lease(Pool& owner, Deadline deadline) : pool(owner), connection(owner.borrow(deadline)) {}
    ~Lease() { pool.give_back(std::move(connection), answered); }
    Lease(const Lease&) = delete;
    Lease& operator=(const Lease&) = delete;

    Pool& pool;
    std::unique_ptr<Connection> connection;
    bool answered = false;
  };

  std::unique_ptr<Connection> borrow(Deadline deadline);
  void give_back(std::unique_ptr<Connection> connection, bool answered);
  void mark_blocked();

  const std::string path_;
  const Access access_;
  const std::chrono::milliseconds patience_;
  const std::size_t size_;

  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<std::unique_ptr<Connection>> idle_;
  std::size_t unopened_;  ///< how many more may be opened
  bool blocked_ = false;  ///< somebody outside holds the database
};

}  // namespace wms::sqlite
