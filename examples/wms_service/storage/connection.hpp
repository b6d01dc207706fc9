// SPDX-License-Identifier: MIT
#pragma once
/// \file
/// A connection to a database, whichever it is: queries with bound parameters, deadlines, transactions. Knows nothing of
/// warehouses. sqlite.hpp and postgresql.hpp implement it.

#include <array>
#include <chrono>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>

#include "domain/timestamp.hpp"
#include "storage/database_error.hpp"
#include "storage/sql.hpp"

namespace wms {

/// The value of a statement's parameter, or that there is none. Refers to the text that it was made of.
class Parameter {
 public:
  Parameter(std::integral auto value) : value_(static_cast<std::int64_t>(value)) {}
  Parameter(std::string_view text) : value_(text) {}
  Parameter(const std::string& text) : value_(std::string_view(text)) {}
  Parameter(const std::optional<std::string>& text) {
    if (text) value_ = std::string_view(*text);
  }
  using Value = std::variant<std::nullptr_t, std::int64_t, std::string_view>;
  const Value& value() const { return value_; }

 private:
  Value value_ = nullptr;
};

/// One execution of a statement, row by row. Ends before its connection does, and before the same statement is run
/// again.
class Rows {
 public:
  virtual ~Rows() = default;

  /// Moves to the next row; false after the last one. Throws DatabaseError.
  virtual bool next() = 0;

  virtual std::int64_t integer(int column) const = 0;
  virtual std::string text(int column) const = 0;
  virtual bool is_null(int column) const = 0;

  std::optional<std::string> optional_text(int column) const {
    return is_null(column) ? std::nullopt : std::optional(text(column));
  }
};

enum class Access { read, write };

/// For one thread at a time. Whatever throws, throws DatabaseError.
class Connection {
 public:
  virtual ~Connection() = default;
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  /// From now on a statement that is not done by then fails, whether it works or waits.
  virtual void set_deadline(Deadline deadline) = 0;

  /// Starts a query: `db.query(lot_by_id, id)`.
  template <class... Value>
  std::unique_ptr<Rows> query(const Sql& sql, const Value&... values) {
    const std::array<Parameter, sizeof...(values)> parameters{Parameter(values)...};
    return start(sql, parameters);
  }

  /// Runs a statement without rows; returns how many rows it changed.
  template <class... Value>
  std::int64_t run(const Sql& sql, const Value&... values) {
    const std::array<Parameter, sizeof...(values)> parameters{Parameter(values)...};
    return change(sql, parameters);
  }

  /// Runs statements without values, such as those of a migration.
  virtual void run_script(const Sql& script) = 0;

  /// Transaction calls these three.
  virtual void begin(Access access) = 0;
  /// Durable when it returns. Throws `Failure::unknown_outcome` if nobody can tell whether it is.
  virtual void commit() = 0;
  virtual void rollback() noexcept = 0;
  virtual bool in_transaction() const = 0;

  /// Whether it can be lent again, as far as is known without asking.
  virtual bool is_usable() const noexcept = 0;
  /// Whether it can still be used after it has been idle for so long; may ask the database.
  virtual bool is_alive(std::chrono::steady_clock::duration idle) noexcept = 0;

 protected:
  Connection() = default;

 private:
  virtual std::unique_ptr<Rows> start(const Sql& sql, std::span<const Parameter> parameters) = 0;
  virtual std::int64_t change(const Sql& sql, std::span<const Parameter> parameters) = 0;
};

/// From here to `commit()`, all or nothing: without it the transaction is rolled back at the end of the scope.
class Transaction {
 public:
  /// What a reader sees does not change under its eyes. What a writer reads may, unless it locks it.
  Transaction(Connection& db, Access access) : db_(db) { db_.begin(access); }
  ~Transaction() {
    if (db_.in_transaction()) db_.rollback();
  }
  Transaction(const Transaction&) = delete;
  Transaction& operator=(const Transaction&) = delete;

  void commit() { db_.commit(); }

 private:
  Connection& db_;
};

}  // namespace wms
