// SPDX-License-Identifier: MIT
#include "http/request_stream.hpp"

#include <doctest/doctest.h>

#include <chrono>
#include <string>
#include <thread>

#include "socket_pair.hpp"

namespace {

using namespace wms;
using namespace std::chrono_literals;
using Cut = RequestStream::Cut;
using Kind = BodyFraming::Kind;

// Long enough never to be met by accident, short enough to be waited for.
constexpr ConnectionLimits patient{60s, 60s, 60s, 1000, 2000, 1};
constexpr ConnectionLimits hasty{50ms, 50ms, 50ms, 1000, 2000, 1};

const std::string head = "GET / HTTP/1.1\r\nHost: x\r\n\r\n";

/// Reads as cpp-httplib reads a head: byte by byte, until the blank line.
std::string read_head(RequestStream& stream) {
  std::string text;
  char byte;
  while (!text.ends_with("\r\n\r\n") && stream.read(&byte, 1) == 1) text += byte;
  return text;
}

std::string read_bytes(RequestStream& stream, std::size_t count) {
  std::string text(count, '\0');
  std::size_t done = 0;
  while (done < count) {
    const ssize_t n = stream.read(text.data() + done, count - done);
    if (n <= 0) break;
    done += static_cast<std::size_t>(n);
  }
  return text.substr(0, done);
}

httplib::Request with_headers(const std::multimap<std::string, std::string>& headers) {
  httplib::Request request;
  for (const auto& [name, value] : headers) request.headers.emplace(name, value);
  return request;
}

}  // namespace

TEST_CASE("how a body ends is told from the headers, and what is ambiguous is malformed") {
  const struct {
    std::multimap<std::string, std::string> headers;
    Kind kind;
    std::uint64_t length;
  } cases[] = {
      {{}, Kind::none, 0},
      {{{"Content-Length", "0"}}, Kind::length, 0},
      {{{"content-length", "17"}}, Kind::length, 17},
      {{{"Content-Length", "18446744073709551615"}}, Kind::length, ~std::uint64_t{0}},
      {{{"Transfer-Encoding", "chunked"}}, Kind::chunked, 0},
      {{{"Content-Length", "18446744073709551616"}}, Kind::malformed, 0},
      {{{"Content-Length", "-1"}}, Kind::malformed, 0},
      {{{"Content-Length", "+1"}}, Kind::malformed, 0},
      {{{"Content-Length", ""}}, Kind::malformed, 0},
      {{{"Content-Length", "5 "}}, Kind::malformed, 0},
      {{{"Content-Length", "5, 5"}}, Kind::malformed, 0},
      {{{"Content-Length", "0x5"}}, Kind::malformed, 0},
      {{{"Content-Length", "5"}, {"Content-Length", "5"}}, Kind::malformed, 0},
      {{{"Content-Length", "5"}, {"Transfer-Encoding", "chunked"}}, Kind::malformed, 0},
      {{{"Transfer-Encoding", "gzip, chunked"}}, Kind::malformed, 0},
      {{{"Transfer-Encoding", "identity"}}, Kind::malformed, 0},
  };
  for (const auto& [headers, kind, length] : cases) {
    const BodyFraming framing = BodyFraming::of(with_headers(headers));
    CHECK(framing.kind == kind);
    if (kind == Kind::length) CHECK(framing.length == length);
  }
}

TEST_CASE("requests that arrive together are read one after the other") {
  SocketPair sockets;
  RequestStream stream(sockets.service(), patient);
  sockets.send(head + head);
  for (int i = 0; i < 2; ++i) {
    REQUIRE(stream.next_request());
    CHECK(read_head(stream) == head);
    CHECK(stream.finish_request());
  }
  sockets.hang_up();
  CHECK_FALSE(stream.next_request());
}

TEST_CASE("a body that nobody read is not taken for the next request") {
  SocketPair sockets;
  RequestStream stream(sockets.service(), patient);
  sockets.send(head + std::string(1500, 'x') + head);
  REQUIRE(stream.next_request());
  read_head(stream);
  stream.expect_body({Kind::length, 1500});
  CHECK(read_bytes(stream, 700) == std::string(700, 'x'));
  CHECK(stream.finish_request());
  REQUIRE(stream.next_request());
  CHECK(read_head(stream) == head);
}

TEST_CASE("after a request whose end is uncertain the connection cannot go on") {
  const struct {
    std::string sent;
    BodyFraming body;
  } cases[] = {
      {head, {Kind::chunked}},
      {head, {Kind::malformed}},
      {head, {Kind::length, 2001}},                     // more than is worth reading
      {"GET / HTTP/1.1\r\nHost: x\r\n", {Kind::none}},  // the blank line is missing
  };
  for (const auto& [sent, body] : cases) {
    SocketPair sockets;
    RequestStream stream(sockets.service(), patient);
    sockets.send(sent);
    REQUIRE(stream.next_request());
    CHECK(read_bytes(stream, sent.size()) == sent);
    stream.expect_body(body);
    CHECK_FALSE(stream.can_go_on());
    CHECK_FALSE(stream.finish_request());
  }
}

TEST_CASE("the blank line is found as cpp-httplib finds it") {
  const struct {
    const char* sent;
    bool complete;
  } cases[] = {{"GET / HTTP/1.1\r\n\r\n", true},
               {"GET / HTTP/1.1\r\na: b\r\n\r\n", true},
               {"GET / HTTP/1.1\r\na: b\n\r\n", true},
               {"GET / HTTP/1.1\r\na: b\r\n\n", false},
               {"GET / HTTP/1.1\r\na: b\r\r\n", false}};
  for (const auto& c : cases) {
    CAPTURE(c.sent);
    SocketPair sockets;
    RequestStream stream(sockets.service(), patient);
    sockets.send(c.sent);
    REQUIRE(stream.next_request());
    read_bytes(stream, std::string(c.sent).size());
    CHECK(stream.can_go_on() == c.complete);
  }
}

TEST_CASE("a head with a line that is no header is known as broken, and ends the connection") {
  const struct {
    std::string lines;
    bool broken;
  } cases[] = {
      {"Host: x", false},
      {"Host: x\r\nAccept:\r\nX-Odd_~1: a: b\t\xc3\xa4", false},
      {"Content-Length : 5", true},
      {"Content-Length\t: 5", true},
      {" Content-Length: 5", true},
      {"Host: x\r\n folded", true},
      {"Host: x\r\n\tfolded", true},
      {": no name", true},
      {"no colon", true},
      {"Content-Length\1: 5", true},
      {std::string("Content-Length\0: 5", 18), true},
      {std::string("Host: x\0y", 9), true},
      {"H\xc3\xb6st: x", true},
  };
  for (const auto& [lines, broken] : cases) {
    CAPTURE(lines);
    SocketPair sockets;
    sockets.send("GET / HTTP/1.1\r\n" + lines + "\r\n\r\n" + head);
    RequestStream stream(sockets.service(), patient);
    REQUIRE(stream.next_request());
    read_head(stream);
    CHECK(stream.head().broken() == broken);
    stream.expect_body({});
    CHECK(stream.finish_request() != broken);
    if (broken) continue;
    REQUIRE(stream.next_request());
    CHECK(read_head(stream) == head);
    CHECK_FALSE(stream.head().broken());
  }
}

TEST_CASE("a read for the head does not run into the body") {
  SocketPair sockets;
  RequestStream stream(sockets.service(), patient);
  sockets.send(head + "body");
  REQUIRE(stream.next_request());
  std::string buffer(100, '\0');
  CHECK(stream.read(buffer.data(), buffer.size()) == static_cast<ssize_t>(head.size()));
  CHECK(stream.read(buffer.data(), buffer.size()) == 4);
}

TEST_CASE("a head that is too long is cut, whatever it is made of") {
  const std::string request_line = "GET / HTTP/1.1\r\n";
  // A request line that goes on for ever gets an end, so that there is a request to be answered.
  const std::pair<std::string, std::string> cases[] = {
      {std::string(3000, 'a'), std::string(1000, 'a') + '\n'},
      {request_line + std::string(3000, 'b'), request_line + std::string(1000 - request_line.size(), 'b')}};
  for (const auto& [sent, read] : cases) {
    SocketPair sockets;
    RequestStream stream(sockets.service(), patient);
    sockets.send(sent);
    REQUIRE(stream.next_request());
    CHECK(read_head(stream) == read);
    CHECK(stream.cut() == Cut::head_too_large);
    CHECK_FALSE(stream.can_go_on());
  }
}

TEST_CASE("a body that is longer than it may be is cut") {
  SocketPair sockets;
  RequestStream stream(sockets.service(), patient);
  std::thread client([&] { sockets.send(head + std::string(200'000, 'x')); });
  REQUIRE(stream.next_request());
  read_head(stream);
  stream.expect_body({Kind::chunked});
  CHECK(read_bytes(stream, 200'000).size() < 100'000);
  CHECK(stream.cut() == Cut::body_too_large);
  sockets.discard_unread();
  client.join();
}

TEST_CASE("a request has a deadline as a whole, however many bytes arrive in time") {
  SocketPair sockets;
  RequestStream stream(sockets.service(), hasty);
  std::atomic<bool> stop = false;
  std::thread client([&] {
    while (!stop) {
      sockets.send("a");
      std::this_thread::sleep_for(1ms);  // a slow client
    }
  });
  REQUIRE(stream.next_request());
  const auto start = std::chrono::steady_clock::now();
  const std::string text = read_head(stream);
  stop = true;
  client.join();
  CHECK(stream.cut() == Cut::too_slow);
  CHECK(text.size() < 1000);  // it was time that ended it
  CHECK(std::chrono::steady_clock::now() - start < 30s);
}

TEST_CASE("a connection on which nothing comes is idle, not slow for ever") {
  SocketPair sockets;
  RequestStream stream(sockets.service(), hasty);
  CHECK_FALSE(stream.next_request());
}

TEST_CASE("a client that ends in the middle is noticed") {
  SocketPair sockets;
  RequestStream stream(sockets.service(), patient);
  sockets.send("GET / HT");
  sockets.hang_up();
  REQUIRE(stream.next_request());
  CHECK(read_head(stream) == "GET / HT");
  CHECK(stream.cut() == Cut::closed_by_client);
}

TEST_CASE("an answer that nobody reads ends with the request's time") {
  SocketPair sockets;
  RequestStream stream(sockets.service(), hasty);
  sockets.send(head);
  REQUIRE(stream.next_request());
  const std::string block(65536, 'x');
  ssize_t written = 0;
  while ((written = stream.write(block.data(), block.size())) > 0) {
  }
  CHECK(written == -1);
  CHECK(stream.cut() == Cut::too_slow);
}

TEST_CASE("an answer can still be written when the time for reading is up") {
  SocketPair sockets;
  RequestStream stream(sockets.service(), hasty);
  sockets.send("GET");
  REQUIRE(stream.next_request());
  read_head(stream);
  REQUIRE(stream.cut() == Cut::too_slow);
  CHECK(stream.write("late", 4) == 4);
  CHECK(sockets.received() == "late");
}

TEST_CASE("a connection that is closed gently lets a client that is still sending read its answer") {
  SocketPair sockets;
  RequestStream stream(sockets.service(), patient);
  constexpr std::size_t length = 5'000'000;
  std::thread client([&] {
    sockets.send(head + std::string(length, 'x'));  // fails if the service's end goes away meanwhile
    sockets.finish_sending();
  });
  REQUIRE(stream.next_request());
  read_head(stream);
  stream.expect_body({Kind::length, length});
  stream.write("413", 3);
  stream.close_gently();
  client.join();
  CHECK(sockets.received() == "413");
  CHECK(sockets.ended());
}

TEST_CASE("a client that never stops sending is not listened to for ever") {
  SocketPair sockets;
  RequestStream stream(sockets.service(), hasty);
  sockets.send(head);
  REQUIRE(stream.next_request());
  read_head(stream);
  std::atomic<bool> stop = false;
  std::thread client([&] {
    while (!stop) sockets.send("aaaa");
  });
  const auto start = std::chrono::steady_clock::now();
  stream.close_gently();
  CHECK(std::chrono::steady_clock::now() - start < 30s);
  stop = true;
  sockets.discard_unread();
  client.join();
}
