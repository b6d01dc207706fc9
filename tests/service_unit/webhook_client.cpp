// SPDX-License-Identifier: MIT
// The client against receivers that answer as they are told to, on a port of their own.

#include "webhook/client.hpp"

#include <doctest/doctest.h>
#include <httplib.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <chrono>
#include <string>
#include <thread>
#include <utility>

#include "http/listener.hpp"

namespace {

using namespace wms;
using namespace std::chrono_literals;
using flowviz::bundles::CallOutcome;

/// A server of httplib's own with one route.
class Receiver {
 public:
  explicit Receiver(httplib::Server::Handler handler) {
    server_.Post("/hook", std::move(handler));
    port_ = server_.bind_to_any_port("127.0.0.1");
    thread_ = std::thread([this] { server_.listen_after_bind(); });
    while (!server_.is_running()) std::this_thread::yield();
  }
  ~Receiver() {
    server_.stop();
    thread_.join();
  }
  WebhookAddress address() const { return {"http://127.0.0.1:" + std::to_string(port_), "/hook?wait=true"}; }

 private:
  httplib::Server server_;
  int port_ = 0;
  std::thread thread_;
};

/// Answers the first connection with `head`, and then a byte now and then until the client has enough; with nothing at
/// all, if `head` is empty.
class Drip {
 public:
  explicit Drip(std::string head)
      : thread_([this, head = std::move(head)] {
          const Socket client(accept(port_.get(), nullptr, nullptr));
          std::string bytes = head;
          while (!bytes.empty() && send(client.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL) > 0) {
            bytes = "x";
            std::this_thread::sleep_for(20ms);
          }
          char byte = 0;
          while (recv(client.get(), &byte, 1, 0) > 0) {  // until it hangs up
          }
        }) {}
  ~Drip() { thread_.join(); }

  WebhookAddress address() const {
    sockaddr_in bound{};
    socklen_t size = sizeof bound;
    getsockname(port_.get(), reinterpret_cast<sockaddr*>(&bound), &size);
    return {"http://127.0.0.1:" + std::to_string(ntohs(bound.sin_port)), "/hook"};
  }

 private:
  const Socket port_ = listen_on({"127.0.0.1", 0});
  std::thread thread_;
};

WebhookAnswer post(const WebhookAddress& address, std::chrono::milliseconds timeout = 30s) {
  return WebhookClient(address, timeout).post(R"({"content":"a lot"})", "a-key");
}

WebhookAnswer answered(int status, const std::string& retry_after = "") {
  const Receiver receiver([&](const httplib::Request&, httplib::Response& response) {
    response.status = status;
    if (!retry_after.empty()) response.set_header("Retry-After", retry_after);
    if (status != 204) response.set_content("no matter what", "text/plain");
  });
  return post(receiver.address());
}

}  // namespace

TEST_CASE("a message arrives as JSON, with its key and the query of the address") {
  httplib::Request got;
  {
    const Receiver receiver([&](const httplib::Request& request, httplib::Response& response) {
      got = request;
      response.status = 204;
    });
    const WebhookAnswer answer = post(receiver.address());
    CHECK(answer.outcome == CallOutcome::ok);
    CHECK(answer.status == 204);
  }
  CHECK(got.body == R"({"content":"a lot"})");
  CHECK(got.get_header_value("Content-Type") == "application/json");
  CHECK(got.get_header_value("Idempotency-Key") == "a-key");
  CHECK(got.get_header_value("User-Agent").starts_with("wms_service/"));
  CHECK(got.get_param_value("wait") == "true");
}

TEST_CASE("only a 2xx is a message that arrived, and some of the others may pass") {
  struct Case {
    int status;
    bool ok, may_pass;
  };
  for (const Case& c : {Case{200, true, false}, Case{204, true, false}, Case{301, false, false},
                        Case{400, false, false}, Case{404, false, false}, Case{408, false, true},
                        Case{429, false, true}, Case{500, false, true}, Case{503, false, true}}) {
    CAPTURE(c.status);
    const WebhookAnswer answer = answered(c.status);
    CHECK(answer.status == c.status);
    CHECK(answer.outcome == (c.ok ? CallOutcome::ok : CallOutcome::error));
    if (!c.ok) CHECK(answer.may_pass() == c.may_pass);
  }
}

TEST_CASE("when to come back is read out of the answer, with a body or without one") {
  CHECK(answered(429, "7").retry_after == 7s);
  CHECK(answered(204, "8").retry_after == 8s);
  CHECK_FALSE(answered(503).retry_after);
  CHECK_FALSE(answered(503, "soon").retry_after);
}

TEST_CASE("when to come back is a number of seconds or a date") {
  const Timestamp time{std::chrono::sys_days{std::chrono::year{2026} / 3 / 1} + 12h};
  CHECK(parse_retry_after("0", time) == 0s);
  CHECK(parse_retry_after("120", time) == 120s);
  CHECK(parse_retry_after("Sun, 01 Mar 2026 12:00:30 GMT", time) == 30s);
  CHECK(parse_retry_after("Sun, 01 Mar 2026 11:00:00 GMT", time) == 0s);
  for (const char* text : {"", "-1", "1.5", "1 s", "99999999999", "Sun, 01 Mar 2026 12:00:30 GMT+1", "tomorrow"}) {
    CAPTURE(text);
    CHECK_FALSE(parse_retry_after(text, time));
  }
}

TEST_CASE("a receiver that is not there is an error that may pass") {
  const WebhookAnswer answer = post({"http://127.0.0.1:1", "/hook"});
  CHECK(answer.status == 0);
  CHECK(answer.outcome == CallOutcome::error);
  CHECK(answer.may_pass());
  CHECK_FALSE(answer.cause.empty());
}

TEST_CASE("a receiver that says nothing is given up in time") {
  const Drip receiver("");
  const WebhookAnswer answer = post(receiver.address(), 200ms);
  CHECK(answer.status == 0);
  CHECK(answer.outcome == CallOutcome::timeout);
  CHECK(answer.may_pass());
}

TEST_CASE("a receiver that never comes to an end is given up in time") {
  const auto start = std::chrono::steady_clock::now();
  const Drip receiver("HTTP/1.1 200 OK\r\nX-Long: ");
  const WebhookAnswer answer = post(receiver.address(), 300ms);
  CHECK(answer.outcome == CallOutcome::timeout);
  CHECK(std::chrono::steady_clock::now() - start < 60s);  // a line would be too long for httplib after minutes
}

TEST_CASE("of an answer that does not come to an end the head counts") {
  const Drip receiver("HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n");
  const WebhookAnswer answer = post(receiver.address(), 300ms);
  CHECK(answer.status == 200);
  CHECK(answer.outcome == CallOutcome::ok);
}
