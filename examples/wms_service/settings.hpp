// SPDX-License-Identifier: MIT
#pragma once
/// \file
/// What can be set from outside: by flag, else by environment variable, else by default. Settings are complete and
/// checked before anything starts.

#include <functional>
#include <optional>
#include <span>
#include <string>
#include <variant>

#include "app_options.hpp"
#include "domain/result.hpp"
#include "http/auth.hpp"
#include "http/listener.hpp"
#include "log.hpp"
#include "storage/connection_pool.hpp"
#include "storage/postgresql_address.hpp"

namespace wms {

struct Settings {
  std::string sqlite_path;         ///< of the file; empty when the database is a PostgreSQL server
  postgresql::Address postgresql;  ///< of the server
  PoolOptions pool;
  std::string database_origin;  ///< the flag or variable that named it, for messages
  Address listen;
  Address metrics_listen;
  std::optional<Tokens> tokens;  ///< without them, the service makes its own
  std::optional<std::string> metrics_token;
  log::Level log_level = log::Level::info;
  std::string time_zone;  ///< the plant's; one that the system knows
  AppOptions app;
  bool describe = false;  ///< print the catalogue of the metrics instead of serving

  /// Asked for instead of a start: --help or --version.
  struct Print {
    std::string text;
  };
  struct Wrong {
    std::string message;  ///< one line
  };
  using Environment = std::function<const char*(const char* name)>;

  /// `arguments` are those after the program's name; `environment` gives the value of a variable, or null.
  static Result<Settings, std::variant<Print, Wrong>> from(std::span<const char* const> arguments,
                                                           const Environment& environment);
};

}  // namespace wms
