// SPDX-License-Identifier: MIT
#pragma once
/// \file
/// How the schema came to be, step by step, in SQL that SQLite and PostgreSQL both take. A step that was released is
/// never changed; what comes next is a new step.

#include <span>

namespace wms {

struct Migration {
  int number;  ///< from 1, without gaps
  const char* name;
  const char* sql;
};

std::span<const Migration> migrations();

}  // namespace wms
