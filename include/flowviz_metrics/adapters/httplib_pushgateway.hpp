// SPDX-License-Identifier: MIT
#pragma once
/// \file
/// A client of Prometheus' Pushgateway on cpp-httplib, of any release from 0.11 on: for programs that have ended when Prometheus
/// comes by, on machines without a node-exporter.

#include <httplib.h>

#include <algorithm>
#include <charconv>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <flowviz_metrics/encode/escape.hpp>
#include <flowviz_metrics/name.hpp>
#include <flowviz_metrics/scrape.hpp>

FLOWVIZ_METRICS_BEGIN
namespace httplib {

/// Where to push, and under which labels the Pushgateway keeps it.
struct PushgatewayOptions {
  /// `http://pushgateway:9091`, with a path if it has a prefix; `https` if cpp-httplib is built with OpenSSL, by the system's
  /// certificates.
  std::string url;
  std::string job;
  /// With the job, what tells this group from others: pairs of name and value, such as `{"instance", "north"}`. Metrics
  /// pushed there lose labels of their own by these names.
  std::vector<std::pair<std::string, std::string>> labels{};
  std::string user{};  ///< for HTTP's basic authentication; empty: without
  std::string password{};
  /// For the connection, and then for each wait until the server takes or sends bytes. With releases that have
  /// `set_max_timeout` also for all of it.
  std::chrono::milliseconds timeout{10'000};
};

/// What became of a request to a Pushgateway.
struct PushOutcome {
  int status = 0;      ///< of HTTP; 0 if no answer came
  std::string reason;  ///< why it failed, in the server's words or the library's, at most 4 KiB; empty if it did not

  [[nodiscard]] bool ok() const noexcept { return status >= 200 && status < 300; }
};

/// One group of a Pushgateway, which keeps what is pushed until it is replaced or removed: Prometheus goes on reading the
/// last values of a program that has ended.
///
///     const flowviz::httplib::Pushgateway gateway{{.url = "http://pushgateway:9091", .job = "nightly_import"}};
///     if (const auto outcome = gateway.push(registry); !outcome.ok()) {
///       std::fprintf(stderr, "not pushed: %d %s\n", outcome.status, outcome.reason.c_str());
///     }
///
/// Pages go as text: all that takes pushes reads it, also what only stands in for a Pushgateway, and a proxy's log shows
/// what was refused.
///
/// Thread-safe: each call has a connection of its own, and its thread waits for the answer. Redirects are not followed, so a
/// password goes nowhere else. Nothing about the network throws; a page may throw `std::bad_alloc`.
class Pushgateway {
 public:
  /// Throws `Error` for a URL that is none, a job or label that a Pushgateway could not keep, and a timeout that is none. Copies
  /// what it needs; does not connect.
  explicit Pushgateway(const PushgatewayOptions& options)
      : user_(options.user), password_(options.password), timeout_(options.timeout) {
    if (timeout_.count() <= 0) fail("a Pushgateway's timeout is longer than nothing");
    if (user_.find(':') != std::string::npos) fail("the user of a Pushgateway has no colon, which would end it");
    if (user_.empty() && !password_.empty()) fail("for a Pushgateway, a password needs a user");
    set_server(options.url);
    set_group(options);
  }

  /// Replaces all metrics of the group by those of the registries (PUT).
  [[nodiscard]] PushOutcome push(std::span<const Registry* const> registries) const { return send("PUT", registries); }
  [[nodiscard]] PushOutcome push(std::initializer_list<const Registry*> registries) const {
    return push(std::span(registries.begin(), registries.size()));
  }
  [[nodiscard]] PushOutcome push(const Registry& registry) const { return push({&registry}); }

  /// Replaces those metrics of the group that the registries have, too, and leaves the others (POST).
  [[nodiscard]] PushOutcome add(std::span<const Registry* const> registries) const { return send("POST", registries); }
  [[nodiscard]] PushOutcome add(std::initializer_list<const Registry*> registries) const {
    return add(std::span(registries.begin(), registries.size()));
  }
  [[nodiscard]] PushOutcome add(const Registry& registry) const { return add({&registry}); }

  /// Removes the group, which need not be there (DELETE).
  [[nodiscard]] PushOutcome remove() const { return send("DELETE", Scrape()); }

 private:
  static constexpr std::size_t max_reason_bytes = 4096;

  void set_server(std::string_view url) {
    // A URL in a message could be one with a password.
    const auto check = [](bool holds, const char* rule) {
      if (!holds) fail(std::string("the URL of a Pushgateway ") + rule);
    };
    const auto is_fit = [](char c) { return c > ' ' && c < '\x7f' && c != '?' && c != '#' && c != '@'; };
    const std::string_view scheme = url.substr(0, std::min(url.find("://"), url.size()));
#ifdef CPPHTTPLIB_OPENSSL_SUPPORT
    check(scheme == "http" || scheme == "https", "begins with http:// or https://");
#else
    check(scheme == "http", "begins with http://; for https, cpp-httplib has to be built with OpenSSL");
#endif
    check(std::all_of(url.begin(), url.end(), is_fit), "has a host, a port and a path, and no user, query or blank");
    const std::string_view rest = url.substr(scheme.size() + 3);
    const std::string_view authority = rest.substr(0, rest.find('/'));
    const bool is_ipv6 = authority.starts_with('[');
    const std::string_view host = authority.substr(0, is_ipv6 ? authority.find(']') + 1 : authority.find(':'));
    check(!host.empty(), "names a host");
    if (const std::string_view port = authority.substr(host.size()); !port.empty()) {
      std::uint16_t number = 0;
      const char* end = port.data() + port.size();
      const auto read = std::from_chars(port.data() + 1, end, number);
      check(port.front() == ':' && read.ptr == end && number != 0, "has a port from 1 to 65535");
    }
    server_ = url.substr(0, scheme.size() + 3 + authority.size());
    path_ = rest.substr(authority.size());
    while (path_.ends_with('/')) path_.pop_back();
    check(!path_.ends_with("/metrics") && path_.find("/metrics/job/") == path_.npos,
          "ends before /metrics: the job and the labels are added");
  }

  void set_group(const PushgatewayOptions& options) {
    // One value that is not UTF-8, and a Pushgateway refuses what anybody pushes from then on (seen with 1.5.1).
    if (options.job.empty() || !encode::is_clean(options.job)) fail("the job of a Pushgateway is UTF-8 and not empty");
    path_ += "/metrics";
    add_to_path("job", options.job);
    std::vector<std::string_view> names;
    for (const auto& [name, value] : options.labels) {
      if (name == "job") rule_broken(name, "a Pushgateway's job has a place of its own beside the labels");
      if (name != "instance") rules::label(name);  // that one Prometheus leaves to the Pushgateway
      if (std::find(names.begin(), names.end(), name) != names.end()) rule_broken(name, "a label name occurs once");
      if (!encode::is_clean(value)) rule_broken(name, "the value of a label is UTF-8");
      names.push_back(name);
      add_to_path(name, value);
    }
  }

  // What could mean something else in a path goes as base64, for which a Pushgateway has a form. Percent signs would do for
  // most of it, but not for a slash or nothing at all, and what proxies make of them differs.
  void add_to_path(std::string_view name, std::string_view value) {
    const auto is_plain = [](char c) {
      return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_' ||
             c == '.';
    };
    (path_ += '/') += name;
    const bool is_dots = value.find_first_not_of('.') == std::string_view::npos;  // a place in a path, or empty
    if (!is_dots && std::all_of(value.begin(), value.end(), is_plain)) {
      (path_ += '/') += value;
    } else {
      path_ += "@base64/";
      add_base64_to_path(value);
    }
  }

  // The alphabet for URLs (RFC 4648), without padding. Nothing is one sign of it, or the path would end too early.
  void add_base64_to_path(std::string_view bytes) {
    constexpr std::string_view digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    if (bytes.empty()) path_ += '=';
    unsigned held = 0;
    int bits = 0;
    for (const char byte : bytes) {
      held = held << 8 | static_cast<unsigned char>(byte);
      for (bits += 8; bits >= 6; bits -= 6) path_ += digits[held >> (bits - 6) & 63];
    }
    if (bits > 0) path_ += digits[held << (6 - bits) & 63];
  }

  [[nodiscard]] PushOutcome send(const char* method, std::span<const Registry* const> registries) const {
    Scrape page;
    page.content_type = scrape_into(page.body, registries);
    return send(method, std::move(page));
  }
  [[nodiscard]] PushOutcome send(const char* method, Scrape page) const {
    ::httplib::Client client(server_);
    set_timeouts(client);
    if (!user_.empty()) client.set_basic_auth(user_, password_);
    client.set_follow_location(false);
    PushOutcome outcome;
    ::httplib::Request request;
    request.method = method;
    request.path = path_;
    request.body = std::move(page.body);
    if (!page.content_type.empty()) request.set_header("Content-Type", page.content_type);
    request.content_receiver = [&said = outcome.reason](const char* data, std::size_t size, auto, auto) {
      said.append(data, std::min(size, max_reason_bytes - said.size()));
      return said.size() < max_reason_bytes;  // nobody reads more of it
    };
    ::httplib::Response response;
    auto error = ::httplib::Error::Success;
    client.send(request, response, error);
    outcome.status = std::max(response.status, 0);
    explain(outcome, response, error);
    return outcome;
  }

  template <class Client>
  void set_timeouts(Client& client) const {
    client.set_connection_timeout(timeout_);
    client.set_read_timeout(timeout_);
    client.set_write_timeout(timeout_);
    if constexpr (requires { client.set_max_timeout(timeout_); }) client.set_max_timeout(timeout_);
  }

  void explain(PushOutcome& outcome, const ::httplib::Response& response, ::httplib::Error error) const {
    std::string& reason = outcome.reason;
    while (!reason.empty() && reason.back() == '\n') reason.pop_back();
    if (outcome.ok()) {
      reason.clear();
    } else if (outcome.status == 0) {
      reason = "no answer from " + server_ + ": " + ::httplib::to_string(error);
    } else if (outcome.status / 100 == 3 && response.has_header("Location")) {
      reason = "a redirect to " + response.get_header_value("Location").substr(0, max_reason_bytes / 2);
    } else if (reason.empty()) {
      reason = response.reason;
    }
  }

  std::string user_, password_;
  std::chrono::milliseconds timeout_;
  std::string server_;  // http://pushgateway:9091
  std::string path_;    // /prefix/metrics/job/nightly_import/instance/north
};

}  // namespace httplib
FLOWVIZ_METRICS_END
