// SPDX-License-Identifier: MIT
#pragma once
/// \file
/// The bytes of one connection as cpp-httplib reads and writes them, within limits: a request has a deadline as a
/// whole (the library's own timeouts start anew with every byte), a head and a body have a size, and what one request
/// leaves unread is never taken for the next.

#include <httplib.h>

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>

#include "domain/timestamp.hpp"

namespace wms {

struct ConnectionLimits {
  std::chrono::milliseconds request{10'000};  ///< for a whole request, from its first byte to the last of the answer
  std::chrono::milliseconds idle{5'000};      ///< between two requests; short, for an idle connection holds a thread
  std::chrono::milliseconds farewell{1'000};  ///< what an answer still gets when the request's time is up
  std::size_t head = 32 * 1024;               ///< bytes
  std::size_t body = 1024 * 1024;             ///< bytes
  std::size_t bodies = 64 * 1024 * 1024;      ///< bytes, of all requests together
  std::size_t connections = 2048;             ///< more wait to be accepted until others end
};

/// How the end of a request's body is known.
struct BodyFraming {
  enum class Kind { none, length, chunked, malformed };
  Kind kind = Kind::none;
  std::uint64_t length = 0;

  static BodyFraming of(const httplib::Request& request);
};

/// Whether the header lines of a head are what RFC 9112 says they are (5: a name, a colon directly behind it, a value, on one
/// line). cpp-httplib leaves out those that are not; a proxy before it may have read a Content-Length there.
class HeadSyntax {
 public:
  /// The next byte of the head.
  void see(char byte);
  bool broken() const { return broken_; }
  bool in_request_line() const { return in_ == In::request_line; }

 private:
  enum class In { request_line, name, value };
  In in_ = In::request_line;
  std::size_t name_length_ = 0;
  bool broken_ = false;
};

class RequestStream final : public httplib::Stream {
 public:
  /// Does not own the socket.
  RequestStream(socket_t socket, const ConnectionLimits& limits) : socket_(socket), limits_(limits) {}

  /// Why reading stopped.
  enum class Cut { no, too_slow, head_too_large, body_too_large, closed_by_client };

  /// Waits for the first byte of the next request; false if none came in time. Starts its clock.
  bool next_request();
  /// To be called when the head was parsed.
  void expect_body(BodyFraming body) { body_ = body; }
  /// Reads what is left of a request's body. False if the next request cannot be told from the rest of this one.
  bool finish_request();
  /// Ends the connection so that the client gets to read the answer although it is still sending.
  void close_gently();

  Deadline deadline() const { return deadline_; }
  Cut cut() const { return cut_; }
  const BodyFraming& body() const { return body_; }
  const HeadSyntax& head() const { return head_; }
  const ConnectionLimits& limits() const { return limits_; }
  /// Whether the connection can go on after an answer that leaves the body unread.
  bool can_go_on() const;

  // httplib::Stream
  bool is_readable() const override { return true; }
  bool is_writable() const override { return true; }
  ssize_t read(char* bytes, std::size_t size) override;
  ssize_t write(const char* bytes, std::size_t size) override;
  void get_remote_ip_and_port(std::string& ip, int& port) const override;
  void get_local_ip_and_port(std::string& ip, int& port) const override;
  socket_t socket() const override { return socket_; }

 private:
  /// Waits for bytes until `deadline`; false if none came.
  bool fill(Deadline deadline);
  /// How many of the `size` bytes at `bytes` belong to the head.
  std::size_t count_head(const char* bytes, std::size_t size);
  ssize_t stop(Cut why);

  const socket_t socket_;
  const ConnectionLimits& limits_;
  Deadline deadline_;

  std::array<char, 4096> buffer_;
  std::size_t begin_ = 0;
  std::size_t end_ = 0;

  Cut cut_ = Cut::no;
  BodyFraming body_;
  HeadSyntax head_;
  std::uint64_t head_read_ = 0;
  std::uint64_t body_read_ = 0;
  int blank_line_ = 0;  ///< how much of "\n\r\n" the last bytes of the head were
};

}  // namespace wms
