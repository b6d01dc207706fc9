// SPDX-License-Identifier: MIT
#pragma once
/// \file
/// Sends the messages that decisions have queued, one after another: what the thread of the task `webhook` does. Each
/// is sent at least once: a service that is killed between sending one and noting it sends it again.

#include <functional>
#include <optional>
#include <random>
#include <string>
#include <string_view>

#include "background_worker.hpp"
#include "metrics.hpp"
#include "storage/storage.hpp"
#include "webhook/client.hpp"
#include "webhook/options.hpp"

namespace wms {

/// For one thread.
class WebhookSender {
 public:
  using Post = std::function<WebhookAnswer(const std::string& json, std::string_view key)>;

  WebhookSender(Storage& storage, Metrics& metrics, const WebhookOptions& options, Post post,
                std::function<Timestamp()> clock = now);

  /// Sends the next message that is due, notes what came of it, and counts it. Fails if the database is away.
  BackgroundWorker::Step step();

 private:
  /// What came of an attempt.
  struct Attempt {
    Notification notification;
    enum class End { sent, postponed, given_up } end = End::sent;
    Timestamp due = {};  ///< if it was postponed
  };

  Attempt send(const Notification& notification);
  /// Counts what has ended, once that is on disk.
  Storage::Outcome<Storage::Done> note(const Attempt& attempt);

  Storage& storage_;
  Metrics& metrics_;
  const WebhookOptions options_;
  const Post post_;
  const std::function<Timestamp()> clock_;
  std::minstd_rand random_{std::random_device{}()};
  Timestamp paused_until_{};        // as the receiver asked for
  std::optional<Attempt> unnoted_;  // first of all, or it would be sent again
};

}  // namespace wms
