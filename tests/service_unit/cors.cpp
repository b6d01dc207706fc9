// SPDX-License-Identifier: MIT
#include "http/cors.hpp"

#include <doctest/doctest.h>

#include <map>
#include <string>

#include "app.hpp"
#include "http_client.hpp"
#include "storage/sqlite_storage.hpp"
#include "temporary_folder.hpp"

namespace {

using namespace wms;

const std::string page = "https://wms.example";
const std::string other_page = "http://localhost:3000";

struct Fixture {
  TemporaryFolder folder;
  SqliteStorage storage{folder.file("wms.db")};
  flowviz::Registry registry, registry_without;
  Metrics metrics{registry}, metrics_without{registry_without};
  App app{storage,
          metrics,
          Tokens({{"t-admin", {"ada", Role::admin}}}),
          std::nullopt,
          {.cors_origins = {page, other_page}}};
  App app_without{storage, metrics_without, Tokens({{"t-admin", {"ada", Role::admin}}}), std::nullopt};

  Reply preflight(const std::string& origin, const std::string& path = "/api/lots") {
    return ask(app.api(), "OPTIONS", path, "", "",
               "Origin: " + origin + "\r\nAccess-Control-Request-Method: POST\r\n" +
                   "Access-Control-Request-Headers: authorization,content-type\r\n");
  }
};

bool says_anything_of_cors(const Reply& reply) {
  for (const auto& [name, value] : reply.headers) {
    if (name.starts_with("Access-Control-")) return true;
  }
  return false;
}

// Everybody who is not one of the two, however alike.
const char* const strangers[] = {"https://evil.example",
                                 "http://wms.example",
                                 "https://wms.example:8443",
                                 "https://wms.example.evil.example",
                                 "https://evilwms.example",
                                 "https://sub.wms.example",
                                 "https://WMS.example",
                                 "https://wms.example/",
                                 "https://wms.example, https://evil.example",
                                 "https://wms.example https://evil.example",
                                 "https://wms.example@evil.example",
                                 "null",
                                 "*",
                                 "https://",
                                 "file://",
                                 "http://localhost",
                                 "http://localhost:30000"};

}  // namespace

TEST_CASE_FIXTURE(Fixture, "a browser that asks for a page that may is told what the page may send") {
  for (const std::string& origin : {page, other_page}) {
    const Reply reply = preflight(origin);
    CHECK(reply.status == 204);
    CHECK(reply.body.empty());
    CHECK(reply.headers.at("Access-Control-Allow-Origin") == origin);
    CHECK(reply.headers.at("Access-Control-Allow-Methods") == "POST, GET, HEAD");
    CHECK(reply.headers.at("Access-Control-Allow-Headers") == "Authorization, Content-Type, Idempotency-Key");
    CHECK(reply.headers.at("Access-Control-Max-Age") == "600");
    CHECK(reply.headers.at("Vary") == "Origin");
    CHECK_FALSE(reply.headers.contains("Access-Control-Allow-Credentials"));
    CHECK_FALSE(reply.headers.contains("Content-Length"));  // RFC 9110, 8.6
    CHECK(reply.goes_on);
  }
  CHECK(preflight(page, "/api/qc-decisions").headers.at("Access-Control-Allow-Methods") == "POST");
}

TEST_CASE_FIXTURE(Fixture, "a page that may is shown every answer, refusals too, with the headers that it needs") {
  for (const auto& [path, token, status] : {std::tuple("/api/lots", "t-admin", 200), std::tuple("/api/lots", "", 401),
                                            std::tuple("/nothing", "", 404), std::tuple("/health", "", 200)}) {
    CAPTURE(path);
    const Reply reply = ask(app.api(), "GET", path, token, "", "Origin: " + page + "\r\n");
    CHECK(reply.status == status);
    CHECK(reply.headers.at("Access-Control-Allow-Origin") == page);
    CHECK(reply.headers.at("Access-Control-Expose-Headers") == "Location, Retry-After, X-Request-Id");
    CHECK(reply.headers.at("Vary") == "Origin");
    CHECK_FALSE(reply.headers.contains("Access-Control-Allow-Credentials"));
  }
}

TEST_CASE_FIXTURE(Fixture, "pages of anybody else are told nothing") {
  for (const char* origin : strangers) {
    CAPTURE(origin);
    const Reply asked = preflight(origin);
    CHECK(asked.status == 405);
    CHECK(asked.headers.at("Allow") == "POST, GET, HEAD");
    CHECK_FALSE(says_anything_of_cors(asked));
    const Reply answered = ask(app.api(), "GET", "/api/lots", "t-admin", "", "Origin: " + std::string(origin) + "\r\n");
    CHECK(answered.status == 200);  // to protect tokens is the browser's part
    CHECK_FALSE(says_anything_of_cors(answered));
    CHECK(answered.headers.at("Vary") == "Origin");
  }
  const Reply twice =
      ask(app.api(), "GET", "/api/lots", "t-admin", "", "Origin: " + page + "\r\nOrigin: https://evil.example\r\n");
  CHECK_FALSE(says_anything_of_cors(twice));
  CHECK_FALSE(says_anything_of_cors(ask(app.api(), "GET", "/api/lots", "t-admin")));
}

TEST_CASE_FIXTURE(Fixture, "what is no question of a browser is an OPTIONS like any other") {
  CHECK(ask(app.api(), "OPTIONS", "/api/lots").status == 405);
  CHECK(ask(app.api(), "OPTIONS", "/api/lots", "", "", "Origin: " + page + "\r\n").status == 405);
  CHECK(preflight(page, "/nothing").status == 404);
}

TEST_CASE_FIXTURE(Fixture, "without origins nothing is said about them") {
  const std::string headers = "Origin: " + page + "\r\nAccess-Control-Request-Method: POST\r\n";
  const Reply asked = ask(app_without.api(), "OPTIONS", "/api/lots", "", "", headers);
  CHECK(asked.status == 405);
  CHECK(asked.headers.at("Allow") == "POST, GET, HEAD");
  for (const Reply& reply : {asked, ask(app_without.api(), "GET", "/api/lots", "t-admin", "", headers),
                             ask(app.operations(), "GET", "/metrics", "", "", headers)}) {
    CHECK_FALSE(says_anything_of_cors(reply));
    CHECK_FALSE(reply.headers.contains("Vary"));
  }
}

TEST_CASE("an origin is a scheme, a host and at most a port, as browsers send it") {
  for (const char* text : {"https://wms.example", "http://localhost:3000", "http://127.0.0.1", "https://[::1]:8443",
                           "https://xn--bcher-kva.example", "http://a:443", "https://a:80", "https://a:65535"}) {
    CAPTURE(text);
    CHECK(Cors::is_origin(text));
  }
  for (const char* text : {"",
                           "*",
                           "null",
                           "https://",
                           "https://*",
                           "https://*.example",
                           "wms.example",
                           "//wms.example",
                           "ftp://wms.example",
                           "https://wms.example/",
                           "https://wms.example/path",
                           "https://wms.example?",
                           "https://wms.example#",
                           "HTTPS://wms.example",
                           "https://WMS.example",
                           "https://user@wms.example",
                           "https://wms.example:",
                           "https://wms.example:0",
                           "https://wms.example:443",
                           "http://wms.example:80",
                           "https://wms.example:65536",
                           "https://wms.example:08443",
                           "https://wms.example:-1",
                           "https://wms.example ",
                           " https://wms.example",
                           "https://wms.example,https://b.example",
                           "https://b\xc3\xbc"
                           "cher.example",
                           "https://[::1",
                           "https://a\r\nX: y",
                           "https://:8443"}) {
    CAPTURE(text);
    CHECK_FALSE(Cors::is_origin(text));
  }
}
