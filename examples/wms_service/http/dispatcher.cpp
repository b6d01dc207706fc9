// SPDX-License-Identifier: MIT
#include "http/dispatcher.hpp"

#include <chrono>
#include <exception>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "http/header_names.hpp"
#include "http/request_context.hpp"
#include "log.hpp"

namespace wms {
namespace {

void set_header(httplib::Response& response, const std::string& name, const std::string& value) {
  response.headers.erase(name);
  response.set_header(name, value);
}

/// Whether the server may start to read the body that comes with a request which takes one.
std::optional<Problem> check_body(const httplib::Request& request, const RequestStream& stream) {
  switch (stream.body().kind) {
    case BodyFraming::Kind::none:
      return problems::length_required();
    case BodyFraming::Kind::length:
      if (stream.body().length > stream.limits().body) return problems::body_too_large(stream.limits().body);
      break;
    case BodyFraming::Kind::chunked:
    case BodyFraming::Kind::malformed:
      break;
  }
  // Both would be unpacked by cpp-httplib before anybody can look at them: a kilobyte of gzip may hold a megabyte.
  const bool in_parts = request.get_header_value(header_names::content_type).starts_with("multipart/");
  if (in_parts || request.has_header(header_names::content_encoding)) return problems::body_encoding_unsupported();
  return std::nullopt;
}

/// Who sent the page that asks, if a browser says so; two at once are nobody.
std::string origin_of(const httplib::Request& request) {
  return request.get_header_value_count(header_names::origin) == 1 ? request.get_header_value(header_names::origin)
                                                                   : std::string();
}

/// Two of them are one with a comma and a blank, as of any header, and so no key.
std::optional<std::string> idempotency_key_of(const httplib::Request& request) {
  std::optional<std::string> key;
  const auto [begin, end] = request.headers.equal_range(header_names::idempotency_key);
  for (auto header = begin; header != end; ++header) key = key ? *key + ", " + header->second : header->second;
  return key;
}

/// The name of the one parameter that a path has, if it has one: lot_id of /api/lots/{lot_id}.
std::string_view parameter_of(std::string_view path) {
  const std::size_t begin = path.find('{');
  return begin == std::string_view::npos ? std::string_view() : path.substr(begin + 1, path.find('}') - begin - 1);
}

void write_access_log(const httplib::Request& request, const httplib::Response& response) {
  const RequestContext& context = RequestContext::current();
  // Probes and scrapes come every few seconds for ever.
  const bool is_probe = request.path == "/metrics" || request.path.starts_with("/health");
  const log::Level level = response.status >= 500              ? log::Level::error
                           : is_probe && response.status < 400 ? log::Level::debug
                                                               : log::Level::info;
  if (!log::enabled(level)) return;
  const std::chrono::duration<double, std::milli> took = std::chrono::steady_clock::now() - context.started;
  std::string client;  // who is connected; behind a proxy that is the proxy, which has a log of its own
  int port = 0;
  context.stream.get_remote_ip_and_port(client, port);
  std::vector<log::Field> fields{{"request_id", context.id},
                                 {"method", request.method},
                                 {"path", request.path.empty() ? request.target : request.path},
                                 {"status", response.status},
                                 {"duration_ms", took.count()},
                                 {"client", client}};
  if (context.caller != nullptr) fields.push_back({"operator", context.caller->operator_name});
  if (!context.cause.empty()) fields.push_back({"cause", context.cause});
  log::write(level, "request", fields);
}

}  // namespace

Dispatcher::Dispatcher(Server& server, const RouteTable& routes, const Tokens& tokens, RateLimiter& rate_limiter,
                       Metrics& metrics, OnCaller on_caller, Cors cors,
                       const flowviz::bundles::HttpServerOptions& counting)
    : http_(server, metrics.registry, counting),
      server_(server),
      routes_(routes),
      tokens_(tokens),
      rate_limiter_(rate_limiter),
      metrics_(metrics),
      on_caller_(std::move(on_caller)),
      cors_(std::move(cors)) {
  register_routes();
  set_hooks();
}

void Dispatcher::register_routes() {
  for (const Route& route : routes_.routes()) {
    const auto handler = [this, &route](const httplib::Request& request, httplib::Response& response) {
      handle(route, request, response);
    };
    if (route.method == "GET") {
      http_.Get(route.path.text(), handler);
    } else {
      http_.Post(route.path.text(), handler);
    }
  }
}

void Dispatcher::set_hooks() {
  http_.set_pre_routing_handler([this](const httplib::Request& request, httplib::Response& response) {
    if (answer_preflight(request, response)) return httplib::Server::HandlerResponse::Handled;
    const auto problem = admit(request);
    if (!problem) return httplib::Server::HandlerResponse::Unhandled;
    respond(*problem, response);
    return httplib::Server::HandlerResponse::Handled;
  });

  http_.set_exception_handler(
      [this](const httplib::Request&, httplib::Response& response, const std::exception_ptr& thrown) {
        try {
          std::rethrow_exception(thrown);
        } catch (const std::exception& error) {
          respond(problems::internal(error.what()), response);
        } catch (...) {
          respond(problems::internal("an exception of unknown type"), response);
        }
      });

  http_.set_error_handler(
      httplib::Server::Handler([this](const httplib::Request& request, httplib::Response& response) {
        if (response.body.empty()) respond(explain(request, response), response);
      }));

  http_.set_post_routing_handler([this](const httplib::Request& request, httplib::Response& response) {
    const RequestContext& context = RequestContext::current();
    set_header(response, header_names::request_id, context.id);
    for (const auto& [name, value] : cors_.of_answer(origin_of(request))) set_header(response, name, value);
    if (!context.stream.can_go_on()) set_header(response, header_names::connection, "close");
    if (response.status == 204) response.headers.erase(header_names::content_length);  // RFC 9110, 8.6
    // What cpp-httplib says of itself, which is not what the listener does.
    response.headers.erase(header_names::keep_alive);
    response.headers.erase(header_names::accept_ranges);
  });

  http_.set_logger(write_access_log);

  server_.set_expect_100_continue_handler([](const httplib::Request&, httplib::Response& response) {
    const RequestStream& stream = RequestContext::current().stream;
    if (stream.body().length <= stream.limits().body) return 100;
    return response.status = 413;
  });
}

bool Dispatcher::answer_preflight(const httplib::Request& request, httplib::Response& response) const {
  if (request.method != "OPTIONS" || !request.has_header(header_names::request_method) ||
      !cors_.allows(origin_of(request))) {
    return false;
  }
  const RouteTable::Match match = routes_.match(request.method, request.path);
  if (match.allowed.empty()) return false;
  for (const auto& [name, value] : Cors::of_preflight(match.allowed)) set_header(response, name, value);
  response.status = 204;
  return true;
}

std::optional<Problem> Dispatcher::admit(const httplib::Request& request) {
  RequestContext& context = RequestContext::current();
  if (context.stream.head().broken()) {
    return problems::bad_request("a header is a name, a colon directly behind it, and a value, all on one line");
  }
  if (context.stream.body().kind == BodyFraming::Kind::malformed) {
    return problems::bad_request("the length of the body cannot be told from Content-Length and Transfer-Encoding");
  }
  const RouteTable::Match match = routes_.match(request.method, request.path);
  if (match.allowed.empty()) return problems::no_such_route();
  if (match.route == nullptr) return problems::method_not_allowed(match.allowed);

  if (match.route->right) {
    if (auto problem = admit_caller(*match.route, request)) return problem;
  }
  if (match.route->method != "POST") return std::nullopt;
  if (auto problem = check_body(request, context.stream)) return problem;
  const BodyFraming& body = context.stream.body();
  const ConnectionLimits& limits = context.stream.limits();
  context.body = bodies_.take(body.kind == BodyFraming::Kind::length ? body.length : limits.body, limits.bodies);
  if (!context.body) return problems::too_many_bodies();
  return std::nullopt;
}

std::optional<Problem> Dispatcher::admit_caller(const Route& route, const httplib::Request& request) {
  RequestContext& context = RequestContext::current();
  const std::string authorization = request.get_header_value(header_names::authorization);
  const auto token = bearer_token(authorization);
  if (!token) return problems::token_missing();
  context.caller = tokens_.find(*token);
  if (context.caller == nullptr) return problems::token_unknown();
  on_caller_(context.caller->operator_name);
  if (!allows(context.caller->role, *route.right)) {
    return problems::forbidden("the role " + std::string(text_of(context.caller->role)) + " may not do this");
  }
  if (!route.limit) return std::nullopt;
  const auto wait = rate_limiter_.refuse(context.caller->operator_name, *route.limit, std::chrono::steady_clock::now(),
                                         context.deadline());
  if (!wait) return std::nullopt;
  return problems::too_many_requests(*route.limit, rate_limiter_.limits().of(*route.limit), *wait);
}

void Dispatcher::handle(const Route& route, const httplib::Request& request, httplib::Response& response) {
  RequestContext& context = RequestContext::current();
  const std::string_view parameter = parameter_of(route.path.text());
  const Call call{parameter.empty() ? std::string() : flowviz::httplib::path_param(request, parameter),
                  request.params,
                  request.body,
                  request.get_header_value(header_names::accept),
                  request.get_header_value(header_names::authorization),
                  context.caller == nullptr ? std::string_view() : context.caller->operator_name,
                  context.deadline(),
                  idempotency_key_of(request),
                  {},
                  request.get_header_value(header_names::scrape_timeout),
                  context.accept_encoding};
  const auto answer = route.handler(call);
  if (!answer) return respond(answer.error(), response);
  response.status = answer->status;
  for (const auto& [name, value] : answer->headers) response.set_header(name, value);
  response.set_content(answer->body, answer->content_type);
}

void Dispatcher::respond(const Problem& problem, httplib::Response& response) {
  RequestContext& context = RequestContext::current();
  metrics_.count(problem);
  context.cause = problem.cause;
  response.status = problem.status;
  for (const auto& [name, value] : problem.headers) response.set_header(name, value);
  response.set_content(problem.to_json(context.id), problem_content_type);
}

Problem Dispatcher::explain(const httplib::Request& request, const httplib::Response& response) const {
  const RequestStream& stream = RequestContext::current().stream;
  if (response.status == 414) return problems::of_status(414);
  switch (stream.cut()) {
    case RequestStream::Cut::too_slow:
      return problems::request_too_slow();
    case RequestStream::Cut::head_too_large:
      return problems::head_too_large();
    case RequestStream::Cut::body_too_large:
      return problems::body_too_large(stream.limits().body);
    case RequestStream::Cut::no:
    case RequestStream::Cut::closed_by_client:
      break;
  }
  if (response.status == 413) return problems::body_too_large(stream.limits().body);
  // A method that cpp-httplib does not know: it has not looked at the target.
  if (response.status == 400 && request.path.empty() && request.target.starts_with('/') &&
      request.version == "HTTP/1.1") {
    const RouteTable::Match match = routes_.match(request.method, request.target.substr(0, request.target.find('?')));
    return match.allowed.empty() ? problems::no_such_route() : problems::method_not_allowed(match.allowed);
  }
  return problems::of_status(response.status);
}

}  // namespace wms
