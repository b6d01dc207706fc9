// SPDX-License-Identifier: MIT
#include "http/request_stream.hpp"

#include <arpa/inet.h>
#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstring>

#include "http/header_names.hpp"

namespace wms {
namespace {

constexpr int end_of_head = 3;  // all of "\n\r\n"

// Of a body in chunks the lines between them are counted too, so that there is some room for them.
constexpr std::size_t room_for_chunk_lines = 64 * 1024;

/// Waits until `socket` is ready; false if that takes longer than until `deadline`.
bool wait_for(socket_t socket, short events, Deadline deadline) {
  for (;;) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - std::chrono::steady_clock::now());
    pollfd waiting{socket, events, 0};
    const int ready = poll(&waiting, 1, static_cast<int>(std::max<std::int64_t>(left.count(), 0)));
    if (ready >= 0 || errno != EINTR) return ready > 0;
  }
}

void describe(int (*ask)(int, sockaddr*, socklen_t*), socket_t socket, std::string& ip, int& port) {
  sockaddr_storage address{};
  socklen_t length = sizeof address;
  if (ask(socket, reinterpret_cast<sockaddr*>(&address), &length) != 0) return;
  std::array<char, INET6_ADDRSTRLEN> text{};
  if (address.ss_family == AF_INET) {
    const auto& v4 = reinterpret_cast<const sockaddr_in&>(address);
    inet_ntop(AF_INET, &v4.sin_addr, text.data(), text.size());
    port = ntohs(v4.sin_port);
  } else if (address.ss_family == AF_INET6) {
    const auto& v6 = reinterpret_cast<const sockaddr_in6&>(address);
    inet_ntop(AF_INET6, &v6.sin6_addr, text.data(), text.size());
    port = ntohs(v6.sin6_port);
  }
  ip = text.data();
}

/// A character of a header's name; RFC 9110, 5.6.2.
bool is_in_token(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
         (c != '\0' && std::strchr("!#$%&'*+-.^_`|~", c) != nullptr);
}

}  // namespace

BodyFraming BodyFraming::of(const httplib::Request& request) {
  const auto [first, last] = request.headers.equal_range(header_names::content_length);
  const bool has_length = first != last;
  if (request.has_header(header_names::transfer_encoding)) {
    // Both at once is how requests are smuggled past proxies.
    const bool chunked = request.get_header_value(header_names::transfer_encoding) == "chunked" && !has_length;
    return {chunked ? Kind::chunked : Kind::malformed};
  }
  if (!has_length) return {};
  if (std::next(first) != last) return {Kind::malformed};
  const std::string& text = first->second;
  BodyFraming framing{Kind::length};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), framing.length);
  if (error != std::errc() || end != text.data() + text.size()) return {Kind::malformed};
  return framing;
}

void HeadSyntax::see(char byte) {
  const bool ends_line = byte == '\n';
  switch (in_) {
    case In::request_line:
      break;
    case In::name:
      if (byte == ':') {
        broken_ = broken_ || name_length_ == 0;
        in_ = In::value;
        return;
      }
      if (name_length_ == 0 && (byte == '\r' || ends_line)) return;  // the blank line
      ++name_length_;
      broken_ = broken_ ||
                !is_in_token(byte);  // so is a blank: before the colon, or in front of a line that continues another
      break;
    case In::value:
      broken_ = broken_ || byte == '\0';
      break;
  }
  if (!ends_line) return;
  in_ = In::name;
  name_length_ = 0;
}

bool RequestStream::next_request() {
  if (begin_ == end_ && !fill(std::chrono::steady_clock::now() + limits_.idle)) return false;
  deadline_ = std::chrono::steady_clock::now() + limits_.request;
  cut_ = Cut::no;
  body_ = {};
  head_ = {};
  head_read_ = body_read_ = 0;
  blank_line_ = 0;
  return true;
}

bool RequestStream::can_go_on() const {
  if (cut_ != Cut::no || blank_line_ != end_of_head || head_.broken()) return false;
  switch (body_.kind) {
    case BodyFraming::Kind::none:
      return true;
    case BodyFraming::Kind::length:
      return body_.length <= limits_.body;
    case BodyFraming::Kind::chunked:  // only the parser knows where it ended, or whether it did
    case BodyFraming::Kind::malformed:
      return false;
  }
  return false;
}

bool RequestStream::finish_request() {
  if (!can_go_on()) return false;
  std::array<char, 4096> rest;
  while (body_read_ < body_.length) {
    const auto left = static_cast<std::size_t>(std::min<std::uint64_t>(body_.length - body_read_, rest.size()));
    if (read(rest.data(), left) <= 0) return false;
  }
  return true;
}

void RequestStream::close_gently() {
  // Closing a socket with unread bytes resets the connection, and a reset throws away what the client has not read yet.
  shutdown(socket_, SHUT_WR);
  // Whoever said how much is coming may send it; of a flood without an end some is read, so that the answer has time
  // to arrive.
  std::uint64_t budget = body_.kind == BodyFraming::Kind::length ? body_.length : limits_.body;
  const auto limit =
      std::max<std::chrono::steady_clock::time_point>(deadline_, std::chrono::steady_clock::now() + limits_.farewell);
  for (;;) {
    const auto now = std::chrono::steady_clock::now();
    if (now >= limit || !fill(std::min(limit, now + limits_.farewell)) || end_ > budget) return;
    budget -= end_;
  }
}

bool RequestStream::fill(Deadline deadline) {
  for (;;) {
    const ssize_t n = recv(socket_, buffer_.data(), buffer_.size(), MSG_DONTWAIT);
    if (n > 0) {
      begin_ = 0;
      end_ = static_cast<std::size_t>(n);
      return true;
    }
    if (n == 0) {
      cut_ = Cut::closed_by_client;
      return false;
    }
    if (errno == EINTR) continue;
    if (errno != EAGAIN && errno != EWOULDBLOCK) {
      cut_ = Cut::closed_by_client;
      return false;
    }
    if (!wait_for(socket_, POLLIN, deadline)) {
      cut_ = Cut::too_slow;
      return false;
    }
  }
}

std::size_t RequestStream::count_head(const char* bytes, std::size_t size) {
  for (std::size_t i = 0; i < size; ++i) {
    if (blank_line_ == end_of_head) return i;
    head_.see(bytes[i]);
    if (bytes[i] == '\n') {
      blank_line_ = blank_line_ == 2 ? end_of_head : 1;
    } else {
      blank_line_ = bytes[i] == '\r' && blank_line_ == 1 ? 2 : 0;
    }
  }
  return size;
}

ssize_t RequestStream::stop(Cut why) {
  cut_ = why;
  return -1;
}

ssize_t RequestStream::read(char* bytes, std::size_t size) {
  if (cut_ != Cut::no) return -1;
  if (begin_ == end_ && !fill(deadline_)) return cut_ == Cut::closed_by_client ? 0 : -1;
  std::size_t n = std::min(size, end_ - begin_);
  if (blank_line_ != end_of_head) {
    n = count_head(buffer_.data() + begin_, n);
    head_read_ += n;
    if (head_read_ > limits_.head) {
      cut_ = Cut::head_too_large;
      if (!head_.in_request_line()) return -1;
      bytes[0] = '\n';  // of a line without an end cpp-httplib has no request to answer; one that ends is too long
      return 1;
    }
  } else {
    body_read_ += n;
    if (body_read_ > limits_.body + room_for_chunk_lines) return stop(Cut::body_too_large);
  }
  std::memcpy(bytes, buffer_.data() + begin_, n);
  begin_ += n;
  return static_cast<ssize_t>(n);
}

ssize_t RequestStream::write(const char* bytes, std::size_t size) {
  for (;;) {
    const ssize_t n = send(socket_, bytes, size, MSG_NOSIGNAL | MSG_DONTWAIT);
    if (n > 0) return n;
    if (n < 0 && errno == EINTR) continue;
    if (n == 0 || (errno != EAGAIN && errno != EWOULDBLOCK)) return stop(Cut::closed_by_client);
    if (!wait_for(socket_, POLLOUT, deadline_ + limits_.farewell)) return stop(Cut::too_slow);
  }
}

void RequestStream::get_remote_ip_and_port(std::string& ip, int& port) const {
  describe(getpeername, socket_, ip, port);
}

void RequestStream::get_local_ip_and_port(std::string& ip, int& port) const {
  describe(getsockname, socket_, ip, port);
}

}  // namespace wms
