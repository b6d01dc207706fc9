// SPDX-License-Identifier: MIT
#pragma once
/// \file
/// Where a PostgreSQL server is, and as whom it is used.

#include <optional>
#include <string>

namespace wms::postgresql {

struct Address {
  std::string url;                                     ///< postgresql://user@host:port/database
  std::optional<std::string> password = std::nullopt;  ///< without it, libpq looks at PGPASSFILE, PGPASSWORD, ~/.pgpass
};

/// What is wrong with a URL, without repeating it; nothing if it can be used. One that carries a password is wrong: command
/// lines are for everybody to read.
std::optional<std::string> complaint_about(const std::string& url);

}  // namespace wms::postgresql
