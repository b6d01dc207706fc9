// SPDX-License-Identifier: MIT
#include "http/worker_threads.hpp"

#include <system_error>
#include <utility>

namespace wms {
namespace {

constexpr std::chrono::seconds kept_for{10};

}  // namespace

WorkerThreads::~WorkerThreads() {
  std::unique_lock lock(mutex_);
  ending_ = true;
  changed_.notify_all();
  changed_.wait(lock, [this] { return threads_.empty(); });
  for (std::thread& thread : finished_) thread.join();
}

void WorkerThreads::submit(std::function<void()> work) {
  Threads finished;
  {
    const std::scoped_lock lock(mutex_);
    waiting_.push_back(std::move(work));
    if (waiting_.size() > idle_ && threads_.size() < max_) {
      const auto self = threads_.emplace(threads_.end());
      try {
        *self = std::thread([this, self] { run(self); });
      } catch (const std::system_error&) {
        threads_.erase(self);
        if (threads_.empty()) {
          waiting_.pop_back();
          throw;
        }
      }
    }
    finished.swap(finished_);
    changed_.notify_one();
  }
  for (std::thread& thread : finished) thread.join();
}

void WorkerThreads::run(Threads::iterator self) {
  std::unique_lock lock(mutex_);
  for (;;) {
    ++idle_;
    changed_.wait_for(lock, kept_for, [this] { return ending_ || !waiting_.empty(); });
    --idle_;
    if (waiting_.empty()) break;
    const std::function<void()> work = std::move(waiting_.front());
    waiting_.pop_front();
    lock.unlock();
    work();
    lock.lock();
  }
  finished_.splice(finished_.end(), threads_, self);
  if (ending_) changed_.notify_all();
}

}  // namespace wms
