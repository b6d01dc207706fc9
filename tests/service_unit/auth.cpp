// SPDX-License-Identifier: MIT
#include "http/auth.hpp"

#include <doctest/doctest.h>

#include <set>
#include <string>
#include <string_view>

using namespace wms;

TEST_CASE("each role has the rights that the contract gives it") {
  const struct {
    Role role;
    bool read, write_lots, decide_quality;
  } cases[] = {{Role::viewer, true, false, false},
               {Role::operator_, true, true, false},
               {Role::inspector, true, false, true},
               {Role::admin, true, true, true}};
  for (const auto& c : cases) {
    CAPTURE(text_of(c.role));
    CHECK(allows(c.role, Right::read) == c.read);
    CHECK(allows(c.role, Right::write_lots) == c.write_lots);
    CHECK(allows(c.role, Right::decide_quality) == c.decide_quality);
  }
}

TEST_CASE("secrets are the same only if every byte is") {
  CHECK(same_secret("", ""));
  CHECK(same_secret("abc", "abc"));
  for (const char* other : {"", "ab", "abd", "xbc", "axc", "abcd", "ABC"}) CHECK_FALSE(same_secret("abc", other));
  CHECK_FALSE(same_secret(std::string_view("a\0b", 3), std::string_view("a\0c", 3)));
}

TEST_CASE("the token stands after the scheme") {
  const struct {
    const char* header;
    std::optional<std::string_view> token;
  } cases[] = {{"Bearer abc", "abc"},      {"bearer abc", "abc"},       {"BEARER   abc", "abc"},
               {"Bearer a b", "a b"},      {"", std::nullopt},          {"Bearer", std::nullopt},
               {"Bearer ", std::nullopt},  {"Basic abc", std::nullopt}, {"abc", std::nullopt},
               {"Bearerabc", std::nullopt}};
  for (const auto& c : cases) {
    CAPTURE(c.header);
    CHECK(bearer_token(c.header) == c.token);
  }
}

TEST_CASE("a tokens file says who is who") {
  const auto tokens = Tokens::from_json(
      R"([{"token": "t-1", "operator": "ada", "role": "admin"},
          {"operator": "vera", "role": "viewer", "token": "t-2"}])");
  REQUIRE(tokens);
  REQUIRE(tokens->find("t-1") != nullptr);
  CHECK(tokens->find("t-1")->operator_name == "ada");
  CHECK(tokens->find("t-1")->role == Role::admin);
  CHECK(tokens->find("t-2")->role == Role::viewer);
  for (const char* unknown : {"", "t-", "t-3", "t-11", "T-1"}) CHECK(tokens->find(unknown) == nullptr);
}

TEST_CASE("a tokens file with a mistake is refused, and the mistake is named") {
  const struct {
    const char* json;
    const char* named;
  } cases[] = {
      {"", "array"},
      {"{}", "array"},
      {"[]", "array"},
      {"[{", "array"},
      {R"([5])", "entry 1"},
      {R"([{"token": "t", "operator": "a"}])", "entry 1"},
      {R"([{"token": "t", "operator": "a", "role": "viewer", "more": 1}])", "entry 1"},
      {R"([{"token": "", "operator": "a", "role": "viewer"}])", "token"},
      {R"([{"token": "a b", "operator": "a", "role": "viewer"}])", "token"},
      {R"([{"token": 5, "operator": "a", "role": "viewer"}])", "token"},
      {R"([{"token": "t", "operator": "", "role": "viewer"}])", "operator"},
      {R"([{"token": "t", "operator": "a", "role": "king"}])", "king"},
      {R"([{"token": "t", "operator": "a", "role": null}])", "role"},
      {R"([{"token": "t", "operator": "a", "role": "viewer"}, {"token": "t", "operator": "b", "role": "viewer"}])",
       "entry 2"},
  };
  for (const auto& c : cases) {
    CAPTURE(c.json);
    const auto tokens = Tokens::from_json(c.json);
    REQUIRE_FALSE(tokens);
    CAPTURE(tokens.error().reason);
    CHECK(tokens.error().reason.find(c.named) != std::string::npos);
  }
}

TEST_CASE("tokens that the service makes are one for each role, long, and new each time") {
  std::set<std::string> seen;
  for (int i = 0; i < 2; ++i) {
    const Tokens tokens = Tokens::generate();
    REQUIRE(tokens.entries().size() == 4);
    std::set<Role> roles;
    for (const Tokens::Entry& entry : tokens.entries()) {
      CHECK(entry.token.size() >= 32);
      CHECK(is_token(entry.token));
      CHECK(tokens.find(entry.token)->role == entry.identity.role);
      CHECK(text_of(entry.identity.role) == entry.identity.operator_name);
      roles.insert(entry.identity.role);
      seen.insert(entry.token);
    }
    CHECK(roles.size() == 4);
  }
  CHECK(seen.size() == 8);
}
