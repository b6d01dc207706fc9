// SPDX-License-Identifier: MIT
#include "sync_applier.hpp"

#include <string>

#include "http/problem.hpp"
#include "log.hpp"

namespace wms {
namespace {

BackgroundWorker::Step failed(const Refusal& refusal) {
  log::write(log::Level::warning, "sync_waits", {{"cause", problems::refused(refusal).cause}});
  return BackgroundWorker::Step::failed;
}

}  // namespace

BackgroundWorker::Step SyncApplier::step() {
  const Deadline deadline = BackgroundWorker::end_of_step();
  const auto attempt = storage_.try_next_sync_lot(deadline);
  if (!attempt) return failed(attempt.error());
  if (!*attempt) return BackgroundWorker::Step::nothing_to_do;
  return (*attempt)->outcome ? applied(**attempt) : refused(**attempt, deadline);
}

BackgroundWorker::Step SyncApplier::applied(const SyncAttempt& attempt) {
  metrics_.lots_registered.with(attempt.outcome->type).inc();  // it is on disk now
  metrics_.tasks.begin(Task::sync_apply).finish();
  return BackgroundWorker::Step::worked;
}

BackgroundWorker::Step SyncApplier::refused(const SyncAttempt& attempt, Deadline deadline) {
  const Problem problem = problems::refused(attempt.outcome.error());
  SyncRefusal why{std::nullopt, problem.detail};
  if (problem.rule) why.rule = std::string(text_of(*problem.rule));
  const auto noted = storage_.refuse_sync_lot(attempt.client_id, why, deadline);
  if (!noted) return failed(noted.error());
  if (!*noted) return BackgroundWorker::Step::worked;  // another instance was faster
  if (problem.rule) metrics_.business_rules.violated(*problem.rule);
  metrics_.tasks.begin(Task::sync_apply).fail();
  log::write(log::Level::info, "sync_refused", {{"client_id", attempt.client_id}, {"reason", why.reason}});
  return BackgroundWorker::Step::worked;
}

}  // namespace wms
