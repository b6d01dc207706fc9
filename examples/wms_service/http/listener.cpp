// SPDX-License-Identifier: MIT
#include "http/listener.hpp"

#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <chrono>
#include <cstring>
#include <memory>
#include <stdexcept>
#include <system_error>
#include <utility>

#include "log.hpp"

namespace wms {
namespace {

// Connections that came while all were busy; the system has its own limit below this.
constexpr int backlog = 1024;

constexpr std::chrono::milliseconds pause_without_descriptors{10};

std::string reason(int error) { return std::generic_category().message(error); }

}  // namespace

Socket listen_on(const Address& address) {
  addrinfo wanted{};
  wanted.ai_socktype = SOCK_STREAM;
  wanted.ai_flags = AI_PASSIVE;
  addrinfo* found = nullptr;
  if (const int failed = getaddrinfo(address.host.c_str(), std::to_string(address.port).c_str(), &wanted, &found)) {
    throw std::runtime_error("cannot listen on " + address.text() + ": " + gai_strerror(failed));
  }
  const std::unique_ptr<addrinfo, decltype(&freeaddrinfo)> list(found, freeaddrinfo);

  Socket socket(::socket(list->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0));
  // SO_REUSEADDR: connections of a server that was just stopped do not hold the port. Not SO_REUSEPORT, cpp-httplib's
  // default, with which two servers share a port and neither knows.
  const int yes = 1;
  setsockopt(socket.get(), SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
  if (socket.get() < 0 || bind(socket.get(), list->ai_addr, list->ai_addrlen) != 0 ||
      listen(socket.get(), backlog) != 0) {
    throw std::runtime_error("cannot listen on " + address.text() + ": " + reason(errno));
  }
  return socket;
}

std::optional<Address> Address::parse(const std::string& text) {
  const std::size_t colon = text.rfind(':');
  if (colon == std::string::npos || colon == 0) return std::nullopt;
  Address address{text.substr(0, colon), 0};
  if (address.host.front() == '[' && address.host.back() == ']')
    address.host = address.host.substr(1, address.host.size() - 2);
  const char* const end = text.data() + text.size();
  const auto [last, error] = std::from_chars(text.data() + colon + 1, end, address.port);
  if (error != std::errc() || last != end || address.port < 0 || address.port > 65535) return std::nullopt;
  return address;
}

std::string Address::text() const {
  const bool v6 = host.find(':') != std::string::npos;
  return (v6 ? "[" + host + "]" : host) + ":" + std::to_string(port);
}

Socket::~Socket() {
  if (descriptor_ >= 0) close(descriptor_);
}

Listener::Listener(Socket port, Server& server, ConnectionLimits limits)
    : server_(server), limits_(limits), port_(std::move(port)), workers_(limits.connections) {}

Listener::~Listener() { stop(std::chrono::milliseconds(0)); }

void Listener::start() {
  acceptor_ = std::thread([this] { accept_connections(); });
}

Address Listener::address() const {
  Address address;
  RequestStream(port_.get(), limits_).get_local_ip_and_port(address.host, address.port);
  return address;
}

void Listener::stop(std::chrono::milliseconds grace) {
  std::unique_lock lock(mutex_);
  if (stopping_.exchange(true)) return;
  shutdown(port_.get(), SHUT_RDWR);  // wakes the acceptor
  changed_.notify_all();
  lock.unlock();
  if (acceptor_.joinable()) acceptor_.join();
  lock.lock();
  // A connection whose reading side is shut down reads what has arrived and then its end: idle ones end at once.
  for (const auto& [socket, busy] : open_) {
    if (!busy) shutdown(socket, SHUT_RD);
  }
  if (changed_.wait_for(lock, grace, [this] { return open_.empty(); })) return;
  for (const auto& [socket, busy] : open_) shutdown(socket, SHUT_RDWR);
}

void Listener::accept_connections() {
  while (!stopping_) {
    {
      std::unique_lock lock(mutex_);
      changed_.wait(lock, [this] { return stopping_ || open_.size() < limits_.connections; });
    }
    const int socket = accept4(port_.get(), nullptr, nullptr, SOCK_CLOEXEC);
    if (socket < 0) {
      // Without descriptors or memory the connection stays where it is until others end; whatever else it is, it was
      // this connection's.
      if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM) {
        std::this_thread::sleep_for(pause_without_descriptors);
      }
      continue;
    }
    const int yes = 1;
    setsockopt(socket, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);  // head and body leave as two writes
    {
      const std::scoped_lock lock(mutex_);
      open_.emplace(socket, false);
    }
    try {
      workers_.submit([this, socket] { serve(socket); });
    } catch (const std::exception& error) {
      log::write(log::Level::error, "no_thread", {{"reason", error.what()}});
      const std::scoped_lock lock(mutex_);
      open_.erase(socket);
      close(socket);
    }
  }
}

void Listener::serve(int socket) {
  RequestStream stream(socket, limits_);
  const auto set_busy = [&](bool busy) {
    const std::scoped_lock lock(mutex_);
    open_[socket] = busy;
  };
  try {
    while (!stopping_ && stream.next_request()) {
      set_busy(true);
      if (!server_.answer(stream, stopping_)) {
        stream.close_gently();
        break;
      }
      set_busy(false);
    }
  } catch (const std::exception& error) {  // above all std::bad_alloc: it costs this connection, not the service
    log::write(log::Level::error, "connection_failed", {{"cause", error.what()}});
  }
  const std::scoped_lock lock(mutex_);
  open_.erase(socket);
  close(socket);
  changed_.notify_all();
}

}  // namespace wms
