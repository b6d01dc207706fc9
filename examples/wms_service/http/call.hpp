// SPDX-License-Identifier: MIT
#pragma once
/// \file
/// What a handler gets, and what it gives back. Handlers know nothing of sockets, tokens and statuses for failures.

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "domain/idempotency.hpp"
#include "domain/result.hpp"
#include "domain/timestamp.hpp"
#include "http/problem.hpp"

namespace wms {

/// What follows the question mark.
using QueryParameters = std::multimap<std::string, std::string>;

struct Answer {
  int status = 200;
  std::string body;
  std::string content_type = "application/json";
  std::vector<std::pair<std::string, std::string>> headers = {};  ///< of a POST, Location alone
};

/// One request, after its token was checked.
struct Call {
  std::string id;  ///< what stands for the parameter in the path, such as {lot_id}; empty on routes without one
  const QueryParameters& query;
  const std::string& body;
  std::string accept;         ///< the Accept header
  std::string authorization;  ///< the Authorization header
  std::string_view caller;    ///< the operator's name; empty on routes that are open to all
  Deadline deadline;
  std::optional<std::string> idempotency_key = {};  ///< the Idempotency-Key header
  std::string claim = {};                           ///< of the key, once it is this request's
  std::string scrape_timeout = {};                  ///< the X-Prometheus-Scrape-Timeout-Seconds header
  std::string_view accept_encoding = {};            ///< the Accept-Encoding headers

  /// To be passed to the storage, with how it will be answered.
  template <class T, class MakeAnswer>
  Keep<T> keep(MakeAnswer make_answer) const {
    return {claim, [make_answer](const T& done) {
              const Answer answer = make_answer(done);
              return KeptAnswer{answer.status, answer.body, answer.headers.empty() ? "" : answer.headers[0].second};
            }};
  }
};

using Handler = std::function<Result<Answer, Problem>(const Call&)>;

}  // namespace wms
