// SPDX-License-Identifier: MIT
#pragma once

// A client for servers without a port: what a request is answered with, over a pair of sockets.

#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

#include "http/request_stream.hpp"
#include "http/server.hpp"
#include "socket_pair.hpp"

struct Reply {
  int status = 0;
  std::string reason;  ///< what the status line calls the status
  std::map<std::string, std::string> headers;
  std::string body;
  bool goes_on = false;  ///< whether the connection does

  nlohmann::json json() const { return nlohmann::json::parse(body); }
};

/// The first reply in `text`.
inline Reply parse_reply(std::string_view text) {
  Reply reply;
  const auto line = [&] {
    const std::size_t end = text.find("\r\n");
    const std::string_view found = text.substr(0, end);
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 2);
    return std::string(found);
  };
  if (const std::string status = line(); status.size() > 12) {
    reply.status = std::stoi(status.substr(9, 3));
    reply.reason = status.substr(13);
  }
  for (std::string header = line(); !header.empty(); header = line()) {
    const std::size_t colon = header.find(": ");
    reply.headers[header.substr(0, colon)] = header.substr(colon + 2);
  }
  reply.body = text;
  return reply;
}

/// Sends the bytes of one request to `server` and reads its reply. The request has to fit into the sockets' buffers.
inline Reply talk(wms::Server& server, std::string_view bytes, const wms::ConnectionLimits& limits = {}) {
  SocketPair sockets;
  wms::RequestStream stream(sockets.service(), limits);
  sockets.send(bytes);
  Reply reply;
  const bool goes_on = stream.next_request() && server.answer(stream, false);
  reply = parse_reply(sockets.received());
  reply.goes_on = goes_on;
  return reply;
}

/// The same, for a well-formed request. `body` empty: without one.
inline Reply ask(wms::Server& server, const std::string& method, const std::string& target,
                 const std::string& token = "", const std::string& body = "", const std::string& headers = "") {
  std::string bytes = method + " " + target + " HTTP/1.1\r\nHost: x\r\n" + headers;
  if (!token.empty()) bytes += "Authorization: Bearer " + token + "\r\n";
  if (!body.empty()) bytes += "Content-Length: " + std::to_string(body.size()) + "\r\n";
  return talk(server, bytes + "\r\n" + body);
}
