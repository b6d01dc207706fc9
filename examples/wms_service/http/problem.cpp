// SPDX-License-Identifier: MIT
#include "http/problem.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>

namespace wms {
namespace {

// How many errors make up the detail, which people read; programs have the list.
constexpr std::size_t errors_in_detail = 5;

// The service recovers by itself as soon as the database does, and soon gives back the keys of requests that it failed.
constexpr const char* retry_after_seconds = "2";

/// Chooses an answer for each kind of refusal; one that is forgotten does not compile.
struct RefusalAnswer {
  Problem operator()(const LotNotFound& why) const {
    return {404, "urn:wms:problem:lot-not-found", "No such lot", "lot_id: there is no lot " + why.lot_id};
  }
  Problem operator()(const RunNotFound& why) const {
    return {404, "urn:wms:problem:run-not-found", "No such production run",
            "run_id: there is no production run " + why.run_id};
  }
  Problem operator()(const TransitionNotAllowed& why) const {
    return {409, "urn:wms:problem:transition-not-allowed", "Transition not allowed",
            "to: a run that is " + std::string(text_of(why.from)) + " cannot become " + std::string(text_of(why.to))};
  }
  Problem operator()(const LotCodeTaken& why) const {
    const std::string message = "lot_code: " + why.code + " is taken";
    return {409, "urn:wms:problem:lot-code-taken", "Lot code taken", message, {{"lot_code", "unique", "is taken"}}};
  }
  Problem operator()(const SyncLotNotFound& why) const {
    return {404, "urn:wms:problem:sync-lot-not-found", "No such lot",
            "client_id: no lot was sent with the client_id " + why.client_id};
  }
  Problem operator()(const ClientIdTaken& why) const {
    const std::string message = "another lot was sent with the client_id " + why.client_id;
    return {409,
            "urn:wms:problem:client-id-taken",
            "Client identifier taken",
            why.field + ": " + message,
            {{why.field, "unique", message}}};
  }
  Problem operator()(const KeyInFlight&) const {
    Problem problem{409, "urn:wms:problem:request-in-flight", "Request in flight",
                    "a request with this Idempotency-Key is being answered; send it again a little later"};
    problem.headers = {{"Retry-After", retry_after_seconds}};
    return problem;
  }
  Problem operator()(const KeyOfAnotherRequest&) const {
    return {422,
            "urn:wms:problem:idempotency-key-reused",
            "Idempotency key reused",
            "this Idempotency-Key was used for another request; make a new one for each",
            {{"Idempotency-Key", "unique", "was used for another request"}}};
  }
  Problem operator()(const UnknownReference& why) const {
    return problems::invalid(Entity::lot, {{why.field, "exists", why.message}});
  }
  Problem operator()(const RuleViolated& why) const {
    Problem problem{409, "urn:wms:problem:business-rule", "Business rule violated", why.field + ": " + why.message};
    problem.rule = why.rule;
    return problem;
  }
  Problem operator()(const TraceTooLarge& why) const {
    return problems::invalid(Entity::trace_query, {{"max_depth", "too_many_lots",
                                                    "more than " + std::to_string(why.limits.lots) +
                                                        " lots are connected, or " + std::to_string(why.limits.uses) +
                                                        " times one went into another; ask for a smaller max_depth"}});
  }
  Problem operator()(const Unavailable& why) const {
    Problem problem{503, "urn:wms:problem:database-unavailable", "Database unavailable",
                    "the database does not answer or cannot take more at the moment; nothing was changed"};
    problem.headers = {{"Retry-After", retry_after_seconds}};
    problem.cause = why.reason;
    return problem;
  }
  Problem operator()(const OutcomeUnknown& why) const {
    Problem problem{
        503, "urn:wms:problem:outcome-unknown", "Outcome unknown",
        "the database was lost at the moment of writing: this may have been done, or not; look before it is "
        "sent again"};
    problem.headers = {{"Retry-After", retry_after_seconds}};
    problem.cause = why.reason;
    return problem;
  }
};

}  // namespace

std::string Problem::to_json(std::string_view request_id) const {
  nlohmann::ordered_json document{
      {"type", type}, {"title", title}, {"status", status}, {"detail", detail}, {"request_id", request_id}};
  if (rule) document["rule"] = text_of(*rule);
  for (const FieldError& error : errors) {
    document["errors"].push_back({{"field", error.field}, {"rule", error.rule}, {"message", error.message}});
  }
  // What a client sent may come back to it here, in whatever encoding.
  return document.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

namespace problems {

Problem refused(const Refusal& refusal) { return std::visit(RefusalAnswer{}, refusal); }

Problem bad_json(std::size_t position, std::string_view what) {
  return {400, "urn:wms:problem:bad-json", "Bad JSON",
          "at byte " + std::to_string(position) + ": " + std::string(what)};
}

Problem invalid(Entity entity, std::vector<FieldError> errors) {
  const bool too_many = errors.size() > most_errors;
  if (too_many) errors.resize(most_errors);
  std::string detail;
  for (std::size_t i = 0; i < std::min(errors.size(), errors_in_detail); ++i) {
    detail += (detail.empty() ? "" : "; ") + errors[i].field + ": " + errors[i].message;
  }
  if (errors.size() > errors_in_detail) {
    detail += "; and " + std::string(too_many ? "more than " : "") + std::to_string(errors.size() - errors_in_detail) +
              " other errors";
  }
  return {422, "urn:wms:problem:validation", "Validation failed", std::move(detail), std::move(errors), entity};
}

Problem token_missing() {
  Problem problem{401, "about:blank", "Unauthorized", "send a token: Authorization: Bearer <token>"};
  problem.headers = {{"WWW-Authenticate", "Bearer realm=\"wms\""}};
  return problem;
}

Problem token_unknown() {
  Problem problem{401, "about:blank", "Unauthorized", "the token is not known"};
  problem.headers = {{"WWW-Authenticate", "Bearer realm=\"wms\", error=\"invalid_token\""}};
  return problem;
}

Problem forbidden(std::string_view what) { return {403, "about:blank", "Forbidden", std::string(what)}; }

Problem no_such_route() { return {404, "about:blank", "Not Found", "there is nothing at this path"}; }

Problem method_not_allowed(const std::string& allowed) {
  Problem problem{405, "about:blank", "Method Not Allowed", "this path takes " + allowed};
  problem.headers = {{"Allow", allowed}};
  return problem;
}

Problem bad_request(std::string_view what) { return {400, "about:blank", "Bad Request", std::string(what)}; }

Problem request_too_slow() { return {408, "about:blank", "Request Timeout", "the request did not arrive in time"}; }

Problem too_many_requests(LimitedRoute route, int limit, std::chrono::seconds wait) {
  const std::string seconds = std::to_string(wait.count());
  Problem problem{429, "about:blank", "Too Many Requests",
                  "this takes " + std::to_string(limit) + " requests a minute; try again in " + seconds + " s"};
  problem.limited = route;
  problem.headers = {{"Retry-After", seconds}};
  return problem;
}

namespace {
Problem too_much_at_once(const char* detail) {
  Problem problem{503, "about:blank", "Service Unavailable", detail};
  problem.headers = {{"Retry-After", retry_after_seconds}};
  return problem;
}
}  // namespace
Problem too_many_pages() { return too_much_at_once("too many pages are being made at once"); }
Problem too_many_bodies() {
  return too_much_at_once("the requests that are being received have too much in them; nothing was changed");
}

Problem length_required() {
  return {411, "about:blank", "Length Required", "send the body with a Content-Length or in chunks"};
}

Problem body_too_large(std::size_t limit) {
  // RFC 9110 renamed it; the status line is cpp-httplib's, which keeps the older name, and one answer has one.
  return {413, "about:blank", "Payload Too Large", "a body has at most " + std::to_string(limit) + " bytes"};
}

Problem body_encoding_unsupported() {
  return {415, "about:blank", "Unsupported Media Type", "send JSON as it is, neither compressed nor in parts"};
}

Problem head_too_large() {
  return {431, "about:blank", "Request Header Fields Too Large", "the request line and the headers are too long"};
}

Problem internal(std::string cause) {
  Problem problem{500, "about:blank", "Internal Server Error",
                  "this is a mistake of the service; the request_id finds it in its log"};
  problem.cause = std::move(cause);
  return problem;
}

Problem of_status(int status) {
  switch (status) {
    case 404:
      return no_such_route();
    case 414:
      return {414, "about:blank", "URI Too Long", "the request's target is too long"};
    case 416:
      return {416, "about:blank", "Range Not Satisfiable", "the Range header cannot be read"};
    default:
      return {status, "about:blank", status < 500 ? "Bad Request" : "Internal Server Error",
              status < 500 ? "this is not a well-formed HTTP request" : "this is a mistake of the service"};
  }
}

}  // namespace problems
}  // namespace wms
