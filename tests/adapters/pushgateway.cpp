// SPDX-License-Identifier: MIT
// The client against a server that keeps what it is asked. What a Pushgateway makes of it is in tests/outlets.

#include <flowviz_metrics/adapters/httplib_pushgateway.hpp>

#include <doctest/doctest.h>

#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include <flowviz_metrics/flowviz_metrics.hpp>

#include "adapters/listening.hpp"
#include "page.hpp"
#include "refusal.hpp"

using flowviz::Registry;
using flowviz::httplib::Pushgateway;
using flowviz::httplib::PushgatewayOptions;
using flowviz::httplib::PushOutcome;
using namespace std::chrono_literals;

namespace {

/// Answers all requests alike and keeps them.
class Recorder {
 public:
  explicit Recorder(httplib::Server::Handler answer = [](auto&, auto& response) { response.status = 200; }) {
    const auto handler = [this, answer = std::move(answer)](const httplib::Request& request,
                                                            httplib::Response& response) {
      {
        const std::lock_guard lock(mutex_);
        requests_.push_back(request);
      }
      answer(request, response);
    };
    server_.Put(".*", handler);
    server_.Post(".*", handler);
    server_.Delete(".*", handler);
    listening_.emplace(server_);
  }

  std::string url() const { return "http://127.0.0.1:" + std::to_string(listening_->port()); }
  std::vector<httplib::Request> requests() const {
    const std::lock_guard lock(mutex_);
    return requests_;
  }
  /// The only one.
  httplib::Request request() const {
    REQUIRE(requests().size() == 1);
    return requests().front();
  }

 private:
  httplib::Server server_;
  mutable std::mutex mutex_;
  std::vector<httplib::Request> requests_;
  std::optional<Listening> listening_;
};

/// What a request asks for as it came, before anything is decoded.
std::string target(const PushgatewayOptions& options) {
  const Recorder recorder;
  PushgatewayOptions there = options;
  there.url = recorder.url() + options.url;
  const PushOutcome outcome = Pushgateway(there).remove();
  CHECK(outcome.ok());
  return recorder.request().target;
}

/// How it is refused, or an empty text if it is not.
std::string refused(const PushgatewayOptions& options) {
  return refusal([&] { Pushgateway{options}; });
}

std::string refused_url(const std::string& url) { return refused({.url = url, .job = "import"}); }

}  // namespace

TEST_CASE("a push puts the page, an addition posts it, a removal sends none") {
  const Recorder recorder;
  Registry registry;
  const flowviz::Counter lots{registry, "lots_total", "Lots."};
  lots.inc(3);
  const Pushgateway gateway{{.url = recorder.url(), .job = "import", .labels = {{"instance", "north"}}}};
  for (const PushOutcome& outcome : {gateway.push(registry), gateway.add(registry), gateway.remove()}) {
    CHECK(outcome.ok());
    CHECK(outcome.status == 200);
    CHECK(outcome.reason.empty());
  }
  const std::vector<httplib::Request> requests = recorder.requests();
  REQUIRE(requests.size() == 3);
  const std::string page = page_of(registry);
  CHECK(requests[0].method == "PUT");
  CHECK(requests[1].method == "POST");
  CHECK(requests[2].method == "DELETE");
  for (const httplib::Request& request : requests) {
    CHECK(request.target == "/metrics/job/import/instance/north");
    CHECK(!request.has_header("Authorization"));
    CHECK(request.body == (request.method == "DELETE" ? "" : page));
    CHECK(request.get_header_value("Content-Type") ==
          (request.method == "DELETE" ? "" : "text/plain; version=0.0.4; charset=utf-8"));
  }
}

TEST_CASE("several registries are pushed as one page") {
  const Recorder recorder;
  Registry north, south;
  const flowviz::Counter lots{north, "lots_total", "Lots."}, pallets{south, "pallets_total", "Pallets."};
  const Pushgateway gateway{{.url = recorder.url(), .job = "import"}};
  CHECK(gateway.push({&north, &south}).ok());
  CHECK(gateway.add({&south}).ok());
  const std::vector<httplib::Request> requests = recorder.requests();
  REQUIRE(requests.size() == 2);
  CHECK(requests[0].method == "PUT");
  CHECK(says(requests[0].body, "\nlots_total 0\n"));
  CHECK(says(requests[0].body, "\npallets_total 0\n"));
  CHECK(requests[1].method == "POST");
  CHECK(!says(requests[1].body, "lots_total"));
  CHECK(says(requests[1].body, "\npallets_total 0\n"));
}

TEST_CASE("what a path cannot hold goes as base64 of the alphabet for URLs") {
  const struct {
    std::string value, path;
  } table[] = {
      {"north", "/north"},
      {"db-1.example_2", "/db-1.example_2"},
      {"", "@base64/="},
      {".", "@base64/Lg"},
      {"..", "@base64/Li4"},
      {"a/b", "@base64/YS9i"},
      {"a b+c%2F", "@base64/YSBiK2MlMkY"},
      {"\xc3\xbf\xc3\xbe?>", "@base64/w7_Dvj8-"},
      {"f\n\"\\", "@base64/ZgoiXA"},
      {std::string("\0", 1), "@base64/AA"},
      {"10.0.0.1:8080", "@base64/MTAuMC4wLjE6ODA4MA"},
  };
  for (const auto& row : table) {
    CAPTURE(row.value);
    CHECK(target({.url = "", .job = "import", .labels = {{"zone", row.value}}}) ==
          "/metrics/job/import/zone" + row.path);
    if (!row.value.empty()) CHECK(target({.url = "", .job = row.value}) == "/metrics/job" + row.path);
  }
}

TEST_CASE("a group's labels keep their order, and the URL its prefix") {
  CHECK(target({.url = "/gate/way//", .job = "a", .labels = {{"zone", "z"}, {"line", "1"}}}) ==
        "/gate/way/metrics/job/a/zone/z/line/1");
}

TEST_CASE("a user and a password go as basic authentication") {
  const Recorder recorder;
  const Pushgateway gateway{{.url = recorder.url(), .job = "a", .user = "importer", .password = "p:\xc3\xa4 s"}};
  CHECK(gateway.remove().ok());
  CHECK(recorder.request().get_header_value("Authorization") == "Basic aW1wb3J0ZXI6cDrDpCBz");
}

TEST_CASE("what the server refuses is told in its words") {
  const Recorder recorder([](const httplib::Request&, httplib::Response& response) {
    response.status = 400;
    response.set_content("pushed metrics are invalid\n", "text/plain");
  });
  const PushOutcome outcome = Pushgateway{{.url = recorder.url(), .job = "a"}}.push(Registry());
  CHECK(!outcome.ok());
  CHECK(outcome.status == 400);
  CHECK(outcome.reason == "pushed metrics are invalid");
}

TEST_CASE("a refusal without words is told by its status") {
  const Recorder recorder([](const httplib::Request&, httplib::Response& response) { response.status = 503; });
  const PushOutcome outcome = Pushgateway{{.url = recorder.url(), .job = "a"}}.remove();
  CHECK(outcome.status == 503);
  CHECK(outcome.reason == "Service Unavailable");
}

TEST_CASE("of a long answer 4 KiB are kept, whether it is a refusal or not") {
  for (const int status : {500, 200}) {
    const Recorder recorder([&](const httplib::Request&, httplib::Response& response) {
      response.status = status;
      response.set_content(std::string(1 << 20, 'x'), "text/plain");
    });
    const PushOutcome outcome = Pushgateway{{.url = recorder.url(), .job = "a"}}.remove();
    CHECK(outcome.status == status);
    CHECK(outcome.ok() == (status == 200));
    CHECK(outcome.reason == std::string(status == 200 ? 0 : 4096, 'x'));
  }
}

TEST_CASE("an answer without an end is not waited for") {
  bool read_whole = false;
  {
    const Recorder recorder([&](const httplib::Request&, httplib::Response& response) {
      response.status = 500;
      response.set_chunked_content_provider("text/plain", [&](std::size_t sent, httplib::DataSink& sink) {
        const std::string block(1 << 20, 'x');
        if (sent < (64u << 20)) return sink.write(block.data(), block.size());
        read_whole = true;
        sink.done();
        return true;
      });
    });
    CHECK(Pushgateway{{.url = recorder.url(), .job = "a"}}.remove().reason.size() == 4096);
  }
  CHECK(!read_whole);
}

TEST_CASE("a redirect is told and not followed") {
  const Recorder other;
  const Recorder recorder([&](const httplib::Request& request, httplib::Response& response) {
    response.set_redirect(other.url() + request.path, 307);
  });
  const PushOutcome outcome = Pushgateway{{.url = recorder.url(), .job = "a", .user = "u"}}.remove();
  CHECK(!outcome.ok());
  CHECK(outcome.status == 307);
  CHECK(outcome.reason == "a redirect to " + other.url() + "/metrics/job/a");
  CHECK(other.requests().empty());
}

TEST_CASE("a server that is not there is an outcome, no exception") {
  std::string url;
  {
    const Recorder recorder;
    url = recorder.url();
  }
  const PushOutcome outcome = Pushgateway{{.url = url, .job = "a"}}.push(Registry());
  CHECK(!outcome.ok());
  CHECK(outcome.status == 0);
  CHECK(outcome.reason == "no answer from " + url + ": Connection");
}

TEST_CASE("a server that does not answer is given up after the timeout") {
  std::mutex answering;
  std::unique_lock silence(answering);
  const Recorder recorder([&](const httplib::Request&, httplib::Response&) { const std::lock_guard wait(answering); });
  const flowviz::Stopwatch watch;
  const PushOutcome outcome = Pushgateway{{.url = recorder.url(), .job = "a", .timeout = 20ms}}.remove();
  CHECK(watch.elapsed() < 4s);  // cpp-httplib by itself waits for 5 s
  silence.unlock();
  CHECK(outcome.status == 0);
  CHECK(outcome.reason == "no answer from " + recorder.url() + ": Read");
}

TEST_CASE("a client may be used by several threads") {
  const Recorder recorder;
  Registry registry;
  const Pushgateway gateway{{.url = recorder.url(), .job = "a"}};
  std::vector<std::thread> threads;
  std::vector<PushOutcome> outcomes(4);
  for (PushOutcome& outcome : outcomes) threads.emplace_back([&] { outcome = gateway.push(registry); });
  for (std::thread& thread : threads) thread.join();
  for (const PushOutcome& outcome : outcomes) CHECK(outcome.ok());
  CHECK(recorder.requests().size() == 4);
}

TEST_CASE("a Pushgateway's URL is checked when the client is made") {
  for (const std::string url : {"http://gateway", "https://gateway:9091/prefix/", "http://127.0.0.1:1",
                                "http://[::1]:65535", "http://[::1]/a:b"}) {
    CAPTURE(url);
    CHECK(refused_url(url).empty());
  }
  const struct {
    std::string url, rule;
  } table[] = {
      {"", "begins with http:// or https://"},
      {"gateway:9091", "begins with http:// or https://"},
      {"ftp://gateway", "begins with http:// or https://"},
      {"http:/gateway", "begins with http:// or https://"},
      {"http://", "names a host"},
      {"http://:9091", "names a host"},
      {"http:///metrics", "names a host"},
      {"http://gateway:", "has a port from 1 to 65535"},
      {"http://gateway:0", "has a port from 1 to 65535"},
      {"http://gateway:65536", "has a port from 1 to 65535"},
      {"http://gateway:9091x", "has a port from 1 to 65535"},
      {"http://[::1]9091", "has a port from 1 to 65535"},
      {"http://gateway/a b", "no user, query or blank"},
      {"http://gateway/a?b", "no user, query or blank"},
      {"http://gateway/#b", "no user, query or blank"},
      {"http://gateway/a\r\nb", "no user, query or blank"},
      {"http://user:secret@gateway", "no user, query or blank"},
      {"http://gateway/metrics", "ends before /metrics"},
      {"http://gateway/prefix/metrics/", "ends before /metrics"},
      {"http://gateway/metrics/job/import", "ends before /metrics"},
  };
  for (const auto& row : table) {
    CAPTURE(row.url);
    CHECK(says(refused_url(row.url), row.rule));
    CHECK(!says(refused_url(row.url), "secret"));
  }
}

TEST_CASE("a group that a Pushgateway could not keep is refused when the client is made") {
  const auto labelled = [](std::vector<std::pair<std::string, std::string>> labels) {
    return refused({.url = "http://gateway", .job = "a", .labels = std::move(labels)});
  };
  CHECK(labelled({{"instance", "north"}, {"site_id", ""}}).empty());
  CHECK(says(refused({.url = "http://gateway", .job = ""}), "the job of a Pushgateway is UTF-8 and not empty"));
  CHECK(says(refused({.url = "http://gateway", .job = "\xff"}), "the job of a Pushgateway is UTF-8 and not empty"));
  CHECK(says(labelled({{"job", "b"}}), "'job': a Pushgateway's job has a place of its own"));
  CHECK(says(labelled({{"zone", "\xff"}}), "'zone': the value of a label is UTF-8"));
  CHECK(says(labelled({{"zone", "a"}, {"zone", "b"}}), "'zone': a label name occurs once"));
  CHECK(says(labelled({{"le", "1"}}), "'le': "));
  CHECK(says(labelled({{"Zone", "a"}}), "'Zone': "));
  CHECK(says(labelled({{"a/b", "a"}}), "'a/b': "));
  CHECK(says(labelled({{"", "a"}}), "a name is not empty"));
}

TEST_CASE("credentials and timeouts that cannot be are refused when the client is made") {
  CHECK(says(refused({.url = "http://gateway", .job = "a", .user = "a:b"}), "has no colon"));
  CHECK(says(refused({.url = "http://gateway", .job = "a", .password = "b"}), "a password needs a user"));
  CHECK(says(refused({.url = "http://gateway", .job = "a", .timeout = 0ms}), "longer than nothing"));
}
