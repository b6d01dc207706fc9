// SPDX-License-Identifier: MIT
#pragma once
/// \file
/// The metrics of a database's clients: statements, by a registered name and never by their text, and waiting for a
/// connection. Independent of any database library; adapters/sqlite.hpp and adapters/libpq.hpp count with them. What a
/// pool holds is in database_pool.hpp.

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <utility>

#include <flowviz_metrics/bundles/duration_buckets.hpp>
#include <flowviz_metrics/bundles/once.hpp>
#include <flowviz_metrics/counter.hpp>
#include <flowviz_metrics/histogram.hpp>
#include <flowviz_metrics/timer.hpp>

FLOWVIZ_METRICS_BEGIN

namespace rules {

constexpr void statement(std::string_view name) {
  for (const char c : name) {
    if (!is_lower(c) && !is_digit(c) && c != '_') {
      rule_broken(name, "a statement goes by a name of a-z, 0-9 and _, never by its SQL text");
    }
  }
  snake_case(name);
}

}  // namespace rules

namespace bundles {

/// What kind of work a statement is. `transaction`: begin, commit, rollback and the like. `delete` is a keyword, hence the
/// underscore.
enum class DbOperation : std::uint8_t { select, insert, update, delete_, transaction, other };

[[nodiscard]] constexpr std::string_view label_text(DbOperation operation) noexcept {
  constexpr std::string_view texts[] = {"select", "insert", "update", "delete", "transaction", "other"};
  const auto i = static_cast<std::size_t>(operation);
  return i < std::size(texts) ? texts[i] : other_text;
}

enum class QueryOutcome : std::uint8_t { ok, error };

/// The name of a statement, in snake_case. SQL text does not compile.
using StatementName = Checked<rules::statement>;

/// Whether statements are also timed one by one.
enum class StatementDurations { by_name, none };

struct DatabaseOptions {
  Buckets query_duration_buckets = duration_buckets();
  Buckets connection_wait_buckets = duration_buckets();
  StatementDurations statement_durations = StatementDurations::by_name;
};

/// `db_queries_total{operation}`, `db_query_errors_total{operation}`, `db_query_duration_seconds{operation}`,
/// `db_connection_wait_seconds` and, unless it was asked to leave them out, `db_statement_duration_seconds{statement}`.
/// `operation` is select, insert, update, delete, transaction or other; `statement` is one of the first 100 registered
/// names, or `_other`. A query that failed is in all of them, its duration too.
///
/// Series: 7 in each metric by operation, 1 for waiting, 101 by statement. Thread-safe. For two databases on one page give
/// each a registry with a label of its own, `flowviz::Registry orders{{{"database", "orders"}}}`.
///
///     flowviz::bundles::Database database{registry};
///     const auto insert_lot = database.statement("insert_lot", DbOperation::insert);   // at start
///     auto query = insert_lot.begin();
///     run_the_statement();   // may throw
///     query.finish();
struct Database {
  class Statement;
  class Query;
  static constexpr std::uint32_t max_statements = 100;

  Counter<DbOperation> queries;
  Counter<DbOperation> query_errors;
  Histogram<DbOperation> query_duration;
  Histogram<> connection_wait;  ///< whoever takes a connection from a pool keeps its `time()` until there is one
  std::optional<Histogram<Text>> statement_duration;

  /// Throws `Error` if the registry has the metrics with other bounds.
  explicit Database(Registry& registry, const DatabaseOptions& options = {});

  /// Registers a statement: what its executions count into, all look-ups done. For the start of a program; allocates.
  /// Statements of one name share a series. Names out of configuration go through `StatementName::checked`, which throws.
  [[nodiscard]] Statement statement(StatementName name, DbOperation operation) const noexcept;
};

/// A registered statement: small, copyable, worth keeping. Default-constructed it counts nothing. The registry outlives it.
class Database::Statement {
 public:
  Statement() noexcept = default;

  /// Starts the clock of one execution.
  [[nodiscard]] Query begin() const noexcept;

  /// Counts an execution that somebody else has timed. Some 30 ns, without an allocation.
  void record(Stopwatch::Clock::duration duration, QueryOutcome outcome) const noexcept {
    queries_.inc();
    if (outcome != QueryOutcome::ok) errors_.inc();
    duration_.observe(duration);
    by_name_.observe(duration);
  }

 private:
  friend Database;
  CounterSeries queries_, errors_;
  HistogramSeries duration_, by_name_;  // by name perhaps a series that counts nothing
};

/// An execution of a statement. Ends once: by `finish`, by `fail`, or, when it is destroyed before, as failed. Moves; not
/// thread-safe. Costs two readings of the clock and some 70 ns, without an allocation.
class [[nodiscard]] Database::Query {
 public:
  Query(Query&&) noexcept = default;
  Query& operator=(Query&& other) noexcept {
    if (this != &other) {
      fail();
      statement_ = other.statement_;
      watch_ = other.watch_;
      once_ = std::move(other.once_);
    }
    return *this;
  }
  ~Query() { fail(); }

  /// The database has done it.
  void finish() noexcept { end(QueryOutcome::ok); }
  /// It has not: it refused, it was too late, the connection broke.
  void fail() noexcept { end(QueryOutcome::error); }

 private:
  friend Statement;
  explicit Query(const Statement& statement) noexcept : statement_(statement) {}

  void end(QueryOutcome outcome) noexcept {
    if (once_.take()) statement_.record(watch_.elapsed(), outcome);
  }

  Statement statement_;
  TimerWatch watch_;
  Once once_;
};

// ------------------------------------------------------------------------------------------------------------------

inline Database::Database(Registry& registry, const DatabaseOptions& options)
    : queries{registry, "db_queries_total", "Statements that the database was asked to execute.",
              Label<DbOperation>{"operation"}},
      query_errors{registry, "db_query_errors_total", "Statements that failed or were given up.",
                   Label<DbOperation>{"operation"}},
      query_duration{registry, "db_query_duration_seconds", "Time to execute a statement.",
                     options.query_duration_buckets, Label<DbOperation>{"operation"}},
      connection_wait{registry, "db_connection_wait_seconds", "Time spent waiting for a connection.",
                      options.connection_wait_buckets} {
  if (options.statement_durations == StatementDurations::by_name) {
    statement_duration =
        Histogram<Text>{registry, "db_statement_duration_seconds", "Time to execute a statement, by its name.",
                        options.query_duration_buckets, OpenLabel{"statement", max_statements}};
  }
}

inline Database::Statement Database::statement(StatementName name, DbOperation operation) const noexcept {
  Statement statement;
  statement.queries_ = queries.with(operation);
  statement.errors_ = query_errors.with(operation);
  statement.duration_ = query_duration.with(operation);
  if (statement_duration) statement.by_name_ = statement_duration->with(name.text());
  return statement;
}

inline Database::Query Database::Statement::begin() const noexcept { return Query(*this); }

}  // namespace bundles
FLOWVIZ_METRICS_END
