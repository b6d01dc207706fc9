// SPDX-License-Identifier: MIT
#pragma once
/// \file
/// Times the statements of SQLite by the names that they were registered with. The program keeps its own connections and
/// prepared statements; only the stepping goes through here.

#include <sqlite3.h>

#include <flowviz_metrics/bundles/database.hpp>
#include <flowviz_metrics/timer.hpp>

FLOWVIZ_METRICS_BEGIN
namespace sqlite {

/// Executions of a prepared statement, one after another. Stands where the statement is stepped, and resets it in the end.
///
///     const auto lot_by_id = database.statement("lot_by_id", DbOperation::select);   // at start
///     ...
///     sqlite3_bind_int64(statement, 1, id);
///     flowviz::sqlite::Execution lot{lot_by_id, statement};
///     while (lot.step() == SQLITE_ROW) read(statement);
///
/// An execution is counted once: when SQLite is done with it or refuses (a lock that it is refused may be waited for by another
/// step), or when it is reset with rows left, which is no
/// error. One that was never stepped is not counted. Its duration is the time spent in SQLite, waiting for locks included;
/// what the caller does between two rows is not.
///
/// For one thread. Costs two readings of the clock for each row, and some 30 ns at the end; no allocation. Refers to the
/// statement, which has to live longer.
class Execution {
 public:
  Execution(const bundles::Database::Statement& name, sqlite3_stmt* statement) noexcept
      : name_(name), statement_(statement) {}
  Execution(const Execution&) = delete;
  Execution& operator=(const Execution&) = delete;
  /// Resets the statement, so that it holds no lock; its bindings stay.
  ~Execution() { reset(); }

  /// What `sqlite3_step` returns. A step after the last one begins another execution, as it does in the library.
  int step() noexcept {
    const TimerWatch watch;
    const int code = sqlite3_step(statement_);
    spent_ += watch.elapsed();
    begun_ = true;
    // One that is refused a lock may be stepped again, and is the same execution.
    if (code != SQLITE_ROW && (code & 0xff) != SQLITE_BUSY) end(code == SQLITE_DONE);
    return code;
  }

  /// What `sqlite3_reset` returns: before the statement is bound anew. What was begun ends here, and may fail only here: a
  /// statement that writes and returns rows commits when it is reset.
  int reset() noexcept {
    if (!begun_) return sqlite3_reset(statement_);
    const TimerWatch watch;
    const int code = sqlite3_reset(statement_);
    spent_ += watch.elapsed();
    end(code == SQLITE_OK);
    return code;
  }

 private:
  void end(bool ok) noexcept {
    name_.record(spent_, ok ? bundles::QueryOutcome::ok : bundles::QueryOutcome::error);
    spent_ = {};
    begun_ = false;
  }

  bundles::Database::Statement name_;
  sqlite3_stmt* statement_;
  Stopwatch::Clock::duration spent_{};
  bool begun_ = false;
};

/// What `sqlite3_exec` returns, for statements that need no values: `BEGIN IMMEDIATE`, `COMMIT`, a migration. Counted as one
/// query, however many statements there are.
inline int exec(const bundles::Database::Statement& name, sqlite3* connection, const char* sql,
                char** message = nullptr) noexcept {
  auto query = name.begin();
  const int code = sqlite3_exec(connection, sql, nullptr, nullptr, message);
  code == SQLITE_OK ? query.finish() : query.fail();
  return code;
}

}  // namespace sqlite
FLOWVIZ_METRICS_END
