// SPDX-License-Identifier: MIT
#pragma once
/// \file
/// Times the statements of libpq by the names that they were registered with, for calls that wait for the server and for
/// those that do not. Connections, deadlines and results stay the program's own.

#include <libpq-fe.h>

#include <utility>

#include <flowviz_metrics/bundles/database.hpp>

FLOWVIZ_METRICS_BEGIN
namespace libpq {

/// Whether a result says that the server refused, or that there was none. No result at all, a null pointer, is an error.
[[nodiscard]] inline bool is_error(const PGresult* result) noexcept {
  switch (PQresultStatus(result)) {
    case PGRES_BAD_RESPONSE:
    case PGRES_FATAL_ERROR:  // also of a null pointer
#if defined(LIBPQ_HAS_PIPELINING)
    case PGRES_PIPELINE_ABORTED:
#endif
      return true;
    default:  // rows, their absence, copying; what later releases add are kinds of answers, too
      return false;
  }
}

/// Calls what waits for a result, times it, and returns what it returned, the caller's to clear. Costs two readings of the
/// clock and some 70 ns; no allocation.
///
///     PGresult* result = flowviz::libpq::run(lot_by_id, [&] {
///       return PQexecParams(connection, sql, 1, nullptr, values, nullptr, nullptr, 0);
///     });
template <class Call>
[[nodiscard]] PGresult* run(const bundles::Database::Statement& name, Call&& call) {
  auto query = name.begin();
  PGresult* result = std::forward<Call>(call)();
  is_error(result) ? query.fail() : query.finish();
  return result;
}

/// A query that is sent now and answered later: from before it is sent until its last result was taken. If it is destroyed
/// before, because nothing could be sent, a deadline has passed or the connection was dropped, it has failed. Moves, to
/// where the answer is waited for; not thread-safe. Costs what `run` does. In a pipeline each query has one of its own.
///
///     flowviz::libpq::Query query{lot_by_id};
///     if (PQsendQueryParams(connection, sql, 1, nullptr, values, nullptr, nullptr, 0) == 0) return away();
///     ... poll; PQconsumeInput; until not PQisBusy, or too late: then PQfinish and return ...
///     while (PGresult* result = query.get_result(connection)) {
///       read(result);
///       PQclear(result);
///     }
class [[nodiscard]] Query {
 public:
  /// Starts the clock.
  explicit Query(const bundles::Database::Statement& name) noexcept : query_(name.begin()) {}

  /// What `PQgetResult` returns, the caller's to clear; it waits where that does. The query has succeeded when there is no
  /// result left, and failed with the first one that is an error, or if there was none.
  [[nodiscard]] PGresult* get_result(PGconn* connection) noexcept {
    PGresult* result = PQgetResult(connection);
    if (result != nullptr) {
      answered_ = true;
      if (is_error(result)) query_.fail();
    } else if (answered_) {
      query_.finish();
    } else {
      query_.fail();
    }
    return result;
  }

  /// Nobody waits for the answer any more.
  void fail() noexcept { query_.fail(); }

 private:
  bundles::Database::Query query_;
  bool answered_ = false;
};

}  // namespace libpq
FLOWVIZ_METRICS_END
