// SPDX-License-Identifier: MIT
#pragma once
/// \file
/// What a database refused, whichever it is, in the terms in which the storage decides what to do about it.

#include <stdexcept>
#include <string>

namespace wms {

enum class Failure {
  mistake,         ///< of the program: not what it was meant to ask
  unavailable,     ///< locked, slow or full; the connection can go on
  lost,            ///< the connection cannot be used again, and perhaps nobody answers at all
  conflict,        ///< another transaction was in the way and won; the whole transaction is worth another try
  unknown_outcome  ///< the connection was lost while a transaction was committed: it may have been, or may yet be
};

/// The message is for logs: it may hold SQL and paths.
class DatabaseError : public std::runtime_error {
 public:
  /// `where`: the statement, the file or the server.
  DatabaseError(Failure failure, const std::string& reason, const std::string& where = "")
      : std::runtime_error(where.empty() ? reason : where + ": " + reason), reason_(reason), failure_(failure) {}

  /// The message without SQL and paths.
  const std::string& reason() const noexcept { return reason_; }
  Failure failure() const noexcept { return failure_; }

  /// Not the fault of whoever asked.
  bool is_unavailable() const noexcept { return failure_ != Failure::mistake; }
  /// The connection cannot be used again.
  bool is_fatal_to_connection() const noexcept {
    return failure_ == Failure::lost || failure_ == Failure::unknown_outcome;
  }

 private:
  std::string reason_;
  Failure failure_;
};

}  // namespace wms
