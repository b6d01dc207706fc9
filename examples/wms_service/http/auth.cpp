// SPDX-License-Identifier: MIT
#include "http/auth.hpp"

#include <algorithm>
#include <cstddef>
#include <nlohmann/json.hpp>
#include <set>
#include <utility>

#include "domain/ids.hpp"
#include "quoted.hpp"

namespace wms {
namespace {

constexpr std::size_t generated_token_bytes = 24;

std::optional<std::string> member(const nlohmann::json& object, const char* name) {
  const auto found = object.find(name);
  if (found == object.end() || !found->is_string()) return std::nullopt;
  return found->get<std::string>();
}

}  // namespace

bool allows(Role role, Right right) {
  switch (right) {
    case Right::read:
      return true;
    case Right::write_lots:
      return role == Role::operator_ || role == Role::admin;
    case Right::decide_quality:
      return role == Role::inspector || role == Role::admin;
    case Right::administer:
      return role == Role::admin;
  }
  return false;
}

bool same_secret(std::string_view a, std::string_view b) {
  if (a.size() != b.size()) return false;  // the length of a token is no secret
  unsigned char difference = 0;
  for (std::size_t i = 0; i < a.size(); ++i) {
    difference =
        static_cast<unsigned char>(difference | (static_cast<unsigned char>(a[i]) ^ static_cast<unsigned char>(b[i])));
  }
  return static_cast<volatile unsigned char&>(difference) == 0;
}

std::optional<std::string_view> bearer_token(std::string_view authorization) {
  constexpr std::string_view scheme = "bearer ";
  if (authorization.size() <= scheme.size()) return std::nullopt;
  const bool is_bearer = std::equal(scheme.begin(), scheme.end(), authorization.begin(), [](char wanted, char c) {
    return wanted == (c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c);
  });
  if (!is_bearer) return std::nullopt;
  authorization.remove_prefix(std::min(authorization.find_first_not_of(' ', scheme.size()), authorization.size()));
  return authorization;
}

bool is_token(std::string_view text) {
  constexpr std::string_view others = "-._~+/=";
  return !text.empty() && std::all_of(text.begin(), text.end(), [&](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           others.find(c) != std::string_view::npos;
  });
}

Result<Tokens, Tokens::Invalid> Tokens::from_json(std::string_view text) {
  const nlohmann::json list = nlohmann::json::parse(text, nullptr, false);
  if (!list.is_array() || list.empty())
    return Invalid{"must be a JSON array with at least one {token, operator, role}"};
  std::vector<Entry> entries;
  std::set<std::string> seen;
  for (const auto& item : list) {
    const std::string where = "entry " + std::to_string(entries.size() + 1) + ": ";
    if (!item.is_object() || item.size() != 3) return Invalid{where + "must be an object of token, operator and role"};
    const auto token = member(item, "token");
    const auto name = member(item, "operator");
    const auto role = member(item, "role");
    if (!token || !is_token(*token))
      return Invalid{where + "token must be a text of letters, digits and - . _ ~ + / ="};
    if (!seen.insert(*token).second) return Invalid{where + "the same token stands in an entry before"};
    if (!name || name->empty()) return Invalid{where + "operator must be a text that is not empty"};
    const auto known_role = role ? parse<Role>(*role) : std::nullopt;
    if (!known_role) {
      return Invalid{where + "role must be one of viewer, operator, inspector, admin" +
                     (role ? ", not " + in_quotes(*role) : "")};
    }
    entries.push_back({*token, {*name, *known_role}});
  }
  return Tokens(std::move(entries));
}

Tokens Tokens::generate() {
  std::vector<Entry> entries;
  for (const Name<Role>& role : names(Role{})) {
    entries.push_back({random_hex(generated_token_bytes), {std::string(role.text), role.value}});
  }
  return Tokens(std::move(entries));
}

const Identity* Tokens::find(std::string_view token) const {
  const Identity* found = nullptr;
  for (const Entry& entry : entries_) {
    if (same_secret(entry.token, token)) found = &entry.identity;
  }
  return found;
}

}  // namespace wms
