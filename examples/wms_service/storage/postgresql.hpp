// SPDX-License-Identifier: MIT
#pragma once
/// \file
/// Connections to a PostgreSQL server, directly or through PgBouncer in transaction mode: a thin layer over libpq that
/// never waits longer than until its deadline. Under a paused pooler libpq's own calls hang for minutes, whatever its
/// timeouts say, so nothing here calls one that waits: all is sent, and poll() waits. A connection whose answer is late is
/// dropped. Transaction mode forbids named statements and SET beyond a transaction, so there are none.

#include <libpq-fe.h>

#include <chrono>
#include <flowviz_metrics/adapters/libpq.hpp>
#include <flowviz_metrics/bundles/database.hpp>
#include <memory>
#include <span>
#include <string>
#include <unordered_map>

#include "storage/connection.hpp"
#include "storage/postgresql_address.hpp"

namespace wms::postgresql {

class Connection : public wms::Connection {
 public:
  /// Connects. `metrics` may be null. Throws DatabaseError. Names of hosts are looked up by the system, which may take
  /// longer than the deadline; everything else does not.
  Connection(const Address& address, Deadline deadline, const flowviz::bundles::Database* metrics = nullptr);

  void set_deadline(Deadline deadline) override { deadline_ = deadline; }
  void run_script(const Sql& script) override;

  /// The server ends a statement of the transaction as well, should it still be working at the deadline of now.
  void begin(Access access) override;
  void commit() override;
  void rollback() noexcept override;
  bool in_transaction() const override;

  bool is_usable() const noexcept override;
  /// Looks whether the server has hung up, and asks it if that was more than a second ago.
  bool is_alive(std::chrono::steady_clock::duration idle) noexcept override;

 private:
  struct Close {
    void operator()(PGconn* connection) const { PQfinish(connection); }
    void operator()(PGresult* result) const { PQclear(result); }
  };
  using Result = std::unique_ptr<PGresult, Close>;
  class Table;
  struct Known {
    std::string text;  ///< with $1 for ?1
    flowviz::bundles::Database::Statement metric;
  };

  std::unique_ptr<Rows> start(const Sql& sql, std::span<const Parameter> parameters) override;
  std::int64_t change(const Sql& sql, std::span<const Parameter> parameters) override;

  void connect(const Address& address);
  Result execute(const Sql& sql, std::span<const Parameter> parameters);
  Result execute_script(const Sql& script);
  Result receive(flowviz::libpq::Query& query, bool sent, const Sql& sql);
  void wait_for(short events, const std::string& what);
  [[noreturn]] void lose(const std::string& what);
  const Known& known(const Sql& sql);
  flowviz::bundles::Database::Statement metric(const Sql& sql) const;

  const flowviz::bundles::Database* metrics_;
  Deadline deadline_;
  std::unique_ptr<PGconn, Close> connection_;  ///< null once it was dropped
  std::unordered_map<std::string, Known> statements_;
};

}  // namespace wms::postgresql
