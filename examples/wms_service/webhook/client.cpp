// SPDX-License-Identifier: MIT
#include "webhook/client.hpp"

#include <httplib.h>

#include <charconv>
#include <condition_variable>
#include <ctime>
#include <flowviz_metrics/version.hpp>
#include <mutex>
#include <thread>

namespace wms {
namespace {

using flowviz::bundles::CallOutcome;
using std::chrono::steady_clock;

// Between two tries to end a post whose time is over. One may come too early to have an effect: there is no socket yet.
constexpr std::chrono::milliseconds stop_again{20};

/// Ends what a client does when its time is over. cpp-httplib's own limits are those of each read and write, and a
/// receiver that sends a byte now and then would never reach them.
class TimeLimit {
 public:
  TimeLimit(httplib::Client& client, steady_clock::time_point end)
      : thread_([this, &client, end] {
          std::unique_lock lock(mutex_);
          if (changed_.wait_until(lock, end, [this] { return done_; })) return;
          do {
            client.stop();
          } while (!changed_.wait_for(lock, stop_again, [this] { return done_; }));
        }) {}
  ~TimeLimit() {
    {
      const std::scoped_lock lock(mutex_);
      done_ = true;
    }
    changed_.notify_all();
    thread_.join();
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  bool done_ = false;
  std::thread thread_;
};

}  // namespace

std::optional<std::chrono::seconds> parse_retry_after(const std::string& text, Timestamp time) {
  int seconds = 0;
  const char* const end = text.data() + text.size();
  const auto [last, error] = std::from_chars(text.data(), end, seconds);
  if (last == end && error == std::errc() && seconds >= 0) return std::chrono::seconds(seconds);
  std::tm date{};
  const char* const rest = strptime(text.c_str(), "%a, %d %b %Y %H:%M:%S GMT", &date);
  if (rest == nullptr || *rest != '\0') return std::nullopt;
  const auto at = std::chrono::system_clock::from_time_t(timegm(&date));
  return std::max(std::chrono::seconds(0), std::chrono::ceil<std::chrono::seconds>(at - time));
}

WebhookAnswer WebhookClient::post(const std::string& json, std::string_view key) const {
  const auto end = steady_clock::now() + timeout_;
  WebhookAnswer answer;
  const auto take_head = [&](const httplib::Response& response) {
    answer.status = response.status;
    if (response.has_header("Retry-After")) {
      answer.retry_after = parse_retry_after(response.get_header_value("Retry-After"), now());
    }
    return true;
  };

  httplib::Request request;
  request.method = "POST";
  request.path = address_.target;
  request.headers = {{"Content-Type", "application/json"},
                     {"User-Agent", "wms_service/" FLOWVIZ_METRICS_VERSION},
                     {"Idempotency-Key", std::string(key)}};
  request.body = json;
  request.response_handler = take_head;
  // What the receiver has to say is of no interest, and may be long.
  request.content_receiver = [](const char*, std::size_t, std::uint64_t, std::uint64_t) { return true; };

  httplib::Client client(address_.origin);
  client.set_connection_timeout(timeout_);
  client.set_read_timeout(timeout_);
  client.set_write_timeout(timeout_);
  const TimeLimit limit(client, end);
  const auto result = client.send(request);
  if (result) take_head(*result);  // not every answer has a body, and only those with one call the handler
  if (answer.status >= 200 && answer.status < 300) {
    answer.outcome = CallOutcome::ok;  // also if the rest of it did not come in time
  } else if (answer.status == 0) {
    answer.cause = httplib::to_string(result.error());
    if (steady_clock::now() >= end) answer.outcome = CallOutcome::timeout;
  }
  return answer;
}

}  // namespace wms
