// SPDX-License-Identifier: MIT
#pragma once

// Databases on a PostgreSQL server that all tests share, one for each test.

#include <libpq-fe.h>

#include <atomic>
#include <chrono>
#include <memory>
#include <stdexcept>
#include <string>

#include "postgres_server.hpp"
#include "storage/postgresql_storage.hpp"

inline PostgresServer& shared_server() {
  static PostgresServer server;
  return server;
}

/// Runs a statement on the server's own database, or throws.
inline void administer(const std::string& sql) {
  struct Finish {
    void operator()(PGconn* connection) const { PQfinish(connection); }
    void operator()(PGresult* result) const { PQclear(result); }
  };
  const std::unique_ptr<PGconn, Finish> connection(PQconnectdb(shared_server().address().c_str()));
  const std::unique_ptr<PGresult, Finish> result(PQexec(connection.get(), sql.c_str()));
  const auto status = PQresultStatus(result.get());
  if (status != PGRES_COMMAND_OK && status != PGRES_TUPLES_OK) {
    throw std::runtime_error(sql + ": " + PQerrorMessage(connection.get()));
  }
}

/// An empty PostgreSQL database, which can be opened again.
class OnPostgresql {
 public:
  OnPostgresql() { administer("CREATE DATABASE " + name); }
  ~OnPostgresql() {
    try {
      administer("DROP DATABASE " + name + " WITH (FORCE)");
    } catch (const std::exception&) {
      // The server goes with the tests, and the database with it.
    }
  }
  OnPostgresql(const OnPostgresql&) = delete;
  OnPostgresql& operator=(const OnPostgresql&) = delete;

  wms::postgresql::Address address() const { return {shared_server().url(name)}; }
  std::unique_ptr<wms::Storage> open() const { return std::make_unique<wms::PostgresqlStorage>(address()); }

  std::unique_ptr<wms::Connection> connect() const {
    return std::make_unique<wms::postgresql::Connection>(address(),
                                                         wms::Deadline::clock::now() + std::chrono::seconds(30));
  }

  const std::string name = "test_" + std::to_string(++count_);

 private:
  static inline std::atomic<int> count_ = 0;
};
