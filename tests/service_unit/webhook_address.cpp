// SPDX-License-Identifier: MIT
#include "webhook/address.hpp"

#include <doctest/doctest.h>

#include <string>

using namespace wms;

TEST_CASE("an address is taken apart into where to connect and what to ask for") {
  struct Case {
    const char *text, *origin, *target;
  };
  for (const Case& c :
       {Case{"http://127.0.0.1:8123/api/webhooks/1/abc", "http://127.0.0.1:8123", "/api/webhooks/1/abc"},
        Case{"https://discord.example/api?wait=true", "https://discord.example", "/api?wait=true"},
        Case{"http://[::1]:80/", "http://[::1]:80", "/"}, Case{"http://[::1]/a:b", "http://[::1]", "/a:b"}}) {
    CAPTURE(c.text);
    const auto address = parse_webhook_address(c.text, Tls::present);
    REQUIRE(address);
    CHECK(address->origin == c.origin);
    CHECK(address->target == c.target);
  }
}

TEST_CASE("what is no address is refused with the rule, and not repeated") {
  for (const std::string text : {"",
                                 "discord.example/api",
                                 "ftp://discord.example/api",
                                 "http://discord.example",
                                 "http:///api",
                                 "http://:80/api",
                                 "http://a:0/api",
                                 "http://a:65536/api",
                                 "http://a:b/api",
                                 "http://a:/api",
                                 "http://a:b:80/api",
                                 "http://[::1/api",
                                 "http://user:word@a/api",
                                 "http://a?b/c",
                                 "http://a/b c",
                                 "http://a/b#c",
                                 "http://a/b\nc",
                                 "http://a/\xc3\xa4",
                                 "HTTP://a/b",
                                 "http://a/b\"c"}) {
    CAPTURE(text);
    const auto address = parse_webhook_address(text, Tls::present);
    REQUIRE_FALSE(address);
    CHECK(address.error().reason == "must hold one address: http(s)://HOST[:PORT]/PATH");
  }
}

TEST_CASE("an https address needs a client that speaks TLS") {
  CHECK(parse_webhook_address("http://a/b", Tls::absent));
  const auto refused = parse_webhook_address("https://a/b", Tls::absent);
  REQUIRE_FALSE(refused);
  CHECK(refused.error().reason ==
        "holds an https address, and this program was built with a cpp-httplib without OpenSSL");
}
