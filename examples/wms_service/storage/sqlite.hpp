// SPDX-License-Identifier: MIT
#pragma once
/// \file
/// Connections to a SQLite file: a thin layer over SQLite's C API. Each statement is compiled once, and timed by its
/// name.

#include <sqlite3.h>

#include <chrono>
#include <flowviz_metrics/bundles/database.hpp>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <unordered_map>
#include <utility>

#include "storage/connection.hpp"

namespace wms::sqlite {

/// What SQLite refused.
class Error : public DatabaseError {
 public:
  Error(int extended_code, const std::string& reason, const std::string& where = "");

  /// Another connection has what was wanted, and may give it back.
  bool is_locked() const noexcept { return code_ == SQLITE_BUSY; }

 private:
  int code_;  ///< the primary result code
};

class Connection : public wms::Connection {
 public:
  /// Opens the file; `write` creates it if it is missing. Write-ahead log, synced to disk at each commit. `metrics` may be
  /// null. Throws Error.
  Connection(const std::string& path, Access access, Deadline deadline,
             const flowviz::bundles::Database* metrics = nullptr);

  void set_deadline(Deadline deadline) override { deadline_ = deadline; }

  /// `hook` is called while a statement waits for a lock that somebody else has held for longer than a moment.
  void set_blocked_hook(std::function<void()> hook) { blocked_hook_ = std::move(hook); }

  void run_script(const Sql& script) override;

  /// A writer takes the write lock at once, so that what it reads still holds when it writes.
  void begin(Access access) override;
  void commit() override;
  void rollback() noexcept override;
  bool in_transaction() const override { return sqlite3_get_autocommit(db_.get()) == 0; }

  bool is_usable() const noexcept override { return !in_transaction(); }
  bool is_alive(std::chrono::steady_clock::duration) noexcept override { return true; }  // a file does not go away

 private:
  struct Close {
    void operator()(sqlite3* db) const { sqlite3_close(db); }
    void operator()(sqlite3_stmt* statement) const { sqlite3_finalize(statement); }
  };
  struct Prepared {
    std::unique_ptr<sqlite3_stmt, Close> statement;
    flowviz::bundles::Database::Statement metric;
  };

  std::unique_ptr<Rows> start(const Sql& sql, std::span<const Parameter> parameters) override;
  std::int64_t change(const Sql& sql, std::span<const Parameter> parameters) override;

  const Prepared& prepared(const Sql& sql);
  flowviz::bundles::Database::Statement metric(const Sql& sql) const;
  static int on_busy(void* self, int count);
  static int on_progress(void* self);

  const flowviz::bundles::Database* metrics_;
  Deadline deadline_;
  std::chrono::steady_clock::time_point blocked_since_;
  std::function<void()> blocked_hook_;
  std::unique_ptr<sqlite3, Close> db_;
  std::unordered_map<std::string, Prepared> statements_;  // by text; end before db_
};

}  // namespace wms::sqlite
