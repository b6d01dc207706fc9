// SPDX-License-Identifier: MIT
#pragma once
/// \file
/// What a handler gets, and what it gives back. Handlers know nothing of sockets, tokens and statuses for failures.

#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "domain/result.hpp"
#include "domain/timestamp.hpp"
#include "http/problem.hpp"

namespace wms {

/// What follows the question mark.
using QueryParameters = std::multimap<std::string, std::string>;

/// One request, after its token was checked.
struct Call {
  std::string id;  ///< what stands for the parameter in the path, such as {lot_id}; empty on routes without one
  const QueryParameters& query;
  const std::string& body;
  std::string accept;         ///< the Accept header
  std::string authorization;  ///< the Authorization header
  std::string_view caller;    ///< the operator's name; empty on routes that are open to all
  Deadline deadline;
};

struct Answer {
  int status = 200;
  std::string body;
  std::string content_type = "application/json";
  std::vector<std::pair<std::string, std::string>> headers = {};
};

using Handler = std::function<Result<Answer, Problem>(const Call&)>;

}  // namespace wms
