// SPDX-License-Identifier: MIT
#include "settings.hpp"

#include <algorithm>
#include <charconv>
#include <cstddef>
#include <flowviz_metrics/version.hpp>
#include <iterator>
#include <map>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

#include "http/cors.hpp"
#include "quoted.hpp"
#include "read_file.hpp"
#include "time_zone.hpp"

namespace wms {
namespace {

/// Takes a value into the settings. If something is wrong with it, returns what to say after the setting's name.
using Take = std::optional<std::string> (*)(Settings& settings, const std::string& value);

/// What it means that a flag is given twice. A variable holds several values with commas between them.
enum class Repetition { last_counts, each_counts };

struct Setting {
  std::string_view flag;  ///< the environment variable has the same name: --log-level is WMS_LOG_LEVEL
  std::string_view argument;
  const char* standard;  ///< the value when nothing is said; null: it stays unset
  std::string_view help;
  Take take;
  Repetition repetition = Repetition::last_counts;
};

std::string must_be(const std::string& rule, const std::string& value) {
  return " must be " + rule + ", not " + in_quotes(value);
}

/// A value that names a file is told in full.
std::string in_file(const std::string& path, const std::string& reason) {
  std::string complaint(1, ' ');
  complaint += escaped(path);
  complaint += ": ";
  complaint += reason;
  return complaint;
}

std::optional<std::string> take_number(const std::string& value, int min, int max, int& into) {
  const char* const end = value.data() + value.size();
  const auto [last, error] = std::from_chars(value.data(), end, into);
  if (error == std::errc() && last == end && into >= min && into <= max) return std::nullopt;
  return must_be("a whole number from " + std::to_string(min) + " to " + std::to_string(max), value);
}

/// A setting that is a time, of whole units.
template <class Duration>
std::optional<std::string> take_duration(const std::string& value, int min, int max, Duration& into) {
  int units = 0;
  if (const auto complaint = take_number(value, min, max, units)) return complaint;
  into = Duration(units);
  return std::nullopt;
}

/// What a file holds, without what editors put behind it.
std::optional<std::string> read_trimmed(const std::string& path) {
  auto content = read_file(path);
  if (content) content->erase(content->find_last_not_of(" \t\r\n") + 1);
  return content;
}

std::optional<std::string> take_database(Settings& settings, const std::string& value) {
  constexpr std::string_view sqlite = "sqlite:";
  if (value.starts_with("postgresql://") || value.starts_with("postgres://")) {
    if (const auto wrong = postgresql::complaint_about(value)) return " " + *wrong;
    settings.postgresql.url = value;
    return std::nullopt;
  }
  if (!value.starts_with(sqlite)) return must_be("sqlite:FILE or postgresql://USER@HOST:PORT/NAME", value);
  settings.sqlite_path = value.substr(sqlite.size());
  if (settings.sqlite_path.empty() || settings.sqlite_path.starts_with(':'))
    return must_be("sqlite: and the name of a file", value);
  return std::nullopt;
}

std::optional<std::string> take_database_password(Settings& settings, const std::string& value) {
  auto content = read_file(value);
  if (!content) return in_file(value, "cannot be read");
  content->erase(content->find_last_not_of("\r\n") + 1);
  if (content->empty() || content->find_first_of(std::string_view("\r\n\0", 3)) != std::string::npos) {
    return in_file(value, "must hold one password, on one line");
  }
  settings.postgresql.password = std::move(*content);
  return std::nullopt;
}

constexpr int most_connections = 1000;

template <std::size_t PoolOptions::* member, int least>
std::optional<std::string> take_connections(Settings& settings, const std::string& value) {
  int number = 0;
  if (const auto complaint = take_number(value, least, most_connections, number)) return complaint;
  settings.pool.*member = static_cast<std::size_t>(number);
  return std::nullopt;
}

template <Address Settings::* member>
std::optional<std::string> take_address(Settings& settings, const std::string& value) {
  const auto address = Address::parse(value);
  if (!address) return must_be("HOST:PORT with a port from 0 to 65535", value);
  settings.*member = *address;
  return std::nullopt;
}

std::optional<std::string> take_tokens(Settings& settings, const std::string& value) {
  const auto content = read_file(value);
  if (!content) return in_file(value, "cannot be read");
  auto tokens = Tokens::from_json(*content);
  if (!tokens) return in_file(value, tokens.error().reason);
  settings.tokens = std::move(*tokens);
  return std::nullopt;
}

std::optional<std::string> take_metrics_token(Settings& settings, const std::string& value) {
  auto content = read_trimmed(value);
  if (!content) return in_file(value, "cannot be read");
  if (!is_token(*content)) return in_file(value, "must hold one token: letters, digits and - . _ ~ + / =");
  settings.metrics_token = std::move(*content);
  return std::nullopt;
}

std::optional<std::string> take_log_level(Settings& settings, const std::string& value) {
  const auto level = parse<log::Level>(value);
  if (!level) return must_be("debug, info, warning or error", value);
  settings.log_level = *level;
  return std::nullopt;
}

// The service remembers as many times as the limit says, for each operator and route.
constexpr int highest_rate_limit = 10'000;

template <int RateLimits::* member>
std::optional<std::string> take_rate_limit(Settings& settings, const std::string& value) {
  return take_number(value, 0, highest_rate_limit, settings.app.rate_limits.*member);
}

std::optional<std::string> take_rate_limit_store(Settings& settings, const std::string& value) {
  if (value != "memory" && value != "database") return must_be("memory or database", value);
  settings.app.rate_limit_store = value == "database" ? RateLimitStore::database : RateLimitStore::memory;
  return std::nullopt;
}

constexpr int longest_test_alert = 86'400;

std::optional<std::string> take_test_alert_duration(Settings& settings, const std::string& value) {
  return take_duration(value, 1, longest_test_alert, settings.app.test_alert_duration);
}

std::optional<std::string> take_business_hours(Settings& settings, const std::string& value) {
  const auto hours = BusinessHours::parse(value);
  if (!hours) return must_be("days and times such as 'Mon-Fri 06:00-22:00, Sat 08:00-12:00', or none", value);
  settings.app.business_hours = *hours;
  return std::nullopt;
}

std::optional<std::string> take_cors_origin(Settings& settings, const std::string& value) {
  if (!Cors::is_origin(value)) {
    return must_be("an origin as browsers send it, such as https://wms.example or http://localhost:3000", value);
  }
  settings.app.cors_origins.insert(value);
  return std::nullopt;
}

std::optional<std::string> take_native_histograms(Settings& settings, const std::string& value) {
  if (value != "on" && value != "off") return must_be("on or off", value);
  settings.app.native_histograms = value == "on";
  return std::nullopt;
}

constexpr int most_cached_traces = 1'000'000;

std::optional<std::string> take_trace_cache_entries(Settings& settings, const std::string& value) {
  int entries = 0;
  if (const auto complaint = take_number(value, 0, most_cached_traces, entries)) return complaint;
  settings.app.trace_cache.entries = static_cast<std::size_t>(entries);
  return std::nullopt;
}

std::optional<std::string> take_webhook_address(Settings& settings, const std::string& value) {
  auto content = read_trimmed(value);
  if (!content) return in_file(value, "cannot be read");
  auto address = parse_webhook_address(*content, tls_of_this_build());
  if (!address) return in_file(value, address.error().reason);
  settings.app.webhook.address = std::move(*address);
  return std::nullopt;
}

constexpr int most_attempts = 100;

std::optional<std::string> take_webhook_attempts(Settings& settings, const std::string& value) {
  return take_number(value, 1, most_attempts, settings.app.webhook.retry.attempts);
}

constexpr int longest_first_wait_ms = 60'000;

std::optional<std::string> take_webhook_first_wait(Settings& settings, const std::string& value) {
  return take_duration(value, 10, longest_first_wait_ms, settings.app.webhook.retry.first_wait);
}

// A service that is told to end waits for the message that it is at, and is killed after ten seconds.
constexpr int longest_webhook_timeout_ms = 5'000;

std::optional<std::string> take_webhook_timeout(Settings& settings, const std::string& value) {
  return take_duration(value, 100, longest_webhook_timeout_ms, settings.app.webhook.timeout);
}

std::optional<std::string> take_time_zone(Settings& settings, const std::string& value) {
  if (!is_time_zone(value)) return must_be("a time zone that this system knows, such as Europe/Berlin", value);
  settings.time_zone = value;
  return std::nullopt;
}

constexpr Setting all_settings[] = {
    {"--database", "URL", "sqlite:wms.db",
     "where the data is kept: sqlite:FILE, or postgresql://USER@HOST:PORT/NAME, through PgBouncer or not",
     take_database},
    {"--database-password-file", "FILE", nullptr,
     "holds the password for PostgreSQL; without it PGPASSFILE, PGPASSWORD or ~/.pgpass is asked",
     take_database_password},
    {"--pool-size", "N", "25", "connections to the database that are kept (with SQLite: those that read)",
     take_connections<&PoolOptions::size, 1>},
    {"--pool-overflow", "N", "10", "connections beyond, opened when those are busy and closed afterwards",
     take_connections<&PoolOptions::overflow, 0>},
    {"--listen", "HOST:PORT", "127.0.0.1:8000", "where the API listens; port 0 takes a free one",
     take_address<&Settings::listen>},
    {"--metrics-listen", "HOST:PORT", "127.0.0.1:9464",
     "where health and metrics listen as well, whatever clients do to the API",
     take_address<&Settings::metrics_listen>},
    {"--tokens", "FILE", nullptr,
     "who may use the API: a JSON array of {token, operator, role}; without it one token per role is made and printed "
     "on stdout",
     take_tokens},
    {"--metrics-token-file", "FILE", nullptr,
     "holds the token that a scrape of /metrics has to send; without it none is needed", take_metrics_token},
    {"--rate-limit-lots", "N", "100",
     "how many requests to register a lot an operator may send in a minute; 0: as many as they like",
     take_rate_limit<&RateLimits::lots>},
    {"--rate-limit-qc-decisions", "N", "100", "the same for quality decisions",
     take_rate_limit<&RateLimits::qc_decisions>},
    {"--rate-limit-traceability", "N", "50", "the same for traces, in each direction",
     take_rate_limit<&RateLimits::traceability>},
    {"--rate-limit-store", "memory|database", "memory",
     "where requests that count for limits are kept: in memory each instance has limits of its own, in the database "
     "they "
     "hold for all instances together",
     take_rate_limit_store},
    {"--business-hours", "PERIODS", "Mon-Fri 06:00-22:00",
     "when lots should be registered, by the plant's clock: flowviz_business_hours is 1 then, and an alert expects "
     "some; "
     "several periods with commas between them; none: never",
     take_business_hours},
    {"--timezone", "NAME", "UTC", "where that clock hangs, such as Europe/Berlin", take_time_zone},
    {"--test-alert-duration", "SECONDS", "300", "how long POST /api/admin/test-alert raises its alert",
     take_test_alert_duration},
    {"--cors-origin", "ORIGIN", nullptr,
     "whose web pages may use the API from a browser, such as https://wms.example; may be repeated, in the variable "
     "with "
     "commas",
     take_cors_origin, Repetition::each_counts},
    {"--trace-cache-entries", "N", "1000",
     "how many answers to traces are kept in memory, of 32 MiB at most; the database is asked whether they are still "
     "true; "
     "0: none",
     take_trace_cache_entries},
    {"--qc-webhook-url-file", "FILE", nullptr,
     "holds the address, as of a Discord webhook, that is told of each lot that a decision puts on HOLD or FAIL; "
     "without "
     "it nobody is",
     take_webhook_address},
    {"--qc-webhook-timeout", "MILLISECONDS", "3000", "how long it may take to send one message", take_webhook_timeout},
    {"--qc-webhook-attempts", "N", "10", "how often a message is sent that does not get through, before it is given up",
     take_webhook_attempts},
    {"--qc-webhook-first-wait", "MILLISECONDS", "1000",
     "between the first attempt and the second; doubled after each, up to five minutes", take_webhook_first_wait},
    {"--native-histograms", "on|off", "off",
     "whether the durations of all requests together have native buckets, too, for a Prometheus that keeps them",
     take_native_histograms},
    {"--log-level", "LEVEL", "info", "debug, info, warning or error", take_log_level},
};

/// What a variable holds: one value, or for a flag that may be repeated those between commas.
std::vector<std::string> values_of(const Setting& setting, std::string_view variable) {
  if (setting.repetition == Repetition::last_counts) return {std::string(variable)};
  std::vector<std::string> values;
  for (std::size_t begin = 0; begin <= variable.size();) {
    const std::size_t end = std::min(variable.find(',', begin), variable.size());
    values.emplace_back(variable.substr(begin, end - begin));
    begin = end + 1;
  }
  return values;
}

/// WMS_LOG_LEVEL for --log-level.
std::string variable_of(const Setting& setting) {
  std::string name = "WMS_";
  for (const char c : setting.flag.substr(2)) name += c == '-' ? '_' : static_cast<char>(c - 'a' + 'A');
  return name;
}

std::string help() {
  std::string text =
      "wms_service: a food warehouse with lots, production runs, quality decisions and traceability, and its "
      "metrics.\n\n"
      "usage: wms_service [--FLAG VALUE]...\n\n";
  for (const Setting& setting : all_settings) {
    text += "  " + std::string(setting.flag) + " " + std::string(setting.argument) + "\n      " +
            std::string(setting.help) + "\n      or " + variable_of(setting) + "; " +
            (setting.standard ? "default: " + std::string(setting.standard) : "no default") + "\n";
  }
  return text +
         "  --describe\n      prints what /metrics can show, as JSON, and ends; scripts/observe reads it\n"
         "  --help\n  --version\n\n"
         "A flag counts more than its environment variable. The log is on stderr, one JSON object per line.\n"
         "ENABLE_METRICS=false turns the metrics of HTTP requests off.\n";
}

}  // namespace

Result<Settings, std::variant<Settings::Print, Settings::Wrong>> Settings::from(std::span<const char* const> arguments,
                                                                                const Environment& environment) {
  using Other = std::variant<Print, Wrong>;
  const auto wrong = [](std::string message) { return Other(Wrong{std::move(message)}); };

  Settings settings;
  std::vector<std::pair<std::string, std::string>> given;
  for (std::size_t i = 0; i < arguments.size(); ++i) {
    const std::string argument = arguments[i];
    if (argument == "--help" || argument == "-h") return Other(Print{help()});
    if (argument == "--describe") {
      settings.describe = true;
      continue;
    }
    if (argument == "--version") return Other(Print{"wms_service " FLOWVIZ_METRICS_VERSION "\n"});
    const std::size_t equals = argument.find('=');
    const std::string flag = argument.substr(0, equals);
    const bool known =
        std::any_of(std::begin(all_settings), std::end(all_settings), [&](const Setting& s) { return s.flag == flag; });
    if (!known) return wrong("unknown argument " + in_quotes(argument) + "; see --help");
    if (equals != std::string::npos) {
      given.emplace_back(flag, argument.substr(equals + 1));
    } else if (++i < arguments.size()) {
      given.emplace_back(flag, arguments[i]);
    } else {
      return wrong(flag + ": needs a value");
    }
  }

  std::map<std::string_view, std::string> origins;  // what set it
  for (const Setting& setting : all_settings) {
    const std::string variable = variable_of(setting);
    const char* const in_environment = environment(variable.c_str());
    std::string origin;
    std::vector<std::string> values;
    for (const auto& [flag, value] : given) {
      if (flag == setting.flag) values.push_back(value);
    }
    if (!values.empty()) {
      origin = setting.flag;
    } else if (in_environment != nullptr && *in_environment != '\0') {
      origin = variable;
      values = values_of(setting, in_environment);
    } else if (setting.standard != nullptr) {
      origin = setting.flag;
      values = {setting.standard};
    } else {
      continue;
    }
    if (setting.repetition == Repetition::last_counts) values = {values.back()};
    for (const std::string& value : values) {
      if (const auto complaint = setting.take(settings, value)) return wrong(origin + *complaint);
    }
    origins[setting.flag] = origin;
  }
  settings.database_origin = origins.at("--database");
  // Port 0 is another one each time.
  if (settings.listen.port != 0 && settings.listen.text() == settings.metrics_listen.text()) {
    return wrong(origins.at("--listen") + " and " + origins.at("--metrics-listen") +
                 " must be different addresses, not both " + in_quotes(settings.listen.text()));
  }
  return settings;
}

}  // namespace wms
