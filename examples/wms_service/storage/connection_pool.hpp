// SPDX-License-Identifier: MIT
#pragma once
/// \file
/// Connections to one database, lent to one thread at a time. Waiting for a connection because the service is busy is
/// fine as long as the request lives; waiting because the database does not answer is not, and ends early.

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <flowviz_metrics/bundles/database.hpp>
#include <flowviz_metrics/bundles/database_pool.hpp>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <vector>

#include "storage/connection.hpp"

namespace wms {

struct PoolOptions {
  std::size_t size = 25;      ///< connections that stay open once they are
  std::size_t overflow = 10;  ///< connections beyond, each closed as soon as nobody waits for one
  /// How long a database that does not answer is waited for, by all calls of a request together. Clients are promised an
  /// answer within two seconds.
  std::chrono::milliseconds patience{1500};
  /// How long a connection is waited for at most while all are busy, even if the request may take longer.
  std::chrono::milliseconds longest_wait{30'000};
  /// The age at which a connection is replaced, so that none lives with a server or an address that has moved on.
  std::chrono::milliseconds longest_life{3'600'000};
};

class ConnectionPool {
 public:
  /// Opens a connection, and has `blocked` called while a statement waits longer than a moment for somebody outside.
  using Open = std::function<std::unique_ptr<Connection>(Deadline deadline, std::function<void()> blocked)>;

  /// Connections are opened when they are needed. `metrics` may be null; waiting is measured by it.
  ConnectionPool(Open open, const PoolOptions& options, const flowviz::bundles::Database* metrics = nullptr);

  /// How many connections there are, lent and idle, and how many there can be.
  flowviz::bundles::PoolConnections connections() const;

  /// Calls `work(Connection&)` with a connection whose deadline is set, and returns what it returns. Thread-safe.
  /// `set_aside` is the part of the patience that is meant for what comes after this call. Throws DatabaseError if there is
  /// no connection in time, or what `work` throws.
  template <class Work>
  auto use(Deadline deadline, Work&& work, std::chrono::milliseconds set_aside = {}) {
    Lease lease(*this, deadline, set_aside);
    try {
      auto outcome = work(*lease.connection);
      lease.answered = true;
      return outcome;
    } catch (const DatabaseError& error) {
      if (error.is_fatal_to_connection()) lease.lost = true;
      throw;
    }
  }

 private:
  struct Pooled {
    std::unique_ptr<Connection> connection;
    std::chrono::steady_clock::time_point opened;
    std::chrono::steady_clock::time_point idle_since;
  };
  /// The time that one call takes from the patience of its request: what the database takes, and not what it takes
  /// until others give a connection back.
  class Waiting {
   public:
    explicit Waiting(Patience* of) : of_(of) {}
    ~Waiting() {
      if (of_ != nullptr) of_->used += std::chrono::steady_clock::now() - since_;
    }
    Waiting(const Waiting&) = delete;
    Waiting& operator=(const Waiting&) = delete;

    void begins(std::chrono::steady_clock::time_point now) { since_ = now; }

   private:
    Patience* const of_;
    std::chrono::steady_clock::time_point since_ = std::chrono::steady_clock::now();
  };
  struct Lease {
    Lease(ConnectionPool& owner, Deadline deadline, std::chrono::milliseconds set_aside)
        : pool(owner),
          waiting(deadline.patience),
          pooled(owner.borrow(deadline, set_aside, waiting)),
          connection(pooled.connection.get()) {}
    ~Lease() { pool.give_back(std::move(pooled), answered, lost); }
    Lease(const Lease&) = delete;
    Lease& operator=(const Lease&) = delete;

    ConnectionPool& pool;
    Waiting waiting;
    Pooled pooled;
    Connection* connection;
    bool answered = false;
    bool lost = false;
  };

  Pooled borrow(Deadline deadline, std::chrono::milliseconds set_aside, Waiting& waiting);
  std::chrono::steady_clock::duration patience_of(const Deadline& deadline, std::chrono::milliseconds set_aside) const;
  std::optional<Pooled> take_slot(Deadline deadline, std::chrono::steady_clock::duration patience, Waiting& waiting,
                                  Deadline& statement_deadline);
  bool is_fit(Pooled& pooled) const;
  void give_back(Pooled pooled, bool answered, bool lost);
  void mark_blocked();

  const Open open_;
  const PoolOptions options_;
  const flowviz::bundles::Database* const metrics_;

  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<Pooled> idle_;
  std::size_t lent_ = 0;     ///< those that are being opened included
  std::size_t waiting_ = 0;  ///< threads that wait for a connection
  bool blocked_ = false;     ///< the database does not answer, or somebody outside holds it
};

}  // namespace wms
