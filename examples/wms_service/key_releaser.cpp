// SPDX-License-Identifier: MIT
#include "key_releaser.hpp"

#include <utility>

#include "domain/idempotency.hpp"
#include "http/problem.hpp"
#include "log.hpp"

namespace wms {

void KeyReleaser::release_later(std::string claim) {
  {
    const std::scoped_lock lock(mutex_);
    unreleased_.push_back({std::move(claim), std::chrono::steady_clock::now()});
  }
  worker_.wake();
}

BackgroundWorker::Step KeyReleaser::step() {
  std::string claim;
  {
    const std::scoped_lock lock(mutex_);
    // After that time a claim holds nobody up: so they do not become many, however long the database is away.
    const auto still_held = std::chrono::steady_clock::now() - longest_claim;
    while (!unreleased_.empty() && unreleased_.front().since < still_held) unreleased_.pop_front();
    if (unreleased_.empty()) return BackgroundWorker::Step::nothing_to_do;
    claim = unreleased_.front().claim;
  }
  const auto released = storage_.release_key(claim, BackgroundWorker::end_of_step());
  if (!released) {
    log::write(log::Level::warning, "keys_wait", {{"cause", problems::refused(released.error()).cause}});
    return BackgroundWorker::Step::failed;
  }
  const std::scoped_lock lock(mutex_);
  unreleased_.pop_front();  // others add at the end
  return BackgroundWorker::Step::worked;
}

}  // namespace wms
