// SPDX-License-Identifier: MIT
#pragma once
/// \file
/// Posts a message to the webhook, within a time.

#include <chrono>
#include <flowviz_metrics/bundles/outbound.hpp>
#include <optional>
#include <string>
#include <string_view>

#include "domain/timestamp.hpp"
#include "webhook/address.hpp"

namespace wms {

/// How a post ended.
struct WebhookAnswer {
  flowviz::bundles::CallOutcome outcome = flowviz::bundles::CallOutcome::error;
  int status = 0;                                        ///< 0: none came
  std::optional<std::chrono::seconds> retry_after = {};  ///< what the receiver asked for, if it was understood
  std::string cause = {};                                ///< why none came, for the log

  /// Whether the same message may get through later: the receiver was away, busy, or had too much of them.
  bool may_pass() const { return status == 0 || status == 408 || status == 429 || status >= 500; }
};

/// The value of a Retry-After header: seconds, or a date, whose past is 0. Nothing, if it is neither.
std::optional<std::chrono::seconds> parse_retry_after(const std::string& text, Timestamp time);

/// Thread-safe. Each post is a connection of its own: decisions that stop a lot are rare.
class WebhookClient {
 public:
  WebhookClient(WebhookAddress address, std::chrono::milliseconds timeout)
      : address_(std::move(address)), timeout_(timeout) {}

  /// Sends `json`. `key` is the same for the same message, so that a receiver may know one that comes twice. Ends when
  /// the timeout is over, whatever the receiver does. What can take longer is the system's look-up of the host's name, and
  /// a host with several addresses that do not answer.
  WebhookAnswer post(const std::string& json, std::string_view key) const;

 private:
  const WebhookAddress address_;
  const std::chrono::milliseconds timeout_;
};

}  // namespace wms
