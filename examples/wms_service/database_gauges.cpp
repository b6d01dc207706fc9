// SPDX-License-Identifier: MIT
#include "database_gauges.hpp"

#include <chrono>
#include <exception>
#include <utility>
#include <vector>

#include "log.hpp"

namespace wms {
namespace {

constexpr std::chrono::seconds refresh_every{5};
constexpr std::chrono::minutes active_for{15};
constexpr std::chrono::hours ended_for{1};  // of jobs that have ended, the recent ones are shown

}  // namespace

DatabaseGauges::~DatabaseGauges() {
  {
    const std::scoped_lock lock(mutex_);
    ending_ = true;
  }
  changed_.notify_all();
  if (thread_.joinable()) thread_.join();
}

void DatabaseGauges::start() {
  thread_ = std::thread([this] { run(); });
}

void DatabaseGauges::seen(const std::string& operator_name) {
  const Timestamp time = now();
  const std::scoped_lock lock(mutex_);
  seen_[operator_name] = time;
}

void DatabaseGauges::refresh(Timestamp time) {
  std::vector<OperatorSeen> seen;
  {
    const std::scoped_lock lock(mutex_);
    for (const auto& [name, at] : seen_) seen.push_back({name, at});
    seen_.clear();
  }
  const Deadline deadline = std::chrono::steady_clock::now() + refresh_every;
  if (!storage_.record_activity(seen, time, deadline)) {
    const std::scoped_lock lock(mutex_);
    for (const OperatorSeen& one : seen)
      seen_.try_emplace(one.name, one.at);  // who was seen again since has a later time
    return;
  }
  const auto count = storage_.count_operators_since(time - active_for, deadline);
  if (!count) return;
  const auto work = storage_.count_work(time - ended_for, deadline);
  if (!work) return;
  metrics_.active_operators.set(*count);
  metrics_.production_runs_active.set(work->runs_active);
  metrics_.pending_sync_lots.set(work->pending_sync);
  metrics_.tasks.show(Task::sync_apply, work->sync_apply);
  metrics_.tasks.show(Task::webhook, work->webhook);
  metrics_.gauges_refreshed.set(time.time_since_epoch());
}

void DatabaseGauges::run() {
  std::unique_lock lock(mutex_);
  while (!ending_) {
    lock.unlock();
    try {
      refresh(now());
    } catch (const std::exception& error) {
      log::write(log::Level::error, "refresh_failed", {{"cause", error.what()}});
    }
    lock.lock();
    changed_.wait_for(lock, refresh_every, [this] { return ending_; });
  }
}

}  // namespace wms
