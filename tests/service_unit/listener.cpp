// SPDX-License-Identifier: MIT
#include "http/listener.hpp"

#include <doctest/doctest.h>

#include <atomic>
#include <chrono>
#include <future>
#include <optional>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "http/dispatcher.hpp"
#include "http/memory_rate_limiter.hpp"

namespace {

using namespace wms;
using namespace std::chrono_literals;

const Address any_port{"127.0.0.1", 0};

/// A server with one route, whose handler can be held up.
struct Fixture {
  flowviz::Registry registry;
  Metrics metrics{registry};
  Tokens tokens{{}};
  MemoryRateLimiter rate_limiter{tokens, {}};
  RouteTable routes;
  Server server;
  std::atomic<int> inside = 0;
  std::atomic<bool> hold = false;

  Fixture() {
    routes.get("/", std::nullopt, [this](const Call&) -> Result<Answer, Problem> {
      ++inside;
      while (hold) std::this_thread::yield();
      return Answer{200, "done"};
    });
    dispatcher.emplace(server, routes, tokens, rate_limiter, metrics, [](const std::string&) {});
  }
  std::optional<Dispatcher> dispatcher;

  void wait_until_inside(int count) const {
    const auto give_up = std::chrono::steady_clock::now() + 60s;
    while (inside < count && std::chrono::steady_clock::now() < give_up) std::this_thread::yield();
    REQUIRE(inside == count);
  }
};

httplib::Client client_of(const Listener& listener) {
  httplib::Client client("127.0.0.1", listener.address().port);
  client.set_read_timeout(60s);
  return client;
}

}  // namespace

TEST_CASE("addresses are a host and a port") {
  const struct {
    const char* text;
    const char* host;
    int port;
  } cases[] = {{"127.0.0.1:8000", "127.0.0.1", 8000}, {"localhost:0", "localhost", 0}, {"[::1]:65535", "::1", 65535}};
  for (const auto& [text, host, port] : cases) {
    const auto address = Address::parse(text);
    REQUIRE(address);
    CHECK(address->host == host);
    CHECK(address->port == port);
    CHECK(address->text() == text);
  }
  for (const char* text : {"", ":", "127.0.0.1", ":80", "a:", "a:b", "a:-1", "a:65536", "a:80 ", "a: 80"}) {
    CAPTURE(text);
    CHECK_FALSE(Address::parse(text));
  }
}

TEST_CASE_FIXTURE(Fixture, "requests are answered, several on one connection") {
  Listener listener(listen_on(any_port), server);
  listener.start();
  httplib::Client client = client_of(listener);
  client.set_keep_alive(true);
  for (int i = 0; i < 3; ++i) {
    const auto reply = client.Get("/");
    REQUIRE(reply);
    CHECK(reply->status == 200);
    CHECK(reply->body == "done");
  }
}

TEST_CASE_FIXTURE(Fixture, "what escapes from the server costs its connection and nothing else") {
  std::atomic<bool> broken = true;
  std::promise<void> thrown;
  server.set_logger([&](const httplib::Request&, const httplib::Response&) {
    if (!broken.exchange(false)) return;
    thrown.set_value();
    throw std::bad_alloc();
  });
  Listener listener(listen_on(any_port), server);
  listener.start();
  client_of(listener).Get("/");
  // The logger runs behind the answer, and the connection may end whenever it likes: the next one is another.
  REQUIRE(thrown.get_future().wait_for(std::chrono::seconds(30)) == std::future_status::ready);
  const auto reply = client_of(listener).Get("/");
  REQUIRE(reply);
  CHECK(reply->status == 200);
}

TEST_CASE_FIXTURE(Fixture, "a port in use is refused, also by a server that would share it") {
  Listener listener(listen_on(any_port), server);
  try {
    listen_on(listener.address());
    FAIL("the port was shared");
  } catch (const std::runtime_error& error) {
    CHECK(std::string(error.what()).find(std::to_string(listener.address().port)) != std::string::npos);
  }
}

TEST_CASE_FIXTURE(Fixture, "requests that wait do not hold up others, up to the number of connections") {
  ConnectionLimits limits;
  limits.connections = 4;
  Listener listener(listen_on(any_port), server, limits);
  listener.start();
  hold = true;
  std::atomic<int> answered = 0;
  std::vector<std::thread> clients;
  for (int i = 0; i < 6; ++i) {
    clients.emplace_back([&] {
      if (client_of(listener).Get("/")) ++answered;
    });
  }
  wait_until_inside(4);
  hold = false;
  for (std::thread& client : clients) client.join();
  CHECK(answered == 6);  // who was too many had to wait
}

TEST_CASE_FIXTURE(Fixture, "a request in flight is answered when the listener stops, and nobody new is") {
  Listener listener(listen_on(any_port), server);
  listener.start();
  hold = true;
  std::atomic<bool> answered = false;
  std::thread in_flight([&] {
    const auto reply = client_of(listener).Get("/");
    answered = reply && reply->status == 200;
  });
  wait_until_inside(1);
  std::thread stopper([&] { listener.stop(60s); });
  httplib::Client late = client_of(listener);
  const auto give_up = std::chrono::steady_clock::now() + 60s;
  while (late.Get("/health") && std::chrono::steady_clock::now() < give_up) {
  }
  CHECK_FALSE(late.Get("/"));
  hold = false;
  stopper.join();
  in_flight.join();
  CHECK(answered);
}

TEST_CASE_FIXTURE(Fixture, "idle connections do not hold up the end, nor do requests that never come to theirs") {
  ConnectionLimits limits;
  limits.idle = limits.request = 120s;
  Listener listener(listen_on(any_port), server, limits);
  listener.start();
  httplib::Client idle = client_of(listener);
  idle.set_keep_alive(true);
  REQUIRE(idle.Get("/"));
  std::atomic<bool> sending = true;
  std::thread unfinished([&] {
    client_of(listener).Post(
        "/", 100,
        [&](std::size_t, std::size_t, httplib::DataSink& sink) {
          sink.write("x", 1);
          while (sending) std::this_thread::yield();
          return false;
        },
        "text/plain");
  });
  const auto start = std::chrono::steady_clock::now();
  listener.stop(100ms);
  CHECK(std::chrono::steady_clock::now() - start < 30s);
  sending = false;
  unfinished.join();
}
