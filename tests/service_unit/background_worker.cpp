// SPDX-License-Identifier: MIT
#include "background_worker.hpp"

#include <doctest/doctest.h>

#include <atomic>
#include <chrono>
#include <stdexcept>

namespace {

using namespace std::chrono_literals;
using wms::BackgroundWorker;

constexpr wms::WorkerPauses for_ever{1h, 1h, 1h};

void wait_until(const auto& condition) {
  const auto give_up = std::chrono::steady_clock::now() + 60s;
  while (!condition() && std::chrono::steady_clock::now() < give_up) std::this_thread::yield();
  REQUIRE(condition());
}

}  // namespace

TEST_CASE("a worker goes on while there is work, then waits to be woken") {
  std::atomic<int> work = 3, steps = 0;
  BackgroundWorker worker(
      "test",
      [&] {
        ++steps;
        return work > 0 && --work >= 0 ? BackgroundWorker::Step::worked : BackgroundWorker::Step::nothing_to_do;
      },
      for_ever);
  worker.start();
  wait_until([&] { return steps == 4; });
  work = 2;
  worker.wake();
  wait_until([&] { return steps == 7; });
  CHECK(work == 0);
}

TEST_CASE("a worker that fails tries again, also after an exception") {
  std::atomic<int> steps = 0;
  BackgroundWorker worker("test",
                          [&] {
                            if (++steps == 1) throw std::runtime_error("a bug");
                            return BackgroundWorker::Step::failed;
                          },
                          {1h, 1ms, 2ms});
  worker.start();
  wait_until([&] { return steps > 5; });
}

TEST_CASE("a worker ends while it waits, and one that was not started, too") {
  std::atomic<int> steps = 0;
  {
    BackgroundWorker idle("idle", [&] { return ++steps, BackgroundWorker::Step::nothing_to_do; }, for_ever);
    BackgroundWorker failing("failing", [&] { return ++steps, BackgroundWorker::Step::failed; }, for_ever);
    const BackgroundWorker never("never", [&] { return ++steps, BackgroundWorker::Step::worked; });
    idle.start();
    failing.start();
    wait_until([&] { return steps == 2; });
  }
  CHECK(steps == 2);
}
