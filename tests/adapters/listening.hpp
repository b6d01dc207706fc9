// SPDX-License-Identifier: MIT
#pragma once

// Servers of cpp-httplib on loopback, as the tests of adapters have them, and waiting for what they do.

#include <httplib.h>

#include <chrono>
#include <functional>
#include <thread>

#include <doctest/doctest.h>

#include <flowviz_metrics/timer.hpp>

constexpr auto deadline = std::chrono::seconds(60);

inline bool wait_until(const std::function<bool()>& condition) {
  for (const flowviz::Stopwatch watch; watch.elapsed() < deadline; std::this_thread::yield()) {
    if (condition()) return true;
  }
  return false;
}

/// A server that listens on a free port of loopback as long as this lives.
class Listening {
 public:
  explicit Listening(httplib::Server& server) : server_(server), port_(server.bind_to_any_port("127.0.0.1")) {
    REQUIRE(port_ > 0);
    thread_ = std::thread([&server] { server.listen_after_bind(); });
    const bool listens = wait_until([&server] { return server.is_running(); });
    if (!listens) end();
    REQUIRE(listens);
  }
  ~Listening() { end(); }
  Listening(const Listening&) = delete;

  [[nodiscard]] int port() const { return port_; }
  [[nodiscard]] httplib::Client client() const {
    httplib::Client client("127.0.0.1", port_);
    client.set_read_timeout(deadline);
    return client;
  }

 private:
  void end() {
    server_.stop();
    thread_.join();
  }

  httplib::Server& server_;
  int port_;
  std::thread thread_;
};
