// SPDX-License-Identifier: MIT
#pragma once

// Two connected sockets: the service's end, and the client's, from which a test speaks.

#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <stdexcept>
#include <string>
#include <string_view>

class SocketPair {
 public:
  SocketPair() {
    if (socketpair(AF_UNIX, SOCK_STREAM, 0, ends_.data()) != 0) throw std::runtime_error("no sockets");
  }
  ~SocketPair() {
    close(ends_[0]);
    hang_up();
  }
  SocketPair(const SocketPair&) = delete;
  SocketPair& operator=(const SocketPair&) = delete;

  int service() const { return ends_[0]; }

  void send(std::string_view bytes) const {
    while (!bytes.empty()) {
      const ssize_t n = ::send(ends_[1], bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (n <= 0) throw std::runtime_error("the service's end is closed");
      bytes.remove_prefix(static_cast<std::size_t>(n));
    }
  }
  /// No more will be sent; answers are still read.
  void finish_sending() const { shutdown(ends_[1], SHUT_WR); }
  void hang_up() {
    if (ends_[1] >= 0) close(ends_[1]);
    ends_[1] = -1;
  }

  /// What has arrived so far.
  std::string received() const {
    std::string all;
    std::array<char, 4096> buffer;
    for (;;) {
      const ssize_t n = recv(ends_[1], buffer.data(), buffer.size(), MSG_DONTWAIT);
      if (n <= 0) return all;
      all.append(buffer.data(), static_cast<std::size_t>(n));
    }
  }
  /// Throws away what the service has not read, so that a client that still sends comes to an end.
  void discard_unread() const {
    std::array<char, 4096> buffer;
    while (recv(ends_[0], buffer.data(), buffer.size(), MSG_DONTWAIT) > 0) {
    }
  }
  /// Whether the service has ended the connection, once all that it sent was received.
  bool ended() const {
    char byte;
    return recv(ends_[1], &byte, 1, MSG_DONTWAIT) == 0;
  }

 private:
  std::array<int, 2> ends_{-1, -1};
};
