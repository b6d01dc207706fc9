// SPDX-License-Identifier: MIT
#pragma once
/// \file
/// Who is asking, and what they may do.

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "domain/names.hpp"
#include "domain/result.hpp"

namespace wms {

enum class Role { viewer, operator_, inspector, admin };
constexpr Names<Role, 4> names(Role) {
  return {{{Role::viewer, "viewer"},
           {Role::operator_, "operator"},
           {Role::inspector, "inspector"},
           {Role::admin, "admin"}}};
}

enum class Right { read, write_lots, decide_quality, administer };

bool allows(Role role, Right right);

struct Identity {
  std::string operator_name;
  Role role = Role::viewer;
};

/// Whether two secrets are the same, in a time that tells nothing about where they differ.
bool same_secret(std::string_view a, std::string_view b);

/// Whether `text` can be a token (RFC 6750).
bool is_token(std::string_view text);

/// The token of an `Authorization: Bearer` header.
std::optional<std::string_view> bearer_token(std::string_view authorization);

/// The tokens that the service accepts. Does not change once it is made.
class Tokens {
 public:
  struct Entry {
    std::string token;
    Identity identity;
  };
  struct Invalid {
    std::string reason;
  };

  explicit Tokens(std::vector<Entry> entries) : entries_(std::move(entries)) {}

  /// Out of a JSON array of {token, operator, role}.
  static Result<Tokens, Invalid> from_json(std::string_view text);
  /// New ones, one for each role; the operator is called like the role.
  static Tokens generate();

  /// Whose token this is, or null. Looks at every token, in constant time for tokens of one length.
  const Identity* find(std::string_view token) const;

  const std::vector<Entry>& entries() const { return entries_; }

 private:
  std::vector<Entry> entries_;
};

}  // namespace wms
