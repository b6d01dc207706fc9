// SPDX-License-Identifier: MIT
// A server may close an idle connection in the moment in which the client writes on it, and then nobody can say whether
// the request was taken. The server announces how long it keeps idle connections; the client starts a new one well
// before that.

#include "connection.hpp"

#include <httplib.h>
#include <netdb.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <string_view>
#include <system_error>

namespace wms_traffic {
namespace {

using std::chrono::steady_clock;

constexpr auto connect_deadline = std::chrono::seconds(2);
// Beyond the 10 seconds that the service gives a whole request.
constexpr auto answer_deadline = std::chrono::seconds(15);
// For a server that announces nothing.
constexpr steady_clock::duration cautious_idle_time = std::chrono::milliseconds(500);

/// Half of what `Keep-Alive: timeout=5, max=100` announces.
steady_clock::duration safe_idle_time(const std::string& keep_alive) {
  constexpr std::string_view key = "timeout=";
  const std::size_t at = keep_alive.find(key);
  if (at == std::string::npos) return cautious_idle_time;
  int seconds = 0;
  std::from_chars(keep_alive.data() + at + key.size(), keep_alive.data() + keep_alive.size(), seconds);
  return std::chrono::milliseconds(500) * seconds;
}

/// What in the head of an answer is not what the contract says.
std::string fault_in_head(const httplib::Response& response) {
  if (!response.has_header("X-Request-Id")) return "no X-Request-Id";
  const std::string type = response.get_header_value("Content-Type");
  const std::string_view expected = response.status >= 400 ? "application/problem+json" : "application/json";
  if (type.rfind(expected, 0) != 0) return "Content-Type '" + type + "' instead of " + std::string(expected);
  if (response.status == 401 && !response.has_header("WWW-Authenticate")) return "401 without WWW-Authenticate";
  if (response.status == 405 && !response.has_header("Allow")) return "405 without Allow";
  return "";
}

struct Descriptor {
  int value;
  ~Descriptor() {
    if (value >= 0) ::close(value);
  }
};

}  // namespace

std::optional<std::string> connection_fault(const Options& options) {
  addrinfo wanted{};
  wanted.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  if (const int error = getaddrinfo(options.host.c_str(), std::to_string(options.port).c_str(), &wanted, &found)) {
    return gai_strerror(error);
  }
  const std::unique_ptr<addrinfo, decltype(&freeaddrinfo)> addresses(found, freeaddrinfo);
  int error = 0;
  for (const addrinfo* address = found; address != nullptr; address = address->ai_next) {
    const Descriptor socket{::socket(address->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0)};
    const timeval deadline{connect_deadline.count(), 0};
    setsockopt(socket.value, SOL_SOCKET, SO_SNDTIMEO, &deadline, sizeof deadline);  // holds for connect() too
    if (connect(socket.value, address->ai_addr, address->ai_addrlen) == 0) return std::nullopt;
    error = errno == EINPROGRESS ? ETIMEDOUT : errno;
  }
  return std::generic_category().message(error);
}

Connection::Connection(const Options& options)
    : client_(std::make_unique<httplib::Client>(options.host, options.port)), safe_idle_time_(cautious_idle_time) {
  client_->set_keep_alive(true);
  client_->set_tcp_nodelay(true);
  client_->set_connection_timeout(connect_deadline);
  client_->set_read_timeout(answer_deadline);
  client_->set_write_timeout(answer_deadline);
}

Connection::~Connection() = default;

Answer Connection::send(const Step& step) {
  if (steady_clock::now() - last_used_ > safe_idle_time_) client_->stop();

  httplib::Request request;
  request.method = step.method;
  request.path = step.path;
  request.body = step.body;
  if (!step.body.empty()) request.set_header("Content-Type", "application/json");
  if (!step.idempotency_key.empty()) request.set_header("Idempotency-Key", step.idempotency_key);
  if (!step.token.empty()) request.set_header("Authorization", "Bearer " + step.token);

  const httplib::Result result = client_->send(request);
  last_used_ = steady_clock::now();
  Answer answer;
  if (!result) {
    const bool connected = result.error() != httplib::Error::Connection;
    answer.outcome = connected ? Outcome::unknown : Outcome::never_sent;
    answer.fault = connected ? "the connection broke: " + httplib::to_string(result.error()) : "cannot connect";
    client_->stop();
    return answer;
  }
  answer.outcome = Outcome::answered;
  answer.status = result->status;
  answer.body = result->body;
  answer.fault = fault_in_head(*result);
  safe_idle_time_ = safe_idle_time(result->get_header_value("Keep-Alive"));
  return answer;
}

}  // namespace wms_traffic
