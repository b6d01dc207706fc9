// SPDX-License-Identifier: MIT
#pragma once
/// \file
/// A thin layer over SQLite's C API: connections with deadlines, queries with bound parameters, transactions. Knows
/// nothing of warehouses. Values reach a statement as parameters only.

#include <sqlite3.h>

#include <chrono>
#include <concepts>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>

#include "domain/timestamp.hpp"

namespace wms::sqlite {

/// What SQLite refused. The message is for logs: it may hold SQL and paths.
class Error : public std::runtime_error {
 public:
  /// `where`: the statement or the file.
  Error(int extended_code, const std::string& reason, const std::string& where = "")
      : std::runtime_error(where.empty() ? reason : where + ": " + reason),
        reason_(reason),
        code_(extended_code & 0xff) {}

  /// The message without SQL and paths.
  const std::string& reason() const noexcept { return reason_; }

  /// The database is locked, slow, full, away or damaged: not the fault of whoever asked.
  bool is_unavailable() const noexcept;
  /// Another connection has what was wanted, and may give it back.
  bool is_locked() const noexcept { return code_ == SQLITE_BUSY; }
  /// The connection cannot be used again.
  bool is_fatal_to_connection() const noexcept;

 private:
  std::string reason_;
  int code_;  ///< the primary result code
};

/// One execution of a statement, row by row. Ends before its connection does, and before the same statement is run
/// again.
class Query {
 public:
  template <class... Value>
  Query(sqlite3* db, sqlite3_stmt* statement, const Value&... values) : db_(db), statement_(statement) {
    [[maybe_unused]] int index = 0;
    (bind(++index, values), ...);
  }
  ~Query();
  Query(const Query&) = delete;
  Query& operator=(const Query&) = delete;

  /// Moves to the next row; false after the last one. Throws Error.
  bool next();

  std::int64_t integer(int column) const { return sqlite3_column_int64(statement_, column); }
  std::string text(int column) const;
  std::optional<std::string> optional_text(int column) const;

 private:
  void bind(int index, std::integral auto value) {
    check(sqlite3_bind_int64(statement_, index, static_cast<sqlite3_int64>(value)));
  }
  void bind(int index, std::string_view value);
  void bind(int index, const std::string& value) { bind(index, std::string_view(value)); }
  void bind(int index, const std::optional<std::string>& value);
  void check(int code) const;

  sqlite3* db_;
  sqlite3_stmt* statement_;
};

enum class Access { read, write };

/// One connection. For one thread at a time.
class Connection {
 public:
  /// Opens the file; `write` creates it if it is missing. Write-ahead log, synced to disk at each commit. Throws Error.
  Connection(const std::string& path, Access access, Deadline deadline);
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  /// From now on a statement that is not done by then fails, whether it works or waits for a lock.
  void set_deadline(Deadline deadline) { deadline_ = deadline; }

  /// `hook` is called while a statement waits for a lock that somebody else has held for longer than a moment.
  void set_blocked_hook(std::function<void()> hook) { blocked_hook_ = std::move(hook); }

  /// Starts a query: `db.query("SELECT a FROM t WHERE b = ?1", b)`. `sql` has static storage: it is compiled once and
  /// kept.
  template <class... Value>
  Query query(const char* sql, const Value&... values) {
    return Query(db_.get(), prepared(sql), values...);
  }

  /// Runs a statement without rows; returns how many rows it changed.
  template <class... Value>
  int run(const char* sql, const Value&... values) {
    query(sql, values...).next();
    return sqlite3_changes(db_.get());
  }

  /// Runs statements without values, such as those of a migration.
  void run_script(const char* sql);

  bool in_transaction() const { return sqlite3_get_autocommit(db_.get()) == 0; }

 private:
  sqlite3_stmt* prepared(const char* sql);
  static int on_busy(void* self, int count);
  static int on_progress(void* self);

  struct Close {
    void operator()(sqlite3* db) const { sqlite3_close(db); }
    void operator()(sqlite3_stmt* statement) const { sqlite3_finalize(statement); }
  };

  Deadline deadline_;
  std::chrono::steady_clock::time_point blocked_since_;
  std::function<void()> blocked_hook_;
  std::unique_ptr<sqlite3, Close> db_;
  std::unordered_map<std::string_view, std::unique_ptr<sqlite3_stmt, Close>> statements_;  // end before db_
};

/// From here to `commit()`, all or nothing: without it the transaction is rolled back at the end of the scope.
class Transaction {
 public:
  /// A writer takes the write lock at once, so that what it reads still holds when it writes.
  Transaction(Connection& db, Access access);
  ~Transaction();
  Transaction(const Transaction&) = delete;
  Transaction& operator=(const Transaction&) = delete;

  /// On disk when it returns. Throws Error.
  void commit() { db_.run("COMMIT"); }

 private:
  Connection& db_;
};

}  // namespace wms::sqlite
