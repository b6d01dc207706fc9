// SPDX-License-Identifier: MIT
#pragma once
/// \file
/// A thread that does one piece of work after another: at once while there is some, now and then while there is none, and
/// ever more rarely while it cannot be done.

#include <chrono>
#include <condition_variable>
#include <functional>
#include <mutex>
#include <string>
#include <thread>

namespace wms {

/// How long it waits.
struct WorkerPauses {
  std::chrono::milliseconds idle{1'000};         ///< until it looks again
  std::chrono::milliseconds after_failure{500};  ///< doubled with each failure in a row
  std::chrono::milliseconds longest{15'000};
};

class BackgroundWorker {
 public:
  enum class Step { worked, nothing_to_do, failed };

  /// When a step that begins now should have ended: a service that is told to end waits for it.
  static std::chrono::steady_clock::time_point end_of_step() {
    return std::chrono::steady_clock::now() + std::chrono::seconds(3);
  }

  /// `name` is for the log. A step has an end of its own, a few seconds at most; what it throws is logged, and a failure.
  BackgroundWorker(std::string name, std::function<Step()> step, WorkerPauses pauses = {})
      : name_(std::move(name)), step_(std::move(step)), pauses_(pauses) {}
  /// Waits for the step under way.
  ~BackgroundWorker();
  BackgroundWorker(const BackgroundWorker&) = delete;
  BackgroundWorker& operator=(const BackgroundWorker&) = delete;

  void start();
  /// There may be work now: an idle worker looks at once. Thread-safe.
  void wake();
  /// No step is begun any more. Does not wait. Thread-safe.
  void stop_soon();

 private:
  void run();
  Step do_step() const;

  const std::string name_;
  const std::function<Step()> step_;
  const WorkerPauses pauses_;

  std::mutex mutex_;
  std::condition_variable changed_;
  bool ending_ = false;
  bool woken_ = false;
  std::thread thread_;
};

}  // namespace wms
