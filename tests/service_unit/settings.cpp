// SPDX-License-Identifier: MIT
#include "settings.hpp"

#include <doctest/doctest.h>

#include <fstream>
#include <map>
#include <string>
#include <variant>
#include <vector>

#include "temporary_folder.hpp"

namespace {

using namespace wms;

using Environment = std::map<std::string, std::string>;

auto settings(const std::vector<const char*>& arguments, const Environment& environment = {}) {
  return Settings::from(arguments, [&](const char* name) -> const char* {
    const auto found = environment.find(name);
    return found == environment.end() ? nullptr : found->second.c_str();
  });
}

/// What is said of wrong settings; empty if nothing is wrong.
std::string complaint(const std::vector<const char*>& arguments, const Environment& environment = {}) {
  const auto result = settings(arguments, environment);
  if (result || !std::holds_alternative<Settings::Wrong>(result.error())) return "";
  return std::get<Settings::Wrong>(result.error()).message;
}

std::string printed(const char* flag) {
  const auto result = settings({flag});
  REQUIRE_FALSE(result);
  REQUIRE(std::holds_alternative<Settings::Print>(result.error()));
  return std::get<Settings::Print>(result.error()).text;
}

}  // namespace

TEST_CASE("without anything said there are defaults, and no tokens") {
  const auto result = settings({});
  REQUIRE(result);
  CHECK(result->sqlite_path == "wms.db");
  CHECK(result->listen.text() == "127.0.0.1:8000");
  CHECK(result->metrics_listen.text() == "127.0.0.1:9464");
  CHECK(result->log_level == log::Level::info);
  CHECK(result->pool.size == 25);
  CHECK(result->pool.overflow == 10);
  CHECK_FALSE(result->tokens);
  CHECK_FALSE(result->metrics_token);
}

TEST_CASE("a flag counts more than the environment, and the environment more than a default") {
  const Environment environment{{"WMS_LISTEN", "0.0.0.0:1"}, {"WMS_DATABASE", "sqlite:/e.db"}, {"WMS_LOG_LEVEL", ""}};
  const auto result = settings({"--listen", "[::1]:2", "--metrics-listen=localhost:3"}, environment);
  REQUIRE(result);
  CHECK(result->listen.host == "::1");
  CHECK(result->listen.port == 2);
  CHECK(result->listen.text() == "[::1]:2");
  CHECK(result->metrics_listen.text() == "localhost:3");
  CHECK(result->sqlite_path == "/e.db");
  CHECK(result->log_level == log::Level::info);  // an empty variable says nothing
}

TEST_CASE("of a flag that is given twice the last one counts") {
  CHECK(settings({"--listen", "a:1", "--listen", "b:2"})->listen.text() == "b:2");
}

TEST_CASE("a PostgreSQL server is a database, and its password comes out of a file") {
  TemporaryFolder folder;
  std::ofstream(folder.file("password")) << "open sesame \n";
  const std::string password = folder.file("password");
  const auto result = settings({"--database", "postgresql://wms@localhost:6432/flowviz", "--database-password-file",
                                password.c_str(), "--pool-size", "7", "--pool-overflow", "0"});
  REQUIRE(result);
  CHECK(result->sqlite_path.empty());
  CHECK(result->postgresql.url == "postgresql://wms@localhost:6432/flowviz");
  CHECK(result->postgresql.password == "open sesame ");
  CHECK(result->pool.size == 7);
  CHECK(result->pool.overflow == 0);
  CHECK_FALSE(settings({"--database", "postgres://localhost"})->postgresql.password);
}

TEST_CASE("each rate limit is a setting, and 0 turns it off") {
  const auto standard = settings({})->app.rate_limits;
  CHECK(standard.lots == 100);
  CHECK(standard.qc_decisions == 100);
  CHECK(standard.traceability == 50);
  const auto set =
      settings({"--rate-limit-lots", "7", "--rate-limit-qc-decisions=0"}, {{"WMS_RATE_LIMIT_TRACEABILITY", "10000"}})
          ->app.rate_limits;
  CHECK(set.lots == 7);
  CHECK(set.qc_decisions == 0);
  CHECK(set.traceability == 10'000);
}

TEST_CASE("limits are counted in memory unless the database is to do it") {
  CHECK(settings({})->app.rate_limit_store == RateLimitStore::memory);
  CHECK(settings({"--rate-limit-store=memory"}, {{"WMS_RATE_LIMIT_STORE", "database"}})->app.rate_limit_store ==
        RateLimitStore::memory);
  CHECK(settings({}, {{"WMS_RATE_LIMIT_STORE", "database"}})->app.rate_limit_store == RateLimitStore::database);
  CHECK(complaint({"--rate-limit-store", "redis"}) == "--rate-limit-store must be memory or database, not 'redis'");
}

TEST_CASE("business hours are those of a working week unless they are said, by the clock of a time zone") {
  const auto standard = settings({});
  CHECK(standard->time_zone == "UTC");
  CHECK(standard->app.business_hours.include({std::chrono::Friday, std::chrono::hours(21)}));
  CHECK_FALSE(standard->app.business_hours.include({std::chrono::Saturday, std::chrono::hours(12)}));
  const auto set = settings({"--business-hours", "Sat 08:00-12:00", "--timezone", "Europe/Berlin"});
  CHECK(set->time_zone == "Europe/Berlin");
  CHECK_FALSE(set->app.business_hours.include({std::chrono::Friday, std::chrono::hours(21)}));
  CHECK(set->app.business_hours.include({std::chrono::Saturday, std::chrono::hours(11)}));
}

TEST_CASE("origins of web pages add up, by flags or by commas, and there are none unless they are said") {
  using Origins = std::set<std::string>;
  CHECK_FALSE(settings({})->app.native_histograms);
  CHECK(settings({"--native-histograms", "on"})->app.native_histograms);
  CHECK_FALSE(settings({"--native-histograms=off"}, {{"WMS_NATIVE_HISTOGRAMS", "on"}})->app.native_histograms);
  CHECK(settings({})->app.cors_origins.empty());
  CHECK(settings({"--cors-origin", "https://a", "--cors-origin=http://b:1"})->app.cors_origins ==
        Origins{"https://a", "http://b:1"});
  CHECK(settings({}, {{"WMS_CORS_ORIGIN", "https://a,https://c"}})->app.cors_origins ==
        Origins{"https://a", "https://c"});
  CHECK(settings({"--cors-origin", "https://a"}, {{"WMS_CORS_ORIGIN", "https://b"}})->app.cors_origins ==
        Origins{"https://a"});
}

TEST_CASE("so many answers to traces are kept as is said, on whichever database") {
  CHECK(settings({})->app.trace_cache.entries == 1000);
  CHECK(settings({"--trace-cache-entries", "500"})->app.trace_cache.entries == 500);
  CHECK(
      settings({"--database", "postgresql://wms@db/flowviz", "--trace-cache-entries", "0"})->app.trace_cache.entries ==
      0);
}

TEST_CASE("a catalogue can be asked for") {
  CHECK_FALSE(settings({})->describe);
  CHECK(settings({"--describe"})->describe);
}

TEST_CASE("a test alert lasts five minutes unless it is said") {
  CHECK(settings({})->app.test_alert_duration == std::chrono::minutes(5));
  CHECK(settings({"--test-alert-duration", "7"})->app.test_alert_duration == std::chrono::seconds(7));
}

TEST_CASE("there is no webhook unless a file holds its address") {
  TemporaryFolder folder;
  std::ofstream(folder.file("address")) << "http://discord.example/api/webhooks/1/a-word\n";
  const std::string address = folder.file("address");
  const auto standard = settings({})->app.webhook;
  CHECK_FALSE(standard.address);
  CHECK(standard.timeout == std::chrono::seconds(3));
  CHECK(standard.retry.attempts == 10);
  CHECK(standard.retry.first_wait == std::chrono::seconds(1));
  const auto set = settings({"--qc-webhook-url-file", address.c_str(), "--qc-webhook-timeout", "200",
                             "--qc-webhook-attempts", "2", "--qc-webhook-first-wait", "50"});
  REQUIRE(set);
  REQUIRE(set->app.webhook.address);
  CHECK(set->app.webhook.address->origin == "http://discord.example");
  CHECK(set->app.webhook.address->target == "/api/webhooks/1/a-word");
  CHECK(set->app.webhook.timeout == std::chrono::milliseconds(200));
  CHECK(set->app.webhook.retry.attempts == 2);
  CHECK(set->app.webhook.retry.first_wait == std::chrono::milliseconds(50));
}

TEST_CASE("files are read at once") {
  TemporaryFolder folder;
  std::ofstream(folder.file("tokens")) << R"([{"token": "t-1", "operator": "ada", "role": "admin"}])";
  std::ofstream(folder.file("scrape")) << "s-1\n";
  const std::string tokens = folder.file("tokens"), scrape = folder.file("scrape");
  const auto result = settings({"--tokens", tokens.c_str(), "--metrics-token-file", scrape.c_str()});
  REQUIRE(result);
  CHECK(result->tokens->find("t-1") != nullptr);
  CHECK(result->metrics_token == "s-1");
}

TEST_CASE("a wrong setting is named in one line, by the flag or the variable that it came from") {
  TemporaryFolder folder;
  std::ofstream(folder.file("broken")) << "[{\n]";
  std::ofstream(folder.file("empty")) << "\n";
  std::ofstream(folder.file("elsewhere")) << "ftp://discord.example/secret";
  const std::string missing = folder.file("missing"), broken = folder.file("broken"), empty = folder.file("empty"),
                    elsewhere = folder.file("elsewhere");
  const struct {
    std::vector<const char*> arguments;
    Environment environment;
    const char* named;
  } cases[] = {
      {{"--listen", "127.0.0.1"}, {}, "--listen"},
      {{"--listen", ":80"}, {}, "--listen"},
      {{"--listen", "a:"}, {}, "--listen"},
      {{"--listen", "a:65536"}, {}, "--listen"},
      {{"--listen", "a:-1"}, {}, "--listen"},
      {{"--listen", "a:8x"}, {}, "--listen"},
      {{"--listen"}, {}, "--listen"},
      {{"--metrics-listen", "x"}, {}, "--metrics-listen"},
      {{"--database", "mysql:x"}, {}, "--database"},
      {{"--database", "wms.db"}, {}, "--database"},
      {{"--database", ""}, {}, "--database"},
      {{"--database", "sqlite:"}, {}, "--database"},
      {{"--database", "sqlite::memory:"}, {}, "--database"},
      {{"--database", "postgresql://wms:secret@localhost/flowviz"}, {}, "--database"},
      {{"--database", "postgresql://wms@localhost/flowviz?password=secret"}, {}, "--database"},
      {{"--database", "postgresql://wms@[::1/flowviz"}, {}, "--database"},
      {{"--database-password-file", missing.c_str()}, {}, "--database-password-file"},
      {{"--database-password-file", empty.c_str()}, {}, "--database-password-file"},
      {{"--database-password-file", broken.c_str()}, {}, "--database-password-file"},
      {{"--pool-size", "0"}, {}, "--pool-size"},
      {{"--pool-size", "many"}, {}, "--pool-size"},
      {{"--pool-overflow", "-1"}, {}, "--pool-overflow"},
      {{"--pool-overflow", "1001"}, {}, "--pool-overflow"},
      {{"--tokens", missing.c_str()}, {}, "--tokens"},
      {{"--tokens", broken.c_str()}, {}, "--tokens"},
      {{"--metrics-token-file", missing.c_str()}, {}, "--metrics-token-file"},
      {{"--metrics-token-file", empty.c_str()}, {}, "--metrics-token-file"},
      {{"--log-level", "loud"}, {}, "--log-level"},
      {{"--rate-limit-lots", "-1"}, {}, "--rate-limit-lots"},
      {{"--rate-limit-lots", "10001"}, {}, "--rate-limit-lots"},
      {{"--rate-limit-qc-decisions", "many"}, {}, "--rate-limit-qc-decisions"},
      {{"--rate-limit-traceability", "1.5"}, {}, "--rate-limit-traceability"},
      {{"--rate-limit-traceability", ""}, {}, "--rate-limit-traceability"},
      {{"--business-hours", "always"}, {}, "--business-hours"},
      {{"--business-hours", ""}, {}, "--business-hours"},
      {{}, {{"WMS_BUSINESS_HOURS", "Mon-Fri"}}, "WMS_BUSINESS_HOURS"},
      {{"--cors-origin", "*"}, {}, "--cors-origin"},
      {{"--cors-origin", "null"}, {}, "--cors-origin"},
      {{"--native-histograms", "yes"}, {}, "--native-histograms"},
      {{"--cors-origin", "https://a/", "--cors-origin", "https://a"}, {}, "--cors-origin"},
      {{}, {{"WMS_CORS_ORIGIN", "https://a,"}}, "WMS_CORS_ORIGIN"},
      {{"--trace-cache-entries", "-1"}, {}, "--trace-cache-entries"},
      {{"--timezone", "Europe/Atlantis"}, {}, "--timezone"},
      {{"--timezone", "/etc/passwd"}, {}, "--timezone"},
      {{"--test-alert-duration", "0"}, {}, "--test-alert-duration"},
      {{"--test-alert-duration", "5m"}, {}, "--test-alert-duration"},
      {{"--qc-webhook-url-file", missing.c_str()}, {}, "--qc-webhook-url-file"},
      {{"--qc-webhook-url-file", empty.c_str()}, {}, "--qc-webhook-url-file"},
      {{"--qc-webhook-url-file", elsewhere.c_str()}, {}, "--qc-webhook-url-file"},
      {{"--qc-webhook-timeout", "99"}, {}, "--qc-webhook-timeout"},
      {{"--qc-webhook-timeout", "5001"}, {}, "--qc-webhook-timeout"},
      {{"--qc-webhook-attempts", "0"}, {}, "--qc-webhook-attempts"},
      {{"--qc-webhook-first-wait", "9"}, {}, "--qc-webhook-first-wait"},
      {{"--no-such-flag", "1"}, {}, "--no-such-flag"},
      {{"leftover"}, {}, "leftover"},
      {{}, {{"WMS_LISTEN", "nonsense"}}, "WMS_LISTEN"},
      {{}, {{"WMS_LOG_LEVEL", "loud"}}, "WMS_LOG_LEVEL"},
  };
  for (const auto& c : cases) {
    CAPTURE(c.arguments);
    const std::string message = complaint(c.arguments, c.environment);
    CAPTURE(message);
    CHECK(message.find(c.named) != std::string::npos);
    CHECK(message.find('\n') == std::string::npos);
    CHECK(message.find("secret") == std::string::npos);
  }
}

TEST_CASE("what is said of a wrong value is the rule and the value, and of a file its name and the reason") {
  TemporaryFolder folder;
  std::ofstream(folder.file("king")) << R"([{"token": "t", "operator": "a", "role": "king"}])";
  std::ofstream(folder.file("secrets")) << "two secrets\n";
  const std::string king = folder.file("king"), secrets = folder.file("secrets"), missing = folder.file("missing");
  const std::string endless = "127.0.0.1:" + std::string(10'000, '9');
  const struct {
    std::vector<const char*> arguments;
    std::string message;
  } cases[] = {
      {{"--listen", "127.0.0.1:99999"},
       "--listen must be HOST:PORT with a port from 0 to 65535, not '127.0.0.1:99999'"},
      {{"--listen", endless.c_str()},
       "--listen must be HOST:PORT with a port from 0 to 65535, not '127.0.0.1:" + std::string(30, '9') + "...'"},
      {{"--log-level", "loud\n"}, R"(--log-level must be debug, info, warning or error, not 'loud\n')"},
      {{"--database", "mysql:x"}, "--database must be sqlite:FILE or postgresql://USER@HOST:PORT/NAME, not 'mysql:x'"},
      {{"--database", "sqlite:"}, "--database must be sqlite: and the name of a file, not 'sqlite:'"},
      {{"--tokens", missing.c_str()}, "--tokens " + missing + ": cannot be read"},
      {{"--tokens", king.c_str()},
       "--tokens " + king + ": entry 1: role must be one of viewer, operator, inspector, admin, not 'king'"},
      {{"--metrics-token-file", secrets.c_str()},
       "--metrics-token-file " + secrets + ": must hold one token: letters, digits and - . _ ~ + / ="},
      {{"--timezone", "Atlantis"},
       "--timezone must be a time zone that this system knows, such as Europe/Berlin, not 'Atlantis'"},
      {{"--business-hours", "always"},
       "--business-hours must be days and times such as 'Mon-Fri 06:00-22:00, Sat 08:00-12:00', or none, not 'always'"},
      {{"--rate-limit-lots", "-1"}, "--rate-limit-lots must be a whole number from 0 to 10000, not '-1'"},
      {{"--loud"}, "unknown argument '--loud'; see --help"},
  };
  for (const auto& c : cases) CHECK(complaint(c.arguments) == c.message);
}

TEST_CASE("both listeners on one address are refused, unless the system chooses the ports") {
  CHECK(complaint({"--listen", "a:1", "--metrics-listen", "a:1"}) ==
        "--listen and --metrics-listen must be different addresses, not both 'a:1'");
  CHECK(complaint({"--listen", "127.0.0.1:9464"}) ==
        "--listen and --metrics-listen must be different addresses, not both '127.0.0.1:9464'");
  CHECK(complaint({"--listen", "a:1"}, {{"WMS_METRICS_LISTEN", "a:1"}}) ==
        "--listen and WMS_METRICS_LISTEN must be different addresses, not both 'a:1'");
  CHECK(settings({"--listen", "a:0", "--metrics-listen", "a:0"}));
  CHECK(settings({"--listen", "a:1", "--metrics-listen", "b:1"}));
}

TEST_CASE("what named the database is known") {
  CHECK(settings({})->database_origin == "--database");
  CHECK(settings({}, {{"WMS_DATABASE", "sqlite:x"}})->database_origin == "WMS_DATABASE");
}

TEST_CASE("a flag that is right is not held up by a variable that is wrong") {
  CHECK(complaint({"--listen", "a:1"}, {{"WMS_LISTEN", "nonsense"}}) == "");
}

TEST_CASE("the help lists every flag with its variable") {
  const std::string help = printed("--help");
  for (const char* word : {"--database",
                           "WMS_DATABASE",
                           "--listen",
                           "WMS_LISTEN",
                           "--metrics-listen",
                           "WMS_METRICS_LISTEN",
                           "--tokens",
                           "WMS_TOKENS",
                           "--metrics-token-file",
                           "WMS_METRICS_TOKEN_FILE",
                           "--log-level",
                           "--database-password-file",
                           "--pool-size",
                           "--pool-overflow",
                           "WMS_LOG_LEVEL",
                           "--rate-limit-lots",
                           "WMS_RATE_LIMIT_LOTS",
                           "--business-hours",
                           "--timezone",
                           "WMS_TIMEZONE",
                           "--cors-origin",
                           "--native-histograms",
                           "WMS_CORS_ORIGIN",
                           "--test-alert-duration",
                           "--rate-limit-qc-decisions",
                           "--rate-limit-traceability",
                           "--trace-cache-entries",
                           "ENABLE_METRICS",
                           "127.0.0.1:8000"}) {
    CAPTURE(word);
    CHECK(help.find(word) != std::string::npos);
  }
}

TEST_CASE("the version can be asked for") { CHECK(printed("--version").starts_with("wms_service ")); }
