// SPDX-License-Identifier: MIT
#include "webhook/sender.hpp"

#include <chrono>
#include <utility>
#include <vector>

#include "http/problem.hpp"
#include "log.hpp"
#include "webhook/message.hpp"

namespace wms {
namespace {

using flowviz::bundles::CallOutcome;
using flowviz::bundles::ErrorType;
using flowviz::bundles::Severity;
using Step = BackgroundWorker::Step;

Step webhook_waits(const Refusal& refusal) {
  log::write(log::Level::warning, "webhook_waits", {{"cause", problems::refused(refusal).cause}});
  return Step::failed;
}

/// What a receiver that is busy asks for.
std::optional<std::chrono::seconds> asked_for(const WebhookAnswer& answer) {
  return answer.status == 429 || answer.status == 503 ? answer.retry_after : std::nullopt;
}

}  // namespace

WebhookSender::WebhookSender(Storage& storage, Metrics& metrics, const WebhookOptions& options, Post post,
                             std::function<Timestamp()> clock)
    : storage_(storage), metrics_(metrics), options_(options), post_(std::move(post)), clock_(std::move(clock)) {}

Step WebhookSender::step() {
  if (!unnoted_) {
    const Timestamp time = clock_();
    // A pause is never longer: if it seems to be, the clock was set back.
    if (time < paused_until_ && paused_until_ - time <= options_.retry.longest) return Step::nothing_to_do;
    // As long again as it may take, to note what came of it.
    const auto taken = storage_.take_notification(time, time + 2 * options_.timeout, BackgroundWorker::end_of_step());
    if (!taken) return webhook_waits(taken.error());
    if (!*taken) return Step::nothing_to_do;
    unnoted_ = send(**taken);
  }
  const auto noted = note(*unnoted_);
  if (!noted) return webhook_waits(noted.error());
  unnoted_.reset();
  return Step::worked;
}

WebhookSender::Attempt WebhookSender::send(const Notification& notification) {
  WebhookAnswer answer;
  if (notification.attempt > options_.retry.attempts) {
    answer.cause = "nobody noted what came of the last attempt";
  } else {
    auto call = metrics_.outbound.begin(OutboundTarget::qc_webhook);
    answer = post_(message_of(notification), notification.decision.id);
    call.finish(answer.outcome);
  }
  if (answer.outcome == CallOutcome::ok) return {notification, Attempt::End::sent};

  std::vector<log::Field> told{{"decision_id", notification.decision.id}, {"attempt", notification.attempt}};
  if (answer.status != 0) told.push_back({"status", answer.status});
  if (!answer.cause.empty()) told.push_back({"cause", answer.cause});
  if (!answer.may_pass() || notification.attempt >= options_.retry.attempts) {
    metrics_.errors.count(ErrorType::outbound, Severity::error);
    log::write(log::Level::error, "webhook_given_up", told);
    return {notification, Attempt::End::given_up};
  }
  const auto asked = asked_for(answer);
  const double chance = std::uniform_real_distribution<>(0, 1)(random_);
  const auto wait = wait_after(options_.retry, notification.attempt, chance, asked);
  const Timestamp due = clock_() + wait;
  if (asked) paused_until_ = due;  // it is about the sender, not about one message
  told.push_back({"wait_ms", wait.count()});
  metrics_.errors.count(ErrorType::outbound, Severity::warning);
  log::write(log::Level::warning, "webhook_failed", told);
  return {notification, Attempt::End::postponed, due};
}

Storage::Outcome<Storage::Done> WebhookSender::note(const Attempt& attempt) {
  const bool sent = attempt.end == Attempt::End::sent;
  const auto noted =
      attempt.end == Attempt::End::postponed
          ? storage_.postpone_notification(attempt.notification, attempt.due, BackgroundWorker::end_of_step())
          : storage_.end_notification(attempt.notification.decision.id,
                                      sent ? NotificationStatus::sent : NotificationStatus::given_up, clock_(),
                                      BackgroundWorker::end_of_step());
  if (!noted) return noted.error();
  if (!*noted || attempt.end == Attempt::End::postponed) return Storage::Done{};  // another instance was faster; later
  auto run = metrics_.tasks.begin(Task::webhook);
  auto delivery = metrics_.notifications.begin(NotificationChannel::webhook);
  if (sent) {
    run.finish();
    delivery.finish();
  } else {
    run.fail();
    delivery.fail();
  }
  return Storage::Done{};
}

}  // namespace wms
