// SPDX-License-Identifier: MIT
#pragma once
/// \file
/// What a client is told when something was not done (RFC 9457). The one place where errors become answers: nothing
/// else chooses a status for a failure.

#include <chrono>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "domain/refusal.hpp"
#include "http/entity.hpp"
#include "http/limited_route.hpp"

namespace wms {

/// One field of a request that breaks one rule.
struct FieldError {
  std::string field;  ///< such as inputs[2].quantity_kg
  std::string rule;   ///< such as required, range, unknown
  std::string message;
};

struct Problem {
  int status;
  std::string type = "about:blank";  ///< that is: what the status says
  std::string title;
  std::string detail;
  std::vector<FieldError> errors = {};
  std::optional<Entity> entity = {};  ///< what the errors' fields are of
  std::optional<BusinessRule> rule = {};
  std::optional<LimitedRoute> limited = {};  ///< whose limit was reached
  std::vector<std::pair<std::string, std::string>> headers = {};
  std::string cause = {};  ///< for the log; clients never see it

  /// The document that the client gets.
  std::string to_json(std::string_view request_id) const;
};

inline constexpr const char* problem_content_type = "application/problem+json";

namespace problems {

/// Why the domain or the database refused.
Problem refused(const Refusal& refusal);

Problem bad_json(std::size_t position, std::string_view what);

/// So many errors of one request are told; whoever looks for them need not look further than one more.
inline constexpr std::size_t most_errors = 100;
/// The detail tells the first few of them, and how many there are besides.
Problem invalid(Entity entity, std::vector<FieldError> errors);
Problem token_missing();
Problem token_unknown();
Problem forbidden(std::string_view what);
Problem no_such_route();
Problem method_not_allowed(const std::string& allowed);
Problem bad_request(std::string_view what);
Problem request_too_slow();
/// More requests than `limit` in a minute; the next one will be admitted after `wait`.
Problem too_many_requests(LimitedRoute route, int limit, std::chrono::seconds wait);
/// More pages for Prometheus than are made at once.
Problem too_many_pages();
/// More in the bodies of all requests together than is kept at once.
Problem too_many_bodies();
Problem length_required();
Problem body_too_large(std::size_t limit);
Problem body_encoding_unsupported();
Problem head_too_large();
/// A bug; `cause` is for the log.
Problem internal(std::string cause);
/// For a status that came from somewhere else.
Problem of_status(int status);

}  // namespace problems
}  // namespace wms
