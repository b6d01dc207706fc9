// SPDX-License-Identifier: MIT
#include "storage/sqlite.hpp"

#include <algorithm>
#include <cassert>
#include <chrono>
#include <system_error>
#include <thread>

namespace wms::sqlite {
namespace {

// How many steps of SQLite's virtual machine pass between two looks at the clock: some tens of microseconds.
constexpr int steps_between_looks = 1000;

constexpr std::chrono::milliseconds longest_pause{20};
// Shorter waits are the ordinary business of several connections.
constexpr std::chrono::milliseconds a_moment{250};

[[noreturn]] void fail(sqlite3* db, const std::string& where) {
  if (db == nullptr) throw Error(SQLITE_NOMEM, "out of memory", where);
  throw Error(sqlite3_extended_errcode(db), sqlite3_errmsg(db), where);
}

[[noreturn]] void fail_to_open(sqlite3* db, const std::string& path) {
  const int system = db == nullptr ? 0 : sqlite3_system_errno(db);
  if (system == 0) fail(db, path);
  throw Error(sqlite3_extended_errcode(db), sqlite3_errmsg(db) + (" (" + std::generic_category().message(system) + ")"),
              path);
}

}  // namespace

bool Error::is_fatal_to_connection() const noexcept {
  switch (code_) {
    case SQLITE_IOERR:
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
    case SQLITE_CANTOPEN:
    case SQLITE_READONLY:
    case SQLITE_PROTOCOL:
      return true;
    default:
      return false;
  }
}

bool Error::is_unavailable() const noexcept {
  switch (code_) {
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
    case SQLITE_INTERRUPT:
    case SQLITE_FULL:
    case SQLITE_NOMEM:
      return true;
    default:
      return is_fatal_to_connection();
  }
}

Query::~Query() {
  sqlite3_reset(statement_);
  sqlite3_clear_bindings(statement_);
}

bool Query::next() {
  switch (sqlite3_step(statement_)) {
    case SQLITE_ROW:
      return true;
    case SQLITE_DONE:
      return false;
    default:
      fail(db_, sqlite3_sql(statement_));
  }
}

std::string Query::text(int column) const {
  const auto* bytes = reinterpret_cast<const char*>(sqlite3_column_text(statement_, column));
  return bytes == nullptr ? std::string()
                          : std::string(bytes, static_cast<std::size_t>(sqlite3_column_bytes(statement_, column)));
}

std::optional<std::string> Query::optional_text(int column) const {
  if (sqlite3_column_type(statement_, column) == SQLITE_NULL) return std::nullopt;
  return text(column);
}

void Query::bind(int index, std::string_view value) {
  check(sqlite3_bind_text64(statement_, index, value.data(), value.size(), SQLITE_TRANSIENT, SQLITE_UTF8));
}

void Query::bind(int index, const std::optional<std::string>& value) {
  if (value) {
    bind(index, std::string_view(*value));
  } else {
    check(sqlite3_bind_null(statement_, index));
  }
}

void Query::check(int code) const {
  if (code != SQLITE_OK) fail(db_, sqlite3_sql(statement_));
}

Connection::Connection(const std::string& path, Access access, Deadline deadline) : deadline_(deadline) {
  const int create = access == Access::write ? SQLITE_OPEN_CREATE : 0;
  sqlite3* db = nullptr;
  const int opened = sqlite3_open_v2(
      path.c_str(), &db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE | create, nullptr);
  db_.reset(db);
  if (opened != SQLITE_OK) fail_to_open(db, path);

  sqlite3_busy_handler(db, on_busy, this);
  sqlite3_progress_handler(db, steps_between_looks, on_progress, this);
  // Of connections that change the mode of a new database at once, SQLite refuses all but one without asking their busy
  // handlers, for to wait could be a deadlock there. To ask again later is none.
  for (int refused = 0;; ++refused) {
    try {
      Query mode = query("PRAGMA journal_mode = WAL");
      if (!mode.next() || mode.text(0) != "wal") throw Error(SQLITE_CANTOPEN, "cannot have a write-ahead log", path);
      break;
    } catch (const Error& error) {
      if (!error.is_locked() || on_busy(this, refused) == 0) throw;
    }
  }
  run("PRAGMA synchronous = FULL");  // in WAL mode: each commit is on disk before it is acknowledged
  run("PRAGMA foreign_keys = ON");
  run("PRAGMA trusted_schema = OFF");
  if (access == Access::read) run("PRAGMA query_only = ON");
}

void Connection::run_script(const char* sql) {
  if (sqlite3_exec(db_.get(), sql, nullptr, nullptr, nullptr) != SQLITE_OK) fail(db_.get(), sql);
}

sqlite3_stmt* Connection::prepared(const char* sql) {
  auto& statement = statements_[sql];
  if (!statement) {
    sqlite3_stmt* compiled = nullptr;
    if (sqlite3_prepare_v3(db_.get(), sql, -1, SQLITE_PREPARE_PERSISTENT, &compiled, nullptr) != SQLITE_OK)
      fail(db_.get(), sql);
    statement.reset(compiled);
  }
  assert(!sqlite3_stmt_busy(statement.get()) && "the last execution of this statement has not ended");
  return statement.get();
}

int Connection::on_busy(void* self, int count) {
  auto& connection = *static_cast<Connection*>(self);
  const auto now = std::chrono::steady_clock::now();
  const auto left = connection.deadline_ - now;
  if (left <= std::chrono::steady_clock::duration::zero()) return 0;
  if (count == 0) connection.blocked_since_ = now;
  if (now - connection.blocked_since_ > a_moment && connection.blocked_hook_) connection.blocked_hook_();
  const std::chrono::milliseconds pause(
      std::min<std::int64_t>(std::int64_t{1} << std::min(count, 10), longest_pause.count()));
  std::this_thread::sleep_for(std::min<std::chrono::steady_clock::duration>(pause, left));
  return 1;
}

int Connection::on_progress(void* self) {
  return std::chrono::steady_clock::now() >= static_cast<Connection*>(self)->deadline_ ? 1 : 0;
}

Transaction::Transaction(Connection& db, Access access) : db_(db) {
  db_.run(access == Access::write ? "BEGIN IMMEDIATE" : "BEGIN");
}

Transaction::~Transaction() {
  if (!db_.in_transaction()) return;
  try {
    db_.set_deadline(Deadline::max());  // undoing may not be cut short
    db_.run("ROLLBACK");
  } catch (const Error&) {
    // What made it fail is on its way to the caller already, and the connection is not used again.
  }
}

}  // namespace wms::sqlite
