// SPDX-License-Identifier: MIT
#pragma once
/// \file
/// Between cpp-httplib and the handlers: checks who is asking and what is about to be sent before it is read, calls
/// the handler, and turns what comes back into a response. Here the server is instrumented.

#include <flowviz_metrics/adapters/httplib.hpp>
#include <functional>
#include <optional>
#include <string>

#include "http/body_room.hpp"
#include "http/call.hpp"
#include "http/cors.hpp"
#include "http/rate_limiter.hpp"
#include "http/routes.hpp"
#include "http/server.hpp"
#include "metrics.hpp"

namespace wms {

class Dispatcher {
 public:
  /// Called with the operator's name for each request whose token was accepted.
  using OnCaller = std::function<void(const std::string& operator_name)>;

  /// Lets `server` answer with these routes, and counts its requests as `counting` says. All arguments live as long as the dispatcher.
  Dispatcher(Server& server, const RouteTable& routes, const Tokens& tokens, RateLimiter& rate_limiter,
             Metrics& metrics, OnCaller on_caller, Cors cors = {},
             const flowviz::bundles::HttpServerOptions& counting = {});

 private:
  void register_routes();
  void set_hooks();

  /// Whether a browser asks what a page that may use the API may send; it is answered then.
  bool answer_preflight(const httplib::Request& request, httplib::Response& response) const;
  /// Before the body is read: a problem, if the request goes no further.
  std::optional<Problem> admit(const httplib::Request& request);
  /// Who is asking, whether they may, and whether it is not too often.
  std::optional<Problem> admit_caller(const Route& route, const httplib::Request& request);
  void handle(const Route& route, const httplib::Request& request, httplib::Response& response);
  void respond(const Problem& problem, httplib::Response& response);
  /// What cpp-httplib refuses by itself is told in the same form as everything else.
  Problem explain(const httplib::Request& request, const httplib::Response& response) const;

  flowviz::httplib::Instrument http_;
  Server& server_;
  const RouteTable& routes_;
  const Tokens& tokens_;
  RateLimiter& rate_limiter_;
  Metrics& metrics_;
  OnCaller on_caller_;
  const Cors cors_;
  BodyRoom bodies_;
};

}  // namespace wms
