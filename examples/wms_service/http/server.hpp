// SPDX-License-Identifier: MIT
#pragma once
/// \file
/// cpp-httplib's server, used for what it does well: it parses requests, finds their handlers and writes the answers.
/// Sockets, threads and deadlines are the listener's (listener.hpp).

#include <httplib.h>

#include "http/request_stream.hpp"

namespace wms {

class Server : public httplib::Server {
 public:
  /// Answers one request, whose first byte is there. `last`: the connection ends with it. Returns whether the
  /// connection goes on.
  bool answer(RequestStream& stream, bool last);
};

}  // namespace wms
