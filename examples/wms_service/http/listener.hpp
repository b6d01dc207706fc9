// SPDX-License-Identifier: MIT
#pragma once
/// \file
/// A port with its connections, each on a thread of its own while it is open. Listeners share nothing: whatever
/// clients do to one, the other one answers.

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <unordered_map>
#include <utility>

#include "http/request_stream.hpp"
#include "http/server.hpp"
#include "http/worker_threads.hpp"

namespace wms {

struct Address {
  std::string host;
  int port = 0;

  /// Out of "127.0.0.1:8000" or "[::1]:8000".
  static std::optional<Address> parse(const std::string& text);
  std::string text() const;
};

/// A file descriptor, closed at the end.
class Socket {
 public:
  explicit Socket(int descriptor) : descriptor_(descriptor) {}
  ~Socket();
  Socket(Socket&& other) noexcept : descriptor_(std::exchange(other.descriptor_, -1)) {}
  Socket& operator=(Socket&&) = delete;

  int get() const { return descriptor_; }

 private:
  int descriptor_;
};

/// Takes the port; connections wait until somebody accepts them. Throws std::runtime_error if that cannot be, above all
/// if the port is in use.
Socket listen_on(const Address& address);

class Listener {
 public:
  /// Accepts nothing on `port`, which comes from `listen_on`, until `start`.
  Listener(Socket port, Server& server, ConnectionLimits limits = {});
  /// As `stop` with no time to finish.
  ~Listener();

  void start();
  /// Accepts no more, closes what is idle and lets requests that have begun end, for `grace` at most; then their
  /// connections are cut.
  void stop(std::chrono::milliseconds grace);

  /// With the port that was chosen, if port 0 was asked for.
  Address address() const;

 private:
  void accept_connections();
  void serve(int socket);

  Server& server_;
  const ConnectionLimits limits_;
  Socket port_;
  std::atomic<bool> stopping_ = false;

  std::mutex mutex_;
  std::condition_variable changed_;
  std::unordered_map<int, bool> open_;  ///< socket -> whether it is in the middle of a request

  WorkerThreads workers_;
  std::thread acceptor_;
};

}  // namespace wms
