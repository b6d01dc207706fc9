// SPDX-License-Identifier: MIT
#pragma once
/// \file
/// What differs between the releases of cpp-httplib, or can be had of none by asking. For httplib.hpp; not to be named.

#include <httplib.h>

#include <cstdint>
#include <string_view>

#include <flowviz_metrics/version.hpp>

FLOWVIZ_METRICS_BEGIN
namespace httplib::release {

using Server = ::httplib::Server;

// The server has setters for its hooks and no getters, so one that was set before could not be called on. The one way
// past `private` is a member's name in an explicit instantiation, where the language does not check access.
struct PreRouting {
  using Hook = Server::HandlerWithResponse;
  friend Hook& hook_of(Server& server, PreRouting);
};
struct PostRouting {
  using Hook = Server::Handler;
  friend Hook& hook_of(Server& server, PostRouting);
};
template <class Which, typename Which::Hook Server::* Member>
struct Access {
  friend typename Which::Hook& hook_of(Server& server, Which) { return server.*Member; }
};
template struct Access<PreRouting, &Server::pre_routing_handler_>;
template struct Access<PostRouting, &Server::post_routing_handler_>;

/// The pattern of the route that took the request, if the release says so.
template <class Request>
std::string_view matched_route(const Request& request) noexcept {
  if constexpr (requires { request.matched_route; }) {
    return request.matched_route;
  } else {
    return {};
  }
}

/// Whether the request may become a session of another protocol, which ends without an answer.
template <class AnyServer, class Request>
bool may_change_protocol(const Request& request) {
  if constexpr (requires { typename AnyServer::WebSocketHandler; }) {
    return request.has_header("Upgrade");
  } else {
    return false;
  }
}

/// The bytes of the body, as far as they were read into the request.
template <class Request>
std::uint64_t body_size(const Request& request) {
  std::uint64_t size = request.body.size();
  const auto add = [&size](const auto& parts) {
    for (const auto& part : parts) size += part.second.content.size();
  };
  if constexpr (requires { request.form; }) {
    add(request.form.fields);
    add(request.form.files);
  } else {
    add(request.files);
  }
  return size;
}

}  // namespace httplib::release
FLOWVIZ_METRICS_END
