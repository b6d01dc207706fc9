// SPDX-License-Identifier: MIT
// The adapter against real servers on loopback. An answer that is not streamed is counted before it is sent, so after
// the client has read it no waiting is needed; where there is something to wait for, it is waited for.

#include <flowviz_metrics/adapters/httplib.hpp>

#include <doctest/doctest.h>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "adapters/listening.hpp"
#include "page.hpp"
#include "refusal.hpp"
#include "support/text_validator.hpp"

using flowviz::Registry;
using flowviz::Stopwatch;
using flowviz::bundles::HttpServerOptions;
using flowviz::httplib::Instrument;
using flowviz::httplib::path_param;
using httplib::Request;
using httplib::Response;
using support::LabelPairs;
using support::Sample;
using namespace std::chrono_literals;

namespace {

void let_pass(Stopwatch::Clock::duration duration) {
  for (const Stopwatch watch; watch.elapsed() < duration;) std::this_thread::yield();
}

/// A server of a test, with what it counts. Routes and hooks are set before `start`.
class Service {
 public:
  explicit Service(HttpServerOptions options = {}, const std::function<void(httplib::Server&)>& prepare = {}) {
    server.new_task_queue = [] { return new httplib::ThreadPool(12); };
    server.set_payload_max_length(1 << 20);
    server.set_keep_alive_timeout(1);
    server.set_tcp_nodelay(true);
    if (prepare) prepare(server);
    http.emplace(server, registry, std::move(options));
  }
  void start() {
    listening_.emplace(server);
    port = listening_->port();
  }
  httplib::Client client() const { return listening_->client(); }

  /// The value of a sample, or -1 if there is none.
  double value(std::string_view name, LabelPairs labels = {}) const {
    const auto samples = support::parse_samples(valid_page(registry));
    try {
      return support::value_of(samples, name, std::move(labels));
    } catch (const std::out_of_range&) {
      return -1;
    }
  }
  double requests(const char* method, const char* handler, const char* status) const {
    return value("http_requests_total", {{"method", method}, {"handler", handler}, {"status", status}});
  }
  double total(std::string_view name) const {
    double sum = 0;
    for (const Sample& sample : support::parse_samples(valid_page(registry)))
      sum += sample.name == name ? sample.value : 0;
    return sum;
  }
  std::set<std::string> handlers() const {
    std::set<std::string> handlers;
    for (const Sample& sample : support::parse_samples(valid_page(registry))) {
      if (sample.name == "http_requests_total") handlers.insert(*sample.label("handler"));
    }
    return handlers;
  }

  Registry registry;
  httplib::Server server;
  std::optional<Instrument> http;
  int port = 0;

 private:
  std::optional<Listening> listening_;
};

/// A connection on which anything can be said.
class Connection {
 public:
  explicit Connection(int port) : socket_(::socket(AF_INET, SOCK_STREAM, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(static_cast<std::uint16_t>(port));
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    REQUIRE(::connect(socket_, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0);
  }
  ~Connection() { ::close(socket_); }
  Connection(const Connection&) = delete;

  void send(std::string_view bytes) const {
    while (!bytes.empty()) {
      const ssize_t sent = ::send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (sent <= 0) return;  // the server has heard enough
      bytes.remove_prefix(static_cast<std::size_t>(sent));
    }
  }
  void end_sending() const { ::shutdown(socket_, SHUT_WR); }
  /// Reads until the answer holds `text`; false if the connection ends before.
  bool read_until(std::string_view text) {
    while (answer.find(text) == std::string::npos) {
      char bytes[4096];
      const ssize_t size = ::recv(socket_, bytes, sizeof bytes, 0);
      if (size <= 0) return false;
      answer.append(bytes, static_cast<std::size_t>(size));
    }
    return true;
  }
  std::string answer;

 private:
  int socket_;
};

/// The head of what a server answers to these bytes; empty if it answers nothing.
std::string say(int port, std::string_view bytes) {
  Connection connection(port);
  connection.send(bytes);
  return connection.read_until("\r\n\r\n") ? connection.answer : std::string();
}

void answer_ok(const Request&, Response& response) { response.set_content("ok", "text/plain"); }

constexpr const char* gauge = "flowviz_http_requests_inprogress";

/// Whether this release says which route took a request.
constexpr bool tells_route = []<class R>(R*) {
  return requires(R request) { request.matched_route; };
}(static_cast<Request*>(nullptr));

}  // namespace

TEST_CASE("requests are counted by the template of their route") {
  Service service;
  service.http->Get("/api/lots/{lot_id}", answer_ok).Get("/api/lots", answer_ok);
  service.start();
  auto client = service.client();
  for (const char* path : {"/api/lots/1", "/api/lots/2", "/api/lots/a%20b", "/api/lots?after=3"}) {
    const auto answer = client.Get(path);
    REQUIRE(answer);
    CHECK(answer->status == 200);
  }
  CHECK(service.requests("GET", "/api/lots/{lot_id}", "2xx") == 3);
  CHECK(service.requests("GET", "/api/lots", "2xx") == 1);
  CHECK(service.value("http_response_size_bytes_sum", {{"handler", "/api/lots/{lot_id}"}}) == 6);
  CHECK(service.value("http_request_duration_seconds_count", {{"method", "GET"}, {"handler", "/api/lots"}}) == 1);
  CHECK(service.handlers() == std::set<std::string>{"none", "/api/lots", "/api/lots/{lot_id}"});
  CHECK(service.total(gauge) == 0);
}

TEST_CASE("a route is on the page from its registration") {
  Service service;
  service.http->Post("/api/lots", answer_ok);
  for (const char* status : {"1xx", "2xx", "3xx", "4xx", "5xx"})
    CHECK(service.requests("POST", "/api/lots", status) == 0);
}

TEST_CASE("parameters of a path are known by name") {
  Service service;
  service.http->Get("/sites/{site}/lots/{lot_id}", [](const Request& request, Response& response) {
    response.set_content(path_param(request, "site") + "|" + path_param(request, "lot_id"), "text/plain");
  });
  service.start();
  const auto answer = service.client().Get("/sites/north/lots/L%201");
  REQUIRE(answer);
  CHECK(answer->body == "north|L 1");
}

TEST_CASE("a parameter that a path has not, and one asked for elsewhere, is refused and not empty") {
  Service service;
  service.http->Get("/lots/{lot_id}", [](const Request& request, Response& response) {
    const std::string misspelt = refusal([&] { static_cast<void>(path_param(request, "lot")); });
    std::string elsewhere;
    std::thread([&] { elsewhere = refusal([&] { static_cast<void>(path_param(request, "lot_id")); }); }).join();
    response.set_content(misspelt + "|" + elsewhere, "text/plain");
  });
  service.start();
  const auto answer = service.client().Get("/lots/7");
  REQUIRE(answer);
  CHECK(answer->body ==
        "'/lots/{lot_id}': there is no parameter {lot}|"
        "'lot_id': a parameter of a path is known to the handler of an Instrument's route");
}

TEST_CASE("what is no parameter stands for itself in every release") {
  Service service;
  service.http->Get("/a.b", answer_ok)
      .Get("/lots:count", answer_ok)
      .Get("/lots(1)/$x", answer_ok)
      .Get("/c+", answer_ok);
  service.start();
  auto client = service.client();
  for (const std::string path : {"/a.b", "/lots:count", "/lots(1)/$x", "/c%2B"}) CHECK(client.Get(path)->status == 200);
  for (const std::string path : {"/axb", "/lots7", "/lots1/", "/cc"}) CHECK(client.Get(path)->status == 404);
}

TEST_CASE("what is no template is refused") {
  Service service;
  CHECK(says(refusal([&] { service.http->Get("/lots/{", answer_ok); }), "'/lots/{'"));
}

TEST_CASE("what the library itself would take for a pattern is refused, and no trace of it is left") {
  Service service;
  for (const std::string path : {R"(/api/(\d+))", "/api/:id", "/api/.*"}) {
    CAPTURE(path);
    CHECK(says(refusal([&] { service.http->Get(path, answer_ok); }), "a parameter is written {name}"));
  }
  CHECK(service.handlers() == std::set<std::string>{"none"});
}

TEST_CASE("a handler that would never be called, because another takes its paths, is refused") {
  Service service;
  const auto read = [](const Request&, Response&, const httplib::ContentReader&) {};
  service.http->Get("/lots/{lot_id}", answer_ok).Post("/lots", answer_ok).expose();
  const auto refused = [&](const std::function<void()>& registration) {
    const std::string message = refusal(registration);
    CAPTURE(message);
    CHECK(says(message, "is registered already"));
  };
  refused([&] { service.http->Get("/lots/{lot_id}", answer_ok); });
  refused([&] { service.http->Get("/lots/{id}", answer_ok); });
  refused([&] { service.http->Post("/lots", read); });
  refused([&] { service.http->expose(); });
  CHECK(refusal([&] { service.http->Get("/lots/{id}", answer_ok); }) ==
        "'/lots/{id}': for GET it is registered already, as '/lots/{lot_id}'");
  service.http->Put("/lots/{lot_id}", answer_ok).Get("/lots/", answer_ok).Get("/lots", answer_ok);
  CHECK(service.handlers() == std::set<std::string>{"none", "/lots", "/lots/", "/lots/{lot_id}"});
}

TEST_CASE("every method has its label") {
  Service service;
  service.http->Get("/x", answer_ok).Post("/x", answer_ok).Put("/x", answer_ok).Patch("/x", answer_ok);
  service.http->Delete("/x", answer_ok).Options("/x", answer_ok);
  service.start();
  auto client = service.client();
  REQUIRE(client.Get("/x"));
  REQUIRE(client.Head("/x"));
  REQUIRE(client.Post("/x", "a", "text/plain"));
  REQUIRE(client.Put("/x", "ab", "text/plain"));
  REQUIRE(client.Patch("/x", "abc", "text/plain"));
  REQUIRE(client.Delete("/x", "", "text/plain"));
  REQUIRE(client.Options("/x"));
  for (const std::string method : {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"}) {
    CAPTURE(method);
    CHECK(service.requests(method.c_str(), "/x", "2xx") == 1);
  }
  CHECK(service.value("http_request_size_bytes_sum", {{"handler", "/x"}}) == 6);
  CHECK(service.value("http_response_size_bytes_sum", {{"handler", "/x"}}) == 12);  // none for HEAD
}

TEST_CASE("a request that belongs to a recorded trace says so on the page") {
  Service service;
  service.http->Get("/api/lots/{lot_id}",
                    [](const Request&, Response& response) { response.set_content("{}", "text/json"); });
  service.start();
  constexpr const char* trace = "4bf92f3577b34da6a3ce929d0e0e4736";
  const auto page = [&] { return flowviz::scrape(service.registry, "application/openmetrics-text").body; };
  auto client = service.client();
  REQUIRE(client.Get("/api/lots/1"));
  REQUIRE(client.Get("/api/lots/1", {{"traceparent", "nonsense"}}));
  CHECK(page().find(" # {") == std::string::npos);
  REQUIRE(client.Get("/api/lots/1", {{"Traceparent", std::string("00-") + trace + "-00f067aa0ba902b7-01"}}));
  CHECK(page().find(std::string(" # {trace_id=\"") + trace + "\"} ") != std::string::npos);
  REQUIRE(client.Get("/api/lots/1"));  // the next request of the thread belongs to none
  CHECK(service.value("http_request_duration_seconds_count", {{"method", "GET"}, {"handler", "/api/lots/{lot_id}"}}) ==
        4);
}

TEST_CASE("a path without a route counts as none, a path that takes another method as its own") {
  Service service;
  service.http->Get("/api/lots/{lot_id}", answer_ok);
  service.start();
  auto client = service.client();
  for (int i = 0; i < 50; ++i) {
    const auto answer = client.Get("/random/" + std::to_string(i));
    REQUIRE(answer);
    CHECK(answer->status == 404);
  }
  REQUIRE(client.Delete("/api/lots/1", "", "text/plain"));
  CHECK(service.requests("GET", "none", "4xx") == 50);
  CHECK(service.requests("DELETE", "/api/lots/{lot_id}", "4xx") == 1);
  CHECK(service.handlers() == std::set<std::string>{"none", "/api/lots/{lot_id}"});
}

TEST_CASE("requests without a route can be ignored") {
  Service service({.unmatched = flowviz::bundles::Unmatched::ignored});
  service.http->Get("/x", answer_ok);
  service.start();
  auto client = service.client();
  REQUIRE(client.Get("/y"));
  REQUIRE(client.Get("/x"));
  say(service.port, "BREW / HTTP/1.1\r\n\r\n");
  CHECK(service.total("http_requests_total") == 1);
  CHECK(service.value("http_request_duration_highr_seconds_count") == 1);
}

TEST_CASE("what the library refuses before routing is counted with the status that it answers") {
  struct Case {
    std::string what, bytes;
    const char *method, *handler;
  };
  const std::vector<Case> table{
      {"unknown method", "BREW /x HTTP/1.1\r\n\r\n", "_other", "none"},
      {"a method in small letters", "get /x HTTP/1.1\r\n\r\n", "_other", "none"},
      {"hostile method", "G\"{}\\\xff\n /x HTTP/1.1\r\n\r\n", "_other", "none"},
      {"no request at all", "\x16\x03\x01\r\n\r\n", "_other", "none"},
      {"bad version", "GET /x HTTP/3.9\r\n\r\n", "GET", "none"},
      {"target too long", "GET /" + std::string(9000, 'x') + " HTTP/1.1\r\n\r\n", nullptr, "none"},
      {"bad range", "GET /x HTTP/1.1\r\nRange: bytes=9-1\r\n\r\n", "GET", "/x"},
  };
  for (const Case& entry : table) {
    CAPTURE(entry.what);
    Service service;
    service.http->Get("/x", answer_ok);
    service.start();
    CHECK(say(service.port, entry.bytes).starts_with("HTTP/1.1 4"));
    CHECK(service.total("http_requests_total") == 1);
    if (entry.method != nullptr) CHECK(service.requests(entry.method, entry.handler, "4xx") == 1);
    CHECK(service.value("http_request_duration_highr_seconds_count") == 1);
    CHECK(service.total(gauge) == 0);
  }
}

TEST_CASE("no claim about a body's length enters a metric, and none is thrown on") {
  for (const std::string length :
       {"abc", "-1", "18446744073709551615", "99999999999999999999999999", "1e9", "", "4;2"}) {
    for (const std::string method : {"GET", "POST"}) {
      CAPTURE(length);
      CAPTURE(method);
      Service service;
      service.http->Get("/x", answer_ok).Post("/x", answer_ok);
      service.start();
      const Connection connection(service.port);
      connection.send(method + " /x HTTP/1.1\r\nContent-Length: " + length + "\r\n\r\nabcd");
      connection.end_sending();
      const auto counted = [&] {
        return service.value("http_request_size_bytes_count", {{"handler", "/x"}}) +
               service.value("http_request_size_bytes_count", {{"handler", "none"}});
      };
      CHECK(wait_until([&] { return counted() >= 1; }));
      CHECK(service.total("http_request_size_bytes_sum") <= 4);
      CHECK(service.total(gauge) == 0);
    }
  }
}

TEST_CASE("a body without a length is counted as far as it came") {
  Service service;
  service.http->Post("/x", answer_ok);
  service.start();
  const std::string chunked =
      say(service.port, "POST /x HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nabcde\r\n0\r\n\r\n");
  CHECK(chunked.starts_with("HTTP/1.1 200"));
  CHECK(service.value("http_request_size_bytes_sum", {{"handler", "/x"}}) == 5);
}

TEST_CASE("the parts of a form count towards the size of the request") {
  Service service;
  service.http->Post("/x", answer_ok);
  service.start();
  const std::string body =
      "--b\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\n12345\r\n"
      "--b\r\nContent-Disposition: form-data; name=\"f\"; filename=\"f\"\r\n\r\n123\r\n--b--\r\n";
  const auto answer = service.client().Post("/x", body, "multipart/form-data; boundary=b");
  REQUIRE(answer);
  CHECK(answer->status == 200);
  CHECK(service.value("http_request_size_bytes_sum", {{"handler", "/x"}}) == 8);
}

TEST_CASE("a body that its handler reads is counted as it is read") {
  Service service;
  const auto read_all = [](const Request&, Response& response, const httplib::ContentReader& reader) {
    std::size_t size = 0;
    reader([&](const char*, std::size_t bytes) {
      size += bytes;
      return true;
    });
    response.set_content(std::to_string(size), "text/plain");
  };
  service.http->Post("/up/{id}", read_all)
      .Put("/up/{id}", read_all)
      .Patch("/up/{id}", read_all)
      .Delete("/up/{id}", read_all);
  service.http->Post("/form", [](const Request&, Response& response, const httplib::ContentReader& reader) {
    reader([](const auto&) { return true; }, [](const char*, std::size_t) { return true; });
    response.status = 204;
  });
  service.start();
  auto client = service.client();
  const std::string body(100'000, 'x');
  for (const auto& answer : {client.Post("/up/1", body, "text/plain"), client.Put("/up/2", body, "text/plain"),
                             client.Patch("/up/3", body, "text/plain"), client.Delete("/up/4", body, "text/plain")}) {
    REQUIRE(answer);
    CHECK(answer->body == "100000");
  }
  REQUIRE(client.Post("/form", "--b\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\n12345\r\n--b--\r\n",
                      "multipart/form-data; boundary=b"));
  CHECK(service.value("http_request_size_bytes_sum", {{"handler", "/up/{id}"}}) == 400'000);
  CHECK(service.value("http_request_size_bytes_sum", {{"handler", "/form"}}) == 5);
  CHECK(service.requests("POST", "/form", "2xx") == 1);
}

TEST_CASE("where templates overlap, a request counts for the handler that answered") {
  Service service;
  const auto named = [](const char* name) {
    return [name](const Request&, Response& response) { response.set_content(name, "text/plain"); };
  };
  service.http->Post("/a/b", named("POST /a/b"));
  service.http->Get("/a/{x}", named("/a/{x}")).Get("/a/b", named("/a/b"));
  service.http->Post("/{x}/c", named("regular")).Post("/{y}/d", named("/{y}/d"));
  service.http->Get("/e/d", named("/e/d"));
  service.http->Post("/a/{y}", [](const Request&, Response& response, const httplib::ContentReader& reader) {
    reader([](const char*, std::size_t) { return true; });
    response.set_content("/a/{y}", "text/plain");
  });
  service.start();
  auto client = service.client();
  CHECK(client.Get("/a/b")->body == "/a/{x}");
  CHECK(client.Post("/a/b", "z", "text/plain")->body == "/a/{y}");
  CHECK(client.Post("/a/c", "z", "text/plain")->body == "/a/{y}");
  CHECK(client.Post("/b/c", "z", "text/plain")->body == "regular");
  CHECK(service.requests("GET", "/a/{x}", "2xx") == 1);
  CHECK(service.requests("POST", "/a/{y}", "2xx") == 2);
  CHECK(client.Head("/e/d")->status == 200);
  CHECK(service.requests("POST", "/{x}/c", "2xx") == 1);
  CHECK(service.requests("HEAD", "/e/d", "2xx") == 1);
}

TEST_CASE("a handler that throws counts as 500 with its real duration") {
  Service service;
  service.http->Get("/error", [](const Request&, Response&) {
    let_pass(20ms);
    throw std::runtime_error("thrown on purpose");
  });
  service.http->Get("/other", [](const Request&, Response&) { throw 42; });
  service.start();
  auto client = service.client();
  CHECK(client.Get("/error")->status == 500);
  CHECK(client.Get("/other")->status == 500);
  CHECK(service.requests("GET", "/error", "5xx") == 1);
  CHECK(service.requests("GET", "/other", "5xx") == 1);
  CHECK(service.value("http_request_duration_seconds_sum", {{"method", "GET"}, {"handler", "/error"}}) >= 0.02);
  CHECK(service.total(gauge) == 0);
}

TEST_CASE("a handler that throws counts with the status that the exception handler chooses") {
  Service service;
  service.http->Get("/x", [](const Request&, Response&) { throw std::runtime_error("thrown on purpose"); });
  service.http->set_exception_handler([](const Request&, Response& response, auto&&...) { response.status = 409; });
  service.start();
  CHECK(service.client().Get("/x")->status == 409);
  CHECK(service.requests("GET", "/x", "4xx") == 1);
  CHECK(service.total("http_requests_total") == 1);
}

TEST_CASE("hooks that were set before go on being called") {
  std::atomic<int> before{0}, after{0}, logged{0};
  Service service({}, [&](httplib::Server& server) {
    server.set_pre_routing_handler([&](const Request&, Response&) {
      ++before;
      return httplib::Server::HandlerResponse::Unhandled;
    });
    server.set_post_routing_handler([&](const Request&, Response& response) {
      ++after;
      response.set_header("X-After", "1");
    });
    server.set_logger([&](const Request&, const Response&) { ++logged; });
  });
  service.http->Get("/x", answer_ok);
  service.start();
  const auto answer = service.client().Get("/x");
  REQUIRE(answer);
  CHECK(answer->get_header_value("X-After") == "1");
  CHECK(before == 1);
  CHECK(after == 1);
  CHECK(wait_until([&] { return logged == 1; }));
  CHECK(service.requests("GET", "/x", "2xx") == 1);
}

TEST_CASE("hooks that are set through the Instrument are called") {
  std::atomic<int> before{0}, after{0}, logged{0}, erred{0};
  Service service;
  service.http->Get("/x", answer_ok);
  service.http
      ->set_pre_routing_handler([&](const Request&, Response&) {
        ++before;
        return httplib::Server::HandlerResponse::Unhandled;
      })
      .set_post_routing_handler([&](const Request&, Response&) { ++after; })
      .set_error_handler(httplib::Server::Handler([&](const Request&, Response& response) {
        ++erred;
        response.set_content("not here", "text/plain");
      }))
      .set_logger([&](const Request&, const Response&) { ++logged; });
  service.start();
  auto client = service.client();
  REQUIRE(client.Get("/x"));
  CHECK(client.Get("/y")->body == "not here");
  CHECK(before == 2);
  CHECK(after == 2);
  CHECK(erred == 1);
  CHECK(wait_until([&] { return logged == 2; }));
  CHECK(service.value("http_response_size_bytes_sum", {{"handler", "none"}}) == 8);  // what the error handler said
}

TEST_CASE("hooks that are set on the server itself before it listens are called, and requests are counted") {
  std::atomic<int> before{0}, after{0}, replaced{0};
  Service service;
  service.http->Get("/x", answer_ok);
  service.http->set_post_routing_handler([&](const Request&, Response&) { ++replaced; });
  service.server.set_pre_routing_handler([&](const Request&, Response&) {
    ++before;
    return httplib::Server::HandlerResponse::Unhandled;
  });
  service.server.set_post_routing_handler([&](const Request&, Response&) { ++after; });
  service.start();
  auto client = service.client();
  for (int i = 0; i < 3; ++i) CHECK(client.Get("/x")->status == 200);
  CHECK(before == 3);
  CHECK(after == 3);
  CHECK(replaced == 0);
  CHECK(service.requests("GET", "/x", "2xx") == 3);
  CHECK(service.total("http_requests_total") == 3);
  CHECK(service.total(gauge) == 0);
}

TEST_CASE("of hooks that are set on the server and through the Instrument, the last one is called") {
  std::atomic<int> on_server{0}, through{0};
  Service service;
  service.http->Get("/x", answer_ok);
  const auto counts_in = [](std::atomic<int>& calls) {
    return [&calls](const Request&, Response&) {
      ++calls;
      return httplib::Server::HandlerResponse::Unhandled;
    };
  };
  service.server.set_pre_routing_handler(counts_in(on_server));
  service.http->set_pre_routing_handler(counts_in(through));
  service.server.set_post_routing_handler(counts_in(on_server));
  service.http->set_post_routing_handler(counts_in(through));
  service.start();
  REQUIRE(service.client().Get("/x"));
  CHECK(on_server == 0);
  CHECK(through == 2);
  CHECK(service.requests("GET", "/x", "2xx") == 1);
}

TEST_CASE("a second Instrument on a server is refused, and the first counts on") {
  Service service;
  service.http->Get("/x", answer_ok);
  Registry other;
  CHECK(says(refusal([&] { Instrument{service.server, other}; }), "this server has an Instrument already"));
  CHECK(samples_of(other, "http_requests_total").empty());
  service.start();
  auto client = service.client();
  for (int i = 0; i < 3; ++i) CHECK(client.Get("/x")->status == 200);
  CHECK(service.requests("GET", "/x", "2xx") == 3);
  CHECK(service.total("http_requests_total") == 3);
}

TEST_CASE("a second Instrument is refused as long as the server has one hook of the first") {
  enum class Kept { pre_routing, post_routing, new_task_queue };
  for (const Kept kept : {Kept::pre_routing, Kept::post_routing, Kept::new_task_queue}) {
    CAPTURE(static_cast<int>(kept));
    Service service;
    if (kept != Kept::pre_routing) service.server.set_pre_routing_handler(nullptr);
    if (kept != Kept::post_routing) service.server.set_post_routing_handler(nullptr);
    if (kept != Kept::new_task_queue) service.server.new_task_queue = nullptr;
    CHECK(says(refusal([&] { Instrument{service.server, service.registry}; }), "has an Instrument already"));
  }
}

TEST_CASE("a server that outlives its Instrument answers as before, and its requests are counted") {
  std::atomic<int> before{0};
  Service service;
  service.http->expose().Get("/lots/{lot_id}", [](const Request& request, Response& response) {
    response.set_content(path_param(request, "lot_id"), "text/plain");
  });
  service.http->set_pre_routing_handler([&](const Request&, Response&) {
    ++before;
    return httplib::Server::HandlerResponse::Unhandled;
  });
  service.http.reset();
  service.start();
  auto client = service.client();
  CHECK(client.Get("/lots/7")->body == "7");
  CHECK(client.Get("/metrics")->body == valid_page(service.registry));
  CHECK(before == 2);
  CHECK(service.requests("GET", "/lots/{lot_id}", "2xx") == 1);
  CHECK(says(refusal([&] { Instrument{service.server, service.registry}; }), "has an Instrument already"));
}

TEST_CASE("an Instrument may be destroyed after its server") {
  Registry registry;
  auto server = std::make_unique<httplib::Server>();
  Instrument http{*server, registry};
  http.Get("/x", answer_ok);
  server.reset();
  CHECK(http.metrics().enabled());
}

TEST_CASE("an answer of a hook counts for the route that it answered for") {
  Service service;
  service.http->Get("/api/lots/{lot_id}", answer_ok);
  service.http->set_pre_routing_handler([](const Request&, Response& response) {
    response.status = 401;
    return httplib::Server::HandlerResponse::Handled;
  });
  service.start();
  CHECK(service.client().Get("/api/lots/1")->status == 401);
  CHECK(service.client().Get("/nowhere")->status == 401);
  CHECK(service.requests("GET", "/api/lots/{lot_id}", "4xx") == 1);
  CHECK(service.requests("GET", "none", "4xx") == 1);
  CHECK(service.total(gauge) == 0);
}

TEST_CASE("a hook that throws, and a status that a post-routing hook changes, are counted as answered") {
  Service service;
  service.http->Get("/x", answer_ok);
  service.http->set_pre_routing_handler([](const Request& request, Response&) {
    if (request.has_header("X-Throw")) throw std::runtime_error("thrown on purpose");
    return httplib::Server::HandlerResponse::Unhandled;
  });
  service.http->set_post_routing_handler([](const Request& request, Response& response) {
    if (request.has_header("X-Teapot")) response.status = 418;
  });
  service.start();
  CHECK(service.client().Get("/x", {{"X-Throw", "1"}})->status == 500);
  CHECK(service.client().Get("/x", {{"X-Teapot", "1"}})->status == 418);
  CHECK(service.requests("GET", "/x", "5xx") == 1);
  CHECK(service.requests("GET", "/x", "4xx") == 1);
  CHECK(service.total(gauge) == 0);
}

TEST_CASE("each request of a kept connection is counted, with sizes of its own") {
  Service service;
  service.http->Get("/x", answer_ok).Post("/x", answer_ok);
  service.server.set_keep_alive_max_count(100);
  service.start();
  Connection connection(service.port);
  for (int i = 1; i <= 20; ++i) {
    connection.answer.clear();
    connection.send("POST /x HTTP/1.1\r\nContent-Length: 3\r\n\r\nabc");
    REQUIRE(connection.read_until("\r\n\r\nok"));
    connection.answer.clear();
    connection.send("HEAD /x HTTP/1.1\r\n\r\n");
    REQUIRE(connection.read_until("\r\n\r\n"));
    CHECK(service.requests("POST", "/x", "2xx") == i);
    CHECK(service.requests("HEAD", "/x", "2xx") == i);
    CHECK(service.value("http_request_size_bytes_sum", {{"handler", "/x"}}) == 3 * i);
    CHECK(service.value("http_response_size_bytes_sum", {{"handler", "/x"}}) == 2 * i);
    CHECK(service.total(gauge) == 0);
  }
}

TEST_CASE("a request is in progress while its handler works, and its body is waited for") {
  Service service;
  std::atomic<bool> go_on{false};
  service.http->Get("/slow", [&](const Request&, Response&) { wait_until([&] { return go_on.load(); }); });
  service.http->Post("/body", answer_ok);
  service.start();
  const auto in_progress = [&](const char* method, const char* handler) {
    return service.value(gauge, {{"method", method}, {"handler", handler}});
  };
  std::vector<std::thread> clients;
  for (int i = 0; i < 3; ++i) clients.emplace_back([&] { service.client().Get("/slow"); });
  CHECK(wait_until([&] { return in_progress("GET", "/slow") == 3; }));
  {
    const Connection waiting(service.port);
    waiting.send("POST /body HTTP/1.1\r\nContent-Length: 10\r\n\r\nabc");
    CHECK(wait_until([&] { return in_progress("POST", "/body") == 1; }));
  }  // the client goes away
  CHECK(wait_until([&] { return in_progress("POST", "/body") == 0; }));
  CHECK(service.value("http_request_duration_seconds_count", {{"method", "POST"}, {"handler", "/body"}}) == 1);
  go_on = true;
  for (std::thread& client : clients) client.join();
  CHECK(service.total(gauge) == 0);
  CHECK(service.requests("GET", "/slow", "2xx") == 3);
}

TEST_CASE("HEAD is answered by the route of GET, without a body") {
  Service service;
  service.http->Get("/x", answer_ok);
  service.http->Get("/stream", [](const Request&, Response& response) {
    response.set_content_provider(
        4, "text/plain", [](std::size_t, std::size_t, httplib::DataSink& sink) { return sink.write("abcd", 4); });
  });
  service.start();
  auto client = service.client();
  CHECK(client.Head("/x")->status == 200);
  CHECK(client.Head("/stream")->status == 200);
  CHECK(service.requests("HEAD", "/x", "2xx") == 1);
  CHECK(service.requests("HEAD", "/stream", "2xx") == 1);
  CHECK(service.total("http_response_size_bytes_sum") == 0);
  CHECK(service.total("http_response_size_bytes_count") == 2);
  CHECK(service.total(gauge) == 0);
}

TEST_CASE("a streamed answer is in progress until its end, and counted with its size") {
  Service service;
  std::atomic<bool> go_on{false}, released{false}, success{false};
  const auto provide = [&](std::size_t offset, httplib::DataSink& sink) {
    if (offset == 0) return sink.write("first ", 6);
    if (!wait_until([&] { return go_on.load(); })) return false;
    sink.os << "second";
    sink.done();
    return true;
  };
  const auto release = [&](bool good) {
    success = good;
    released = true;
  };
  service.http->Get("/chunked", [&](const Request&, Response& response) {
    response.set_chunked_content_provider("text/plain", provide, release);
  });
  service.http->Get("/open", [&](const Request&, Response& response) {
    response.set_content_provider("text/plain", provide, release);
  });
  service.http->Get("/length", [&](const Request&, Response& response) {
    response.set_content_provider(
        12, "text/plain",
        [&](std::size_t offset, std::size_t, httplib::DataSink& sink) {
          if (offset == 0) return sink.write("first ", 6);
          return wait_until([&] { return go_on.load(); }) && sink.write("second", 6);
        },
        release);
  });
  service.start();
  for (const std::string path : {"/chunked", "/open", "/length"}) {
    CAPTURE(path);
    go_on = released = success = false;
    Connection connection(service.port);
    const Stopwatch whole;
    connection.send("GET " + path + " HTTP/1.1\r\nConnection: close\r\n\r\n");
    REQUIRE(connection.read_until("first "));
    CHECK(service.value(gauge, {{"method", "GET"}, {"handler", path}}) == 1);
    CHECK(service.requests("GET", path.c_str(), "2xx") == 0);
    let_pass(20ms);
    go_on = true;
    REQUIRE(connection.read_until("second"));
    CHECK(wait_until([&] { return service.requests("GET", path.c_str(), "2xx") == 1; }));
    CHECK(wait_until([&] { return service.total(gauge) == 0; }));
    CHECK(released);
    CHECK(success);
    CHECK(service.value("http_response_size_bytes_sum", {{"handler", path}}) == 12);
    CHECK(service.value("http_request_duration_seconds_sum", {{"method", "GET"}, {"handler", path}}) >= 0.02);
  }
}

TEST_CASE("the size of a stream is that before its compression") {
  Service service;
  const std::string text(10'000, 'x');
  service.http->Get("/x", [&](const Request&, Response& response) {
    response.set_chunked_content_provider("text/plain", [&](std::size_t, httplib::DataSink& sink) {
      sink.write(text.data(), text.size());
      sink.done();
      return true;
    });
  });
  service.start();
  const auto answer = service.client().Get("/x", {{"Accept-Encoding", "gzip"}});
  REQUIRE(answer);
#ifdef CPPHTTPLIB_ZLIB_SUPPORT
  CHECK(answer->get_header_value("Content-Encoding") == "gzip");
#endif
  CHECK(wait_until([&] { return service.requests("GET", "/x", "2xx") == 1; }));
  CHECK(service.value("http_response_size_bytes_sum", {{"handler", "/x"}}) == 10'000);
}

TEST_CASE("the time of streaming can be left out") {
  Service service({.streaming_time = flowviz::bundles::StreamingTime::excluded});
  std::atomic<bool> go_on{false};
  service.http->Get("/x", [&](const Request&, Response& response) {
    let_pass(10ms);
    response.set_content_provider(4, "text/plain", [&](std::size_t, std::size_t, httplib::DataSink& sink) {
      return wait_until([&] { return go_on.load(); }) && sink.write("abcd", 4);
    });
  });
  service.start();
  Connection connection(service.port);
  const Stopwatch whole;
  connection.send("GET /x HTTP/1.1\r\n\r\n");
  REQUIRE(connection.read_until("\r\n\r\n"));  // the head: the duration has ended
  let_pass(50ms);
  CHECK(service.total(gauge) == 1);
  go_on = true;
  REQUIRE(connection.read_until("abcd"));
  CHECK(wait_until([&] { return service.requests("GET", "/x", "2xx") == 1; }));
  const double sum = service.value("http_request_duration_highr_seconds_sum");
  CHECK(sum >= 0.01);
  CHECK(sum <= std::chrono::duration<double>(whole.elapsed() - 50ms).count());
}

TEST_CASE("a client that leaves in the middle of a stream ends its request") {
  Service service;
  service.http->Get("/endless", [](const Request&, Response& response) {
    response.set_chunked_content_provider(
        "text/plain", [](std::size_t, httplib::DataSink& sink) { return sink.write("again and again ", 16); });
  });
  service.start();
  {
    Connection connection(service.port);
    connection.send("GET /endless HTTP/1.1\r\n\r\n");
    REQUIRE(connection.read_until("again"));
    CHECK(service.total(gauge) == 1);
  }
  CHECK(wait_until([&] { return service.requests("GET", "/endless", "2xx") == 1; }));
  CHECK(wait_until([&] { return service.total(gauge) == 0; }));
  CHECK(service.value("http_response_size_bytes_sum", {{"handler", "/endless"}}) >= 16);
}

TEST_CASE("the registry's page is exposed to GET and HEAD, and its requests are not counted") {
  Service service;
  service.http->expose().Get("/x", answer_ok).Get("/health", answer_ok);
  service.start();
  auto client = service.client();
  REQUIRE(client.Get("/x"));
  REQUIRE(client.Get("/health"));
  const auto page = client.Get("/metrics", {{"Accept", "text/plain;q=0.5"}, {"Accept", "*/*;q=0.1"}});
  REQUIRE(page);
  CHECK(page->status == 200);
  CHECK(page->get_header_value("Content-Type") == "text/plain; version=0.0.4; charset=utf-8");
  CHECK(page->body == valid_page(service.registry));
  const auto head = client.Head("/metrics");
  REQUIRE(head);
  CHECK(head->status == 200);
  CHECK(head->get_header_value("Content-Type") == page->get_header_value("Content-Type"));
  CHECK(head->get_header_value("Content-Length") == std::to_string(page->body.size()));
  CHECK(service.total("http_requests_total") == 1);
  CHECK(service.handlers() == std::set<std::string>{"none", "/x"});
}

TEST_CASE("a page is served whole, whatever ranges are asked for") {
  Service service;
  service.http->expose();
  service.start();
  for (const std::string range : {"bytes=0-9", "bytes=0-9,0-9,0-9,0-9"}) {
    const auto page = service.client().Get("/metrics", {{"Range", range}});
    REQUIRE(page);
    CHECK(page->status == 200);
    CHECK(page->body == valid_page(service.registry));
  }
}

TEST_CASE("without a registry the default one is used") {
  httplib::Server server;
  Instrument http{server, {.metric_namespace = "by_default"}};
  http.Get("/x", answer_ok);
  CHECK(says(samples_of(flowviz::default_registry(), "by_default_http_requests_total"), "handler=\"/x\""));
}

TEST_CASE("no Accept header of any shape is an error") {
  for (const std::string accept :
       {"", ",,,", "text/html", "*/*;q=0", "\xff;q=x", "a/b;c=\"", "application/openmetrics-text"}) {
    CAPTURE(accept);
    Service service;
    service.http->expose("/page");
    service.start();
    const std::string answer =
        say(service.port, "GET /page HTTP/1.1\r\nAccept: " + accept + "\r\nConnection: close\r\n\r\n");
    CHECK(says(answer, "HTTP/1.1 "));
    CHECK_FALSE(says(answer, "HTTP/1.1 5"));
  }
}

TEST_CASE("two hundred routes take a hundred places, and every request is counted") {
  Service service;
  for (int i = 0; i < 200; ++i) service.http->Get("/route/" + std::to_string(i) + "/{id}", answer_ok);
  service.start();
  auto client = service.client();
  client.set_keep_alive(true);
  for (int i = 0; i < 200; ++i) CHECK(client.Get("/route/" + std::to_string(i) + "/7")->status == 200);
  CHECK(service.handlers().size() == 102);
  CHECK(service.requests("GET", "/route/99/{id}", "2xx") == 1);
  CHECK(service.requests("GET", "_other", "2xx") == 100);
  CHECK(service.total("http_requests_total") == 200);
}

TEST_CASE("turned off, the server answers as before and nothing is counted") {
  setenv("ENABLE_METRICS", "false", 1);
  Service service;
  unsetenv("ENABLE_METRICS");
  service.http->expose().Get("/lots/{lot_id}", [](const Request& request, Response& response) {
    response.set_content(path_param(request, "lot_id"), "text/plain");
  });
  service.start();
  CHECK_FALSE(service.http->metrics().enabled());
  CHECK(service.client().Get("/lots/7")->body == "7");
  CHECK(service.client().Get("/metrics")->status == 200);
  for (const Sample& sample : support::parse_samples(valid_page(service.registry))) {
    CHECK(sample.name.starts_with("flowviz_metrics_"));
  }
}

TEST_CASE("many clients at once are all counted, and scrapes meanwhile see no negative gauge") {
  Service service({.constant_labels = {{"listener", "api"}}});
  service.http->expose().Get("/lots/{lot_id}", answer_ok);
  service.http->Post("/lots", [](const Request& request, Response& response) {
    if (request.body == "throw") throw std::runtime_error("thrown on purpose");
    response.status = 201;
  });
  service.start();
  constexpr int threads = 8, each = 25;
  std::atomic<int> running{threads};
  std::vector<std::thread> clients;
  for (int i = 0; i < threads; ++i) {
    clients.emplace_back([&, i] {
      auto client = service.client();
      for (int k = 0; k < each; ++k) {
        client.Get("/lots/" + std::to_string(i * each + k));
        client.Post("/lots", k % 5 == 0 ? "throw" : "x", "text/plain");
      }
      --running;
    });
  }
  auto scraper = service.client();
  do {
    const auto page = scraper.Get("/metrics");
    REQUIRE(page);
    for (const Sample& sample : support::parse_samples(page->body)) {
      if (sample.name == gauge) CHECK((sample.value >= 0 && sample.value <= threads));
    }
  } while (running > 0);
  for (std::thread& client : clients) client.join();
  const auto requests = [&](const char* method, const char* handler, const char* status) {
    return service.value("http_requests_total",
                         {{"listener", "api"}, {"method", method}, {"handler", handler}, {"status", status}});
  };
  CHECK(requests("GET", "/lots/{lot_id}", "2xx") == threads * each);
  CHECK(requests("POST", "/lots", "2xx") == threads * each * 4 / 5);
  CHECK(requests("POST", "/lots", "5xx") == threads * each / 5);
  CHECK(service.total(gauge) == 0);
}

TEST_CASE("routes of the server itself count by their pattern where the release tells it, else as none") {
  Service service;
  service.server.Get(R"(/numbers/(\d+))", answer_ok);
  service.server.Get("/health", answer_ok);
  service.start();
  REQUIRE(service.client().Get("/numbers/12"));
  REQUIRE(service.client().Get("/health"));
  CHECK(service.requests("GET", R"(/numbers/(\d+))", "2xx") == (tells_route ? 1 : -1));
  CHECK(service.requests("GET", "none", "2xx") == (tells_route ? 0 : 2));
  CHECK(service.total(gauge) == 0);
}

TEST_CASE("where a route of the server itself comes before a template, the release that tells it is believed") {
  Service service;
  service.server.Get("/lots/(.*)", answer_ok).Delete("/lots/(.*)", answer_ok);
  service.http->Get("/lots/{lot_id}", answer_ok);
  service.start();
  auto client = service.client();
  REQUIRE(client.Get("/lots/1"));
  REQUIRE(client.Delete("/lots/1", "", "text/plain"));
  const char* handler = tells_route ? "/lots/(.*)" : "/lots/{lot_id}";
  CHECK(service.requests("GET", handler, "2xx") == 1);
  CHECK(service.requests("DELETE", handler, "2xx") == 1);
  CHECK(service.total("http_requests_total") == 2);
  CHECK(service.total(gauge) == 0);
}

TEST_CASE("a request to change the protocol that nobody takes is counted once") {
  Service service;
  service.http->Get("/x", answer_ok);
  service.start();
  const std::string upgrade =
      " HTTP/1.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
      "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";
  CHECK(say(service.port, "GET /x" + upgrade).starts_with("HTTP/1.1 200"));
  CHECK(say(service.port, "GET /y" + upgrade).starts_with("HTTP/1.1 404"));
  CHECK(wait_until([&] { return service.total(gauge) == 0; }));
  CHECK(service.total("http_requests_total") == 2);
  CHECK(service.requests("GET", "/x", "2xx") == 1);
}

#ifdef CPPHTTPLIB_WEBSOCKET_READ_TIMEOUT_SECOND  // releases that have WebSockets
TEST_CASE("a session of another protocol is in progress while it lasts, and its length is no latency") {
  Service service;
  service.server.WebSocket("/session", [](const Request&, httplib::ws::WebSocket& session) {
    std::string message;
    while (session.read(message)) session.send(message);
  });
  service.start();
  {
    Connection connection(service.port);
    connection.send(
        "GET /session HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n");
    REQUIRE(connection.read_until("101 Switching"));
    CHECK(service.total(gauge) == 1);
  }
  CHECK(wait_until([&] { return service.total(gauge) == 0; }));
  CHECK(service.requests("GET", "none", "1xx") == 1);
  CHECK(service.value("http_request_duration_highr_seconds_count") == 0);
}
#endif
