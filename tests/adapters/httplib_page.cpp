// SPDX-License-Identifier: MIT
// The page as clients get it from a real server on loopback.

#include <flowviz_metrics/adapters/httplib_page.hpp>

#include <doctest/doctest.h>

#include <atomic>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include <flowviz_metrics/flowviz_metrics.hpp>

#include "adapters/listening.hpp"
#include "page.hpp"
#include "support/protobuf_page.hpp"
#include "support/text_validator.hpp"

using flowviz::Registry;
using httplib::Headers;
using namespace std::chrono_literals;

namespace {

template <class R>
concept HasPage = requires(R&& registry) { flowviz::httplib::page(std::forward<R>(registry)); };
static_assert(HasPage<Registry&> && HasPage<const Registry&> && !HasPage<Registry> && !HasPage<const Registry>,
              "a handler of a temporary would read what is gone");

constexpr const char* open_metrics = "application/openmetrics-text;version=1.0.0";

/// A server with nothing but a page.
struct Exposed {
  explicit Exposed(unsigned at_once = 4) {
    server.new_task_queue = [] { return new httplib::ThreadPool(8); };
    server.Get("/metrics", flowviz::httplib::page(registry, at_once));
    listening.emplace(server);
  }

  /// The answer as it came, not unpacked.
  httplib::Response get(const std::string& target, const Headers& headers = {}) const {
    auto client = listening->client();
    client.set_decompress(false);
    const auto answer = client.Get(target, headers);
    REQUIRE(answer);
    return *answer;
  }

  Registry registry;
  flowviz::Counter<> lots{registry, "lots_total", "Lots."}, jobs{registry, "jobs_total", "Jobs."};
  httplib::Server server;
  std::optional<Listening> listening;
};

std::vector<std::string> families_of(std::string_view page) {
  std::vector<std::string> names;
  for (std::size_t at = 0; (at = page.find("# HELP ", at)) != std::string_view::npos; at += 7) {
    names.emplace_back(page.substr(at + 7, page.find(' ', at + 7) - at - 7));
  }
  return names;
}

#ifdef CPPHTTPLIB_ZLIB_SUPPORT
std::string unpacked(const std::string& body) {
  httplib::detail::gzip_decompressor decompressor;
  std::string plain;
  CHECK(decompressor.decompress(body.data(), body.size(), [&](const char* data, std::size_t size) {
    plain.append(data, size);
    return true;
  }));
  return plain;
}
#endif

}  // namespace

TEST_CASE("a page has the metrics that its query names") {
  const Exposed exposed;
  using Names = std::vector<std::string>;
  CHECK(families_of(exposed.get("/metrics?name[]=lots_total").body) == Names{"lots_total"});
  CHECK(families_of(exposed.get("/metrics?name[]=jobs_total&name%5B%5D=lots_total&x=y").body) ==
        Names{"lots_total", "jobs_total"});
  CHECK(exposed.get("/metrics?name=lots_total").body == valid_page(exposed.registry));
  const auto none = exposed.get("/metrics?name[]=nothing");
  CHECK(none.status == 200);
  CHECK(none.body == "");
  CHECK(exposed.get("/metrics?name[]=nothing", {{"Accept", open_metrics}}).body == "# EOF\n");
}

TEST_CASE("several registries have one page, and none named is the default registry's") {
  const Exposed exposed;
  Registry other{{{"site", "north"}}};
  flowviz::Counter{other, "lots_total", "Lots."}.inc();
  httplib::Server server;
  server.Get("/metrics", flowviz::httplib::page({&exposed.registry, &other}));
  server.Get("/default", flowviz::httplib::page());
  const Listening listening(server);
  const auto page = [&](const std::string& target) {
    const auto answer = listening.client().Get(target);
    REQUIRE(answer);
    return answer->body;
  };
  CHECK(page("/metrics?name[]=lots_total") ==
        "# HELP lots_total Lots.\n# TYPE lots_total counter\nlots_total 0\nlots_total{site=\"north\"} 1\n");
  CHECK(page("/default") == valid_page(flowviz::default_registry()));
}

TEST_CASE("too many names are refused with the reason") {
  const Exposed exposed;
  std::string query = "/metrics?x=1";
  for (std::size_t i = 0; i < flowviz::PageRequest::max_names; ++i) query += "&name[]=a" + std::to_string(i);
  CHECK(exposed.get(query).status == 200);
  const auto refused = exposed.get(query + "&name[]=b");
  CHECK(refused.status == 400);
  CHECK(refused.body == "name[]: a page has at most 100 names\n");
  CHECK(refused.get_header_value("Content-Type") == "text/plain; charset=utf-8");
  CHECK(exposed.get("/metrics?name[]=" + std::string(257, 'x')).status == 400);
}

TEST_CASE("HEAD has the headers of the page that GET has, and no body") {
  const Exposed exposed;
  for (const Headers& headers : {Headers{}, Headers{{"Accept", open_metrics}}, Headers{{"Accept-Encoding", "gzip"}},
                                 Headers{{"Accept", support::protobuf_type}, {"Accept-Encoding", "gzip"}}}) {
    const auto page = exposed.get("/metrics?name[]=lots_total", headers);
    const auto head = exposed.listening->client().Head("/metrics?name[]=lots_total", headers);
    REQUIRE(head);
    CHECK(head->status == 200);
    CHECK(head->body == "");
    for (const char* name : {"Content-Type", "Content-Encoding"})
      CHECK(head->get_header_value(name) == page.get_header_value(name));
    CHECK(head->get_header_value("Content-Length") == std::to_string(page.body.size()));
  }
}

TEST_CASE("the body is what Content-Encoding says, in every format") {
  const Exposed exposed;
  const std::string target = "/metrics?name[]=lots_total";
  for (const char* accept : {"", open_metrics, support::protobuf_type}) {
    CAPTURE(accept);
    const auto plain = exposed.get(target, {{"Accept", accept}, {"Accept-Encoding", ""}});
    CHECK_FALSE(plain.has_header("Content-Encoding"));
    for (const char* coding : {"identity", "br", "gzip;q=0", "x-gzipped", "br;q=1, gzip;q=0", "*;q=0", "brotli"}) {
      CAPTURE(coding);
      const auto page = exposed.get(target, {{"Accept", accept}, {"Accept-Encoding", coding}});
      CHECK_FALSE(page.has_header("Content-Encoding"));
      CHECK(page.body == plain.body);
    }
#ifdef CPPHTTPLIB_ZLIB_SUPPORT
    for (const char* coding : {"gzip", "gzip, deflate, br, zstd", "*", "GZip;q=0.5"}) {
      CAPTURE(coding);
      const auto page = exposed.get(target, {{"Accept", accept}, {"Accept-Encoding", coding}});
      CHECK(page.get_header_value_count("Content-Encoding") == 1);
      CHECK(page.get_header_value("Content-Encoding") == "gzip");
      CHECK(page.get_header_value("Content-Type") == plain.get_header_value("Content-Type"));
      CHECK(unpacked(page.body) == plain.body);
    }
#endif
  }
}

TEST_CASE("an answer without a page is not compressed against the reader's will") {
  const Exposed exposed(0);
  for (const char* coding : {"gzip;q=0", "x-gzipped", "gzip", "br"}) {
    const auto refused = exposed.get("/metrics", {{"Accept-Encoding", coding}});
    CHECK(refused.status == 503);
    CHECK_FALSE(refused.has_header("Content-Encoding"));
    CHECK(refused.body == "too many pages are being made at once\n");
  }
}

TEST_CASE("more pages at once than may be are refused, and those that are made go on") {
  Exposed exposed(2);
  std::atomic<int> inside{0};
  std::atomic<bool> go_on{false};
  const flowviz::GaugeCallback slow{exposed.registry, "slow", "Slow.", [&] {
                                      ++inside;
                                      wait_until([&] { return go_on.load(); });
                                      return 1.0;
                                    }};
  std::atomic<int> served{0};
  std::vector<std::thread> readers;
  for (int i = 0; i < 2; ++i) {
    readers.emplace_back([&] { served += exposed.get("/metrics").status == 200 ? 1 : 0; });
  }
  CHECK(wait_until([&] { return inside == 2; }));
  const auto refused = exposed.get("/metrics?name[]=lots_total");
  go_on = true;
  for (std::thread& reader : readers) reader.join();
  CHECK(refused.status == 503);
  CHECK(refused.get_header_value("Retry-After") == "1");
  CHECK(served == 2);
  CHECK(exposed.get("/metrics").status == 200);
}

TEST_CASE("what does not answer within the reader's timeout is left out of its page") {
  Exposed exposed;
  std::atomic<bool> go_on{false};
  {
    const flowviz::GaugeCallback hangs{exposed.registry, "hangs", "Hangs.", [&] {
                                         wait_until([&] { return go_on.load(); });
                                         return 1.0;
                                       }};
    const flowviz::GaugeCallback answers{exposed.registry, "answers", "Answers.", [] { return 1.0; }};
    const auto page = exposed.get("/metrics", {{"X-Prometheus-Scrape-Timeout-Seconds", "0.2"}});
    go_on = true;
    CHECK(page.status == 200);
    CHECK(page.body.find("\nanswers 1\n") != std::string::npos);
    CHECK(page.body.find("hangs") == std::string::npos);
  }
}

TEST_CASE("no Accept header of any shape is an error, and what comes is what the content type says") {
  const Exposed exposed;
  for (const std::string accept :
       {"", ",,,", "text/html", "*/*;q=0", "\xff;q=x", "a/b;c=\"", "application/openmetrics-text", open_metrics,
        support::protobuf_type, "application/openmetrics-text;q=0, application/*", "text/plain;version=\"1.0.0\\",
        ";;;==,,q=1"}) {
    CAPTURE(accept);
    const auto page = exposed.get("/metrics", {{"Accept", accept}});
    REQUIRE(page.status == 200);
    const std::string type = page.get_header_value("Content-Type");
    if (type.starts_with("text/plain; version=0.0.4")) {
      CHECK(support::validate_text(page.body).empty());
    } else if (type.starts_with("application/openmetrics-text")) {
      CHECK(page.body.ends_with("\n# EOF\n"));
    } else {
      CHECK(type.starts_with("application/vnd.google.protobuf"));
      CHECK_FALSE(support::read_protobuf(page.body).empty());
    }
  }
}
