// SPDX-License-Identifier: MIT
#pragma once
/// \file
/// Gives back the keys of requests that came to nothing because the database failed, as soon as it is there again.

#include <chrono>
#include <deque>
#include <mutex>
#include <string>

#include "background_worker.hpp"
#include "storage/storage.hpp"

namespace wms {

class KeyReleaser {
 public:
  explicit KeyReleaser(Storage& storage) : storage_(storage) {}

  /// The claim is released in the background, unless an answer was kept with it. Returns at once: whoever waits for the
  /// database has waited long enough. Thread-safe.
  void release_later(std::string claim);

  /// Releases one.
  BackgroundWorker::Step step();

  void start() { worker_.start(); }
  void stop_soon() { worker_.stop_soon(); }

 private:
  struct Unreleased {
    std::string claim;
    std::chrono::steady_clock::time_point since;
  };

  Storage& storage_;
  std::mutex mutex_;
  std::deque<Unreleased> unreleased_;  // the oldest first
  // Within seconds after the database is back, clients who send again are answered; so it tries more often than others.
  BackgroundWorker worker_{"keys",
                           [this] { return step(); },
                           {.idle = std::chrono::hours(1),
                            .after_failure = std::chrono::milliseconds(250),
                            .longest = std::chrono::seconds(2)}};
};

}  // namespace wms
