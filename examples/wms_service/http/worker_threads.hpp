// SPDX-License-Identifier: MIT
#pragma once
/// \file
/// Threads for work that mostly waits: as many as there is work at a time, up to a limit, kept for a while and then
/// ended.

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <deque>
#include <functional>
#include <list>
#include <mutex>
#include <thread>

namespace wms {

class WorkerThreads {
 public:
  explicit WorkerThreads(std::size_t max) : max_(max) {}
  /// Waits for the work that was submitted.
  ~WorkerThreads();
  WorkerThreads(const WorkerThreads&) = delete;
  WorkerThreads& operator=(const WorkerThreads&) = delete;

  /// Runs `work` on a thread of its own, or when one is free if there are `max` already or the system has no more.
  /// Thread-safe. Throws std::system_error if there is none at all.
  void submit(std::function<void()> work);

 private:
  using Threads = std::list<std::thread>;
  void run(Threads::iterator self);

  const std::size_t max_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<std::function<void()>> waiting_;
  std::size_t idle_ = 0;
  bool ending_ = false;
  Threads threads_;
  Threads finished_;  ///< still to be joined
};

}  // namespace wms
