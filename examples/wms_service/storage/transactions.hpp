// SPDX-License-Identifier: MIT
#pragma once
/// \file
/// Work on a database, in transactions: which of them are tried again, and what is said of those that fail.

#include <chrono>
#include <flowviz_metrics/bundles/database_pool.hpp>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "domain/refusal.hpp"
#include "domain/result.hpp"
#include "storage/connection_pool.hpp"

namespace wms {

/// Thread-safe.
class Transactions {
 public:
  template <class T>
  using Outcome = Result<T, Refusal>;

  /// `writers`: where connections that write are others; else null.
  Transactions(std::unique_ptr<ConnectionPool> pool, std::unique_ptr<ConnectionPool> writers)
      : pool_(std::move(pool)), writers_(std::move(writers)) {}

  ConnectionPool& writers() const { return writers_ ? *writers_ : *pool_; }

  /// Of both pools.
  flowviz::bundles::PoolConnections connections() const {
    auto sum = pool_->connections();
    if (writers_) {
      const auto writing = writers_->connections();
      sum.active += writing.active;
      sum.idle += writing.idle;
      sum.overflow += writing.overflow;
      sum.max += writing.max;
    }
    return sum;
  }

  /// One query that changes nothing.
  template <class T, class Work>
  Outcome<T> read(Deadline deadline, Work&& work) const {
    return once<T>(*pool_, deadline, std::forward<Work>(work));
  }

  /// Statements of which each stands for itself, without a transaction around them. If that fails, some may have been
  /// done.
  template <class T, class Work>
  Outcome<T> change(Deadline deadline, Work&& work) const {
    return once<T>(writers(), deadline, std::forward<Work>(work));
  }

  /// Several queries that see the same state. Their transaction is committed at
  /// the end: rollbacks are what operators are told to worry about.
  template <class T, class Work>
  Outcome<T> read_snapshot(Deadline deadline, Work&& work) const {
    return read<T>(deadline, [&](Connection& db) -> Outcome<T> {
      Transaction snapshot(db, Access::read);
      Outcome<T> outcome = work(db);
      snapshot.commit();
      return outcome;
    });
  }

  /// A transaction, committed if `work` returns a value. It is tried again if another one got in its way. If the connection
  /// is lost while it is committed, `work` runs again on another one: it has to find out whether it was done already, and
  /// then returns the same value and changes nothing. All of it shares the patience of the request, or has that of one call.
  template <class T, class Work>
  Outcome<T> write(Deadline deadline, Work&& work) const {
    Patience of_the_attempts;
    if (deadline.patience == nullptr) deadline.patience = &of_the_attempts;
    std::optional<std::string> doubt;
    for (int attempt = 1;; ++attempt) {
      try {
        const auto attempt_once = [&](Connection& db) -> Outcome<T> {
          Transaction transaction(db, Access::write);
          Outcome<T> outcome = work(db);
          if (outcome) transaction.commit();
          return outcome;
        };
        return writers().use(deadline, attempt_once, doubt ? std::chrono::milliseconds(0) : time_to_find_out);
      } catch (const DatabaseError& error) {
        if (!error.is_unavailable()) throw;
        if (attempt < most_attempts && error.failure() == Failure::conflict) continue;
        if (!doubt && error.failure() == Failure::unknown_outcome) {
          doubt = error.what();
          continue;
        }
        if (doubt) return Refusal(OutcomeUnknown{*doubt + "; then: " + error.what()});
        return Refusal(Unavailable{error.what()});
      }
    }
  }

 private:
  template <class T, class Work>
  static Outcome<T> once(ConnectionPool& pool, Deadline deadline, Work&& work) {
    try {
      return pool.use(deadline, std::forward<Work>(work));
    } catch (const DatabaseError& error) {
      if (!error.is_unavailable()) throw;
      return Refusal(Unavailable{error.what()});
    }
  }

  // How often a transaction is tried that others get in the way of.
  static constexpr int most_attempts = 3;
  // What it takes to find out whether a transaction was committed. It is a part of the patience: were it beyond, a client
  // would wait longer than it was promised.
  static constexpr std::chrono::milliseconds time_to_find_out{300};

  const std::unique_ptr<ConnectionPool> pool_;
  const std::unique_ptr<ConnectionPool> writers_;
};

}  // namespace wms
