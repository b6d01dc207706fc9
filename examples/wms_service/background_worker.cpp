// SPDX-License-Identifier: MIT
#include "background_worker.hpp"

#include <algorithm>
#include <exception>

#include "log.hpp"

namespace wms {

BackgroundWorker::~BackgroundWorker() {
  stop_soon();
  if (thread_.joinable()) thread_.join();
}

void BackgroundWorker::start() {
  thread_ = std::thread([this] { run(); });
}

void BackgroundWorker::wake() {
  {
    const std::scoped_lock lock(mutex_);
    woken_ = true;
  }
  changed_.notify_all();
}

void BackgroundWorker::stop_soon() {
  {
    const std::scoped_lock lock(mutex_);
    ending_ = true;
  }
  changed_.notify_all();
}

BackgroundWorker::Step BackgroundWorker::do_step() const {
  try {
    return step_();
  } catch (const std::exception& error) {
    log::write(log::Level::error, "background_work_failed", {{"worker", name_}, {"cause", error.what()}});
    return Step::failed;
  }
}

void BackgroundWorker::run() {
  std::chrono::milliseconds pause = pauses_.after_failure;
  std::unique_lock lock(mutex_);
  while (!ending_) {
    woken_ = false;
    lock.unlock();
    const Step step = do_step();
    lock.lock();
    switch (step) {
      case Step::worked:
        pause = pauses_.after_failure;
        break;
      case Step::nothing_to_do:
        pause = pauses_.after_failure;
        changed_.wait_for(lock, pauses_.idle, [this] { return ending_ || woken_; });
        break;
      case Step::failed:
        changed_.wait_for(lock, pause, [this] { return ending_; });  // more work is no reason to try sooner
        pause = std::min(2 * pause, pauses_.longest);
    }
  }
}

}  // namespace wms
