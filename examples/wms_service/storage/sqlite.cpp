// SPDX-License-Identifier: MIT
#include "storage/sqlite.hpp"

#include <algorithm>
#include <array>
#include <cassert>
#include <cstdint>
#include <flowviz_metrics/adapters/sqlite.hpp>
#include <string_view>
#include <system_error>
#include <thread>
#include <variant>

namespace wms::sqlite {
namespace {

// How many steps of SQLite's virtual machine pass between two looks at the clock: some tens of microseconds.
constexpr int steps_between_looks = 1000;

constexpr std::chrono::milliseconds longest_pause{20};
// Shorter waits are the ordinary business of several connections.
constexpr std::chrono::milliseconds a_moment{250};

const Sql begin_read{"begin_read", DbOperation::transaction, "BEGIN"};
const Sql begin_write{"begin_write", DbOperation::transaction, "BEGIN IMMEDIATE"};
const Sql commit_transaction{"commit", DbOperation::transaction, "COMMIT"};
const Sql rollback_transaction{"rollback", DbOperation::transaction, "ROLLBACK"};

// In WAL mode: each commit is on disk before it is acknowledged.
const Sql write_ahead_log{"write_ahead_log", DbOperation::other, "PRAGMA journal_mode = WAL"};
const Sql settings_of_connection{"settings_of_connection", DbOperation::other,
                                 "PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON; PRAGMA trusted_schema = OFF"};
const Sql read_only{"read_only", DbOperation::other, "PRAGMA query_only = ON"};

const std::array own_statements{
    &begin_read, &begin_write, &commit_transaction, &rollback_transaction, &write_ahead_log, &settings_of_connection,
    &read_only};

Failure failure_of(int primary_code) {
  switch (primary_code) {
    case SQLITE_IOERR:
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
    case SQLITE_CANTOPEN:
    case SQLITE_READONLY:
    case SQLITE_PROTOCOL:
      return Failure::lost;
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
    case SQLITE_INTERRUPT:
    case SQLITE_FULL:
    case SQLITE_NOMEM:
      return Failure::unavailable;
    default:
      return Failure::mistake;
  }
}

[[noreturn]] void fail(sqlite3* db, const std::string& where) {
  if (db == nullptr) throw Error(SQLITE_NOMEM, "out of memory", where);
  throw Error(sqlite3_extended_errcode(db), sqlite3_errmsg(db), where);
}

// What a statement is called in messages, as with PostgreSQL: of its text a log would have the beginning, and not what went wrong.
std::string name_of(const Sql& sql) { return std::string(sql.name.text()); }

[[noreturn]] void fail_to_open(sqlite3* db, const std::string& path) {
  const int system = db == nullptr ? 0 : sqlite3_system_errno(db);
  if (system == 0) fail(db, path);
  throw Error(sqlite3_extended_errcode(db), sqlite3_errmsg(db) + (" (" + std::generic_category().message(system) + ")"),
              path);
}

int bind(sqlite3_stmt* statement, int index, const Parameter& parameter) {
  if (const auto* number = std::get_if<std::int64_t>(&parameter.value())) {
    return sqlite3_bind_int64(statement, index, *number);
  }
  if (const auto* text = std::get_if<std::string_view>(&parameter.value())) {
    return sqlite3_bind_text64(statement, index, text->data(), text->size(), SQLITE_TRANSIENT, SQLITE_UTF8);
  }
  return sqlite3_bind_null(statement, index);
}

class Execution : public Rows {
 public:
  /// `name` is the statement's.
  Execution(sqlite3* db, sqlite3_stmt* statement, std::string_view name,
            const flowviz::bundles::Database::Statement& metric, std::span<const Parameter> parameters)
      : db_(db), statement_(statement), name_(name), timed_(metric, statement) {
    for (std::size_t i = 0; i < parameters.size(); ++i) {
      if (bind(statement, static_cast<int>(i) + 1, parameters[i]) != SQLITE_OK) fail(db, std::string(name));
    }
  }
  ~Execution() override {
    timed_.reset();
    sqlite3_clear_bindings(statement_);
  }

  bool next() override {
    switch (timed_.step()) {
      case SQLITE_ROW:
        return true;
      case SQLITE_DONE:
        return false;
      default:
        fail(db_, std::string(name_));
    }
  }

  std::int64_t integer(int column) const override { return sqlite3_column_int64(statement_, column); }
  bool is_null(int column) const override { return sqlite3_column_type(statement_, column) == SQLITE_NULL; }
  std::string text(int column) const override {
    const auto* bytes = reinterpret_cast<const char*>(sqlite3_column_text(statement_, column));
    return bytes == nullptr ? std::string()
                            : std::string(bytes, static_cast<std::size_t>(sqlite3_column_bytes(statement_, column)));
  }

 private:
  sqlite3* db_;
  sqlite3_stmt* statement_;
  std::string_view name_;
  flowviz::sqlite::Execution timed_;
};

}  // namespace

Error::Error(int extended_code, const std::string& reason, const std::string& where)
    : DatabaseError(failure_of(extended_code & 0xff), reason, where), code_(extended_code & 0xff) {}

Connection::Connection(const std::string& path, Access access, Deadline deadline,
                       const flowviz::bundles::Database* metrics)
    : metrics_(metrics), deadline_(deadline) {
  for (const Sql* sql : own_statements) metric(*sql);  // their series are there from the start
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
      const auto mode = query(write_ahead_log);
      if (!mode->next() || mode->text(0) != "wal") throw Error(SQLITE_CANTOPEN, "cannot have a write-ahead log", path);
      break;
    } catch (const Error& error) {
      if (!error.is_locked() || on_busy(this, refused) == 0) throw;
    }
  }
  run_script(settings_of_connection);
  if (access == Access::read) run_script(read_only);
}

void Connection::run_script(const Sql& script) {
  if (flowviz::sqlite::exec(metric(script), db_.get(), script.text.c_str()) != SQLITE_OK) {
    fail(db_.get(), name_of(script));
  }
}

void Connection::begin(Access access) { run(access == Access::write ? begin_write : begin_read); }

void Connection::commit() { run(commit_transaction); }

void Connection::rollback() noexcept {
  try {
    set_deadline(Deadline::max());  // undoing may not be cut short
    run(rollback_transaction);
  } catch (const DatabaseError&) {
    // What made it fail is on its way to the caller already, and the connection is not used again.
  }
}

std::unique_ptr<Rows> Connection::start(const Sql& sql, std::span<const Parameter> parameters) {
  const Prepared& entry = prepared(sql);
  return std::make_unique<Execution>(db_.get(), entry.statement.get(), sql.name.text(), entry.metric, parameters);
}

std::int64_t Connection::change(const Sql& sql, std::span<const Parameter> parameters) {
  start(sql, parameters)->next();
  return sqlite3_changes64(db_.get());
}

const Connection::Prepared& Connection::prepared(const Sql& sql) {
  Prepared& entry = statements_[sql.text];
  if (!entry.statement) {
    sqlite3_stmt* compiled = nullptr;
    if (sqlite3_prepare_v3(db_.get(), sql.text.c_str(), -1, SQLITE_PREPARE_PERSISTENT, &compiled, nullptr) != SQLITE_OK)
      fail(db_.get(), name_of(sql));
    entry = {std::unique_ptr<sqlite3_stmt, Close>(compiled), metric(sql)};
  }
  assert(!sqlite3_stmt_busy(entry.statement.get()) && "the last execution of this statement has not ended");
  return entry;
}

flowviz::bundles::Database::Statement Connection::metric(const Sql& sql) const {
  return metrics_ == nullptr ? flowviz::bundles::Database::Statement() : metrics_->statement(sql.name, sql.operation);
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

}  // namespace wms::sqlite
