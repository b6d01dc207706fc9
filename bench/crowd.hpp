// SPDX-License-Identifier: MIT
#pragma once
/// \file
/// Threads that are alive at the same time, so that each has a column of its own as long as there are any.

#include <cstddef>
#include <functional>
#include <latch>
#include <thread>
#include <vector>

namespace bench {

/// Each of `size` threads has done `work` once when the constructor returns, and lives until the destructor.
class Crowd {
 public:
  Crowd(std::size_t size, const std::function<void()>& work) : ready_(static_cast<std::ptrdiff_t>(size)) {
    for (std::size_t i = 0; i < size; ++i) {
      threads_.emplace_back([this, &work] {
        work();
        ready_.count_down();
        leave_.wait();
      });
    }
    ready_.wait();
  }
  Crowd(const Crowd&) = delete;
  Crowd& operator=(const Crowd&) = delete;
  ~Crowd() {
    leave_.count_down();
    for (std::thread& thread : threads_) thread.join();
  }

 private:
  std::latch ready_, leave_{1};
  std::vector<std::thread> threads_;
};

}  // namespace bench
