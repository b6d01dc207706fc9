// SPDX-License-Identifier: MIT
#include "storage/postgresql_address.hpp"

#include <libpq-fe.h>

#include <string_view>

namespace wms::postgresql {

std::optional<std::string> complaint_about(const std::string& url) {
  char* complaint = nullptr;  // not told, for it repeats the URL
  PQconninfoOption* const options = PQconninfoParse(url.c_str(), &complaint);
  PQfreemem(complaint);
  if (options == nullptr) return "is no well-formed URL";
  std::optional<std::string> wrong;
  for (const PQconninfoOption* option = options; option->keyword != nullptr; ++option) {
    if (std::string_view(option->keyword) == "password" && option->val != nullptr) {
      wrong = "must not hold a password: others can read it there; use --database-password-file or PGPASSFILE";
    }
  }
  PQconninfoFree(options);
  return wrong;
}

}  // namespace wms::postgresql
