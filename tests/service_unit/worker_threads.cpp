// SPDX-License-Identifier: MIT
#include "http/worker_threads.hpp"

#include <doctest/doctest.h>

#include <atomic>
#include <condition_variable>
#include <memory>
#include <mutex>

using wms::WorkerThreads;

namespace {

/// Something that threads wait for.
class Gate {
 public:
  void wait() {
    std::unique_lock lock(mutex_);
    ++waiting_;
    changed_.notify_all();
    changed_.wait(lock, [this] { return open_; });
  }
  void wait_for_waiters(int count) {
    std::unique_lock lock(mutex_);
    REQUIRE(changed_.wait_for(lock, std::chrono::seconds(60), [&] { return waiting_ >= count; }));
  }
  void open() {
    const std::scoped_lock lock(mutex_);
    open_ = true;
    changed_.notify_all();
  }
  int waiting() {
    const std::scoped_lock lock(mutex_);
    return waiting_;
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  int waiting_ = 0;
  bool open_ = false;
};

}  // namespace

TEST_CASE("work that waits does not hold up other work, up to the limit") {
  Gate gate;
  {
    WorkerThreads threads(20);
    for (int i = 0; i < 25; ++i) threads.submit([&] { gate.wait(); });
    gate.wait_for_waiters(20);
    CHECK(gate.waiting() == 20);
    gate.open();
  }
  CHECK(gate.waiting() == 25);  // what was over the limit had its turn
}

TEST_CASE("all work that was submitted is done before the threads end") {
  std::atomic<int> done = 0;
  {
    WorkerThreads threads(4);
    for (int i = 0; i < 1000; ++i) threads.submit([&] { ++done; });
  }
  CHECK(done == 1000);
}

TEST_CASE("threads are used again") {
  std::atomic<int> born = 0;
  struct CountsThreads {
    explicit CountsThreads(std::atomic<int>& count) { ++count; }
  };
  WorkerThreads threads(100);
  for (int i = 0; i < 100; ++i) {
    std::atomic<bool> done = false;
    threads.submit([&] {
      thread_local const CountsThreads counted(born);
      done = true;
      done.notify_one();
    });
    done.wait(false);
  }
  CHECK(born < 50);
}
