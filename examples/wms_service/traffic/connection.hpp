// SPDX-License-Identifier: MIT
#pragma once

// One kept-alive connection to the service, and what came back on it.

#include <chrono>
#include <memory>
#include <optional>
#include <string>

#include "options.hpp"
#include "plant.hpp"

// The library declares its client in one large header: keep it out of the other files.
namespace httplib {
class Client;
}

namespace wms_traffic {

enum class Outcome {
  answered,
  never_sent,  // no connection could be made, so the service cannot have seen it
  unknown      // the connection broke after sending: the service may or may not have done it
};

struct Answer {
  Outcome outcome = Outcome::unknown;
  int status = 0;
  std::string body;
  std::string fault;  // what in the head of the answer is not what the contract says, or why there is none
};

/// Why no connection to the service can be made; nothing if one could, which was closed again with nothing sent.
std::optional<std::string> connection_fault(const Options& options);

class Connection {
 public:
  explicit Connection(const Options& options);
  ~Connection();
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  /// Sends one request and waits for its answer, 15 seconds at most.
  Answer send(const Step& step);

 private:
  std::unique_ptr<httplib::Client> client_;
  std::chrono::steady_clock::time_point last_used_;
  std::chrono::steady_clock::duration safe_idle_time_;
};

}  // namespace wms_traffic
