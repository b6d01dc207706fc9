// SPDX-License-Identifier: MIT
#pragma once
/// \file
/// How the schema came to be, step by step, in SQL that SQLite and PostgreSQL both take. A step that was released is
/// never changed; what comes next is a new step.

#include <span>

#include "storage/connection.hpp"
#include "storage/statements.hpp"

namespace wms {

struct Migration {
  int number;  ///< from 1, without gaps
  const char* name;
  const char* sql;
};

std::span<const Migration> migrations();

/// Takes the steps that the database has not taken yet, all or none, under a lock: whoever comes meanwhile waits and
/// finds nothing to do. Throws std::runtime_error if the database is ahead of this program.
void migrate(Connection& db, const Statements& statements);

}  // namespace wms
