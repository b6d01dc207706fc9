// SPDX-License-Identifier: MIT
#pragma once
/// \file
/// What is known about the request that a thread is working on, beside what cpp-httplib keeps: its hooks get nothing
/// but the request and the response.

#include <chrono>
#include <string>

#include "domain/ids.hpp"
#include "http/auth.hpp"
#include "http/body_room.hpp"
#include "http/request_stream.hpp"

namespace wms {

class RequestContext {
 public:
  explicit RequestContext(RequestStream& from) : stream(from) { current_ = this; }
  ~RequestContext() { current_ = nullptr; }
  RequestContext(const RequestContext&) = delete;
  RequestContext& operator=(const RequestContext&) = delete;

  /// That of the calling thread's request. There is one wherever a hook or a handler runs.
  static RequestContext& current() { return *current_; }

  RequestStream& stream;
  const std::string id = new_id();
  const std::chrono::steady_clock::time_point started = std::chrono::steady_clock::now();
  Deadline deadline() { return {stream.deadline(), &patience}; }

  Patience patience;                 ///< of whoever waits for the answer
  const Identity* caller = nullptr;  ///< once the token was checked
  std::string accept_encoding;       ///< the Accept-Encoding headers, which cpp-httplib does not get to see
  BodyRoom::Share body;              ///< the room that this request's body takes
  std::string cause;                 ///< what went wrong, for the log only

 private:
  static inline thread_local RequestContext* current_ = nullptr;
};

}  // namespace wms
